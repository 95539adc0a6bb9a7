"""Run one command, and leave no processes or files behind when it ends.

`SupervisedProcess` starts this script. To save memory, the script uses only the standard library. The script runs as
long as the pipe on its standard input is open. A notebook kernel that is killed cannot clean up, but its end of the
pipe closes. The script then kills the command and every process that the command started, and removes the folder.

The first line of standard input is a JSON object:

- ``folder``: the folder to create, and to remove at the end; it contains the log of the command
- ``files``: the paths and contents of files to write before the command starts
- ``command``: the command and its arguments
- ``environment``: environment variables to add
- ``grace_seconds``: how long the command may take to exit after SIGTERM; if 0, it is killed immediately
- ``show_output``: whether to write the command's output to the owner's standard error instead of the log

Standard output consists of JSON lines: first ``{"group": process group id}``, then the output of the command, and at
the end ``{"ended": exit code, "log": last lines of the log}``.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

LOG_NAME = "log"
MAX_LOG_LINES = 25
# The maximum is less than the size of a pipe's buffer, so the cleanup does not block if the owner does not read the
# output.
MAX_LOG_CHARACTERS = 10_000
OWNER_CHECK_SECONDS = 1.0
PR_SET_CHILD_SUBREAPER = 36


def main() -> None:
    """Read the instructions, run the command, and clean up."""
    owner = os.getppid()
    # The pipe is unbuffered, because a thread may still be reading from it when the interpreter shuts down.
    with os.fdopen(os.dup(sys.stdin.fileno()), "rb", buffering=0) as orders:
        line = orders.readline()
    if not line:
        return
    order = json.loads(line)
    adopt_orphans()
    folder = Path(order["folder"])
    folder.mkdir(mode=0o700)
    try:
        write_files(order["files"])
        process = start(order, folder / LOG_NAME)
        report(group=process.pid)
        arguments = (owner, process.pid, order["grace_seconds"])
        threading.Thread(target=stop_with_owner, args=arguments, daemon=True).start()
        process.returncode = wait_for(process.pid)
        kill_group(process.pid)
        report(ended=process.returncode, log=last_lines(folder / LOG_NAME))
    except OSError as error:
        report(ended=1, log=str(error))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def adopt_orphans() -> None:
    """Become the parent of orphaned descendants, so that this process can wait for them (Linux only)."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def write_files(files: dict[str, str]) -> None:
    """Write the files that the instructions list."""
    for name, text in files.items():
        path = Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def start(order: dict[str, Any], log_path: Path) -> subprocess.Popen[bytes]:
    """Start the command in its own process group, which also contains the processes that the command starts."""
    with log_path.open("ab") as log:
        return subprocess.Popen(  # noqa: S603 - the owner's own order
            order["command"],
            # This process never writes to this pipe. When it exits, the pipe closes, so that the command can notice and
            # exit too.
            stdin=subprocess.PIPE,
            stdout=sys.stderr if order["show_output"] else None,
            stderr=None if order["show_output"] else log,
            env={**os.environ, **order["environment"]},
            process_group=0,
        )


def stop_with_owner(owner: int, group: int, grace_seconds: float) -> None:
    """Wait until the owner closes its pipe or exits, then stop the process group."""
    # Also check the parent's process id, because a process that the owner forked can keep the pipe open.
    while os.getppid() == owner and not select.select([sys.stdin.fileno()], [], [], OWNER_CHECK_SECONDS)[0]:
        pass
    with contextlib.suppress(ProcessLookupError):
        if grace_seconds:
            os.killpg(group, signal.SIGTERM)
            time.sleep(grace_seconds)
        os.killpg(group, signal.SIGKILL)


def wait_for(pid: int) -> int:
    """Wait until a child process exits and return its exit code. Reap all other children that exit earlier."""
    while True:
        ended, status = os.wait()
        if ended == pid:
            return os.waitstatus_to_exitcode(status)


def kill_group(group: int) -> None:
    """Kill the remaining processes of a process group, and wait until they have exited."""
    # On macOS, killing a group in which only zombies are left raises a PermissionError.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        while True:
            os.killpg(group, signal.SIGKILL)
            try:
                os.waitpid(-group, 0)
            except ChildProcessError:  # this process is not the parent, so it cannot wait for the process
                time.sleep(0.02)


def last_lines(log: Path) -> str:
    """Return the last lines of the log."""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    return "\n".join(lines[-MAX_LOG_LINES:])[-MAX_LOG_CHARACTERS:]


def report(**message: object) -> None:
    """Send a message to the owner, if the owner is still running."""
    with contextlib.suppress(OSError):
        sys.stdout.write(json.dumps(message) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
