"""The steps of a finished run are read from the server only once."""

from __future__ import annotations

import pandas as pd
import pytest

import dagster_nb as dnb
from dagster_nb.history.opening import history_of
from tests.unit.fake import make_run
from tests.unit.history.frame_source import FrameSource


def step(key, start, status="SUCCESS"):
    end = None if start is None or status == "IN_PROGRESS" else start + 2.5
    return {"stepKey": key, "status": status, "startTime": start, "endTime": end, "attempts": [{"startTime": start}]}


@pytest.fixture
def source():
    runs = [make_run(number) for number in reversed(range(6))]
    for run in runs[:4]:
        start = run["startTime"]
        run["steps"] = [step("b'\"名", start + 3), step("a", start), step("skipped", None, "SKIPPED")]
    runs[0].update(status="STARTED", endTime=None, steps=[step("a", 1_700_000_007.0, "IN_PROGRESS")])
    return FrameSource(runs)


@pytest.fixture
def history(source, tmp_path):
    history = history_of(source, tmp_path, None)
    history.refresh()
    return history


def test_the_steps_equal_those_of_the_client_and_are_read_only_once(source, history, tmp_path):
    ids = [run["runId"] for run in source.records]
    expected = source.steps(ids)
    source.step_requests.clear()
    for _ in range(2):
        pd.testing.assert_frame_equal(history.steps(history.runs()), expected)
    # The second call requests only the steps of the unfinished run.
    assert source.step_requests == [ids, ids[:1]]
    reversed_ids = ids[:0:-1]
    pd.testing.assert_frame_equal(history.steps(reversed_ids), source.steps(reversed_ids))
    offline = dnb.open_history(tmp_path)
    pd.testing.assert_frame_equal(offline.steps(ids[1:]), source.steps(ids[1:]))
    with pytest.warns(dnb.DagsterNbWarning, match="steps of 1 run are not in the history"):
        assert offline.steps(ids[0]).dtypes.equals(expected.dtypes)


def test_an_empty_list_of_runs_has_no_steps(history):
    assert history.steps([]).empty
    with pytest.raises(dnb.RunNotFoundError, match="the history has no run 'nonsense'"):
        history.steps("nonsense")


def test_shortened_ids_are_accepted(source, history):
    ids = [run["runId"] for run in source.records]
    short = [run_id[:8] for run_id in ids]
    assert history.runs(run_ids=[short[2], ids[1]])["run_id"].tolist() == ids[1:3]
    assert [one for page in history.iter_runs(run_ids=short[3]) for one in page["run_id"]] == [ids[3]]
    assert history.count_runs(run_ids=short[:2]) == 2
    pd.testing.assert_frame_equal(history.steps([short[2], ids[1]]), source.steps([ids[2], ids[1]]))
    assert history.runs(run_ids=["abcdef12", "0000"]).empty
    with pytest.raises(dnb.RunNotFoundError, match="the history has no run 'abcdef12'"):
        history.steps("abcdef12")


def test_the_error_for_an_ambiguous_id_lists_the_candidates(source, history):
    same = [make_run(7, runId=make_run(7)["runId"][:-1] + str(last)) for last in (1, 2)]
    source.records[:0] = same
    history.refresh()
    for read in (history.steps, lambda run_id: history.runs(run_ids=run_id)):
        with pytest.raises(dnb.RunNotFoundError, match="2 runs have an id that begins with '00000007'") as caught:
            read("00000007")
        assert all(run["runId"] in str(caught.value) for run in same)
    # Only one of the runs still exists in Dagster.
    source.records.pop(0)
    history.refresh()
    assert history.runs(run_ids="00000007")["run_id"].tolist() == [same[1]["runId"]]
    with pytest.raises(dnb.RunNotFoundError, match="2 runs"):
        history.runs(run_ids="00000007", deleted=True)


def test_steps_are_read_again_if_the_run_has_changed(source, history):
    run_id = source.records[2]["runId"]
    history.steps(run_id)
    source.records[2].update(
        status="FAILURE", updateTime=1_800_000_000.0, steps=[step("a", 1_700_000_005.0, "FAILURE")]
    )
    history.refresh()
    for _ in range(2):
        assert history.steps(run_id)["status"].tolist() == ["FAILURE"]


def test_a_refresh_can_read_all_steps(source, history, tmp_path, monkeypatch):
    monkeypatch.setattr("dagster_nb.history.steps_cache._RUNS_PER_COMMIT", 2)
    # Delete a run after the refresh has looked for deleted runs, but before it reads the steps.
    read = source.steps
    monkeypatch.setattr(
        source, "steps", lambda ids: (source.records.pop(3), setattr(source, "steps", read), read(ids))[2]
    )
    deleted = source.records[3]["runId"]
    history.refresh(steps=True)
    finished = [run["runId"] for run in source.records[1:]]
    offline = dnb.open_history(tmp_path)
    pd.testing.assert_frame_equal(offline.steps(finished), source.steps(finished))
    with pytest.warns(dnb.DagsterNbWarning, match="1 run"):
        offline.steps([deleted, *finished])
    source.step_requests.clear()
    history.refresh(steps=True)
    assert source.step_requests == []
    history.compact()
    pd.testing.assert_frame_equal(offline.steps(finished), source.steps(finished))
