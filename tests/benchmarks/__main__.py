"""Measure how fast runs are read, and print the results as one Markdown table.

    python -m tests.benchmarks                            # all parts: about half an hour on two idle cores
    python -m tests.benchmarks --quick                    # all parts with few runs, as a smoke test
    python -m tests.benchmarks --part read faults         # only these parts
    python -m tests.benchmarks --part read --runs 20000 --rounds 9

Each read runs in its own process. Each round measures every way of reading once, and each ratio is the median over all
rounds. Do not compare results from different runs of this command, because the machine's speed varies. The command only
measures: it does not fail if something is slow.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
import time
from contextlib import ExitStack
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import dagster_nb as dnb
from tests.benchmarks import completion, explorer, history, in_browser, servers
from tests.benchmarks.generated_runs_server import GeneratedRunsServer
from tests.benchmarks.measure_in_rounds import Measured, Place, Way, measure, run
from tests.benchmarks.reader import Job
from tests.benchmarks.table import Row, markdown
from tests.faults.faults import OneIn, cut, hold_back, latency, refuse_pages_above

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.benchmarks.servers import Running

CLIENT = Way("client.runs()", "client_runs")
BARE_500, BARE_1000, BARE_2000 = (Way(f"bare loop, {size:,} per page", "bare_loop", size) for size in (500, 1000, 2000))
SMALL_PAGES = Way("loop from Dagster's documentation, 10 per page", "bare_loop", 10, max_rounds=2)
DAGSTER_CLIENT = Way("DagsterGraphQLClient, 1,000 per page", "dagster_client", 1000)
CLIENT_STEPS = Way("client.steps() of the newest 1,000", "client_steps")
BARE_STEPS = Way("bare loop, 25 runs per request", "bare_steps", 25)
IN_PROCESS = Way("DagsterInstance.get_run_records()", "in_process")

# The speed of the machine drifts, so measure the ways of reading that are compared with each other one after the other.
DIRECT_WAYS = (BARE_500, BARE_1000, CLIENT, BARE_2000, DAGSTER_CLIENT, IN_PROCESS, SMALL_PAGES)
SLOW_NETWORK_WAYS = (BARE_500, BARE_1000, CLIENT, BARE_2000, DAGSTER_CLIENT)

# A single page takes less time than this, but reading all pages takes much longer.
SHORT_TIMEOUT_SECONDS = 1.0
IMPATIENT_CLIENT = Way("client.runs(), timeout=1", "client_runs", timeout=SHORT_TIMEOUT_SECONDS)
FAULTS = {
    "HTTP 502 above 300 runs per page": (CLIENT, lambda: [refuse_pages_above(300)]),
    "one page in ten cut off": (CLIENT, lambda: [OneIn(10, cut())]),
    "one page in ten delayed": (IMPATIENT_CLIENT, lambda: [OneIn(10, hold_back(60))]),
}


class Benchmark:
    """Measures each part of the benchmark in its own method."""

    def __init__(self, options: argparse.Namespace):
        self._options = options
        self._began = time.monotonic()

    def read(self, folder: Path) -> Iterator[Row]:
        """Measure every way of reading runs, without a proxy in between."""
        for runs in self._options.runs:
            with servers.on_sqlite(servers.home_with(runs, folder)) as server:
                measured = self._measure([(_place("SQLite", server), way) for way in DIRECT_WAYS])
                yield from _rows(runs, measured)

    def steps(self, folder: Path) -> Iterator[Row]:
        """Measure how fast the client reads the steps of many runs from a server with event logs."""
        runs = self._options.runs[0]
        with servers.on_sqlite(servers.home_with(runs, folder, events=True)) as server:
            place = _place("SQLite", server, "steps")
            bare, client = self._measure([(place, BARE_STEPS), (place, CLIENT_STEPS)])
            ratio = client.ratio_to(bare)
            note = "" if ratio is None else f"{ratio:.2f} times the bare loop"
            yield from (Row.of(runs, bare), Row.of(runs, client, note=note))

    def latency(self, folder: Path) -> Iterator[Row]:
        """Measure the ways of reading over a slow network."""
        runs = self._options.runs[0]
        with servers.on_sqlite(servers.home_with(runs, folder)) as server:
            places = [_place("SQLite, no latency", server)]
            for seconds in (0.02, 0.1):
                delay = latency(seconds)
                places.append(
                    _place(f"SQLite, {1000 * seconds:.0f} ms each way", server, faults=partial(list, [delay]))
                )
            yield from _rows(runs, self._measure([(place, way) for place in places for way in SLOW_NETWORK_WAYS]))

    def faults(self, folder: Path) -> Iterator[Row]:
        """Measure the client behind a proxy that causes faults."""
        runs = self._options.runs[0]
        with servers.on_sqlite(servers.home_with(runs, folder)) as server:
            undisturbed = _place("SQLite, no faults", server)
            tasks = [(undisturbed, BARE_1000), (undisturbed, CLIENT)]
            tasks += [(_place(f"SQLite, {name}", server, faults=make), way) for name, (way, make) in FAULTS.items()]
            yield from _rows(runs, self._measure(tasks))

    def postgres(self, folder: Path) -> Iterator[Row]:
        """Measure one webserver, and then two webservers that share a PostgreSQL database."""
        runs = self._options.runs[0]
        with servers.two_on_postgres(servers.home_with(runs, folder)) as (first, second):
            one = _place("PostgreSQL, one webserver", first, faults=list)
            two = Place(
                "PostgreSQL, two webservers",
                (first.url, second.url),
                one.document,
                (first.pid, second.pid),
                faults=list,
            )
            tasks = [(place, way) for place in (one, two) for way in (BARE_1000, CLIENT, BARE_2000)]
            yield from _rows(runs, self._measure(tasks))

    def memory(self, _folder: Path) -> Iterator[Row]:
        """Measure how much memory the client needs for a very large number of runs."""
        runs = self._options.many
        with GeneratedRunsServer(runs) as server:
            for how, reader in (("client.iter_runs()", "client_iter_runs"), ("client.runs()", "whole_frame")):
                sample = run(Job(reader, server.url, server.url, document=""))
                if sample.rows != runs:
                    raise RuntimeError(f"{how} read {sample.rows:,} of {runs:,} runs")
                note = f"{sample.growth / runs:,.0f} bytes of memory per run" if reader == "whole_frame" else ""
                yield Row(runs, "in-process fake", how, sample.wall, cpu=sample.cpu, peak=sample.peak, note=note)

    def explorer(self, folder: Path) -> Iterator[Row]:
        """Measure the explorer's Python code, without a browser."""
        yield from explorer.in_memory(self._options.runs[-1], rounds=8 * self._options.rounds)
        runs = self._options.runs[0]
        with servers.on_sqlite(servers.home_with(runs, folder)) as server, dnb.connect(server.url) as client:
            yield from explorer.on_a_server(client, runs)

    def browser(self, folder: Path) -> Iterator[Row]:
        """Measure the explorer in a browser."""
        for runs in self._options.runs:
            with servers.on_sqlite(servers.home_with(runs, folder)) as server:
                yield from in_browser.of_explorer(server.url, runs, rounds=self._options.rounds)

    def completion(self, _folder: Path) -> Iterator[Row]:
        """Measure completion in the launchpad and in GraphQL cells."""
        yield from completion.completion()

    def history(self, folder: Path) -> Iterator[Row]:
        """Measure how fast a history on disk is filled, read and refreshed."""
        yield from history.of_many(self._options.many, folder, rounds=self._options.rounds)
        home = servers.home_with(self._options.runs[-1], folder)
        yield from history.refreshed(home, folder, rounds=self._options.rounds)

    def _measure(self, tasks: Sequence[tuple[Place, Way]]) -> list[Measured]:
        return measure(tasks, rounds=self._options.rounds, on_progress=self._print_progress)

    def _print_progress(self, line: str) -> None:
        print(f"[{time.monotonic() - self._began:5.0f} s] {line}", file=sys.stderr, flush=True)


