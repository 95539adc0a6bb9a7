"""Launch the demo's unfinished runs, each of which stays in one status."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from dagster_nb.errors import WaitTimeoutError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dagster_nb.client.sync_client import DagsterClient

__all__ = ["CONCURRENCY_TAG", "UNFINISHED_RUNS", "UnfinishedRun", "launch_unfinished_runs", "wait_for_statuses"]

CONCURRENCY_TAG = "shop/stream"
"""A tag for limiting concurrency: the instance executes at most one run at a time for each value of the tag."""

JOB = "watch_clickstream"
WORKER_TAG = "shop/worker"
HOLD_SECONDS = 6 * 3600
STOPS_AFTER_SECONDS = 1
CHECK_SECONDS = 0.3


@dataclass(frozen=True)
class UnfinishedRun:
    """A run to launch, and the status in which it stays."""

    status: str
    run_config: dict[str, Any]
    tags: dict[str, str] = field(default_factory=dict)


def _listen(**config: object) -> dict[str, Any]:
    return {"ops": {"consume_clicks": {"config": config}}}


_CLICKS = {CONCURRENCY_TAG: "clicks"}
_QUEUED = UnfinishedRun("QUEUED", _listen(topic="clicks"), _CLICKS)

# The runs in launch order. The first run takes the only slot for its value of the tag, so the last three runs have to
# wait in the queue.
UNFINISHED_RUNS = (
    UnfinishedRun("STARTED", _listen(topic="clicks"), _CLICKS),
    UnfinishedRun(
        "CANCELING", _listen(topic="carts", stop_after_seconds=STOPS_AFTER_SECONDS, drain_seconds=HOLD_SECONDS)
    ),
    UnfinishedRun(
        "STARTING",
        {"execution": {"config": {"worker": "worker-7", "wait_seconds": HOLD_SECONDS}}, **_listen(topic="searches")},
        {WORKER_TAG: "worker-7"},
    ),
    *[_QUEUED] * 3,
)


def launch_unfinished_runs(client: DagsterClient, runs: Sequence[UnfinishedRun] = UNFINISHED_RUNS) -> dict[str, str]:
    """Launch runs that stay unfinished.

    Parameters
    ----------
    client
        A client of the demo's Dagster.
    runs
        The runs to launch.

    Returns
    -------
    dict
        The status in which each run stays, by run id.
    """
    return {client.launch(JOB, run_config=run.run_config, tags=run.tags).run_id: run.status for run in runs}


def wait_for_statuses(client: DagsterClient, statuses: Mapping[str, str], *, timeout: float) -> None:
    """Wait until each run has its expected status.

    Parameters
    ----------
    client
        A client of the demo's Dagster.
    statuses
        The expected status of each run, by run id.
    timeout
        The number of seconds to wait.

    Raises
    ------
    WaitTimeoutError
        If a run has not reached its status within ``timeout``.
    """
    deadline = time.monotonic() + timeout
    current: dict[str, str] = {}
    while time.monotonic() < deadline:
        frame = client.runs(run_ids=list(statuses))
        current = dict(zip(frame["run_id"], frame["status"], strict=True))
        if current == statuses:
            return
        time.sleep(CHECK_SECONDS)
    raise WaitTimeoutError(
        f"After {timeout:.0f} s, the runs of the demo have the statuses {sorted(current.values())} instead of "
        f"{sorted(statuses.values())}. Stop the demo and start it again."
    )
