"""A source for digests that reads the demo's planned history without a server."""

from __future__ import annotations

import pandas as pd

from dagster_nb.sandbox.history.job_profiles import CRM_SENSOR
from dagster_nb.sandbox.history.step_errors import FAILURES
from tests.unit.analysis.digests.select_runs import select_runs

ASSET_JOB = "daily_sales"
ASSETS = ("raw_orders", "orders", "daily_revenue")
SENSORS, SCHEDULES = {CRM_SENSOR}, {"build_warehouse_schedule", "refresh_dashboards_schedule"}


def moments(seconds):
    return pd.to_datetime(pd.Series(seconds, dtype="float64"), unit="s", utc=True).dt.round("us").astype(
        "datetime64[us, UTC]"
    )  # fmt: skip


class PlannedSource:
    """Implements the client methods that a digest uses."""

    url = "http://demo:3000"

    def __init__(self, history):
        self._history = history
        runs = history.runs
        frame = pd.DataFrame(
            {
                "run_id": pd.array([run.run_id for run in runs], dtype="string"),
                "job_name": pd.array([run.job for run in runs], dtype="string"),
                "status": [run.status for run in runs],
                "creation_time": moments([run.created for run in runs]),
                "start_time": moments([run.started for run in runs]),
                "end_time": moments([run.ended for run in runs]),
                "root_run_id": pd.array([run.root_run_id for run in runs], dtype="string"),
                "partition_key": pd.array([run.tags.get("dagster/partition") for run in runs], dtype="string"),
                "tags": [run.tags for run in runs],
                "run_config": [run.run_config for run in runs],
            }
        )
        frame["queue_duration"] = (frame["start_time"] - frame["creation_time"]).astype("timedelta64[us]")
        frame["duration"] = (frame["end_time"] - frame["start_time"]).astype("timedelta64[us]")
        self.frame = frame.iloc[::-1].reset_index(drop=True)
        self.requested_failures = []

    def runs(self, *, include=(), **filters):
        found = select_runs(self.frame, **filters)
        return found if include else found.drop(columns="run_config")

    def count_runs(self, *, job, tags):
        return sum(run.job == job and tags.items() <= run.tags.items() for run in self._history.runs)

    def failures(self, runs):
        self.requested_failures += runs
        rows = []
        for run in self._history.runs:
            if run.run_id in set(runs):
                step, failure = run.failure
                error = FAILURES[failure].innermost
                rows.append(
                    (run.run_id, step, pd.Timestamp(run.ended, unit="s", tz="UTC"), error.cls_name, error.message)
                )
        return pd.DataFrame(rows, columns=["run_id", "step_key", "timestamp", "error_class", "error_message"])

    def schedules(self):
        return self._automations("schedule", SCHEDULES)

    def sensors(self):
        return self._automations("sensor", SENSORS)

    def ticks(self, name, *, location, repository, after, before):
        rows = [
            (tick.name, "shop", "repo", "FAILURE" if tick.error else "SKIPPED" if tick.skip_reason else "SUCCESS",
             pd.Timestamp(tick.at, unit="s", tz="UTC"), tick.error, tick.error)
            for tick in self._history.ticks
            if tick.name == name and after.timestamp() < tick.at < before.timestamp()
        ]  # fmt: skip
        names = ["name", "location", "repository", "status", "timestamp", "error_class", "error_message"]
        return pd.DataFrame(rows, columns=names)

    def assets(self):
        return pd.DataFrame(
            {
                "asset": pd.array([f"shop/{name}" for name in ASSETS], dtype="string"),
                "asset_path": [["shop", name] for name in ASSETS],
                "is_partitioned": pd.array([True] * len(ASSETS), dtype="boolean"),
                "job_names": [[ASSET_JOB] for _ in ASSETS],
                "last_materialization": self._materialized()["end_time"].max(),
            }
        )

    def materializations(self, asset):
        when = self._materialized()["end_time"]
        return pd.DataFrame({"asset": pd.array([asset] * len(when), dtype="string"), "timestamp": when})

    def partitions(self, *, asset):
        return pd.DataFrame({"partition_key": self._materialized()["partition_key"], "status": "MATERIALIZED"})

    def _materialized(self):
        return self.frame[(self.frame["job_name"] == ASSET_JOB) & (self.frame["status"] == "SUCCESS")]

    def _automations(self, kind, names):
        names = sorted(names)
        last = [max(tick.at for tick in self._history.ticks if tick.name == name) for name in names]
        return pd.DataFrame(
            {
                kind: pd.array(names, dtype="string"),
                "location": "shop",
                "repository": "repo",
                "status": "STOPPED",
                "last_tick": moments(last),
                "min_interval": pd.Series(pd.Timedelta("300s"), range(len(names)), "timedelta64[us]"),
            }
        )
