"""Start one of Dagster's commands once what it needs is there.

Run as a script by the supervisor, ``_service.py COMMAND WAIT_FOR -- ARGUMENTS``. Importing Dagster takes longer than
anything else at start, so all commands import it side by side, and with whatever fills the home, and wait only then:
the code server for the home to be prepared, the webserver and the daemon for the code server's socket. The code server
makes the tables of the instance before it opens that socket, for two processes that do so at once spoil them.
"""

from __future__ import annotations

import importlib
import os
import sys
import time
from pathlib import Path

CODE = "code"
MAINS = {CODE: "dagster._cli", "webserver": "dagster_webserver.cli", "daemon": "dagster._daemon.cli"}
LOOK_SECONDS = 0.05


def wait_for(path: Path) -> None:
    """Wait until somebody has made that; the supervisor ends the wait when that somebody ends."""
    while not path.exists():
        time.sleep(LOOK_SECONDS)


def create_storage() -> None:
    """Make the tables of the instance, where they are not there yet."""
    from dagster import DagsterInstance  # noqa: PLC0415 - the others do not come here

    with DagsterInstance.from_config(os.environ["DAGSTER_HOME"]) as instance:
        instance.get_runs_count()


def main() -> None:
    """Import, wait, hand over to Dagster's own command."""
    command, awaited, _, *arguments = sys.argv[1:]
    cli = importlib.import_module(MAINS[command])
    wait_for(Path(awaited))
    if command == CODE:
        create_storage()
    sys.argv = [f"dagster-{command}", *arguments]
    cli.main()


if __name__ == "__main__":
    main()
