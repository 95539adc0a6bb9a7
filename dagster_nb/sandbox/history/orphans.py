"""Runs whose processes went down with the Dagster that ran them."""

from __future__ import annotations

from dagster import DagsterInstance, DagsterRunStatus, RunsFilter

__all__ = ["end_orphans"]

WHY = "The Dagster that ran this was stopped, and the run with it."
IN_FLIGHT = [
    DagsterRunStatus.NOT_STARTED,
    DagsterRunStatus.STARTING,
    DagsterRunStatus.STARTED,
    DagsterRunStatus.CANCELING,
]


def end_orphans(instance: DagsterInstance) -> int:
    """Mark what was in flight as over; only while no Dagster serves the instance.

    Nobody else would: each of them would take a place among the runs that may go on at a time, for good. What waits in
    the queue goes on waiting there.

    Parameters
    ----------
    instance
        The instance that is about to be served again.

    Returns
    -------
    int
        How many there were.
    """
    orphans = instance.get_runs(RunsFilter(statuses=IN_FLIGHT))
    for run in orphans:
        if run.status is DagsterRunStatus.CANCELING:
            instance.report_run_canceled(run, WHY)
        else:
            instance.report_run_failed(run, WHY)
    return len(orphans)
