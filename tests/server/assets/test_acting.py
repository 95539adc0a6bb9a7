"""Start and stop schedules and sensors, launch backfills, materialize assets, and check the instance afterwards."""

from __future__ import annotations

import dagster as dg
import pandas as pd
import pytest

import dagster_nb as dnb
from dagster_nb.client.request_tag import REQUEST_TAG
from tests.faults.faults import OneIn, cut
from tests.faults.proxy import Proxy

from .definitions import DAYS, LOCATION


def status_of(client, name):
    frame = pd.concat([client.schedules().rename(columns={"schedule": "sensor"}), client.sensors()])
    [status] = frame.loc[(frame["sensor"] == name) & (frame["location"] == LOCATION), "status"]
    return status


def stored_backfill(instance, backfill):
    return instance.get_backfill(backfill.backfill_id)


@pytest.mark.parametrize("name", ["of_assets", "target_sensor"])
def test_automation_can_be_started_and_stopped_by_name(client, name):
    assert status_of(client, name) == "STOPPED"
    started = client.start(name)
    assert started.drop(columns="repository").to_numpy().tolist() == [[name, LOCATION, "started", "RUNNING", pd.NA]]
    assert status_of(client, name) == "RUNNING"
    assert client.start(name)["outcome"].tolist() == ["already_started"]
    assert client.stop(name)["outcome"].tolist() == ["stopped"]
    assert status_of(client, name) == "STOPPED"
    assert client.stop(name)["outcome"].tolist() == ["already_stopped"]


def test_automation_that_runs_by_default_can_be_stopped(client):
    outcomes = client.stop(["target_schedule", "target_sensor"])
    assert outcomes["outcome"].tolist() == ["stopped", "already_stopped"]
    assert status_of(client, "target_schedule") == "STOPPED"
    assert client.start("target_schedule")["status"].tolist() == ["RUNNING"]


def test_schedules_can_be_started_and_stopped_as_rows_of_a_frame(client):
    schedules = client.schedules()
    hourly = schedules[(schedules["schedule"] == "hourly") & (schedules["location"] == "other")]
    assert client.start(hourly)[["location", "outcome"]].to_numpy().tolist() == [["other", "started"]]
    assert status_of(client, "hourly") == "STOPPED"
    assert client.stop(hourly.iloc[0])["outcome"].tolist() == ["stopped"]
    with pytest.raises(dnb.AmbiguousNameError):
        client.start(["target_sensor", "hourly"])
    assert status_of(client, "target_sensor") == "STOPPED"
    for nothing in (client.start(schedules.iloc[:0]), client.start([]), client.stop([])):
        assert nothing.empty
        assert nothing.columns.tolist() == ["name", "location", "repository", "outcome", "status", "message"]


def test_each_schedule_and_sensor_has_one_outcome_in_the_order_given(client):
    names = ["target_sensor", "of_assets", "target_sensor", "assets_changed"]
    outcomes = client.start(names)
    assert outcomes[["name", "outcome", "status"]].to_numpy().tolist() == [
        ["target_sensor", "started", "RUNNING"], ["of_assets", "started", "RUNNING"],
        ["assets_changed", "already_started", "RUNNING"],
    ]  # fmt: skip
    assert client.stop(names[:2])["outcome"].tolist() == ["stopped", "stopped"]
    with pytest.raises(dnb.NotFoundError, match="nothing_like_it"):
        client.start(["of_assets", "nothing_like_it"])
    assert [status_of(client, name) for name in names[:2]] == ["STOPPED", "STOPPED"]


def test_a_job_can_be_backfilled(client, instance):
    backfill = client.backfill("target_job", ["z", "x", "z"], tags={"why": "late"})
    stored = stored_backfill(instance, backfill)
    assert stored.partition_names == ["z", "x"]
    assert stored.tags["why"] == "late"
    assert stored.partition_set_name == "target_job_partition_set"
    assert (backfill.job_name, backfill.status, backfill.partition_keys) == ("target_job", "REQUESTED", ["z", "x"])
    assert backfill.url == f"{client.url}/runs/b/{backfill.backfill_id}"
    assert client.backfills()["backfill_id"][0] == backfill.backfill_id


def test_assets_can_be_backfilled_for_some_partitions(client, instance):
    keys = ["2026-01-04", "2026-01-09"]
    backfill = client.backfill("target_days", keys)
    data = stored_backfill(instance, backfill).asset_backfill_data
    subset = data.target_subset.get_partitions_subset(dg.AssetKey("target_days"))
    assert sorted(subset.get_partition_keys()) == keys
    assert backfill.assets == ["target_days"]
    assert backfill.job_name is None
    row = client.backfills().set_index("backfill_id").loc[backfill.backfill_id]
    assert row["assets"] == ["target_days"]
    assert sorted(row["partition_keys"]) == keys
    assert row["partition_count"] == 2


