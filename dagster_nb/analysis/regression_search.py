"""Find when a job became slower.

The log durations of a group's runs, sorted by start time, form a series. Rank sums (the Mann-Whitney test, applied at
every position) find the position that splits the series best. Because ranks are used, a single outlier cannot look like
a change. The search corrects for three effects that would cause false alarms:

- The test is applied at every position. The p-value is therefore that of the largest statistic (Miller and
Siegmund, "Maximally selected chi square statistics", Biometrics 38, 1982), times the number of groups tested
(Bonferroni).
- Durations depend on the hour and the weekday. These daily and weekly rhythms are estimated and subtracted first.
- Neighboring runs are correlated: twenty slow runs on one bad day are not independent. The variance of the statistic
is therefore increased by a factor that is estimated from blocks of neighboring runs.

The parts before and after a change are then searched in the same way, so that several changes can be found. The search
is deterministic: the same frame always gives the same result.
"""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from dagster_nb.analysis.quantiles_and_densities import group_medians
from dagster_nb.analysis.read_columns import column, durations, has_status, microseconds, times

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Integers = NDArray[np.int64]

__all__ = ["regressions"]

_ALPHA = 0.01
_DAY = 86_400.0
_DAYS_FOR_HOURS = 5
_DAYS_FOR_WEEKEND = 10
_DAYS_FOR_WEEKDAYS = 28
_HOUR_BINS = 8
_MIN_RUNS_IN_BIN = 3
_CHI_SQUARE_MEDIAN = 0.4549


def regressions(
    runs: pd.DataFrame, by: str = "job_name", *, min_factor: float = 1.25, min_runs: int = 8
) -> pd.DataFrame:
    """Find the times at which the runs of a group became slower and stayed slower.

    Only successful runs are used, because a failed run may end early. In a history of less than ten days, a weekend can
    look like a change; in a history of less than five days, a night can look like a change.

    Parameters
    ----------
    runs
        Runs, with the columns `by`, ``status``, ``start_time`` and ``duration`` of ``client.runs()``.
    by
        The column to group by. Only runs of the same group are compared.
    min_factor
        The smallest slowdown to report, as a factor: 1.25 is 25 % slower.
    min_runs
        The minimum number of runs before and after a change. A group with fewer than twice this number of runs is not
        tested.

    Returns
    -------
    pandas.DataFrame
        One row per slowdown, with the worst slowdown first:

        ============= =================== ===========================================================
        *by*          as in `runs`        the group
        changed_at    datetime64[us, UTC] start of the first run after the change
        before, after timedelta64[us]     median duration between the previous change and this one, and
                                          between this one and the next (or the ends of the history)
        factor        float64             ``after / before``
        p_value       float64             the probability of such a split in any of the groups if
                                          nothing had changed; at most 0.01
        n_before,     int64               the number of runs before and after the change
        n_after
        ============= =================== ===========================================================

    Raises
    ------
    ValueError
        If `min_factor` is less than 1 or `min_runs` less than 2.

    Examples
    --------
    >>> days = pd.date_range("2026-01-01", periods=60, freq="D", tz="UTC")
    >>> seconds = [100 + day % 5 for day in range(40)] + [200 + day % 5 for day in range(20)]
    >>> runs = pd.DataFrame({
    ...     "job_name": "etl",
    ...     "status": "SUCCESS",
    ...     "start_time": days,
    ...     "duration": pd.to_timedelta(seconds, unit="s"),
    ... })
    >>> found = regressions(runs)
    >>> found["changed_at"].dt.date.tolist()
    [datetime.date(2026, 2, 10)]
    >>> found[["before", "after", "n_before", "n_after"]].values.tolist()
    [[Timedelta('0 days 00:01:42'), Timedelta('0 days 00:03:22'), 40, 20]]
    """
    if min_factor < 1:
        raise ValueError(f"min_factor must be at least 1, not {min_factor}")
    if min_runs < 2:  # noqa: PLR2004
        raise ValueError(f"min_runs must be at least 2, not {min_runs}")
    length = microseconds(durations(runs, "duration")).to_numpy()
    start = times(runs, "start_time")
    usable = has_status(runs, "SUCCESS") & start.notna().to_numpy() & (length > 0)
    labels = column(runs, by)
    codes, groups = pd.factorize(labels[usable])
    when = start.to_numpy(dtype="datetime64[us]")[usable].astype("int64")
    length = length[usable]

    order = np.lexsort((when, codes))
    codes, when, length = codes[order], when[order], length[order]
    bounds = np.searchsorted(codes, np.arange(len(groups) + 1))
    sizes = np.diff(bounds)
    tested = np.flatnonzero(sizes >= 2 * min_runs)
    rows: list[dict[str, Any]] = []
    for group in tested:
        part = slice(bounds[group], bounds[group + 1])
        found = _changes(when[part], length[part], min_runs, min_factor, len(tested))
        rows += [{by: group, **change} for change in found if change["factor"] > 1]
    result = pd.DataFrame(rows, columns=[by, *_DTYPES]).astype(_DTYPES)
    result[by] = pd.Series(groups.take(result[by].to_numpy(dtype="int64"))).astype(labels.dtype)
    return result.sort_values("factor", ascending=False, kind="stable", ignore_index=True)


