"""The owner's end of the pipe to a supervisor."""

from __future__ import annotations

import contextlib
import json
import os
import select
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from . import _supervisor

if TYPE_CHECKING:
    from collections.abc import Sequence

STOP_SECONDS = 30.0
LOOK_SECONDS = 0.1
IDLE_SECONDS = 1.0


class Keeper:
    """A running supervisor.

    Parameters
    ----------
    order
        The fields of `_supervisor.Order`.
    lent
        Descriptors that the supervisor holds open too, such as that of a lock: it may live a little longer than its
        owner.
    """

    def __init__(self, order: dict[str, Any], *, lent: Sequence[int] = ()) -> None:
        self.folder = Path(order["folder"])
        self._owner = os.getpid()
        self._groups: list[int] = []
        self._why = "The process that keeps it ended without a word."
        self._process = subprocess.Popen(  # noqa: S603 - our own script
            # -P: the script's own folder holds modules of plain names; -S: it needs no installed package
            [sys.executable, "-P", "-S", _supervisor.__file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
            pass_fds=lent,
        )
        if self._process.stdin is None or self._process.stdout is None:
            raise AssertionError("asked for two pipes")
        self._orders: IO[bytes] = self._process.stdin
        self._answers: IO[bytes] = self._process.stdout
        self._orders.write(json.dumps(order).encode() + b"\n")
        self._orders.flush()

    @property
    def pid(self) -> int:
        """The supervisor's process id."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether the supervisor is there."""
        return self._process.poll() is None

    def messages(self, wait: float = LOOK_SECONDS) -> list[dict[str, Any]]:
        """Wait a moment for what the supervisor says.

        Parameters
        ----------
        wait
            The most seconds.

        Raises
        ------
        EOFError
            It has ended; the message says why.
        """
        messages: list[dict[str, Any]] = []
        while select.select([self._answers.fileno()], [], [], wait)[0]:
            line = self._answers.readline()
            if not line:
                if messages:  # its last words; the next call finds the end again
                    break
                raise EOFError(self._why)
            message = json.loads(line)
            self._groups = message.get("groups", self._groups)
            if "failed" in message:
                self._why = (
                    f"Its {message['failed']} ended with code {message['code']}. "
                    f"The last lines of its log say why:\n{message['log']}"
                )
            messages.append(message)
            wait = 0.0
        return messages

    def exit_reason(self) -> str | None:
        """Wait a moment for the supervisor's end, and return why it came; None while there is none."""
        try:
            self.messages(IDLE_SECONDS)
        except EOFError as error:
            return str(error)
        return None

    def close(self) -> None:
        """Have everything stopped and removed."""
        # A forked child holds a copy of this object; the server is not its to stop.
        if os.getpid() != self._owner:
            return
        with contextlib.suppress(OSError):
            self._orders.close()
        try:
            self._process.wait(timeout=STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self.folder.exists():  # the supervisor was killed
            for group in self._groups:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(group, signal.SIGKILL)
            shutil.rmtree(self.folder, ignore_errors=True)
        self._answers.close()

    def log(self, lines: int) -> str:
        """Read the last lines that the processes wrote."""
        try:
            text = (self.folder / _supervisor.LOG_NAME).read_text(encoding="utf-8", errors="replace")
        except OSError:
            return ""
        return "\n".join(text.splitlines()[-lines:])