@pytest.mark.parametrize("options", [("target_job", ["x", "y"]), ("target_days", ["2026-01-04", "2026-01-05"])])
def test_a_backfill_whose_response_is_lost_is_found(place, instance, options):
    before = len(instance.get_backfills())
    lost = OneIn(1, cut(0), among=lambda request: request.operation == "LaunchBackfill")
    with (
        Proxy(place.server.url, faults=[lost]) as proxy,
        dnb.connect(proxy.url, progress=False) as client,
    ):
        backfill = client.backfill(*options)
    assert lost.fired == 1
    assert backfill.backfill_id == instance.get_backfills()[0].backfill_id
    assert len(instance.get_backfills()) == before + 1
    # The tag that identifies the request is stored with the backfill but is not shown as one of its tags.
    assert REQUEST_TAG in stored_backfill(instance, backfill).tags
    assert backfill.tags == {}


def test_partitions_with_two_dimensions_can_be_backfilled(client, instance):
    missing = client.partitions(asset="target_grid").query("status == 'MISSING'")["partition_key"].head(3)
    backfill = client.backfill("target_grid", missing)
    subset = stored_backfill(instance, backfill).asset_backfill_data.target_subset
    found = subset.get_partitions_subset(dg.AssetKey("target_grid"))
    assert sorted(map(str, found.get_partition_keys())) == sorted(missing)


@pytest.mark.parametrize(
    ("target", "keys", "message"),
    [
        ("target_job", ["x", "q"], "no partition 'q' of job 'target_job'. The partitions range from 'x' to 'z'"),
        (
            "target_days",
            ["2027-01-01"],
            "no partition '2027-01-01' of asset 'target_days'. The partitions range from '2026-01-01'",
        ),
        ("target_regions", ["west"], "no partition 'west'"),
        ("target_plain", ["x"], "asset 'target_plain' has no partitions"),
        ("daily_job", [], "nothing to launch"),
        ([], ["x"], "list of assets is empty"),
    ],
)
def test_a_backfill_of_missing_keys_raises_an_error(client, instance, target, keys, message):
    before = len(instance.get_backfills())
    with pytest.raises(ValueError, match=message):
        client.backfill(target, keys)
    assert len(instance.get_backfills()) == before


def test_only_a_backfill_in_progress_can_be_canceled(client, instance):
    backfill = client.backfill("target_job", "y")
    assert client.cancel_backfill(backfill) == "canceling"
    assert stored_backfill(instance, backfill).status.value == "CANCELING"
    assert client.cancel_backfill("backfill001") == "already_finished"
    assert stored_backfill(instance, dnb.Backfill({"id": "backfill001", "status": ""}, "")).status.value == (
        "COMPLETED_SUCCESS"
    )
    with pytest.raises(dnb.NotFoundError, match="no backfill 'nothing'"):
        client.cancel_backfill("nothing")


def test_assets_without_partitions_can_be_materialized(client, instance):
    run = client.materialize(["target_plain", ["mart", "sales"]], tags={"why": "now"})
    stored = instance.get_run_by_id(run.run_id)
    assert stored.asset_selection == {dg.AssetKey("target_plain"), dg.AssetKey(["mart", "sales"])}
    assert stored.tags["why"] == "now"
    assert stored.status.value in {"QUEUED", "NOT_STARTED", "STARTING"}


@pytest.mark.parametrize(
    ("asset", "key"), [("target_days", "2026-01-04"), ("target_regions", "a|b"), ("target_grid", "red|2026-01-03")]
)
def test_one_partition_is_materialized_in_a_run(client, instance, asset, key):
    run = client.materialize(asset, partition_keys=key)
    stored = instance.get_run_by_id(run.run_id)
    assert stored.asset_selection == {dg.AssetKey(asset)}
    assert stored.tags["dagster/partition"] == key


# These assets belong to no other job. Their hidden job itself has no partitions, because its assets have different
# partitions.
HIDDEN = {"job": "__ASSET_JOB", "location": LOCATION}
PARTITIONS = [("target_days", "2026-01-05"), ("target_regions", "north"), ("target_grid", "green|2026-01-03")]


@pytest.mark.parametrize(("asset", "key"), PARTITIONS)
def test_a_partition_of_an_asset_that_belongs_to_no_job_can_be_launched(client, instance, asset, key):
    run = client.launch(**HIDDEN, asset_selection=asset, partition_key=key, tags={"why": "late"})
    stored = instance.get_run_by_id(run.run_id)
    assert stored.asset_selection == {dg.AssetKey(asset)}
    assert (stored.tags["dagster/partition"], stored.tags["why"]) == (key, "late")
    if asset == "target_grid":
        assert stored.tags["dagster/partition/color"] == "green"


