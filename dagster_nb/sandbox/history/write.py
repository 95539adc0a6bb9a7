"""Turn a plan into rows, in bulk, through Dagster's own storage classes.

Dagster's own way, one event at a time, costs some 50 ms a run; this costs about one.
"""

# Much of what Dagster keeps to itself has no types.
# mypy: disallow-untyped-calls=False

from __future__ import annotations

import datetime as dt
import heapq
import time
from itertools import count, islice
from typing import TYPE_CHECKING, Any

from dagster import DagsterEventType, DagsterInstance, DagsterRun, DagsterRunStatus
from dagster._core.storage.event_log.schema import SqlEventLogStorageTable
from dagster._core.storage.event_log.sqlite import ConsolidatedSqliteEventLogStorage
from dagster._core.storage.runs.schema import RunsTable, RunTagsTable
from dagster._core.storage.runs.sql_run_storage import SqlRunStorage
from dagster._serdes import serialize_value
from sqlalchemy import func, insert, select

from .automation import write_backfills, write_ticks
from .catalog import JOBS
from .events import events_of
from .files import write_files
from .plan import last_full_hour, plan_history
from .shapes import job_shapes

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterator, Sequence

    from dagster._core.events.log import EventLogEntry

    from .model import History, Run, Truth
    from .shapes import JobShape

__all__ = ["write_history", "write_plan"]

CHUNK = 1_000
LOCATION = "shop"
EVENT_LOGS_KEPT = 10_000
"""Event logs are written of that many newest runs, and of those that failed, were re-executed or have a partition."""


def write_history(
    home: str | os.PathLike[str],
    *,
    runs: int = 20_000,
    seed: int = 0,
    events: bool = False,
    location: str = LOCATION,
    until: dt.datetime | None = None,
) -> Truth:
    """Fill an existing DAGSTER_HOME with a history of finished runs.

    Parameters
    ----------
    home
        The DAGSTER_HOME, with or without a ``dagster.yaml``; no server need be stopped for it.
    runs, seed, until
        As `plan_history` has them; ``until`` is about now unless given.
    events
        Whether to write event logs, ticks, backfills, outputs and compute logs too. Needs the event log in one
        database (``ConsolidatedSqliteEventLogStorage``). Without, 20,000 runs take a few seconds. Of more than
        10,000 runs the older ones have an event log only where they failed, were re-executed or have a partition.
    location
        The name of the code location that the runs belong to.

    Returns
    -------
    Truth
        What is true about it.

    Raises
    ------
    TypeError
        When the instance keeps its event log in one file a run.
    """
    history = plan_history(runs, seed=seed, until=until or last_full_hour(time.time()))
    with DagsterInstance.from_config(str(home)) as instance:
        write_plan(instance, history, events=events, location=location)
    return history.truth


def write_plan(
    instance: DagsterInstance,
    history: History,
    *,
    events: bool,
    location: str = LOCATION,
    on_progress: Callable[[float], object] | None = None,
) -> None:
    """Write a history into an instance.

    Parameters
    ----------
    instance
        Where to.
    history
        What.
    events, location
        See `write_history`.
    on_progress
        Called with the share that is done.
    """
    first = {run.job: run for run in reversed(history.runs)}
    shapes = job_shapes(instance, location, {name: first[name].run_config for name in JOBS if name in first})
    _write_runs(instance, history.runs, shapes, resumable=events)
    if not events:
        return
    _write_events(instance, _logged(history.runs), shapes, location, on_progress)
    write_backfills(instance, history.backfills, location)
    write_ticks(instance, history.ticks, location)
    write_files(instance, history.runs, shapes)


def _write_runs(
    instance: DagsterInstance, runs: Sequence[Run], shapes: dict[str, JobShape], *, resumable: bool
) -> None:
    storage = instance.run_storage
    sql = getattr(storage, "_run_storage", storage)  # the storage of a whole instance wraps one for the runs
    if not isinstance(sql, SqlRunStorage):
        raise TypeError(f"the run storage must be a database, not {type(sql).__name__}")
    pending = iter(runs)
    while chunk := list(islice(pending, CHUNK)):
        stored = [_stored(run, shapes[run.job], resumable=resumable) for run in chunk]
        tags = [
            {"run_id": run.run_id, "key": key, "value": value}
            for run in stored
            for key, value in run.tags_for_storage().items()
        ]
        with sql.connect() as connection:
            connection.execute(insert(RunsTable), [_run_row(run, of) for run, of in zip(stored, chunk, strict=True)])
            connection.execute(insert(RunTagsTable), tags)


