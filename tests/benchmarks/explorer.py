"""Measure the speed of the explorer's Python code, without a browser."""

from __future__ import annotations

import statistics
import time
from typing import TYPE_CHECKING

from dagster_nb.panels.explorer import RunExplorer
from tests.benchmarks.reader import peak_memory
from tests.benchmarks.table import Row
from tests.unit.panels.conftest import FakeSource, many_runs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dagster_nb import DagsterClient

FILTERS = [
    {"status": "FAILURE"}, {"job": "job_3"}, {}, {"tags": {"team": "t1"}}, {"min_duration": "2 min"},
    {"only_unresolved": True}, {"status": "SUCCESS"}, {"job": ["job_1", "job_2", "job_3"]},
]  # fmt: skip


def in_memory(runs: int, *, rounds: int) -> Iterator[Row]:
    """Measure how long a change of filters takes with all runs in memory, and yield one row per chart."""
    explorer = RunExplorer(FakeSource(many_runs(runs), page=5_000)).wait()
    for chart in ("Durations", "Timeline", "Trend", "No chart"):
        explorer._charts.choice.value = chart
        walls, cpus = [], []
        for number in range(-len(FILTERS), rounds):
            wall, cpu = time.perf_counter(), time.process_time()
            explorer.set_filters(**FILTERS[number % len(FILTERS)])
            if number >= 0:  # the first use of each filter is a warm-up
                walls.append(time.perf_counter() - wall)
                cpus.append(time.process_time() - cpu)
        yield Row(
            runs, "explorer, in memory", f"change a filter, {chart}", statistics.median(walls),
            cpu=statistics.median(cpus), peak=peak_memory(), note=f"{max(walls):.2f} s at most",
        )  # fmt: skip
    explorer.close()


def on_a_server(client: DagsterClient, runs: int) -> Iterator[Row]:
    """Measure how long the explorer takes to read all runs from a server."""
    where = "explorer, SQLite"
    for name, filters in (("all runs", {}), ("the runs of 7 days", {"created_after": "7d"})):
        began = time.perf_counter()
        explorer = RunExplorer(client, **filters)
        explorer.background.wait(lambda explorer=explorer: len(explorer.frame) > 0, 60)
        yield Row(runs, where, f"{name}: first rows", time.perf_counter() - began)
        explorer.wait()
        yield Row(runs, where, f"{name}: all", time.perf_counter() - began, note=f"{len(explorer.frame):,} rows")
        began = time.perf_counter()
        explorer.refresh()
        explorer.wait()
        yield Row(runs, where, f"{name}: a refresh without new runs", time.perf_counter() - began)
        explorer.close()
