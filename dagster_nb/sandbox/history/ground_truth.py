"""The facts about a generated history. Tests compare what the package finds with these facts."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Self

from .incidents import midnight
from .step_errors import FAILURES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .incidents import Incidents
    from .planned import PlannedBackfill, PlannedRun

__all__ = ["FILE_NAME", "GroundTruth"]

FILE_NAME = "truth.json"
"""The name of the file with the ground truth, in the DAGSTER_HOME of a demo."""


@dataclass(frozen=True, slots=True)
class GroundTruth:
    """The facts about a history.

    Parameters
    ----------
    slower_job, slower_since, slower_factor
        The job that became slower, the day of the change (midnight, UTC), and the factor.
    slower_tag
        The tag that explains the slowdown, with its key and its values before and after the change.
    queue_job, queue_minutes
        A job whose runs wait longer in the queue at the start of each hour, and the length of this period in minutes.
    flaky_job, flaky_share
        The job that fails occasionally, and the share of its first attempts that fail.
    broken_job, broken_days
        A job whose runs all failed on two days, and these days (ISO dates, UTC).
    long_tail_job
        The job with the widest spread of durations.
    missing_job, missing_partition
        A job that never ran for one of its partitions, and the key of this partition.
    failed_partitions
        The partitions of ``missing_job`` for which all runs failed.
    backfills
        The ids of the backfills, with the number of failed runs of each backfill.
    failures
        For each failed run, the step key, the class of the step's error, and the class of the innermost cause.
    unresolved_failures
        The ids of the failed runs without a later success in their re-execution group.
    error_classes
        The classes of the innermost errors, with the number of runs that failed because of them.
    as_of
        The end of the history.
    """

    slower_job: str
    slower_since: dt.datetime
    slower_factor: float
    slower_tag: tuple[str, str, str]
    queue_job: str
    queue_minutes: int
    flaky_job: str
    flaky_share: float
    broken_job: str
    broken_days: tuple[str, ...]
    long_tail_job: str
    missing_job: str
    missing_partition: str
    failed_partitions: tuple[str, ...]
    backfills: dict[str, int]
    failures: dict[str, tuple[str, str, str]]
    unresolved_failures: tuple[str, ...]
    error_classes: dict[str, int]
    as_of: dt.datetime

    @classmethod
    def of(
        cls,
        runs: Sequence[PlannedRun],
        backfills: Sequence[PlannedBackfill],
        incidents: Incidents,
        until: dt.datetime,
    ) -> Self:
        """Collect the ground truth about a history that ends at ``until``."""
        failures = {run.run_id: run.failure for run in runs if run.status == "FAILURE" and run.failure}
        last_success: dict[str, float] = {}
        for run in runs:
            if run.status == "SUCCESS":
                last_success[run.group] = max(run.created, last_success.get(run.group, 0.0))
        flaky = [run for run in runs if run.job == incidents.flaky_job and not run.parent_run_id]
        failed_in_backfill = Counter(
            run.tags.get("dagster/backfill") for run in runs if run.status == "FAILURE" and not run.parent_run_id
        )
        return cls(
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
            backfills={backfill.backfill_id: failed_in_backfill[backfill.backfill_id] for backfill in backfills},
            failures={
                run_id: (step, FAILURES[failure].cls_name, FAILURES[failure].innermost.cls_name)
                for run_id, (step, failure) in failures.items()
            },
            unresolved_failures=tuple(
                run.run_id for run in runs if run.run_id in failures and last_success.get(run.group, 0.0) <= run.created
            ),
            error_classes=dict(Counter(FAILURES[failure].innermost.cls_name for _, failure in failures.values())),
            as_of=until,
        )

    def to_json(self) -> dict[str, Any]:
        """Convert the facts to JSON values."""
        return {
            name: value.isoformat() if isinstance(value, dt.datetime) else value for name, value in asdict(self).items()
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """Parse the result of `to_json`."""
        return cls(
            **{
                **data,
                "slower_since": dt.datetime.fromisoformat(data["slower_since"]),
                "as_of": dt.datetime.fromisoformat(data["as_of"]),
                "slower_tag": tuple(data["slower_tag"]),
                "broken_days": tuple(data["broken_days"]),
                "failures": {run_id: tuple(failure) for run_id, failure in data["failures"].items()},
                "failed_partitions": tuple(data["failed_partitions"]),
                "unresolved_failures": tuple(data["unresolved_failures"]),
            }
        )


def _failed_partitions(runs: Sequence[PlannedRun], job: str) -> set[str]:
    attempts = [run for run in runs if run.job == job and "dagster/partition" in run.tags]
    done = {run.tags["dagster/partition"] for run in attempts if run.status == "SUCCESS"}
    return {run.tags["dagster/partition"] for run in attempts} - done
