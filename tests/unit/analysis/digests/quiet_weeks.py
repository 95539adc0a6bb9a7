"""Simulate weeks without problems, and count the false alarms of a digest.

python -m tests.unit.analysis.digests.quiet_weeks 200
"""

from __future__ import annotations

import sys
from collections import Counter

import numpy as np
import pandas as pd

from dagster_nb.analysis.current_slowdowns import current_slowdowns
from dagster_nb.analysis.digests.digest import find_all
from dagster_nb.analysis.digests.evidence import Evidence, runs_as_of
from dagster_nb.analysis.digests.missing_partitions import partition_gaps

DAYS, PERIOD = 67, pd.Timedelta("7D")
AS_OF = pd.Timestamp("2026-11-25 09:00", tz="UTC")
# job: runs per day, median in seconds, sigma, only on weekdays, slowdown on weekends, partitioned
JOBS = {
    "hourly": (24, 60, 0.2, False, 0.0, False),
    "every_four_hours": (6, 95, 0.3, False, 0.3, False),
    "daily": (1, 240, 0.2, False, 0.0, True),
    "working_days": (1, 600, 0.25, True, 0.0, True),
    "twice_a_day": (2, 610, 0.15, False, 0.2, False),
    "users": (5, 42, 0.5, True, 0.0, False),
    "long_tail": (2, 55, 1.2, True, 0.0, False),
    "rare": (0.3, 1500, 0.2, False, 0.0, False),
}


def quiet_evidence(seed):
    """Return the evidence for a week without problems."""
    random = np.random.default_rng(seed)
    runs = pd.concat([_runs(random, name, *job) for name, job in JOBS.items()], ignore_index=True)
    runs["run_id"] = pd.array([f"run {number}" for number in runs.index], dtype="string")
    runs = runs_as_of(runs.sort_values("creation_time", ascending=False, ignore_index=True), AS_OF)
    start = AS_OF - PERIOD
    slowdowns = current_slowdowns(runs)
    schedules = {"hourly": 1, "every_four_hours": 4, "daily": 24}
    ticks = pd.concat([_ticks(random, name, hours) for name, hours in schedules.items()], ignore_index=True)
    return Evidence(
        start=start,
        as_of=AS_OF,
        runs=runs,
        slowdowns=slowdowns.assign(is_new=True),
        daemons=pd.DataFrame({"daemon": ["SCHEDULER"], "required": True, "healthy": True, "last_heartbeat": AS_OF}),
        automations=pd.DataFrame(
            {
                "name": list(schedules),
                "kind": "schedule",
                "location": "shop",
                "repository": "repo",
                "status": "RUNNING",
                "last_tick": [ticks["timestamp"][ticks["name"] == name].max() for name in schedules],
                "min_interval": pd.NaT,
            }
        ),
        ticks=ticks,
        materializations=pd.concat([_materializations(random, name) for name in ("daily", "working_days", "users")]),
        missing_partitions=partition_gaps(runs),
    )


def _runs(random, name, per_day, median, sigma, working_days, weekend, partitioned):
    if per_day >= 1 and name not in ("users", "long_tail"):
        day = np.arange(DAYS * per_day) / per_day + random.uniform(0, 0.002, DAYS * per_day)
    else:
        day = np.sort(random.uniform(0, DAYS, int(per_day * DAYS)))
    created = AS_OF.normalize() - pd.Timedelta(days=DAYS - 1) + pd.to_timedelta((day * 86400e6).astype("int64"), "us")
    created = pd.Series(created).astype("datetime64[us, UTC]")
    if working_days:
        created = created[created.dt.day_of_week < 5].reset_index(drop=True)
    level = np.log(median) + sigma * random.standard_normal(len(created))
    level += weekend * (created.dt.day_of_week >= 5) + 0.1 * np.sin(2 * np.pi * created.dt.hour / 24)
    waited = pd.to_timedelta((random.lognormal(0, 1, len(created)) * 3e6).astype("int64"), unit="us")
    length = pd.to_timedelta((np.exp(level) * 1e6).astype("int64"), unit="us")
    key = (created - pd.Timedelta("1D")).dt.strftime("%Y-%m-%d").astype("string")
    return pd.DataFrame(
        {
            "job_name": pd.array([name] * len(created), dtype="string"),
            "status": "SUCCESS",
            "creation_time": created,
            "start_time": created + waited,
            "end_time": created + waited + length,
            "queue_duration": waited,
            "duration": length,
            "root_run_id": pd.array([None] * len(created), dtype="string"),
            "partition_key": key if partitioned else pd.array([None] * len(created), dtype="string"),
            "tags": [{"team": "data", "rows": str(number)} for number in range(len(created))],
        }
    )


def _ticks(random, name, hours):
    late = pd.to_timedelta(random.uniform(0, 90, 14 * 24 // hours), unit="s")
    when = AS_OF.floor(f"{hours}h") - pd.to_timedelta(np.arange(len(late)) * hours, unit="h") + late
    status = np.where(random.random(len(late)) < 0.3, "SKIPPED", "SUCCESS")
    return pd.DataFrame(
        {"name": name, "location": "shop", "repository": "repo", "status": status, "timestamp": when}
    ).query("timestamp <= @AS_OF")


def _materializations(random, name):
    runs = _runs(random, name, *JOBS[name])
    # Let the week end at a random time of day.
    now = AS_OF - pd.Timedelta(hours=24 * random.random())
    when = runs["end_time"][runs["end_time"] <= now] + (AS_OF - now)
    return pd.DataFrame({"asset": pd.array([name] * len(when), dtype="string"), "timestamp": when})


def false_alarms(weeks):
    """Count the findings of each kind over this many weeks."""
    counts = Counter()
    for seed in range(weeks):
        counts.update({finding.kind for finding in find_all(quiet_evidence(seed))})
    return counts


if __name__ == "__main__":
    weeks = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    sys.stdout.write(f"{weeks} quiet weeks, weeks with a false alarm: {dict(false_alarms(weeks)) or 'none'}\n")
