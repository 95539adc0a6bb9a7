"""Plan a history. The same seed and the same end produce the same history on any machine."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import replace
from itertools import takewhile
from random import Random
from typing import TYPE_CHECKING

from . import launch_times
from .ground_truth import GroundTruth
from .incidents import Incidents
from .job_profiles import JOB_PROFILES
from .planned import History, PlannedBackfill, PlannedTick
from .simulate_run import simulate_first_run, simulate_reexecution

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .planned import PlannedRun

__all__ = ["MAX_RUNS", "last_full_hour", "plan_history"]

HOUR = 3600
MAX_RUNS = 100_000
# Plan more runs than needed, because some of them are dropped. If too few remain, plan even more.
FIRST_MARGIN, NEXT_MARGIN = 1.04, 1.15


def last_full_hour(now: float) -> dt.datetime:
    """Return the last full hour (UTC) before a time in POSIX seconds.

    Histories end at the last full hour, so that all histories that are created within the same hour are the same.
    """
    return dt.datetime.fromtimestamp(now // HOUR * HOUR, dt.UTC)


def plan_history(runs: int, *, seed: int = 0, until: dt.datetime) -> History:
    """Plan a history of ninety days with an exact number of finished runs.

    Parameters
    ----------
    runs
        The number of runs, from 0 to 100,000. A history with fewer than a few hundred runs does not contain every
        incident.
    seed
        The seed of the random history. The same seed and ``until`` produce the same history.
    until
        The end of the history, as a datetime with a time zone.

    Returns
    -------
    History
        The history, with runs sorted by creation time.

    Raises
    ------
    ValueError
        If ``runs`` is out of range.
    """
    if not 0 <= runs <= MAX_RUNS:
        raise ValueError(f"runs must be between 0 and {MAX_RUNS:,}, got {runs:,}")
    incidents = Incidents.before(until)
    scale = launch_times.scale_for(runs, until)
    while True:
        rng = Random(f"{seed}/{runs}")
        planned, backfills = _plan_runs(scale * FIRST_MARGIN, rng, until, incidents)
        if len(planned) >= runs:
            break
        scale = max(scale, 1e-3) * NEXT_MARGIN
    kept = _drop(planned, len(planned) - runs, rng)
    backfill_ids = {run.tags.get("dagster/backfill") for run in kept}
    backfills = [backfill for backfill in backfills if backfill.backfill_id in backfill_ids]
    ticks = _plan_ticks(kept, rng, until)
    truth = GroundTruth.of(kept, backfills, incidents, until)
    return History(tuple(kept), tuple(ticks), tuple(backfills), truth)


def _new_run_id(rng: Random) -> str:
    return str(uuid.UUID(int=rng.getrandbits(128), version=4))


def _plan_runs(
    scale: float, rng: Random, until: dt.datetime, incidents: Incidents
) -> tuple[list[PlannedRun], list[PlannedBackfill]]:
    runs: list[PlannedRun] = []
    backfills: list[PlannedBackfill] = []
    launches = launch_times.plan_launches(scale, rng, until, incidents)
    for backfill, launches_of_backfill in launch_times.plan_backfills(scale, rng, until):
        backfills.append(backfill)
        launches += launches_of_backfill
    for launch in launches:
        group = [simulate_first_run(launch, _new_run_id(rng), rng, incidents)]
        while reexecution := simulate_reexecution(group[-1], _new_run_id(rng), rng, incidents):
            group.append(reexecution)
        runs += takewhile(lambda run: run.ended < until.timestamp(), group)
    runs.sort(key=lambda run: (run.created, run.run_id))
    return runs, list(_finish_backfills(backfills, runs))


def _finish_backfills(backfills: list[PlannedBackfill], runs: list[PlannedRun]) -> Iterable[PlannedBackfill]:
    """Set the end and the outcome of each backfill from its own runs, ignoring later re-executions."""
    for backfill in backfills:
        own = [
            run
            for run in runs
            if run.tags.get("dagster/backfill") == backfill.backfill_id and run.parent_run_id is None
        ]
        if own:
            failed = any(run.status == "FAILURE" for run in own)
            yield replace(backfill, ended=max(run.ended for run in own), failed=failed)


def _drop(runs: list[PlannedRun], surplus: int, rng: Random) -> list[PlannedRun]:
    """Drop a number of runs. These are ordinary successful runs if possible, and never the parent of another run."""
    parents = {run.parent_run_id for run in runs}
    ordinary = [
        run
        for run in runs
        if run.run_id not in parents
        and run.status == "SUCCESS"
        and not run.parent_run_id
        and not JOB_PROFILES[run.job].partitioned
    ]
    dropped = {run.run_id for run in rng.sample(ordinary, min(surplus, len(ordinary)))}
    kept = [run for run in runs if run.run_id not in dropped]
    # If there are too few ordinary runs, as in a very small history, drop the newest runs, because a parent is older
    # than its children.
    return kept[: len(kept) - (surplus - len(dropped))]


def _plan_ticks(runs: Iterable[PlannedRun], rng: Random, until: dt.datetime) -> list[PlannedTick]:
    """Plan the ticks that launched the runs, and the ticks that launched no run."""
    launched: dict[tuple[str, float], list[str]] = {}
    for run in runs:
        name = run.tags.get("dagster/schedule_name") or run.tags.get("dagster/sensor_name")
        if name and not run.parent_run_id:
            launched.setdefault((name, launch_times.tick_time(run.created)), []).append(run.run_id)
    ticks = [PlannedTick(name, at, tuple(ids)) for (name, at), ids in launched.items()]
    if ticks:
        ticks += launch_times.plan_idle_ticks(rng, until, taken={tick.at for tick in ticks})
    return sorted(ticks, key=lambda tick: (tick.at, tick.name))
