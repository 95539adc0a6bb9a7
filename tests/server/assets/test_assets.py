"""Assets, materializations, checks and partitions match the Dagster instance and its definitions."""

from __future__ import annotations

import dagster as dg
import pandas as pd
import pytest

import dagster_nb as dnb
from dagster_nb.graphql import materialization_paging
from tests.compare_with_instance import (
    compare_asset_checks,
    compare_asset_partitions,
    compare_assets,
    compare_events,
    compare_job_partitions,
    compare_materializations,
)

from .definitions import GRID, LOCATION, REGIONS, defs

TIME = "datetime64[us, UTC]"


def dtypes(frame):
    return frame.dtypes.astype(str).to_dict()


@pytest.fixture(scope="module")
def assets(place):
    return place.client.assets()


def test_assets_have_the_documented_columns_and_dtypes(assets):
    assert dtypes(assets) == {
        "asset": "string", "asset_path": "object", "group": "string", "location": "string", "repository": "string",
        "kinds": "object", "owners": "object", "tags": "object", "description": "string", "is_partitioned": "boolean",
        "is_executable": "boolean", "stale_status": "string", "depends_on": "object", "job_names": "object",
        "checks": "object", "last_materialization": TIME, "last_run_id": "string", "last_partition_key": "string",
    }  # fmt: skip


def test_assets_match_the_definitions_and_the_instance(client, instance, assets):
    graph = defs.resolve_asset_graph()
    compare_assets(client, instance, graph, LOCATION)
    by_path = {tuple(row.asset_path): row for row in assets.itertuples()}
    assert by_path[("report",)].location == "other"
    assert by_path[("report",)].depends_on == ["daily"]
    assert by_path[("plain",)].description == "Rows with metadata of every type."
    undefined = by_path[("gone",)]
    assert pd.isna(undefined.location)
    assert pd.isna(undefined.is_partitioned)
    assert len(by_path) == len(assets) == len(graph.get_all_asset_keys()) + 2


def test_metadata_has_typed_columns(client):
    frame = client.materializations("plain")
    assert dtypes(frame) == {
        "asset": "string", "timestamp": TIME, "run_id": "string", "step_key": "string", "partition_key": "string",
        "description": "string", "metadata.file": "string", "metadata.maybe": "object", "metadata.mixed": "object",
        "metadata.note": "string", "metadata.ok": "boolean", "metadata.page": "string", "metadata.rows": "Int64",
        "metadata.settings": "object", "metadata.share": "float64", "metadata.table": "object",
        "metadata.text": "string", "metadata.when": TIME,
    }  # fmt: skip
    assert frame["metadata.rows"].tolist() == [pd.NA, 2**60, 3]
    assert frame["metadata.mixed"].tolist() == [3.5, "two", 1]
    assert frame["metadata.share"].tolist()[1:] == [2.0, 0.5]
    assert frame["metadata.ok"].tolist() == [pd.NA, False, True]
    first = frame.iloc[-1]
    assert first["metadata.when"].timestamp() == 1_700_000_000.25
    assert first[["metadata.file", "metadata.page", "metadata.text", "metadata.note"]].tolist() == [
        "/data/a.parquet", "https://example.com/a", "**b**", "first",
    ]  # fmt: skip
    assert first["metadata.settings"] == {"a": [1, 2]}
    assert first["metadata.table"] == [{"n": 1}]
    assert frame["run_id"].isna().all()


@pytest.mark.parametrize("asset", ["daily", "regional", "grid", "many"])
def test_materializations_match_the_instance(client, instance, asset, monkeypatch):
    monkeypatch.setattr(materialization_paging, "_EVENTS_PER_REQUEST", 10)
    compare_materializations(client, instance, dg.AssetKey(asset))


def test_the_metadata_of_each_partition_is_returned(client):
    frame = client.materializations("daily").set_index("partition_key")
    assert frame["metadata.rows"].to_dict() == {f"2026-01-{day:02}": day for day in (1, 2, 3, 5, 6, 8, 10)}


def test_checks_match_the_instance(client, instance):
    compare_asset_checks(client, instance, defs.resolve_asset_graph())


def test_checks_have_the_documented_columns_and_results(client):
    frame = client.asset_checks()
    assert dtypes(frame) == {
        "asset": "string", "check": "string", "description": "string", "blocking": "boolean", "status": "string",
        "severity": "string", "timestamp": TIME, "run_id": "string", "partition_key": "string", "message": "string",
        "metadata": "object",
    }  # fmt: skip
    checks = frame.set_index(["asset", "check"])
    assert sorted(checks.index) == [("daily", "is_complete"), ("daily", "passes"), ("plain", "has_rows")]
    failed = checks.loc[("daily", "is_complete")]
    assert failed[["status", "severity", "message"]].tolist() == ["FAILED", "WARN", "one row is missing"]
    assert failed["blocking"]
    assert failed["metadata"] == {"missing": 1}
    assert checks.loc[("daily", "passes"), "status"] == "SUCCEEDED"
    never = checks.loc[("plain", "has_rows")]
    assert never["description"] == "It has rows."
    assert never[["status", "severity", "timestamp", "run_id"]].isna().all()
    assert client.asset_checks("plain")["check"].tolist() == ["has_rows"]
    assert client.asset_checks("grid").empty


