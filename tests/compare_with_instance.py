"""Compare the frames of a client with the `DagsterInstance` and the definitions of the same server."""

from __future__ import annotations

from typing import TYPE_CHECKING

import dagster as dg
import pandas as pd
import pytest
from dagster._core.definitions.selector import InstigatorSelector

from dagster_nb.client.request_tag import REQUEST_TAG

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dagster import DagsterInstance, DagsterRun
    from dagster._core.definitions.assets.graph.asset_graph import AssetGraph

    import dagster_nb as dnb

REPOSITORY = "__repository__"


def compare_assets(client: dnb.DagsterClient, instance: DagsterInstance, graph: AssetGraph, location: str) -> None:
    """Compare the assets of a code location and the times of their last materializations."""
    frame = client.assets()
    rows = {tuple(row.asset_path): row for row in frame[frame["location"] == location].itertuples()}
    assert sorted(rows) == sorted(tuple(key.path) for key in graph.get_all_asset_keys())
    for key in graph.get_all_asset_keys():
        row, node = rows[tuple(key.path)], graph.get(key)
        assert row.asset == "/".join(key.path)
        assert row.group == node.group_name
        assert sorted(row.kinds) == sorted(node.kinds)
        assert row.owners == list(node.owners)
        assert row.tags == dict(node.tags)
        assert bool(row.is_partitioned) == node.is_partitioned
        assert bool(row.is_executable) == node.is_executable
        assert sorted(row.depends_on) == sorted("/".join(parent.path) for parent in node.parent_keys)
        assert sorted(row.checks) == sorted(check.name for check in graph.get_check_keys_for_assets({key}))
        event = instance.get_latest_materialization_event(key)
        if event is None:
            assert (row.last_materialization, row.last_run_id) == (pd.NaT, pd.NA)
        else:
            assert row.last_materialization == _milliseconds(event.timestamp)
            assert _none(row.last_run_id) == (event.run_id or None)
            assert _none(row.last_partition_key) == event.dagster_event.partition


def compare_materializations(client: dnb.DagsterClient, instance: DagsterInstance, key: dg.AssetKey) -> None:
    """Compare all materializations of an asset and the values of their metadata."""
    frame = client.materializations(key)
    assert frame["timestamp"].is_monotonic_decreasing
    found = [
        (row["timestamp"], row["run_id"], row["partition_key"], {
            name.removeprefix("metadata."): value.timestamp() if isinstance(value, pd.Timestamp) else value
            for name, value in row.items() if name.startswith("metadata.") and value is not None
        })
        for row in ({name: _none(value) for name, value in one.items()} for one in frame.to_dict("records"))
    ]  # fmt: skip
    stored = [
        (_milliseconds(record.timestamp), record.event_log_entry.run_id or None, record.partition_key, {
            name: getattr(entry, "value", None)
            for name, entry in record.asset_materialization.metadata.items()
        })
        for record in _materializations(instance, key)
    ]  # fmt: skip
    assert sorted(found, key=str) == sorted(stored, key=str)


def compare_asset_partitions(
    client: dnb.DagsterClient, instance: DagsterInstance, graph: AssetGraph, key: dg.AssetKey
) -> None:
    """Compare all partitions of an asset."""
    frame = client.partitions(asset=key).set_index("partition_key")
    keys = graph.get(key).partitions_def.get_partition_keys(dynamic_partitions_store=instance)
    assert sorted(frame.index) == sorted(keys)
    latest = {record.partition_key: record for record in _materializations(instance, key)}
    assert frame["run_id"].dropna().to_dict() == {
        partition: record.run_id for partition, record in latest.items() if record.run_id
    }
    assert frame["last_materialization"].dropna().to_dict() == {
        partition: _milliseconds(record.timestamp) for partition, record in latest.items()
    }
    attempts = instance.event_log_storage.get_latest_asset_partition_materialization_attempts_without_materializations(
        key
    )
    failed = {
        partition
        for partition, (run_id, _) in attempts.items()
        if instance.get_run_by_id(run_id).status == dg.DagsterRunStatus.FAILURE
    }
    assert set(latest) == set(instance.get_materialized_partitions(key))
    expected = dict.fromkeys(keys, "MISSING") | dict.fromkeys(latest, "MATERIALIZED") | dict.fromkeys(failed, "FAILED")
    assert frame["status"].to_dict() == expected


