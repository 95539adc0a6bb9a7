"""Frames of assets, materializations and asset checks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dagster_nb.frames import columns
from dagster_nb.frames.asset_keys import asset_key, asset_keys
from dagster_nb.frames.metadata import metadata_columns, metadata_dict
from dagster_nb.frames.runs import tag_dict

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

__all__ = ["asset_checks_frame", "assets_frame", "event_seconds", "materializations_frame"]

Node = dict[str, Any]


def assets_frame(nodes: Sequence[Node]) -> pd.DataFrame:
    """Return assets as a frame.

    Parameters
    ----------
    nodes
        ``AssetNode`` objects from the server. Assets without a definition have only ``assetKey`` and
        ``assetMaterializations``.

    Returns
    -------
    pandas.DataFrame
        The columns of `DagsterClient.assets`.

    Examples
    --------
    >>> assets_frame([])["last_materialization"].dtype
    datetime64[us, UTC]
    """
    last = [(node.get("assetMaterializations") or [{}])[0] for node in nodes]
    repositories = [node.get("repository") or {} for node in nodes]
    return columns.frame(
        {
            "asset": columns.strings(asset_key(node["assetKey"]) for node in nodes),
            "asset_path": columns.objects(list(node["assetKey"]["path"]) for node in nodes),
            "group": columns.strings(node.get("groupName") for node in nodes),
            "location": columns.strings((one.get("location") or {}).get("name") for one in repositories),
            "repository": columns.strings(one.get("name") for one in repositories),
            "kinds": columns.objects(_kinds(node) for node in nodes),
            "owners": columns.objects(_owners(node) for node in nodes),
            "tags": columns.objects(tag_dict(node["tags"]) if "tags" in node else None for node in nodes),
            "description": columns.strings(node.get("description") for node in nodes),
            "is_partitioned": columns.nullable_flags(node.get("isPartitioned") for node in nodes),
            "is_executable": columns.nullable_flags(node.get("isExecutable") for node in nodes),
            "stale_status": columns.strings(node.get("staleStatus") for node in nodes),
            "depends_on": columns.objects(asset_keys(node.get("dependencyKeys")) for node in nodes),
            "job_names": columns.objects(node.get("jobNames") for node in nodes),
            "checks": columns.objects(_check_names(node) for node in nodes),
            "last_materialization": columns.times(event_seconds(event) for event in last),
            "last_run_id": columns.strings(event.get("runId") or None for event in last),
            "last_partition_key": columns.strings(event.get("partition") for event in last),
        }
    )


def materializations_frame(events: Sequence[Node], asset: str) -> pd.DataFrame:
    """Return the materializations of an asset as a frame.

    Parameters
    ----------
    events
        Members of ``Asset.assetMaterializations``.
    asset
        The key of the asset.

    Returns
    -------
    pandas.DataFrame
        The columns of `DagsterClient.materializations`.

    Examples
    --------
    >>> materializations_frame([], "orders").columns.tolist()
    ['asset', 'timestamp', 'run_id', 'step_key', 'partition_key', 'description']
    """
    return columns.frame(
        {
            "asset": columns.strings(asset for _ in events),
            "timestamp": columns.times(event_seconds(event) for event in events),
            "run_id": columns.strings(event["runId"] or None for event in events),
            "step_key": columns.strings(event.get("stepKey") for event in events),
            "partition_key": columns.strings(event.get("partition") for event in events),
            "description": columns.strings(event.get("description") for event in events),
            **metadata_columns([event["metadataEntries"] for event in events]),
        }
    )


def asset_checks_frame(nodes: Sequence[Node]) -> pd.DataFrame:
    """Return the checks of assets as a frame.

    Parameters
    ----------
    nodes
        One dict per asset, with its ``assetKey`` and its ``checks`` (the members of ``AssetChecks.checks``).

    Returns
    -------
    pandas.DataFrame
        The columns of `DagsterClient.asset_checks`.

    Examples
    --------
    >>> asset_checks_frame([])["blocking"].dtype
    BooleanDtype
    """
    checks = [(node, check) for node in nodes for check in node["checks"]]
    executions = [check["executionForLatestMaterialization"] or {} for _, check in checks]
    evaluations = [execution.get("evaluation") or {} for execution in executions]
    return columns.frame(
        {
            "asset": columns.strings(asset_key(node["assetKey"]) for node, _ in checks),
            "check": columns.strings(check["name"] for _, check in checks),
            "description": columns.strings(check.get("description") for _, check in checks),
            "blocking": columns.nullable_flags(check.get("blocking") for _, check in checks),
            "status": columns.strings(execution.get("status") for execution in executions),
            "severity": columns.strings(evaluation.get("severity") for evaluation in evaluations),
            "timestamp": columns.times(execution.get("timestamp") for execution in executions),
            "run_id": columns.strings(execution.get("runId") or None for execution in executions),
            "partition_key": columns.strings(evaluation.get("partition") for evaluation in evaluations),
            "message": columns.strings(evaluation.get("description") for evaluation in evaluations),
            "metadata": columns.objects(metadata_dict(evaluation.get("metadataEntries")) for evaluation in evaluations),
        }
    )


def event_seconds(event: Node) -> float | None:
    """Return the time of an event in seconds since 1970. The server returns the milliseconds as a string.

    Examples
    --------
    >>> event_seconds({"timestamp": "1500"})
    1.5
    """
    timestamp = event.get("timestamp")
    return None if timestamp is None else int(timestamp) / 1000


def _kinds(node: Node) -> list[str] | None:
    """Return the kinds of an asset. Before Dagster 1.8, an asset has a single kind."""
    if node.get("kinds") is not None:
        return list(node["kinds"])
    if "computeKind" not in node:
        return None
    return [node["computeKind"]] if node["computeKind"] else []


def _owners(node: Node) -> list[str] | None:
    owners = node.get("owners")
    if owners is None:
        return None
    return [owner["email"] if "email" in owner else f"team:{owner['team']}" for owner in owners]


def _check_names(node: Node) -> list[str] | None:
    checks = node.get("assetChecksOrError")
    # If the server's database or the user's code is too old for checks, the server returns an error instead of checks.
    return None if not checks or "checks" not in checks else [check["name"] for check in checks["checks"]]
