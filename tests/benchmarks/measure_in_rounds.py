"""Measure several ways of reading in turn, so that changes in the machine's speed affect all of them."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from collections import defaultdict
from dataclasses import asdict, dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING

from tests.benchmarks.reader import Job, Sample
from tests.faults.proxy import Proxy

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.faults.proxy import Fault

ROOT = Path(__file__).parents[2]


class ReadingFailedError(Exception):
    """Reading failed. The message is the last line that the process wrote to standard error."""


@dataclass(frozen=True)
class Way:
    """A way of reading all runs.

    Attributes
    ----------
    label
        The label in the table.
    reader
        A key of `reader.WAYS`.
    max_rounds
        The maximum number of rounds, which is smaller for slow ways of reading.
    """

    label: str
    reader: str
    page_size: int | None = None
    timeout: float = 60.0
    max_rounds: int = 1000


@dataclass(frozen=True)
class Place:
    """A place to read runs from.

    Attributes
    ----------
    label
        The label in the table.
    urls
        The URLs of the servers. If there are several, requests alternate between them.
    faults
        A function that creates the proxy's faults for each measurement. If None, a proxy is used only if there are
        several servers.
    """

    label: str
    urls: tuple[str, ...]
    document: str
    server_pids: tuple[int, ...] = ()
    home: str = ""
    faults: Callable[[], list[Fault]] | None = None

    @property
    def is_direct(self) -> bool:
        return self.faults is None and len(self.urls) == 1


@dataclass
class Measured:
    """The measurements of one way of reading at one place, by round.

    Attributes
    ----------
    requests, received, disturbed
        The number of requests, of bytes in responses, and of refused, incomplete or abandoned responses during the last
        read through a proxy.
    failure
        The error, if a read has failed. Later rounds then skip this way of reading.
    """

    place: Place
    way: Way
    samples: dict[int, Sample] = field(default_factory=dict)
    requests: int = 0
    received: int = 0
    disturbed: int = 0
    failure: str = ""

    def median(self, of: str) -> float | None:
        values = [getattr(sample, of) for sample in self.samples.values()]
        return statistics.median(values) if values else None

    def ratio_to(self, other: Measured) -> float | None:
        """Return the median ratio of wall times over the rounds in which both were measured."""
        both = self.samples.keys() & other.samples.keys()
        ratios = [self.samples[number].wall / other.samples[number].wall for number in both]
        return statistics.median(ratios) if ratios else None


def measure(tasks: Sequence[tuple[Place, Way]], *, rounds: int, on_progress: Callable[[str], object]) -> list[Measured]:
    """Measure each way of reading once per round, and reverse the order in every second round.

    The first round is a warm-up that is not timed. In this round, every read goes through a proxy that counts requests
    and bytes.

    Parameters
    ----------
    tasks
        The places and ways to measure. Compare only adjacent entries, because the machine's speed drifts.
    rounds
        The number of rounds to time.
    on_progress
        A function that is called with a line of text after each read.

    Raises
    ------
    RuntimeError
        If a way of reading reads nothing, or if two ways read different runs or steps at the same place.
    """
    measured = [Measured(place, way) for place, way in tasks]
    digests: dict[tuple[str, ...], set[str]] = defaultdict(set)
    for number in range(rounds + 1):
        for one in measured if number % 2 else reversed(measured):
            if one.failure or number > one.way.max_rounds:
                continue
            try:
                sample = _read(one, counting=number == 0)
            except ReadingFailedError as error:
                one.failure = str(error)
                on_progress(f"{one.place.label}, {one.way.label}: {error}")
                continue
            on_progress(f"{one.place.label}, {one.way.label}: {sample.rows:,} rows in {sample.wall:.2f} s")
            if not sample.rows:
                raise RuntimeError(
                    f"{one.way.label} read no rows from {one.place.urls}. Check that these servers have runs."
                )
            if number:
                one.samples[number] = sample
            digests[one.place.urls].add(sample.digest)
            if len(digests[one.place.urls]) > 1:
                raise RuntimeError(
                    f"{one.way.label} read different rows from {one.place.urls} than the other ways of reading, so "
                    "their times cannot be compared. Fix its function in tests/benchmarks/reader.py."
                )
    return measured


def _read(one: Measured, *, counting: bool) -> Sample:
    place, way = one.place, one.way
    job = Job(
        way=way.reader, url=place.urls[0], direct_url=place.urls[0], document=place.document, page_size=way.page_size,
        timeout=way.timeout, home=place.home, server_pids=list(place.server_pids),
    )  # fmt: skip
    if place.is_direct and not counting:
        return run(job)
    with Proxy(*place.urls, faults=place.faults() if place.faults else ()) as proxy:
        sample = run(Job(**{**asdict(job), "url": proxy.url}))
        one.requests = len(proxy.exchanges)
        one.received = sum(exchange.sent for exchange in proxy.exchanges)
        one.disturbed = sum(exchange.status != HTTPStatus.OK or not exchange.is_whole for exchange in proxy.exchanges)
    return sample


def run(job: Job) -> Sample:
    """Run a job in a child process."""
    command = [sys.executable, "-m", "tests.benchmarks.reader"]
    done = subprocess.run(command, input=json.dumps(asdict(job)), cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ReadingFailedError(done.stderr.strip().splitlines()[-1])
    return Sample(**json.loads(done.stdout))
