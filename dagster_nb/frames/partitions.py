"""Frames of the partitions of a job or an asset, in the order in which the job or asset defines them."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any

from dagster_nb.frames import columns
from dagster_nb.frames.assets import event_seconds

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pandas as pd

__all__ = ["MISSING", "asset_partitions_frame", "job_partitions_frame"]

Node = dict[str, Any]

MISSING = "MISSING"
"""The status of a partition without a materialization or a run."""

_LISTED = {
    "materializedPartitions": "MATERIALIZED",
    "failedPartitions": "FAILED",
    "materializingPartitions": "MATERIALIZING",
}


def job_partitions_frame(keys: Sequence[str], statuses: Sequence[Node]) -> pd.DataFrame:
    """Return the partitions of a job as a frame.

    Parameters
    ----------
    keys
        All partition keys, in order.
    statuses
        The members of ``PartitionStatuses.results``.

    Returns
    -------
    pandas.DataFrame
        The columns of `DagsterClient.partitions`.

    Examples
    --------
    >>> job_partitions_frame(["a"], [])["status"].tolist()
    ['MISSING']
    """
    by_key = {one["partitionName"]: one for one in statuses}
    rows = [by_key.get(key) or {} for key in keys]
    return columns.frame(
        {
            "partition_key": columns.strings(keys),
            "status": columns.strings(row.get("runStatus") or MISSING for row in rows),
            "run_id": columns.strings(row.get("runId") for row in rows),
            "duration": columns.durations(row.get("runDuration") for row in rows),
        }
    )


def asset_partitions_frame(node: Node) -> pd.DataFrame:
    """Return the partitions of an asset as a frame.

    Parameters
    ----------
    node
        An ``AssetNode``, as requested by the document ``asset_partition_statuses``.

    Returns
    -------
    pandas.DataFrame
        The columns of `DagsterClient.partitions`, with one more column per dimension if there are several dimensions.

    Examples
    --------
    >>> node = {
    ...     "partitionKeysByDimension": [{"name": "default", "partitionKeys": ["a", "b"]}],
    ...     "assetPartitionStatuses": {"__typename": "DefaultPartitionStatuses", "materializedPartitions": ["a"]},
    ...     "latestMaterializationByPartition": [None, None],
    ... }
    >>> asset_partitions_frame(node)["status"].tolist()
    ['MATERIALIZED', 'MISSING']
    """
    dimensions = {one["name"]: one["partitionKeys"] for one in node["partitionKeysByDimension"]}
    keys = list(product(*dimensions.values()))
    names = list(dimensions)
    statuses = _statuses(node["assetPartitionStatuses"], dimensions)
    latest = {event["partition"]: event for event in node["latestMaterializationByPartition"] if event is not None}
    texts = [_joined(names, key) for key in keys]
    events = [latest.get(text, {}) for text in texts]
    built: dict[str, Any] = {
        "partition_key": columns.strings(texts),
        "status": columns.strings(statuses.get(key, MISSING) for key in keys),
        "run_id": columns.strings(event.get("runId") or None for event in events),
        "last_materialization": columns.times(event_seconds(event) for event in events),
    }
    if len(names) > 1:
        for position, name in enumerate(names):
            built[f"dimension.{name}"] = columns.strings(key[position] for key in keys)
    return columns.frame(built)


def _joined(names: Sequence[str], key: Sequence[str]) -> str:
    """Return the key of a partition with several dimensions.

    Its parts are in the alphabetical order of the dimensions.
    """
    return "|".join(part for _, part in sorted(zip(names, key, strict=True)))


def _statuses(node: Node, dimensions: dict[str, list[str]]) -> dict[tuple[str, ...], str]:
    """Return the statuses of all partitions that are not missing, by the partition's key in each dimension."""
    if node["__typename"] != "MultiPartitionStatuses":
        [keys] = dimensions.values()
        return {(key,): status for key, status in _statuses_of_dimension(node, keys)}
    names = list(dimensions)
    primary = node["primaryDimensionName"]
    [secondary] = [name for name in names if name != primary]
    ranges = _KeyRanges(dimensions[primary])
    found: dict[tuple[str, ...], str] = {}
    for block in node["ranges"]:
        own = list(_statuses_of_dimension(block["secondaryDim"], dimensions[secondary]))
        for key in ranges.between(block["primaryDimStartKey"], block["primaryDimEndKey"]):
            for other, status in own:
                parts = {primary: key, secondary: other}
                found[tuple(parts[name] for name in names)] = status
    return found


def _statuses_of_dimension(node: Node, keys: Sequence[str]) -> Iterator[tuple[str, str]]:
    if node["__typename"] == "TimePartitionStatuses":
        ranges = _KeyRanges(keys)
        for block in node["ranges"]:
            for key in ranges.between(block["startKey"], block["endKey"]):
                yield key, block["status"]
    else:
        for field, status in _LISTED.items():
            for key in node.get(field) or ():
                yield key, status


class _KeyRanges:
    """Finds the partition keys within ranges of a dimension.

    Parameters
    ----------
    keys
        All keys of the dimension, in order.
    """

    def __init__(self, keys: Sequence[str]):
        self._keys = keys
        self._positions = {key: position for position, key in enumerate(keys)}

    def between(self, start: str, end: str) -> Sequence[str]:
        """Return the keys from `start` to `end`, both included; an empty list if one of them no longer exists."""
        if start not in self._positions or end not in self._positions:
            return []
        return self._keys[self._positions[start] : self._positions[end] + 1]
