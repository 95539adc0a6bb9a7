"""What reading all runs into a frame costs beside the least that it could cost.

The baseline fetches the same pages over the same connection settings and parses the JSON, and nothing else. Both are
timed in turn, so that a machine whose speed drifts drifts for both; the median of the ratios is the figure.

    python tests/benchmarks/bench_runs.py [--runs 20000] [--times 5] [--url URL]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import tempfile
import time
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import aiohttp

import dagster_nb as dnb
from dagster_nb.graphql import documents
from dagster_nb.graphql.paging import DEFAULT_PAGE_SIZE

if TYPE_CHECKING:
    from collections.abc import Iterator


async def _bare_loop(url: str) -> int:
    """Fetch all runs a page after the other, and parse the JSON."""
    query = documents.text("runs").replace("$limit: Int!", "$limit: Int!, $cursor: String")
    query = query.replace("limit: $limit", "limit: $limit, cursor: $cursor")
    count, cursor = 0, None
    async with aiohttp.ClientSession() as session:
        while True:
            body = {"query": query, "variables": {"limit": DEFAULT_PAGE_SIZE, "cursor": cursor}}
            async with session.post(f"{url}/graphql", json=body) as response:
                page = json.loads(await response.read())["data"]["runsOrError"]["results"]
            count += len(page)
            if len(page) < DEFAULT_PAGE_SIZE:
                return count
            cursor = page[-1]["runId"]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=20_000)
    parser.add_argument("--times", type=int, default=5)
    parser.add_argument("--url", help="a server that runs already, in place of one of its own")
    options = parser.parse_args()
    with ExitStack() as stack:
        url = options.url or stack.enter_context(_own_server(options.runs))
        client = stack.enter_context(dnb.connect(url, progress=False))
        ratios = []
        print(f"{client.count_runs():,} runs, pages of {DEFAULT_PAGE_SIZE}")
        for turn in range(options.times + 1):
            began = time.perf_counter()
            bare = asyncio.run(_bare_loop(client.url))
            between = time.perf_counter()
            frame = client.runs()
            ended = time.perf_counter()
            if len(frame) != bare:
                raise SystemExit(f"{len(frame):,} rows and {bare:,} runs: not the same history")
            if turn:  # the first turn warms up
                ratios.append((ended - between) / (between - began))
                print(
                    f"bare {between - began:6.2f} s   client.runs() {ended - between:6.2f} s   ratio {ratios[-1]:.3f}"
                )
        print(f"median ratio {statistics.median(ratios):.3f}")


@contextmanager
def _own_server(runs: int) -> Iterator[str]:
    """Serve a history of its own, for as long as it is needed."""
    from dagster_nb.sandbox.history.write import write_history
    from dagster_nb.sandbox.local_dagster import LocalDagster

    with tempfile.TemporaryDirectory() as home:
        write_history(home, runs=runs)
        with LocalDagster(home, daemon=False) as server:
            yield server.url


if __name__ == "__main__":
    main()
