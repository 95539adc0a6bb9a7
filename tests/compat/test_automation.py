"""Schedules, sensors, ticks and backfills with every version of Dagster."""

from __future__ import annotations

import time

import pandas as pd
import pytest

from dagster_nb.statuses import FINISHED
from tests.compat.served.past_runs import LOCATION

pytestmark = pytest.mark.capability("automation")


def wait_for(condition, seconds=300):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.5)


def test_schedules_have_their_definitions_and_are_stopped(client, note_missing_columns):
    frame = client.schedules()
    [row] = frame.to_dict("records")
    expected = {
        "schedule": "nightly", "location": LOCATION, "status": "STOPPED", "cron_schedule": "0 3 * * *",
        "time_zone": "Europe/Berlin", "job_name": "quick", "description": "Every night.",
    }  # fmt: skip
    assert {key: row[key] for key in expected} == expected
    assert client.start("nightly")[["outcome", "status"]].to_numpy().tolist() == [["started", "RUNNING"]]
    [row] = client.schedules().to_dict("records")
    assert row["status"] == "RUNNING"
    assert row["next_tick"].tz_convert("Europe/Berlin").hour == 3
    assert client.stop("nightly")["outcome"].tolist() == ["stopped"]
    assert client.schedules()["status"].tolist() == ["STOPPED"]
    fields = {"Schedule.assetSelection": "assets", "Schedule.tags": "tags"}
    note_missing_columns(frame, "schedules", "schedules", fields)


def test_a_started_sensor_has_ticks(client, dagster, note_missing_columns):
    assert client.sensors()[["sensor", "status"]].to_numpy().tolist() == [["new_rows", "STOPPED"]]
    assert client.ticks("new_rows").empty
    assert client.start("new_rows")["outcome"].tolist() == ["started"]

    def has_ticked():
        return "SKIPPED" in client.ticks("new_rows")["status"].tolist()

    wait_for(has_ticked)
    assert client.stop("new_rows")["outcome"].tolist() == ["stopped"]
    tick = client.ticks("new_rows").query("status == 'SKIPPED'").iloc[-1]
    assert tick["skip_reason"] == "no new rows"
    # With PostgreSQL, Dagster reports tick times that are off by hours if the server's time zone is not UTC.
    assert dagster.target.postgres or abs(tick["timestamp"] - pd.Timestamp.now("UTC")) < pd.Timedelta("1h")
    sensors = client.sensors()
    fields = {"Sensor.assetSelection": "assets", "Sensor.tags": "tags"}
    note_missing_columns(sensors, "sensors", "sensors", fields)
    note_missing_columns(client.ticks("new_rows"), "ticks", "ticks", {})
    sensor = sensors.iloc[0]
    assert sensor["min_interval"] == pd.Timedelta("45s")
    assert sensor["job_names"] == ["quick"]
    assert dagster.target.postgres or sensor["last_tick"] >= tick["timestamp"]


def test_backfills_are_listed_with_the_newest_first(client, backfill_of_job, note_missing_columns):
    of_job = backfill_of_job
    of_assets = client.backfill("stock", ["west"])
    frame = client.backfills().set_index("backfill_id")
    assert frame.index.tolist()[:2] == [of_assets.backfill_id, of_job.backfill_id]
    assert frame.loc[of_job.backfill_id, "job_name"] == "regional"
    assert frame.loc[of_job.backfill_id, "partition_keys"] == ["north", "south"]
    assert frame.loc[of_job.backfill_id, "tags"]["why"] == "late"
    assert frame.loc[of_assets.backfill_id, "assets"] == ["stock"]
    # Without the field `jobName`, the client derives the name of the job from the name of its partition set.
    note_missing_columns(frame, "backfills", "backfills", {"PartitionBackfill.jobName": None})
    outcome = client.cancel_backfill(of_assets)
    assert outcome in {"canceled", "canceling", "already_finished"}

    def runs_of_job():
        return client.runs(tags={"dagster/backfill": of_job.backfill_id})

    wait_for(lambda: len(runs_of_job()) == 2 and runs_of_job()["status"].isin(FINISHED).all())
    wait_for(lambda: client.cancel_backfill(of_job) == "already_finished")
    client.delete(runs_of_job())
    client.delete(client.runs(tags={"dagster/backfill": of_assets.backfill_id}), force=True)
