"""Read all runs once, in one of several ways, and report the costs for this process and for the server.

Each measurement runs in its own process, so that its peak memory and CPU time can be measured. The process reads a
`Job` as JSON from standard input and writes a `Sample` as JSON to standard output.
"""

from __future__ import annotations

import asyncio
import gc
import hashlib
import json
import resource
import sys
import time
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import psutil

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    Read = Callable[[], Any]

RUNS_WITH_STEPS = 1_000
"""The number of runs whose steps are read."""


@dataclass(frozen=True)
class Job:
    """One read to measure.

    Attributes
    ----------
    way
        A key of `WAYS`.
    url
        The URL of the server or of a proxy in front of it.
    direct_url
        The URL of the server itself, for the warm-up.
    document
        The client's GraphQL query, for ways of reading that do not use the client.
    home
        The DAGSTER_HOME for reading without a server, or the folder of a history.
    server_pids
        The ids of the server's processes, for measuring CPU time.
    """

    way: str
    url: str
    direct_url: str
    document: str
    page_size: int | None = None
    timeout: float = 60.0
    home: str = ""
    server_pids: list[int] = field(default_factory=list)


@dataclass(frozen=True)
class Sample:
    """The costs of one read in seconds and bytes.

    ``rows`` is the number of runs or steps that were read, and ``digest`` is a digest of their ids in order.
    """

    wall: float
    cpu: float
    server_cpu: float
    peak: int
    growth: int
    rows: int
    digest: str


class Rows:
    """Counts runs or steps and computes a digest of their ids without storing them."""

    def __init__(self) -> None:
        self.count = 0
        self._hash = hashlib.sha256()

    def add(self, ids: Iterable[str]) -> None:
        for one in ids:
            self.count += 1
            self._hash.update(one.encode())

    @property
    def digest(self) -> str:
        return self._hash.hexdigest()


@contextmanager
def client_runs(job: Job) -> Iterator[Read]:
    """``client.runs()``."""
    with _client(job) as client:
        yield lambda: client.runs(page_size=job.page_size)["run_id"]


@contextmanager
def client_iter_runs(job: Job) -> Iterator[Read]:
    """Read with ``client.iter_runs()`` and discard each page."""

    def read() -> Rows:
        seen = Rows()
        for page in client.iter_runs(page_size=job.page_size):
            seen.add(page["run_id"])
        return seen

    with _client(job) as client:
        yield read


@contextmanager
def whole_frame(job: Job) -> Iterator[Read]:
    """Read with ``client.runs()`` and keep all columns."""
    with _client(job) as client:
        yield lambda: client.runs(page_size=job.page_size)


@contextmanager
def bare_loop(job: Job) -> Iterator[Read]:
    """Read in a loop with aiohttp: fetch a page, parse the JSON, and use the last id as the next cursor."""
    import aiohttp

    async def read() -> list[str]:
        run_ids: list[str] = []
        cursor = None
        async with aiohttp.ClientSession() as session:
            while True:
                variables = {"limit": job.page_size, "cursor": cursor}
                body = {"query": job.document, "variables": variables}
                async with session.post(f"{job.url}/graphql", json=body) as response:
                    page = json.loads(await response.read())["data"]["runsOrError"]["results"]
                run_ids += [run["runId"] for run in page]
                if len(page) < job.page_size:
                    return run_ids
                cursor = run_ids[-1]

    yield lambda: asyncio.run(read())


@contextmanager
def client_steps(job: Job) -> Iterator[Read]:
    """Read the steps of the newest successful runs with ``client.steps()``."""
    with _client(job) as client:
        runs = client.runs(status="SUCCESS", limit=RUNS_WITH_STEPS)
        client.steps(runs[:1])

        def read() -> list[str]:
            steps = client.steps(runs)
            return sorted(steps["run_id"] + " " + steps["step_key"])

        yield read


@contextmanager
def bare_steps(job: Job) -> Iterator[Read]:
    """Read the same steps as ``client.steps()``, but with aiohttp alone.

    The number of concurrent requests is the same.
    """
    import aiohttp

    from dagster_nb.map_concurrently import MAX_CONCURRENCY

    with _client(job) as client:
        run_ids = client.runs(status="SUCCESS", limit=RUNS_WITH_STEPS)["run_id"].tolist()
    size = job.page_size
    pages = [run_ids[start : start + size] for start in range(0, len(run_ids), size)]

    async def read(pages: Iterable[list[str]]) -> list[str]:
        places = asyncio.Semaphore(MAX_CONCURRENCY)
        async with aiohttp.ClientSession() as session:

            async def read_page(page: list[str]) -> list[str]:
                body = {"query": job.document, "variables": {"filter": {"runIds": page}, "limit": len(page)}}
                async with places, session.post(f"{job.url}/graphql", json=body) as response:
                    runs = json.loads(await response.read())["data"]["runsOrError"]["results"]
                return [f"{run['runId']} {step['stepKey']}" for run in runs for step in run["stepStats"]]

            return sorted(step for page in await asyncio.gather(*map(read_page, pages)) for step in page)

    asyncio.run(read([run_ids[:1]]))
    yield lambda: asyncio.run(read(pages))


