"""Create the event log that Dagster itself would have written for a run."""

# Many of Dagster's internals are untyped.
# mypy: disallow-untyped-calls=False

from __future__ import annotations

import hashlib
import logging
from typing import TYPE_CHECKING, Any

from dagster import AssetMaterialization, DagsterEventType, MetadataValue
from dagster._core.definitions.data_version import CODE_VERSION_TAG, DATA_VERSION_TAG
from dagster._core.events import (
    AssetMaterializationPlannedData,
    ComputeLogsCaptureData,
    DagsterEvent,
    EngineEventData,
    HandledOutputData,
    JobCanceledData,
    JobFailureData,
    LoadedInputData,
    RunEnqueuedData,
    RunFailureReason,
    StepMaterializationData,
)
from dagster._core.events.log import EventLogEntry
from dagster._core.execution.plan.objects import (
    ErrorSource,
    StepFailureData,
    StepRetryData,
    StepSuccessData,
    TypeCheckData,
)
from dagster._core.execution.plan.outputs import StepOutputData, StepOutputHandle
from dagster_shared.error import SerializableErrorInfo

from dagster_nb.sandbox.definitions.assets import metadata_of

from .job_snapshots import NOTHING, REPOSITORY
from .step_errors import FAILURES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dagster._core.events import EventSpecificData

    from .job_snapshots import JobSnapshot, StepSnapshot
    from .planned import PlannedRun, PlannedStep
    from .step_errors import Failure

__all__ = ["error_info", "event_log", "log_key", "log_message"]

INTERRUPTED = "DagsterExecutionInterruptedError"
RETRY_SECONDS = 2
MOMENT = 0.002  # the number of seconds between two events whose times are not planned
FIRST_PID, PIDS = 20_000, 40_000


def error_info(failure: Failure, number: int) -> SerializableErrorInfo:
    """Convert an error to Dagster's storage format, with its causes and stack traces."""
    return SerializableErrorInfo(
        message=f"{failure.cls_name}: {failure.message.replace('{n}', str(number))}\n",
        stack=[f'  File "{file}", line {line}, in {name}\n    {code}\n' for file, line, name, code in failure.frames],
        cls_name=failure.cls_name,
        cause=error_info(failure.cause, number) if failure.cause else None,
    )


def log_key(run: PlannedRun) -> str:
    """Return the key of a run's compute logs."""
    return run.run_id[:8]


def log_message(key: str, rows: int) -> str:
    """Return the line that a step writes both to its log and to standard output."""
    return f"{key.rsplit('.', 1)[-1].replace('shop__', '').replace('_', ' ')}: {rows:,} rows"


def event_log(run: PlannedRun, job: JobSnapshot, location: str) -> Iterator[EventLogEntry]:
    """Yield the events of a run in order. ``location`` is the name of the code location."""
    return _EventLog(run, job, location).entries()