NAMES = ("read", "steps", "latency", "faults", "postgres", "memory", "explorer", "browser", "completion", "history")
PARTS = {name: getattr(Benchmark, name) for name in NAMES}


def _place(label: str, server: Running, document: str = "runs", **options) -> Place:
    return Place(label, (server.url,), server.document(document), (server.pid,), server.home, **options)


def _rows(runs: int, measured: Sequence[Measured]) -> Iterator[Row]:
    """Yield one row per measurement, with its ratios to the bare loop and to the first place."""
    undisturbed = measured[0].place
    for one in measured:
        bare = _find(measured, one.place, BARE_1000)
        itself = _find(measured, undisturbed, one.way) if one.place != undisturbed else None
        yield Row.of(runs, one, bare=bare, itself=itself, note=_note(one, measured))


def _find(measured: Sequence[Measured], place: Place, way: Way) -> Measured | None:
    """Find the measurement of a way of reading at a place, whatever its timeout is."""
    for one in measured:
        if one.place == place and (one.way.reader, one.way.page_size) == (way.reader, way.page_size):
            return one
    return None


def _note(one: Measured, measured: Sequence[Measured]) -> str:
    """Return the number of disturbed responses, or a comparison of the client with the other ways of reading."""
    if one.disturbed:
        return f"{one.disturbed} disturbed responses"
    if one.way is CLIENT:
        bare = [_find(measured, one.place, way) for way in (BARE_500, BARE_1000, BARE_2000)]
        timed = [other for other in bare if other is not None and other.samples]
        if len(timed) > 1 and one.samples:
            best = min(timed, key=lambda other: other.median("wall"))
            return f"{one.ratio_to(best):.2f} times the fastest loop ({best.way.label})"
    client = _find(measured, one.place, CLIENT)
    if one.way is SMALL_PAGES and client is not None and (ratio := one.ratio_to(client)):
        return f"{ratio:.1f} times client.runs()"
    return ""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the selected parts and print the table."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--part", nargs="+", choices=PARTS, default=list(PARTS), metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--runs", nargs="+", type=int, help="numbers of runs to measure; most parts use only the first")
    parser.add_argument("--many", type=int, help="the number of runs in the parts `memory` and `history`")
    parser.add_argument("--rounds", type=int, help="the number of timed rounds")
    parser.add_argument("--quick", action="store_true", help="a smoke test: use few runs and one round by default")
    parser.add_argument(
        "--homes", type=Path, help="the folder in which to keep histories for later runs of this command"
    )
    options = parser.parse_args(arguments)
    options.runs = options.runs or ([2_000] if options.quick else [20_000, 100_000])
    options.many = options.many or (20_000 if options.quick else 1_000_000)
    options.rounds = options.rounds or (1 if options.quick else 5)
    benchmark = Benchmark(options)
    rows: list[Row] = []
    try:
        with ExitStack() as stack:
            folder = options.homes or Path(stack.enter_context(tempfile.TemporaryDirectory()))
            for name in options.part:
                rows.extend(PARTS[name](benchmark, folder))
    finally:  # print the finished measurements even after an error or Ctrl-C
        print(markdown(rows))
        print(
            f"\nMedians of {options.rounds} rounds. Dagster {version('dagster')}, Python {platform.python_version()}, "
            f"pandas {version('pandas')}, {os.cpu_count()} cores."
        )


if __name__ == "__main__":
    main()
