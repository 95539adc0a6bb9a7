"""Read all materializations of an asset, page by page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dagster_nb.graphql.responses import unwrap

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from dagster_nb.graphql.dagster_api import DagsterApi

__all__ = ["iter_materializations"]

Event = dict[str, Any]

_EVENTS_PER_REQUEST = 500
# To split a full page, choose the time at this fraction of its events, counted from the oldest event. The next page
# ends at this time. The split is not at the oldest event, because a few events can be much older than the others if
# they were stored late.
_SHARE_BELOW_SPLIT = 0.05


async def iter_materializations(api: DagsterApi, path: Sequence[str]) -> AsyncIterator[list[Event]]:
    """Yield pages of an asset's materializations, newest first (``Asset.assetMaterializations``).

    The server can only filter by time. With a limit, it returns the events that were stored last, not the events with
    the latest times, so a full page may lack some events from its own time range. Therefore, a full page is used only
    to choose a time. All events after that time are then read without a limit, and the next page ends at that time.
    Bounds are a millisecond wider than needed, because the server truncates the times that it returns.

    Parameters
    ----------
    api
        The server.
    path
        The components of the asset's key.
    """
    before: int | None = None
    while True:
        page = await _read(api, path, before=before, limit=_EVENTS_PER_REQUEST)
        own = _between(page, None, before)
        if len(page) < _EVENTS_PER_REQUEST:
            yield own
            return
        times = sorted(map(_milliseconds, own))
        split = times[int(len(times) * _SHARE_BELOW_SPLIT)] if times else None
        yield _between(await _read(api, path, after=split, before=before, limit=None), split, before)
        if split is None:
            return
        before = split


async def _read(
    api: DagsterApi, path: Sequence[str], *, after: int | None = None, before: int | None = None, limit: int | None
) -> list[Event]:
    variables = {
        "key": {"path": list(path)},
        "after": None if after is None else str(after - 2),
        "before": None if before is None else str(before + 1),
        "limit": limit,
    }
    answer = await api.query("materializations", variables)
    events: list[Event] = unwrap(answer["assetOrError"], "Asset")["assetMaterializations"]
    return events


def _between(events: list[Event], after: int | None, before: int | None) -> list[Event]:
    """Return the events from ``after`` (inclusive) to ``before`` (exclusive), in milliseconds, newest first."""
    own = [
        event
        for event in events
        if (after is None or after <= _milliseconds(event)) and (before is None or _milliseconds(event) < before)
    ]
    return sorted(own, key=_milliseconds, reverse=True)


def _milliseconds(event: Event) -> int:
    return int(event["timestamp"])
