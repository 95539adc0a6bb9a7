"""Which runs a person asks for: the filters of ``runs()``, parsed once and used by every room.

Dagster's server reads an empty list, an empty string and a zero as "no filter". Here an empty list matches no run, and
an empty string is refused, so that no filter ever turns into its opposite on the way to the server.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import Enum
from typing import TYPE_CHECKING, Any, Self

from dagster_nb.times import Moment, to_seconds

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = ["RunFilters", "as_strings", "parse_tags"]

_MAX_IDS_IN_JSON = 100


@dataclass(frozen=True, slots=True)
class RunFilters:
    """Which runs to read. A run must pass all filters; None and the empty ``tags`` filter nothing.

    Parameters
    ----------
    job, status, run_ids, location
        The run has one of these values; an empty tuple matches no run.
    tags
        Tag keys, each with the values of which the run has one.
    created_after, created_before, updated_after, updated_before
        Exclusive bounds in seconds since 1970.
    """

    job: tuple[str, ...] | None = None
    status: tuple[str, ...] | None = None
    run_ids: tuple[str, ...] | None = None
    location: tuple[str, ...] | None = None
    tags: tuple[tuple[str, tuple[str, ...]], ...] = ()
    created_after: float | None = None
    created_before: float | None = None
    updated_after: float | None = None
    updated_before: float | None = None

    @classmethod
    def parse(
        cls,
        *,
        known_statuses: Sequence[str],
        job: str | Iterable[str] | None = None,
        status: str | Iterable[str] | None = None,
        tags: Mapping[str, str | Iterable[str]] | None = None,
        run_ids: str | Iterable[str] | None = None,
        location: str | Iterable[str] | None = None,
        created_after: Moment | None = None,
        created_before: Moment | None = None,
        updated_after: Moment | None = None,
        updated_before: Moment | None = None,
    ) -> Self:
        """Parse the arguments of ``runs()``.

        Parameters
        ----------
        known_statuses
            The statuses that the server or this package knows.
        job, status, tags, run_ids, location, created_after, created_before, updated_after, updated_before
            As in `DagsterClient.runs`.

        Raises
        ------
        ValueError, TypeError
            If an argument is invalid.

        Examples
        --------
        >>> RunFilters.parse(known_statuses=["SUCCESS"], job="nightly").job
        ('nightly',)
        """
        statuses = as_strings(status, "status")
        for value in statuses or ():
            if value not in known_statuses:
                raise ValueError(f"{value!r} is not a run status. Use one of: {', '.join(known_statuses)}.")
        return cls(
            job=as_strings(job, "job"),
            status=statuses,
            run_ids=as_strings(run_ids, "run_ids"),
            location=as_strings(location, "location"),
            tags=parse_tags(tags),
            created_after=to_seconds(created_after, "created_after"),
            created_before=to_seconds(created_before, "created_before"),
            updated_after=to_seconds(updated_after, "updated_after"),
            updated_before=to_seconds(updated_before, "updated_before"),
        )

    @property
    def is_empty(self) -> bool:
        """Whether no run can match, so that no request is needed."""
        choices = [self.job, self.status, self.run_ids, self.location, *(values for _, values in self.tags)]
        # No run is older than 1970, and the server reads a bound of zero as no bound.
        return any(choice == () for choice in choices) or any(
            bound is not None and bound <= 0 for bound in (self.created_before, self.updated_before)
        )

    def as_json(self) -> dict[str, Any]:
        """Return the filters that are set, as plain JSON for ``frame.attrs``.

        Examples
        --------
        >>> RunFilters(job=("a",), created_after=5.0).as_json()
        {'job': ['a'], 'created_after': 5.0}
        """
        plain: dict[str, Any] = {}
        for field in fields(RunFilters):
            value = getattr(self, field.name)
            if field.name == "tags":
                value = {key: list(values) for key, values in value} or None
            elif field.name == "run_ids" and value is not None and len(value) > _MAX_IDS_IN_JSON:
                # pandas copies attrs with every operation, so they must stay small.
                value = f"{len(value):,} ids"
            elif isinstance(value, tuple):
                value = list(value)
            if value is not None:
                plain[field.name] = value
        return plain


def as_strings(value: object, name: str) -> tuple[str, ...] | None:
    """Return one string or many as a tuple without duplicates; None stays None.

    Parameters
    ----------
    value
        A string, an iterable of strings (a list, a set, a Series), or None. An enum member counts as its value, so
        Dagster's own ``DagsterRunStatus.FAILURE`` works.
    name
        The name of the argument, for the error message.

    Raises
    ------
    TypeError
        If it is anything else.
    ValueError
        If a string is empty, because the server would take it for "any".

    Examples
    --------
    >>> as_strings("a", "job"), as_strings(["a", "b", "a"], "job"), as_strings([], "job")
    (('a',), ('a', 'b'), ())
    """
    if value is None:
        return None
    if isinstance(value, str | Enum):
        value = [value]
    # Iterating a frame yields its column names, which nobody wants here.
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
    """Return a dict of tags as pairs of a key and the values allowed for it; None means no pairs.

    Raises
    ------
    TypeError, ValueError
        If it is not a dict from strings to a string or strings.

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
        # Unlike elsewhere, the server compares an empty tag value like any other.
        values = ("",) if value == "" else as_strings(value, f"tags[{key!r}]")
        if values is None:
            raise TypeError(f"tags[{key!r}] must be a string or a list of strings, not None.")
        parsed.append((key, values))
    return tuple(parsed)
