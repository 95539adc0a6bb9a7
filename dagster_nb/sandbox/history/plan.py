"""The history as plain data: the same seed and the same end give the same, anywhere."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import replace
from itertools import takewhile
from random import Random
from typing import TYPE_CHECKING

from . import outcomes, rhythm
from .catalog import JOBS
from .incidents import Incidents
from .model import Backfill, History, Tick
from .truth import truth_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .model import Run

__all__ = ["MOST_RUNS", "last_full_hour", "plan_history"]

HOUR = 3600
MOST_RUNS = 100_000
SPARE = 1.04
MORE = 1.15


def last_full_hour(now: float) -> dt.datetime:
    """Give the last full hour (UTC).

    Histories end there, so that two that are made within minutes of each other are the same.

    Parameters
    ----------
    now
        POSIX seconds.
    """
    return dt.datetime.fromtimestamp(now // HOUR * HOUR, dt.UTC)


def plan_history(runs: int, *, seed: int = 0, until: dt.datetime) -> History:
    """Plan exactly that many finished runs over the ninety days before a time.

    Parameters
    ----------
    runs
        How many, from 0 to 100,000. Below some hundreds not every incident finds its place.
    seed
        The same seed and ``until`` give the same history.
    until
        Its end; an aware time.

    Returns
    -------
    History
        Runs in the order of their creation.

    Raises
    ------
    ValueError
        When ``runs`` is out of range.
    """
    if not 0 <= runs <= MOST_RUNS:
        raise ValueError(f"runs={runs}: between 0 and {MOST_RUNS:,} please")
    incidents = Incidents.before(until)
    scale = rhythm.scale_for(runs, until)
    while True:
        rng = Random(f"{seed}/{runs}")
        planned, backfills = _runs(scale * SPARE, rng, until, incidents)
        if len(planned) >= runs:
            break
        scale = max(scale, 1e-3) * MORE
    kept = _drop(planned, len(planned) - runs, rng)
    backfills = [
        backfill for backfill in backfills if any(r.tags.get("dagster/backfill") == backfill.backfill_id for r in kept)
    ]
    ticks = _ticks(kept, rng, until)
    return History(tuple(kept), tuple(ticks), tuple(backfills), truth_of(kept, backfills, incidents, until))


def new_id(rng: Random) -> str:
    """Make a run id."""
    return str(uuid.UUID(int=rng.getrandbits(128), version=4))


def _runs(scale: float, rng: Random, until: dt.datetime, incidents: Incidents) -> tuple[list[Run], list[Backfill]]:
    runs: list[Run] = []
    backfills: list[Backfill] = []
    slots = rhythm.slots(scale, rng, until, incidents)
    for backfill, of_backfill in rhythm.backfills(scale, rng, until):
        backfills.append(backfill)
        slots += of_backfill
    for slot in slots:
        first = outcomes.first_run(slot, new_id(rng), rng, incidents)
        group = [first]
        while again := outcomes.again(group[-1], new_id(rng), rng, incidents):
            group.append(again)
        runs += takewhile(lambda run: run.ended < until.timestamp(), group)
    runs.sort(key=lambda run: (run.created, run.run_id))
    # A backfill is over with its own runs, whatever people re-execute later.
    own = [run for run in runs if "dagster/backfill" in run.tags and not run.parent_run_id]
    ended = {b.backfill_id: [r.ended for r in own if r.tags["dagster/backfill"] == b.backfill_id] for b in backfills}
    failed = {run.tags["dagster/backfill"] for run in own if run.status == "FAILURE"}
    return runs, [
        replace(b, ended=max(ended[b.backfill_id]), failed=b.backfill_id in failed)
        for b in backfills
        if ended[b.backfill_id]
    ]


def _drop(runs: list[Run], surplus: int, rng: Random) -> list[Run]:
    """Leave that many out: ordinary successes while there are any, and never the parent of another run."""
    parents = {run.parent_run_id for run in runs}
    leaves = [run for run in runs if run.run_id not in parents]
    ordinary = [r for r in leaves if r.status == "SUCCESS" and not r.parent_run_id and not JOBS[r.job].partitioned]
    chosen = {run.run_id for run in rng.sample(ordinary, min(surplus, len(ordinary)))}
    kept = [run for run in runs if run.run_id not in chosen]
    # Only in a very small history: the newest ones, whose children come after them.
    return kept[: len(kept) - (surplus - len(chosen))]


def _ticks(runs: Iterable[Run], rng: Random, until: dt.datetime) -> list[Tick]:
    """Tell what the schedules and the sensor did: the runs that they launched, and what they did not launch."""
    launched: dict[tuple[str, float], list[str]] = {}
    for run in runs:
        name = run.tags.get("dagster/schedule_name") or run.tags.get("dagster/sensor_name")
        if name and not run.parent_run_id:
            launched.setdefault((name, rhythm.tick_time(run.created)), []).append(run.run_id)
    ticks = [Tick(name, at, tuple(ids)) for (name, at), ids in launched.items()]
    if ticks:
        ticks += rhythm.idle_ticks(rng, until, busy={tick.at for tick in ticks})
    return sorted(ticks, key=lambda tick: (tick.at, tick.name))
