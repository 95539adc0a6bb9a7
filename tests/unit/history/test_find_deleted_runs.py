"""A refresh finds deleted runs by counting runs, so that it has to list only a few ids."""

from __future__ import annotations

import pytest

from dagster_nb.history import find_deleted_runs, refresh
from dagster_nb.history.opening import history_of
from tests.unit.fake import make_run
from tests.unit.history.frame_source import FrameSource


@pytest.fixture
def source(monkeypatch):
    monkeypatch.setattr(find_deleted_runs, "_MAX_IDS_TO_LIST", 20)
    monkeypatch.setattr(refresh, "_IDS_PER_PAGE", 20)
    return FrameSource([make_run(number) for number in reversed(range(1_000))])


@pytest.fixture
def history(source, tmp_path):
    history = history_of(source, tmp_path, None)
    history.refresh()
    return history


def assert_equals_the_server(history, source):
    assert history.runs()["run_id"].tolist() == [one["runId"] for one in source.records]


@pytest.mark.parametrize("positions", [[0], [999], [500, 501], range(3, 30), [5, 995]], ids=str)
def test_only_ids_near_deleted_runs_are_listed(source, history, positions):
    for position in sorted(positions, reverse=True):
        del source.records[position]
    source.counts, source.listed = 0, []
    assert history.refresh(overlap="1s").deleted == len(positions)
    assert_equals_the_server(history, source)
    assert len(source.listed) <= 120
    assert source.counts <= 24


def test_deletions_of_the_oldest_runs_are_found_without_counting_parts_of_the_history(source, history):
    del source.records[990:]
    source.counts, source.listed = 0, []
    assert history.refresh(overlap="1s").deleted == 10
    assert_equals_the_server(history, source)
    # The refresh counts the newest stored ids, the runs for the progress bar, all runs, and the deleted ids.
    assert source.counts == 4
    # The refresh lists the twenty newest ids, and the ids of the twenty oldest runs, as far as they still exist.
    assert len(source.listed) <= 40


def test_many_separate_deletions_are_found_with_few_counts(source, history):
    del source.records[::10]
    source.counts = 0
    assert history.refresh(overlap="1s").deleted == 100
    assert_equals_the_server(history, source)
    assert source.counts <= find_deleted_runs._MAX_COUNTS + 5


def test_runs_created_in_the_same_microsecond_are_counted_together(tmp_path, monkeypatch):
    monkeypatch.setattr(find_deleted_runs, "_MAX_IDS_TO_LIST", 2)
    source = FrameSource([make_run(number, creationTime=1_700_000_000.0) for number in range(50)])
    history = history_of(source, tmp_path, None)
    history.refresh()
    del source.records[7]
    assert history.refresh(overlap="1s").deleted == 1
    assert sorted(history.runs()["run_id"]) == sorted(one["runId"] for one in source.records)


def test_all_ids_are_listed_if_the_server_rounds_creation_times(source, history, monkeypatch):
    count_runs = source.count_runs

    def rounding(**filters):
        if "created_before" in filters:
            filters["created_before"] = filters["created_before"].replace(second=0, microsecond=0)
        return count_runs(**filters)

    monkeypatch.setattr(source, "count_runs", rounding)
    del source.records[480:490]
    assert history.refresh(overlap="1s").deleted == 10
    assert_equals_the_server(history, source)


def test_all_ids_are_listed_if_the_counts_contradict_each_other(source, history, monkeypatch):
    count_runs = source.count_runs
    stored = [one["creationTime"] for one in source.records]

    def count_as_before_the_deletion(**filters):
        if "created_before" not in filters:
            return count_runs(**filters)
        return sum(time < filters["created_before"].timestamp() for time in stored)

    monkeypatch.setattr(source, "count_runs", count_as_before_the_deletion)
    del source.records[0]
    assert history.refresh(overlap="1s").deleted == 1
    assert_equals_the_server(history, source)


def test_a_new_run_with_an_old_update_time_is_read_although_another_run_was_deleted(source, history):
    # The number of runs stays the same, and the new run's update time is before the overlap.
    source.records.insert(0, make_run(1_000, updateTime=1_600_000_000.0))
    del source.records[400]
    result = history.refresh(overlap="1s")
    assert (result.added, result.deleted) == (1, 1)
    assert_equals_the_server(history, source)


def test_new_runs_are_read_until_a_page_has_only_known_runs(source, history):
    source.records[:0] = [make_run(number, updateTime=1_600_000_000.0) for number in reversed(range(1_000, 1_070))]
    del source.records[400:470]
    result = history.refresh(overlap="1s")
    assert (result.added, result.deleted) == (70, 70)
    assert_equals_the_server(history, source)


def test_an_imported_run_is_read_although_another_run_was_deleted(source, history):
    # Imported runs come first in the list of runs, although their times are old.
    imported = make_run(2_000, creationTime=1_600_000_000.0, updateTime=1_600_000_000.0)
    source.records.insert(0, imported)
    del source.records[700]
    result = history.refresh(overlap="1s")
    assert (result.added, result.deleted) == (1, 1)
    assert sorted(history.runs()["run_id"]) == sorted(one["runId"] for one in source.records)


def test_an_older_run_that_is_missing_from_the_history_is_found_by_counting(source, history):
    source.records.insert(300, make_run(2_000, creationTime=1_700_000_699.5, updateTime=1_600_000_000.0))
    del source.records[700]
    del source.records[800]
    result = history.refresh(overlap="1s")
    assert (result.added, result.deleted) == (1, 2)
    assert_equals_the_server(history, source)
