"""A real Dagster, started for as long as it is needed."""

from __future__ import annotations

import atexit
import contextlib
import importlib.util
import json
import os
import socket
import sys
import tempfile
import time
import urllib.parse
import urllib.request
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from dagster_nb.errors import ConnectionFailedError, MissingExtraError, ServerError

from . import _service
from ._keeper import Keeper
from ._supervisor import PREPARED_NAME

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["Server", "check_dagster", "graphql"]

DEMO_MODULE = "dagster_nb.sandbox.definitions"
LOG_LINES = 25

PLAIN_INSTANCE = """\
telemetry:
  enabled: false
nux:
  enabled: false
"""


def check_dagster() -> None:
    """Make sure that a Dagster can be started at all.

    Raises
    ------
    MissingExtraError
        When Dagster is not installed.
    """
    missing = [name for name in ("dagster", "dagster_webserver") if importlib.util.find_spec(name) is None]
    if missing:
        raise MissingExtraError(
            f"The demo starts a real Dagster, and {' and '.join(missing)} is not installed: "
            'pip install "dagster_nb[demo]"'
        )


def graphql(url: str, query: str, variables: dict[str, Any] | None = None, *, timeout: float = 30.0) -> dict[str, Any]:
    """Ask a local server one GraphQL question, without a client.

    Parameters
    ----------
    url
        The server's root, path prefix included.
    query, variables
        The document.
    timeout
        Seconds.

    Returns
    -------
    dict
        The answer's ``data``.

    Raises
    ------
    OSError
        Nothing answered (yet).
    ServerError
        The answer holds errors.
    """
    body = json.dumps({"query": query, "variables": variables or {}}).encode()
    request = urllib.request.Request(f"{url}/graphql", body, {"Content-Type": "application/json"})  # noqa: S310
    with urllib.request.urlopen(request, timeout=timeout) as response:  # noqa: S310 - http, on this machine
        answer: dict[str, Any] = json.load(response)
    if answer.get("errors"):
        raise ServerError(str(answer["errors"][0]["message"]))
    data: dict[str, Any] = answer["data"]
    return data


