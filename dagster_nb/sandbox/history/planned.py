"""The parts of a planned history, as plain data. Times are POSIX seconds, rounded to microseconds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .ground_truth import GroundTruth

__all__ = ["History", "PlannedBackfill", "PlannedRun", "PlannedStep", "PlannedTick"]


@dataclass(frozen=True, slots=True)
class PlannedStep:
    """One step of one run.

    Parameters
    ----------
    key
        The step key.
    start, end
        The start of the first attempt and the end of the last attempt.
    attempts
        The number of attempts. All attempts before the last one failed.
    failure
        A key of `step_errors.FAILURES`, or None if the step succeeded.
    """

    key: str
    start: float
    end: float
    attempts: int = 1
    failure: str | None = None


@dataclass(frozen=True, slots=True)
class PlannedRun:
    """One finished run.

    Parameters
    ----------
    run_id, job, status
        The id and the job of the run, and its status: SUCCESS, FAILURE or CANCELED.
    created, dequeued, started, ended
        The times of the run. ``dequeued`` and ``started`` are None if the run was canceled while it was queued.
    rows
        The number of rows that the run processes.
    tags, run_config
        The tags that users see, and the run config.
    steps
        The steps that ran, in order.
    selection
        The selected steps, or None for all steps.
    parent_run_id, root_run_id
        If this is a re-execution, the ids of the run that it re-executes and of the first run in its group.
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
    steps: tuple[PlannedStep, ...] = ()
    selection: tuple[str, ...] | None = None
    parent_run_id: str | None = None
    root_run_id: str | None = None

    @property
    def failure(self) -> tuple[str, str] | None:
        """The key and the failure of the failed step, or None if no step failed."""
        last = self.steps[-1] if self.steps else None
        return (last.key, last.failure) if last and last.failure else None

    @property
    def group(self) -> str:
        """The id of the first run in the re-execution group."""
        return self.root_run_id or self.run_id


@dataclass(frozen=True, slots=True)
class PlannedTick:
    """One tick of a schedule or sensor, which launched runs, was skipped for a reason, or failed with an error."""

    name: str
    at: float
    run_ids: tuple[str, ...] = ()
    skip_reason: str | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class PlannedBackfill:
    """One backfill of a job's partitions."""

    backfill_id: str
    job: str
    created: float
    ended: float
    partitions: tuple[str, ...]
    user: str
    failed: bool


@dataclass(frozen=True, slots=True)
class History:
    """A complete history, with the runs and ticks sorted by creation time."""

    runs: tuple[PlannedRun, ...]
    ticks: tuple[PlannedTick, ...]
    backfills: tuple[PlannedBackfill, ...]
    truth: GroundTruth
