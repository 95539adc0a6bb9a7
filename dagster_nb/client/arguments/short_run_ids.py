"""Find the full id for a shortened run id, as shown on Dagster's pages and in the panels.

A server cannot search for the beginning of an id, so the ids of all runs are listed, which takes about 0.3 s per 20,000
runs. The ids are listed only if an id is shorter than a full id and no run has exactly that id.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagster_nb.chunks import in_chunks
from dagster_nb.errors import RunNotFoundError
from dagster_nb.graphql.paging import existing_ids, list_ids
from dagster_nb.parse_run_ids import FULL_ID_LENGTH, one_run_id, run_ids_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dagster_nb.graphql.dagster_api import DagsterApi
    from dagster_nb.parse_run_ids import RunsLike

__all__ = ["MIN_PREFIX_LENGTH", "full_run_id", "full_run_ids"]

MIN_PREFIX_LENGTH = 8
"""The minimum number of characters in a shortened run id."""

_MAX_CANDIDATES = 10
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
    known: set[str] = set()
    for page in in_chunks(short, _IDS_PER_REQUEST):
        known.update(await existing_ids(api, page))
    prefixes = [run_id for run_id in short if run_id not in known]
    full = await _expand(api, prefixes) if prefixes else {}
    return list(dict.fromkeys(full.get(run_id, run_id) for run_id in ids))


async def full_run_id(api: DagsterApi, run: RunsLike) -> str:
    """Return the full id of one run; see `full_run_ids`."""
    return (await full_run_ids(api, one_run_id(run)))[0]


async def _expand(api: DagsterApi, prefixes: Sequence[str]) -> dict[str, str]:
    """Return the full id of each prefix."""
    for prefix in prefixes:
        if len(prefix) < MIN_PREFIX_LENGTH:
            raise RunNotFoundError(
                f"{prefix!r} is neither the full id of a run nor long enough to be a shortened id. Pass at least "
                f"{MIN_PREFIX_LENGTH} characters of the id. client.runs() lists all runs."
            )
    matches: dict[str, list[str]] = {prefix: [] for prefix in prefixes}
    async for ids in list_ids(api, {}):
        for prefix, found in matches.items():
            found += [run_id for run_id in ids if run_id.startswith(prefix)]
    return {prefix: _only_match(prefix, found) for prefix, found in matches.items()}


def _only_match(prefix: str, matches: Sequence[str]) -> str:
    if not matches:
        raise RunNotFoundError(
            f"the server has no run {prefix!r}, and no run id begins with it. Check the id. client.runs() lists all "
            "runs."
        )
    if len(matches) == 1:
        return matches[0]
    shown = [f"  {run_id}" for run_id in matches[:_MAX_CANDIDATES]]
    if len(matches) > _MAX_CANDIDATES:
        shown.append(f"  and {len(matches) - _MAX_CANDIDATES} more")
    raise RunNotFoundError(
        "\n".join(
            [
                f"{len(matches)} runs have an id that begins with {prefix!r}. Pass more characters of one of them:",
                *shown,
            ]
        )
    )
