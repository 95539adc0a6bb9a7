"""Translate filters for the server. A ``RunsFilter`` accepts one job, one value per tag, and no code location."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from itertools import product
from typing import TYPE_CHECKING, Any

from dagster_nb.chunks import in_chunks

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from dagster_nb.filters import RunFilters

__all__ = ["REPOSITORY_TAG", "RunsFilter", "ServerFilters", "complement", "to_server_filters"]

RunsFilter = dict[str, Any]
"""A value of the GraphQL input type ``RunsFilter``."""

REPOSITORY_TAG = ".dagster/repository"
"""The key of the hidden tag ``repository@location``. The server can filter by this tag, but never returns it."""

# Some builds of SQLite allow only 999 parameters per statement, so one filter can hold no more run ids than this.
_IDS_PER_FILTER = 500
_KEYS = {
    "created_after": "createdAfter",
    "created_before": "createdBefore",
    "updated_after": "updatedAfter",
    "updated_before": "updatedBefore",
}
_COMPLEMENTS = {"createdAfter": ("createdBefore", 1), "updatedBefore": ("updatedAfter", -1)}


@dataclass(frozen=True, slots=True)
class ServerFilters:
    """The filters to send to the server.

    Parameters
    ----------
    common
        The conditions that all filters have in common.
    filters
        Filters that do not overlap, and that together match the requested runs.
    excluded
        Filters for runs to leave out. They are needed if a server supports only the opposite of a time bound.
    """

    common: RunsFilter
    filters: list[RunsFilter]
    excluded: list[RunsFilter]

    @property
    def is_single(self) -> bool:
        """Whether a single filter is enough, in which case the server's own order can be used."""
        return len(self.filters) == 1 and not self.excluded


def to_server_filters(
    filters: RunFilters, *, repository_tags: Sequence[str] | None = None, known_keys: Collection[str] | None = None
) -> ServerFilters:
    """Translate filters into server filters.

    Parameters
    ----------
    filters
        The filters to translate. `RunFilters.matches_nothing` must be False, because the server treats an empty list as
        "any".
    repository_tags
        The values of `REPOSITORY_TAG` for ``filters.location``; required if ``filters.location`` is set.
    known_keys
        The keys that the server's ``RunsFilter`` has; None means all.

    Examples
    --------
    >>> from dagster_nb.filters import RunFilters
    >>> to_server_filters(RunFilters(job=("a", "b"), status=("FAILURE",))).filters
    [{'statuses': ['FAILURE'], 'pipelineName': 'a'}, {'statuses': ['FAILURE'], 'pipelineName': 'b'}]
    """
    common, excluded = _bounds(filters, known_keys)
    if filters.status:
        common["statuses"] = list(filters.status)
    several = []
    for choice in _choices(filters, repository_tags):
        # If a key has only one allowed value, this value is the same in all filters.
        if len(choice) == 1:
            common = _and(common, choice[0])
        else:
            several.append(choice)
    return ServerFilters(common, [reduce(_and, combination, common) for combination in product(*several)], excluded)


def complement(key: str, seconds: float) -> RunsFilter:
    """Return the filter that matches exactly the runs that a time bound excludes.

    Both bounds are exclusive, and times are whole microseconds, so the opposite bound is one microsecond earlier or
    later.

    Examples
    --------
    >>> complement("createdAfter", 5.5)
    {'createdBefore': 5.500001}
    """
    opposite, shift = _COMPLEMENTS[key]
    bound = round(seconds * 1_000_000) + shift
    if shift > 0 and bound % 1_000_000 == 0:
        # SQLite compares times as strings. The servers that need this filter store a whole second without a fraction,
        # which sorts before the same second with a fraction. Therefore, the bound is one microsecond earlier than it
        # should be, and a run at exactly that microsecond is not matched.
        bound -= shift
    return {opposite: bound / 1_000_000}


def _bounds(filters: RunFilters, known_keys: Collection[str] | None) -> tuple[RunsFilter, list[RunsFilter]]:
    included: RunsFilter = {}
    excluded = []
    for name, seconds in filters.bounds().items():
        key = _KEYS[name]
        # A lower bound at or before the start of 1970 excludes nothing.
        if seconds <= 0:
            continue
        if known_keys is not None and key not in known_keys and key in _COMPLEMENTS:
            excluded.append(complement(key, seconds))
        else:
            included[key] = seconds
    return included, excluded


def _choices(filters: RunFilters, repository_tags: Sequence[str] | None) -> list[list[RunsFilter]]:
    """For each key that accepts only one value, return a list with one filter per allowed value."""
    choices: list[list[RunsFilter]] = []
    if filters.job is not None:
        choices.append([{"pipelineName": job} for job in filters.job])
    if filters.run_ids is not None:
        choices.append([{"runIds": ids} for ids in in_chunks(filters.run_ids, _IDS_PER_FILTER)])
    tags = dict(filters.tags)
    if repository_tags is not None:
        # If several tags in a filter have the same key, the server uses only the last one, so both conditions are
        # combined here.
        wanted = tags.get(REPOSITORY_TAG, repository_tags)
        tags[REPOSITORY_TAG] = tuple(value for value in repository_tags if value in wanted)
    choices.extend([{"tags": [{"key": key, "value": value}]} for value in values] for key, values in tags.items())
    return choices


def _and(left: Mapping[str, Any], right: Mapping[str, Any]) -> RunsFilter:
    """Combine two filters that have no keys in common except ``tags``. The result has the tags of both."""
    joined = {**left, **right}
    if "tags" in left and "tags" in right:
        joined["tags"] = [*left["tags"], *right["tags"]]
    return joined
