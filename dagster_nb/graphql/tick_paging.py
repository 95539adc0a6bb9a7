"""Read all ticks of a schedule or a sensor, page by page."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from dagster_nb.graphql.responses import unwrap

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from dagster_nb.graphql.dagster_api import DagsterApi

__all__ = ["iter_ticks"]

_TICKS_PER_REQUEST = 500
# The server rounds bounds to microseconds, and a float for a present-day time is accurate to a quarter of a
# microsecond.
_OVERLAP_SECONDS = 2e-6


async def iter_ticks(
    api: DagsterApi, selector: Mapping[str, str], *, after: float | None = None, before: float | None = None
) -> AsyncIterator[dict[str, Any]]:
    """Yield the ticks of a schedule or a sensor, newest first (``InstigationState.ticks``).

    The server's only cursor is a time. Pages overlap, because ticks with the same time could otherwise be lost between
    two pages. The server may return fewer ticks than requested (``DAGSTER_MAX_TICKS_QUERY_LIMIT``), so reading ends
    only at an empty page.

    If Dagster uses PostgreSQL and its machine is not set to UTC, the server shifts the times of ticks but not the
    bounds, and would return the same page again and again. In that case, the client requests all ticks in one page.

    Parameters
    ----------
    api
        The server.
    selector
        The schedule or sensor as the schema's ``InstigationSelector``.
    after, before
        Exclusive bounds in seconds since 1970.
    """
    read = partial(_read, api, selector, after=after)
    seen: set[str] = set()
    cursor, limit = before, _TICKS_PER_REQUEST
    while page := await read(before=cursor, limit=limit):
        new = [tick for tick in page if tick["tickId"] not in seen]
        for tick in new:
            yield tick
        seen.update(tick["tickId"] for tick in new)
        times = [tick["timestamp"] for tick in page]
        if limit > _TICKS_PER_REQUEST or (cursor != before and max(times) >= cursor):
            # The server ignores the bound, so request all ticks in one page.
            if len(page) < limit:
                return
            cursor, limit = before, 2 * limit
        else:
            # If the page contains no new ticks, all ticks with its earliest time have been read.
            cursor = min(times) + _OVERLAP_SECONDS if new else min(times)


async def _read(
    api: DagsterApi, selector: Mapping[str, str], *, after: float | None, before: float | None, limit: int
) -> list[dict[str, Any]]:
    variables = {"selector": dict(selector), "before": before, "after": after, "limit": limit}
    answer = await api.query("ticks", variables)
    ticks: list[dict[str, Any]] = unwrap(answer["instigationStateOrError"], "InstigationState")["ticks"]
    return ticks