_DTYPES = {
    "changed_at": "datetime64[us, UTC]",
    "before": "timedelta64[us]",
    "after": "timedelta64[us]",
    "factor": "float64",
    "p_value": "float64",
    "n_before": "int64",
    "n_after": "int64",
}


def _changes(
    when: NDArray[np.int64], length: Floats, min_runs: int, min_factor: float, tests: int
) -> list[dict[str, Any]]:
    """Return all slowdowns and speedups of one group, in chronological order."""
    level = _without_rhythm(when / 1e6, np.log(length))
    short = when[-1] - when[0] < _DAYS_FOR_WEEKEND * _DAY * 1e6
    p_values: dict[int, float] = {}
    parts = [(0, len(level))]
    while parts:
        low, high = parts.pop()
        split, p_value = _best_split(level[low:high], min_runs, short=short)
        if p_value * tests <= _ALPHA:
            p_values[low + split] = p_value * tests
            parts += [(low, low + split), (low + split, high)]

    # If a change is statistically significant but too small to matter, combine the parts before and after it.
    while True:
        places = sorted(p_values)
        edges = [0, *places, len(length)]
        medians = [float(np.median(length[low:high])) for low, high in itertools.pairwise(edges)]
        sizes = [abs(math.log(after / before)) for before, after in itertools.pairwise(medians)]
        if not sizes or min(sizes) >= math.log(min_factor):
            break
        del p_values[places[sizes.index(min(sizes))]]

    return [
        {
            "changed_at": pd.Timestamp(when[place], unit="us", tz="UTC"),
            "before": pd.Timedelta(round(medians[i]), unit="us"),
            "after": pd.Timedelta(round(medians[i + 1]), unit="us"),
            "factor": medians[i + 1] / medians[i],
            "p_value": p_values[place],
            "n_before": place - edges[i],
            "n_after": edges[i + 2] - place,
        }
        for i, place in enumerate(places)
    ]


