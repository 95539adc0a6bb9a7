"""Choose launch times with daily and weekly patterns, and the times of ticks that launch nothing."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .incidents import DAYS, SATURDAY, midnight
from .job_profiles import CRM_SENSOR, JOB_PROFILES, ON_CALL, USERS
from .planned import PlannedBackfill, PlannedTick

if TYPE_CHECKING:
    from collections.abc import Iterator
    from random import Random

    from .incidents import Incidents
    from .job_profiles import JobProfile

__all__ = ["PlannedLaunch", "plan_backfills", "plan_idle_ticks", "plan_launches", "scale_for", "tick_time"]

HOUR = 3600.0
# The relative number of runs that users launch in each hour of a working day (UTC).
BY_HOUR = (1, 0, 0, 0, 0, 1, 3, 7, 12, 15, 14, 12, 8, 11, 14, 13, 11, 8, 5, 3, 2, 2, 1, 1)
WEEKEND_SHARE = 0.3
MIN_SCALE = 0.3  # below this scale, partitioned jobs do not run every day
SPREAD_SECONDS = 600.0
TICK_SECONDS = 60.0
EXTRA_FAILURES_SHARE = 1.05
SENSOR_SECONDS = 300
SKIPPED_TICKS_DAYS = 7  # Dagster keeps the skipped ticks of sensors for a week
BACKFILLS = (
    # For each backfill: the job, the number of partitions, the age of the first partition and of the backfill in days,
    # and the share of runs that fail.
    ("export_invoices", 30, 150, 62, 0.0),
    ("daily_sales", 14, 104, 26, 0.2),
)


@dataclass(frozen=True, slots=True)
class PlannedLaunch:
    """One launch of a job. ``launched_by`` is the tag that names what launched the run."""

    job: JobProfile
    at: float
    launched_by: tuple[str, str]
    partition: str | None = None
    backfill: str | None = None
    fails: bool = False


def tick_time(created: float) -> float:
    """Return the time of the tick that created a run."""
    return created // TICK_SECONDS * TICK_SECONDS


def _days_before(until: dt.datetime) -> list[dt.date]:
    """Return the days of a history. The last day can be incomplete."""
    return [until.date() - dt.timedelta(days=ago) for ago in range(DAYS, -1, -1)]


def scale_for(runs: int, until: dt.datetime) -> float:
    """Return how many times as busy as usual the shop must be to produce a given number of runs."""
    once = float(sum(count for _, count, *_ in BACKFILLS))
    more = 0.0
    for day in _days_before(until)[1:]:
        for job in JOB_PROFILES.values():
            weekend = day.weekday() >= SATURDAY
            if weekend and not job.weekends:
                continue
            usual = len(job.times) + job.on_demand * (WEEKEND_SHARE if weekend else 1.0)
            once += usual * job.partitioned
            more += usual * (not job.partitioned)
    wanted = runs / EXTRA_FAILURES_SHARE
    # Except in the smallest histories, the number of runs per day for partitions does not depend on the scale.
    return max((wanted - once) / more, wanted / (once / MIN_SCALE + more))


def plan_launches(scale: float, rng: Random, until: dt.datetime, incidents: Incidents) -> list[PlannedLaunch]:
    """Plan the launches of all jobs, ``scale`` times as many as usual."""
    begin = until.timestamp() - DAYS * 24 * HOUR
    planned: list[PlannedLaunch] = []
    for day in _days_before(until):
        for job in JOB_PROFILES.values():
            planned += _launches_of_day(job, day, scale, rng)
    missing = (incidents.missing_job, incidents.missing_day.isoformat())
    return [
        launch
        for launch in planned
        if begin <= launch.at < until.timestamp() and (launch.job.name, launch.partition) != missing
    ]


def _launches_of_day(job: JobProfile, day: dt.date, scale: float, rng: Random) -> Iterator[PlannedLaunch]:
    weekend = day.weekday() >= SATURDAY
    if weekend and not job.weekends:
        return
    for hour, minute in job.times:
        at = midnight(day) + hour * HOUR + minute * 60
        partition = (day - dt.timedelta(days=1)).isoformat() if job.partitioned else None
        for copy in range(_random_count(min(scale / MIN_SCALE, 1.0) if job.partitioned else scale, rng)):
            later = rng.random() * 4 + (copy and rng.random() * SPREAD_SECONDS)
            yield PlannedLaunch(job, at + later, ("dagster/schedule_name", job.schedule or ""), partition)
    share = scale * (WEEKEND_SHARE if weekend else 1.0)
    for _ in range(_random_count(job.on_demand * share, rng)):
        hour = rng.choices(range(24), BY_HOUR)[0]
        at = midnight(day) + (hour + rng.random()) * HOUR
        by = ("dagster/sensor_name", CRM_SENSOR) if job.name == "sync_crm" else ("user", USERS.get(job.team, ON_CALL))
        yield PlannedLaunch(job, at, by)


def _random_count(mean: float, rng: Random) -> int:
    """Round the mean up or down at random, so that the average of many results equals the mean."""
    return int(mean) + (rng.random() < mean % 1)


def plan_backfills(
    scale: float, rng: Random, until: dt.datetime
) -> Iterator[tuple[PlannedBackfill, list[PlannedLaunch]]]:
    """Plan the backfills and their launches."""
    for job, count, first, launched, share in BACKFILLS:
        number = max(3, round(count * min(1.0, scale)))
        start = midnight(until.date() - dt.timedelta(days=launched)) + 10.3 * HOUR + rng.random() * HOUR
        days = [(until.date() - dt.timedelta(days=first - n)).isoformat() for n in range(number)]
        key = "".join(rng.choices("abcdefghijklmnopqrstuvwxyz", k=8))
        fails = set(rng.sample(range(number), round(share * number) or (share > 0)))
        backfill = PlannedBackfill(key, job, start, start, tuple(days), ON_CALL, failed=False)
        launches = [
            PlannedLaunch(JOB_PROFILES[job], start + 2 + n * 1.3, ("user", ON_CALL), day, key, fails=n in fails)
            for n, day in enumerate(days)
        ]
        yield backfill, launches


def plan_idle_ticks(rng: Random, until: dt.datetime, *, taken: set[float]) -> Iterator[PlannedTick]:
    """Plan the ticks that launched nothing: the sensor's skips, two failures, and one skip on a public holiday."""
    end = until.timestamp()
    for n in range(1, SKIPPED_TICKS_DAYS * 24 * 3600 // SENSOR_SECONDS):
        at = end - n * SENSOR_SECONDS + rng.random()
        if tick_time(at) not in taken:
            yield PlannedTick(CRM_SENSOR, at, skip_reason="no contact changed since the last tick")
    yield PlannedTick(CRM_SENSOR, end - 3.4 * 24 * HOUR, error="crm_unavailable")
    yield PlannedTick("build_warehouse_schedule", end - 12.6 * 24 * HOUR, error="warehouse_deadlock")
    yield PlannedTick("refresh_dashboards_schedule", end - 9.2 * 24 * HOUR, skip_reason="public holiday")
