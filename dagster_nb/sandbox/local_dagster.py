"""Run a real Dagster on this machine, and stop it when it is no longer needed."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import socket
import sys
import time
import urllib.parse
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Self

from dagster_nb.errors import ConnectionFailedError, MissingExtraError, ServerError

from . import _run_dagster
from .supervised_process import SupervisedProcess, new_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

__all__ = ["DEMO_LOCATION", "LocalDagster", "check_dagster"]

DEMO_LOCATION = "shop"
# Dagster loads the demo's definitions as a separate package. If Dagster loaded `dagster_nb.sandbox.definitions`, the
# code server and the process of every run would import pandas without using it.
DEMO_CODE = ["--module-name", "definitions", "--working-directory", str(Path(__file__).parent)]
CHECK_SECONDS = 0.1
REQUEST_SECONDS = 5.0
NOT_RUNNING = "Dagster is not running."

MINIMAL_DAGSTER_YAML = """\
telemetry:
  enabled: false
nux:
  enabled: false
"""


def check_dagster() -> None:
    """Raise `MissingExtraError` if Dagster is not installed."""
    missing = [name for name in ("dagster", "dagster_webserver") if importlib.util.find_spec(name) is None]
    if missing:
        raise MissingExtraError(
            f"The demo starts a real Dagster, but cannot import {' and '.join(missing)}. "
            'Install the missing packages with: pip install "dagster_nb[demo]"'
        )


def choose_port(port: int | None) -> int:
    """Check that the port is free, or find a free one."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port or 0))
        except OSError as error:
            raise ConnectionFailedError(
                f"Port {port} is in use by another program. Choose another port, or leave `port` out to get a free one."
            ) from error
        chosen: int = probe.getsockname()[1]
        return chosen


