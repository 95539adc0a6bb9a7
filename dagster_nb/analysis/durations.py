"""Compute statistics of run and step durations, with one row per job or step."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from dagster_nb.analysis.read_columns import (
    column,
    durations,
    from_microseconds,
    has_status,
    microseconds,
    strings,
    times,
)
from dagster_nb.statuses import FINISHED

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["duration_stats", "slow_steps"]

_MIN_RUNS_FOR_SLOWDOWN = 6


def duration_stats(runs: pd.DataFrame, by: str | Sequence[str] = "job_name") -> pd.DataFrame:
    """Return the number of runs, the success rate and the durations of each job.

    Parameters
    ----------
    runs
        Runs, with the columns ``status``, ``duration`` and ``queue_duration`` of ``client.runs()``, and those named in
        `by`.
    by
        The column or columns to group by. Missing values form a group of their own.

    Returns
    -------
    pandas.DataFrame
        One row per group, sorted by group:

        ============ ================= ==================================================================
        *by*         as in `runs`      the group
        count        int64             the number of runs of any status
        success_rate float64           the share of successful runs among the finished runs (succeeded,
                                       failed or canceled); NaN if no run has finished
        p50, p95     timedelta64[us]   quantiles of the durations of finished runs; NaT if there are
                                       no durations
        max          timedelta64[us]   the longest duration
        queue_p50,   timedelta64[us]   quantiles of the time between creation and start, for runs that
        queue_p95                      have started
        ============ ================= ==================================================================

        Quantiles are interpolated linearly, as in pandas.

    Examples
    --------
    >>> runs = pd.DataFrame({
    ...     "job_name": ["etl", "etl", "etl"],
    ...     "status": ["SUCCESS", "FAILURE", "STARTED"],
    ...     "duration": pd.to_timedelta([60, 20, None], unit="s"),
    ...     "queue_duration": pd.to_timedelta([1, 2, 3], unit="s"),
    ... })
    >>> duration_stats(runs)[["job_name", "count", "success_rate", "p50"]]
      job_name  count  success_rate             p50
    0      etl      3           0.5 0 days 00:00:40
    """
    keys = [by] if isinstance(by, str) else list(by)
    table = pd.DataFrame(
        {
            "finished": has_status(runs, *FINISHED),
            "succeeded": has_status(runs, "SUCCESS"),
            "duration": microseconds(durations(runs, "duration")).to_numpy(),
            "queue": microseconds(durations(runs, "queue_duration")).to_numpy(),
        }
    )
    labels = [column(runs, key).reset_index(drop=True) for key in keys]
    groups = table.groupby(labels, dropna=False, observed=True, sort=True)
    counts = groups.size()
    sums = groups[["finished", "succeeded"]].sum()
    result = pd.DataFrame(
        {
            "count": counts.astype("int64"),
            "success_rate": sums["succeeded"].astype("float64") / sums["finished"].astype("float64"),
            "p50": from_microseconds(groups["duration"].quantile(0.5)),
            "p95": from_microseconds(groups["duration"].quantile(0.95)),
            "max": from_microseconds(groups["duration"].max()),
            "queue_p50": from_microseconds(groups["queue"].quantile(0.5)),
            "queue_p95": from_microseconds(groups["queue"].quantile(0.95)),
        }
    )
    return result.rename_axis(index=keys).reset_index()


def slow_steps(steps: pd.DataFrame) -> pd.DataFrame:
    """Return the time that each step takes, and its share of the total time.

    Parameters
    ----------
    steps
        Steps of one or more runs, with the columns ``step_key``, ``start_time`` and ``duration`` of
        ``client.steps()``.

    Returns
    -------
    pandas.DataFrame
        One row per step key, sorted by share with the largest share first:

        ========= ================= =====================================================================
        step_key  string            the step
        count     int64             the number of executions with a duration
        p50, p95  timedelta64[us]   quantiles of the step's duration
        share     float64           the step's share of the total time of all steps; shares sum to 1
        slowdown  float64           the median duration of the later half of the executions, divided by
                                    that of the earlier half: 1.8 is 80 % slower; NaN for fewer than 6
                                    executions
        ========= ================= =====================================================================

    Examples
    --------
    >>> steps = pd.DataFrame({
    ...     "step_key": ["load", "load", "train"],
    ...     "start_time": pd.to_datetime(["2026-01-01", "2026-01-02", "2026-01-02"], utc=True),
    ...     "duration": pd.to_timedelta([10, 20, 90], unit="s"),
    ... })
    >>> slow_steps(steps)[["step_key", "count", "p50", "share"]]
      step_key  count             p50  share
    0    train      1 0 days 00:01:30   0.75
    1     load      2 0 days 00:00:15   0.25
    """
    table = pd.DataFrame(
        {
            "step_key": strings(steps, "step_key").to_numpy(),
            "start_time": times(steps, "start_time").to_numpy(),
            "duration": microseconds(durations(steps, "duration")).to_numpy(),
        }
    )
    table["step_key"] = table["step_key"].astype(pd.StringDtype())
    table = table[table["duration"].notna()].sort_values("start_time", kind="stable")
    groups = table.groupby("step_key", sort=True)
    total = groups["duration"].sum()
    position = groups.cumcount()
    size = groups["duration"].transform("size")
    earlier = table[position < size // 2].groupby("step_key")["duration"].median()
    later = table[position >= size - size // 2].groupby("step_key")["duration"].median()
    counts = groups.size()
    enough = counts >= _MIN_RUNS_FOR_SLOWDOWN
    result = pd.DataFrame(
        {
            "count": counts.astype("int64"),
            "p50": from_microseconds(groups["duration"].quantile(0.5)),
            "p95": from_microseconds(groups["duration"].quantile(0.95)),
            "share": (total / total.sum()).astype("float64"),
            "slowdown": (later / earlier.where(earlier > 0)).reindex(counts.index).where(enough).astype("float64"),
        }
    )
    # If no step took any time, all shares are NaN.
    result["share"] = result["share"].replace(np.nan, 0.0)
    result = result.reset_index().sort_values(["share", "step_key"], ascending=[False, True], ignore_index=True)
    result["step_key"] = result["step_key"].astype(pd.StringDtype())
    return result
