"""The details of runs match what Dagster's Python API returns for the same instance."""

import pandas as pd
import pytest
from dagster import DagsterInstance

import dagster_nb as dnb
from dagster_nb.client.methods import compute_logs as log_methods
from dagster_nb.client.methods import steps_and_events
from dagster_nb.frames.stacks import raised_in

from .definitions import LINE, LINES

STEPS = {
    "run_id": "string",
    "step_key": "string",
    "status": "string",
    "start_time": "datetime64[us, UTC]",
    "end_time": "datetime64[us, UTC]",
    "duration": "timedelta64[us]",
    "attempts": "int64",
}
EVENTS = {
    "run_id": "string",
    "timestamp": "datetime64[us, UTC]",
    "event_type": "string",
    "level": "string",
    "step_key": "string",
    "message": "string",
    "error_class": "string",
    "error_message": "string",
    "stack": "string",
    "asset": "string",
    "partition_key": "string",
    "check": "string",
    "check_passed": "boolean",
    "metadata": "object",
}
FAILURES = {
    **{key: EVENTS[key] for key in ("run_id", "step_key", "timestamp", "error_class", "error_message", "stack")},
    "causes": "object",
}
METHODS = {"steps": STEPS, "events": EVENTS, "failures": FAILURES}


@pytest.fixture(scope="module")
def instance(known):
    with DagsterInstance.from_config(str(known.server.home)) as instance:
        yield instance


@pytest.mark.parametrize("method", METHODS)
def test_columns_are_the_same_with_and_without_runs(client, known, method):
    full = getattr(client, method)(list(known.runs.values()))
    none = getattr(client, method)([])
    assert len(full)
    assert len(none) == 0
    for frame in (full, none):
        assert frame.dtypes.astype(str).to_dict() == METHODS[method]


@pytest.mark.parametrize("method", METHODS)
def test_runs_are_in_the_order_given(client, known, method, monkeypatch):
    monkeypatch.setattr(steps_and_events, "_RUNS_PER_REQUEST", 2)
    wanted = list(known.runs.values())[::-1]
    frame = getattr(client, method)(wanted)
    assert frame["run_id"].drop_duplicates().tolist() == [one for one in wanted if one in set(frame["run_id"])]
    alone = [getattr(client, method)(one) for one in wanted]
    pd.testing.assert_frame_equal(frame, pd.concat(alone, ignore_index=True))


@pytest.mark.parametrize("method", [*METHODS, "compute_logs"])
def test_the_error_for_an_unknown_run_contains_its_id(client, known, method):
    runs = "no-such-run" if method == "compute_logs" else [known.runs["nested"], "no-such-run"]
    with pytest.raises(dnb.RunNotFoundError, match="'no-such-run'"):
        getattr(client, method)(runs)


@pytest.mark.parametrize("method", ["run", "steps", "events", "follow", "compute_logs"])
def test_a_shortened_id_is_enough_for_reading(client, known, method):
    run_id = known.runs["nested"]
    for short in (run_id[:8], run_id[:20]):
        read = getattr(client, method)(short)
        if method == "follow":
            read = pd.concat(read)
        ids = {read.run_id} if method in {"run", "compute_logs"} else set(read["run_id"])
        assert ids == {run_id}


def test_a_filter_by_run_ids_accepts_shortened_ids(client, known):
    first, second = list(known.runs.values())[:2]
    found = client.runs(run_ids=[first[:8], second])
    assert set(found["run_id"]) == {first, second}
    assert client.count_runs(run_ids=first[:8]) == 1


@pytest.mark.parametrize("method", [*METHODS, "compute_logs"])
def test_a_frame_without_run_ids_raises_a_type_error(client, method):
    with pytest.raises(TypeError):
        getattr(client, method)(pd.DataFrame({"job_name": ["nested"]}))


def test_steps_match_the_instance(client, known, instance):
    frame = client.steps(list(known.runs.values())).set_index(["run_id", "step_key"])
    stats = {
        (run_id, one.step_key): one for run_id in known.runs.values() for one in instance.get_run_step_stats(run_id)
    }
    assert set(frame.index) == set(stats)
    for key, row in frame.iterrows():
        one = stats[key]
        assert row["status"] == one.status.value
        assert row["attempts"] == one.attempts
        for ours, theirs in (("start_time", one.start_time), ("end_time", one.end_time)):
            assert pd.isna(row[ours]) if theirs is None else row[ours].value // 1000 == round(theirs * 1_000_000)
    assert (frame["duration"].dropna() == (frame["end_time"] - frame["start_time"]).dropna()).all()


