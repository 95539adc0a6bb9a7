"""Keep a Dagster's processes, and leave nothing behind.

Run as a script by `Server`, with nothing but the standard library, so that it stays small. It lives exactly as long
as the pipe on its standard input: a notebook kernel that is killed cannot clean up after itself, but its end of the
pipe closes, and then this process ends what it started and removes the folder that it made.

The first line of standard input is the order, as JSON; see `Order`. Messages go out as JSON lines.
"""

from __future__ import annotations

import ctypes
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

LOOK_SECONDS = 0.2
RESTART_PAUSE_SECONDS = 1.0
LOG_NAME = "server.log"
PREPARE = "prepare"
PREPARED_NAME = "prepared"
LOG_LINES = 25
# Less than a pipe holds: an owner who does not listen must not keep the end waiting.
LOG_CHARACTERS = 10_000

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36


@dataclass
class Order:
    """What to start.

    Parameters
    ----------
    folder
        A folder to make, to write the log into, and to remove at the end.
    files
        Files to write before anything starts: path and text.
    prepare
        A command that writes messages of its own to standard output, or None. Once it has succeeded, or at once when
        there is none, there is a file ``prepared`` in the folder, for which the services can wait.
    services
        Name and command of each process.
    restart
        Names of the services that start again when they end; the end of any other is the end of all.
    environment
        Added to this process's own environment.
    grace_seconds
        How long to wait after asking to stop, before killing.
    """

    folder: str
    files: dict[str, str]
    prepare: list[str] | None
    services: dict[str, list[str]]
    restart: list[str]
    environment: dict[str, str]
    grace_seconds: float


def linux_prctl(option: int, value: int) -> None:
    """Ask the kernel for what only Linux has; elsewhere do without."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0)


def die_with_parent() -> None:
    """In a child: end when the supervisor itself is killed."""
    linux_prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def tell(**message: object) -> None:
    """Send a message to the owner, if it is still there."""
    try:
        sys.stdout.write(json.dumps(message) + "\n")
        sys.stdout.flush()
    except OSError:
        pass


class StopAsked(Exception):  # noqa: N818 - not an error
    """The owner closed its pipe, died, or sent a signal."""


@dataclass
class Supervisor:
    """The processes of one order."""

    order: Order
    owner: int
    running: dict[int, str] = field(default_factory=dict)
    groups: set[int] = field(default_factory=set)

    def run(self) -> int:
        """Start, watch until something ends, clean up; returns this process's exit code."""
        code = 0
        try:
            self.start_all()
            while True:
                for name, returncode in self.look():
                    if name == PREPARE and returncode == 0:
                        (Path(self.order.folder) / PREPARED_NAME).touch()
                    elif name in self.order.restart:
                        time.sleep(RESTART_PAUSE_SECONDS)
                        self.start(name, self.order.services[name])
                    else:
                        self.fail(name, returncode)
                        return 1
        except StopAsked:
            pass
        except OSError as error:
            tell(failed="supervisor", code=1, log=str(error))
            code = 1
        finally:
            self.end()
        return code

    def start_all(self) -> None:
        """Make the folder and its files, and start every process, preparation and services side by side."""
        folder = Path(self.order.folder)
        folder.mkdir(mode=0o700)
        for name, text in self.order.files.items():
            path = Path(name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        if self.order.prepare:
            self.start(PREPARE, self.order.prepare, stdout=sys.stdout.fileno())
        else:
            (folder / PREPARED_NAME).touch()
        for name in self.order.services:
            self.start(name, self.order.services[name])
        tell(groups=sorted(self.groups))

    def start(self, name: str, command: list[str], *, stdout: int | None = None) -> None:
        """Start one process, in a process group of its own, which its own children share."""
        with (Path(self.order.folder) / LOG_NAME).open("ab") as log:
            process = subprocess.Popen(  # noqa: S603 - the owner's own order
                command,
                stdin=subprocess.DEVNULL,
                stdout=log if stdout is None else stdout,
                stderr=log,
                env={**os.environ, **self.order.environment},
                process_group=0,
                preexec_fn=die_with_parent,  # noqa: PLW1509 - this process has one thread
            )
        # Reaped by `look`, which also has to reap orphans, so Popen must not wonder about it.
        process.returncode = 0
        self.running[process.pid] = name
        self.groups.add(process.pid)

    def look(self) -> list[tuple[str, int]]:
        """Wait a moment; tell which services ended, with their exit codes."""
        if select.select([sys.stdin], [], [], LOOK_SECONDS)[0] or os.getppid() != self.owner:
            raise StopAsked
        return self.reap()

    def reap(self) -> list[tuple[str, int]]:
        """Collect whatever has ended."""
        ended: list[tuple[str, int]] = []
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return ended
            if not pid:
                return ended
            if name := self.running.pop(pid, None):
                ended.append((name, os.waitstatus_to_exitcode(status)))

    def fail(self, name: str, code: int) -> None:
        """Tell the owner why this is the end."""
        log = (Path(self.order.folder) / LOG_NAME).read_text(encoding="utf-8", errors="replace")
        tell(failed=name, code=code, log="\n".join(log.splitlines()[-LOG_LINES:])[-LOG_CHARACTERS:])

    def end(self) -> None:
        """Stop every process and remove the folder."""
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        if self.order.grace_seconds:
            self.signal_all(signal.SIGTERM)
            until = time.monotonic() + self.order.grace_seconds
            while self.signal_all(0) and time.monotonic() < until:
                time.sleep(LOOK_SECONDS / 4)
                self.reap()
        while self.signal_all(signal.SIGKILL):
            time.sleep(LOOK_SECONDS / 10)
            self.reap()
        shutil.rmtree(self.order.folder, ignore_errors=True)

    def signal_all(self, number: int) -> bool:
        """Signal every group; tell whether there still is one."""
        for group in list(self.groups):
            try:
                os.killpg(group, number)
            except (ProcessLookupError, PermissionError):  # macOS: not permitted where only zombies are left
                self.groups.discard(group)
        return bool(self.groups)


def ask_to_stop(*_: object) -> None:
    """Handle a signal."""
    raise StopAsked


def main() -> int:
    """Read the order and carry it out."""
    owner = os.getppid()
    with os.fdopen(os.dup(sys.stdin.fileno()), "rb", buffering=0) as orders:
        line = orders.readline()
    if not line:
        return 0
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, ask_to_stop)
    linux_prctl(PR_SET_CHILD_SUBREAPER, 1)
    return Supervisor(Order(**json.loads(line)), owner).run()


if __name__ == "__main__":
    sys.exit(main())
