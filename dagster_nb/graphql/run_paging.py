"""Read all runs that match a filter, even while runs are created and deleted.

Pages are requested by cursor. The next page is requested before a page is yielded, so that the server works while the
client builds frames. An empty page does not always mean the end: if the run at the cursor was deleted, the server also
returns an empty page instead of an error. In that case, reading continues after the last run that still exists.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

from dagster_nb.errors import RequestTimeoutError
from dagster_nb.graphql.repeated_page import PageEdges
from dagster_nb.graphql.responses import unwrap
from dagster_nb.graphql.retries import ResponseTooLargeError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence

    from dagster_nb.graphql.dagster_api import DagsterApi
    from dagster_nb.graphql.run_filters import RunsFilter

__all__ = ["MAX_TIMEOUTS", "Record", "existing_ids", "list_ids", "read_pages", "request_runs"]

Record = dict[str, Any]
"""A ``Run`` object from the server."""

T = TypeVar("T")

_IDS_PER_REQUEST = 10_000
_MIN_IDS_PER_REQUEST = 100
_IDS_PER_CHECK = 500
MAX_TIMEOUTS = 3
"""The number of consecutive timeouts after which reading stops."""


def read_pages(
    api: DagsterApi, runs_filter: RunsFilter, *, limit: int | None, page_size: int | None, include: Mapping[str, bool]
) -> AsyncGenerator[list[Record]]:
    """Yield all runs that match one filter, newest first, in pages.

    Parameters
    ----------
    api
        The server.
    runs_filter
        The filter.
    limit
        The maximum number of runs; None reads all.
    page_size
        The number of runs per request; None adapts the number to the server.
    include
        The variables that switch on the document's optional columns.
    """
    fetch = _RunPages(api, runs_filter, page_size=page_size, include=include)
    return _Walk(api, runs_filter, fetch, lambda record: record["runId"]).pages(limit)


def list_ids(
    api: DagsterApi, runs_filter: RunsFilter, *, ids_per_request: int | None = None
) -> AsyncGenerator[list[str]]:
    """Yield the ids of all runs that match one filter, newest first, in pages.

    Parameters
    ----------
    api, runs_filter
        As in `read_pages`.
    ids_per_request
        The default is 10,000, which is also the maximum.
    """
    size = min(ids_per_request or _IDS_PER_REQUEST, _IDS_PER_REQUEST)

    async def fetch(cursor: str | None, _remaining: int | None) -> _Page[str]:
        nonlocal size
        while True:
            can_shrink = size > _MIN_IDS_PER_REQUEST
            try:
                ids = await _request_ids(api, runs_filter, cursor=cursor, limit=size, may_be_too_large=can_shrink)
            except ResponseTooLargeError:
                if not can_shrink:
                    raise
                size //= 2
            else:
                return _Page(ids, size, cursor)

    return _Walk(api, runs_filter, fetch, lambda run_id: run_id).pages(None)


async def existing_ids(api: DagsterApi, ids: Sequence[str], runs_filter: RunsFilter | None = None) -> list[str]:
    """Return the ids of existing runs that match a filter, out of at most 500 given ids, in the server's order."""
    return await _request_ids(api, {**(runs_filter or {}), "runIds": list(ids)}, limit=len(ids))


async def request_runs(
    api: DagsterApi,
    runs_filter: RunsFilter,
    *,
    limit: int,
    include: Mapping[str, bool],
    cursor: str | None = None,
    may_be_too_large: bool = False,
) -> list[Record]:
    """Request one page of runs."""
    variables = {"filter": runs_filter, "cursor": cursor, "limit": limit, **include}
    data = await api.query("runs", variables, may_be_too_large=may_be_too_large)
    records: list[Record] = unwrap(data["runsOrError"], "Runs")["results"]
    return records


class _Page(NamedTuple, Generic[T]):
    items: list[T]
    size: int
    """The number of runs that were requested."""
    cursor: str | None
    """The id of the last run before this page; None for the first page."""

    @property
    def is_full(self) -> bool:
        return len(self.items) >= self.size


if TYPE_CHECKING:
    Fetch = Callable[[str | None, int | None], Awaitable[_Page[T]]]


