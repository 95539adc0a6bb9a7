"""``ExplorerFilters``: the filters of the source, and the filters that the explorer itself applies."""

from __future__ import annotations

import re
import weakref
from dataclasses import dataclass, fields, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd

from dagster_nb.analysis import unresolved_failures
from dagster_nb.analysis.read_columns import creation_times
from dagster_nb.filters import BOUNDS, CHOICES, RunFilters
from dagster_nb.short_run_ids import is_shortened

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Mask = NDArray[np.bool_]

__all__ = ["LOCAL_FILTERS", "ExplorerFilters", "matching_runs", "parse_duration"]

LOCAL_FILTERS = ("run_id_contains", "min_duration", "max_duration", "only_unresolved")
"""The filters that the source does not support."""

_COLUMNS = {"status": "status", "job": "job_name", "location": "location", "run_ids": "run_id"}

_UNITS = {"ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0, "d": 86_400.0, "w": 604_800.0}
_PART = re.compile(rf"\s*(\d+(?:\.\d+)?)\s*({'|'.join(_UNITS)})?\s*")


@dataclass(frozen=True)
class ExplorerFilters(RunFilters):
    """The filters of an explorer. The source applies some of them, and the explorer applies the others.

    Parameters
    ----------
    job, status, run_ids, location, tags, created_after, created_before, updated_after, updated_before
        As in `RunFilters`. A bound such as "7d" stays relative to the current time.
    run_id_contains
        A string that the run id must contain.
    min_duration, max_duration
        Inclusive bounds on the duration of a finished run.
    only_unresolved
        Whether to show only failed runs without a later success: see `dagster_nb.analysis.unresolved_failures`.
    """

    run_id_contains: str = ""
    min_duration: pd.Timedelta | None = None
    max_duration: pd.Timedelta | None = None
    only_unresolved: bool = False

    @classmethod
    def parse(cls, *, known_statuses: Sequence[str] | None = None, **filters: Any) -> Self:  # noqa: ANN401
        """Parse filters from user input.

        Raises
        ------
        TypeError, ValueError
            If a filter is unknown or invalid.

        Examples
        --------
        >>> ExplorerFilters.parse(job="nightly", tags={"team": "data"}).tags
        (('team', ('data',)),)
        """
        known = {field.name for field in fields(cls)}
        for name in filters:
            if name not in known:
                raise TypeError(f"there is no filter {name!r}. Use one of: {', '.join(sorted(known))}.")
        durations = {name: parse_duration(filters.get(name)) for name in ("min_duration", "max_duration")}
        return super().parse(known_statuses=known_statuses, **{**filters, **durations})

    def replace(self, **changes: Any) -> Self:  # noqa: ANN401 - the fields of this class
        """Return a copy with some filters changed."""
        return replace(self, **changes)

    @property
    def is_empty(self) -> bool:
        """Whether there are no filters, so that every run matches."""
        return self == type(self)()

    def previous_period(self, now: pd.Timestamp) -> Self | None:
        """Return the same filters for the previous period of the same length, or None if the period has no start."""
        fixed = self.at(now)
        if fixed.created_after is None:
            return None
        start: Any = fixed.created_after
        end: Any = fixed.created_before if fixed.created_before is not None else now
        return replace(fixed, created_after=start - (end - start), created_before=start)

    def without_local(self) -> Self:
        """Return a copy with only the filters that the source supports."""
        return replace(self, run_id_contains="", min_duration=None, max_duration=None, only_unresolved=False)

    def explorer_arguments(self) -> dict[str, Any]:
        """Return the active filters as arguments of `RunExplorer`.

        Examples
        --------
        >>> ExplorerFilters.parse(job="a", only_unresolved=True).explorer_arguments()
        {'job': ['a'], 'only_unresolved': True}
        """
        local = {name: value for name in LOCAL_FILTERS if (value := getattr(self, name)) not in (None, "", False)}
        return {**self.arguments(), **local}

    def covers(self, other: ExplorerFilters) -> bool:
        """Return whether every run that matches `other` in the source also matches these filters.

        The time bounds of both must be absolute.
        """
        for name in CHOICES:
            mine, others = getattr(self, name), getattr(other, name)
            if mine is not None and (others is None or not set(others) <= set(mine)):
                return False
        other_tags = dict(other.tags)
        if any(key not in other_tags or not set(other_tags[key]) <= set(values) for key, values in self.tags):
            return False
        for name in BOUNDS:
            mine, others = getattr(self, name), getattr(other, name)
            if mine is not None and (others is None or (mine > others if name.endswith("after") else mine < others)):
                return False
        return True


def matching_runs(runs: pd.DataFrame, filters: ExplorerFilters, now: pd.Timestamp) -> Mask:
    """Return a mask of the rows that match.

    Parameters
    ----------
    runs
        Runs, with the columns of ``client.runs()``.
    filters
        The filters.
    now
        The current time, to which bounds such as "7d" are relative.

    Examples
    --------
    >>> runs = pd.DataFrame({"job_name": ["a", "b"], "run_id": ["1", "2"]})
    >>> matching_runs(runs, ExplorerFilters.parse(job="b"), pd.Timestamp.now("UTC")).tolist()
    [False, True]
    """
    fixed = filters.at(now)
    mask = np.ones(len(runs), dtype=bool)
    for name, column in _COLUMNS.items():
        values = getattr(fixed, name)
        if values is not None:
            mask &= runs[column].isin(values).to_numpy(dtype=bool) | _has_short_id(runs, name, values)
    for name in BOUNDS:
        bound = getattr(fixed, name)
        if bound is not None:
            times = creation_times(runs) if name.startswith("created") else runs["update_time"]
            mask &= (times > bound if name.endswith("after") else times < bound).to_numpy(dtype=bool)
    for key, tag_values in fixed.tags:
        allowed = set(tag_values)
        mask &= np.fromiter((tags.get(key) in allowed for tags in runs["tags"]), dtype=bool, count=len(runs))
    if fixed.run_id_contains:
        part = fixed.run_id_contains.strip().lower()
        mask &= runs["run_id"].str.contains(part, regex=False).to_numpy(dtype=bool)
    if fixed.min_duration is not None:
        mask &= (runs["duration"] >= fixed.min_duration).to_numpy(dtype=bool)
    if fixed.max_duration is not None:
        mask &= (runs["duration"] <= fixed.max_duration).to_numpy(dtype=bool)
    if fixed.only_unresolved:
        mask &= _unresolved.mask(runs)
    return mask


def _has_short_id(runs: pd.DataFrame, name: str, values: Sequence[str]) -> Mask:
    """Return a mask of the rows whose ids begin with one of the filter's shortened ids."""
    prefixes = tuple(filter(is_shortened, values)) if name == "run_ids" else ()
    if not prefixes:
        return np.zeros(len(runs), dtype=bool)
    return runs["run_id"].str.startswith(prefixes).to_numpy(dtype=bool)


class _UnresolvedFailures:
    """Find the unresolved failures in a frame. The result is cached, because one redraw needs it several times.

    The frame must contain every run that the explorer has in memory, because a failure can also be resolved by a
    success that does not match the filters.
    """

    def __init__(self) -> None:
        self._last: tuple[weakref.ref[pd.DataFrame], Mask] | None = None

    def mask(self, runs: pd.DataFrame) -> Mask:
        if self._last is not None and self._last[0]() is runs:
            return self._last[1]
        mask = np.zeros(len(runs), dtype=bool)
        mask[unresolved_failures(runs.reset_index(drop=True)).index] = True
        self._last = weakref.ref(runs), mask
        return mask


_unresolved = _UnresolvedFailures()


def parse_duration(duration: object) -> pd.Timedelta | None:
    """Parse a duration that a user has typed. Return None if the input is empty.

    Parameters
    ----------
    duration
        A ``timedelta``, a `pandas.Timedelta`, a number of seconds, or a string of numbers with the units ``ms``, ``s``,
        ``min``, ``h``, ``d``, ``w``. Numbers without a unit are seconds. Pandas is not used for them, because it would
        interpret "2026" as nanoseconds.

    Raises
    ------
    ValueError
        If `duration` is invalid or negative.

    Examples
    --------
    >>> parse_duration("90 s"), parse_duration("1h 30min"), parse_duration(" ")
    (Timedelta('0 days 00:01:30'), Timedelta('0 days 01:30:00'), None)
    """
    if duration is None or (isinstance(duration, str) and not duration.strip()):
        return None
    if isinstance(duration, timedelta):
        if pd.isna(duration) or duration < timedelta(0):
            raise ValueError(
                f"{duration!r} is not a duration. Pass zero or more, for example '10 min' or timedelta(minutes=10)."
            )
        return pd.Timedelta(duration)
    typed = str(duration)
    parts = list(_PART.finditer(typed))
    if "".join(part.group() for part in parts) != typed or (len(parts) > 1 and not all(part[2] for part in parts)):
        raise ValueError(f"{typed!r} is not a duration. Use a format such as 30 s, 10 min or 2 h.")
    seconds = sum(float(part[1]) * _UNITS[part[2] or "s"] for part in parts)
    try:
        return pd.Timedelta(microseconds=round(seconds * 1e6))
    except (OverflowError, pd.errors.OutOfBoundsTimedelta):
        raise ValueError(f"{typed[:50]!r} is too long for a duration. Use a shorter one, such as 52 w.") from None
