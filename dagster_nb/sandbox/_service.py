"""Start one of Dagster's commands once what it needs is there.

Run as a script by the supervisor, ``_service.py COMMAND PREPARED SOCKET STORAGE -- ARGUMENTS``. Importing Dagster
takes far longer than anything else at start, so the webserver and the daemon import it side by side with the code
server and with whatever fills the home, and wait only then: both for the home to be prepared and for the code server's
socket, and the daemon for the storage, whose first use must not happen twice at once.
"""

from __future__ import annotations

import importlib
import os
import sys
import time
from pathlib import Path

MAINS = {"webserver": "dagster_webserver.cli", "daemon": "dagster._daemon.cli"}
LOOK_SECONDS = 0.05


def wait_for(path: Path) -> None:
    """Wait until somebody has made that; the supervisor ends the wait when that somebody ends."""
    while not path.exists():
        time.sleep(LOOK_SECONDS)


def create_storage(done: Path) -> None:
    """Make the tables of the instance, and say that they are there."""
    from dagster import DagsterInstance  # noqa: PLC0415 - the daemon does not come here

    with DagsterInstance.from_config(os.environ["DAGSTER_HOME"]) as instance:
        instance.get_runs_count()
        done.touch()


def main() -> None:
    """Import, wait, hand over to Dagster's own command."""
    command, prepared, socket, storage, _, *arguments = sys.argv[1:]
    cli = importlib.import_module(MAINS[command])
    wait_for(Path(prepared))
    if command == "webserver":
        create_storage(Path(storage))
    wait_for(Path(storage))
    wait_for(Path(socket))
    sys.argv = [f"dagster-{command}", *arguments]
    cli.main()


if __name__ == "__main__":
    main()
