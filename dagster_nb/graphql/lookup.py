"""The questions that reading runs is made of, each put in the best way that a server understands.

The first way is the fastest, and one of every Dagster from 1.5 on. The others say the same, slower, to a server that
does not know the first.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from dagster_nb.errors import RunNotFoundError, UnsupportedServerError
from dagster_nb.graphql.answers import unwrap
from dagster_nb.graphql.concurrency import side_by_side
from dagster_nb.graphql.emulation import complement, satisfies, tells

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping, Sequence

    from dagster_nb.graphql.server import Server

__all__ = ["Sieve", "first_page", "handed_over", "ids_page", "records_by_id", "standing"]

Record = dict[str, Any]
Filter = dict[str, Any]

_RECORDS_PER_REQUEST = 500
_TRIES = 4


async def ids_page(server: Server, one: Filter, *, limit: int, cursor: str | None = None) -> list[str]:
    """Return a page of the ids that match, newest first.

    Parameters
    ----------
    server
        Whom to ask.
    one
        A filter that the server knows.
    limit, cursor
        How many, and after which.
    """
    variables = {"filter": one, "cursor": cursor, "limit": limit}
    try:
        answer = await server.query("run_ids", variables)
    except UnsupportedServerError:
        answer = await server.query("run_ids_by_page", variables)
        return [record["runId"] for record in unwrap(answer["runsOrError"], "Runs")["results"]]
    ids: list[str] = unwrap(answer["runIdsOrError"], "RunIds")["results"]
    return ids


async def first_page(server: Server, one: Filter, *, limit: int, include: Mapping[str, bool]) -> list[Record]:
    """Return the newest runs that match, in one request: without a cursor there is nothing to lose.

    Raises
    ------
    UnsupportedServerError
        If the server has to be asked in another way.
    """
    answer = await server.query("runs", {"filter": one, "limit": limit, **include})
    records: list[Record] = unwrap(answer["runsOrError"], "Runs")["results"]
    return records


async def records_by_id(
    server: Server, ids: Sequence[str], common: Filter, *, include: Mapping[str, bool]
) -> tuple[dict[str, Record], Filter]:
    """Return those of some runs that the server hands over, by id, and the part of the filter that it did not look at.

    Parameters
    ----------
    server
        Whom to ask.
    ids
        The runs.
    common
        What they must match besides.
    include
        The variables that switch the document's optional columns on.
    """
    known, unseen = server.split({**common, "runIds": list(ids)})
    if "runIds" in known:
        try:
            records = await first_page(server, known, limit=len(ids), include=include)
        except UnsupportedServerError:
            pass
        else:
            return {record["runId"]: record for record in records}, unseen
    return await _one_by_one(server, ids, include=include), common


async def standing(server: Server, ids: Sequence[str], common: Filter) -> list[str]:
    """Return those of some runs that the server still lists, in its order.

    Parameters
    ----------
    server, ids, common
        As in `records_by_id`.
    """
    known, _ = server.split({**common, "runIds": list(ids)})
    if "runIds" in known:
        return await ids_page(server, known, limit=len(ids))
    found = await _one_by_one(server, ids, include={})
    return [run_id for run_id in ids if run_id in found and satisfies(found[run_id], common)]


async def handed_over(
    server: Server, ids: Sequence[str], common: Filter, *, include: Mapping[str, bool]
) -> tuple[dict[str, Record], Filter, list[str]]:
    """Return those of some runs that the server hands over, asking again for those that it goes on to list.

    Parameters
    ----------
    server, ids, common, include
        As in `records_by_id`.

    Returns
    -------
    records : dict
        By id.
    unseen : dict
        The part of the filter that the server did not look at.
    withheld : list of str
        What it keeps listing and does not hand over.
    """
    found: dict[str, Record] = {}
    unseen: Filter = {}
    wanted = list(ids)
    for attempt in range(_TRIES):
        if attempt:
            await asyncio.sleep(0.1 * attempt)
        records, unseen = await records_by_id(server, wanted, common, include=include)
        found.update(records)
        wanted = [run_id for run_id in wanted if run_id not in found]
        if wanted:
            listed = set(await standing(server, wanted, common))
            wanted = [run_id for run_id in wanted if run_id in listed]
        if not wanted:
            break
    return found, unseen, wanted


class Sieve:
    """Which of the ids that a server lists match what it could not be asked for.

    Parameters
    ----------
    server
        Whom to ask.
    wanted
        The part of a filter that the server does not know.
    list_all
        Lists all ids that match a filter which the server knows.
    """

    def __init__(self, server: Server, wanted: Filter, list_all: Callable[[Server, Filter], AsyncIterator[list[str]]]):
        self._server = server
        self._list_all = list_all
        self._ids = set(wanted["runIds"]) if "runIds" in wanted else None
        rest = {key: value for key, value in wanted.items() if key != "runIds"}
        opposites = {key: opposite for key, value in rest.items() if (opposite := complement(key, value)) is not None}
        opposites = {key: opposite for key, opposite in opposites.items() if not server.split(opposite)[1]}
        self._outside = list(opposites.values())
        self._to_be_read = {key: value for key, value in rest.items() if key not in opposites}
        self._excluded: set[str] | None = None

    async def sift(self, ids: list[str]) -> list[str]:
        """Return those that match, in their order."""
        if self._ids is not None:
            ids = [run_id for run_id in ids if run_id in self._ids]
        if self._outside:
            excluded = await self._exclude()
            ids = [run_id for run_id in ids if run_id not in excluded]
        if self._to_be_read:
            ids = [run_id async for run_id in self._read(ids)]
        return ids

    async def _exclude(self) -> set[str]:
        # Listed after the first of those that are sifted, so that a run which changes meanwhile counts as it is now.
        if self._excluded is None:
            self._excluded = set()
            for opposite in self._outside:
                async for ids in self._list_all(self._server, opposite):
                    self._excluded.update(ids)
        return self._excluded

    async def _read(self, ids: Sequence[str]) -> AsyncIterator[str]:
        for start in range(0, len(ids), _RECORDS_PER_REQUEST):
            page = ids[start : start + _RECORDS_PER_REQUEST]
            found, _, withheld = await handed_over(self._server, page, {}, include={})
            # What is withheld may match; whoever reads the runs will miss it, and say so.
            passed = set(withheld)
            for run_id in page:
                if run_id in passed or (run_id in found and self._matches(found[run_id])):
                    yield run_id

    def _matches(self, record: Record) -> bool:
        for key, value in self._to_be_read.items():
            if not tells(record, key, value):
                raise self._server.unsupported(f"RunsFilter.{key}")
        return satisfies(record, self._to_be_read)


async def _one_by_one(server: Server, ids: Sequence[str], *, include: Mapping[str, bool]) -> dict[str, Record]:
    async def read(run_id: str) -> Record | None:
        answer = await server.query("run", {"runConfig": False, **include, "runId": run_id})
        try:
            return {"runId": run_id, **unwrap(answer["runOrError"], "Run")}
        except RunNotFoundError:
            return None

    records = await side_by_side(read, ids)
    return {run_id: record for run_id, record in zip(ids, records, strict=True) if record is not None}
