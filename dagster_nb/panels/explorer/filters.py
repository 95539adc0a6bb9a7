"""Which runs a person wants to see: what is asked of the source, and what is sieved from the runs in memory."""

from __future__ import annotations

import re
import weakref
from dataclasses import dataclass, fields, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from dagster_nb.analysis import unresolved_failures
from dagster_nb.analysis.columns import began
from dagster_nb.filters import as_strings
from dagster_nb.times import to_seconds

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

    from dagster_nb.times import Moment

    Mask = NDArray[np.bool_]

__all__ = ["CHOICES", "RunFilters", "matches", "parse_duration"]

CHOICES = ("status", "job", "location", "run_ids")
BOUNDS = ("created_after", "created_before", "updated_after", "updated_before")
_COLUMNS = {"status": "status", "job": "job_name", "location": "location", "run_ids": "run_id"}
_BOUND_COLUMNS = {"created": "creation_time", "updated": "update_time"}

_UNITS = {"ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0, "d": 86_400.0, "w": 604_800.0}
_PART = re.compile(rf"\s*(\d+(?:\.\d+)?)\s*({'|'.join(_UNITS)})?\s*")

Tags = tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True)
class RunFilters:
    """What is asked for; all of it must hold.

    Parameters
    ----------
    status, job, location, run_ids
        Values of which a run has one; None means any, an empty tuple none at all.
    tags
        For each key the values of which a run has one.
    created_after, created_before, updated_after, updated_before
        Exclusive bounds, as in `DagsterClient.runs`; "7d" counts from when it is asked.
    run_id
        A part of the id.
    min_duration, max_duration
        Bounds, inclusive, on what a finished run took.
    unresolved
        Whether only failures that nobody has repaired yet.
    """

    status: tuple[str, ...] | None = None
    job: tuple[str, ...] | None = None
    location: tuple[str, ...] | None = None
    run_ids: tuple[str, ...] | None = None
    tags: Tags = ()
    created_after: Moment | None = None
    created_before: Moment | None = None
    updated_after: Moment | None = None
    updated_before: Moment | None = None
    run_id: str = ""
    min_duration: pd.Timedelta | None = None
    max_duration: pd.Timedelta | None = None
    unresolved: bool = False

    @classmethod
    def of(
        cls,
        *,
        tags: Mapping[str, str | Iterable[str]] | None = None,
        min_duration: object = None,
        max_duration: object = None,
        **others: Any,  # noqa: ANN401 - the fields of this class
    ) -> RunFilters:
        """Read filters as people write them.

        Raises
        ------
        TypeError, ValueError
            If one cannot be meant, or there is no such filter.

        Examples
        --------
        >>> RunFilters.of(job="nightly", tags={"team": "data"}).tags
        (('team', ('data',)),)
        """
        known = {field.name for field in fields(cls)}
        for name in others:
            if name not in known:
                raise TypeError(f"there is no filter {name!r}; there are {', '.join(sorted(known))}.")
        for name in CHOICES:
            others[name] = as_strings(others.get(name), name)
        for name in BOUNDS:
            to_seconds(others.get(name), name)
        return cls(
            tags=tuple((key, as_strings(value, f"tags[{key!r}]") or ()) for key, value in (tags or {}).items()),
            min_duration=parse_duration(min_duration),
            max_duration=parse_duration(max_duration),
            **others,
        )

    def but(self, **changes: Any) -> RunFilters:  # noqa: ANN401 - the fields of this class
        """Return these filters with some of them changed."""
        return replace(self, **changes)

    @property
    def is_empty(self) -> bool:
        """Whether nothing is asked for, so that every run matches."""
        return self == RunFilters()

    def at(self, now: pd.Timestamp) -> RunFilters:
        """Return these filters with each bound as the point in time that it means at a moment.

        Parameters
        ----------
        now
            From when "7d" counts.
        """
        bounds: dict[str, Any] = {}
        for name in BOUNDS:
            seconds = to_seconds(getattr(self, name), name, now=now.to_pydatetime())
            if seconds is not None:
                bounds[name] = pd.Timestamp(round(seconds * 1e6), unit="us", tz="UTC")
        return replace(self, **bounds)

    def before(self, now: pd.Timestamp) -> RunFilters | None:
        """Return the same filters for the period before, as long as this one; None where this one has no beginning."""
        fixed = self.at(now)
        if fixed.created_after is None:
            return None
        begin: Any = fixed.created_after
        end: Any = fixed.created_before if fixed.created_before is not None else now
        return replace(fixed, created_after=begin - (end - begin), created_before=begin)

    def question(self) -> dict[str, Any]:
        """Return what the source can sieve by itself, as arguments of ``runs()``."""
        asked: dict[str, Any] = {name: list(values) for name in CHOICES if (values := getattr(self, name)) is not None}
        if self.tags:
            asked["tags"] = {key: list(values) for key, values in self.tags}
        asked.update({name: bound for name in BOUNDS if (bound := getattr(self, name)) is not None})
        return asked

    def source_part(self) -> RunFilters:
        """Return those of the filters that the source can sieve by itself."""
        return replace(self, run_id="", min_duration=None, max_duration=None, unresolved=False)

    def covers(self, other: RunFilters) -> bool:
        """Whether every run that matches the other's source part matches this one's; bounds are points in time."""
        for name in CHOICES:
            mine, theirs = getattr(self, name), getattr(other, name)
            if mine is not None and (theirs is None or not set(theirs) <= set(mine)):
                return False
        wanted = dict(other.tags)
        if any(key not in wanted or not set(wanted[key]) <= set(values) for key, values in self.tags):
            return False
        for name in BOUNDS:
            mine, theirs = getattr(self, name), getattr(other, name)
            if mine is not None and (theirs is None or (mine > theirs if name.endswith("after") else mine < theirs)):
                return False
        return True


