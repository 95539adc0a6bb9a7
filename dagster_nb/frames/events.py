"""Frames of events and failures. A failure is an event that made a run fail."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dagster_nb.frames import columns
from dagster_nb.frames.asset_keys import asset_key
from dagster_nb.frames.errors import error_columns, message_without_class, stack_text
from dagster_nb.frames.metadata import metadata_dict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

__all__ = ["RUN_ENDINGS", "events_frame", "failures_frame"]

Event = dict[str, Any]

# The events that end a run. The last of these events determines how the run ended.
RUN_ENDINGS = frozenset({"RunSuccessEvent", "RunFailureEvent", "RunCanceledEvent"})
# After these events, a step is executed again, so an earlier failure of the step no longer counts.
_RECOVERIES = frozenset({"ExecutionStepRestartEvent", "ExecutionStepStartEvent", "ExecutionStepSuccessEvent"})


def events_frame(events: Mapping[str, Sequence[Event]]) -> pd.DataFrame:
    """Return events as a frame.

    Parameters
    ----------
    events
        The ``EventConnection.events`` of each run, by run id.

    Returns
    -------
    pandas.DataFrame
        The columns of `DagsterClient.events`. The runs are in the order given, and the events of each run are sorted by
        time. Events of the same millisecond stay in the server's order.

    Examples
    --------
    >>> events_frame({})["timestamp"].dtype
    datetime64[us, UTC]
    """
    rows = [(run_id, event) for run_id, own in events.items() for event in sorted(own, key=_milliseconds)]
    return columns.frame(
        {
            "run_id": columns.strings(run_id for run_id, _ in rows),
            "timestamp": columns.times(_seconds(event) for _, event in rows),
            "event_type": columns.strings(event.get("eventType") for _, event in rows),
            "level": columns.strings(event.get("level") for _, event in rows),
            "step_key": columns.strings(event["stepKey"] for _, event in rows),
            "message": columns.strings(event.get("message") for _, event in rows),
            **error_columns([event.get("error") for _, event in rows]),
            **_asset_columns([event for _, event in rows]),
        }
    )


def _asset_columns(events: Sequence[Event]) -> dict[str, Any]:
    """Return the columns of assets, checks and metadata. The asset and metadata of a check are in its evaluation."""
    facts = [event.get("evaluation") or event for event in events]
    return {
        "asset": columns.strings(asset_key(one.get("assetKey")) for one in facts),
        "partition_key": columns.strings(one.get("partition") for one in facts),
        "check": columns.strings(one.get("checkName") for one in facts),
        "check_passed": columns.nullable_flags(one.get("success") for one in facts),
        "metadata": columns.objects(metadata_dict(one.get("metadataEntries")) for one in facts),
    }


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
    # The events are in the order of the frame, so that each row gets its own causes.
    failures = {run_id: sorted(_failures(own), key=_milliseconds) for run_id, own in events.items()}
    frame = events_frame(failures)
    # If the process died, the event has a message but no error.
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


def _seconds(event: Event) -> float | None:
    return _milliseconds(event) / 1000 if "timestamp" in event else None


def _milliseconds(event: Event) -> int:
    # Without timestamps, the server's order is kept.
    return int(event.get("timestamp", 0))
