"""Assets, materializations, checks and partitions with every version of Dagster."""

from __future__ import annotations

import pandas as pd
import pytest

import dagster_nb as dnb
from dagster_nb.graphql import documents
from dagster_nb.graphql.pruning import prune
from tests.compat.expected_frames import METADATA
from tests.compat.served.past_runs import LOCATION

pytestmark = pytest.mark.capability("assets")


@pytest.fixture(scope="module")
def materialized(client, backfill_of_job):
    """Materialize two assets and two partitions of a third asset. One partition fails."""
    runs = []
    # Wait for each run before launching the next: Dagster shows the failed check only if its run started after the
    # other run of `stock`.
    for assets, key in ((["orders", "mart/revenue"], None), ("stock", "north"), ("stock", "south")):
        runs.append(client.materialize(assets, partition_keys=key))
        runs[-1].wait(timeout=300)
    assert [run.status for run in runs] == ["SUCCESS", "SUCCESS", "FAILURE"]
    yield runs
    client.delete(runs)


def test_assets_have_their_definitions_and_last_materializations(client, materialized, note_missing_columns):
    assets = client.assets().set_index("asset")
    assert sorted(assets.index) == ["mart/revenue", "orders", "stock"]
    assert set(assets["location"]) == {LOCATION}
    assert assets["is_partitioned"].to_dict() == {"mart/revenue": False, "orders": False, "stock": True}
    assert assets.loc["mart/revenue", "depends_on"] == ["orders"]
    assert assets.loc["stock", "group"] == "by_region"
    assert assets.loc["stock", "checks"] == ["is_counted"]
    assert assets.loc[["mart/revenue", "orders"], "stale_status"].tolist() == ["FRESH", "FRESH"]
    assert assets.loc["orders", "last_run_id"] == materialized[0].run_id
    assert assets.loc["stock", ["last_run_id", "last_partition_key"]].tolist() == [materialized[1].run_id, "north"]
    note_missing_columns(
        assets, "assets", "assets",
        # Old versions provide a single kind per asset, so the column `kinds` is still available.
        {"AssetNode.owners": "owners", "AssetNode.tags": "tags", "AssetNode.kinds": None},
    )  # fmt: skip


def test_materializations_have_typed_metadata(client, materialized, note):
    frame = client.materializations("stock")
    assert frame["partition_key"].tolist() == ["north"]
    assert frame["run_id"].tolist() == [materialized[1].run_id]
    # Older versions of Dagster also store a path in the metadata.
    assert frame.filter(like="metadata.").drop(columns="metadata.path", errors="ignore").iloc[0].to_dict() == {
        "metadata.note": "counted", "metadata.rows": 3, "metadata.share": 0.5,
    }  # fmt: skip
    assert frame["metadata.rows"].dtype == "Int64"
    assert abs(frame["timestamp"][0] - pd.Timestamp.now("UTC")) < pd.Timedelta("1h")
    removed = prune(documents.load_marked("materializations"), client.graphql_schema()).removed
    assert set(removed) <= METADATA.keys()
    if "FloatMetadataEntry.floatRepr" in removed:
        note("infinite numbers in metadata are NaN")


def test_the_events_of_a_materialization_have_their_asset_and_metadata(client, materialized):
    events = client.events(materialized[1])
    [made] = events[events["event_type"] == "ASSET_MATERIALIZATION"].to_dict("records")
    assert (made["asset"], made["partition_key"]) == ("stock", "north")
    made["metadata"].pop("path", None)
    assert made["metadata"] == {"note": "counted", "rows": 3, "share": 0.5}
    [check] = events.dropna(subset="check").to_dict("records")
    assert (check["asset"], check["check"], check["check_passed"]) == ("stock", "is_counted", True)


def test_checks_have_the_result_of_the_last_execution(client, materialized, note_missing_columns):
    checks = client.asset_checks()
    assert checks[["asset", "check"]].to_numpy().tolist() == [["stock", "is_counted"]]
    # The newest run of the asset failed before its check was executed.
    assert checks[["status", "run_id"]].to_numpy().tolist() == [["EXECUTION_FAILED", materialized[2].run_id]]
    assert client.asset_checks("orders").empty
    fields = {
        "AssetCheck.blocking": "blocking",
        "AssetCheckEvaluation.description": "message",
        "AssetCheckEvaluation.partition": "partition_key",
    }
    note_missing_columns(checks, "asset_checks", "asset checks", {**METADATA, **fields})


def test_partitions_of_an_asset_have_statuses_and_runs(client, materialized):
    frame = client.partitions(asset="stock").set_index("partition_key")
    assert frame["status"].to_dict() == {"north": "MATERIALIZED", "south": "FAILED", "west": "MISSING"}
    assert frame["run_id"].tolist() == [materialized[1].run_id, pd.NA, pd.NA]
    assert frame["last_materialization"].notna().tolist() == [True, False, False]
    assert frame["last_materialization"]["north"] == client.materializations("stock")["timestamp"][0]


def test_partitions_of_a_job_are_listed(client):
    frame = client.partitions(job="regional")
    assert frame["partition_key"].tolist() == ["north", "south"]
    assert client.partitions(job="quick").empty


def test_materializing_a_missing_asset_or_an_invalid_partition_raises_an_error(client):
    with pytest.raises(dnb.NotFoundError, match="Did you mean 'orders'"):
        client.materialize("order")
    with pytest.raises(ValueError, match="partition_keys= is required"):
        client.materialize("stock")
    with pytest.raises(ValueError, match="no partition 'east' of 'stock'"):
        client.materialize("stock", partition_keys=["north", "east"])