class _Walk(Generic[T]):
    """Reads all items that match a filter, page by page."""

    def __init__(self, api: DagsterApi, runs_filter: RunsFilter, fetch: Fetch[T], id_of: Callable[[T], str]):
        self._api = api
        self._filter = runs_filter
        self._fetch = fetch
        self._id_of = id_of
        # The ids of each page are joined into one string to save memory: a million ids take 37 MB.
        self._passed: list[str] = []
        # No other page contains these runs, even if later runs are deleted and reading continues at an earlier run.
        self._edges = PageEdges("runs")

    async def pages(self, limit: int | None) -> AsyncGenerator[list[T]]:
        """Yield the items in pages; the next page is requested before a page is yielded."""
        remaining = limit
        request = asyncio.create_task(self._next_page(None, remaining))
        try:
            while (page := await request) is not None:
                ids = [self._id_of(item) for item in page.items]
                self._edges.add(ids)
                self._passed.append("\n".join(ids))
                if remaining is not None:
                    remaining -= len(page.items)
                if remaining != 0:
                    request = asyncio.create_task(self._next_page(page, remaining))
                if page.items:
                    yield page.items
                if remaining == 0:
                    return
        finally:
            request.cancel()
            await asyncio.gather(request, return_exceptions=True)

    async def _next_page(self, previous: _Page[T] | None, remaining: int | None) -> _Page[T] | None:
        if previous is None:
            return await self._fetch(None, remaining)
        if previous.items:
            cursor: str | None = self._id_of(previous.items[-1])
            if not previous.is_full and (previous.cursor is None or not await self._has_older(cursor)):
                return None
        else:
            # Deleted runs never reappear. If the run at the cursor exists now, it also existed when the page was read,
            # so the empty page did mean the end.
            if previous.cursor is None or await existing_ids(self._api, [previous.cursor]):
                return None
            cursor = await self._last_existing()
        return await self._fetch(cursor, remaining)

    async def _has_older(self, cursor: str | None) -> bool:
        """After a page that is shorter than requested, return whether there are more runs.

        Normally there are none, but the server may limit the page size. A short first page is not checked, because an
        unmodified Dagster does not limit the page size.
        """
        return bool(await _request_ids(self._api, self._filter, cursor=cursor, limit=1))

    async def _last_existing(self) -> str | None:
        """Return the oldest run read so far that still exists.

        If there is none, return None: reading must then start again.
        """
        while self._passed:
            ids = self._passed[-1].split()
            for end in range(len(ids), 0, -_IDS_PER_CHECK):
                if existing := await existing_ids(self._api, ids[max(0, end - _IDS_PER_CHECK) : end]):
                    return existing[-1]
            # Deleted runs never reappear, so these runs need not be checked again.
            self._passed.pop()
        return None


class _RunPages:
    """Requests pages of runs. The page size adapts to the server, unless the caller gives a size."""

    def __init__(self, api: DagsterApi, runs_filter: RunsFilter, *, page_size: int | None, include: Mapping[str, bool]):
        self._api = api
        self._filter = runs_filter
        self._include = include
        self._fixed_size = page_size is not None
        self._size = page_size or api.page_size.first

    async def __call__(self, cursor: str | None, remaining: int | None) -> _Page[Record]:
        timeouts = 0
        while True:
            size = _smaller(self._size, remaining)
            smaller = size if self._fixed_size else self._api.page_size.smaller(size)
            latency, began = self._api.session.latency, time.perf_counter()
            try:
                records = await request_runs(
                    self._api,
                    self._filter,
                    limit=size,
                    include=self._include,
                    cursor=cursor,
                    may_be_too_large=smaller < size,
                )
            except (ResponseTooLargeError, RequestTimeoutError) as error:
                timeouts += isinstance(error, RequestTimeoutError)
                if smaller == size or timeouts == MAX_TIMEOUTS:
                    raise
                self._size = self._api.page_size.after_failure(size)
            else:
                # The duration of a short page does not show how long a full page would take.
                if not self._fixed_size and len(records) == size:
                    seconds = time.perf_counter() - began
                    self._size = self._api.page_size.after_page(size, seconds=seconds, latency=latency)
                return _Page(records, size, cursor)


async def _request_ids(
    api: DagsterApi,
    runs_filter: RunsFilter,
    *,
    limit: int,
    cursor: str | None = None,
    may_be_too_large: bool = False,
) -> list[str]:
    variables = {"filter": runs_filter, "cursor": cursor, "limit": limit}
    data = await api.query("run_ids", variables, may_be_too_large=may_be_too_large)
    ids: list[str] = unwrap(data["runIdsOrError"], "RunIds")["results"]
    return ids


def _smaller(size: int, remaining: int | None) -> int:
    return size if remaining is None else min(size, remaining)
