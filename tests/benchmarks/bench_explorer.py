"""How fast the explorer is, kernel side. Prints figures; asserts nothing.

python tests/benchmarks/bench_explorer.py                 # 100,000 runs in memory
python tests/benchmarks/bench_explorer.py --server 20000  # and a real server with so many
"""

from __future__ import annotations

import argparse
import resource
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

import dagster_nb as dnb
from dagster_nb.panels.explorer import RunExplorer
from tests.unit.panels.conftest import FakeSource, many_runs

CHANGES = [
    {"status": "FAILURE"}, {"job": "job_3"}, {}, {"tags": {"team": "t1"}}, {"min_duration": "2 min"},
    {"only_unresolved": True}, {"status": "SUCCESS"}, {"job": ["job_1", "job_2", "job_3"]},
]  # fmt: skip


def resident() -> float:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize() / 1e6


def in_memory(count: int, rounds: int) -> None:
    explorer = RunExplorer(FakeSource(many_runs(count), page=5000)).wait()
    for chart in ("Durations", "Timeline", "Trend", "No chart"):
        explorer._charts.choice.value = chart
        for change in CHANGES:
            explorer.set_filters(**change)
        walls, works = [], []
        for number in range(rounds):
            wall, work = time.perf_counter(), time.process_time()
            explorer.set_filters(**CHANGES[number % len(CHANGES)])
            walls.append(1000 * (time.perf_counter() - wall))
            works.append(1000 * (time.process_time() - work))
        print(
            f"{count:,} runs in memory, {chart}: a filter change redraws in {statistics.median(walls):.0f} ms (median "
            f"of {rounds}; {max(walls):.0f} at worst; {statistics.median(works):.0f} ms of processor time)"
        )
    explorer._charts.choice.value = "Durations"
    before = resident()
    for number in range(200):
        explorer.set_filters(**CHANGES[number % len(CHANGES)])
    print(f"200 filter changes: {resident() - before:+.1f} MB")
    explorer.close()


def on_a_server(count: int) -> None:
    with dnb.demo(runs=count) as demo:
        for name, filters in (("all", {}), ("of 7 d", {"created_after": "7d"})):
            began = time.perf_counter()
            explorer = RunExplorer(demo.client, **filters)
            explorer.background.wait(lambda explorer=explorer: len(explorer.frame) > 0, 60)
            first = time.perf_counter() - began
            explorer.wait()
            print(
                f"a server with {count:,} runs, {name}: first rows after {first:.2f} s, all {len(explorer.frame):,} "
                f"after {time.perf_counter() - began:.2f} s"
            )
            began = time.perf_counter()
            explorer.refresh()
            explorer.wait()
            print(f"  a refresh that finds nothing new takes {time.perf_counter() - began:.2f} s")
            explorer.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--server", type=int, default=0, help="also a real server with so many runs")
    arguments = parser.parse_args()
    in_memory(arguments.runs, arguments.rounds)
    if arguments.server:
        on_a_server(arguments.server)
