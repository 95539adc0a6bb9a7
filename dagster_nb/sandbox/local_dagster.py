"""A real Dagster on this machine, for as long as it is needed."""

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

__all__ = ["LocalDagster", "check_dagster"]

DEMO_MODULE = "dagster_nb.sandbox.definitions"
CHECK_SECONDS = 0.1
REQUEST_SECONDS = 5.0
NOT_RUNNING = "It is not running."

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
            f"The demo starts a real Dagster, but {' and '.join(missing)} is not installed. "
            'Install it with: pip install "dagster_nb[demo]"'
        )


def choose_port(port: int | None) -> int:
    """Check that the port is free, or find one that is."""
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
    """A Dagster with a webserver, a code server and, if wanted, a daemon.

    It starts with `start` or with a ``with`` block, and ends with `stop`, with the block, or with this Python, even if
    that is killed.

    Parameters
    ----------
    home
        An existing DAGSTER_HOME to serve, which is kept. None creates a temporary one, which is removed at the end.
    module, python_file
        Where the definitions are; ``python_file`` takes precedence. Default: those of the demo.
    working_directory
        Where the module is imported from.
    location
        The name of the code location. Default: the name of the module or of the file.
    port
        Default: a free one.
    path_prefix
        Where Dagster's pages start, such as ``"/x"``, as they have it in their links. Default:
        ``$DAGSTER_WEBSERVER_PATH_PREFIX``, else none.
    daemon
        Whether to run a daemon. Without one, runs stay queued, and schedules and sensors do nothing.
    reloadable
        Whether reloading the location imports its code again; costs one more process.
    extra_args
        Further arguments of ``dagster-webserver``, such as ``["--read-only"]``.
    dagster_yaml
        Text of the ``dagster.yaml`` of a temporary home.
    copy
        A folder whose content is copied into the home first.
    fill
        A command that fills the home first, which it finds in ``$DAGSTER_HOME``. A number from 0 to 1 that it prints as
        ``{"progress": 0.5}`` goes to ``on_progress``.
    environment
        Environment variables to add for all processes.
    python
        The interpreter of an environment that has Dagster; it need not have this package. Default: this one.
    timeout
        Seconds to wait for the first response.

    Attributes
    ----------
    url : str
        The server's root, path prefix included.
    home : pathlib.Path
        Its DAGSTER_HOME.
    port : int

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
        module: str = DEMO_MODULE,
        working_directory: str | os.PathLike[str] | None = None,
        python_file: str | os.PathLike[str] | None = None,
        location: str | None = None,
        port: int | None = None,
        path_prefix: str | None = None,
        daemon: bool = True,
        reloadable: bool = False,
        extra_args: Sequence[str] = (),
        dagster_yaml: str = MINIMAL_DAGSTER_YAML,
        copy: str | os.PathLike[str] | None = None,
        fill: Sequence[str] | None = None,
        environment: Mapping[str, str] | None = None,
        python: str | os.PathLike[str] | None = None,
        timeout: float = 120.0,
    ) -> None:
        self.location = location or (Path(python_file).name if python_file else module)
        self.path_prefix = os.environ.get("DAGSTER_WEBSERVER_PATH_PREFIX", "") if path_prefix is None else path_prefix
        self.daemon = daemon
        self.reloadable = reloadable
        self.extra_args = list(extra_args)
        self.dagster_yaml = dagster_yaml
        self.copy = copy
        self.fill = list(fill) if fill else None
        self.environment = dict(environment or {})
        self.python = python
        self.timeout = timeout
        self.port = choose_port(port)
        self._code = ["--python-file", str(python_file)] if python_file else ["--module-name", module]
        if working_directory:
            self._code += ["--working-directory", str(working_directory)]
        self._folder = new_folder()
        self._temporary = home is None
        self.home = self._folder / "home" if home is None else Path(home).resolve()
        self._process: SupervisedProcess | None = None

    @property
    def url(self) -> str:
        """The server's root, path prefix included."""
        # The webserver compares its prefix, as it is, with the decoded path of a request.
        return f"http://127.0.0.1:{self.port}{urllib.parse.quote(self.path_prefix)}"

    @property
    def running(self) -> bool:
        """Whether its processes are running."""
        return self._process is not None and self._process.running

    @property
    def pid(self) -> int | None:
        """The id of the process whose children all of its processes are; None if it is not running."""
        return self._process.pid if self._process else None

    def start(self, on_progress: Callable[[float], object] | None = None) -> Self:
        """Start, and wait for the first response.

        Parameters
        ----------
        on_progress
            Called with the progress of ``fill``, from 0 to 1.

        Returns
        -------
        LocalDagster
            Itself.

        Raises
        ------
        MissingExtraError
            If Dagster is not installed.
        ConnectionFailedError
            If the port is in use.
        ServerError
            If it did not start; the message ends with the last lines of its log.
        """
        if self.running:
            return self
        if self.python is None:
            check_dagster()
        choose_port(self.port)
        settings = self._folder / "settings.json"
        self._process = SupervisedProcess(
            [str(self.python or sys.executable), "-P", _run_dagster.__file__, str(settings)],
            folder=self._folder,
            files={settings: json.dumps(self._settings()), **self._configuration()},
            environment={"DAGSTER_HOME": str(self.home), **self.environment},
        )
        try:
            self._wait_for_response(self._process, on_progress)
        except BaseException:
            self.stop()
            raise
        return self

    def exit_reason(self, timeout: float = 0.0) -> str | None:
        """Return why its processes ended, with the last lines of their log; None while they are running.

        Parameters
        ----------
        timeout
            Seconds to wait for their end.
        """
        if self._process is None:
            return NOT_RUNNING
        ended = self._process.wait(timeout)
        if ended is None:
            return None
        if ended.code is None:
            return "The process that supervises it was killed."
        return f"Its process ended with code {ended.code}. The last lines of its log:\n{ended.log}"

    def stop(self) -> None:
        """Stop every process, and remove a temporary home. Does nothing if it is not running."""
        if self._process is not None:
            self._process.close()
            self._process = None

    def log(self) -> str:
        """Return the last lines that its processes have written."""
        return self._process.log() if self._process else ""

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *exc_info: object) -> None:
        self.stop()

    def __repr__(self) -> str:
        return f"<LocalDagster {self.url} {'running' if self.running else 'stopped'}>"

    @property
    def _socket(self) -> Path:
        return self._folder / "s"

    @property
    def _workspace(self) -> Path:
        return self._folder / "workspace.yaml"

    def _configuration(self) -> dict[Path, str]:
        """Return Dagster's own configuration files."""
        grpc_server = {"socket": str(self._socket), "location_name": self.location}
        # JSON is YAML, and needs no quoting rules.
        files = {self._workspace: json.dumps({"load_from": [{"grpc_server": grpc_server}]})}
        if self._temporary:
            files[self.home / "dagster.yaml"] = self.dagster_yaml
        return files

    def _settings(self) -> dict[str, object]:
        """Return the settings of `_run_dagster`."""
        workspace = ["--workspace", str(self._workspace)]
        serve = ["code-server", "start"] if self.reloadable else ["api", "grpc", "--lazy-load-user-code"]
        return {
            "socket": str(self._socket),
            "copy": str(self.copy) if self.copy else None,
            "fill": self.fill,
            "code_server": [
                *serve,
                *["--socket", str(self._socket)],
                *["--location-name", self.location],
                *["--log-level", "warning"],
                "--use-python-environment-entry-point",
                *self._code,
            ],
            "webserver": [
                *workspace,
                *["--host", "127.0.0.1"],
                *["--port", str(self.port)],
                *["--path-prefix", self.path_prefix],
                *self.extra_args,
            ],
            "daemon": ["run", *workspace] if self.daemon else None,
        }

    def _wait_for_response(self, process: SupervisedProcess, on_progress: Callable[[float], object] | None) -> None:
        deadline = time.monotonic() + self.timeout
        while time.monotonic() < deadline:
            for message in process.read_messages(CHECK_SECONDS):
                if on_progress:
                    on_progress(message["progress"])
            if process.exit is not None:
                raise ServerError(f"Dagster did not start. {self.exit_reason()}")
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"{self.url}/server_info", timeout=REQUEST_SECONDS).close()  # noqa: S310
                return
        raise ServerError(
            f"Dagster did not respond at {self.url} within {self.timeout:.0f} s. On a busy machine, set a longer "
            f"`timeout`. The last lines of its log:\n{process.log()}"
        )
