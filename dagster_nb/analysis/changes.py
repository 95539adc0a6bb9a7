"""When a job became slower.

A group's runs, in order of start, are a series of log durations. The place that splits it best into two is found by
rank sums (Mann-Whitney's test, tried at every place), so that one odd run cannot make a change. Three things would make
such a test cry wolf on an honest history, and each has its answer here:

- it looks at every place: the p-value is that of the largest of all those statistics (Miller and Siegmund, "Maximally
  selected chi square statistics", Biometrics 38, 1982), times the number of groups looked at (Bonferroni);
- durations follow the hour and the day of the week: those rhythms are estimated and taken out first;
- neighbouring runs resemble each other (one bad day is not twenty independent slow runs): the variance of the
  statistic is widened by what blocks of neighbours show beyond independence.

Each part is searched again in the same way, so several changes are found. Nothing is random: the same frame gives the
same answer.
"""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from dagster_nb.analysis.columns import column, durations, micros, text, times

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["regressions"]

_ALPHA = 0.01
_DAY = 86_400.0
_DAYS_FOR_HOURS = 5
_DAYS_FOR_WEEKEND = 10
_DAYS_FOR_WEEKDAYS = 28
_HOUR_BINS = 8
_FEWEST_IN_BIN = 3
_CHI_SQUARE_MEDIAN = 0.4549


def regressions(
    runs: pd.DataFrame, by: str = "job_name", *, min_factor: float = 1.25, min_runs: int = 8
) -> pd.DataFrame:
    """Find when the runs of a group became lastingly slower.

    Only runs that succeeded count: a failed one says little about how long the work takes. A history of less than ten
    days does not show what a weekend does, nor one of less than five what a night does; in those, such a rhythm can be
    taken for a change.

    Parameters
    ----------
    runs
        Runs, with the columns `by`, ``status``, ``start_time`` and ``duration`` of ``client.runs()``.
    by
        The column that says which runs are comparable.
    min_factor
        The smallest slow-down worth a row: 1.25 is 25 % slower.
    min_runs
        The fewest runs before and after a change; a group with fewer than twice as many has no rows.

    Returns
    -------
    pandas.DataFrame
        A row a change for the slower, the worst first; no row for a group that stayed as it was:

        ============= =================== ===========================================================
        *by*          as in `runs`        the group
        changed_at    datetime64[us, UTC] start of the first run after the change
        before, after timedelta64[us]     median duration from the change before to this one, and from
                                          this one to the next (or the ends of the history)
        factor        float64             ``after / before``
        p_value       float64             chance of seeing such a split anywhere in any of the groups
                                          if nothing had changed; at most 0.01
        n_before,     int64               the runs that those medians stand on
        n_after
        ============= =================== ===========================================================

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
        raise ValueError(f"min_factor is a slow-down and at least 1, not {min_factor}")
    if min_runs < 2:  # noqa: PLR2004
        raise ValueError(f"min_runs is at least 2, not {min_runs}")
    length = micros(durations(runs, "duration")).to_numpy()
    start = times(runs, "start_time")
    usable = (text(runs, "status") == "SUCCESS").fillna(False).to_numpy(dtype=bool)
    usable &= start.notna().to_numpy() & (length > 0)
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
    answer = pd.DataFrame(rows, columns=[by, *_DTYPES]).astype(_DTYPES)
    answer[by] = pd.Series(groups.take(answer[by].to_numpy(dtype="int64"))).astype(labels.dtype)
    return answer.sort_values("factor", ascending=False, kind="stable", ignore_index=True)


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
    """Return every lasting change of one group, to the slower or the faster, in order of time."""
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

    # A change can be beyond doubt and yet too small to matter; the parts on its two sides are then one.
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
    """Take the rhythm of the week and of the day out of a series, as far as the history is long enough to know it."""
    days = np.floor(seconds / _DAY)
    table = pd.DataFrame({"day": days, "level": level})
    daily = table.groupby("day")["level"].median()
    span = days[-1] - days[0] + 1
    if span >= _DAYS_FOR_WEEKEND:
        # Over a whole week around a day, the days of the week cancel out and a change does not.
        calendar = daily.reindex(np.arange(days[0], days[-1] + 1))
        around = calendar.rolling(7, center=True, min_periods=4).median()
        weekday = _weekday if span >= _DAYS_FOR_WEEKDAYS else _is_weekend
        table["level"] -= (
            _effect(calendar - around, weekday(calendar.index.to_numpy())).reindex(weekday(days)).to_numpy()
        )
        daily = table.groupby("day")["level"].median()
    if len(daily) >= _DAYS_FOR_HOURS:
        hours = np.floor(seconds % _DAY / _DAY * _HOUR_BINS)
        offsets = table["level"] - daily.reindex(days).to_numpy()
        table["level"] -= _effect(offsets, hours).reindex(hours).to_numpy()
    return table["level"].to_numpy()


def _weekday(days: Floats) -> Floats:
    """Return 0 for a Monday to 6 for a Sunday; day 0, the first of 1970, was a Thursday."""
    return (days + 3) % 7


def _is_weekend(days: Floats) -> Floats:
    return np.where(_weekday(days) >= 5, 1.0, 0.0)  # noqa: PLR2004


def _effect(offsets: pd.Series, bins: Floats) -> pd.Series:
    """Return the usual offset of each bin, 0 for those seen too rarely to have one."""
    groups = offsets.groupby(bins)
    return groups.median().where(groups.count() >= _FEWEST_IN_BIN, 0.0).fillna(0.0)


def _best_split(level: Floats, min_runs: int, *, short: bool) -> tuple[int, float]:
    """Return the place that splits a series best, and the chance of one as good anywhere in it by luck."""
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
    # Rank sums are sure that there is a change and vague about where; distances from the two medians place it.
    nearer = np.abs(level - np.median(level[:split])) - np.abs(level - np.median(level[split:]))
    split = int(before[np.argmin(np.cumsum(nearer)[before - 1])])
    rest = ranks.copy()
    rest[:split] -= rest[:split].mean()
    rest[split:] -= rest[split:].mean()
    return split, _chance(float(statistics[best]) / math.sqrt(_dependence(rest, short=short)), min_runs / size)


def _dependence(rest: NDArray[np.floating], *, short: bool) -> float:
    """Return by how much neighbours resemble each other: the variance of sums of neighbours over that of strangers."""
    block = max(2, round(math.pow(len(rest), 0.6)))
    spread = float(np.mean(rest**2))
    if spread == 0:
        return 1.0
    sums = np.concatenate([[0.0], np.cumsum(rest)])
    blocks = sums[block:] - sums[:-block]
    variance = float(np.mean(blocks**2))
    if not short:
        # A second change makes whole blocks look alike, but few of them differ from the next: the median passes it
        # over. In a short history what looks like a second change is more likely a rhythm that could not be taken out.
        steps = (blocks[block:] - blocks[:-block]) ** 2
        variance = min(variance, float(np.median(steps)) / _CHI_SQUARE_MEDIAN / 2)
    return max(1.0, variance / (block * spread))


def _chance(statistic: float, margin: float) -> float:
    """Return the chance that the largest of all standardised rank sums reaches this (Miller and Siegmund, 1982)."""
    if statistic <= 1:
        return 1.0
    density: float = math.exp(-(statistic**2) / 2) / math.sqrt(2 * math.pi)
    places = 2 * math.log((1 - margin) / margin)
    return min(1.0, density * ((statistic - 1 / statistic) * places + 4 / statistic))