def matches(runs: pd.DataFrame, filters: RunFilters, now: pd.Timestamp) -> Mask:
    """Return which rows match.

    Parameters
    ----------
    runs
        Runs, with the columns of ``client.runs()``.
    filters
        What is asked for.
    now
        From when "7d" counts.

    Examples
    --------
    >>> runs = pd.DataFrame({"job_name": ["a", "b"], "run_id": ["1", "2"]})
    >>> matches(runs, RunFilters.of(job="b"), pd.Timestamp.now("UTC")).tolist()
    [False, True]
    """
    wanted = filters.at(now)
    mask = np.ones(len(runs), dtype=bool)
    for name, column in _COLUMNS.items():
        values = getattr(wanted, name)
        if values is not None:
            mask &= runs[column].isin(values).to_numpy(dtype=bool)
    for name in BOUNDS:
        bound = getattr(wanted, name)
        if bound is not None:
            kind, side = name.split("_")
            times = began(runs) if kind == "created" else runs[_BOUND_COLUMNS[kind]]
            mask &= (times > bound if side == "after" else times < bound).to_numpy(dtype=bool)
    for key, tag_values in wanted.tags:
        some = set(tag_values)
        mask &= np.fromiter((tags.get(key) in some for tags in runs["tags"]), dtype=bool, count=len(runs))
    if wanted.run_id:
        mask &= runs["run_id"].str.contains(wanted.run_id.strip().lower(), regex=False).to_numpy(dtype=bool)
    if wanted.min_duration is not None:
        mask &= (runs["duration"] >= wanted.min_duration).to_numpy(dtype=bool)
    if wanted.max_duration is not None:
        mask &= (runs["duration"] <= wanted.max_duration).to_numpy(dtype=bool)
    if wanted.unresolved:
        mask &= _unresolved.among(runs)
    return mask


class _Unresolved:
    """Which runs are unresolved failures, of the frame last asked for: one redraw asks several times."""

    def __init__(self) -> None:
        self._known: tuple[weakref.ref[pd.DataFrame], Mask] | None = None

    def among(self, runs: pd.DataFrame) -> Mask:
        """Seek them among all runs, so that a success outside of what is looked at still counts."""
        known = self._known
        if known is not None and known[0]() is runs:
            return known[1]
        found = np.zeros(len(runs), dtype=bool)
        found[unresolved_failures(runs.reset_index(drop=True)).index] = True
        self._known = weakref.ref(runs), found
        return found


_unresolved = _Unresolved()


def parse_duration(length: object) -> pd.Timedelta | None:
    """Return a duration as people type it; None where nothing was typed. A number alone is seconds.

    Parameters
    ----------
    length
        A ``timedelta``, a `pandas.Timedelta`, a number of seconds, or numbers and units ``ms``, ``s``, ``min``, ``h``,
        ``d``, ``w``. pandas' own parser is not asked: it takes "2026" for nanoseconds.

    Raises
    ------
    ValueError
        If it is none.

    Examples
    --------
    >>> parse_duration("90 s"), parse_duration("1h 30min"), parse_duration(" ")
    (Timedelta('0 days 00:01:30'), Timedelta('0 days 01:30:00'), None)
    """
    if length is None or (isinstance(length, str) and not length.strip()):
        return None
    if isinstance(length, timedelta):
        if pd.isna(length) or length < timedelta(0):
            raise ValueError(f"{length!r} is no duration.")
        return pd.Timedelta(length)
    words = str(length)
    parts = list(_PART.finditer(words))
    if "".join(part.group() for part in parts) != words or (len(parts) > 1 and not all(part[2] for part in parts)):
        raise ValueError(f"{words!r} is no duration; write 30 s, 10 min or 2 h.")
    seconds = sum(float(part[1]) * _UNITS[part[2] or "s"] for part in parts)
    return pd.Timedelta(microseconds=round(seconds * 1e6))
