"""The class `Evidence`: the data in which a digest looks for findings."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dagster_nb.analysis.read_columns import column, creation_times, durations, strings, times

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

__all__ = ["Evidence", "end_times", "in_order_of_creation", "of_job", "runs_as_of"]


@dataclass(frozen=True)
class Evidence:
    """The data in which a digest looks for findings. Frames that could not be read are None.

    Parameters
    ----------
    start, as_of
        The period of the digest, in UTC.
    runs
        The runs of the period and of some time before it, in their states at the end of the period.
    failures
        The result of `DagsterClient.failures` for the runs that failed in the period.
    slowdowns
        The result of `current_slowdowns` for `runs`, with an additional column ``is_new`` (bool): whether the slowdown
        was first found in the period.
    run_configs
        The run configs of some runs around the slowdowns, by run id.
    daemons
        The result of `DagsterClient.daemons`.
    automations
        Schedules and sensors, with the columns name, kind (``"schedule"`` or ``"sensor"``), location, repository,
        status, last_tick and min_interval.
    ticks
        The results of `DagsterClient.ticks` for the last days before the end of the period.
    materializations
        The columns ``asset`` and ``timestamp`` of the assets that were not materialized in the period.
    missing_partitions
        The result of `partition_gaps`.
    not_checked
        Descriptions of the data that could not be read.
    """

    start: pd.Timestamp
    as_of: pd.Timestamp
    runs: pd.DataFrame
    failures: pd.DataFrame | None = None
    slowdowns: pd.DataFrame | None = None
    run_configs: Mapping[str, object] = field(default_factory=dict)
    daemons: pd.DataFrame | None = None
    automations: pd.DataFrame | None = None
    ticks: pd.DataFrame | None = None
    materializations: pd.DataFrame | None = None
    missing_partitions: pd.DataFrame | None = None
    not_checked: tuple[str, ...] = ()


def end_times(runs: pd.DataFrame) -> pd.Series:
    """Return the end time of each finished run or, if it is unknown, the time of the last update or creation."""
    ended = times(runs, "end_time")
    if "update_time" in runs.columns:
        ended = ended.fillna(times(runs, "update_time"))
    return ended.fillna(creation_times(runs))


def runs_as_of(runs: pd.DataFrame, as_of: pd.Timestamp) -> pd.DataFrame:
    """Return the runs that existed at a time, in their states at that time.

    If a run ended later, it was in progress, or queued if it had not started. Dagster does not record when a run was
    asked to stop, so past runs never have the status CANCELING.

    Parameters
    ----------
    runs
        Runs, with the columns of ``client.runs()``.
    as_of
        The time at which to describe the runs.

    Examples
    --------
    >>> import pandas as pd
    >>> runs = pd.DataFrame({
    ...     "status": ["SUCCESS"],
    ...     "creation_time": pd.to_datetime(["2026-01-01 10:00"], utc=True),
    ...     "start_time": pd.to_datetime(["2026-01-01 10:01"], utc=True),
    ...     "end_time": pd.to_datetime(["2026-01-01 10:09"], utc=True),
    ...     "duration": pd.to_timedelta(["8min"]),
    ... })
    >>> runs_as_of(runs, pd.Timestamp("2026-01-01 10:05", tz="UTC"))["status"].tolist()
    ['STARTED']
    """
    known = runs[(creation_times(runs) <= as_of).to_numpy(dtype=bool)]
    ended, started = times(known, "end_time"), times(known, "start_time")
    is_open, is_waiting = (ended > as_of).to_numpy(dtype=bool), (started > as_of).to_numpy(dtype=bool)
    if not is_open.any() and not is_waiting.any():
        return known
    status = strings(known, "status").mask(is_open, "STARTED").mask(is_open & is_waiting, "QUEUED")
    changed = {
        "status": status,
        "start_time": started.mask(is_waiting),
        "end_time": ended.mask(is_open),
        "duration": durations(known, "duration").mask(is_open),
    }
    if "queue_duration" in known.columns:
        changed["queue_duration"] = durations(known, "queue_duration").mask(is_waiting)
    if "update_time" in known.columns:
        changed["update_time"] = times(known, "update_time").mask(is_open)
    return known.assign(**changed)


def of_job(runs: pd.DataFrame, name: object) -> pd.DataFrame:
    """Return the runs of a job, in order of creation."""
    return in_order_of_creation(runs[(column(runs, "job_name") == name).fillna(value=False).to_numpy(dtype=bool)])


def in_order_of_creation(runs: pd.DataFrame) -> pd.DataFrame:
    """Sort runs by creation time, with the oldest run first."""
    return runs.iloc[creation_times(runs).reset_index(drop=True).argsort(kind="stable").to_numpy()]
