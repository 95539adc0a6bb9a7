"""What becomes of a slot: how long it queues and runs, whether it fails, and who tries again."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from .catalog import JOBS, ON_CALL
from .incidents import SATURDAY
from .model import Run, Step

if TYPE_CHECKING:
    from random import Random

    from .catalog import Job
    from .incidents import Incidents
    from .rhythm import Slot

__all__ = ["again", "first_run"]

SIZE_EXPONENT = 0.8
OUTLIER_SHARE, OUTLIER_MOST = 0.02, 4.0
CANCELED_IN_QUEUE_SHARE = 0.004
RETRY_SECONDS = 2.0
STEP_GAP_SECONDS = 0.02
AGAIN_SHARE, AGAIN_FAILS_SHARE = 0.66, 0.2
RECIPIENTS = ("board", "sales", "logistics", "marketing")
REGIONS = ("eu", "eu", "us", "apac")


def first_run(slot: Slot, run_id: str, rng: Random, incidents: Incidents) -> Run:
    """Decide what becomes of a slot.

    Parameters
    ----------
    slot
        What was launched, and when.
    run_id
        Its id.
    rng
        Where chance comes from.
    incidents
        What happens in these days.

    Returns
    -------
    Run
        Finished.
    """
    job = slot.job
    rows = _rows(job, slot.at, rng)
    tags = {"team": job.team, slot.launched_by[0]: slot.launched_by[1]}
    if rows:
        tags["shop/rows"] = str(rows)
    if slot.partition:
        tags["dagster/partition"] = slot.partition
    if slot.backfill:
        tags["dagster/backfill"] = slot.backfill
    if job.name == incidents.slower_job:
        key, before, since = incidents.slower_tag
        tags[key] = since if incidents.is_slower(job.name, slot.at) else before
    seconds = _seconds(job, rows, rng) * (incidents.slower_factor if incidents.is_slower(job.name, slot.at) else 1.0)
    run = Run(
        run_id=run_id,
        job=job.name,
        status="SUCCESS",
        created=_exact(slot.at),
        dequeued=None,
        started=None,
        ended=0.0,
        rows=rows,
        tags=tags,
        run_config=_config(job, rows, slot.partition, rng),
    )
    if rng.random() < CANCELED_IN_QUEUE_SHARE and not job.partitioned:
        return replace(run, status="CANCELED", ended=_exact(slot.at + rng.uniform(5, 300)))
    queue = _queue(job.name, slot, rng, incidents)
    failing = _failing(slot, rng, incidents)
    return _execute(run, list(job.steps), seconds, queue, failing, rng)


def again(run: Run, run_id: str, rng: Random, incidents: Incidents) -> Run | None:
    """Decide whether somebody re-executes a failed run from where it failed, and what becomes of that.

    Returns
    -------
    Run or None
        None when it did not fail, or nobody cared.
    """
    if run.failure is None or run.status != "FAILURE":
        return None
    job = JOBS[run.job]
    # The sales of a day are somebody's duty; what a backfill left open is nobody's.
    duty = job.partitioned and "dagster/backfill" not in run.tags
    if rng.random() > (1.0 if duty else AGAIN_SHARE):
        return None
    step, failure = run.failure
    steps = list(job.steps)
    selection = steps[steps.index(step) :]
    delay = rng.lognormvariate(math.log(1_500), 0.7)
    created = run.ended + delay
    if incidents.is_broken(run.job, run.created) and rng.random() < 0.7:  # noqa: PLR2004 - most people wait
        created = max(created, incidents.repaired() + rng.uniform(0, 7_200))
    fails = incidents.is_broken(run.job, created) or rng.random() < AGAIN_FAILS_SHARE
    tags = {key: value for key, value in run.tags.items() if not key.startswith(("dagster/s", "user"))}
    child = replace(
        run,
        run_id=run_id,
        status="SUCCESS",
        created=_exact(created),
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
    seconds = _seconds(job, run.rows, rng) * sum(job.steps[key] for key in selection)
    return _execute(child, selection, seconds, rng.expovariate(0.5), (failure, step) if fails else None, rng)


def _execute(
    run: Run, keys: list[str], seconds: float, queue: float, failing: tuple[str, str] | None, rng: Random
) -> Run:
    job = JOBS[run.job]
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
            Step(key, _exact(clock), _exact(clock + took), attempts, failing[0] if failing and failed_here else None)
        )
        clock += took + STEP_GAP_SECONDS
        if failed_here:
            break
    status = "CANCELED" if run.job == "watch_clickstream" else "FAILURE" if failing else "SUCCESS"
    return replace(
        run,
        status=status,
        dequeued=_exact(dequeued),
        started=_exact(started),
        ended=_exact(clock + 0.05),
        steps=tuple(steps),
    )


def _rows(job: Job, at: float, rng: Random) -> int:
    """How much there is to work on: by the hour and by the day for orders, else about the usual."""
    if job.name == "ingest_orders":
        time = dt.datetime.fromtimestamp(at, dt.UTC)
        evening = 1 + 0.55 * math.sin((time.hour - 13) / 24 * 2 * math.pi)
        weekend = 1.35 if time.weekday() >= SATURDAY else 1.0
        return int(job.rows * evening * weekend * rng.lognormvariate(0, 0.12))
    if job.name == "train_forecast":
        return rng.choice((17_000, 20_000, 20_000, 23_000))
    return int(job.rows * rng.lognormvariate(0, 0.15))


def _seconds(job: Job, rows: int, rng: Random) -> float:
    size = (rows / job.rows) ** SIZE_EXPONENT if job.rows else 1.0
    tail = rng.uniform(1.5, OUTLIER_MOST) if rng.random() < OUTLIER_SHARE else 1.0
    return job.median * size * tail * rng.lognormvariate(0, job.sigma)


def _queue(job: str, slot: Slot, rng: Random, incidents: Incidents) -> float:
    if slot.backfill:  # one after the other, three at a time
        position = (slot.at % 3600) * 0.1
        return rng.expovariate(0.5) + position
    wait = rng.expovariate(0.5)
    minute = slot.at % 3600 / 60
    if job == incidents.queue_job and minute < incidents.queue_minutes:
        wait += 160 * (1 - minute / incidents.queue_minutes) * rng.lognormvariate(0, 0.35)
    return wait


def _failing(slot: Slot, rng: Random, incidents: Incidents) -> tuple[str, str] | None:
    """Which failure, in which step."""
    if incidents.is_broken(slot.job.name, slot.at):
        return "column_renamed", "query_marts"
    if slot.backfill:
        failure, step, _ = slot.job.failures[0]
        return (failure, step) if slot.fails else None
    draw = rng.random()
    for failure, step, share in slot.job.failures:
        draw -= share
        if draw < 0:
            return failure, step
    return None


def _config(job: Job, rows: int, partition: str | None, rng: Random) -> dict[str, Any]:
    """Give a run config that the job's schema accepts."""
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


def _exact(seconds: float) -> float:
    """Cut to the microsecond, as far as storage and frames go."""
    return round(seconds, 6)
