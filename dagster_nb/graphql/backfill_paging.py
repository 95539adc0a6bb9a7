"""Read all backfills, page by page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dagster_nb.graphql.repeated_page import PageEdges
from dagster_nb.graphql.responses import unwrap

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from dagster_nb.graphql.dagster_api import DagsterApi

__all__ = ["iter_backfills"]

_BACKFILLS_PER_REQUEST = 100


async def iter_backfills(api: DagsterApi) -> AsyncIterator[dict[str, Any]]:
    """Yield all backfills, newest first (``PartitionBackfills.results``).

    A page may be shorter than requested, so reading ends only at an empty page. Dagster never deletes a backfill, so
    the last backfill of a page is always a valid cursor.

    Parameters
    ----------
    api
        The server.

    Raises
    ------
    ServerError
        If the server returns the same page again.
    """
    cursor: str | None = None
    edges = PageEdges("backfills")
    while True:
        answer = await api.query("backfills", {"cursor": cursor, "limit": _BACKFILLS_PER_REQUEST})
        page = unwrap(answer["partitionBackfillsOrError"], "PartitionBackfills")["results"]
        if not page:
            return
        ids = [backfill["id"] for backfill in page]
        edges.add(ids)
        for backfill in page:
            yield backfill
        cursor = ids[-1]
