"""The statuses of partitions are read from any format that servers return: lists, ranges or two-dimensional ranges."""

from __future__ import annotations

from dagster_nb.frames.partitions import asset_partitions_frame

LISTED = {"failedPartitions": [], "materializingPartitions": []}


def node(dimensions, statuses, latest=()):
    return {
        "partitionKeysByDimension": [{"name": name, "partitionKeys": keys} for name, keys in dimensions.items()],
        "assetPartitionStatuses": statuses,
        "latestMaterializationByPartition": list(latest),
    }


def time_ranges(*ranges):
    return {
        "__typename": "TimePartitionStatuses",
        "ranges": [{"startKey": start, "endKey": end, "status": status} for start, end, status in ranges],
    }


def test_listed_partitions_have_their_statuses():
    statuses = {
        "__typename": "DefaultPartitionStatuses",
        "materializedPartitions": ["a"], "failedPartitions": ["b"], "materializingPartitions": ["c"],
    }  # fmt: skip
    frame = asset_partitions_frame(node({"default": ["a", "b", "c", "d|e"]}, statuses))
    assert frame["status"].tolist() == ["MATERIALIZED", "FAILED", "MATERIALIZING", "MISSING"]
    assert frame["partition_key"].tolist() == ["a", "b", "c", "d|e"]
    assert not frame.columns.str.startswith("dimension.").any()


def test_time_ranges_follow_the_order_of_the_keys():
    # These keys are not in alphabetical order.
    keys = ["9-1", "10-1", "11-1", "12-1"]
    statuses = time_ranges(("9-1", "10-1", "MATERIALIZED"), ("12-1", "12-1", "FAILED"), ("1-1", "2-1", "FAILED"))
    frame = asset_partitions_frame(node({"default": keys}, statuses))
    assert frame["status"].tolist() == ["MATERIALIZED", "MATERIALIZED", "MISSING", "FAILED"]


def test_dimensions_may_be_in_any_order():
    statuses = {
        "__typename": "MultiPartitionStatuses", "primaryDimensionName": "day",
        "ranges": [
            {"primaryDimStartKey": "1", "primaryDimEndKey": "2",
             "secondaryDim": {"__typename": "DefaultPartitionStatuses", "materializedPartitions": ["x"], **LISTED}},
            {"primaryDimStartKey": "3", "primaryDimEndKey": "3", "secondaryDim": time_ranges(("x", "y", "FAILED"))},
        ],
    }  # fmt: skip
    latest = [{"partition": "x|2", "timestamp": "1500", "runId": ""}, None]
    frame = asset_partitions_frame(node({"day": ["1", "2", "3"], "color": ["x", "y"]}, statuses, latest))
    # Dagster orders the parts of a key by dimension name.
    found = frame.set_index("partition_key")
    assert found["status"].to_dict() == {
        "x|1": "MATERIALIZED", "y|1": "MISSING", "x|2": "MATERIALIZED", "y|2": "MISSING", "x|3": "FAILED",
        "y|3": "FAILED",
    }  # fmt: skip
    assert found.loc["x|2", "last_materialization"].timestamp() == 1.5
    assert found.loc["x|2", ["dimension.day", "dimension.color"]].tolist() == ["2", "x"]
    assert found["run_id"].isna().all()


def test_an_asset_without_remaining_dynamic_partitions_has_an_empty_frame():
    statuses = {"__typename": "DefaultPartitionStatuses", "materializedPartitions": ["old"], **LISTED}
    frame = asset_partitions_frame(node({"default": []}, statuses))
    assert frame.empty
    assert str(frame["last_materialization"].dtype) == "datetime64[us, UTC]"