@pytest.mark.parametrize("asset", ["daily", "regional", "grid"])
def test_partitions_of_an_asset_match_the_instance(client, instance, asset):
    compare_asset_partitions(client, instance, defs.resolve_asset_graph(), dg.AssetKey(asset))


@pytest.mark.parametrize("job", ["daily_job", "by_letter", "regional_job", "grid_job"])
def test_partitions_of_a_job_match_the_instance(client, instance, job):
    compare_job_partitions(client, instance, defs.resolve_job_def(job))


def test_daily_partitions_have_a_status_and_a_materialization(client):
    frame = client.partitions(asset="daily").set_index("partition_key")
    failed = {"2026-01-07": "FAILED"}
    missing = dict.fromkeys(["2026-01-04", "2026-01-09"], "MISSING")
    assert frame["status"].to_dict() == dict.fromkeys(frame.index, "MATERIALIZED") | failed | missing
    assert dtypes(frame) == {"status": "string", "run_id": "string", "last_materialization": TIME}


def test_dynamic_partitions_have_a_status(client, instance):
    frame = client.partitions(asset="regional").set_index("partition_key")
    assert frame.index.tolist() == instance.get_dynamic_partitions(REGIONS.name)
    assert frame["status"].to_dict() == {
        "north": "MATERIALIZED", "south": "MISSING", "a|b": "MATERIALIZED", "east": "MISSING",
    }  # fmt: skip


def test_partitions_with_two_dimensions_have_a_column_per_dimension(client, instance):
    frame = client.partitions(asset="grid")
    assert set(frame["partition_key"]) == set(GRID.get_partition_keys())
    assert len(frame) == 20
    done = frame[frame["status"] == "MATERIALIZED"]
    assert set(done["partition_key"]) == set(instance.get_materialized_partitions(dg.AssetKey("grid")))
    assert set(zip(done["dimension.day"], done["dimension.color"], strict=True)) == {
        ("2026-01-01", "red"), ("2026-01-01", "green"), ("2026-01-02", "red"),
    }  # fmt: skip
    assert set(frame["status"]) == {"MATERIALIZED", "MISSING"}
    assert done["last_materialization"].notna().all()


def test_partitions_of_a_job_have_the_status_and_run_of_each_key(client, instance):
    frame = client.partitions(job="by_letter")
    assert frame["partition_key"].tolist() == ["x", "y", "z"]
    assert frame["status"].tolist() == ["SUCCESS", "MISSING", "MISSING"]
    [run] = instance.get_runs(dg.RunsFilter(job_name="by_letter", tags={"dagster/partition": "x"}))
    assert frame["run_id"].tolist() == [run.run_id, pd.NA, pd.NA]
    assert frame["duration"][0] > pd.Timedelta(0)
    assert dtypes(frame) == {
        "partition_key": "string", "status": "string", "run_id": "string", "duration": "timedelta64[us]",
    }  # fmt: skip
    empty = client.partitions(job="nothing_special", location=LOCATION)
    assert empty.empty
    assert dtypes(empty) == dtypes(frame)
    statuses = client.partitions(job="daily_job").set_index("partition_key")["status"]
    assert statuses[["2026-01-01", "2026-01-04", "2026-01-07"]].tolist() == ["SUCCESS", "MISSING", "FAILURE"]


def test_a_key_must_identify_one_asset(client):
    with pytest.raises(dnb.AmbiguousNameError, match=r"\['a/b', 'c'\]\n  \['a', 'b/c'\]|\['a', 'b/c'\]\n  \['a/b'"):
        client.materializations("a/b/c")
    assert client.materializations(["a/b", "c"]).empty
    assert client.materializations(dg.AssetKey(["a", "b/c"])).empty
    with pytest.raises(dnb.NotFoundError, match="Did you mean 'mart/sales'"):
        client.materializations("mart/sale")
    with pytest.raises(dnb.NotFoundError, match=r"no asset \['mart/sales'\]"):
        client.materializations(["mart/sales"])
    with pytest.raises(ValueError, match="has no partitions"):
        client.partitions(asset="plain")


def test_an_asset_can_be_passed_as_a_row_of_a_frame(client, assets):
    [row] = [row for _, row in assets.iterrows() if row["asset_path"] == ["a/b", "c"]]
    assert client.materializations(row).empty


def test_events_match_the_instance(client, instance):
    jobs = ("daily_job", "regional_job", "grid_job", "ranges_job")
    runs = [run for job in jobs for run in instance.get_runs(dg.RunsFilter(job_name=job))]
    compare_events(client, instance, [run.run_id for run in runs])


def test_events_contain_assets_and_checks(client):
    run_id = client.partitions(asset="daily").set_index("partition_key").loc["2026-01-05", "run_id"]
    events = client.events(run_id)
    [made] = events[events["event_type"] == "ASSET_MATERIALIZATION"].to_dict("records")
    assert (made["asset"], made["partition_key"], made["metadata"]) == ("daily", "2026-01-05", {"rows": 5})
    checks = events.dropna(subset="check").set_index("check")
    assert checks["check_passed"].to_dict() == {"is_complete": False, "passes": True}
    assert checks.loc["is_complete", "metadata"] == {"missing": 1}
    assert set(checks["asset"]) == {"daily"}
