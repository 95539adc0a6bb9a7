"""Handwritten responses become frames of events and failures."""

import pandas as pd
import pytest

from dagster_nb.frames.events import events_frame
from dagster_nb.frames.failures import failures_frame


def error(message, class_name, *causes, stack=()):
    return {"message": message, "className": class_name, "stack": list(stack), "causes": list(causes)}


def event(typename, at=0, step=None, **facts):
    return {
        "__typename": typename,
        "timestamp": str(1_700_000_000_000 + at),
        "eventType": "SOMETHING",
        "level": "INFO",
        "stepKey": step,
        "message": f"{typename} happened",
        **facts,
    }


def step_failure(step, at=0, **facts):
    return event("ExecutionStepFailureEvent", at, step, error=error("ValueError: no\n", "ValueError"), **facts)


@pytest.mark.parametrize("build", [events_frame, failures_frame])
def test_an_empty_frame_has_the_same_dtypes(build):
    one = build({"r": [step_failure("a"), event("RunFailureEvent", 1, error=None)]})
    assert len(one)
    for none in (build({}), build({"r": []})):
        assert len(none) == 0
        pd.testing.assert_series_equal(none.dtypes, one.dtypes)


def test_events_are_sorted_by_time_and_then_in_the_order_of_the_server():
    ones = [event("A", 5), event("B", 3), event("C", 5)]
    frame = events_frame({"late": ones, "early": [event("D", 0)]})
    assert frame["message"].tolist() == ["B happened", "A happened", "C happened", "D happened"]
    assert frame["run_id"].tolist() == ["late", "late", "late", "early"]


@pytest.mark.parametrize("milliseconds", [0, 1, 123, 577, 999])
def test_event_times_are_exact_to_the_millisecond(milliseconds):
    frame = events_frame({"r": [event("A", milliseconds)]})
    assert frame["timestamp"][0] == pd.Timestamp(1_700_000_000_000 + milliseconds, unit="ms", tz="UTC")


@pytest.mark.parametrize(
    ("raised", "message", "class_name"),
    [
        (error("ValueError: no\n", "ValueError"), "no", "ValueError"),
        (error("my.app.CustomError: a: b\nsecond line\n", "CustomError"), "a: b\nsecond line", "CustomError"),
        (error("AssertionError\n", "AssertionError"), "", "AssertionError"),
        (error("CheckError: outer\n", "CheckError", error("KeyError: 'k'\n", "KeyError")), "'k'", "KeyError"),
        (
            error("Outer: 1\n", "Outer", error("Middle: 2\n", "Middle"), error("Inner: 3\n", "Inner")),
            "3",
            "Inner",
        ),
        (error("not: the class\n", "ValueError"), "not: the class", "ValueError"),
        (error("process died", None), "process died", None),
    ],
)
def test_the_error_is_the_message_of_the_innermost_cause(raised, message, class_name):
    frame = events_frame({"r": [event("EngineEvent", error=raised)]})
    assert frame["error_message"][0] == message
    assert frame["error_class"][0] == class_name if class_name else pd.isna(frame["error_class"][0])


def test_error_columns_are_na_for_events_without_an_error():
    frame = events_frame({"r": [event("EngineEvent", error=None), event("LogMessageEvent", eventType=None)]})
    assert frame[["error_class", "error_message"]].isna().all(axis=None)
    assert frame["event_type"].isna().tolist() == [False, True]


def failed_steps(*events):
    return failures_frame({"r": list(events)})["step_key"].tolist()


RUN_FAILURE = event("RunFailureEvent", 99, error=error("Steps failed\n", None))


def test_failures_of_steps_replace_the_failure_of_their_run():
    assert failed_steps(step_failure("a", 1), step_failure("b", 2), RUN_FAILURE) == ["a", "b"]


@pytest.mark.parametrize("recovery", ["ExecutionStepRestartEvent", "ExecutionStepStartEvent"])
def test_a_step_that_succeeded_after_a_retry_is_not_a_failure(recovery):
    again = [event(recovery, 2, "a"), event("ExecutionStepSuccessEvent", 3, "a")]
    assert failed_steps(step_failure("a", 1), *again, step_failure("b", 4), RUN_FAILURE) == ["b"]


def test_a_step_that_failed_twice_has_only_its_last_failure():
    frame = failures_frame(
        {"r": [step_failure("a", 1), event("ExecutionStepRestartEvent", 2, "a"), step_failure("a", 3), RUN_FAILURE]}
    )
    assert frame["timestamp"].tolist() == [pd.Timestamp(1_700_000_000_003, unit="ms", tz="UTC")]


@pytest.mark.parametrize("ending", [None, "RunSuccessEvent", "RunCanceledEvent"])
def test_a_run_that_did_not_fail_has_no_row_in_failures(ending):
    assert failed_steps(step_failure("a", 1), *([event(ending, 2)] if ending else [])) == []