def test_partitions_of_many_assets_can_be_launched(client, instance):
    launches = [{**HIDDEN, "asset_selection": [asset], "partition_key": key} for asset, key in PARTITIONS]
    outcomes = client.launch_many([*launches, {**launches[0], "partition_key": "2026-01-55"}], batch="assets")
    assert outcomes["outcome"].tolist() == ["launched"] * 3 + ["invalid"]
    assert "has no partition '2026-01-55'. It has partitions '2026-01-01' to" in outcomes["message"][3]
    for run_id, (asset, key) in zip(outcomes["run_id"], PARTITIONS, strict=False):
        stored = instance.get_run_by_id(run_id)
        assert (stored.asset_selection, stored.tags["dagster/partition"]) == ({dg.AssetKey(asset)}, key)
    assert client.launch_many(launches, batch="assets")["outcome"].tolist() == ["already_launched"] * 3


def test_assets_with_different_partitions_cannot_be_launched_together(client, instance):
    before = instance.get_runs_count()
    with pytest.raises(ValueError, match="different partitions.* Launch them one by one"):
        client.launch(**HIDDEN, asset_selection=["target_days", "target_regions"], partition_key="north")
    assert instance.get_runs_count() == before


def test_a_launch_of_a_partition_is_found_if_its_response_was_lost(place, instance):
    with Proxy(place.server.url) as proxy, dnb.connect(proxy.url, progress=False) as client:
        proxy.faults = [OneIn(1, cut(0), among=lambda request: request.operation == "LaunchRun")]
        run = client.launch(**HIDDEN, asset_selection="target_days", partition_key="2026-01-06")
    stored = instance.get_run_by_id(run.run_id)
    assert (stored.asset_selection, stored.tags["dagster/partition"]) == ({dg.AssetKey("target_days")}, "2026-01-06")
    assert len(instance.get_runs(dg.RunsFilter(tags={REQUEST_TAG: stored.tags[REQUEST_TAG]}))) == 1


def test_several_partitions_are_materialized_in_a_backfill(client, instance):
    keys = DAYS.get_partition_keys()[:3]
    backfill = client.materialize("target_days", partition_keys=keys)
    assert isinstance(backfill, dnb.Backfill)
    subset = stored_backfill(instance, backfill).asset_backfill_data.target_subset
    assert sorted(subset.get_partitions_subset(dg.AssetKey("target_days")).get_partition_keys()) == keys


def test_assets_can_be_given_as_rows_or_as_components_of_a_key(client, instance):
    assets = client.assets()
    run = client.materialize(assets[assets["asset"] == "a/b/c"])
    both = {dg.AssetKey(["a/b", "c"]), dg.AssetKey(["a", "b/c"])}
    assert instance.get_run_by_id(run.run_id).asset_selection == both
    run = client.materialize([["a/b", "c"]])
    assert instance.get_run_by_id(run.run_id).asset_selection == {dg.AssetKey(["a/b", "c"])}


@pytest.mark.parametrize(
    ("assets", "options", "error", "message"),
    [
        ("a/b/c", {}, dnb.AmbiguousNameError, r"\['a/b', 'c'\]"),
        ("target_days", {}, ValueError, "'target_days' is partitioned, so partition_keys= is required"),
        ("target_plain", {"partition_keys": "x"}, ValueError, "'target_plain' has no partitions"),
        ("target_days", {"partition_keys": []}, ValueError, "nothing to launch"),
        ("outside", {}, ValueError, "cannot materialize 'outside'"),
        ("gone", {}, ValueError, "cannot materialize 'gone'"),
        ([], {}, ValueError, "nothing to materialize"),
        (["target_plain", "report"], {}, ValueError, r"several code locations \('code', 'other'\)"),
        ("target_plane", {}, dnb.NotFoundError, "Did you mean 'target_plain'"),
    ],
)
def test_an_invalid_materialization_raises_an_error_and_launches_nothing(
    client, instance, assets, options, error, message
):
    before = instance.get_runs_count(), len(instance.get_backfills())
    with pytest.raises(error, match=message):
        client.materialize(assets, **options)
    assert (instance.get_runs_count(), len(instance.get_backfills())) == before


def test_a_read_only_client_sends_nothing(place):
    with dnb.connect(place.server.url, read_only=True, progress=False) as client:
        for call in (
            lambda: client.start("target_schedule"),
            lambda: client.stop("target_schedule"),
            lambda: client.backfill("target_job", "x"),
            lambda: client.cancel_backfill("backfill001"),
            lambda: client.materialize("target_plain"),
        ):
            with pytest.raises(dnb.ReadOnlyError):
                call()
