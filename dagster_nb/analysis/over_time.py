"""Runs counted by the hour, day, week or month, in the time zone of the reader."""

from __future__ import annotations

from datetime import tzinfo
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from dagster_nb.analysis.columns import began, micros, statuses_of
from dagster_nb.frames.columns import FINISHED

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "FREQUENCIES",
    "as_zone",
    "rolling_quantiles",
    "status_counts",
    "success_rate",
    "usual_frequency",
    "usual_window",
]

FREQUENCIES = ("1min", "5min", "15min", "1h", "6h", "1D", "1W", "1MS")
"""The lengths of a bucket, shortest first: those of a clock and a calendar, so that a day has 23 hours once a year."""

_MOST_BUCKETS = 100
_NOMINAL = dict(
    zip(FREQUENCIES, pd.to_timedelta([60, 300, 900, 3600, 21600, 86400, 604800, 2629800], unit="s"), strict=True)
)
_FEWEST_IN_WINDOW = 5
_WINDOWS = (60, 300, 900, 3600, 21600, 86400, 3 * 86400, 7 * 86400, 14 * 86400, 28 * 86400)


def as_zone(tz: str | tzinfo) -> tzinfo:
    """Return a time zone by its IANA name.

    Raises
    ------
    ValueError
        If there is no such zone.
    """
    if isinstance(tz, tzinfo):
        return tz
    try:
        return ZoneInfo(tz)
    except (KeyError, ValueError, OSError):
        raise ValueError(f"no time zone is called {tz!r}; give an IANA name such as 'Europe/Paris'") from None


def status_counts(runs: pd.DataFrame, *, freq: str | None = None, tz: str | tzinfo = "UTC") -> pd.DataFrame:
    """Count the runs created in each stretch of time, by status.

    Parameters
    ----------
    runs
        Runs, with the columns ``status`` and ``creation_time`` (else ``start_time``, ``update_time``) of
        ``client.runs()``. Runs without any time are left out.
    freq
        The length of a bucket, one of `FREQUENCIES`; by default the shortest that needs at most 100.
    tz
        The zone whose hours, midnights, Mondays and firsts of the month are the edges.

    Returns
    -------
    pandas.DataFrame
        A row a bucket, those without runs included: ``time`` and ``until`` (datetime64[us, `tz`], the bucket from its
        first moment to that of the next), then an int64 column a status that occurs, in Dagster's order.

    Examples
    --------
    >>> runs = pd.DataFrame({
    ...     "status": ["SUCCESS", "FAILURE", "SUCCESS"],
    ...     "creation_time": pd.to_datetime(["2026-01-01 10:00", "2026-01-01 11:00", "2026-01-03 09:00"], utc=True),
    ... })
    >>> status_counts(runs, freq="1D")[["SUCCESS", "FAILURE"]].values.tolist()
    [[1, 1], [0, 0], [1, 0]]
    """
    created = began(runs)
    edges = _edges(created, freq or usual_frequency(created), as_zone(tz))
    at = created.to_numpy(dtype="datetime64[us]").astype("int64")
    # A NaT is the smallest integer and falls before the first bucket.
    bucket = np.searchsorted(edges.as_unit("us").asi8, at, side="right") - 1
    kept = bucket >= 0
    codes, names = statuses_of(runs)
    size = max(len(edges) - 1, 0)
    table = np.bincount(bucket[kept] * len(names) + codes[kept], minlength=size * len(names)).reshape(size, len(names))
    answer = pd.DataFrame({"time": edges[:-1], "until": edges[1:]})
    for name, counts in zip(names, table.T, strict=True):
        if counts.any():
            answer[name] = counts.astype("int64")
    return answer


def success_rate(runs: pd.DataFrame, *, freq: str | None = None, tz: str | tzinfo = "UTC") -> pd.DataFrame:
    """Return the share of the finished runs that succeeded, over time.

    Parameters
    ----------
    runs, freq, tz
        As for `status_counts`.

    Returns
    -------
    pandas.DataFrame
        A row a bucket by creation time: ``time``, ``until``; ``finished`` and ``succeeded`` (int64 counts; finished is
        succeeded, failed or canceled); ``rate`` (float64, 0 to 1, NaN where nothing finished); ``low`` and ``high``
        (Wilson's 95 % interval: how far the rate of so few runs can be trusted).

    Examples
    --------
    >>> runs = pd.DataFrame({
    ...     "status": ["SUCCESS", "FAILURE", "STARTED"],
    ...     "creation_time": pd.to_datetime(["2026-01-01", "2026-01-01", "2026-01-01"], utc=True),
    ... })
    >>> success_rate(runs, freq="1D")[["finished", "succeeded", "rate"]].values.tolist()
    [[2.0, 1.0, 0.5]]
    """
    counts = status_counts(runs, freq=freq, tz=tz)
    finished = counts[[name for name in counts if name in FINISHED]].sum(axis=1).astype("int64")
    succeeded = counts["SUCCESS"] if "SUCCESS" in counts else pd.Series(0, index=counts.index, dtype="int64")
    n = finished.where(finished > 0).astype("float64")
    rate = succeeded / n
    z = 1.959964
    middle = (rate + z**2 / (2 * n)) / (1 + z**2 / n)
    reach = z * np.sqrt(rate * (1 - rate) / n + z**2 / (4 * n**2)) / (1 + z**2 / n)
    return counts[["time", "until"]].assign(
        finished=finished,
        succeeded=succeeded,
        rate=rate,
        low=(middle - reach).clip(0, 1),
        high=(middle + reach).clip(0, 1),
    )


