"""Read runs that need more than one server filter, such as the runs of several jobs.

Runs in a response have no sort key, so runs from several responses can only be sorted with one list of all ids. The ids
are therefore listed first, which is fast, and the runs are then read by id. If the server lists a run but then does not
return it, the run was deleted or no longer matches, or the server is inconsistent. Listing the ids again shows the
cause.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from dagster_nb.chunks import in_chunks
from dagster_nb.errors import RequestTimeoutError
from dagster_nb.graphql.retries import ResponseTooLargeError
from dagster_nb.graphql.run_paging import MAX_TIMEOUTS, existing_ids, list_ids, request_runs

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping, Sequence

    from dagster_nb.graphql.dagster_api import DagsterApi
    from dagster_nb.graphql.run_filters import RunsFilter, ServerFilters
    from dagster_nb.graphql.run_paging import Record

__all__ = ["MissingRunsError", "list_merged_ids", "read_merged_pages"]

# The ids of a page must fit into one SQLite statement, and some builds of SQLite allow only 999 parameters.
_MAX_PAGE_SIZE = 500
_TRIES = 4


class MissingRunsError(Exception):
    """The server repeatedly listed the ids of some runs without returning these runs.

    Parameters
    ----------
    run_ids
        The ids of the runs that were not returned.
    """

    def __init__(self, run_ids: Sequence[str]):
        super().__init__(f"the server lists {len(run_ids)} runs that it does not return. Check the server's log.")
        self.run_ids = list(run_ids)


async def read_merged_pages(
    api: DagsterApi, filters: ServerFilters, *, limit: int | None, page_size: int | None, include: Mapping[str, bool]
) -> AsyncGenerator[list[Record]]:
    """Yield all runs that match any of several filters, newest first, in pages.

    Parameters
    ----------
    api
        The server.
    filters
        The filters of the runs to read.
    limit
        The maximum number of runs; None reads all.
    page_size
        Runs per request, at most 500. By default the size adapts to the server: 200 at first, then 500.
    include
        The variables that switch on the document's optional columns.

    Raises
    ------
    MissingRunsError
        If the server repeatedly listed runs without returning them. This is raised after the last page.
    """
    size = min(page_size or _MAX_PAGE_SIZE, _MAX_PAGE_SIZE)
    first_size = size if page_size else api.page_size.first
    fetch = _RunsById(api, filters.common, adapts=page_size is None, include=include)
    remaining = limit
    async for ids in list_merged_ids(api, filters, first=None if limit is None else limit + size):
        # Runs may be deleted before they are read. If so, take more ids from the list, so that exactly ``limit`` runs
        # are returned.
        wanted = ids
        while wanted and remaining != 0:
            batch, wanted = (wanted, []) if remaining is None else (wanted[:remaining], wanted[remaining:])
            async for records in _read_by_id(fetch, batch, first_size=first_size, size=size):
                if remaining is not None:
                    remaining -= len(records)
                yield records
        if remaining == 0:
            break
    if fetch.missing:
        raise MissingRunsError(fetch.missing)


async def list_merged_ids(
    api: DagsterApi, filters: ServerFilters, *, first: int | None = None
) -> AsyncGenerator[list[str]]:
    """Yield the ids of all runs that match any of several filters, newest first and without duplicates.

    Parameters
    ----------
    api, filters
        As in `read_merged_pages`.
    first
        The number of ids that the caller will probably use; None means all. To find the first N ids over all filters,
        the first N ids of each filter are enough.
    """
    excluded: set[str] | None = None
    passed: set[str] = set()
    while True:
        wanted: set[str] = set()
        complete = True
        for one in filters.filters:
            ids = await _take(list_ids(api, one, ids_per_request=first), first)
            complete = complete and (first is None or len(ids) < first)
            wanted.update(ids)
        if excluded is None:
            # List the excluded ids last, so that a run that changes in between is treated according to its newer state.
            excluded = {run_id for one in filters.excluded for run_id in await _take(list_ids(api, one), None)}
        merged: list[str] = []
        async for ids in list_ids(api, filters.common):
            merged.extend(run_id for run_id in ids if run_id in wanted)
            if not complete and first is not None and len(merged) >= first:
                merged = merged[:first]
                break
        # Ignore the runs at the beginning of this list that were created after the first list was read.
        last = max((place for place, run_id in enumerate(merged) if run_id in passed), default=-1)
        fresh = merged[last + 1 :]
        # Remove the excluded ids only at the end, because the first N ids of each filter include them.
        if kept := [run_id for run_id in fresh if run_id not in excluded]:
            yield kept
        if complete or first is None:
            return
        passed.update(fresh)
        first *= 4


async def _read_by_id(
    fetch: _RunsById, ids: Sequence[str], *, first_size: int, size: int
) -> AsyncGenerator[list[Record]]:
    """Read runs by id, in the order of the ids. The next page is requested before the current page is yielded."""
    rest = [ids[start : start + size] for start in range(first_size, len(ids), size)]
    pages = iter([ids[:first_size], *rest])
    task = asyncio.create_task(fetch(next(pages)))
    try:
        while True:
            records = await task
            following = next(pages, None)
            if following is not None:
                task = asyncio.create_task(fetch(following))
            if records:
                yield records
            if following is None:
                return
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


class _RunsById:
    """Requests the runs with the given ids.

    Attributes
    ----------
    missing : list of str
        The ids of runs that the server lists but does not return.
    """

    def __init__(self, api: DagsterApi, common: RunsFilter, *, adapts: bool, include: Mapping[str, bool]):
        self._api = api
        self._common = common
        self._adapts = adapts
        self._include = include
        self.missing: list[str] = []

    async def __call__(self, ids: Sequence[str]) -> list[Record]:
        """Return the runs that still exist and match, in the order of the ids."""
        found: dict[str, Record] = {}
        wanted = list(ids)
        for attempt in range(_TRIES):
            await asyncio.sleep(0.1 * attempt)
            found.update({record["runId"]: record for record in await self._request(wanted)})
            wanted = [run_id for run_id in wanted if run_id not in found]
            if wanted:
                wanted = await existing_ids(self._api, wanted, self._common)
            if not wanted:
                break
        self.missing.extend(wanted)
        return [found[run_id] for run_id in ids if run_id in found]

    async def _request(self, ids: Sequence[str], timeouts: int = 0) -> list[Record]:
        """Request runs in one page, or in several pages if one page is too large or takes too long."""
        largest = self._api.page_size.ceiling if self._adapts else len(ids)
        if len(ids) <= largest:
            return await self._request_page(ids, timeouts)
        records = []
        for part in in_chunks(ids, largest):
            records += await self._request(part, timeouts)
        return records

    async def _request_page(self, ids: Sequence[str], timeouts: int) -> list[Record]:
        runs_filter = {**self._common, "runIds": list(ids)}
        can_split = self._adapts and self._api.page_size.smaller(len(ids)) < len(ids)
        latency, began = self._api.session.latency, time.perf_counter()
        try:
            records = await request_runs(
                self._api, runs_filter, limit=len(ids), include=self._include, may_be_too_large=can_split
            )
        except (ResponseTooLargeError, RequestTimeoutError) as error:
            timeouts += isinstance(error, RequestTimeoutError)
            if not can_split or timeouts == MAX_TIMEOUTS:
                raise
        else:
            self._api.page_size.after_page(len(ids), seconds=time.perf_counter() - began, latency=latency)
            return records
        size = self._api.page_size.after_failure(len(ids))
        records = await self._request(ids[:size], timeouts)
        return records + await self._request(ids[size:], timeouts)


async def _take(pages: AsyncGenerator[list[str]], count: int | None) -> list[str]:
    taken: list[str] = []
    async for ids in pages:
        taken.extend(ids)
        if count is not None and len(taken) >= count:
            return taken[:count]
    return taken
