"""The frame of failures. A failure is an error that made a run fail."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagster_nb.frames import columns
from dagster_nb.frames.error_columns import message_without_class, stack_text
from dagster_nb.frames.events import RUN_ENDINGS, events_frame, sorted_events

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from dagster_nb.frames.events import Event

__all__ = ["failures_frame"]

# After these events, a step is executed again, so an earlier failure of the step no longer counts.
_RECOVERIES = frozenset({"ExecutionStepRestartEvent", "ExecutionStepStartEvent", "ExecutionStepSuccessEvent"})


def failures_frame(events: Mapping[str, Sequence[Event]]) -> pd.DataFrame:
    """Return the failures that ended runs, as a frame.

    Parameters
    ----------
    events
        The ``EventConnection.events`` of each run, by run id.

    Returns
    -------
    pandas.DataFrame
        The columns of `DagsterClient.failures`. A run that has not failed has no rows.

    Examples
    --------
    >>> failures_frame({}).columns.tolist()
    ['run_id', 'step_key', 'timestamp', 'error_class', 'error_message', 'stack', 'causes']
    """
    # Put the events in the same order as the rows, so that each row gets its own causes.
    failures = {run_id: sorted_events(_failures(own)) for run_id, own in events.items()}
    frame = events_frame(failures)
    # If the process died, the event has a message but contains no error.
    frame["error_message"] = frame["error_message"].fillna(frame["message"])
    frame["causes"] = columns.objects(_causes(event) for own in failures.values() for event in own)
    return frame[["run_id", "step_key", "timestamp", "error_class", "error_message", "stack", "causes"]]


def _failures(events: Sequence[Event]) -> list[Event]:
    """Return the step failures that ended a run, or the run failure if no step failed."""
    endings = [event for event in events if event["__typename"] in RUN_ENDINGS]
    if not endings or endings[-1]["__typename"] != "RunFailureEvent":
        return []
    failed_steps: dict[str, Event] = {}
    for event in events:
        if event["__typename"] == "ExecutionStepFailureEvent":
            failed_steps[event["stepKey"]] = event
        elif event["__typename"] in _RECOVERIES:
            failed_steps.pop(event["stepKey"], None)
    return [_explained(failure, events) for failure in list(failed_steps.values()) or endings[-1:]]


def _explained(failure: Event, events: Sequence[Event]) -> Event:
    """Return a failure. If the failure has no error message, add the message of Dagster's last report before it."""
    error = failure.get("error")
    if error is not None and (error.get("causes") or message_without_class(error)):
        return failure
    own = [event for event in events if event["stepKey"] == failure["stepKey"]]
    before = own[own.index(failure) - 1] if own[0] is not failure else failure
    if before["__typename"] != "EngineEvent" or not before.get("message"):
        return failure
    # If a process was killed, only this event names the signal.
    message = " ".join(filter(None, [failure.get("message"), before["message"]]))
    explained = {**failure, "message": message}
    return explained if error is None else {**explained, "error": {**error, "message": message}}


def _causes(event: Event) -> list[dict[str, str | None]] | None:
    """Return the errors of an event, with the outermost error first; None if the server does not provide them."""
    if "error" not in event:
        return None
    error = event["error"]
    return [
        {
            "error_class": one.get("className"),
            "error_message": message_without_class(one),
            "stack": stack_text(one),
        }
        for one in ([] if error is None else [error, *(error.get("causes") or ())])
    ]