class LocalDagster:
    """A Dagster instance with a webserver, a code server and optionally a daemon.

    `start` or a ``with`` block starts Dagster. Dagster runs until you call `stop`, until the end of the block, or until
    this Python process exits or is killed.

    Parameters
    ----------
    home
        An existing DAGSTER_HOME. If None, a temporary folder is created and removed again at the end.
    python_file
        The file with the definitions. By default, these are the demo's definitions.
    location
        The name of the code location. By default, the name of the file, or ``"shop"``.
    port
        The port of the webserver. By default, this is a free port.
    path_prefix
        The path prefix of Dagster's pages, such as ``"/x"``, in the form that their links use. By default,
        ``$DAGSTER_WEBSERVER_PATH_PREFIX`` or no prefix.
    daemon
        Whether to run a daemon. Without a daemon, runs stay queued, and schedules and sensors do nothing.
    extra_args
        Additional arguments for ``dagster-webserver``, such as ``["--read-only"]``.
    dagster_yaml
        The text of ``dagster.yaml``, if the home is temporary.
    copy
        A folder with files to copy into the home before Dagster starts.
    fill
        A command that fills the home (``$DAGSTER_HOME``) before Dagster starts. The command can print its progress from
        0 to 1, such as ``{"progress": 0.5}``, which `start` passes to ``on_progress``.
    environment
        Environment variables to set in all processes.
    python
        The Python interpreter of an environment with Dagster, but not necessarily with dagster_nb. By default, the
        current interpreter.
    timeout
        The number of seconds to wait for the first response.

    Attributes
    ----------
    url : str
        The server's root, including the path prefix.
    home : pathlib.Path
        The DAGSTER_HOME.
    port : int
        The port of the webserver.

    Examples
    --------
    >>> import dagster_nb as dnb
    >>> from dagster_nb.sandbox.local_dagster import LocalDagster
    >>> with LocalDagster(daemon=False) as dagster:  # doctest: +SKIP
    ...     dnb.connect(dagster.url).version
    '1.13.28'
    """

    def __init__(
        self,
        home: str | os.PathLike[str] | None = None,
        *,
        python_file: str | os.PathLike[str] | None = None,
        location: str | None = None,
        port: int | None = None,
        path_prefix: str | None = None,
        daemon: bool = True,
        extra_args: Sequence[str] = (),
        dagster_yaml: str = MINIMAL_DAGSTER_YAML,
        copy: str | os.PathLike[str] | None = None,
        fill: Sequence[str] | None = None,
        environment: Mapping[str, str] | None = None,
        python: str | os.PathLike[str] | None = None,
        timeout: float = 120.0,
    ) -> None:
        self.location = location or (Path(python_file).name if python_file else DEMO_LOCATION)
        self.path_prefix = os.environ.get("DAGSTER_WEBSERVER_PATH_PREFIX", "") if path_prefix is None else path_prefix
        self.port = choose_port(port)
        self._folder = new_folder()
        self.home = self._folder / "home" if home is None else Path(home).resolve()
        self._command = [
            str(python or sys.executable),
            "-P",
            _run_dagster.__file__,
            str(self._folder / "settings.json"),
        ]
        self._needs_dagster = python is None
        self._environment = {"DAGSTER_HOME": str(self.home), **(environment or {})}
        self._timeout = timeout
        self._process: SupervisedProcess | None = None

        code = ["--python-file", str(python_file)] if python_file else DEMO_CODE
        server_socket, workspace = str(self._folder / "s"), str(self._folder / "workspace.yaml")
        settings = {
            "socket": server_socket,
            "copy": str(copy) if copy else None,
            "fill": list(fill) if fill else None,
            "code_server": [
                *["api", "grpc", "--lazy-load-user-code", "--use-python-environment-entry-point", *code],
                *["--socket", server_socket, "--location-name", self.location, "--log-level", "warning"],
            ],
            "webserver": [
                *["--workspace", workspace, "--host", "127.0.0.1", "--port", str(self.port)],
                *["--path-prefix", self.path_prefix, *extra_args],
            ],
            "daemon": ["run", "--workspace", workspace] if daemon else None,
        }
        grpc_server = {"socket": server_socket, "location_name": self.location}
        self._files = {
            self._folder / "settings.json": json.dumps(settings),
            # JSON is valid YAML, and json.dumps quotes all strings correctly.
            Path(workspace): json.dumps({"load_from": [{"grpc_server": grpc_server}]}),
        }
        if home is None:
            self._files[self.home / "dagster.yaml"] = dagster_yaml

    @property
    def url(self) -> str:
        """The server's root, including the path prefix."""
        # The webserver decodes the path of a request, but not its own prefix, so the URL has to quote the prefix.
        return f"http://127.0.0.1:{self.port}{urllib.parse.quote(self.path_prefix)}"

    @property
    def running(self) -> bool:
        """Whether Dagster's processes are running."""
        return self._process is not None and self._process.running

    @property
    def pid(self) -> int | None:
        """The id of the parent of all Dagster processes, or None if Dagster is not running."""
        return self._process.pid if self._process else None

    def start(self, on_progress: Callable[[float], object] | None = None) -> Self:
        """Start Dagster, and wait for the first response.

        Parameters
        ----------
        on_progress
            A function to call with the progress of ``fill``, from 0 to 1.

        Returns
        -------
        LocalDagster
            This object.

        Raises
        ------
        MissingExtraError
            If Dagster is not installed.
        ConnectionFailedError
            If the port is in use.
        ServerError
            If Dagster did not start. The message ends with the last lines of the log.
        """
        if self.running:
            return self
        if self._needs_dagster:
            check_dagster()
        choose_port(self.port)
        self._process = SupervisedProcess(
            self._command, folder=self._folder, files=self._files, environment=self._environment
        )
        try:
            self._wait_for_response(self._process, on_progress)
        except BaseException:
            self.stop()
            raise
        return self

    def exit_reason(self, timeout: float = 0.0) -> str | None:
        """Return why Dagster exited, with the last lines of its log, or None while Dagster is running.

        Parameters
        ----------
        timeout
            The number of seconds to wait for Dagster to exit.
        """
        if self._process is None:
            return NOT_RUNNING
        ended = self._process.wait(timeout)
        if ended is None:
            return None
        if ended.code is None:
            return "Dagster's processes were killed."
        return f"Dagster's process exited with code {ended.code}. The last lines of its log:\n{ended.log}"

    def stop(self) -> None:
        """Stop all processes and remove a temporary home. Do nothing if Dagster is not running."""
        if self._process is not None:
            self._process.close()
            self._process = None

    def log(self) -> str:
        """Return the last lines of the log."""
        return self._process.log() if self._process else ""

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *exc_info: object) -> None:
        self.stop()

    def __repr__(self) -> str:
        return f"<LocalDagster {self.url} {'running' if self.running else 'stopped'}>"

    def _wait_for_response(self, process: SupervisedProcess, on_progress: Callable[[float], object] | None) -> None:
        deadline = time.monotonic() + self._timeout
        while time.monotonic() < deadline:
            for message in process.read_messages(CHECK_SECONDS):
                if on_progress:
                    on_progress(message["progress"])
            if process.exit is not None:
                raise ServerError(
                    "Dagster stopped before it responded to a request. Fix the cause, then start Dagster again. "
                    f"{self.exit_reason()}"
                )
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"{self.url}/server_info", timeout=REQUEST_SECONDS).close()  # noqa: S310
                return
        raise ServerError(
            f"Dagster did not respond at {self.url} within {self._timeout:.0f} s. On a busy machine, set a longer "
            f"`timeout`. The last lines of its log:\n{process.log()}"
        )
