"""``dnb.demo()``: a real Dagster to try things on."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Self

from tqdm.auto import tqdm

from .server import Server, check_dagster

if TYPE_CHECKING:
    from pathlib import Path

    from dagster_nb import DagsterClient

__all__ = ["Demo", "demo"]

INSTANCE = """\
telemetry:
  enabled: false
run_coordinator:
  module: dagster.core.run_coordinator
  class: QueuedRunCoordinator
  config:
    max_concurrent_runs: 6
    dequeue_interval_seconds: 1
    tag_concurrency_limits:
      - key: shop/stream
        limit: 1
        value:
          applyLimitPerUniqueValue: true
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
    """

    def __init__(self, server: Server) -> None:
        self._server = server
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
        How many finished runs, up to 100,000.
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
    check_dagster()
    with tqdm(total=1.0, desc="Starting Dagster", bar_format="{l_bar}{bar}| {elapsed}") as bar:
        server = Server(port=port, instance=INSTANCE).start()
        bar.update(1.0)
    return Demo(server)