def _without_rhythm(seconds: Floats, level: Floats) -> Floats:
    """Subtract the weekly and the daily rhythm from a series, if the history is long enough to estimate them."""
    days = (seconds // _DAY).astype("int64")
    calendar = np.arange(days[0], days[-1] + 1)
    places = days - days[0]
    daily, _ = group_medians(level, places, len(calendar))
    if len(calendar) >= _DAYS_FOR_WEEKEND:
        # The median of the week around each day does not depend on the weekday, but still shows a lasting change.
        around = pd.Series(daily).rolling(7, center=True, min_periods=4).median().to_numpy()
        weekday = _weekday if len(calendar) >= _DAYS_FOR_WEEKDAYS else _is_weekend
        level = level - _effects(daily - around, weekday(calendar))[weekday(days)]
        daily, _ = group_medians(level, places, len(calendar))
    if np.count_nonzero(~np.isnan(daily)) >= _DAYS_FOR_HOURS:
        hours = (seconds % _DAY / _DAY * _HOUR_BINS).astype("int64")
        level = level - _effects(level - daily[places], hours)[hours]
    return level


def _weekday(days: Integers) -> Integers:
    """Return the weekday, from 0 for Monday to 6 for Sunday. Day 0 is 1 January 1970, a Thursday."""
    return (days + 3) % 7


def _is_weekend(days: Integers) -> Integers:
    return (_weekday(days) >= 5).astype("int64")  # noqa: PLR2004


def _effects(offsets: Floats, bins: Integers) -> Floats:
    """Return the median offset of each bin, or 0 for bins with too few runs. There are at most 8 bins."""
    known = ~np.isnan(offsets)
    medians, counts = group_medians(offsets[known], bins[known], _HOUR_BINS)
    return np.where(counts >= _MIN_RUNS_IN_BIN, medians, 0.0)


def _best_split(level: Floats, min_runs: int, *, short: bool) -> tuple[int, float]:
    """Return the position that splits a series best, and the probability of such a split by chance."""
    size = len(level)
    if size < 2 * min_runs:
        return 0, 1.0
    ranks: NDArray[np.floating] = pd.Series(level).rank().to_numpy() - (size + 1) / 2
    spread = float(ranks.var(ddof=1))
    if spread == 0:
        return 0, 1.0
    before = np.arange(min_runs, size - min_runs + 1)
    sums = np.cumsum(ranks)[before - 1]
    statistics = np.abs(sums) / np.sqrt(before * (size - before) / size * spread)
    best = int(np.argmax(statistics))
    split = int(before[best])
    # Rank sums detect a change, but locate it only roughly. The distances from the two medians locate it exactly.
    nearer = np.abs(level - np.median(level[:split])) - np.abs(level - np.median(level[split:]))
    split = int(before[np.argmin(np.cumsum(nearer)[before - 1])])
    rest = ranks.copy()
    rest[:split] -= rest[:split].mean()
    rest[split:] -= rest[split:].mean()
    return split, _tail_probability(
        float(statistics[best]) / math.sqrt(_dependence(rest, short=short)), min_runs / size
    )


def _dependence(rest: NDArray[np.floating], *, short: bool) -> float:
    """Return the variance of sums of neighboring values, relative to the variance of sums of independent values."""
    block = max(2, round(math.pow(len(rest), 0.6)))
    spread = float(np.mean(rest**2))
    if spread == 0:
        return 1.0
    sums = np.concatenate([[0.0], np.cumsum(rest)])
    blocks = sums[block:] - sums[:-block]
    variance = float(np.mean(blocks**2))
    if not short:
        # A second change would increase the variance of the blocks. The median of the differences between neighboring
        # blocks ignores such a change, because it affects only a few of the differences. In a short history, a second
        # change is more likely to be a daily or weekly rhythm that could not be subtracted.
        steps = (blocks[block:] - blocks[:-block]) ** 2
        variance = min(variance, float(np.median(steps)) / _CHI_SQUARE_MEDIAN / 2)
    return max(1.0, variance / (block * spread))


def _tail_probability(statistic: float, margin: float) -> float:
    """Return the probability that the largest standardized rank sum reaches a value (Miller and Siegmund, 1982)."""
    if statistic <= 1:
        return 1.0
    density: float = math.exp(-(statistic**2) / 2) / math.sqrt(2 * math.pi)
    places = 2 * math.log((1 - margin) / margin)
    return min(1.0, density * ((statistic - 1 / statistic) * places + 4 / statistic))
