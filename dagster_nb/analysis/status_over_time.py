"""Compute the number of runs with each status, and the share of successful runs, per hour, day, week or month."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from dagster_nb.analysis.group_rows import group_table
from dagster_nb.analysis.read_columns import creation_times, status_codes
from dagster_nb.analysis.time_buckets import bucket_edges, usual_frequency
from dagster_nb.statuses import FINISHED
from dagster_nb.time_zones import time_zone

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import tzinfo

__all__ = ["status_counts", "success_rate"]

_Z_OF_95_PERCENT = 1.959964


def status_counts(
    runs: pd.DataFrame,
    by: str | Sequence[str] | None = None,
    *,
    freq: str | None = None,
    tz: str | tzinfo = "UTC",
) -> pd.DataFrame:
    """Count the runs that were created in each hour, day or other time bucket, by status.

    Parameters
    ----------
    runs
        Runs, with the columns ``status`` and ``creation_time`` of ``client.runs()``, and those named in `by`.
        ``start_time`` or ``update_time`` replace a missing creation time. Runs without any time are left out.
    by
        The column or columns to group by. By default, all runs are counted together.
    freq
        The length of a bucket: ``"1min"``, ``"5min"``, ``"15min"``, ``"1h"``, ``"6h"``, ``"1D"``, ``"1W"`` or ``"1MS"``
        (a month). The default is the shortest length that needs at most about 100 buckets.
    tz
        The time zone, as an IANA name. Buckets begin on the hour, at midnight, on Monday or on the first of the month
        in this zone.

    Returns
    -------
    pandas.DataFrame
        One row per group and bucket, including buckets without runs:

        ======== ====================== ===========================================================
        *by*     as in `runs`           the group
        time     datetime64[us, `tz`]   the start of the bucket
        end      datetime64[us, `tz`]   the end of the bucket, and the start of the next one
        *status* int64                  one column for each status in the frame, in Dagster's order
        ======== ====================== ===========================================================

    Examples
    --------
    >>> runs = pd.DataFrame({
    ...     "status": ["SUCCESS", "FAILURE", "SUCCESS"],
    ...     "creation_time": pd.to_datetime(["2026-01-01 10:00", "2026-01-01 11:00", "2026-01-03 09:00"], utc=True),
    ... })
    >>> status_counts(runs, freq="1D")[["SUCCESS", "FAILURE"]].values.tolist()
    [[1, 1], [0, 0], [1, 0]]
    """
    zone, created = time_zone(tz), creation_times(runs)
    first, last = created.min(), created.max()
    edges = bucket_edges(first, last, freq or usual_frequency(first, last), zone)
    n_buckets = max(len(edges) - 1, 0)
    at = created.to_numpy(dtype="datetime64[us]").astype("int64")
    # As an integer, NaT is the smallest value, so it comes before the first bucket and is not counted.
    bucket = np.searchsorted(edges.as_unit("us").asi8, at, side="right") - 1
    kept = bucket >= 0
    codes, names = status_codes(runs)
    groups, table = group_table(runs, by)
    n_rows = len(table) * n_buckets
    cells = ((groups * n_buckets + bucket) * len(names) + codes)[kept]
    counts = np.bincount(cells, minlength=n_rows * len(names)).reshape(n_rows, len(names))
    result = table.loc[np.repeat(np.arange(len(table)), n_buckets)].reset_index(drop=True)
    position = np.tile(np.arange(n_buckets), len(table))
    result["time"], result["end"] = edges[:-1][position], edges[1:][position]
    for name, column in zip(names, counts.T, strict=True):
        if column.any():
            result[name] = column.astype("int64")
    return result


def success_rate(
    runs: pd.DataFrame,
    by: str | Sequence[str] | None = None,
    *,
    freq: str | None = None,
    tz: str | tzinfo = "UTC",
) -> pd.DataFrame:
    """Return the share of successful runs among the finished runs, over time.

    Parameters
    ----------
    runs, by, freq, tz
        As in `status_counts`.

    Returns
    -------
    pandas.DataFrame
        One row per group and bucket of creation time:

        ========= ==================== ==================================================================
        *by*      as in `runs`         the group
        time, end datetime64[us, `tz`] the start and the end of the bucket
        finished  int64                the number of runs that succeeded, failed or were canceled
        succeeded int64                the number of runs that succeeded
        rate      float64              ``succeeded / finished``, from 0 to 1; NaN if no run finished
        ci_low,   float64              Wilson's 95 % confidence interval of the rate, which is wider if
        ci_high                        there are fewer runs
        ========= ==================== ==================================================================

    Examples
    --------
    >>> runs = pd.DataFrame({
    ...     "status": ["SUCCESS", "FAILURE", "STARTED"],
    ...     "creation_time": pd.to_datetime(["2026-01-01", "2026-01-01", "2026-01-01"], utc=True),
    ... })
    >>> success_rate(runs, freq="1D")[["finished", "succeeded", "rate"]].values.tolist()
    [[2.0, 1.0, 0.5]]
    """
    keys = [] if by is None else [by] if isinstance(by, str) else list(by)
    counts = status_counts(runs, by, freq=freq, tz=tz)
    finished = counts[[name for name in counts if name in FINISHED]].sum(axis=1).astype("int64")
    succeeded = counts["SUCCESS"] if "SUCCESS" in counts else pd.Series(0, index=counts.index, dtype="int64")
    n = finished.where(finished > 0).astype("float64")
    rate, z = succeeded / n, _Z_OF_95_PERCENT
    middle = (rate + z**2 / (2 * n)) / (1 + z**2 / n)
    half_width = z * np.sqrt(rate * (1 - rate) / n + z**2 / (4 * n**2)) / (1 + z**2 / n)
    return counts[[*keys, "time", "end"]].assign(
        finished=finished,
        succeeded=succeeded,
        rate=rate,
        ci_low=(middle - half_width).clip(0, 1),
        ci_high=(middle + half_width).clip(0, 1),
    )
