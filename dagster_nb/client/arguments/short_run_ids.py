"""Find the full id for a shortened run id, as shown on Dagster's pages and in the panels.

The server cannot search for the beginning of an id, so the client lists the ids of all runs, which takes about 0.3 s
per 20,000 runs. The ids are listed only if an id is shorter than a full id and no run has exactly that id.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagster_nb.chunks import in_chunks
from dagster_nb.errors import RunNotFoundError
from dagster_nb.graphql.run_paging import existing_ids, list_ids
from dagster_nb.parse_run_ids import FULL_ID_LENGTH, one_run_id, run_ids_of
from dagster_nb.short_run_ids import MIN_PREFIX_LENGTH, full_ids_of_filter, is_shortened, only_match

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dagster_nb.graphql.dagster_api import DagsterApi
    from dagster_nb.parse_run_ids import RunsLike

__all__ = ["full_filter_ids", "full_run_id", "full_run_ids"]

_IDS_PER_REQUEST = 500


async def full_run_ids(api: DagsterApi, runs: RunsLike) -> list[str]:
    """Return the full ids of the runs to read, in the order given and without duplicates.

    Parameters
    ----------
    api
        The server that has the runs.
    runs
        As in `run_ids_of`. An id may be shortened to its first 8 or more characters.

    Raises
    ------
    RunNotFoundError
        If no run, or more than one run, has an id that begins with a shortened id. Full ids are not checked.
    TypeError, ValueError
        As in `run_ids_of`. Nothing is sent.
    """
    ids = run_ids_of(runs)
    short = [run_id for run_id in ids if len(run_id) < FULL_ID_LENGTH]
    if not short:
        return ids
    known = await _existing(api, short)
    prefixes = [run_id for run_id in short if run_id not in known]
    full = await _expand(api, prefixes) if prefixes else {}
    return list(dict.fromkeys(full.get(run_id, run_id) for run_id in ids))


async def full_filter_ids(api: DagsterApi, run_ids: Sequence[str]) -> tuple[str, ...]:
    """Return the ids in a filter as full ids. Ids that belong to no run are returned unchanged.

    Raises
    ------
    RunNotFoundError
        If a shortened id of at least 8 characters matches several runs.
    """
    short = [run_id for run_id in run_ids if is_shortened(run_id)]
    if not short:
        return tuple(run_ids)
    found = await _existing(api, short)
    prefixes = [run_id for run_id in short if run_id not in found]
    matches = await _matches(api, prefixes) if prefixes else {}
    return full_ids_of_filter(run_ids, found.union(*matches.values()))


async def full_run_id(api: DagsterApi, run: RunsLike) -> str:
    """Return the full id of one run. The id can be shortened, as in `full_run_ids`."""
    return (await full_run_ids(api, one_run_id(run)))[0]


async def _expand(api: DagsterApi, prefixes: Sequence[str]) -> dict[str, str]:
    """Return the full id of each prefix."""
    for prefix in prefixes:
        if len(prefix) < MIN_PREFIX_LENGTH:
            raise RunNotFoundError(
                f"{prefix!r} is neither the full id of a run nor long enough to be a shortened id. Pass at least "
                f"{MIN_PREFIX_LENGTH} characters of the id. client.runs() lists all runs."
            )
    matches = await _matches(api, prefixes)
    for prefix, found in matches.items():
        if not found:
            raise RunNotFoundError(
                f"the server has no run {prefix!r}, and no run id begins with it. Check the id. client.runs() lists "
                "all runs."
            )
    return {prefix: only_match(prefix, found) for prefix, found in matches.items()}


async def _matches(api: DagsterApi, prefixes: Sequence[str]) -> dict[str, list[str]]:
    """Return the ids of the runs that each prefix matches."""
    matches: dict[str, list[str]] = {prefix: [] for prefix in prefixes}
    async for ids in list_ids(api, {}):
        for prefix, found in matches.items():
            found += [run_id for run_id in ids if run_id.startswith(prefix)]
    return matches


async def _existing(api: DagsterApi, run_ids: Sequence[str]) -> set[str]:
    """Return those ids that are the full ids of existing runs."""
    known: set[str] = set()
    for page in in_chunks(run_ids, _IDS_PER_REQUEST):
        known.update(await existing_ids(api, page))
    return known
