"""Reading all runs that match, however many, while others come and go.

A page that is asked for by cursor lies: when the cursor's run was deleted the server answers an empty page and no
error, and a loop that stops there has lost every older run. So the ids are listed first, which is cheap and carries the
server's order, and the pages are then read *by id*. What was listed and not answered was deleted meanwhile, or no
longer matches, or the server contradicts itself: one more look at its list tells which.
"""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from dagster_nb.errors import UnsupportedServerError
from dagster_nb.graphql.answers import unwrap
from dagster_nb.graphql.emulation import satisfies
from dagster_nb.graphql.lookup import Sieve, first_page, handed_over, ids_page, standing

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Mapping, Sequence

    from dagster_nb.graphql.server import Server

__all__ = ["DEFAULT_PAGE_SIZE", "ContradictionError", "count_runs", "list_ids", "merge_ids", "read_pages"]

Record = dict[str, Any]
Filter = dict[str, Any]

DEFAULT_PAGE_SIZE = 500
# Two requests under way keep the server busy while the last answer is parsed; more gain nothing on a single server.
_PAGES_UNDER_WAY = 2
_IDS_PER_REQUEST = 10_000
# How far back a run is sought that still stands, when the one that marked the place was deleted.
_IDS_REMEMBERED = 100_000


class ContradictionError(Exception):
    """The server keeps listing runs that it does not hand over.

    Parameters
    ----------
    missing
        Their ids.
    """

    def __init__(self, missing: Sequence[str]):
        super().__init__(f"{len(missing)} runs are listed and not handed over")
        self.missing = list(missing)


async def count_runs(server: Server, filters: Iterable[Filter]) -> int:
    """Return how many runs match any of some disjoint filters (``Runs.count``)."""
    return sum([await _count(server, one) for one in filters])


async def _count(server: Server, one: Filter) -> int:
    known, unknown = server.split(one)
    if not unknown:
        try:
            answer = await server.query("run_count", {"filter": known})
        except UnsupportedServerError:
            pass
        else:
            count: int = unwrap(answer["runsOrError"], "Runs")["count"]
            return count
    return sum([len(ids) async for ids in list_ids(server, one)])


async def list_ids(server: Server, one: Filter, *, block: int | None = None) -> AsyncIterator[list[str]]:
    """Yield the ids of all runs that match, newest first, in blocks; none twice.

    Parameters
    ----------
    server
        Whom to ask.
    one
        A single filter.
    block
        Ids a request; 10,000 unless given.
    """
    known, unknown = server.split(one)
    told = False
    while True:
        # Of a page that is sifted little may be left.
        listed = _list_known(server, known, block=_IDS_PER_REQUEST if block is None or unknown else block)
        sieve = Sieve(server, unknown, list_ids)
        try:
            async for ids in listed:
                if matching := await sieve.sift(ids):
                    told = True
                    yield matching
        except UnsupportedServerError:
            # Refused at its first word, the server has told by its schema what it does not take.
            refused, (known, unknown) = known, server.split(one)
            if known == refused or told:
                raise
        else:
            return


async def _list_known(server: Server, known: Filter, *, block: int) -> AsyncIterator[list[str]]:
    """Yield the ids of all runs that match a filter which the server knows."""
    passed: deque[str] = deque(maxlen=_IDS_REMEMBERED)
    cursor: str | None = None
    resumed = False
    while True:
        ids = await ids_page(server, known, cursor=cursor, limit=block)
        if not ids:
            if cursor is None or cursor in await standing(server, [cursor], {}):
                # Nothing is older than a run that still stands; since deleted runs do not come back, it stood before.
                return
            cursor = await _last_standing(server, passed)
            resumed = True
            continue
        fresh = ids
        if resumed:
            past = set(passed)
            fresh = [run_id for run_id in ids if run_id not in past]
        passed.extend(fresh)
        cursor = ids[-1]
        if fresh:
            yield fresh


async def merge_ids(
    server: Server, common: Filter, filters: Sequence[Filter], *, depth: int | None = None
) -> AsyncIterator[list[str]]:
    """Yield the ids of all runs that match any of several filters, newest first, in blocks; none twice.

    Answers carry no order key, so the order of a merged answer can only be that of one list: the ids that match what
    the filters have in common.

    Parameters
    ----------
    server
        Whom to ask.
    common, filters
        From `RunSelection.filters`.
    depth
        How many ids will probably do; None means all. The first so many of each list hold the first so many of all.
    """
    passed: set[str] = set()
    while True:
        wanted: set[str] = set()
        complete = True
        for one in filters:
            ids = await _take(list_ids(server, one), depth)
            complete = complete and (depth is None or len(ids) < depth)
            wanted.update(ids)
        merged: list[str] = []
        async for ids in list_ids(server, common):
            merged.extend(run_id for run_id in ids if run_id in wanted)
            if not complete and depth is not None and len(merged) >= depth:
                merged = merged[:depth]
                break
        # What came meanwhile stands before the runs that were passed already, and is none of this reading's business.
        last = max((place for place, run_id in enumerate(merged) if run_id in passed), default=-1)
        if fresh := merged[last + 1 :]:
            yield fresh
        if complete or depth is None:
            return
        passed.update(fresh)
        depth *= 4


