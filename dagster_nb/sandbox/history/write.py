"""Write a planned history into the tables of a Dagster instance, in bulk.

Writing in bulk takes about 1 ms per run. Dagster itself writes one event at a time, which takes about 50 ms per run.
"""

# Many of Dagster's internals are untyped.
# mypy: disallow-untyped-calls=False

from __future__ import annotations

import datetime as dt
import heapq
import json
import sys
import time
from itertools import count
from typing import TYPE_CHECKING, Any

from dagster import DagsterEventType, DagsterInstance, DagsterRun, DagsterRunStatus
from dagster._core.storage.event_log.schema import SqlEventLogStorageTable
from dagster._core.storage.event_log.sqlite import ConsolidatedSqliteEventLogStorage
from dagster._core.storage.runs.schema import RunsTable, RunTagsTable
from dagster._core.storage.runs.sql_run_storage import SqlRunStorage
from dagster._serdes import serialize_value
from sqlalchemy import func, insert, select

from dagster_nb.chunks import in_chunks
from dagster_nb.sandbox.local_dagster import DEMO_LOCATION

from .create_event_log import event_log
from .ground_truth import FILE_NAME
from .job_profiles import JOB_PROFILES
from .job_snapshots import store_job_snapshots
from .plan import last_full_hour, plan_history
from .write_run_files import write_run_files
from .write_ticks_and_backfills import write_backfills, write_ticks

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from dagster._core.events.log import EventLogEntry

    from .ground_truth import GroundTruth
    from .job_snapshots import JobSnapshot
    from .planned import History, PlannedRun

__all__ = ["print_progress", "write_history", "write_new_home"]

CHUNK = 1_000
MAX_RECENT_EVENT_LOGS = 10_000
"""The number of recent runs with an event log.

Failed runs, re-executions and runs of a partition always have an event log.
"""


def write_history(
    home: str | os.PathLike[str],
    *,
    runs: int = 20_000,
    seed: int = 0,
    events: bool = False,
    location: str = DEMO_LOCATION,
    until: dt.datetime | None = None,
    on_progress: Callable[[float], object] | None = None,
) -> GroundTruth:
    """Fill an existing DAGSTER_HOME with a history of finished runs.

    Parameters
    ----------
    home
        The DAGSTER_HOME, with or without a ``dagster.yaml``. Dagster may be running on this DAGSTER_HOME.
    runs, seed, until
        See `plan_history`. By default, ``until`` is the last full hour.
    events
        Whether to also write event logs, ticks, backfills, outputs and compute logs. All event logs must be in one
        database (``ConsolidatedSqliteEventLogStorage``). Without event logs, writing 20,000 runs takes only a few
        seconds. If there are more than 10,000 runs, most of the older runs have no event log; only failed runs,
        re-executions and runs of a partition do.
    location
        The name of the code location of the runs.
    on_progress
        A function to call with the fraction of the event logs that have been written, from 0 to 1.

    Returns
    -------
    GroundTruth
        The facts about the history.

    Raises
    ------
    TypeError
        If the instance uses another kind of storage for runs or event logs.
    """
    history = plan_history(runs, seed=seed, until=until or last_full_hour(time.time()))
    with DagsterInstance.from_config(str(home)) as instance:
        _write_plan(instance, history, events=events, location=location, on_progress=on_progress)
    return history.truth


def write_new_home(home: Path, *, runs: int, seed: int, until: dt.datetime) -> None:
    """Fill a DAGSTER_HOME that contains only a ``dagster.yaml``. Write the ground truth last."""
    truth = write_history(home, runs=runs, seed=seed, events=True, until=until, on_progress=print_progress)
    (home / FILE_NAME).write_text(json.dumps(truth.to_json()), encoding="utf-8")


def print_progress(share: float) -> None:
    """Print the progress as JSON, so that `LocalDagster.start` can read it."""
    sys.stdout.write(json.dumps({"progress": round(share, 3)}) + "\n")
    sys.stdout.flush()


def _write_plan(
    instance: DagsterInstance,
    history: History,
    *,
    events: bool,
    location: str,
    on_progress: Callable[[float], object] | None,
) -> None:
    first = {run.job: run for run in reversed(history.runs)}
    configs = {name: first[name].run_config for name in JOB_PROFILES if name in first}
    jobs = store_job_snapshots(instance, location, configs)
    _write_runs(instance, history.runs, jobs, resumable=events)
    if not events:
        return
    _write_events(instance, _in_order_of_time(_with_event_log(history.runs), jobs, location, on_progress))
    write_backfills(instance, history.backfills, location)
    write_ticks(instance, history.ticks, location)
    write_run_files(instance, history.runs, jobs)


