"""Compare the frames of a client with the `DagsterInstance` and the definitions of the same server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import dagster as dg
import pandas as pd
import pytest
from dagster._core.definitions.selector import InstigatorSelector
from dagster._utils.schedules import schedule_execution_time_iterator

from dagster_nb.client.request_tag import REQUEST_TAG

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

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
        assert _none(row.description) == node.description
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


def compare_asset_checks(client: dnb.DagsterClient, instance: DagsterInstance, graph: AssetGraph) -> None:
    """Compare all asset checks and the results of their last executions."""
    frame = client.asset_checks()
    rows = {(row["asset"], row["check"]): row for row in frame.to_dict("records")}
    assert len(rows) == len(frame) == len(graph.asset_check_keys)
    for key in graph.asset_check_keys:
        row, spec = rows["/".join(key.asset_key.path), key.name], graph.get_check_spec(key)
        assert (_none(row["description"]), row["blocking"]) == (spec.description, spec.blocking)
        records = instance.event_log_storage.get_asset_check_execution_history(key, limit=1)
        result = {name: _none(row[name]) for name in ("status", "severity", "run_id", "partition_key", "message")}
        if not records:
            assert set(result.values()) == {None}
            continue
        evaluation = records[0].event.dagster_event.asset_check_evaluation_data
        assert result == {
            "status": records[0].status.value,
            "severity": evaluation.severity.value,
            "run_id": records[0].run_id,
            "partition_key": records[0].partition,
            "message": evaluation.description,
        }
        assert row["metadata"] == _values(evaluation.metadata)
        # Dagster returns the time when the result was stored, in whole seconds.
        assert row["timestamp"].timestamp() == pytest.approx(records[0].create_timestamp, abs=1)


def compare_schedules(
    client: dnb.DagsterClient, instance: DagsterInstance, repository: dg.RepositoryDefinition, location: str
) -> None:
    """Compare a code location's schedules and their states."""
    frame = client.schedules()
    rows = {row["schedule"]: row for row in frame[frame["location"] == location].to_dict("records")}
    assert sorted(rows) == sorted(one.name for one in repository.schedule_defs)
    for one in repository.schedule_defs:
        row = rows[one.name]
        assert row["repository"] == REPOSITORY
        assert row["cron_schedule"] == one.cron_schedule
        assert (_none(row["time_zone"]) or "UTC") == (one.execution_timezone or "UTC")
        assert _none(row["description"]) == one.description
        assert row["tags"] == dict(one.tags)
        _compare_target(one.job, [_none(row["job_name"])], row["assets"])
        _compare_state(row, instance, one.name, location, one.default_status)
        assert _none(row["next_tick"]) == (_next_tick(one) if row["status"] == "RUNNING" else None)


def compare_sensors(
    client: dnb.DagsterClient, instance: DagsterInstance, repository: dg.RepositoryDefinition, location: str
) -> None:
    """Compare a code location's sensors and their states."""
    frame = client.sensors()
    rows = {row["sensor"]: row for row in frame[frame["location"] == location].to_dict("records")}
    assert sorted(rows) == sorted(one.name for one in repository.sensor_defs)
    for one in repository.sensor_defs:
        row = rows[one.name]
        assert row["repository"] == REPOSITORY
        assert row["sensor_type"] == one.sensor_type.value
        assert row["min_interval"] == pd.Timedelta(seconds=one.minimum_interval_seconds)
        assert _none(row["description"]) == one.description
        assert row["tags"] == dict(one.tags)
        _compare_target(one.job, row["job_names"], row["assets"])
        _compare_state(row, instance, one.name, location, one.default_status)