async def read_pages(
    server: Server,
    common: Filter,
    filters: Sequence[Filter],
    *,
    limit: int | None,
    page_size: int,
    include: Mapping[str, bool],
) -> AsyncIterator[list[Record]]:
    """Yield all runs that match any of some disjoint filters, newest first, a page at a time.

    Parameters
    ----------
    server
        Whom to ask.
    common, filters
        From `RunSelection.filters`.
    limit
        The most runs to read; None reads all.
    page_size
        Runs a page.
    include
        The variables that switch the document's optional columns on.

    Raises
    ------
    ContradictionError
        After the last page, if the server keeps listing runs that it does not hand over.
    """
    missing: list[str] = []
    if not filters or limit == 0:
        return
    if len(filters) == 1 and limit is not None and limit <= page_size and not server.split(filters[0])[1]:
        # Without a cursor there is nothing to lose.
        with suppress(UnsupportedServerError):
            if records := await first_page(server, filters[0], limit=limit, include=include):
                yield records
            return
    remaining = limit
    async for ids in _blocks(server, common, filters, limit=limit, page_size=page_size):
        wanted = ids
        # Where runs of the block vanish before they are read, its later ids take their place, so that a limit is exact.
        while wanted and remaining != 0:
            now, wanted = (wanted, []) if remaining is None else (wanted[:remaining], wanted[remaining:])
            pages = _read_by_id(server, common, now, page_size=page_size, include=include, missing=missing)
            async for records in pages:
                if remaining is not None:
                    remaining -= len(records)
                yield records
        if remaining == 0:
            break
    if missing:
        raise ContradictionError(missing)


def _blocks(
    server: Server, common: Filter, filters: Sequence[Filter], *, limit: int | None, page_size: int
) -> AsyncIterator[list[str]]:
    if len(filters) == 1:
        return list_ids(server, filters[0], block=min(limit or _IDS_PER_REQUEST, _IDS_PER_REQUEST))
    return merge_ids(server, common, filters, depth=None if limit is None else limit + page_size)


async def _read_by_id(
    server: Server,
    common: Filter,
    ids: Sequence[str],
    *,
    page_size: int,
    include: Mapping[str, bool],
    missing: list[str],
) -> AsyncIterator[list[Record]]:
    """Read runs by id in pages, the next one asked for before the last is used."""
    under_way: deque[asyncio.Task[list[Record]]] = deque()
    starts = iter(range(0, len(ids), page_size))
    try:
        while True:
            while len(under_way) < _PAGES_UNDER_WAY and (start := next(starts, None)) is not None:
                page = ids[start : start + page_size]
                reading = _read_page(server, common, page, include=include, missing=missing)
                under_way.append(asyncio.create_task(reading))
            if not under_way:
                return
            if records := await under_way.popleft():
                yield records
    finally:
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)


async def _read_page(
    server: Server, common: Filter, ids: Sequence[str], *, include: Mapping[str, bool], missing: list[str]
) -> list[Record]:
    """Return those of some runs that still exist and match, in the order of their ids.

    What the server keeps listing and does not hand over is added to ``missing``: one such run hides no other.
    """
    found, unseen, withheld = await handed_over(server, ids, common, include=include)
    missing.extend(withheld)
    return [found[run_id] for run_id in ids if run_id in found and satisfies(found[run_id], unseen)]


async def _last_standing(server: Server, passed: Sequence[str]) -> str | None:
    """Return the oldest of the runs passed that still exists; None if none does, and the reading starts anew."""
    older = list(passed)
    while older:
        candidates, older = older[-DEFAULT_PAGE_SIZE:], older[:-DEFAULT_PAGE_SIZE]
        if left := await standing(server, candidates, {}):
            return left[-1]
    return None


async def _take(blocks: AsyncIterator[list[str]], most: int | None) -> list[str]:
    taken: list[str] = []
    async for ids in blocks:
        taken.extend(ids)
        if most is not None and len(taken) >= most:
            return taken[:most]
    return taken
