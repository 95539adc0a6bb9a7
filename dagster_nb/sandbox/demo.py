"""Implement ``dnb.demo()``, which starts a real Dagster so that users can try things out."""

from __future__ import annotations

import datetime as dt
import html
import json
import sys
from typing import TYPE_CHECKING, Self

from tqdm.auto import tqdm

from dagster_nb.client.connect import connect

from .history.cache import HistoryCache
from .history.ground_truth import FILE_NAME, GroundTruth
from .history.plan import MAX_RUNS
from .local_dagster import LocalDagster, check_dagster
from .unfinished_runs import CONCURRENCY_TAG, launch_unfinished_runs, wait_for_statuses

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from dagster_nb.client.sync_client import DagsterClient

__all__ = ["START_SECONDS", "Demo", "dagster_yaml", "demo", "start_demo"]

STATUS_SECONDS = 90.0
START_SECONDS, SECONDS_PER_RUN = 180.0, 0.02
MAX_CONCURRENT_RUNS = 6
# The progress after filling the DAGSTER_HOME and after starting Dagster.
FILLED, STARTED = 0.5, 0.95


def dagster_yaml(max_concurrent_runs: int = MAX_CONCURRENT_RUNS) -> str:
    """Return the ``dagster.yaml`` of a demo.

    All event logs are in one database. Creating 2,000 runs takes seconds and 60 MB with one database, but three minutes
    and 300 MB with Dagster's default of one file per run. With a single database, there is also no need for a second
    copy of the asset events.

    Parameters
    ----------
    max_concurrent_runs
        The maximum number of concurrent runs. Other runs wait in the queue.
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
    max_concurrent_runs: {max_concurrent_runs}
    dequeue_interval_seconds: 1
    tag_concurrency_limits:
      - key: {CONCURRENCY_TAG}
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
    """A running demo, which the function `demo` starts.

    Attributes
    ----------
    url : str
        The address to open in a browser.
    home : pathlib.Path
        The DAGSTER_HOME. `stop` removes it.
    client : DagsterClient
        A client of this Dagster, which connects when it is first used.
    truth : GroundTruth
        The facts that are known about the history.
    unfinished_runs : Mapping[str, str]
        The ids of the unfinished runs, with their statuses. Each run reaches its status a few seconds after the start,
        and stays in it.
    """

    def __init__(self, dagster: LocalDagster, truth: GroundTruth, unfinished_runs: Mapping[str, str]) -> None:
        self.truth = truth
        self.unfinished_runs = unfinished_runs
        self._dagster = dagster
        self._client: DagsterClient | None = None

    @property
    def url(self) -> str:
        """The address to open in a browser."""
        return self._dagster.url

    @property
    def home(self) -> Path:
        """The DAGSTER_HOME."""
        return self._dagster.home

    @property
    def client(self) -> DagsterClient:
        """A client of this Dagster, which connects when it is first used."""
        if self._client is None:
            self._client = connect(self.url)
        return self._client

    def wait_for_unfinished_runs(self, timeout: float = STATUS_SECONDS) -> None:
        """Wait until each of the unfinished runs has reached its status.

        Parameters
        ----------
        timeout
            The number of seconds to wait.

        Raises
        ------
        WaitTimeoutError
            If a run has not reached its status within ``timeout``.
        """
        wait_for_statuses(self.client, self.unfinished_runs, timeout=timeout)

    def exit_reason(self, timeout: float = 0.0) -> str | None:
        """Return the reason why Dagster exited unexpectedly, or None while Dagster is running.

        Parameters
        ----------
        timeout
            The number of seconds to wait for Dagster to exit.
        """
        return self._dagster.exit_reason(timeout)

    def stop(self) -> None:
        """Stop all processes and remove the temporary folder. Do nothing if the demo is already stopped."""
        if self._client is not None:
            self._client.close()
            self._client = None
        self._dagster.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.stop()

    def __repr__(self) -> str:
        return f"<Demo {self.url}>" if self._dagster.running else "<Demo stopped>"

    def _repr_html_(self) -> str:
        if not self._dagster.running:
            return "<p>Demo, stopped.</p>"
        url = html.escape(self.url)
        return f'<p>A real Dagster at <a href="{url}" target="_blank" rel="noopener">{url}</a>.</p>'


def demo(*, runs: int = 2000, seed: int = 0, port: int | None = None) -> Demo:
    """Start a real Dagster with ninety days of run history.

    Dagster runs until you call `Demo.stop`, until the end of the ``with`` block, or until this Python process exits or
    is killed.

    Parameters
    ----------
    runs
        The number of finished runs, up to 100,000. If there are more than 10,000 runs, most of the older runs have no
        event log; only failed runs, re-executions and runs of a partition do.
    seed
        The seed of the random history. The same seed produces the same history.
    port
        The port of the webserver. By default, this is a free port.

    Returns
    -------
    Demo
        A context manager with ``client`` and ``url``.

    Raises
    ------
    ValueError
        If ``runs`` is out of range.
    MissingExtraError
        If Dagster is not installed. The message contains the ``pip install`` command.
    ConnectionFailedError
        If the port is already in use.
    ServerError
        If Dagster did not start. The message ends with the last lines of the log.

    Examples
    --------
    >>> import dagster_nb as dnb
    >>> with dnb.demo() as demo:  # doctest: +SKIP
    ...     demo.client.runs(status="FAILURE")
    """
    # Raise errors about arguments and missing packages before a progress bar appears.
    _check(runs)
    with tqdm(total=1.0, bar_format="{desc}: {percentage:3.0f}%|{bar}| {elapsed}") as bar:

        def show(step: str, progress: float) -> None:
            bar.set_description_str(step)
            bar.update(progress - bar.n)

        started = start_demo(runs=runs, seed=seed, port=port, on_progress=show)
        show("Dagster started", 1.0)
    return started


def start_demo(
    *, runs: int = 2000, seed: int = 0, port: int | None = None, on_progress: Callable[[str, float], object]
) -> Demo:
    """Start the demo's processes.

    Parameters
    ----------
    runs, seed, port
        See `demo`.
    on_progress
        A function to call with the current step, such as ``"Starting Dagster"``, and the progress from 0 to 1.
    """
    _check(runs)
    cached = HistoryCache(runs=runs, seed=seed).find_recent(dt.datetime.now(dt.UTC))
    arguments = ["--runs", str(runs), "--seed", str(seed)]
    dagster = LocalDagster(
        port=port,
        dagster_yaml=dagster_yaml(),
        copy=cached,
        fill=None if cached else [sys.executable, "-m", "dagster_nb.sandbox.history", *arguments],
        timeout=START_SECONDS + runs * SECONDS_PER_RUN,
    )

    def show_filling(share: float) -> None:
        on_progress(
            "Writing the run history (the next start is faster)" if share < 1 else "Starting Dagster", share * FILLED
        )

    show_filling(1.0 if cached else 0.0)
    dagster.start(show_filling)
    try:
        on_progress("Launching runs", STARTED)
        truth = GroundTruth.from_json(json.loads((dagster.home / FILE_NAME).read_text(encoding="utf-8")))
        with connect(dagster.url, progress=False) as client:
            return Demo(dagster, truth, launch_unfinished_runs(client))
    except BaseException:
        dagster.stop()
        raise


def _check(runs: int) -> None:
    if not 0 <= runs <= MAX_RUNS:
        raise ValueError(f"runs must be between 0 and {MAX_RUNS:,}, got {runs:,}")
    check_dagster()
