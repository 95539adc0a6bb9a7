"""The runs of the demo that are not over: real launches, held where they are."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from dagster_nb.errors import ServerError, WaitTimeoutError

from .server import graphql

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .server import Server

__all__ = ["LIMIT_TAG", "LIVE", "launch_live_runs", "wait_until_live"]

LIMIT_TAG = "shop/stream"
"""At most one run at a time for each value of this tag: the instance's concurrency limit."""

JOB = "watch_clickstream"
REPOSITORY = "__repository__"
WORKER_TAG = "shop/worker"
HOLD_SECONDS = 6 * 3600
STOPS_AFTER_SECONDS = 1
LOOK_SECONDS = 0.3

LiveRun = tuple[str, dict[str, Any], dict[str, str]]

LAUNCH = """
mutation Launch($params: ExecutionParams!) {
  launchRun(executionParams: $params) {
    __typename
    ... on LaunchRunSuccess { run { runId } }
    ... on PythonError { message }
    ... on RunConfigValidationInvalid { errors { message } }
  }
}
"""
STATUSES = """
query Statuses($ids: [String]) {
  runsOrError(filter: {runIds: $ids}) { ... on Runs { results { runId status } } }
}
"""


def _stream(**config: object) -> dict[str, Any]:
    return {"ops": {"consume_clicks": {"config": config}}}


# What is launched, in this order: the state that it will be in, its config, its tags. The first one takes the only
# place that its tag's value has, so that those after it wait in the queue.
LIVE: tuple[LiveRun, ...] = (
    ("STARTED", _stream(topic="clicks"), {LIMIT_TAG: "clicks"}),
    ("CANCELING", _stream(topic="carts", stop_after_seconds=STOPS_AFTER_SECONDS, drain_seconds=HOLD_SECONDS), {}),
    (
        "STARTING",
        {"execution": {"config": {"worker": "worker-7", "wait_seconds": HOLD_SECONDS}}, **_stream(topic="searches")},
        {WORKER_TAG: "worker-7"},
    ),
    ("QUEUED", _stream(topic="clicks"), {LIMIT_TAG: "clicks"}),
    ("QUEUED", _stream(topic="clicks"), {LIMIT_TAG: "clicks"}),
    ("QUEUED", _stream(topic="clicks"), {LIMIT_TAG: "clicks"}),
)


def launch_live_runs(server: Server, live_runs: Sequence[LiveRun] = LIVE) -> dict[str, str]:
    """Launch them.

    Parameters
    ----------
    server
        A running server of the demo.
    live_runs
        Which ones.

    Returns
    -------
    dict
        Run id: the status in which it will stay.

    Raises
    ------
    ServerError
        When one was not launched.
    """
    selector = {"repositoryLocationName": server.location, "repositoryName": REPOSITORY, "jobName": JOB}
    live = {}
    for status, config, tags in live_runs:
        parameters = {
            "selector": selector,
            "runConfigData": config,
            "executionMetadata": {"tags": [{"key": key, "value": tags[key]} for key in tags]},
        }
        answer = graphql(server.url, LAUNCH, {"params": parameters})["launchRun"]
        if "run" not in answer:
            raise ServerError(f"The demo could not launch {JOB}: {answer}")
        live[answer["run"]["runId"]] = status
    return live


def wait_until_live(server: Server, live: dict[str, str], *, timeout: float) -> None:
    """Wait until each of them is in its state.

    Raises
    ------
    WaitTimeoutError
        When that takes longer than ``timeout`` seconds.
    """
    until = time.monotonic() + timeout
    while time.monotonic() < until:
        results = graphql(server.url, STATUSES, {"ids": list(live)})["runsOrError"]["results"]
        seen = {run["runId"]: run["status"] for run in results}
        if seen == live:
            return
        time.sleep(LOOK_SECONDS)
    raise WaitTimeoutError(
        f"After {timeout:.0f} s the live runs are {sorted(seen.values())}, not {sorted(live.values())}."
    )
