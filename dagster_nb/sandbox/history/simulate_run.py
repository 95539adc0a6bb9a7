"""Simulate a run: its time in the queue, its duration, its outcome and its re-executions."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from .incidents import SATURDAY
from .job_profiles import JOB_PROFILES, ON_CALL
from .planned import PlannedRun, PlannedStep

if TYPE_CHECKING:
    from random import Random

    from .incidents import Incidents
    from .job_profiles import JobProfile
    from .launch_times import PlannedLaunch

__all__ = ["simulate_first_run", "simulate_reexecution"]

SIZE_EXPONENT = 0.8
OUTLIER_SHARE, MAX_OUTLIER_FACTOR = 0.02, 4.0
CANCELED_IN_QUEUE_SHARE = 0.004
RETRY_SECONDS = 2.0
STEP_GAP_SECONDS = 0.02
REEXECUTED_SHARE, REEXECUTION_FAILS_SHARE = 0.66, 0.2
WAITS_FOR_FIX_SHARE = 0.7
RECIPIENTS = ("board", "sales", "logistics", "marketing")
REGIONS = ("eu", "eu", "us", "apac")


def simulate_first_run(launch: PlannedLaunch, run_id: str, rng: Random, incidents: Incidents) -> PlannedRun:
    """Simulate a launch, and return the finished run."""
    job = launch.job
    rows = _choose_rows(job, launch.at, rng)
    tags = {"team": job.team, launch.launched_by[0]: launch.launched_by[1]}
    if rows:
        tags["shop/rows"] = str(rows)
    if launch.partition:
        # Dagster uses these two tags to find the runs of a job's partition.
        tags["dagster/partition"] = launch.partition
        tags["dagster/partition_set"] = f"{job.name}_partition_set"
    if launch.backfill:
        tags["dagster/backfill"] = launch.backfill
    if job.name == incidents.slower_job:
        key, before, since = incidents.slower_tag
        tags[key] = since if incidents.is_slower(job.name, launch.at) else before
    seconds = _choose_seconds(job, rows, rng) * (
        incidents.slower_factor if incidents.is_slower(job.name, launch.at) else 1.0
    )
    run = PlannedRun(
        run_id=run_id,
        job=job.name,
        status="SUCCESS",
        created=_to_microseconds(launch.at),
        dequeued=None,
        started=None,
        ended=0.0,
        rows=rows,
        tags=tags,
        run_config=_choose_config(job, rows, launch.partition, rng),
    )
    if rng.random() < CANCELED_IN_QUEUE_SHARE and not job.partitioned:
        return replace(run, status="CANCELED", ended=_to_microseconds(launch.at + rng.uniform(5, 300)))
    queue = _queue_seconds(job.name, launch, rng, incidents)
    failing = _choose_failure(launch, rng, incidents)
    return _execute(run, list(job.steps), seconds, queue, failing, rng)


def simulate_reexecution(run: PlannedRun, run_id: str, rng: Random, incidents: Incidents) -> PlannedRun | None:
    """Simulate a re-execution from failure. Return None if no user re-executes the run."""
    if run.failure is None or run.status != "FAILURE":
        return None
    job = JOB_PROFILES[run.job]
    # Failed runs of a daily partition are always re-executed, unless they belong to a backfill.
    is_required = job.partitioned and "dagster/backfill" not in run.tags
    if rng.random() > (1.0 if is_required else REEXECUTED_SHARE):
        return None
    step, failure = run.failure
    steps = list(job.steps)
    selection = steps[steps.index(step) :]
    delay = rng.lognormvariate(math.log(1_500), 0.7)
    created = run.ended + delay
    if incidents.is_broken(run.job, run.created) and rng.random() < WAITS_FOR_FIX_SHARE:
        created = max(created, incidents.fixed_at() + rng.uniform(0, 7_200))
    fails = incidents.is_broken(run.job, created) or rng.random() < REEXECUTION_FAILS_SHARE
    tags = {key: value for key, value in run.tags.items() if not key.startswith(("dagster/s", "user"))}
    child = replace(
        run,
        run_id=run_id,
        status="SUCCESS",
        created=_to_microseconds(created),
        tags={
            **tags,
            "user": ON_CALL,
            "dagster/parent_run_id": run.run_id,
            "dagster/root_run_id": run.group,
            "dagster/is_resume_retry": "true",
        },
        steps=(),
        selection=tuple(selection),
        parent_run_id=run.run_id,
        root_run_id=run.group,
    )
    seconds = _choose_seconds(job, run.rows, rng) * sum(job.steps[key] for key in selection)
    return _execute(child, selection, seconds, rng.expovariate(0.5), (failure, step) if fails else None, rng)


def _execute(
    run: PlannedRun, keys: list[str], seconds: float, queue: float, failing: tuple[str, str] | None, rng: Random
) -> PlannedRun:
    """Add the steps, times and status of a run."""
    job = JOB_PROFILES[run.job]
    dequeued = run.created + queue
    started = dequeued + rng.lognormvariate(math.log(2.2), 0.25)
    clock = started + 0.15
    shares = {key: job.steps[key] * rng.lognormvariate(0, 0.12) for key in keys}
    steps = []
    for key in keys:
        took = seconds * shares[key] / sum(shares.values())
        failed_here = failing is not None and failing[1] == key
        attempts = 1
        if failed_here:
            took *= rng.uniform(0.1, 0.9)
        elif job.retried and job.retried[0] == key and rng.random() < job.retried[1]:
            attempts = rng.choice((2, 2, 3))
            took += (attempts - 1) * (RETRY_SECONDS + took * 0.4)
        steps.append(
            PlannedStep(
                key,
                _to_microseconds(clock),
                _to_microseconds(clock + took),
                attempts,
                failing[0] if failing and failed_here else None,
            )
        )
        clock += took + STEP_GAP_SECONDS
        if failed_here:
            break
    status = "CANCELED" if run.job == "watch_clickstream" else "FAILURE" if failing else "SUCCESS"
    return replace(
        run,
        status=status,
        dequeued=_to_microseconds(dequeued),
        started=_to_microseconds(started),
        ended=_to_microseconds(clock + 0.05),
        steps=tuple(steps),
    )


def _choose_rows(job: JobProfile, at: float, rng: Random) -> int:
    """Return the number of rows that a run processes. The number of orders depends on the hour and the day."""
    if job.name == "ingest_orders":
        time = dt.datetime.fromtimestamp(at, dt.UTC)
        evening = 1 + 0.55 * math.sin((time.hour - 13) / 24 * 2 * math.pi)
        weekend = 1.35 if time.weekday() >= SATURDAY else 1.0
        return int(job.rows * evening * weekend * rng.lognormvariate(0, 0.12))
    if job.name == "train_forecast":
        return rng.choice((17_000, 20_000, 20_000, 23_000))
    return int(job.rows * rng.lognormvariate(0, 0.15))


def _choose_seconds(job: JobProfile, rows: int, rng: Random) -> float:
    size = (rows / job.rows) ** SIZE_EXPONENT if job.rows else 1.0
    tail = rng.uniform(1.5, MAX_OUTLIER_FACTOR) if rng.random() < OUTLIER_SHARE else 1.0
    return job.median * size * tail * rng.lognormvariate(0, job.sigma)


def _queue_seconds(job: str, launch: PlannedLaunch, rng: Random, incidents: Incidents) -> float:
    if launch.backfill:  # the runs of a backfill start one after the other
        position = (launch.at % 3600) * 0.1
        return rng.expovariate(0.5) + position
    wait = rng.expovariate(0.5)
    minute = launch.at % 3600 / 60
    if job == incidents.queue_job and minute < incidents.queue_minutes:
        wait += 160 * (1 - minute / incidents.queue_minutes) * rng.lognormvariate(0, 0.35)
    return wait


def _choose_failure(launch: PlannedLaunch, rng: Random, incidents: Incidents) -> tuple[str, str] | None:
    """Return the failure and the step that fails, or None if the run succeeds."""
    if incidents.is_broken(launch.job.name, launch.at):
        return "column_renamed", "query_marts"
    if launch.backfill:
        failure, step, _ = launch.job.failures[0]
        return (failure, step) if launch.fails else None
    draw = rng.random()
    for failure, step, share in launch.job.failures:
        draw -= share
        if draw < 0:
            return failure, step
    return None


def _choose_config(job: JobProfile, rows: int, partition: str | None, rng: Random) -> dict[str, Any]:
    """Return a run config that the job's schema accepts."""
    if job.name == "ingest_orders":
        return {
            "ops": {"fetch_orders": {"config": {"region": rng.choice(REGIONS), "batch_size": 5_000, "since_hours": 4}}}
        }
    if job.name == "train_forecast":
        model = rng.choice(("GRADIENT_BOOSTING", "GRADIENT_BOOSTING", "NEURAL"))
        train = {"target": "revenue", "model": model, "epochs": rng.choice((10, 20, 40)), "learning_rate": 0.1}
        return {"ops": {"build_features": {"config": {"rows": rows}}, "train_model": {"config": train}}}
    if job.name == "send_reports":
        config = {"recipient": rng.choice(RECIPIENTS), "days": rng.choice((7, 7, 30))}
        return {"ops": {"write_report": {"config": config}}}
    if job.name == "export_invoices":
        return {"ops": {"collect_invoices": {"config": {"day": partition}}}}
    if job.name == "watch_clickstream":
        return {"ops": {"consume_clicks": {"config": {"topic": "clicks"}}}}
    return {}


def _to_microseconds(seconds: float) -> float:
    """Round a time to microseconds, because this is the resolution of the storage and of frames."""
    return round(seconds, 6)