def compare_job_partitions(client: dnb.DagsterClient, instance: DagsterInstance, job: dg.JobDefinition) -> None:
    """Compare all partitions of a job."""
    frame = client.partitions(job=job.name).set_index("partition_key")
    assert frame.index.tolist() == list(job.partitions_def.get_partition_keys())
    last: dict[str, DagsterRun] = {}
    for run in reversed(instance.get_runs(dg.RunsFilter(job_name=job.name))):
        partition = run.tags.get("dagster/partition")
        # Dagster ignores canceled runs in the status of a partition.
        if partition is not None and run.status != dg.DagsterRunStatus.CANCELED:
            last[partition] = run
    assert frame["run_id"].dropna().to_dict() == {partition: run.run_id for partition, run in last.items()}
    expected = dict.fromkeys(frame.index, "MISSING") | {partition: run.status.value for partition, run in last.items()}
    assert frame["status"].to_dict() == expected


def compare_ticks(client: dnb.DagsterClient, instance: DagsterInstance, name: str, location: str) -> None:
    """Compare all ticks of a schedule or a sensor."""
    frame = client.ticks(name, location=location)
    assert frame["timestamp"].is_monotonic_decreasing
    selector = InstigatorSelector(location_name=location, repository_name=REPOSITORY, name=name).get_id()
    stored = {str(tick.tick_id): tick.tick_data for tick in instance.get_ticks(name, selector)}
    assert stored
    assert sorted(frame["tick_id"]) == sorted(stored)
    assert set(frame["name"]) == {name}
    assert set(frame["location"]) == {location}
    for row in frame.itertuples():
        tick = stored[row.tick_id]
        assert (row.status, row.run_ids) == (tick.status.value, tick.run_ids or [])
        assert row.timestamp.timestamp() == pytest.approx(tick.timestamp, abs=1e-6)
        end = _none(row.end_time)
        assert (end and end.timestamp()) == pytest.approx(tick.end_timestamp, abs=1e-6)
        assert _none(row.skip_reason) == tick.skip_reason
        error = tick.error
        while error is not None and error.cause is not None:
            error = error.cause
        assert _none(row.error_class) == (error and error.cls_name)


def compare_backfills(client: dnb.DagsterClient, instance: DagsterInstance) -> None:
    """Compare all backfills."""
    frame, stored = client.backfills(), instance.get_backfills()
    assert stored
    assert frame["backfill_id"].tolist() == [one.backfill_id for one in stored]
    for row, one in zip(frame.itertuples(), stored, strict=True):
        assert row.status == one.status.value
        assert row.creation_time.timestamp() == pytest.approx(one.backfill_timestamp, abs=1e-6)
        end = _none(row.end_time)
        assert (end and end.timestamp()) == pytest.approx(one.backfill_end_timestamp, abs=1e-6)
        assert row.tags == {name: value for name, value in one.tags.items() if name != REQUEST_TAG}
        assert _none(row.job_name) == (one.partition_set_name and one.partition_set_name.removesuffix("_partition_set"))
        assert sorted(row.assets or ()) == sorted("/".join(key.path) for key in one.asset_selection or ())
        if one.asset_backfill_data is not None:
            subset = one.asset_backfill_data.target_subset
            [keys] = [subset.get_partitions_subset(key).get_partition_keys() for key in subset.asset_keys]
        else:
            keys = one.partition_names
        assert sorted(row.partition_keys) == sorted(map(str, keys))
        assert row.partition_count == len(row.partition_keys)


def _materializations(instance: DagsterInstance, key: dg.AssetKey) -> Iterator[dg.EventLogRecord]:
    """Yield the materializations in the order in which they were stored."""
    cursor = None
    while True:
        result = instance.fetch_materializations(key, limit=1_000, cursor=cursor, ascending=True)
        yield from result.records
        if not result.has_more:
            return
        cursor = result.cursor


def _milliseconds(seconds: float) -> pd.Timestamp:
    """Truncate a time to milliseconds, as the server does."""
    return pd.Timestamp(int(seconds * 1000), unit="ms", tz="UTC")


def _none(value: object) -> object:
    """Return None for a missing value."""
    return None if value is pd.NA or value is pd.NaT or value != value else value  # noqa: PLR0124
