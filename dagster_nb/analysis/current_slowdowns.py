"""Find slowdowns that still continue, and the tags that changed at the same time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from dagster_nb.analysis.changed_values import changed_values
from dagster_nb.analysis.read_columns import column, durations, has_status, times
from dagster_nb.analysis.regression_search import regressions

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

__all__ = ["current_slowdowns", "runs_around"]


def current_slowdowns(
    runs: pd.DataFrame, by: str = "job_name", *, min_factor: float = 1.25, min_runs: int = 8
) -> pd.DataFrame:
    """Find groups of runs that have become slower, with the time of the change and the tag that changed at that time.

    Parameters
    ----------
    runs
        Runs, with the columns `by`, ``status``, ``start_time``, ``duration`` and ``tags`` of ``client.runs()``.
    by, min_factor, min_runs
        As in `regressions`.

    Returns
    -------
    pandas.DataFrame
        The latest slowdown of each group, with the worst slowdown first. A group is left out if its latest `min_runs`
        runs are about as fast as its runs before the slowdown. In addition to the columns of `regressions`, the frame
        has these columns:

        ============ ====== ================================================================================
        tag          string the tag with one value in most runs before the slowdown, and another value in
                            most runs after it; NA if there is no such tag
        value_before string the tag's value before the slowdown; NA if those runs do not have the tag
        value_after  string the tag's value after the slowdown; NA if those runs do not have the tag
        ============ ====== ================================================================================

    Raises
    ------
    ValueError
        If `min_factor` is less than 1 or `min_runs` less than 2.

    Examples
    --------
    >>> runs = pd.DataFrame({
    ...     "job_name": "etl",
    ...     "status": "SUCCESS",
    ...     "start_time": pd.date_range("2026-01-01", periods=60, freq="D", tz="UTC"),
    ...     "duration": pd.to_timedelta([100 + day % 5 + 100 * (day >= 40) for day in range(60)], unit="s"),
    ...     "tags": [{"version": "2" if day >= 40 else "1"} for day in range(60)],
    ... })
    >>> current_slowdowns(runs)[["job_name", "tag", "value_before", "value_after"]]
      job_name      tag value_before value_after
    0      etl  version            1           2
    """
    found = regressions(runs, by, min_factor=min_factor, min_runs=min_runs)
    latest = found.loc[found.groupby(by, sort=False)["changed_at"].idxmax()] if len(found) else found
    rows: list[tuple[Any, ...]] = []
    for index, change in latest.iterrows():
        if durations(_successes(runs, by, change[by]), "duration").tail(min_runs).median() >= (
            change["before"] * min_factor
        ):
            before, after = runs_around(runs, change.to_dict(), by)
            tags_that_changed = changed_values(before["tags"].tolist(), after["tags"].tolist())
            rows.append((index, *(tags_that_changed[0] if tags_that_changed else (None, None, None))))
    tags = pd.DataFrame(
        rows, columns=["index", "tag", "value_before", "value_after"], dtype=pd.StringDtype()
    ).set_index(pd.Index([row[0] for row in rows], dtype="int64"))
    result = latest.loc[tags.index].join(tags.drop(columns="index"))
    return result.sort_values("factor", ascending=False, kind="stable", ignore_index=True)


def runs_around(
    runs: pd.DataFrame, change: Mapping[Hashable, Any], by: str = "job_name"
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the successful runs before and after a slowdown, each sorted by start time.

    Parameters
    ----------
    runs
        The runs that were searched for slowdowns.
    change
        A row of `regressions` or of `current_slowdowns`.
    by
        As in `regressions`.
    """
    group = _successes(runs, by, change[by])
    is_after = group["start_time"] >= change["changed_at"]
    return group[~is_after].tail(change["n_before"]), group[is_after].head(change["n_after"])


def _successes(runs: pd.DataFrame, by: str, name: object) -> pd.DataFrame:
    own = (column(runs, by) == name).fillna(value=False).to_numpy(dtype=bool) & has_status(runs, "SUCCESS")
    group = runs[own]
    return group.assign(start_time=times(group, "start_time")).sort_values("start_time", kind="stable")
