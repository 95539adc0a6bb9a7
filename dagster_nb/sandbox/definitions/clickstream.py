"""The job that goes on until somebody stops it."""

import os
import time
from typing import Any

import dagster as dg
from dagster._core.execution.retries import RetryMode
from dagster._core.executor.in_process import InProcessExecutor
from pydantic import Field

LISTEN_SECONDS = 0.25
LOOK_SECONDS = 1.0


class StreamConfig(dg.Config):
    """What to listen to."""

    topic: str = "clicks"
    drain_seconds: int = Field(default=0, description="How long to go on emptying buffers when asked to stop.", ge=0)


def wait_while(instance: dg.DagsterInstance, filters: dg.RunsFilter, *, seconds: float) -> bool:
    """Wait, at most that long, as long as there are such runs; tell whether there still are."""
    until = time.monotonic() + seconds
    while there_are := bool(instance.get_runs(filters, limit=1)):
        if time.monotonic() > until:
            break
        time.sleep(LOOK_SECONDS)
    return there_are


@dg.op(description="Listen until stopped.")
def consume_clicks(context: dg.OpExecutionContext, config: StreamConfig) -> None:
    """Listen; when asked to stop, empty the buffers first."""
    context.log.info("listening to %s", config.topic)
    try:
        while True:
            time.sleep(LISTEN_SECONDS)
    except dg.DagsterExecutionInterruptedError:
        if config.drain_seconds:
            context.log.warning("asked to stop: draining buffers for %s s", config.drain_seconds)
            still_canceling = dg.RunsFilter(run_ids=[context.run_id], statuses=[dg.DagsterRunStatus.CANCELING])
            wait_while(context.instance, still_canceling, seconds=config.drain_seconds)
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
            # Canceled meanwhile. Whatever this process still reported would overwrite that, so it leaves silently.
            os._exit(0)
    return InProcessExecutor(retries=RetryMode.ENABLED)


@dg.job(tags={"team": "web"}, description="Count clicks until stopped.", executor_def=wait_for_worker)
def watch_clickstream() -> None:
    """Listen."""
    consume_clicks()