def _write_runs(
    instance: DagsterInstance, runs: Sequence[PlannedRun], jobs: dict[str, JobSnapshot], *, resumable: bool
) -> None:
    storage = instance.run_storage
    sql = getattr(storage, "_run_storage", storage)  # the storage of an instance can be a wrapper
    if not isinstance(sql, SqlRunStorage):
        raise TypeError(
            f"the instance has {type(sql).__name__} as its run storage, not an SQL database. Configure an "
            "SQL database in dagster.yaml."
        )
    for chunk in in_chunks(runs, CHUNK):
        stored = [_dagster_run(run, jobs[run.job], resumable=resumable) for run in chunk]
        tags = [
            {"run_id": run.run_id, "key": key, "value": value}
            for run in stored
            for key, value in run.tags_for_storage().items()
        ]
        with sql.connect() as connection:
            connection.execute(insert(RunsTable), [_run_row(*pair) for pair in zip(stored, chunk, strict=True)])
            connection.execute(insert(RunTagsTable), tags)


def _dagster_run(run: PlannedRun, job: JobSnapshot, *, resumable: bool) -> DagsterRun:
    tags = {**run.tags, "dagster/code_location": job.origin.location_name}
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
        job_snapshot_id=job.snapshot_id,
        execution_plan_snapshot_id=job.plan_id_of(run) if resumable else job.plan_id,
        remote_job_origin=job.origin,
    )


def _run_row(stored: DagsterRun, run: PlannedRun) -> dict[str, Any]:
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
    """Convert a time to the format of the tables: a datetime without a time zone, rounded to microseconds."""
    return dt.datetime(1970, 1, 1) + dt.timedelta(microseconds=round(seconds * 1e6))  # noqa: DTZ001


def _with_event_log(runs: Sequence[PlannedRun]) -> list[PlannedRun]:
    """Return the runs that get an event log. The other runs look as if Dagster had deleted their logs."""
    old = max(0, len(runs) - MAX_RECENT_EVENT_LOGS)
    return [
        run
        for at, run in enumerate(runs)
        if at >= old or run.status == "FAILURE" or run.parent_run_id or JOB_PROFILES[run.job].partitioned
    ]


def _in_order_of_time(
    runs: Sequence[PlannedRun],
    jobs: dict[str, JobSnapshot],
    location: str,
    on_progress: Callable[[float], object] | None,
) -> Iterator[EventLogEntry]:
    """Yield the events of all runs in chronological order, with the events of only a few runs in memory at a time."""
    waiting: list[tuple[float, int, EventLogEntry]] = []
    number = count()
    for done, run in enumerate(runs):
        while waiting and waiting[0][0] < run.created:
            yield heapq.heappop(waiting)[2]
        for entry in event_log(run, jobs[run.job], location):
            heapq.heappush(waiting, (entry.timestamp, next(number), entry))
        if on_progress and done % CHUNK == 0:
            on_progress(done / len(runs))
    while waiting:
        yield heapq.heappop(waiting)[2]


def _write_events(instance: DagsterInstance, events: Iterator[EventLogEntry]) -> None:
    storage = instance.event_log_storage
    if not isinstance(storage, ConsolidatedSqliteEventLogStorage):
        raise TypeError(
            f"expected an event log in one database, got {type(storage).__name__}: configure "
            "ConsolidatedSqliteEventLogStorage in dagster.yaml"
        )
    with storage.index_connection() as connection:
        last = connection.execute(select(func.max(SqlEventLogStorageTable.c.id))).scalar() or 0
    newest: dict[str, tuple[EventLogEntry, int]] = {}
    for chunk in in_chunks(enumerate(events, start=last + 1), CHUNK):
        with storage.index_connection() as connection:
            connection.execute(insert(SqlEventLogStorageTable), [_event_row(entry, number) for number, entry in chunk])
        materializations = [(entry, number) for number, entry in chunk if _is_materialization(entry)]
        if materializations:
            entries, numbers = zip(*materializations, strict=True)
            storage.store_asset_event_tags(entries, numbers)
            newest |= {str(entry.get_dagster_event().asset_key): (entry, number) for entry, number in materializations}
    for entry, number in newest.values():
        storage.store_asset_event(entry, number)


def _is_materialization(entry: EventLogEntry) -> bool:
    return entry.dagster_event_type == DagsterEventType.ASSET_MATERIALIZATION


def _event_row(entry: EventLogEntry, number: int) -> dict[str, Any]:
    event = entry.dagster_event
    return {
        "id": number,
        "run_id": entry.run_id,
        "event": serialize_value(entry),
        "dagster_event_type": event.event_type_value if event else None,
        "timestamp": _utc(entry.timestamp),
        "step_key": entry.step_key,
        "asset_key": event.asset_key.to_string() if event and event.asset_key else None,
        "partition": event.partition if event else None,
    }