class _EventLog:
    def __init__(self, run: PlannedRun, job: JobSnapshot, location: str) -> None:
        self.run = run
        self.job = job
        self.location = location
        self.number = int(run.run_id[:6], 16)
        self.pid = FIRST_PID + self.number % PIDS
        self.planned = run.selection or tuple(job.steps)

    def entries(self) -> Iterator[EventLogEntry]:
        run = self.run
        at = run.created + MOMENT
        partition = run.tags.get("dagster/partition")
        for key in self.planned:
            if asset := self.job.steps[key].asset_key:
                planned = AssetMaterializationPlannedData(asset, partition)
                yield self.event(DagsterEventType.ASSET_MATERIALIZATION_PLANNED, at, data=planned, step=key, pid=False)
        yield self.enqueued(at + MOMENT, partition)
        if run.dequeued is None or run.started is None:
            yield self.event(DagsterEventType.RUN_CANCELING, run.ended - MOMENT, pid=False, level=logging.INFO)
            canceled = "Run was canceled while it was queued."
            yield self.event(DagsterEventType.RUN_CANCELED, run.ended, canceled, pid=False, level=logging.ERROR)
            return
        yield self.event(DagsterEventType.RUN_STARTING, run.dequeued, pid=False, level=logging.INFO)
        yield self.engine(f"Started process for run (pid: {self.pid}).", run.started - 0.1, level=logging.INFO)
        yield self.event(DagsterEventType.RUN_START, run.started, f'Started execution of run for "{run.job}".')
        yield self.engine(f"Executing steps in process (pid: {self.pid})", run.started + 0.03)
        captured = ComputeLogsCaptureData(log_key(run), list(self.planned), None)
        message = f"Capturing logs for process (pid: {self.pid})."
        yield self.event(DagsterEventType.LOGS_CAPTURED, run.started + 0.1, message, data=captured)
        for step in run.steps:
            yield from self.step(step)
        yield from self.end()

    def end(self) -> Iterator[EventLogEntry]:
        run = self.run
        seconds = run.ended - (run.started or run.ended)
        yield self.engine(f"Finished steps in process (pid: {self.pid}) in {seconds:.2f}s", run.ended - MOMENT)
        if run.status == "SUCCESS":
            yield self.event(DagsterEventType.RUN_SUCCESS, run.ended, f'Finished execution of run for "{run.job}".')
        elif run.status == "CANCELED":
            canceled = JobCanceledData(self.interruption())
            message = f'Execution of run for "{run.job}" canceled.'
            yield self.event(DagsterEventType.RUN_CANCELED, run.ended, message, data=canceled, level=logging.ERROR)
        else:
            first = self.failure(run.steps[-1]).dagster_event
            key = run.steps[-1].key
            error = first.step_failure_data.error if first else None
            failed = JobFailureData(error, RunFailureReason.STEP_FAILURE, first)
            message = f'Execution of run for "{run.job}" failed. Steps failed: {[key]}.'
            yield self.event(DagsterEventType.RUN_FAILURE, run.ended, message, data=failed, level=logging.ERROR)
        yield self.engine(f"Process for run exited (pid: {self.pid}).", run.ended + 0.03, level=logging.INFO)

    def step(self, step: PlannedStep) -> Iterator[EventLogEntry]:
        snapshot = self.job.steps[step.key]
        at = step.start
        yield self.event(DagsterEventType.STEP_START, at, f'Started execution of step "{step.key}".', step=step.key)
        for name, source in snapshot.inputs:
            at += MOMENT
            loaded = LoadedInputData(name, "io_manager", source.output_name, source.step_key)
            message = (
                f'Loaded input "{name}" using input manager "io_manager", '
                f'from output "{source.output_name}" of step "{source.step_key}"'
            )
            yield self.event(DagsterEventType.LOADED_INPUT, at, message, data=loaded, step=step.key)
        yield self.log(log_message(step.key, self.run.rows), at + MOMENT, step.key)
        yield from self.retries(step)
        if step.failure:
            yield self.failure(step)
            for key in self.planned[self.planned.index(step.key) + 1 :]:
                text = f"Dependencies for step {key} failed: {[step.key]}. Not executing."
                yield self.log(text, step.end + MOMENT, key, level=logging.ERROR)
            return
        if self.run.status == "CANCELED":
            canceling = "Sending run termination request."
            at = step.end - 10 * MOMENT
            yield self.event(
                DagsterEventType.RUN_CANCELING, at, canceling, pid=False, level=logging.INFO, has_user_message=False
            )
            interrupted = StepFailureData(self.interruption(), None, ErrorSource.INTERRUPT)
            yield self.step_failed(step, interrupted)
            return
        yield from self.outputs(step, snapshot)
        took = (step.end - step.start) * 1000
        message = f'Finished execution of step "{step.key}" in {took / 1000:.2f}s.'
        yield self.event(DagsterEventType.STEP_SUCCESS, step.end, message, data=StepSuccessData(took), step=step.key)

    def outputs(self, step: PlannedStep, snapshot: StepSnapshot) -> Iterator[EventLogEntry]:
        at = step.end - 4 * MOMENT
        day = self.run.tags.get("dagster/partition")
        metadata = metadata_of(snapshot.asset_key.path[-1], day) if snapshot.asset_key and day else None
        for name, kind in snapshot.outputs:
            handle = StepOutputHandle(step.key, name)
            data = StepOutputData(handle, TypeCheckData(success=True, label=name), metadata=metadata)
            shown = "Dict[String,Any]" if kind.startswith("TypedPythonDict") else kind
            message = f'Yielded output "{name}" of type "{shown}". (Type check passed).'
            yield self.event(DagsterEventType.STEP_OUTPUT, at, message, data=data, step=step.key)
            if snapshot.asset_key and day:
                yield self.materialization(snapshot, metadata or {}, day, at + MOMENT, step.key)
            elif kind != NOTHING:
                handled = HandledOutputData(name, "io_manager")
                message = f'Handled output "{name}" using IO manager "io_manager"'
                yield self.event(DagsterEventType.HANDLED_OUTPUT, at + MOMENT, message, data=handled, step=step.key)

    def materialization(
        self, snapshot: StepSnapshot, metadata: dict[str, Any], day: str, at: float, key: str
    ) -> EventLogEntry:
        asset = snapshot.asset_key
        if asset is None:
            raise AssertionError(key)
        version = hashlib.sha256(f"{asset.to_user_string()}/{day}/{self.run.run_id}".encode()).hexdigest()
        tags = {CODE_VERSION_TAG: self.run.run_id, DATA_VERSION_TAG: version}
        data = StepMaterializationData(AssetMaterialization(asset, metadata=metadata, partition=day, tags=tags))
        message = f"Materialized value {' '.join(asset.path)}."
        return self.event(DagsterEventType.ASSET_MATERIALIZATION, at, message, data=data, step=key)

    def retries(self, step: PlannedStep) -> Iterator[EventLogEntry]:
        gap = (step.end - step.start) / step.attempts
        for attempt in range(1, step.attempts):
            at = step.start + attempt * gap - RETRY_SECONDS / 2
            error = error_info(FAILURES["connection_reset"], self.number)
            message = f'Execution of step "{step.key}" failed and has requested a retry in {RETRY_SECONDS} seconds.'
            data = StepRetryData(error, RETRY_SECONDS)
            yield self.event(DagsterEventType.STEP_UP_FOR_RETRY, at, message, data=data, step=step.key)
            message = f'Started re-execution (attempt # {attempt + 1}) of step "{step.key}".'
            yield self.event(DagsterEventType.STEP_RESTARTED, at + RETRY_SECONDS / 2, message, step=step.key)

    def failure(self, step: PlannedStep) -> EventLogEntry:
        error = SerializableErrorInfo(
            message=(
                "dagster._core.errors.DagsterExecutionStepExecutionError: "
                f'Error occurred while executing op "{step.key.rsplit(".", 1)[-1]}":\n'
            ),
            stack=[],
            cls_name="DagsterExecutionStepExecutionError",
            cause=error_info(FAILURES[step.failure or ""], self.number % 97 + 3),
        )
        return self.step_failed(step, StepFailureData(error, None, ErrorSource.USER_CODE_ERROR))

    def step_failed(self, step: PlannedStep, data: StepFailureData) -> EventLogEntry:
        message = f'Execution of step "{step.key}" failed.'
        return self.event(
            DagsterEventType.STEP_FAILURE, step.end, message, data=data, step=step.key, level=logging.ERROR
        )

    def interruption(self) -> SerializableErrorInfo:
        return SerializableErrorInfo(f"dagster._core.errors.{INTERRUPTED}\n", [], INTERRUPTED)

    def enqueued(self, at: float, partition: str | None) -> EventLogEntry:
        data = RunEnqueuedData(self.location, REPOSITORY, partition)
        return self.event(DagsterEventType.RUN_ENQUEUED, at, data=data, pid=False, level=logging.INFO)

    def engine(self, message: str, at: float, *, level: int = logging.DEBUG) -> EventLogEntry:
        data = EngineEventData({"pid": MetadataValue.text(str(self.pid))})
        return self.event(DagsterEventType.ENGINE_EVENT, at, message, data=data, level=level)

    def log(self, message: str, at: float, key: str, *, level: int = logging.INFO) -> EventLogEntry:
        return EventLogEntry(
            error_info=None,
            level=level,
            user_message=message,
            run_id=self.run.run_id,
            timestamp=round(at, 6),
            step_key=key,
            job_name=self.run.job,
            dagster_event=None,
        )

    def event(
        self,
        kind: DagsterEventType,
        at: float,
        message: str | None = None,
        *,
        data: EventSpecificData | None = None,
        step: str | None = None,
        pid: bool = True,
        level: int = logging.DEBUG,
        has_user_message: bool = True,
    ) -> EventLogEntry:
        snapshot = self.job.steps[step] if step else None
        event = DagsterEvent(
            event_type_value=kind.value,
            job_name=self.run.job,
            step_handle=snapshot.handle if snapshot else None,
            node_handle=snapshot.node if snapshot else None,
            step_kind_value="COMPUTE" if snapshot else None,
            event_specific_data=data,
            message=message,
            pid=self.pid if pid else None,
            step_key=step,
        )
        return EventLogEntry(
            error_info=None,
            level=level,
            user_message=(message or "") if has_user_message else "",
            run_id=self.run.run_id,
            timestamp=round(at, 6),
            step_key=step,
            job_name=self.run.job,
            dagster_event=event,
        )
