"""One real Dagster for all tests: a webserver, a daemon, and a code location with jobs that the tests control."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import dagster_nb as dnb
from dagster_nb.sandbox.local_dagster import LocalDagster

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# With this interval, a launched run starts within one second instead of five.
INSTANCE = """\
telemetry:
  enabled: false
run_coordinator:
  module: dagster.core.run_coordinator
  class: QueuedRunCoordinator
  config:
    dequeue_interval_seconds: 1
"""
DEFINITIONS = Path(__file__).with_name("definitions.py")


@pytest.fixture(scope="package")
def server() -> Iterator[LocalDagster]:
    with LocalDagster(python_file=DEFINITIONS, location="tests", dagster_yaml=INSTANCE) as server:
        yield server


@pytest.fixture(scope="package")
def client(server: LocalDagster) -> Iterator[dnb.DagsterClient]:
    with dnb.connect(server.url, progress=False) as client:
        yield client


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item):
    """Add the last lines of Dagster's log to the report of a failed test."""
    report = yield
    server = getattr(item, "funcargs", {}).get("server")
    if report.failed and isinstance(server, LocalDagster):
        report.sections.append(("Dagster's log", server.log()))
    return report


def wait_until(condition: Callable[[], object], *, seconds: float = 120) -> None:
    """Poll until a condition is true."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"the condition is still false after {seconds:g} s"
        time.sleep(0.1)
