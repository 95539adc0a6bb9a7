"""Divide time into the hours, days, weeks or months of a time zone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from datetime import tzinfo

__all__ = ["FREQUENCIES", "bucket_edges", "usual_frequency"]

FREQUENCIES = {
    "1min": "1 min",
    "5min": "5 min",
    "15min": "15 min",
    "1h": "1 h",
    "6h": "6 h",
    "1D": "1 day",
    "1W": "1 week",
    "1MS": "1 month",
}
"""The possible lengths of a bucket with their names in a chart, from short to long.

Buckets follow the clock and the calendar, so one day per year can have 23 hours."""

_MAX_BUCKETS = 100
_NOMINAL = dict(
    zip(FREQUENCIES, pd.to_timedelta([60, 300, 900, 3600, 21600, 86400, 604800, 2629800], unit="s"), strict=True)
)
_STEPS = {
    "6h": pd.DateOffset(hours=6),
    "1D": pd.DateOffset(days=1),
    "1W": pd.DateOffset(weeks=1),
    "1MS": pd.DateOffset(months=1),
}


def usual_frequency(first: pd.Timestamp, last: pd.Timestamp) -> str:
    """Return the shortest length in `FREQUENCIES` that divides a history into at most about 100 buckets.

    Examples
    --------
    >>> usual_frequency(pd.Timestamp("2026-01-01"), pd.Timestamp("2026-03-31"))
    '1D'
    """
    names = list(FREQUENCIES)
    if pd.isna(first):
        return names[0]
    return next((name for name in names if (last - first) / _NOMINAL[name] <= _MAX_BUCKETS), names[-1])


def bucket_edges(first: pd.Timestamp, last: pd.Timestamp, freq: str, zone: tzinfo) -> pd.DatetimeIndex:
    """Return the edges of all buckets between two times: the start of each bucket, and the end of the last bucket.

    Parameters
    ----------
    first, last
        The first and the last time in the buckets. If one of the times is NaT, there are no edges.
    freq
        One of `FREQUENCIES`.
    zone
        The time zone. Buckets begin on the hour, at midnight, on Monday or on the first of the month in this zone.

    Returns
    -------
    pandas.DatetimeIndex
        The edges, as ``datetime64[us, zone]``.

    Raises
    ------
    ValueError
        If `freq` is not one of `FREQUENCIES`.
    """
    if freq not in FREQUENCIES:
        raise ValueError(f"freq must be one of {', '.join(FREQUENCIES)}, not {freq!r}")
    if pd.isna(first):
        return pd.DatetimeIndex([], dtype="datetime64[us, UTC]").tz_convert(zone)
    start = first.tz_convert(zone)
    if freq not in _STEPS:
        # Count hours in UTC, starting at a full hour in the zone, so that each bucket is an hour long even if the
        # clocks change.
        start -= (start - start.normalize()) % _NOMINAL[freq]
        return pd.date_range(start.tz_convert("UTC"), last + _NOMINAL[freq], freq=freq, unit="us").tz_convert(zone)
    start = start.tz_localize(None)
    start = start.floor("6h") if freq == "6h" else start.normalize()
    if freq == "1W":
        start -= pd.Timedelta(start.weekday(), unit="D")
    elif freq == "1MS":
        start = start.replace(day=1)
    local = pd.date_range(start, last.tz_convert(zone).tz_localize(None), freq=_STEPS[freq], unit="us")
    local = local.union([local[-1] + _STEPS[freq]])
    ambiguous = np.ones(len(local), dtype=bool)
    return local.tz_localize(zone, ambiguous=ambiguous, nonexistent="shift_forward").as_unit("us")
