"""Say what is true about a history."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from typing import TYPE_CHECKING

from .failures import FAILURES
from .incidents import midnight
from .model import Truth

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .incidents import Incidents
    from .model import Backfill, Run

__all__ = ["truth_of"]


def _failed_partitions(runs: Sequence[Run], job: str) -> set[str]:
    attempts = [run for run in runs if run.job == job and "dagster/partition" in run.tags]
    done = {run.tags["dagster/partition"] for run in attempts if run.status == "SUCCESS"}
    return {run.tags["dagster/partition"] for run in attempts} - done


def truth_of(runs: Sequence[Run], backfills: Sequence[Backfill], incidents: Incidents, until: dt.datetime) -> Truth:
    """Gather the ground truth.

    Parameters
    ----------
    runs, backfills
        Of the history.
    incidents
        What was to happen.
    until
        The end of the history.
    """
    failures = {run.run_id: (*run.failure,) for run in runs if run.status == "FAILURE" and run.failure}
    succeeded: dict[str, float] = {}
    for run in runs:
        if run.status == "SUCCESS":
            succeeded[run.group] = max(run.created, succeeded.get(run.group, 0.0))
    flaky = [run for run in runs if run.job == incidents.flaky_job and not run.parent_run_id]
    per_backfill = Counter(
        run.tags.get("dagster/backfill") for run in runs if run.status == "FAILURE" and not run.parent_run_id
    )
    return Truth(
        slower_job=incidents.slower_job,
        slower_since=dt.datetime.fromtimestamp(midnight(incidents.slower_since), dt.UTC),
        slower_factor=incidents.slower_factor,
        slower_tag=incidents.slower_tag,
        queue_job=incidents.queue_job,
        queue_minutes=incidents.queue_minutes,
        flaky_job=incidents.flaky_job,
        flaky_share=sum(run.status == "FAILURE" for run in flaky) / max(1, len(flaky)),
        broken_job=incidents.broken_job,
        broken_days=tuple(day.isoformat() for day in incidents.broken_days),
        long_tail_job=incidents.long_tail_job,
        missing_job=incidents.missing_job,
        missing_partition=incidents.missing_day.isoformat(),
        failed_partitions=tuple(sorted(_failed_partitions(runs, incidents.missing_job))),
        backfills={backfill.backfill_id: per_backfill[backfill.backfill_id] for backfill in backfills},
        failures={
            run_id: (step, FAILURES[failure].cls_name, FAILURES[failure].innermost.cls_name)
            for run_id, (step, failure) in failures.items()
        },
        unresolved_failures=tuple(
            run.run_id for run in runs if run.run_id in failures and succeeded.get(run.group, 0.0) <= run.created
        ),
        error_classes=dict(Counter(FAILURES[failure].innermost.cls_name for _, failure in failures.values())),
        as_of=until,
    )