def choose_port(port: int | None) -> int:
    """Check that the port is free, or find one that is."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port or 0))
        except OSError as error:
            raise ConnectionFailedError(
                f"Port {port} is taken by another program; name another one, or leave `port` out to get a free one."
            ) from error
        chosen: int = probe.getsockname()[1]
        return chosen


class Server:
    """A webserver, its code server and a daemon, as processes of their own.

    Everything ends with `stop`, with the ``with`` block, at the end of the interpreter, and when the interpreter is
    killed. Started on demand: `start`, or entering the ``with`` block.

    Parameters
    ----------
    home
        An existing DAGSTER_HOME to serve, which is kept; None makes a temporary one, which is removed.
    module, python_file
        Where the definitions are; ``python_file`` wins. Default: those of the demo.
    working_directory
        Where the module is imported from.
    location
        The name of the code location; the module's, or the file's, unless given.
    port
        A free one unless given.
    path_prefix
        Where the pages start, such as ``"/x"``, as their links have it. Default: ``$DAGSTER_WEBSERVER_PATH_PREFIX``,
        else none.
    daemon
        Whether to run a daemon. Without one, runs stay queued and nothing is launched by itself.
    reloadable
        Whether reloading the location imports its code anew; costs a further process.
    extra_args
        Further arguments of ``dagster-webserver``, such as ``["--read-only"]``.
    instance
        Text of the ``dagster.yaml`` of a temporary home.
    prepare
        A command that fills the home first; it finds it in ``$DAGSTER_HOME``, and each number from 0 to 1 that it
        prints as ``{"progress": 0.5}`` arrives at ``on_progress``.
    environment
        Added to the environment of all processes.
    python
        The interpreter of an environment that has Dagster, which need not have this package. Default: this one.
    timeout
        Seconds to wait for the first answer.
    lent
        Descriptors that stay open as long as any of its processes is there, such as that of a lock.

    Attributes
    ----------
    url : str
        The server's root, path prefix included.
    home : pathlib.Path
        Its DAGSTER_HOME.
    port : int

    Examples
    --------
    >>> from dagster_nb.sandbox.server import Server, graphql
    >>> with Server(daemon=False) as server:  # doctest: +SKIP
    ...     graphql(server.url, "{ version }")
    {'version': '1.13.28'}
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
        instance: str = PLAIN_INSTANCE,
        prepare: Sequence[str] | None = None,
        environment: dict[str, str] | None = None,
        python: str | os.PathLike[str] | None = None,
        timeout: float = 120.0,
        lent: Sequence[int] = (),
    ) -> None:
        self.module = module
        self.working_directory = working_directory
        self.python_file = python_file
        self.location = location or (Path(python_file).name if python_file else module)
        self.path_prefix = os.environ.get("DAGSTER_WEBSERVER_PATH_PREFIX", "") if path_prefix is None else path_prefix
        self.daemon = daemon
        self.reloadable = reloadable
        self.extra_args = list(extra_args)
        self.instance = instance
        self.prepare = list(prepare) if prepare else None
        self.environment = dict(environment or {})
        self.python = python
        self.timeout = timeout
        self.lent = tuple(lent)
        self.port = choose_port(port)
        # Short: the path of a socket must fit into 104 bytes.
        self._folder = Path(tempfile.gettempdir()) / f"dagster_nb-{uuid.uuid4().hex[:12]}"
        self._temporary = home is None
        self.home = self._folder / "home" if home is None else Path(home).resolve()
        self._keeper: Keeper | None = None

    @property
    def url(self) -> str:
        """The root, path prefix included."""
        # The webserver compares its prefix, as it is, with the decoded path of a request.
        return f"http://127.0.0.1:{self.port}{urllib.parse.quote(self.path_prefix)}"

    @property
    def running(self) -> bool:
        """Whether its processes are there."""
        return self._keeper is not None and self._keeper.alive

    def start(self, on_progress: Callable[[float], object] | None = None) -> Self:
        """Start, and wait for the first answer.

        Parameters
        ----------
        on_progress
            Called with what ``prepare`` says, from 0 to 1.

        Returns
        -------
        Server
            Itself.

        Raises
        ------
        MissingExtraError
            Dagster is not installed.
        ConnectionFailedError
            The port is taken.
        ServerError
            It did not come up; the message ends with the last lines of its log.
        """
        if self.running:
            return self
        if self.python is None:
            check_dagster()
        choose_port(self.port)
        self._keeper = Keeper(self._order(), lent=self.lent)
        atexit.register(self.stop)
        try:
            self._wait_until_up(self._keeper, on_progress)
        except BaseException:
            self.stop()
            raise
        return self

    def exit_reason(self) -> str | None:
        """Wait a second for the end of its processes.

        Returns
        -------
        str or None
            Why they ended, with the last lines of their log; None while they are there.
        """
        return "It does not run." if self._keeper is None else self._keeper.exit_reason()

    def wait(self) -> str:
        """Wait until its processes have ended, and return why they did."""
        while (why := self.exit_reason()) is None:
            pass
        return why

    def stop(self) -> None:
        """Stop every process, and remove the home if it is a temporary one; twice is once."""
        atexit.unregister(self.stop)
        if self._keeper is not None:
            self._keeper.close()
            self._keeper = None

    def log(self, lines: int = LOG_LINES) -> str:
        """Read the last lines that its processes wrote."""
        return self._keeper.log(lines) if self._keeper else ""

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *exc_info: object) -> None:
        self.stop()

    def __repr__(self) -> str:
        return f"<Server {self.url} {'running' if self.running else 'stopped'}>"

    def _order(self) -> dict[str, Any]:
        address = str(self._folder / "s")
        workspace = self._folder / "workspace.yaml"
        grpc_server = {"socket": address, "location_name": self.location}
        # JSON is YAML, and needs no quoting rules.
        files = {str(workspace): json.dumps({"load_from": [{"grpc_server": grpc_server}]})}
        if self._temporary:
            files[str(self.home / "dagster.yaml")] = self.instance
        code = ["--python-file", str(self.python_file)] if self.python_file else ["--module-name", self.module]
        if self.working_directory:
            code += ["--working-directory", str(self.working_directory)]
        serve = ["code-server", "start"] if self.reloadable else ["api", "grpc", "--lazy-load-user-code"]
        service = [str(self.python or sys.executable), "-P", _service.__file__]
        prepared = str(self._folder / PREPARED_NAME)
        services = {
            "code": [
                *service, "code", prepared, "--", *serve, "--socket", address, "--location-name", self.location,
                "--log-level", "warning", "--use-python-environment-entry-point", *code,
            ],
            "webserver": [
                *service, "webserver", address, "--", "--workspace", str(workspace), "--host", "127.0.0.1",
                "--port", str(self.port), "--path-prefix", self.path_prefix, *self.extra_args,
            ],
        }  # fmt: skip
        if self.daemon:
            services["daemon"] = [*service, "daemon", address, "--", "run", "--workspace", str(workspace)]
        return {
            "folder": str(self._folder),
            "files": files,
            "prepare": self.prepare,
            "services": services,
            "restart": ["code"],
            "environment": {"DAGSTER_HOME": str(self.home), **self.environment},
            "grace_seconds": 0.0 if self._temporary else 10.0,
        }

    def _wait_until_up(self, keeper: Keeper, on_progress: Callable[[float], object] | None) -> None:
        until = time.monotonic() + self.timeout
        while time.monotonic() < until:
            try:
                messages = keeper.messages()
            except EOFError as error:
                raise ServerError(f"Dagster did not start. {error}") from None
            for message in messages:
                if on_progress and "progress" in message:
                    on_progress(message["progress"])
            with contextlib.suppress(OSError):
                graphql(self.url, "{ version }", timeout=5.0)
                return
        raise ServerError(
            f"Dagster did not answer at {self.url} within {self.timeout:.0f} s. A busy machine may need a longer "
            f"`timeout`. The last lines of its log:\n{keeper.log(LOG_LINES)}"
        )
