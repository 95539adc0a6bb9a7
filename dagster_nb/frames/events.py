"""Events: one row an event of a run; and of these the failures, with what went wrong first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dagster_nb.frames import columns
from dagster_nb.frames.causes import innermost_cause

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

__all__ = ["RUN_ENDINGS", "events_frame", "failures_frame"]

Event = dict[str, Any]

# What ends a run; the last of them is how it ended.
RUN_ENDINGS = frozenset({"RunSuccessEvent", "RunFailureEvent", "RunCanceledEvent"})
# What undoes a failure of the same step: it was tried again, by whoever can restart one that had already failed.
_RECOVERIES = frozenset({"ExecutionStepRestartEvent", "ExecutionStepStartEvent", "ExecutionStepSuccessEvent"})


def events_frame(events: Mapping[str, Sequence[Event]]) -> pd.DataFrame:
    """Return events as a frame.

    Parameters
    ----------
    events
        Of each run id, its ``EventConnection.events``.

    Returns
    -------
    pandas.DataFrame
        The columns of `DagsterClient.events`: the runs in the order given, their events by time, and those of the same
        millisecond as the server keeps them.

    Examples
    --------
    >>> events_frame({})["timestamp"].dtype
    datetime64[us, UTC]
    """
    rows = [(run_id, event) for run_id, ones in events.items() for event in sorted(ones, key=_milliseconds)]
    told = [event.get("error") for _, event in rows]
    errors = [None if error is None else innermost_cause(error) for error in told]
    return columns.frame(
        {
            "run_id": columns.strings(run_id for run_id, _ in rows),
            "timestamp": columns.times(_seconds(event) for _, event in rows),
            "event_type": columns.strings(event.get("eventType") for _, event in rows),
            "level": columns.strings(event.get("level") for _, event in rows),
            "step_key": columns.strings(event["stepKey"] for _, event in rows),
            "message": columns.strings(event.get("message") for _, event in rows),
            "error_class": columns.strings(None if error is None else error.get("className") for error in errors),
            "error_message": columns.strings(None if error is None else _own_words(error) for error in errors),
        }
    )


def failures_frame(events: Mapping[str, Sequence[Event]]) -> pd.DataFrame:
    """Return what made runs fail as a frame.

    Parameters
    ----------
    events
        Of each run id, its ``EventConnection.events``.

    Returns
    -------
    pandas.DataFrame
        The columns of `DagsterClient.failures`. Of a run that did not end in failure there is no row.

    Examples
    --------
    >>> failures_frame({}).columns.tolist()
    ['run_id', 'step_key', 'timestamp', 'error_class', 'error_message']
    """
    frame = events_frame({run_id: _that_ended_it(ones) for run_id, ones in events.items()})
    # A process that dies says no more than that, in the event's own message.
    frame["error_message"] = frame["error_message"].fillna(frame["message"])
    return frame[["run_id", "step_key", "timestamp", "error_class", "error_message"]]


def _that_ended_it(events: Sequence[Event]) -> list[Event]:
    """Return the failures of steps that a run did not recover from; where no step failed, the failure of the run."""
    endings = [event for event in events if event["__typename"] in RUN_ENDINGS]
    if not endings or endings[-1]["__typename"] != "RunFailureEvent":
        return []
    standing: dict[str, Event] = {}
    for event in events:
        if event["__typename"] == "ExecutionStepFailureEvent":
            standing[event["stepKey"]] = event
        elif event["__typename"] in _RECOVERIES:
            standing.pop(event["stepKey"], None)
    return list(standing.values()) or endings[-1:]


def _seconds(event: Event) -> float | None:
    return _milliseconds(event) / 1000 if "timestamp" in event else None


def _milliseconds(event: Event) -> int:
    # Where the server tells no times, its own order stands.
    return int(event.get("timestamp", 0))


def _own_words(error: Event) -> str | None:
    """Return an error's message without its class, which Python puts before it and which has a column of its own."""
    if "message" not in error:
        return None
    message: str = error["message"].strip()
    before, _, after = message.partition(": ")
    if error.get("className") and before.rpartition(".")[2] == error["className"]:
        return after.strip()
    return message
