"""Deleted runs are found by counting, and few ids are listed."""

from __future__ import annotations

import pytest

from dagster_nb.history import deletions
from dagster_nb.history.opening import history_of
from tests.unit.fake import make_run
from tests.unit.history.frame_source import FrameSource


@pytest.fixture
def source(monkeypatch):
    monkeypatch.setattr(deletions, "_MAX_IDS_TO_LIST", 20)
    return FrameSource([make_run(number) for number in reversed(range(1_000))])


@pytest.fixture
def history(source, tmp_path):
    history = history_of(source, tmp_path, None)
    history.refresh()
    return history


def ids(source):
    return sorted(one["runId"] for one in source.records)


@pytest.mark.parametrize("positions", [[0], [999], [500, 501], range(3, 30)], ids=str)
def test_only_the_ids_near_deleted_runs_are_listed(source, history, positions):
    for position in sorted(positions, reverse=True):
        del source.records[position]
    source.counts, source.listed = 0, []
    assert history.refresh().deleted == len(positions)
    assert sorted(history.runs()["run_id"]) == ids(source)
    assert len(source.listed) <= 120
    assert source.counts <= 20


def test_deletions_all_over_the_history_are_found_with_few_counts(source, history):
    del source.records[::10]
    source.counts = 0
    assert history.refresh().deleted == 100
    assert sorted(history.runs()["run_id"]) == ids(source)
    assert source.counts <= deletions._MAX_COUNTS + 5


def test_a_run_that_is_missing_in_the_history_is_read(source, history):
    source.records.insert(300, make_run(2_000, creationTime=1_700_000_700.5, updateTime=1_600_000_000.0))
    del source.records[700]
    del source.records[800]
    result = history.refresh(overlap="1s")
    assert (result.added, result.deleted) == (1, 2)
    assert sorted(history.runs()["run_id"]) == ids(source)


def test_runs_of_the_same_microsecond_stay_together(tmp_path, monkeypatch):
    monkeypatch.setattr(deletions, "_MAX_IDS_TO_LIST", 2)
    source = FrameSource([make_run(number, creationTime=1_700_000_000.0) for number in range(50)])
    history = history_of(source, tmp_path, None)
    history.refresh()
    del source.records[7]
    assert history.refresh().deleted == 1
    assert sorted(history.runs()["run_id"]) == ids(source)
