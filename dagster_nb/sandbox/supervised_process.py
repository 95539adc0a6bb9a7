"""Run a process that is stopped when this Python process exits, for whatever reason."""

from __future__ import annotations

import contextlib
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from . import _supervisor

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["ProcessExit", "SupervisedProcess", "new_folder"]

STOP_SECONDS = 30.0


def new_folder() -> Path:
    """Return the path of a new temporary folder. The path is short, because a socket's path is limited to 104 bytes."""
    return Path(tempfile.gettempdir()) / f"dagster_nb-{uuid.uuid4().hex[:12]}"


@dataclass(frozen=True)
class ProcessExit:
    """The exit code of a process (negative for a signal, None if unknown) and the last lines of its log."""

    code: int | None
    log: str


class SupervisedProcess:
    """A command that runs under a small supervisor process until `close` is called or this Python process exits.

    Parameters
    ----------
    command
        The command and its arguments. Each line that the command writes to standard output must be a JSON object.
    folder
        The folder to create, which contains the log and is removed at the end. See `new_folder`.
    files
        The paths and contents of files to write before the command starts.
    environment
        Environment variables to add.
    grace_seconds
        The number of seconds that the command may take to exit after SIGTERM. If 0, it is killed immediately.
    show_output
        Whether the command's output goes to the standard error of this process. If False, its standard error goes to
        the log.

    Attributes
    ----------
    exit : ProcessExit or None
        How the command exited. None until `read_messages` notices the exit.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        folder: Path,
        files: Mapping[Path, str] | None = None,
        environment: Mapping[str, str] | None = None,
        grace_seconds: float = 0.0,
        show_output: bool = False,
    ) -> None:
        self.folder = folder
        self.exit: ProcessExit | None = None
        self._owner = os.getpid()
        self._grace_seconds = grace_seconds
        self._group: int | None = None
        self._supervisor = subprocess.Popen(  # noqa: S603 - our own script
            # -P prevents modules next to the script from hiding other modules. -S makes the start faster, and is
            # possible because the script needs no installed packages.
            [sys.executable, "-P", "-S", _supervisor.__file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,  # otherwise, lines could stay in a buffer that `select` does not see
            start_new_session=True,
        )
        order = {
            "folder": str(folder),
            "files": {str(path): text for path, text in (files or {}).items()},
            "command": list(command),
            "environment": dict(environment or {}),
            "grace_seconds": grace_seconds,
            "show_output": show_output,
        }
        self._stdin.write(json.dumps(order).encode() + b"\n")

    @property
    def pid(self) -> int:
        """The process id of the supervisor, which is the parent of the command and of the processes it starts."""
        return self._supervisor.pid

    @property
    def running(self) -> bool:
        """Whether the command is running, according to the messages so far."""
        return self.exit is None and self._supervisor.poll() is None

    def read_messages(self, timeout: float = 0.0) -> list[dict[str, Any]]:
        """Return the messages that the command has written to standard output.

        Parameters
        ----------
        timeout
            The number of seconds to wait for the first message.
        """
        messages: list[dict[str, Any]] = []
        while self.exit is None:
            if select.select([self._stdout], [], [], timeout)[0]:
                line = self._stdout.readline()
            elif self.running:
                break
            else:  # the supervisor was killed, but the command keeps the pipe open
                line = b""
            message: dict[str, Any] = json.loads(line) if line else {"ended": None, "log": ""}
            if "group" in message:
                self._group = message["group"]
            elif "ended" in message:
                self.exit = ProcessExit(message["ended"], message["log"])
            else:
                messages.append(message)
                timeout = 0.0
        return messages

    def wait(self, timeout: float) -> ProcessExit | None:
        """Wait up to ``timeout`` seconds for the command to exit. Return None if it is still running."""
        self.read_messages(timeout)
        return self.exit

    def log(self) -> str:
        """Return the last lines of the command's log."""
        try:
            return _supervisor.last_lines(self.folder / _supervisor.LOG_NAME)
        except OSError:
            return self.exit.log if self.exit else ""

    def close(self) -> None:
        """Stop the command and all processes that it started, and remove the folder."""
        # A forked child process has a copy of this object but must not stop the command.
        if os.getpid() != self._owner or self._stdout.closed:
            return
        self.read_messages()
        self._stdin.close()
        try:
            self._supervisor.wait(timeout=STOP_SECONDS + self._grace_seconds)
        except subprocess.TimeoutExpired:
            self._supervisor.kill()
            self._supervisor.wait()
        if self.folder.exists():  # the supervisor was killed
            if self._group is not None:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(self._group, signal.SIGKILL)
            shutil.rmtree(self.folder, ignore_errors=True)
        self._stdout.close()

    @property
    def _stdin(self) -> IO[bytes]:
        if self._supervisor.stdin is None:
            raise AssertionError("the supervisor was started without a pipe. Start it with stdin=PIPE and stdout=PIPE")
        return self._supervisor.stdin

    @property
    def _stdout(self) -> IO[bytes]:
        if self._supervisor.stdout is None:
            raise AssertionError("the supervisor was started without a pipe. Start it with stdin=PIPE and stdout=PIPE")
        return self._supervisor.stdout
