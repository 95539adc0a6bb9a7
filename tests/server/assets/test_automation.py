"""Schedules, sensors, ticks and backfills match the Dagster instance."""

from __future__ import annotations

import pandas as pd
import pytest

import dagster_nb as dnb
from tests.compare_with_instance import compare_backfills, compare_schedules, compare_sensors, compare_ticks

from . import other_definitions
from .definitions import LOCATION, NOW, REPOSITORY, TICKS_PER_PAGE, defs

STATE = {
    "status": "string",
    "next_tick": "datetime64[us, UTC]",
    "last_tick": "datetime64[us, UTC]",
    "last_tick_status": "string",
}
PLACE = {"location": "string", "repository": "string"}


def dtypes(frame):
    return frame.dtypes.astype(str).to_dict()


@pytest.mark.parametrize("compare", [compare_schedules, compare_sensors])
@pytest.mark.parametrize(("location", "definitions"), [(LOCATION, defs), ("other", other_definitions.defs)])
def test_schedules_and_sensors_match_the_definitions_and_the_instance(client, instance, compare, location, definitions):
    compare(client, instance, definitions.get_repository_def(), location)


def test_schedules_have_the_documented_columns_and_states(client):
    frame = client.schedules()
    assert dtypes(frame) == {
        "schedule": "string", **PLACE, **STATE, "cron_schedule": "string", "time_zone": "string", "job_name": "string",
        "assets": "object", "description": "string", "tags": "object",
    }  # fmt: skip
    assert sorted(zip(frame["location"], frame["schedule"], strict=True)) == [
        ("code", "hourly"), ("code", "nightly"), ("code", "of_assets"), ("code", "target_schedule"),
        ("other", "hourly"),
    ]  # fmt: skip
    schedules = frame[frame["location"] == LOCATION].set_index("schedule")
    nightly = schedules.loc["nightly"]
    assert nightly[["cron_schedule", "time_zone", "job_name", "description"]].tolist() == [
        "0 3 * * *", "Europe/Berlin", "nothing_special", "Every night.",
    ]  # fmt: skip
    assert nightly["status"] == "RUNNING"
    assert nightly["tags"] == {"team": "data"}
    assert nightly["next_tick"].tz_convert("Europe/Berlin").hour == 3
    assert nightly["last_tick"].timestamp() == NOW
    assert nightly["last_tick_status"] == "SUCCESS"
    assert schedules.loc["hourly", "status"] == "STOPPED"
    assert schedules.loc["hourly", ["next_tick", "last_tick", "last_tick_status"]].isna().all()
    assert sorted(schedules.loc["of_assets", "assets"]) == ["mart/sales", "plain"]


def test_sensors_have_the_documented_columns_and_states(client):
    frame = client.sensors()
    assert dtypes(frame) == {
        "sensor": "string", **PLACE, **STATE, "sensor_type": "string", "min_interval": "timedelta64[us]",
        "job_names": "object", "assets": "object", "description": "string", "tags": "object",
    }  # fmt: skip
    sensors = frame.set_index("sensor")
    assert sensors["status"][["letters", "assets_changed"]].tolist() == ["STOPPED", "RUNNING"]
    assert sensors.loc["letters", "job_names"] == ["by_letter"]
    assert sensors.loc["letters", "min_interval"] == pd.Timedelta(seconds=45)
    assert sensors.loc["letters", "last_tick"].timestamp() == NOW + 50_000
    assert sensors.loc["letters", "last_tick_status"] == "FAILURE"
    assert sensors.loc["assets_changed", "assets"] == ["plain"]


def test_all_ticks_are_read_although_the_server_limits_its_pages(client, instance):
    compare_ticks(client, instance, "letters", LOCATION)
    frame = client.ticks("letters")
    assert len(frame) > 2 * TICKS_PER_PAGE
    assert dtypes(frame) == {
        "name": "string", **PLACE, "tick_id": "string", "status": "string", "timestamp": "datetime64[us, UTC]",
        "end_time": "datetime64[us, UTC]", "duration": "timedelta64[us]", "run_ids": "object", "skip_reason": "string",
        "error_class": "string", "error_message": "string", "stack": "string",
    }  # fmt: skip
    newest = frame.iloc[0]
    assert newest[["status", "error_class", "error_message", "stack"]].tolist() == [
        "FAILURE", "ValueError", "no cursor", "in sensor\n",
    ]  # fmt: skip
    assert newest["duration"] == pd.Timedelta(seconds=2)


def test_the_ticks_of_a_schedule_match_the_instance(client, instance):
    compare_ticks(client, instance, "nightly", LOCATION)


def test_the_ticks_of_a_schedule_can_be_read_by_its_row_in_the_frame(client):
    [row] = [row for _, row in client.schedules().iterrows() if row["schedule"] == "nightly"]
    frame = client.ticks(row)
    assert frame["run_ids"].tolist() == [["one", "two"]]
    assert frame[["name", "location", "repository"]].to_numpy().tolist() == [["nightly", LOCATION, REPOSITORY]]


def test_ticks_are_read_only_between_the_two_bounds(client):
    after, before = (pd.Timestamp(NOW + 30 * number, unit="s", tz="UTC") for number in (10, 20))
    frame = client.ticks("letters", after=after, before=before)
    assert [stamp.timestamp() for stamp in frame["timestamp"]] == [NOW + 30 * number for number in range(19, 10, -1)]


def test_a_schedule_without_ticks_has_an_empty_frame(client):
    frame = client.ticks("hourly", location="other")
    assert dtypes(frame) == dtypes(client.ticks("letters"))
    assert frame.empty


def test_a_name_must_identify_one_schedule_or_sensor(client):
    with pytest.raises(dnb.AmbiguousNameError, match="location='other'"):
        client.ticks("hourly")
    with pytest.raises(dnb.NotFoundError, match="Did you mean 'nightly'"):
        client.ticks("nightli")
    with pytest.raises(
        dnb.NotFoundError, match="with that name exist. Select one with these arguments:\n  location='code'"
    ):
        client.ticks("nightly", location="other")


def test_all_backfills_match_the_instance(client, instance):
    compare_backfills(client, instance)
    frame = client.backfills()
    assert len(frame) > 100
    assert dtypes(frame) == {
        "backfill_id": "string", "status": "string", "job_name": "string", "assets": "object",
        "partition_count": "Int64", "partition_keys": "object", "creation_time": "datetime64[us, UTC]",
        "end_time": "datetime64[us, UTC]", "duration": "timedelta64[us]", "tags": "object", "error_message": "string",
    }  # fmt: skip
    ours = frame[frame["backfill_id"].str.startswith("backfill")]
    assert (ours["job_name"] == "by_letter").all()
    assert (ours["partition_count"] == 2).all()
    assert ours["partition_keys"].iloc[0] == ["x", "y"]
    assert (ours["duration"] == pd.Timedelta(seconds=10)).all()
