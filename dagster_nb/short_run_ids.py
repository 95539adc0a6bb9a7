"""Handle shortened run ids, such as the first eight characters, which Dagster's pages and our panels show."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagster_nb.errors import RunNotFoundError
from dagster_nb.parse_run_ids import FULL_ID_LENGTH

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["MIN_PREFIX_LENGTH", "full_ids_of_filter", "is_shortened", "only_match"]

MIN_PREFIX_LENGTH = 8
"""The minimum number of characters in a shortened run id."""

_MAX_CANDIDATES = 10


def is_shortened(run_id: str) -> bool:
    """Return whether an id may be the beginning of a full id.

    Examples
    --------
    >>> is_shortened("4ba746c7"), is_shortened("4ba746c7-5d3c-4f6f-9d9e-0a1b2c3d4e5f"), is_shortened("4ba")
    (True, False, False)
    """
    return MIN_PREFIX_LENGTH <= len(run_id) < FULL_ID_LENGTH


def only_match(prefix: str, matches: Sequence[str]) -> str:
    """Return the id that begins with a prefix, if there is only one.

    Raises
    ------
    RunNotFoundError
        If several ids begin with the prefix. The message lists these ids.
    """
    if len(matches) == 1:
        return matches[0]
    shown = [f"  {run_id}" for run_id in matches[:_MAX_CANDIDATES]]
    if len(matches) > _MAX_CANDIDATES:
        shown.append(f"  and {len(matches) - _MAX_CANDIDATES} more")
    raise RunNotFoundError(
        "\n".join(
            [
                f"{len(matches)} runs have an id that begins with {prefix!r}. Pass more characters of one of these:",
                *shown,
            ]
        )
    )


def full_ids_of_filter(run_ids: Iterable[str], existing: Iterable[str]) -> tuple[str, ...]:
    """Return full ids in place of a filter's shortened ids. Ids that belong to no run are returned unchanged.

    Parameters
    ----------
    run_ids
        The ids in the filter.
    existing
        The ids of all runs, or at least all ids that begin with one of the shortened ids.

    Raises
    ------
    RunNotFoundError
        As `only_match`.

    Examples
    --------
    >>> full = "4ba746c7-5d3c-4f6f-9d9e-0a1b2c3d4e5f"
    >>> full_ids_of_filter(["4ba746c7", "00000000"], [full])
    ('4ba746c7-5d3c-4f6f-9d9e-0a1b2c3d4e5f', '00000000')
    """
    known = set(existing)

    def full_id(run_id: str) -> str:
        if run_id in known or not is_shortened(run_id):
            return run_id
        matches = sorted(one for one in known if one.startswith(run_id))
        return only_match(run_id, matches) if matches else run_id

    return tuple(dict.fromkeys(map(full_id, run_ids)))
