"""A job that runs until it is stopped."""

import math
import os
import time
from typing import Any, NoReturn

import dagster as dg
from dagster._core.execution.retries import RetryMode
from dagster._core.executor.in_process import InProcessExecutor
from pydantic import Field

LISTEN_SECONDS = 0.25
CHECK_SECONDS = 1.0


class StreamConfig(dg.Config):
    """The options of the stream."""

    topic: str = "clicks"
    stop_after_seconds: int = Field(
        default=0, description="The number of seconds until the run cancels itself. 0 means never.", ge=0
    )
    drain_seconds: int = Field(default=0, description="How long the run drains its buffers before it stops.", ge=0)


def wait_while(instance: dg.DagsterInstance, filters: dg.RunsFilter, *, seconds: float) -> bool:
    """Wait until no runs match the filters. After a time limit, stop waiting. Return whether some runs still match."""
    deadline = time.monotonic() + seconds
    while exist := bool(instance.get_runs(filters, limit=1)):
        if time.monotonic() > deadline:
            break
        time.sleep(CHECK_SECONDS)
    return exist


def listen(context: dg.OpExecutionContext, until: float) -> NoReturn:
    """Listen until interrupted. Cancel the run when the given time is reached."""
    while time.monotonic() < until:
        time.sleep(LISTEN_SECONDS)
    context.instance.report_run_canceling(context.run, "The time in stop_after_seconds has passed.")
    raise dg.DagsterExecutionInterruptedError


def leave_silently() -> NoReturn:
    """End the process of a run that was marked as canceled.

    The process must not report its exit to Dagster, because the report would change the status of the run.
    """
    os._exit(0)


@dg.op(description="Listen until stopped.")
def consume_clicks(context: dg.OpExecutionContext, config: StreamConfig) -> None:
    """Listen until interrupted, then drain the buffers."""
    context.log.info("listening to %s", config.topic)
    until = time.monotonic() + (config.stop_after_seconds or math.inf)
    try:
        listen(context, until)
    except dg.DagsterExecutionInterruptedError:
        if config.drain_seconds:
            context.log.warning("interrupted: draining buffers for %s s", config.drain_seconds)
            still_canceling = dg.RunsFilter(run_ids=[context.run_id], statuses=[dg.DagsterRunStatus.CANCELING])
            if not wait_while(context.instance, still_canceling, seconds=config.drain_seconds):
                leave_silently()
        raise


@dg.executor(
    name="wait_for_worker",
    config_schema={
        "worker": dg.Field(str, default_value="", description="The worker to wait for, as in the tag shop/worker."),
        "wait_seconds": dg.Field(int, default_value=0, description="How many seconds to wait for the worker."),
    },
)
def wait_for_worker(context: dg.InitExecutorContext) -> InProcessExecutor:
    """Wait for the worker, while the run has the status STARTING, then run the job in this process."""
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


@dg.job(tags={"team": "web"}, description="Count clicks until the run is stopped.", executor_def=wait_for_worker)
def watch_clickstream() -> None:
    """Listen."""
    consume_clicks()
