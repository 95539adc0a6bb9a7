"""Slowdowns that are still in effect, with the tag that changed at the same time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from dagster_nb.analysis.read_columns import column, durations, has_status, times
from dagster_nb.analysis.regression_search import regressions

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["current_slowdowns"]

# What share of the runs on one side of a change must have the same value of a tag.
_MIN_SHARE = 0.8


def current_slowdowns(
    runs: pd.DataFrame, by: str = "job_name", *, min_factor: float = 1.25, min_runs: int = 8
) -> pd.DataFrame:
    """Find which groups of runs are slower than they were, since when, and which tag changed then.

    Parameters
    ----------
    runs
        Runs, with the columns `by`, ``status``, ``start_time``, ``duration`` and ``tags`` of ``client.runs()``.
    by, min_factor, min_runs
        As in `regressions`.

    Returns
    -------
    pandas.DataFrame
        The latest slowdown of each group, the worst first; none for a group whose latest `min_runs` runs are about as
        fast as before. The columns of `regressions`, and:

        ============ ====== ================================================================================
        tag          string the tag whose value changed with the slowdown: most runs before it have one
                            value, and most runs after it have another; NA if there is no such tag
        value_before string its value before; NA if those runs do not have the tag
        value_after  string its value after; NA if those runs do not have the tag
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
    usable = runs[has_status(runs, "SUCCESS")]
    started = times(usable, "start_time")
    rows = []
    for index, change in latest.iterrows():
        own = (column(usable, by) == change[by]).fillna(value=False).to_numpy(dtype=bool)
        group = usable[own].assign(start_time=started[own]).sort_values("start_time", kind="stable")
        if durations(group, "duration").tail(min_runs).median() >= change["before"] * min_factor:
            is_after = group["start_time"] >= change["changed_at"]
            before, after = group[~is_after].tail(change["n_before"]), group[is_after].head(change["n_after"])
            rows.append((index, *_changed_tag(before["tags"].tolist(), after["tags"].tolist())))
    tags = pd.DataFrame(
        rows, columns=["index", "tag", "value_before", "value_after"], dtype=pd.StringDtype()
    ).set_index(pd.Index([row[0] for row in rows], dtype="int64"))
    result = latest.loc[tags.index].join(tags.drop(columns="index"))
    return result.sort_values("factor", ascending=False, kind="stable", ignore_index=True)


def _changed_tag(
    before: Sequence[Mapping[str, Any]], after: Sequence[Mapping[str, Any]]
) -> tuple[str | None, str | None, str | None]:
    """Return the tag that separates two groups of runs best, and its value in each; three Nones if no tag does."""
    candidates = []
    for key in {key for tags in (*before, *after) for key in tags}:
        old, old_share = _usual_value(before, key)
        new, new_share = _usual_value(after, key)
        if old != new and min(old_share, new_share) >= _MIN_SHARE:
            # If several tags separate them equally well, the user's own tag is more informative than Dagster's.
            candidates.append((-old_share - new_share, key.startswith("dagster/"), key, old, new))
    return min(candidates)[2:] if candidates else (None, None, None)


def _usual_value(tags: Sequence[Mapping[str, Any]], key: str) -> tuple[str | None, float]:
    """Return the most frequent value of a tag, None for its absence, and the share of the runs that have it."""
    counts = pd.Series([one.get(key) for one in tags], dtype=object).value_counts(dropna=False)
    value = counts.index[0]
    return (None if pd.isna(value) else str(value)), counts.iloc[0] / len(tags)
