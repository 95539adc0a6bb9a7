"""The filters of ``runs()``, parsed once and used by the whole package.

Dagster's server treats an empty list, an empty string and a zero as "no filter", and returns all runs. Here, an empty
list matches no run, and an empty string is an error.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import TYPE_CHECKING, Any, Self

from dagster_nb.parse_run_ids import run_ids_of
from dagster_nb.parse_time import Moment, to_seconds

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["BOUNDS", "CHOICES", "RunFilters", "as_strings", "parse_page_size", "parse_tags", "whole_number"]

CHOICES = ("status", "job", "location", "run_ids")
"""Filters with a list of allowed values."""

BOUNDS = ("created_after", "created_before", "updated_after", "updated_before")
"""Filters by time. All bounds are exclusive."""

_MAX_IDS_IN_JSON = 100


@dataclass(frozen=True, slots=True)
class RunFilters:
    """Filters that select the runs to read. A run must match all filters; None and empty ``tags`` mean no filter.

    Parameters
    ----------
    job, status, run_ids, location
        The allowed values; an empty tuple matches no run.
    tags
        Tag keys with their allowed values. For each key, a run must have one of these values.
    created_after, created_before, updated_after, updated_before
        Exclusive bounds, in the form in which the user passed them. A bound such as "7d" stays relative until `at`
        converts it.
    """

    job: tuple[str, ...] | None = None
    status: tuple[str, ...] | None = None
    run_ids: tuple[str, ...] | None = None
    location: tuple[str, ...] | None = None
    tags: tuple[tuple[str, tuple[str, ...]], ...] = ()
    created_after: Moment | None = None
    created_before: Moment | None = None
    updated_after: Moment | None = None
    updated_before: Moment | None = None

    @classmethod
    def parse(cls, *, known_statuses: Sequence[str] | None = None, **filters: Any) -> Self:  # noqa: ANN401
        """Parse the arguments of ``runs()``.

        Parameters
        ----------
        known_statuses
            The valid statuses; None allows any.
        **filters
            The fields of this class, as in `DagsterClient.runs`.

        Raises
        ------
        ValueError, TypeError
            If an argument is invalid.

        Examples
        --------
        >>> RunFilters.parse(job="nightly", created_after="7d").job
        ('nightly',)
        """
        for name in BOUNDS:
            to_seconds(filters.get(name), name)
        choices = {name: as_strings(filters.get(name), name) for name in CHOICES}
        for status in choices["status"] or ():
            if known_statuses is not None and status not in known_statuses:
                raise ValueError(f"{status!r} is not a run status. Use one of: {', '.join(known_statuses)}.")
        return cls(**{**filters, **choices, "tags": parse_tags(filters.get("tags"))})

    @classmethod
    def from_arguments(cls, arguments: Mapping[str, Any], *, known_statuses: Sequence[str] | None = None) -> Self:
        """Parse the filters among the arguments of a method such as ``runs()``.

        Bounds such as "7d" are relative to the current time.

        Parameters
        ----------
        arguments
            All arguments of the method, such as its ``locals()``. ``run_ids`` may be anything that identifies runs,
            such as `Run` objects.
        known_statuses
            As in `parse`.

        Raises
        ------
        ValueError, TypeError
            If a filter is invalid.
        """
        filters = {field.name: arguments[field.name] for field in fields(cls)}
        if filters["run_ids"] is not None:
            filters["run_ids"] = run_ids_of(filters["run_ids"])
        return cls.parse(known_statuses=known_statuses, **filters).at()

    @property
    def matches_nothing(self) -> bool:
        """Whether no run can match, so that no request is needed."""
        choices = [*(getattr(self, name) for name in CHOICES), *(values for _, values in self.tags)]
        # No run is older than 1970, and the server treats a bound of zero as no bound.
        return any(choice == () for choice in choices) or any(
            seconds <= 0 for name, seconds in self.bounds().items() if name.endswith("before")
        )

    def at(self, now: datetime | None = None) -> Self:
        """Return a copy with bounds in UTC; "7d" becomes seven days before `now` (default: the current time)."""
        fixed: dict[str, Any] = {
            name: datetime.fromtimestamp(0, UTC) + timedelta(microseconds=round(seconds * 1_000_000))
            for name, seconds in self.bounds(now).items()
        }
        return replace(self, **fixed)

    def bounds(self, now: datetime | None = None) -> dict[str, float]:
        """Return the bounds that are set, in seconds since 1970."""
        now = now or datetime.now(UTC)
        found = {name: to_seconds(getattr(self, name), name, now=now) for name in BOUNDS}
        return {name: seconds for name, seconds in found.items() if seconds is not None}

    def arguments(self) -> dict[str, Any]:
        """Return the filters that are set, as arguments of ``runs()``.

        Examples
        --------
        >>> RunFilters.parse(job="a", tags={"team": "data"}, created_after="7d").arguments()
        {'job': ['a'], 'tags': {'team': ['data']}, 'created_after': '7d'}
        """
        arguments: dict[str, Any] = {
            name: list(values) for name in CHOICES if (values := getattr(self, name)) is not None
        }
        if self.tags:
            arguments["tags"] = {key: list(values) for key, values in self.tags}
        arguments.update({name: bound for name in BOUNDS if (bound := getattr(self, name)) is not None})
        return arguments

    def as_json(self, limit: int | None = None) -> dict[str, Any]:
        """Return a limit and the filters that are set, as plain JSON for ``frame.attrs``.

        Bounds are seconds since 1970.

        Examples
        --------
        >>> RunFilters.parse(job="a", created_after="1970-01-02").as_json()
        {'job': ['a'], 'created_after': 86400.0}
        """
        plain = {**self.arguments(), **self.bounds()}
        if self.run_ids is not None and len(self.run_ids) > _MAX_IDS_IN_JSON:
            # pandas copies attrs with every operation, so attrs must stay small.
            plain["run_ids"] = f"{len(self.run_ids):,} ids"
        return plain if limit is None else {**plain, "limit": limit}


def as_strings(value: object, name: str) -> tuple[str, ...] | None:
    """Return one or many strings as a tuple without duplicates. None is returned unchanged.

    Parameters
    ----------
    value
        A string, an iterable of strings (a list, a set, a Series), or None. An enum member is replaced by its value, so
        Dagster's own ``DagsterRunStatus.FAILURE`` works.
    name
        The name of the argument, for the error message.

    Raises
    ------
    TypeError
        If the value has a different type.
    ValueError
        If a string is empty, because the server would treat it as "any".

    Examples
    --------
    >>> as_strings("a", "job"), as_strings(["a", "b", "a"], "job"), as_strings([], "job")
    (('a',), ('a', 'b'), ())
    """
    if value is None:
        return None
    if isinstance(value, str | Enum):
        value = [value]
    # Iterating over a frame would yield its column names, which are never the intended values.
    if isinstance(value, dict | bytes) or hasattr(value, "columns") or not hasattr(value, "__iter__"):
        raise TypeError(f"{name} must be a string or a list of strings, not {type(value).__name__}.")
    strings: dict[str, None] = {}
    for item in value:
        string = item.value if isinstance(item, Enum) else item
        if not isinstance(string, str):
            raise TypeError(f"{name} must contain strings, not {type(string).__name__} ({string!r}).")
        if not string:
            raise ValueError(f"{name} contains an empty string. Leave {name} out to match any value.")
        strings[string] = None
    return tuple(strings)


def parse_tags(tags: object) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return a dict of tags as pairs of a key and its allowed values. The result for None is empty.

    Raises
    ------
    TypeError, ValueError
        If `tags` is not a dict from strings to strings or lists of strings.

    Examples
    --------
    >>> parse_tags({"team": ["data", "ml"], "env": "prod"})
    (('team', ('data', 'ml')), ('env', ('prod',)))
    """
    if tags is None:
        return ()
    if not hasattr(tags, "items"):
        raise TypeError(f'tags must be a dict such as {{"team": "data"}}, not {type(tags).__name__}.')
    parsed = []
    for key, value in tags.items():
        if not isinstance(key, str) or not key:
            raise ValueError(f"tags has the key {key!r}. A tag's key must be a non-empty string.")
        # An empty tag value is allowed: the server ignores other empty strings, but compares this one like any other
        # value.
        values = ("",) if value == "" else as_strings(value, f"tags[{key!r}]")
        if values is None:
            raise TypeError(f"tags[{key!r}] must be a string or a list of strings, not None.")
        parsed.append((key, values))
    return tuple(parsed)


def whole_number(number: int | None, name: str) -> int | None:
    """Return a limit or a size as an int. None, which means no limit, is returned unchanged.

    Parameters
    ----------
    number
        The number that the user passed.
    name
        The name of the argument, for the error message.

    Raises
    ------
    TypeError
        If the number is not an integer.
    ValueError
        If the number is negative.

    Examples
    --------
    >>> whole_number(5, "limit"), whole_number(None, "limit")
    (5, None)
    """
    if number is None:
        return None
    if isinstance(number, bool) or not hasattr(number, "__index__"):
        raise TypeError(f"{name} must be an integer, not {number!r}.")
    if number < 0:
        raise ValueError(f"{name} must not be negative, got {number}. Use None to read all.")
    return int(number)


def parse_page_size(number: int | None) -> int | None:
    """Return the number of runs per page as an int. None, which means the default size, is returned unchanged.

    Raises
    ------
    TypeError, ValueError
        If the number is not a positive integer.

    Examples
    --------
    >>> parse_page_size(500)
    500
    """
    size = whole_number(number, "page_size")
    if size == 0:
        raise ValueError("page_size must be at least 1, not 0. Leave it out to use the default.")
    return size
