"""``dnb.demo()``: a real Dagster to try things on."""

from __future__ import annotations

import html
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Self

from tqdm.auto import tqdm

from .history.model import TRUTH_NAME, Truth
from .history.plan import MOST_RUNS
from .live import LIMIT_TAG, launch_live_runs, wait_until_live
from .server import Server, check_dagster

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dagster_nb import DagsterClient

__all__ = ["LOCATION", "MODULE", "Demo", "demo", "instance_text"]

LOCATION = "shop"
# The definitions as a package of their own: `dagster_nb.sandbox.definitions` would bring pandas into the code server
# and into every run's process, which have no use for it.
MODULE = "definitions"
PREPARED_SHARE = 0.5
LIVE_SECONDS = 90.0
START_SECONDS, SECONDS_A_RUN = 180.0, 0.02

MOST_AT_ONCE = 6


def instance_text(most_at_once: int = MOST_AT_ONCE) -> str:
    """Return the ``dagster.yaml`` of a demo.

    One database for all event logs: creating Dagster's default, one file a run, takes three minutes and 300 MB for
    2,000 runs where this takes seconds and 60 MB; and asset queries need no second copy of each asset's events.

    Parameters
    ----------
    most_at_once
        How many runs go on at the same time; others wait in the queue.
    """
    return f"""\
telemetry:
  enabled: false
nux:
  enabled: false
run_coordinator:
  module: dagster.core.run_coordinator
  class: QueuedRunCoordinator
  config:
    max_concurrent_runs: {most_at_once}
    dequeue_interval_seconds: 1
    tag_concurrency_limits:
      - key: {LIMIT_TAG}
        value:
          applyLimitPerUniqueValue: true
        limit: 1
event_log_storage:
  module: dagster._core.storage.event_log
  class: ConsolidatedSqliteEventLogStorage
  config:
    base_dir:
      env: DAGSTER_HOME
"""


class Demo:
    """A running demo; made by `demo`.

    Attributes
    ----------
    url : str
        Where Dagster's own pages are.
    home : pathlib.Path
        The DAGSTER_HOME, gone after `stop`.
    client : DagsterClient
        Connected at its first use.
    truth : Truth
        What is true about the history.
    live : Mapping[str, str]
        The runs that are not over: run id and the status in which each stays, a few seconds after the start.
    """

    def __init__(self, server: Server, truth: Truth, live: Mapping[str, str]) -> None:
        self._server = server
        self.truth = truth
        self.live = live
        self._client: DagsterClient | None = None

    @property
    def url(self) -> str:
        """Where Dagster's own pages are."""
        return self._server.url

    @property
    def home(self) -> Path:
        """The DAGSTER_HOME."""
        return self._server.home

    @property
    def client(self) -> DagsterClient:
        """A client of it, connected at the first use."""
        if self._client is None:
            from dagster_nb import connect  # noqa: PLC0415 - the face of the package is above this room

            self._client = connect(self.url)
        return self._client

    def wait_until_live(self, timeout: float = LIVE_SECONDS) -> None:
        """Wait until each of the live runs is in its state.

        Parameters
        ----------
        timeout
            Seconds.

        Raises
        ------
        WaitTimeoutError
            When that takes longer.
        """
        wait_until_live(self._server, dict(self.live), timeout=timeout)

    def exit_reason(self) -> str | None:
        """Wait a second for the end of Dagster, which should not come before `stop`; return why it came, else None."""
        return self._server.exit_reason()

    def stop(self) -> None:
        """Stop every process and remove the temporary folder; twice is once."""
        if self._client is not None:
            self._client.close()
            self._client = None
        self._server.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.stop()

    def __repr__(self) -> str:
        return f"<Demo {self.url}>" if self._server.running else "<Demo stopped>"

    def _repr_html_(self) -> str:
        if not self._server.running:
            return "<p>Demo, stopped.</p>"
        url = html.escape(self.url)
        return f'<p>A real Dagster at <a href="{url}" target="_blank" rel="noopener">{url}</a>.</p>'


def demo(*, runs: int = 2000, seed: int = 0, port: int | None = None) -> Demo:
    """Start a real Dagster with ninety days of history, until it is stopped.

    Parameters
    ----------
    runs
        How many finished runs, up to 100,000. Of more than 10,000 the older ones have no event logs, but for failures,
        re-executions and partitions.
    seed
        The same seed gives the same history.
    port
        A free one unless given.

    Returns
    -------
    Demo
        With ``client`` and ``url``; a context manager.

    Raises
    ------
    MissingExtraError
        Dagster is not installed; the message holds the ``pip install`` line.
    ConnectionFailedError
        The port is taken.
    ServerError
        It did not come up; the message holds the end of its log.

    Examples
    --------
    >>> import dagster_nb as dnb
    >>> with dnb.demo() as demo:  # doctest: +SKIP
    ...     demo.client.runs(status="FAILURE")
    """
    if not 0 <= runs <= MOST_RUNS:
        raise ValueError(f"runs={runs}: between 0 and {MOST_RUNS:,} please")
    check_dagster()
    fill = [sys.executable, "-m", "dagster_nb.sandbox.history", "--runs", str(runs), "--seed", str(seed)]
    server = Server(
        module=MODULE,
        working_directory=Path(__file__).parent,
        location=LOCATION,
        port=port,
        instance=instance_text(),
        prepare=fill,
        timeout=START_SECONDS + runs * SECONDS_A_RUN,
    )
    with tqdm(total=1.0, desc="Starting Dagster", bar_format="{desc}: {percentage:3.0f}%|{bar}| {elapsed}") as bar:

        def reach(share: float) -> None:
            bar.update(share - bar.n)

        server.start(on_progress=lambda share: reach(share * PREPARED_SHARE))
        try:
            reach(0.95)
            truth = Truth.from_json(json.loads((server.home / TRUTH_NAME).read_text(encoding="utf-8")))
            live = launch_live_runs(server)
            reach(1.0)
        except BaseException:
            server.stop()
            raise
    return Demo(server, truth, live)
