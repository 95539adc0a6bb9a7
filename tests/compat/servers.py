"""The servers under test.

While the tests use one server, the next server already starts and launches runs.
"""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import dagster_nb as dnb
from dagster_nb.sandbox.local_dagster import LocalDagster
from tests.compat.environments import python_of
from tests.compat.postgres import postgres
from tests.compat.served.past_runs import LOCATION

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.compat.targets import Target

SERVED = Path(__file__).with_name("served")
INSTANCE = """\
telemetry: {enabled: false}
nux: {enabled: false}
run_coordinator:
  module: dagster.core.run_coordinator
  class: QueuedRunCoordinator
  config:
    max_concurrent_runs: 50
    dequeue_interval_seconds: 1
    tag_concurrency_limits: [{key: parked, limit: 0}]
"""
# Runs with this tag stay queued, so tests can check their launch arguments without waiting for a process to start.
PARKED = {"parked": "yes"}
STORAGE = "storage: {{postgres: {{postgres_url: '{url}'}}}}\n"
# If code treats local time as UTC, its times will be off by two and a half or three and a half hours.
ZONE = "America/St_Johns"

ROWS = {"ops": {"load": {"config": {"rows": 7}}}}
STAGE = {
    "quick": {"job": "quick", "run_config": ROWS, "tags": {"why": "a test", "empty": ""}},
    "fragile": {"job": "fragile", "tags": {"why": "a test"}},
    "hang": {"job": "hang"},
    "unpublished": {
        "job": "nightly_assets",
        "asset_selection": "mart/revenue",
        "run_config": {"ops": {"mart__revenue": {"config": {"fail": True}}}},
    },
}
"""Runs that the tests read or act on. They are launched together, because each takes seconds to start."""


@dataclass(frozen=True)
class Dagster:
    """A running Dagster.

    Attributes
    ----------
    stage : dict
        A dict from each name in `STAGE` to its run id, or the error that prevented the launch.
    """

    target: Target
    url: str
    home: Path
    database: str
    stage: dict[str, str] | Exception
    _running: ExitStack

    def stop(self) -> None:
        self._running.close()


class Fleet:
    """The servers of the selected targets.

    Parameters
    ----------
    targets
        The targets, in the order in which the tests use them.
    ahead
        Whether to build all environments in parallel, and to start each server while the previous one is being tested.
    """

    def __init__(self, targets: Sequence[Target], *, ahead: bool):
        self._targets = list(targets)
        self._ahead = ahead
        self._builders = ThreadPoolExecutor(4, "compat-build")
        self._starter = ThreadPoolExecutor(1, "compat-start")
        self._pythons: dict[Target, Future[str]] = {}
        self._servers: dict[Target, Future[Dagster]] = {}
        for target in self._targets if ahead else ():
            self._build(target)

    def get(self, target: Target) -> Dagster:
        """Return the running server of a target."""
        server = self._start(target).result()
        following = self._targets[self._targets.index(target) + 1 :]
        if self._ahead and following:
            self._start(following[0])
        return server

    def close(self) -> None:
        """Stop the servers that are still running."""
        for pool in (self._starter, self._builders):
            pool.shutdown(wait=True, cancel_futures=True)
        for server in self._servers.values():
            if not server.cancelled() and server.exception() is None:
                server.result().stop()

    def _start(self, target: Target) -> Future[Dagster]:
        if target not in self._servers:
            self._servers[target] = self._starter.submit(start, target, self._build(target))
        return self._servers[target]

    def _build(self, target: Target) -> Future[str]:
        if target not in self._pythons:
            self._pythons[target] = self._builders.submit(python_of, target)
        return self._pythons[target]


def start(target: Target, python: Future[str]) -> Dagster:
    """Start a server that has the history, and launch the runs of `STAGE`."""
    with ExitStack() as running:
        environment = {"TZ": ZONE}
        instance = INSTANCE
        database = None
        if target.postgres:
            database = running.enter_context(postgres())
            environment["COMPAT_DATABASE"] = database
            instance += STORAGE.format(url=database)
        server = running.enter_context(
            LocalDagster(
                python_file=SERVED / "definitions.py",
                location=LOCATION,
                dagster_yaml=instance,
                fill=[python.result(), str(SERVED / "seed.py")],
                python=python.result(),
                environment=environment,
            )
        )
        return Dagster(
            target,
            server.url,
            server.home,
            database or f"sqlite:///{server.home / 'history' / 'runs.db'}",
            _launch_stage(server.url),
            running.pop_all(),
        )


def _launch_stage(url: str) -> dict[str, str] | Exception:
    try:
        with dnb.connect(url, progress=False) as client:
            launched = client.launch_many(STAGE.values())
    except Exception as error:  # noqa: BLE001 - raised for the tests that use these runs
        return error
    if launched["outcome"].ne("launched").any():
        return AssertionError(
            f"some runs were not launched. Fix the problems in the column message:\n{launched.to_string()}"
        )
    return dict(zip(STAGE, launched["run_id"], strict=True))
