"""What a history consists of, as plain data. Times are POSIX seconds, exact to the microsecond."""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict, dataclass
from typing import Any, Self

__all__ = ["TRUTH_NAME", "Backfill", "History", "Run", "Step", "Tick", "Truth"]

# The file in a demo's home that says what is true about its history.
TRUTH_NAME = "truth.json"


@dataclass(frozen=True, slots=True)
class Step:
    """One step of one run.

    Parameters
    ----------
    key
        The step key.
    start, end
        When its first attempt started, and its last one ended.
    attempts
        How many; all but the last failed.
    failure
        What it ended with: a key of `failures.FAILURES`; None when it succeeded.
    """

    key: str
    start: float
    end: float
    attempts: int = 1
    failure: str | None = None


@dataclass(frozen=True, slots=True)
class Run:
    """One finished run.

    Parameters
    ----------
    run_id, job, status
        ``status`` is SUCCESS, FAILURE or CANCELED.
    created, dequeued, started, ended
        ``dequeued`` and ``started`` are None when it was canceled while it was queued.
    rows
        How much there was to work on.
    tags, run_config
        As a person would see them.
    steps
        Those that ran, in order.
    selection
        The steps to run; None for all.
    parent_run_id, root_run_id
        Of a re-execution.
    """

    run_id: str
    job: str
    status: str
    created: float
    dequeued: float | None
    started: float | None
    ended: float
    rows: int
    tags: dict[str, str]
    run_config: dict[str, Any]
    steps: tuple[Step, ...] = ()
    selection: tuple[str, ...] | None = None
    parent_run_id: str | None = None
    root_run_id: str | None = None

    @property
    def failure(self) -> tuple[str, str] | None:
        """Step key and failure of the step that ended it, or None."""
        last = self.steps[-1] if self.steps else None
        return (last.key, last.failure) if last and last.failure else None

    @property
    def group(self) -> str:
        """The root of its re-execution group."""
        return self.root_run_id or self.run_id


@dataclass(frozen=True, slots=True)
class Tick:
    """One evaluation of a schedule or a sensor: with runs, with a reason to skip, or with an error."""

    name: str
    at: float
    run_ids: tuple[str, ...] = ()
    skip_reason: str | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Backfill:
    """Many partitions of one job, asked for at once."""

    backfill_id: str
    job: str
    created: float
    ended: float
    partitions: tuple[str, ...]
    user: str
    failed: bool


@dataclass(frozen=True, slots=True)
class Truth:
    """What is true about the history, for notebooks and tests to compare their findings with.

    Parameters
    ----------
    slower_job, slower_since, slower_factor
        The job whose runs take that many times longer since that day (midnight, UTC).
    slower_tag
        The tag that explains it: key, value before, value since.
    queue_job, queue_minutes
        The job whose queue time is long when it is created in that many minutes after a full hour.
    flaky_job, flaky_share
        The job that fails now and then, and the share of its first attempts that do.
    broken_job, broken_days
        The job that failed on those days (ISO dates, UTC), every time.
    long_tail_job
        The job with the widest spread of durations.
    missing_job, missing_partition
        The job that never ran for that partition.
    failed_partitions
        Those of the same job for which it ran, and failed every time.
    backfills
        Backfill ids: how many of their runs failed.
    failures
        Every failed run: step key, class of the error that the step raised, class of its innermost cause.
    unresolved_failures
        The failed runs with no later success in their re-execution group.
    error_classes
        Innermost class: how many failed runs ended with it.
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

    def to_json(self) -> dict[str, Any]:
        """Give plain JSON."""
        return {
            name: value.isoformat() if isinstance(value, dt.datetime) else value for name, value in asdict(self).items()
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """Read what `to_json` gave."""
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


@dataclass(frozen=True, slots=True)
class History:
    """All of it; runs and ticks in the order in which they came to be."""

    runs: tuple[Run, ...]
    ticks: tuple[Tick, ...]
    backfills: tuple[Backfill, ...]
    truth: Truth
