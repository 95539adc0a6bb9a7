"""Simulate weeks without problems, and count the false alarms of a digest.

python -m tests.unit.analysis.digests.quiet_weeks 200
"""

from __future__ import annotations

import sys
from collections import Counter
from dataclasses import dataclass

import numpy as np
import pandas as pd

from dagster_nb.analysis.digests.digest import find_all
from dagster_nb.analysis.digests.evidence import runs_as_of
from dagster_nb.analysis.digests.read_evidence import read_evidence
from tests.unit.analysis.digests.select_runs import select_runs

DAYS = 67
LOOKBACK = pd.Timedelta("60D")
PERIODS = (pd.Timedelta("7D"), pd.Timedelta("24h"))
FIRST = pd.Timestamp("2026-11-23", tz="UTC")  # a Monday
PLACE = {"location": "shop", "repository": "repo"}
DAY = 86_400.0


@dataclass(frozen=True)
class Job:
    """A job, with its number of runs per day, and the median (in seconds) and spread of the runs' durations."""

    per_day: float
    median: float
    sigma: float
    working_days: bool = False
    by_hand: bool = False
    slower_on_weekends: float = 0.0
    partitioned: bool = False
    failing: float = 0.01
    queue: tuple[float, float] = (3.0, 1.0)


JOBS = {
    "hourly": Job(24, 60, 0.2),
    "every_four_hours": Job(6, 95, 0.3, slower_on_weekends=0.3),
    "daily": Job(1, 240, 0.2, partitioned=True, failing=0.05),
    "working_days": Job(1, 600, 0.25, working_days=True, partitioned=True),
    "twice_a_day": Job(2, 610, 0.15, slower_on_weekends=0.2),
    "flaky": Job(3, 21, 0.35, failing=0.2),
    "users": Job(5, 42, 0.5, working_days=True, by_hand=True),
    "long_tail": Job(2, 55, 1.2, working_days=True, by_hand=True),
    "rare": Job(0.3, 1500, 0.2, by_hand=True),
    "long": Job(3, 4 * 3600, 0.8, by_hand=True),
    "waits_for_others": Job(12, 300, 0.4, by_hand=True, queue=(300.0, 1.2)),
}
HOURS_OF_SCHEDULES = {
    # for each schedule: the hours in which it ticks, and whether it ticks only on working days
    "hourly": (range(24), False),
    "every_four_hours": (range(0, 24, 4), False),
    "daily": (range(2, 3), False),
    "working_days": (range(6, 7), True),
    "business_hours": (range(9, 18), True),
}
SENSORS = {
    # for each sensor, in seconds: its minimum interval, and the longest time that an evaluation takes
    "fast": (30, 5),
    "slow_evaluation": (30, 240),
    "every_five_minutes": (300, 20),
    "every_hour": (3600, 60),
}
ASSETS = ("daily", "working_days", "hourly", "every_four_hours", "users", "rare")


