"""A run for a range of partitions counts as a run for each partition in the range, even if it belongs to a backfill."""

from __future__ import annotations

import logging

import dagster as dg
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import WorkspaceFileTarget
from dagster._daemon.backfill import execute_backfill_jobs

from dagster_nb import analysis
from dagster_nb.analysis.digests.missing_partitions import partition_gaps
from tests.compare_with_instance import compare_asset_partitions, compare_backfills
from tests.server.conftest import wait_until

from .definitions import defs

RANGE = ("dagster/asset_partition_range_start", "dagster/asset_partition_range_end")


def execute_backfill(place, backfill):
    """Execute one backfill as Dagster's daemon would, and return the run ids.

    A daemon would also execute the runs and backfills that the other tests of this server have launched.
    """
    workspace = WorkspaceFileTarget([str(place.server.home.parent / "workspace.yaml")])
    with WorkspaceProcessContext(place.instance, workspace) as context:
        stored = place.instance.get_backfill(backfill.backfill_id)
        assert not [error for error in execute_backfill_jobs(context, logging.getLogger(), [stored]) if error]
        runs = place.instance.get_runs(dg.RunsFilter(tags={"dagster/backfill": backfill.backfill_id}))
        for run in runs:
            place.instance.launch_run(run.run_id, context.create_request_context())
    return [run.run_id for run in runs]


def missing_partitions(client):
    found = analysis.digest(client).findings.query("kind == 'missing partition'")
    return found.set_index("subject")["what"].to_dict()


def test_a_run_for_a_range_counts_for_all_partitions_in_the_range(place, client, instance):
    partitions = client.partitions(asset="in_ranges").set_index("partition_key")
    gap = ["2026-01-13", "2026-01-14"]
    assert partitions.index[partitions["status"] == "MISSING"].tolist() == gap
    assert partitions.loc["2026-01-08", "run_id"] == partitions.loc["2026-01-09", "run_id"]
    # The job has one run for both day 8 and day 9, and no runs for the days in the gap.
    assert partition_gaps(client.runs(job="ranges_job"))["partition_key"].tolist() == gap
    message = (
        "ranges_job never ran for 2 partitions: 2026-01-13, 2026-01-14, but it ran for partitions before and after"
    )
    assert missing_partitions(client) == {"ranges_job": message}

    backfill = client.backfill("in_ranges", gap)
    [run_id] = execute_backfill(place, backfill)
    wait_until(lambda: client.run(run_id).status == "SUCCESS")
    [tags] = client.runs(run_ids=[run_id])["tags"]
    assert [tags[name] for name in RANGE] == gap
    assert "dagster/partition" not in tags
    partitions = client.partitions(asset="in_ranges").set_index("partition_key")
    assert set(partitions["status"]) == {"MATERIALIZED"}
    assert partitions.loc[gap, "run_id"].tolist() == [run_id, run_id]
    assert client.backfills().set_index("backfill_id").loc[backfill.backfill_id, "partition_count"] == len(gap)
    assert missing_partitions(client) == {}
    compare_asset_partitions(client, instance, defs.resolve_asset_graph(), dg.AssetKey("in_ranges"))
    compare_backfills(client, instance)
