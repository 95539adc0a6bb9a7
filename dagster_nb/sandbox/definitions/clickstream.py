"""The job that goes on until somebody stops it."""

import math
import os
import time
from typing import Any, NoReturn

import dagster as dg
from dagster._core.execution.retries import RetryMode
from dagster._core.executor.in_process import InProcessExecutor
from pydantic import Field

LISTEN_SECONDS = 0.25
LOOK_SECONDS = 1.0


class StreamConfig(dg.Config):
    """What to listen to."""

    topic: str = "clicks"
    stop_after_seconds: int = Field(default=0, description="When to ask for its own end; 0 is never.", ge=0)
    drain_seconds: int = Field(default=0, description="How long to go on emptying buffers when asked to stop.", ge=0)


def wait_while(instance: dg.DagsterInstance, filters: dg.RunsFilter, *, seconds: float) -> bool:
    """Wait, at most that long, as long as there are such runs; tell whether there still are."""
    until = time.monotonic() + seconds
    while there_are := bool(instance.get_runs(filters, limit=1)):
        if time.monotonic() > until:
            break
        time.sleep(LOOK_SECONDS)
    return there_are


def listen(context: dg.OpExecutionContext, until: float) -> NoReturn:
    """Listen until then, or until interrupted."""
    while time.monotonic() < until:
        time.sleep(LISTEN_SECONDS)
    context.instance.report_run_canceling(context.run, "The stream has been listened to long enough.")
    raise dg.DagsterExecutionInterruptedError


def leave_silently() -> NoReturn:
    """End the process of a run that somebody else has marked as canceled.

    Whatever it still reported would overwrite that.
    """
    os._exit(0)


@dg.op(description="Listen until stopped.")
def consume_clicks(context: dg.OpExecutionContext, config: StreamConfig) -> None:
    """Listen; when asked to stop, empty the buffers first."""
    context.log.info("listening to %s", config.topic)
    until = time.monotonic() + (config.stop_after_seconds or math.inf)
    try:
        listen(context, until)
    except dg.DagsterExecutionInterruptedError:
        if config.drain_seconds:
            context.log.warning("asked to stop: draining buffers for %s s", config.drain_seconds)
            still_canceling = dg.RunsFilter(run_ids=[context.run_id], statuses=[dg.DagsterRunStatus.CANCELING])
            if not wait_while(context.instance, still_canceling, seconds=config.drain_seconds):
                leave_silently()
        raise


@dg.executor(
    name="wait_for_worker",
    config_schema={
        "worker": dg.Field(str, default_value="", description="The worker to wait for; the run's tag shop/worker."),
        "wait_seconds": dg.Field(int, default_value=0, description="How long that worker is busy."),
    },
)
def wait_for_worker(context: dg.InitExecutorContext) -> InProcessExecutor:
    """Run in process, once the worker is free; until then the run is starting."""
    config: dict[str, Any] = dict(context.executor_config)
    if config["wait_seconds"]:
        still_starting = dg.RunsFilter(
            job_name=watch_clickstream.name,
            tags={"shop/worker": config["worker"]},
            statuses=[dg.DagsterRunStatus.STARTING],
        )
        if not wait_while(context.instance, still_starting, seconds=config["wait_seconds"]):
            leave_silently()
    return InProcessExecutor(retries=RetryMode.ENABLED)


@dg.job(tags={"team": "web"}, description="Count clicks until stopped.", executor_def=wait_for_worker)
def watch_clickstream() -> None:
    """Listen."""
    consume_clicks()
