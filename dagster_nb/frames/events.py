"""The frame of events."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dagster_nb.frames import columns
from dagster_nb.frames.asset_keys import asset_key
from dagster_nb.frames.error_columns import error_columns
from dagster_nb.frames.metadata import metadata_dict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

__all__ = ["RUN_ENDINGS", "Event", "events_frame", "sorted_events"]

Event = dict[str, Any]

# The events that end a run. If there are several, the last of them determines how the run ended.
RUN_ENDINGS = frozenset({"RunSuccessEvent", "RunFailureEvent", "RunCanceledEvent"})


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
    rows = [(run_id, event) for run_id, own in events.items() for event in sorted_events(own)]
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


def sorted_events(events: Sequence[Event]) -> list[Event]:
    """Return events sorted by time. Events of the same millisecond stay in the server's order."""
    return sorted(events, key=_milliseconds)


def _asset_columns(events: Sequence[Event]) -> dict[str, Any]:
    """Return the columns of assets, checks and metadata.

    For a check, the asset and the metadata are in the field ``evaluation``.
    """
    facts = [event.get("evaluation") or event for event in events]
    return {
        "asset": columns.strings(asset_key(one.get("assetKey")) for one in facts),
        "partition_key": columns.strings(one.get("partition") for one in facts),
        "check": columns.strings(one.get("checkName") for one in facts),
        "check_passed": columns.nullable_flags(one.get("success") for one in facts),
        "metadata": columns.objects(metadata_dict(one.get("metadataEntries")) for one in facts),
    }


def _seconds(event: Event) -> float | None:
    return _milliseconds(event) / 1000 if "timestamp" in event else None


def _milliseconds(event: Event) -> int:
    # If the events have no timestamps, keep the server's order.
    return int(event.get("timestamp", 0))