def rolling_quantiles(when: pd.Series, values: pd.Series, window: pd.Timedelta, *, points: int = 100) -> pd.DataFrame:
    """Return how the median and the 95th percentile of durations move over time.

    Parameters
    ----------
    when, values
        The time (datetime64[us, UTC]) and the duration (timedelta64[us]) of each run; pairs that lack one are left out.
    window
        How much of the past each point looks back on.
    points
        The number of points, evenly spaced from the first run to the last.

    Returns
    -------
    pandas.DataFrame
        ``time`` (datetime64[us, UTC]), ``count`` (int64, the runs in the window that ends there), ``p50`` and ``p95``
        (float64, **seconds**; NaN where the window holds fewer than 5 runs).

    Examples
    --------
    >>> when = pd.Series(pd.date_range("2026-01-01", periods=20, freq="h", tz="UTC"))
    >>> values = pd.Series(pd.to_timedelta([10] * 10 + [20] * 10, unit="s"))
    >>> rolling_quantiles(when, values, pd.Timedelta("5h"), points=3)["p50"].tolist()
    [nan, 10.0, 20.0]
    """
    known = (when.notna() & values.notna()).to_numpy()
    at = when.to_numpy(dtype="datetime64[us]").astype("int64")[known]
    seconds = micros(values).to_numpy()[known] / 1e6
    order = np.argsort(at, kind="stable")
    at, seconds = at[order], seconds[order]
    grid = np.linspace(at[0], at[-1], points).astype("int64") if len(at) else np.empty(0, dtype="int64")
    low = np.searchsorted(at, grid - window // pd.Timedelta(1, unit="us"), side="right")
    high = np.searchsorted(at, grid, side="right")
    quantiles = np.full((len(grid), 2), np.nan)
    for i in np.flatnonzero(high - low >= _FEWEST_IN_WINDOW):
        quantiles[i] = _quantiles(seconds[low[i] : high[i]])
    return pd.DataFrame(
        {
            "time": pd.Series(grid.astype("datetime64[us]")).dt.tz_localize("UTC"),
            "count": (high - low).astype("int64"),
            "p50": quantiles[:, 0],
            "p95": quantiles[:, 1],
        }
    )


def usual_frequency(when: pd.Series) -> str:
    """Return the shortest of `FREQUENCIES` that cuts a history into at most about 100 buckets.

    Examples
    --------
    >>> usual_frequency(pd.Series(pd.to_datetime(["2026-01-01", "2026-03-31"])))
    '1D'
    """
    if not when.notna().any():
        return FREQUENCIES[0]
    span = when.max() - when.min()
    return next((name for name in FREQUENCIES if span / _NOMINAL[name] <= _MOST_BUCKETS), FREQUENCIES[-1])


def usual_window(when: pd.Series) -> pd.Timedelta:
    """Return about a fifteenth of a history, as a length that people think in.

    Examples
    --------
    >>> usual_window(pd.Series(pd.to_datetime(["2026-01-01", "2026-04-01"])))
    Timedelta('7 days 00:00:00')
    """
    target = max((when.max() - when.min()).total_seconds() / 15, 1.0) if when.notna().any() else 1.0
    return pd.Timedelta(min(_WINDOWS, key=lambda seconds: abs(np.log(seconds / target))), unit="s")


def _quantiles(seconds: NDArray[np.float64]) -> list[float]:
    """Return the median and the 95th percentile: what ``np.quantile`` does, in a fifth of its time for a small part."""
    last = len(seconds) - 1
    places = [(int(last * q), last * q % 1) for q in (0.5, 0.95)]
    ordered = np.partition(seconds, sorted({min(place + more, last) for place, _ in places for more in (0, 1)}))
    return [
        float(ordered[place] + (ordered[min(place + 1, last)] - ordered[place]) * beyond) for place, beyond in places
    ]


def _edges(when: pd.Series, freq: str, zone: tzinfo) -> pd.DatetimeIndex:
    """Return the edges of all buckets that the times fall into, one more than there are buckets."""
    if freq not in FREQUENCIES:
        raise ValueError(f"freq is one of {', '.join(FREQUENCIES)}; not {freq!r}")
    if not when.notna().any():
        return pd.DatetimeIndex([], dtype="datetime64[us, UTC]").tz_convert(zone)
    first, last = when.min(), when.max()
    if _NOMINAL[freq] <= _NOMINAL["1h"]:
        # Counted in UTC from a whole hour of the zone, an hour stays an hour when the clocks change.
        start = first.tz_convert(zone)
        start -= (start - start.normalize()) % _NOMINAL[freq]
        return pd.date_range(start.tz_convert("UTC"), last + _NOMINAL[freq], freq=freq, unit="us").tz_convert(zone)
    start = first.tz_convert(zone).tz_localize(None)
    start = start.floor("6h") if freq == "6h" else start.normalize()
    if freq == "1W":
        start -= pd.Timedelta(start.weekday(), unit="D")
    elif freq == "1MS":
        start = start.replace(day=1)
    step = {
        "6h": pd.DateOffset(hours=6),
        "1D": pd.DateOffset(days=1),
        "1W": pd.DateOffset(weeks=1),
        "1MS": pd.DateOffset(months=1),
    }
    local = pd.date_range(start, last.tz_convert(zone).tz_localize(None), freq=step[freq], unit="us")
    local = local.union([local[-1] + step[freq]])
    ambiguous = np.ones(len(local), dtype=bool)
    return local.tz_localize(zone, ambiguous=ambiguous, nonexistent="shift_forward").as_unit("us")