def test_the_failure_of_a_run_is_used_if_no_step_failed():
    frame = failures_frame(
        {"r": [event("RunFailureEvent", 1, error=error("DagsterError: no resource\n", "DagsterError"))]}
    )
    assert frame.drop(columns=["timestamp", "causes"]).loc[0].dropna().to_dict() == {
        "run_id": "r",
        "error_class": "DagsterError",
        "error_message": "no resource",
    }


def test_if_a_process_dies_without_an_error_the_message_of_the_event_is_used():
    frame = failures_frame({"r": [event("RunFailureEvent", message="Run process exited", error=None)]})
    assert frame["error_message"].tolist() == ["Run process exited"]
    assert frame["error_class"].isna().all()


SIGNAL = "child process for step crash was terminated by signal 11 (SIGSEGV)."


def messages(*events):
    return failures_frame({"r": list(events)})["error_message"].tolist()


@pytest.mark.parametrize("raised", [None, error("ChildProcessCrashException\n", "ChildProcessCrashException")])
def test_the_message_for_a_killed_step_mentions_the_signal(raised):
    assert messages(
        event("ExecutionStepStartEvent", step="other"),
        event("EngineEvent", step="crash", message=SIGNAL),
        event("ExecutionStepStartEvent", step="other"),
        event("ExecutionStepFailureEvent", step="crash", message="crash failed.", error=raised),
        event("RunFailureEvent"),
    ) == [f"crash failed. {SIGNAL}"]


def test_the_message_for_a_killed_run_mentions_the_signal():
    assert messages(
        event("EngineEvent", message="Run process was terminated by signal 9 (SIGKILL)."),
        event("RunFailureEvent", message="Marked as failed.", error=None),
    ) == ["Marked as failed. Run process was terminated by signal 9 (SIGKILL)."]


def test_an_existing_error_message_is_unchanged():
    assert messages(
        event("EngineEvent", message="an engine event"),
        event("RunFailureEvent", message="failed", error=error("E: why", "E")),
    ) == ["why"]


def test_the_stack_is_from_the_innermost_cause_and_causes_contains_all_errors():
    inner = error("KeyError: 'k'\n", "KeyError", stack=["inner 1\n", "inner 2\n"])
    raised = error("CheckError: outer\n", "CheckError", inner, stack=["outer\n"])
    events = {"r": [event("ExecutionStepFailureEvent", 1, "a", error=raised), RUN_FAILURE]}
    assert events_frame(events)["stack"][0] == "inner 1\ninner 2\n"
    failure = failures_frame(events).iloc[0]
    assert failure["stack"] == "inner 1\ninner 2\n"
    assert failure["causes"] == [
        {"error_class": "CheckError", "error_message": "outer", "stack": "outer\n"},
        {"error_class": "KeyError", "error_message": "'k'", "stack": "inner 1\ninner 2\n"},
    ]


def test_each_failure_has_its_own_causes():
    # The server lists the most recent failure first.
    events = [step_failure("late", 2), event("ExecutionStepFailureEvent", 1, "early", error=error("E: 1\n", "E"))]
    frame = failures_frame({"r": [*events, RUN_FAILURE]})
    assert [(row.step_key, row.causes[0]["error_class"]) for row in frame.itertuples()] == [
        ("early", "E"),
        ("late", "ValueError"),
    ]


@pytest.mark.parametrize(
    ("known", "stack", "causes"),
    [
        ({"error": {"message": "no", "stack": None, "causes": []}}, None, 1),
        ({"error": {"message": "no"}}, None, 1),
        ({"error": None}, None, 0),
        ({}, None, None),
    ],
)
def test_the_stack_of_an_error_without_stack_is_na(known, stack, causes):
    failure = failures_frame({"r": [event("RunFailureEvent", **known)]}).iloc[0]
    assert pd.isna(failure["stack"])
    assert (None if failure["causes"] is None else len(failure["causes"])) == causes


def test_events_have_columns_for_assets_and_checks_and_metadata():
    entries = [{"__typename": "IntMetadataEntry", "label": "rows", "intRepr": "3"}]
    key = {"path": ["shop", "orders"]}
    evaluation = {"assetKey": key, "checkName": "full", "success": False, "partition": "b", "metadataEntries": entries}
    frame = events_frame({"r": [
        event("MaterializationEvent", 1, assetKey=key, partition="a", metadataEntries=entries),
        event("AssetCheckEvaluationEvent", 2, evaluation=evaluation),
        event("RunSuccessEvent", 3),
        event("EngineEvent", 4, metadataEntries=[], error=None),
    ]})  # fmt: skip
    assert frame["asset"].tolist() == ["shop/orders", "shop/orders", pd.NA, pd.NA]
    assert frame["partition_key"].tolist() == ["a", "b", pd.NA, pd.NA]
    assert frame["check"].tolist() == [pd.NA, "full", pd.NA, pd.NA]
    assert frame["check_passed"].tolist() == [pd.NA, False, pd.NA, pd.NA]
    assert frame["metadata"].tolist() == [{"rows": 3}, {"rows": 3}, None, {}]
    assert str(frame["check_passed"].dtype) == "boolean"