def compare_events(client: dnb.DagsterClient, instance: DagsterInstance, run_ids: list[str]) -> None:
    """Compare the assets, partitions, check results and metadata in the runs' events."""
    frame = client.events(run_ids)
    names = ["run_id", "event_type", "asset", "partition_key", "check", "check_passed", "metadata"]
    found = [[_none(value) for value in row] for row in frame.loc[frame["asset"].notna(), names].to_numpy().tolist()]
    stored = [
        [run_id, entry.dagster_event.event_type_value, *facts]
        for run_id in run_ids
        for entry in instance.all_logs(run_id)
        if entry.dagster_event is not None and (facts := _asset_facts(entry.dagster_event)) is not None
    ]
    assert stored
    assert sorted(found, key=str) == sorted(stored, key=str)


def _asset_facts(event: dg.DagsterEvent) -> list[object] | None:
    """Return an asset event's asset, partition, check, check result and metadata."""
    kind = event.event_type
    if kind == dg.DagsterEventType.ASSET_MATERIALIZATION_PLANNED:
        return ["/".join(event.asset_key.path), None, None, None, None]
    if kind == dg.DagsterEventType.ASSET_MATERIALIZATION:
        made = event.step_materialization_data.materialization
        return ["/".join(made.asset_key.path), made.partition, None, None, _values(made.metadata)]
    if kind == dg.DagsterEventType.ASSET_CHECK_EVALUATION:
        check = event.asset_check_evaluation_data
        key, values = "/".join(check.asset_key.path), _values(check.metadata)
        return [key, check.partition, check.check_name, check.passed, values]
    return None


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
    assert frame.index.tolist() == list(job.partitions_def.get_partition_keys(dynamic_partitions_store=instance))
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
    """Yield the materializations in the order in which Dagster stored them."""
    cursor = None
    while True:
        result = instance.fetch_materializations(key, limit=1_000, cursor=cursor, ascending=True)
        yield from result.records
        if not result.has_more:
            return
        cursor = result.cursor


def _compare_target(job: object, job_names: list[str | None], assets: list[str] | None) -> None:
    """Compare the target of a schedule or sensor, which is a job or a selection of assets."""
    selection = getattr(job, "selection", None)
    if assets is None:
        assert job_names == [getattr(job, "name", None)]
    else:
        assert selection is not None
        assert sorted(assets) == sorted("/".join(key.path) for key in selection.selected_keys)


def _compare_state(row: dict[str, Any], instance: DagsterInstance, name: str, location: str, default: object) -> None:
    selector = InstigatorSelector(location_name=location, repository_name=REPOSITORY, name=name).get_id()
    state = instance.get_instigator_state(name, selector)
    is_on = (
        default.value == "RUNNING"
        if state is None or state.status.value == "DECLARED_IN_CODE"
        else (state.status.value == "RUNNING")
    )
    assert row["status"] == ("RUNNING" if is_on else "STOPPED")
    ticks = instance.get_ticks(name, selector, limit=1)
    assert _none(row["last_tick_status"]) == (ticks[0].status.value if ticks else None)
    last = _none(row["last_tick"])
    assert (last and last.timestamp()) == (pytest.approx(ticks[0].timestamp, abs=1e-6) if ticks else None)


def _next_tick(schedule: dg.ScheduleDefinition) -> pd.Timestamp:
    times = schedule_execution_time_iterator(
        pd.Timestamp.now("UTC").timestamp(), schedule.cron_schedule, schedule.execution_timezone or "UTC"
    )
    return pd.Timestamp(next(times)).tz_convert("UTC")


def _values(metadata: Mapping[str, dg.MetadataValue]) -> dict[str, object]:
    """Return metadata values in the form in which the client returns them."""
    values = {name: getattr(entry, "value", None) for name, entry in metadata.items()}
    return {
        name: pd.Timestamp(value, unit="s", tz="UTC")
        if isinstance(metadata[name], dg.TimestampMetadataValue)
        else value
        for name, value in values.items()
    }


def _milliseconds(seconds: float) -> pd.Timestamp:
    """Truncate a time to milliseconds, as the server does."""
    return pd.Timestamp(int(seconds * 1000), unit="ms", tz="UTC")


def _none(value: object) -> object:
    """Return None for a missing value."""
    return None if value is pd.NA or value is pd.NaT or value != value else value  # noqa: PLR0124