class QuietDeployment:
    """A deployment in which nothing goes wrong for a week, with the client methods that a digest uses.

    Runs fail, are retried and are canceled; users launch a backfill; the code is deployed every few days; schedules and
    sensors skip; the daemon restarts. All failures are resolved before the end of the week.
    """

    url = ""

    def __init__(self, seed: int):
        self.random = np.random.default_rng(seed)
        self.as_of = FIRST + pd.Timedelta(days=7 * self.random.random()).floor("us")
        self._begin = self.as_of.normalize() - pd.Timedelta(days=DAYS - 1)
        runs = pd.concat([self._runs_of(name, job) for name, job in JOBS.items()], ignore_index=True)
        runs = self._with_failures(pd.concat([runs, *self._backfills()], ignore_index=True))
        runs = runs.sort_values("creation_time", ascending=False, ignore_index=True)
        self.frame = runs_as_of(runs, self.as_of)
        self._ticks = pd.concat([self._schedule_ticks(), *map(self._sensor_ticks, SENSORS)], ignore_index=True)

    def runs(self, *, include=(), **filters):
        found = select_runs(self.frame, **filters)
        return found.assign(run_config=[{} for _ in range(len(found))]) if include else found

    def count_runs(self, *, job, tags):
        key = tags["dagster/partition"]
        return int(((self.frame["job_name"] == job) & (self.frame["partition_key"] == key)).sum())

    def failures(self, runs):
        failed = self.frame[self.frame["run_id"].isin(runs)]
        return pd.DataFrame({
            "run_id": failed["run_id"], "step_key": "load", "timestamp": failed["end_time"],
            "error_class": "TimeoutError", "error_message": "no answer after 30 s",
        })  # fmt: skip

    def daemons(self):
        return pd.DataFrame({
            "daemon": ["SCHEDULER", "SENSOR", "QUEUED_RUN_COORDINATOR", "FRESHNESS_DAEMON"],
            "required": [True, True, True, False], "healthy": [True, True, True, False], "last_heartbeat": self.as_of,
        })  # fmt: skip

    def schedules(self):
        return self._automations("schedule", [*HOURS_OF_SCHEDULES, "monthly", "paused"])

    def sensors(self):
        frame = self._automations("sensor", [*SENSORS, "never"])
        seconds = [SENSORS.get(name, (30, 0))[0] for name in frame["sensor"]]
        return frame.assign(min_interval=pd.to_timedelta(seconds, unit="s").astype("timedelta64[us]"))

    def ticks(self, name, *, location, repository, after, before):
        own = self._ticks[self._ticks["name"] == name]
        return own[(own["timestamp"] > after) & (own["timestamp"] < before)]

    def assets(self):
        last = [self.materializations(name)["timestamp"].max() for name in ASSETS]
        return pd.DataFrame({"asset": pd.array(ASSETS, dtype="string"), "last_materialization": last})

    def materializations(self, asset):
        done = self.frame[(self.frame["job_name"] == asset) & (self.frame["status"] == "SUCCESS")]
        return pd.DataFrame({"asset": asset, "timestamp": done["end_time"]})

    def _automations(self, kind, names):
        last = self._ticks.groupby("name")["timestamp"].max().reindex(names)
        return pd.DataFrame({
            kind: pd.array(names, dtype="string"), **PLACE,
            "status": ["STOPPED" if name == "paused" else "RUNNING" for name in names],
            "last_tick": last.to_numpy(),
        }).assign(last_tick=lambda frame: pd.to_datetime(frame["last_tick"], utc=True))  # fmt: skip

    def _runs_of(self, name, job):
        random = self.random
        count = int(job.per_day * DAYS)
        days = random.uniform(0, DAYS, count) if job.by_hand else np.arange(count) / job.per_day + 5.5 / 24
        days = np.sort(days + random.uniform(0, 0.002, count))
        if job.working_days:
            days = days[(np.floor(days) + self._begin.day_of_week) % 7 < 5]
        return self._made(name, job, days)

    def _made(self, name, job, days, *, keys=None, waits=None, **other):
        """Return successful runs that were created at these times, which are in days after the start."""
        random, count = self.random, len(days)
        created = pd.Series(self._begin + pd.to_timedelta((days * DAY * 1e6).astype("int64"), "us"))
        created = created.astype("datetime64[us, UTC]")
        level = np.log(job.median) + job.sigma * random.standard_normal(count)
        # Each day has slightly more or less data than the day before, and some runs retry a step.
        level += random.normal(0, 0.05, DAYS + 1)[np.clip(days.astype(int), 0, DAYS)]
        level += np.where(random.random(count) < 0.03, random.uniform(0, 0.7, count), 0)
        level += job.slower_on_weekends * (created.dt.day_of_week >= 5) + 0.1 * np.sin(2 * np.pi * days)
        median, spread = job.queue
        waits = random.lognormal(np.log(median), spread, count) if waits is None else waits
        length, waited = (
            pd.Series(pd.to_timedelta((np.asarray(one) * 1e6).astype("int64"), unit="us"))
            for one in (np.exp(level), waits)
        )
        if keys is None and job.partitioned:
            keys = (created - pd.Timedelta("1D")).dt.strftime("%Y-%m-%d")
        versions = (days // 3).astype(int)
        rows = (random.random(count) * 1e4).astype(int)
        tags = [
            {"team": "data", "rows": str(number), "git_sha": f"{version:08x}", **other}
            for number, version in zip(rows, versions, strict=True)
        ]
        return pd.DataFrame(
            {
                "job_name": pd.array([name] * count, dtype="string"),
                "status": "SUCCESS",
                "creation_time": created,
                "start_time": created + waited,
                "end_time": created + waited + length,
                "queue_duration": waited,
                "duration": length,
                "root_run_id": pd.array([None] * count, dtype="string"),
                "partition_key": pd.array([None] * count if keys is None else list(keys), dtype="string"),
                "tags": tags,
            }
        )

    def _backfills(self):
        """Yield the runs of a backfill, which wait for one another. Their partitions are older than the history."""
        for number in range(2):
            count = int(self.random.integers(10, 40))
            # The second backfill is in the last week.
            at = self.random.uniform(20, DAYS - 9) if number == 0 else DAYS - 1 - self.random.uniform(0, 6)
            days = np.full(count, at) + np.arange(count) * 1e-6
            oldest = self._begin - pd.Timedelta(days=100)
            keys = [(oldest + pd.Timedelta(days=one)).strftime("%Y-%m-%d") for one in range(count)]
            waits = 2 + np.arange(count) * 30.0
            yield self._made("daily", JOBS["daily"], days, keys=keys, waits=waits, **{"dagster/backfill": f"b{number}"})

    def _with_failures(self, runs):
        """Mark some runs as failed or canceled, and add the re-executions that resolve the failures."""
        runs["run_id"] = pd.array([f"run {number}" for number in runs.index], dtype="string")
        random, newest = self.random, runs
        chances = runs["job_name"].map({name: job.failing for name, job in JOBS.items()}).to_numpy(dtype=float)
        failed = random.random(len(runs)) < chances
        canceled = ~failed & (random.random(len(runs)) < 0.005) & runs["partition_key"].isna().to_numpy(dtype=bool)
        runs.loc[canceled, "status"] = "CANCELED"
        parts = []
        while failed.any():
            again = newest[failed].reset_index(drop=True)
            share = random.uniform(0.05, 1, len(again))
            length = (again["duration"] * share).astype("timedelta64[us]")
            ended = again["start_time"] + length
            # Dagster retries some runs within a minute. Users re-execute the others within a few hours.
            minutes = np.where(random.random(len(again)) < 0.5, random.uniform(0.1, 1, len(again)),
                               random.uniform(5, 400, len(again)))  # fmt: skip
            created = ended + pd.to_timedelta((minutes * 60e6).astype("int64"), unit="us")
            retry = again.assign(
                run_id=again["run_id"] + " again",
                root_run_id=again["root_run_id"].fillna(again["run_id"]),
                creation_time=created,
                start_time=created + again["queue_duration"],
                end_time=created + again["queue_duration"] + again["duration"],
            )
            # Leave out failures that could not be resolved before the end of the week.
            in_time = (retry["end_time"] < self.as_of - pd.Timedelta("1min")).to_numpy()
            lost = again.assign(status="FAILURE", end_time=ended, duration=length)
            newest.loc[np.flatnonzero(failed)[in_time], ["status", "end_time", "duration"]] = lost.loc[
                in_time, ["status", "end_time", "duration"]
            ].to_numpy()
            parts.append(newest)
            newest = retry[in_time].reset_index(drop=True)
            failed = random.random(len(newest)) < 0.15
        joined = pd.concat([*parts, newest], ignore_index=True)
        times = dict.fromkeys(("creation_time", "start_time", "end_time"), "datetime64[us, UTC]")
        return joined.astype({**times, "duration": "timedelta64[us]", "queue_duration": "timedelta64[us]"})

    def _schedule_ticks(self):
        frames = [self._tick_frame("paused", [self.as_of - pd.Timedelta(days=20)], 0.0)]
        for name, (hours, working_days) in HOURS_OF_SCHEDULES.items():
            days = [self.as_of.normalize() - pd.Timedelta(days=ago) for ago in range(30)]
            chosen = [day for day in days if not working_days or day.day_of_week < 5]
            when = pd.DatetimeIndex([day + pd.Timedelta(hours=hour) for day in chosen for hour in hours])
            late = pd.to_timedelta(self.random.uniform(0, 90, len(when)), unit="s")
            frames.append(self._tick_frame(name, when + late, 0.1))
        # A schedule that ticks once a month has too few ticks for a digest to report that it stopped.
        return pd.concat([*frames, self._tick_frame("monthly", [self.as_of - pd.Timedelta(days=25)], 0.0)])

    def _sensor_ticks(self, name):
        interval, longest = SENSORS[name]
        count = int(7 * DAY / (interval + longest / 2))
        ages = np.cumsum(interval + self.random.uniform(0, longest, count))
        # The daemon restarts during the week. In some weeks, it restarts just before the end of the week.
        restart = self.random.choice([0.0, self.random.uniform(0, 7 * DAY)], p=[0.2, 0.8])
        ages = ages[(ages < restart) | (ages > restart + self.random.uniform(60, 480))]
        return self._tick_frame(name, self.as_of - pd.to_timedelta(ages, unit="s"), 0.95)

    def _tick_frame(self, name, when, skipping):
        when = pd.Series(pd.DatetimeIndex(when)).astype("datetime64[us, UTC]")
        status = np.where(self.random.random(len(when)) < skipping, "SKIPPED", "SUCCESS")
        # The newest tick may still be in progress.
        status[np.argmax(when.to_numpy())] = "STARTED" if self.random.random() < 0.1 else "SUCCESS"
        frame = pd.DataFrame({"name": name, **PLACE, "status": status, "timestamp": when})
        return frame[frame["timestamp"] <= self.as_of].assign(error_class=pd.NA, error_message=pd.NA)


def quiet_findings(seed):
    """Return the findings of two digests that should have none: one of a quiet week, and one of its last day."""
    deployment = QuietDeployment(seed)
    end = deployment.as_of
    found = []
    for period in PERIODS:
        evidence = read_evidence(deployment, end - period, end, end - LOOKBACK, is_now=True)
        assert set(evidence.not_checked) == set()
        found += find_all(evidence)
    # A finding about a resolved failure is correct, so it is not a false alarm.
    return [one for one in found if (one.kind, one.severity) != ("new failure", "note")]


def false_alarms(weeks):
    """Count the weeks with findings of each kind."""
    counts = Counter()
    for seed in range(weeks):
        counts.update({finding.kind for finding in quiet_findings(seed)})
    return counts


if __name__ == "__main__":
    weeks = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    sys.stdout.write(f"{weeks} quiet weeks, weeks with a false alarm: {dict(false_alarms(weeks)) or 'none'}\n")
