"""When things happen: slots for runs, by the day and by the week, and the ticks between them."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .catalog import CRM_SENSOR, JOBS, ON_CALL, USERS
from .incidents import DAYS, SATURDAY, midnight
from .model import Backfill, Tick

if TYPE_CHECKING:
    from collections.abc import Iterator
    from random import Random

    from .catalog import Job
    from .incidents import Incidents

__all__ = ["Slot", "backfills", "idle_ticks", "scale_for", "slots", "tick_time"]

HOUR = 3600.0
# How busy people are, by hour of a working day (UTC).
BY_HOUR = (1, 0, 0, 0, 0, 1, 3, 7, 12, 15, 14, 12, 8, 11, 14, 13, 11, 8, 5, 3, 2, 2, 1, 1)
WEEKEND_SHARE = 0.3
LEAST_SCALE = 0.3  # below it, even what runs daily does not run every day
SPREAD_SECONDS = 600.0
TICK_SECONDS = 60.0
EXTRA_FAILURES_SHARE = 1.05
SENSOR_SECONDS = 300
SKIPS_KEPT_DAYS = 7  # Dagster's own default for a sensor's skipped ticks
BACKFILLS = (
    # job, partitions, first partition this many days ago, launched this many days ago, share that fails
    ("export_invoices", 30, 150, 62, 0.0),
    ("daily_sales", 14, 104, 26, 0.2),
)


@dataclass(frozen=True, slots=True)
class Slot:
    """One run to be."""

    job: Job
    at: float
    launched_by: tuple[str, str]
    partition: str | None = None
    backfill: str | None = None
    fails: bool = False


def tick_time(created: float) -> float:
    """Give the time of the tick that created a run."""
    return created // TICK_SECONDS * TICK_SECONDS


def days_before(until: dt.datetime) -> list[dt.date]:
    """Give the days of a history, the last one of which may not be over."""
    return [until.date() - dt.timedelta(days=ago) for ago in range(DAYS, -1, -1)]


def scale_for(runs: int, until: dt.datetime) -> float:
    """How many times as busy as usual the shop must be for that many runs."""
    once = float(sum(count for _, count, *_ in BACKFILLS))
    more = 0.0
    for day in days_before(until)[1:]:
        for job in JOBS.values():
            weekend = day.weekday() >= SATURDAY
            if weekend and not job.weekends:
                continue
            usual = len(job.times) + job.by_hand * (WEEKEND_SHARE if weekend else 1.0)
            once += usual * job.partitioned
            more += usual * (not job.partitioned)
    wanted = runs / EXTRA_FAILURES_SHARE
    # What runs once a day for a partition becomes neither more nor, in all but the smallest histories, less.
    return max((wanted - once) / more, wanted / (once / LEAST_SCALE + more))


def slots(scale: float, rng: Random, until: dt.datetime, incidents: Incidents) -> list[Slot]:
    """Plan when which job starts.

    Parameters
    ----------
    scale
        How many times as many as usual. A job that runs once a day for a partition does so at any scale above one.
    rng
        Where chance comes from.
    until
        The end.
    incidents
        What happens.
    """
    begin = until.timestamp() - DAYS * 24 * HOUR
    planned = []
    for day in days_before(until):
        for job in JOBS.values():
            planned += [slot for slot in _day(job, day, scale, rng) if begin <= slot.at < until.timestamp()]
    missing = (incidents.missing_job, incidents.missing_day.isoformat())
    return [slot for slot in planned if (slot.job.name, slot.partition) != missing]


def _day(job: Job, day: dt.date, scale: float, rng: Random) -> Iterator[Slot]:
    weekend = day.weekday() >= SATURDAY
    if weekend and not job.weekends:
        return
    for hour, minute in job.times:
        at = midnight(day) + hour * HOUR + minute * 60
        partition = (day - dt.timedelta(days=1)).isoformat() if job.partitioned else None
        for copy in range(_copies(min(scale / LEAST_SCALE, 1.0) if job.partitioned else scale, rng)):
            later = rng.random() * 4 + (copy and rng.random() * SPREAD_SECONDS)
            yield Slot(job, at + later, ("dagster/schedule_name", job.schedule or ""), partition)
    share = scale * (WEEKEND_SHARE if weekend else 1.0)
    for _ in range(_copies(job.by_hand * share, rng)):
        hour = rng.choices(range(24), BY_HOUR)[0]
        by = ("dagster/sensor_name", CRM_SENSOR) if job.name == "sync_crm" else ("user", USERS.get(job.team, ON_CALL))
        yield Slot(job, midnight(day) + (hour + rng.random()) * HOUR, by)


def _copies(mean: float, rng: Random) -> int:
    return int(mean) + (rng.random() < mean % 1)


def backfills(scale: float, rng: Random, until: dt.datetime) -> Iterator[tuple[Backfill, list[Slot]]]:
    """Plan the backfills, and their runs."""
    for job, count, first, launched, share in BACKFILLS:
        number = max(3, round(count * min(1.0, scale)))
        start = midnight(until.date() - dt.timedelta(days=launched)) + 10.3 * HOUR + rng.random() * HOUR
        days = [(until.date() - dt.timedelta(days=first - n)).isoformat() for n in range(number)]
        key = "".join(rng.choices("abcdefghijklmnopqrstuvwxyz", k=8))
        fails = set(rng.sample(range(number), round(share * number) or (share > 0)))
        backfill = Backfill(key, job, start, start, tuple(days), ON_CALL, failed=False)
        yield (
            backfill,
            [
                Slot(JOBS[job], start + 2 + n * 1.3, ("user", ON_CALL), day, key, fails=n in fails)
                for n, day in enumerate(days)
            ],
        )


def idle_ticks(rng: Random, until: dt.datetime, *, busy: set[float]) -> Iterator[Tick]:
    """Plan the ticks that launched nothing: the sensor's of the last week, and two that failed."""
    end = until.timestamp()
    for n in range(1, SKIPS_KEPT_DAYS * 24 * 3600 // SENSOR_SECONDS):
        at = end - n * SENSOR_SECONDS + rng.random()
        if tick_time(at) not in busy:
            yield Tick(CRM_SENSOR, at, skip_reason="no contact changed since the last look")
    yield Tick(CRM_SENSOR, end - 3.4 * 24 * HOUR, error="crm_unavailable")
    yield Tick("build_warehouse_schedule", end - 12.6 * 24 * HOUR, error="warehouse_deadlock")
    yield Tick("refresh_dashboards_schedule", end - 9.2 * 24 * HOUR, skip_reason="public holiday: nobody is looking")