def test_the_steps_of_a_failed_run_have_statuses_and_attempts(client, known):
    frame = client.steps(known.runs["failing"]).set_index("step_key")
    assert frame["status"].to_dict() == {"fail": "FAILURE", "flaky": "SUCCESS"}
    assert frame["attempts"].to_dict() == {"fail": 1, "flaky": 2}


@pytest.mark.parametrize("page", [1, 7, 1000])
def test_events_match_the_instance(client, known, instance, page, monkeypatch):
    monkeypatch.setattr(steps_and_events, "_EVENTS_PER_REQUEST", page)
    frame = client.events(known.runs["failing"])
    logs = instance.all_logs(known.runs["failing"])
    assert len(frame) == len(logs)
    assert sorted(frame["timestamp"].astype("int64") // 1000) == sorted(int(one.timestamp * 1000) for one in logs)
    # Dagster still stores the event names from the time when jobs were called pipelines.
    types = [one.dagster_event_type.value.replace("PIPELINE", "RUN") for one in logs if one.is_dagster_event]
    assert sorted(frame["event_type"].dropna()) == sorted(types)
    assert frame["timestamp"].is_monotonic_increasing
    assert sorted(frame["step_key"].dropna()) == sorted(one.step_key for one in logs if one.step_key is not None)


def test_events_have_the_log_lines_of_an_op_and_the_causes_of_errors(client, known):
    logged = client.events(known.runs["shouting"]).query("message == 'loud'").iloc[0]
    assert (logged["level"], logged["step_key"]) == ("WARNING", "shout")
    assert pd.isna(logged["event_type"])
    retried = client.events(known.runs["recovering"]).query("event_type == 'STEP_UP_FOR_RETRY'").iloc[0]
    assert (retried["error_class"], retried["error_message"]) == (
        "RuntimeError",
        "simulated failure: the first attempt fails",
    )


def test_failures_are_the_errors_that_ended_a_run(client, known):
    frame = client.failures(list(known.runs.values()))
    assert frame.drop(columns=["timestamp", "stack", "causes"]).to_dict("records") == [
        {
            "run_id": known.runs["failing"],
            "step_key": "fail",
            "error_class": "TimeoutError",
            "error_message": "simulated failure: no answer in 30 s",
        }
    ]
    assert raised_in(frame["stack"][0]).startswith("fail in ")
    assert [cause["error_class"] for cause in frame["causes"][0]][-1] == "TimeoutError"
    assert frame["causes"][0][-1]["stack"] == frame["stack"][0]
    assert all('File "' in cause["stack"] for cause in frame["causes"][0])
    events = client.events(known.runs["failing"])
    failed = events["event_type"] == "STEP_FAILURE"
    assert frame["timestamp"].tolist() == events.loc[failed, "timestamp"].tolist()
    assert frame["stack"].tolist() == events.loc[failed, "stack"].tolist()


@pytest.mark.parametrize("size", [None, 200_000, 200_001, 200_002, 200_003])
def test_all_output_of_a_run_is_returned(client, known, size, monkeypatch):
    if size is not None:
        # Try four consecutive page sizes, because at least one of them splits a character that consists of several
        # bytes.
        monkeypatch.setattr(log_methods, "_BYTES_PER_REQUEST", size)
    logs = client.compute_logs(known.runs["shouting"])
    assert len(logs.stdout.encode()) > log_methods._BYTES_PER_REQUEST
    assert logs.stdout == "".join(f"{number} {LINE}\n" for number in range(LINES))
    [file] = (known.server.home / "storage" / known.runs["shouting"] / "compute_logs").glob("*.err")
    assert logs.stderr == file.read_text()
    assert client.compute_logs(known.runs["shouting"], after=logs) == logs


def test_each_step_has_its_own_logs(client, known):
    run_id = known.runs["apart"]
    assert client.compute_logs(run_id, "again").stdout == "psst\n"
    assert client.compute_logs(run_id).stdout == "psst\npsst\n"
    assert (
        client.compute_logs(known.runs["shouting"], "shout").stdout
        == client.compute_logs(known.runs["shouting"]).stdout
    )


def test_the_error_for_an_unknown_step_lists_the_steps(client, known):
    with pytest.raises(ValueError, match=r"has no step 'shuot'. Choose one of its steps: 'shout'"):
        client.compute_logs(known.runs["shouting"], "shuot")


def test_the_methods_of_a_run_return_the_same_details_as_the_client(client, known):
    run = client.run(known.runs["failing"])
    pd.testing.assert_frame_equal(run.steps(), client.steps(run))
    pd.testing.assert_frame_equal(run.events(), client.events(run))
    assert run.failures()["error_class"].tolist() == ["TimeoutError"]
    assert str(run.compute_logs("fail")) == str(client.compute_logs(run))