@contextmanager
def dagster_client(job: Job) -> Iterator[Read]:
    """Read in the same loop as `bare_loop`, but with ``DagsterGraphQLClient``.

    The class has no public method for arbitrary queries, so this calls ``_execute``.
    """
    from dagster_graphql import DagsterGraphQLClient

    address = urlsplit(job.url)
    client = DagsterGraphQLClient(address.hostname, port_number=address.port, timeout=int(job.timeout))

    def read() -> list[str]:
        run_ids: list[str] = []
        cursor = None
        while True:
            variables = {"limit": job.page_size, "cursor": cursor}
            page = client._execute(job.document, variables)["runsOrError"]["results"]
            run_ids += [run["runId"] for run in page]
            if len(page) < job.page_size:
                return run_ids
            cursor = run_ids[-1]

    client._execute(job.document, {"limit": 1})
    yield read


@contextmanager
def in_process(job: Job) -> Iterator[Read]:
    """Read with ``DagsterInstance.get_run_records()``, without a server."""
    from dagster import DagsterInstance

    with DagsterInstance.from_config(job.home) as instance:
        instance.get_run_records(limit=1)
        yield lambda: [record.dagster_run.run_id for record in instance.get_run_records()]


@contextmanager
def history_fill(job: Job) -> Iterator[Read]:
    """The first ``history.refresh()``."""

    def read() -> list[str]:
        history = client.history(job.home)
        history.refresh()
        # Return no run ids, because storing them would add to the measured memory. `history_runs` checks them.
        return []

    with _client(job) as client:
        yield read


@contextmanager
def history_runs(job: Job) -> Iterator[Read]:
    """Read with ``history.runs()`` and keep all columns."""
    import dagster_nb as dnb

    history = dnb.open_history(job.home)
    history.runs(limit=20)
    yield history.runs


@contextmanager
def history_week(job: Job) -> Iterator[Read]:
    """Read one job and the last seven days with ``history.runs()``."""
    import pandas as pd

    import dagster_nb as dnb

    history = dnb.open_history(job.home)
    (newest,) = history.runs(limit=1)["creation_time"]
    yield lambda: history.runs(job="job_3", created_after=newest - pd.Timedelta(days=7))


_ALL = (
    client_runs,
    client_iter_runs,
    whole_frame,
    bare_loop,
    client_steps,
    bare_steps,
    dagster_client,
    in_process,
    history_fill,
    history_runs,
    history_week,
)
WAYS = {way.__name__: way for way in _ALL}


@contextmanager
def _client(job: Job) -> Iterator[Any]:
    """Connect and read a few runs first, so that imports and parsing are not measured."""
    import dagster_nb as dnb

    with dnb.connect(job.direct_url, progress=False) as client:
        client.runs(limit=20)
        for _ in client.iter_runs(limit=20):
            pass
    with dnb.connect(job.url, progress=False, timeout=job.timeout) as client:
        yield client


def measure(job: Job) -> Sample:
    """Read once."""
    me = psutil.Process()
    servers = [psutil.Process(pid) for pid in job.server_pids]
    with WAYS[job.way](job) as read:
        gc.collect()
        rss, cpu, server_cpu = me.memory_info().rss, _cpu(me), sum(map(_cpu, servers))
        began = time.perf_counter()
        found = read()
        wall = time.perf_counter() - began
        cpu, server_cpu = _cpu(me) - cpu, sum(map(_cpu, servers)) - server_cpu
        peak = peak_memory()
        gc.collect()
        growth = me.memory_info().rss - rss
        rows = found if isinstance(found, Rows) else Rows()
        if rows is not found:
            rows.add(found["run_id"] if hasattr(found, "columns") else found)
    return Sample(wall, cpu, server_cpu, peak, growth, rows.count, rows.digest)


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system


def peak_memory() -> int:
    """Return the peak memory of this process in bytes."""
    status = Path("/proc/self/status")
    if status.exists():  # more exact than ru_maxrss, which includes the parent's memory after a fork
        lines = dict(line.split(":", 1) for line in status.read_text(encoding="ascii").splitlines())
        return int(lines["VmHWM"].split()[0]) * 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


if __name__ == "__main__":
    json.dump(asdict(measure(Job(**json.load(sys.stdin)))), sys.stdout)
