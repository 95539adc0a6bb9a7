"""Write backfills, and the ticks of schedules and sensors."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from dagster._core.definitions.run_request import InstigatorType
from dagster._core.execution.backfill import BulkActionStatus, PartitionBackfill
from dagster._core.remote_origin import RemoteInstigatorOrigin, RemotePartitionSetOrigin
from dagster._core.scheduler.instigation import TickData, TickStatus
from dagster._core.storage.schedules.schema import JobTickTable
from dagster._core.storage.schedules.sql_schedule_storage import SqlScheduleStorage
from dagster._serdes import serialize_value
from sqlalchemy import insert

from .create_event_log import error_info
from .job_profiles import CRM_SENSOR
from .job_snapshots import repository_origin
from .step_errors import FAILURES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dagster import DagsterInstance

    from .planned import PlannedBackfill, PlannedTick

__all__ = ["write_backfills", "write_ticks"]

TICK_SECONDS = 1.4


def write_backfills(instance: DagsterInstance, backfills: Sequence[PlannedBackfill], location: str) -> None:
    """Write finished backfills."""
    for backfill in backfills:
        instance.add_backfill(
            PartitionBackfill(
                backfill_id=backfill.backfill_id,
                status=BulkActionStatus.COMPLETED_FAILED if backfill.failed else BulkActionStatus.COMPLETED_SUCCESS,
                from_failure=False,
                tags={"user": backfill.user},
                backfill_timestamp=backfill.created,
                backfill_end_timestamp=backfill.ended,
                partition_set_origin=RemotePartitionSetOrigin(
                    repository_origin=repository_origin(location), partition_set_name=f"{backfill.job}_partition_set"
                ),
                partition_names=list(backfill.partitions),
                last_submitted_partition_name=backfill.partitions[-1],
                reexecution_steps=[],
            )
        )


def write_ticks(instance: DagsterInstance, ticks: Sequence[PlannedTick], location: str) -> None:
    """Write the ticks that Dagster's daemon would have written."""
    storage = instance.schedule_storage
    sql = getattr(storage, "_schedule_storage", storage)  # the storage of an instance can be a wrapper
    if not isinstance(sql, SqlScheduleStorage):
        raise TypeError(
            f"the instance has {type(sql).__name__} as its schedule storage, not an SQL database. Configure an "
            "SQL database in dagster.yaml."
        )
    origin = repository_origin(location)
    rows = []
    for tick in ticks:
        instigator = RemoteInstigatorOrigin(origin, tick.name)
        kind = InstigatorType.SENSOR if tick.name == CRM_SENSOR else InstigatorType.SCHEDULE
        status = TickStatus.FAILURE if tick.error else TickStatus.SKIPPED if tick.skip_reason else TickStatus.SUCCESS
        data = TickData(
            instigator_origin_id=instigator.get_id(),
            instigator_name=tick.name,
            instigator_type=kind,
            status=status,
            timestamp=tick.at,
            end_timestamp=tick.at + TICK_SECONDS,
            run_ids=list(tick.run_ids),
            skip_reason=tick.skip_reason,
            error=error_info(FAILURES[tick.error], 1) if tick.error else None,
            failure_count=1 if tick.error else 0,
            selector_id=instigator.get_selector().get_id(),
        )
        rows.append(
            {
                "job_origin_id": data.instigator_origin_id,
                "selector_id": data.selector_id,
                "status": status.value,
                "type": kind.value,
                "timestamp": dt.datetime.fromtimestamp(tick.at, dt.UTC).replace(tzinfo=None),
                "tick_body": serialize_value(data),
            }
        )
    if rows:
        with sql.connect() as connection:
            connection.execute(insert(JobTickTable), rows)
