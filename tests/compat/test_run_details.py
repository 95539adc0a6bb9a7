"""Steps, events, failures and compute logs of runs with every version of Dagster."""

from __future__ import annotations

import pandas as pd
import pytest

from dagster_nb.frames.stacks import raised_in
from tests.compat.expected_frames import METADATA

pytestmark = pytest.mark.capability("run details")

STEPS = ["load", "twice.first", "twice.double", "store"]


@pytest.fixture(scope="module")
def finished(client, stage):
    return client.run(stage["quick"]).wait(timeout=240)


@pytest.fixture(scope="module")
def failed(client, stage):
    return client.run(stage["fragile"]).wait(timeout=240)


def test_steps_have_their_statuses_and_durations(client, finished, failed, note_missing_columns):
    steps = client.steps([failed, finished])
    assert steps.dtypes.astype(str).to_dict() == {
        "run_id": "string", "step_key": "string", "status": "string", "start_time": "datetime64[us, UTC]",
        "end_time": "datetime64[us, UTC]", "duration": "timedelta64[us]", "attempts": "int64",
    }  # fmt: skip
    assert steps["run_id"].tolist() == [failed.run_id] * (len(steps) - 4) + [finished.run_id] * 4
    done = steps[steps["run_id"] == finished.run_id]
    assert done["step_key"].tolist() == STEPS
    assert set(done["status"]) == {"SUCCESS"}
    assert (done["duration"] == done["end_time"] - done["start_time"]).all()
    assert finished.start_time <= done["start_time"].min() <= done["end_time"].max() <= finished.end_time
    assert done["attempts"].tolist() == [1] * 4
    broken = steps[steps["run_id"] == failed.run_id].set_index("step_key")["status"]
    assert broken.to_dict() == {"first": "SUCCESS", "maybe": "FAILURE"}
    note_missing_columns(steps, "steps", "steps", {})


def test_events_are_in_the_order_of_the_runs_and_of_time(client, finished, failed, note_missing_columns):
    events = client.events([finished, failed])
    assert events["run_id"].drop_duplicates().tolist() == [finished.run_id, failed.run_id]
    events_of_run = events[events["run_id"] == finished.run_id]
    assert events_of_run["timestamp"].is_monotonic_increasing
    types = events_of_run["event_type"].dropna().tolist()
    assert [one for one in types if one.startswith("RUN_")] == [
        "RUN_ENQUEUED", "RUN_STARTING", "RUN_START", "RUN_SUCCESS",
    ]  # fmt: skip
    assert events_of_run[events_of_run["event_type"] == "STEP_SUCCESS"]["step_key"].tolist() == STEPS
    logged = events_of_run[events_of_run["message"] == "so many: 7"].iloc[0]
    assert (logged["level"], logged["step_key"]) == ("WARNING", "load")
    assert pd.isna(logged["event_type"])
    fields = {"AssetCheckEvaluation.partition": "partition_key"}
    note_missing_columns(events, "events", "the events of asset checks", {**METADATA, **fields})


def test_failures_have_the_innermost_error_of_the_failed_step(client, finished, failed):
    failures = client.failures([finished, failed])
    assert failures.drop(columns=["timestamp", "stack", "causes"]).to_dict("records") == [
        {
            "run_id": failed.run_id,
            "step_key": "maybe",
            "error_class": "TimeoutError",
            "error_message": "simulated failure: no answer in 30 s",
        }
    ]
    assert raised_in(failures["stack"][0]) == "maybe in served/definitions.py"
    assert failures["causes"][0][-1]["stack"] == failures["stack"][0]
    assert failed.start_time <= failures["timestamp"][0] + pd.Timedelta("1ms")
    assert failures["timestamp"][0] <= failed.end_time


def test_the_captured_output_of_a_run_and_of_a_step_is_returned(client, finished):
    logs = client.compute_logs(finished)
    assert logs.stdout == "read 7 rows\n"
    assert "slowly\n" in logs.stderr
    assert client.compute_logs(finished, "load").stdout == logs.stdout
    with pytest.raises(ValueError, match="has no step 'laod'. Choose one of its steps: .*'load'"):
        client.compute_logs(finished, "laod")


def test_runs_without_events_have_empty_frames_and_failed_runs_have_an_explanation(client):
    past = client.runs(tags={"kind": "past"}, limit=3)
    assert client.steps(past).empty
    assert client.events(past).empty
    failures = client.failures(past)
    failed = past.loc[past["status"] == "FAILURE", "run_id"]
    assert len(failed) > 0
    assert failures["run_id"].tolist() == failed.tolist()
    assert failures["error_message"].str.contains("no longer has the events of this run").all()