def _stored(run: Run, shape: JobShape, *, resumable: bool) -> DagsterRun:
    tags = {**run.tags, "dagster/code_location": shape.origin.location_name}
    if run.status == "FAILURE":
        tags["dagster/failure_reason"] = "STEP_FAILURE"
    return DagsterRun(
        job_name=run.job,
        run_id=run.run_id,
        run_config=run.run_config,
        step_keys_to_execute=list(run.selection) if run.selection else None,
        status=DagsterRunStatus(run.status),
        tags=tags,
        root_run_id=run.root_run_id,
        parent_run_id=run.parent_run_id,
        job_snapshot_id=shape.snapshot_id,
        execution_plan_snapshot_id=shape.plan_id_of(run) if resumable else shape.plan_id,
        remote_job_origin=shape.origin,
    )


def _run_row(stored: DagsterRun, run: Run) -> dict[str, Any]:
    return {
        "run_id": run.run_id,
        "snapshot_id": stored.job_snapshot_id,
        "pipeline_name": run.job,
        "status": run.status,
        "run_body": serialize_value(stored),
        "partition": run.tags.get("dagster/partition"),
        "create_timestamp": _utc(run.created),
        "update_timestamp": _utc(run.ended),
        "start_time": run.started,
        "end_time": run.ended,
        "backfill_id": run.tags.get("dagster/backfill"),
    }


def _utc(seconds: float) -> dt.datetime:
    """Give the time as the tables hold it: naive, and exact to the microsecond."""
    return dt.datetime(1970, 1, 1) + dt.timedelta(microseconds=round(seconds * 1e6))  # noqa: DTZ001


def _logged(runs: Sequence[Run]) -> list[Run]:
    """Choose the runs whose event logs are there, as if older ones had been pruned."""
    old = max(0, len(runs) - EVENT_LOGS_KEPT)
    return [
        run
        for at, run in enumerate(runs)
        if at >= old or run.status == "FAILURE" or run.parent_run_id or JOBS[run.job].partitioned
    ]


def _in_order(
    runs: Sequence[Run],
    shapes: dict[str, JobShape],
    location: str,
    on_progress: Callable[[float], object] | None,
) -> Iterator[EventLogEntry]:
    """Give the events of all runs in the order of time, holding those of a few runs only."""
    waiting: list[tuple[float, int, EventLogEntry]] = []
    number = count()
    for done, run in enumerate(runs):
        while waiting and waiting[0][0] < run.created:
            yield heapq.heappop(waiting)[2]
        for entry in events_of(run, shapes[run.job], location):
            heapq.heappush(waiting, (entry.timestamp, next(number), entry))
        if on_progress and done % CHUNK == 0:
            on_progress(done / len(runs))
    while waiting:
        yield heapq.heappop(waiting)[2]


def _write_events(
    instance: DagsterInstance,
    runs: Sequence[Run],
    shapes: dict[str, JobShape],
    location: str,
    on_progress: Callable[[float], object] | None,
) -> None:
    storage = instance.event_log_storage
    if not isinstance(storage, ConsolidatedSqliteEventLogStorage):
        raise TypeError(
            "Event logs can only be written in bulk where they share one database: configure "
            f"ConsolidatedSqliteEventLogStorage in dagster.yaml; this instance has {type(storage).__name__}."
        )
    with storage.index_connection() as connection:
        last = connection.execute(select(func.max(SqlEventLogStorageTable.c.id))).scalar() or 0
    pending = enumerate(_in_order(runs, shapes, location, on_progress), start=last + 1)
    newest: dict[str, tuple[EventLogEntry, int]] = {}
    while chunk := list(islice(pending, CHUNK)):
        with storage.index_connection() as connection:
            connection.execute(insert(SqlEventLogStorageTable), [_event_row(entry, at) for at, entry in chunk])
        made = [(entry, at) for at, entry in chunk if _materializes(entry)]
        if made:
            storage.store_asset_event_tags([entry for entry, _ in made], [at for _, at in made])
            newest |= {str(entry.get_dagster_event().asset_key): (entry, at) for entry, at in made}
    for entry, at in newest.values():
        storage.store_asset_event(entry, at)


def _materializes(entry: EventLogEntry) -> bool:
    return entry.dagster_event_type == DagsterEventType.ASSET_MATERIALIZATION


def _event_row(entry: EventLogEntry, at: int) -> dict[str, Any]:
    event = entry.dagster_event
    return {
        "id": at,
        "run_id": entry.run_id,
        "event": serialize_value(entry),
        "dagster_event_type": event.event_type_value if event else None,
        "timestamp": _utc(entry.timestamp),
        "step_key": entry.step_key,
        "asset_key": event.asset_key.to_string() if event and event.asset_key else None,
        "partition": event.partition if event else None,
    }
