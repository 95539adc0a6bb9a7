"""A demo whose history stays: what Binder runs.

``python -m dagster_nb.sandbox.lasting seed`` makes the history and keeps a copy of it in the user's cache, and
``… serve --port 3000`` serves it until it is asked to end. The home is the user's too, so that whatever becomes of the
processes, the next ``serve`` goes on with the runs that are there.
"""

from __future__ import annotations

import argparse
import datetime as dt
import fcntl
import os
import shutil
import signal
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click
from platformdirs import user_state_path

from dagster_nb.errors import ConnectionFailedError, DagsterNbError

from .demo import LOCATION, MODULE, START_SECONDS, instance_text
from .history.fill import fill, tell
from .history.model import TRUTH_NAME
from .live import LIVE, launch_live_runs
from .server import Server, check_dagster

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["home_path", "last_midnight", "main", "prepare", "seed", "serve"]

COMMAND = "dagster_nb.sandbox.lasting"
RUNS, SEED = 2000, 0
# A run takes a process, and a notebook server's memory is small.
MOST_AT_ONCE = 2
# Of the runs that are not over, those that leave a place free for others.
LIVE_RUNS = tuple(one for one in LIVE if one[0] in {"STARTED", "QUEUED"})
OLDEST = dt.timedelta(days=3)
STARTS = 10
PATIENCE_SECONDS = 20.0
LOOK_SECONDS = 0.2


def home_path() -> Path:
    """Return the DAGSTER_HOME, in the user's folder for what programs remember."""
    return user_state_path("dagster_nb") / "demo"


def last_midnight(now: float) -> dt.datetime:
    """Return the last midnight (UTC): the end of the history, so that all that are made on one day are the same.

    Parameters
    ----------
    now
        POSIX seconds.
    """
    return dt.datetime.fromtimestamp(now, dt.UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def seed() -> None:
    """Make the history, and keep a copy of it for the first `serve`."""
    with tempfile.TemporaryDirectory(prefix="dagster_nb-seed-") as folder:
        home = Path(folder)
        _configure(home)
        _fill(home)


def prepare(home: Path) -> None:
    """Get a home ready to be served: fill an empty one, and leave every run of another, ended where it was cut off.

    Parameters
    ----------
    home
        The DAGSTER_HOME; nobody serves it now.
    """
    from dagster import DagsterInstance  # noqa: PLC0415 - with all its modules; `serve` itself stays small

    from .history.orphans import end_orphans  # noqa: PLC0415

    if (home / TRUTH_NAME).exists():
        with DagsterInstance.from_config(str(home)) as instance:
            end_orphans(instance)
        return
    # Whole or not at all: a home that was left half filled has no truth.json, and is filled anew.
    with tempfile.TemporaryDirectory(prefix=".new-", dir=home.parent) as folder:
        new = Path(folder)
        _configure(new)
        _fill(new)
        for path in sorted(new.iterdir(), key=lambda path: path.name == TRUTH_NAME):
            _move(path, home / path.name)
    tell(1.0)


def serve(*, port: int | None) -> None:
    """Serve the history until asked to end; start again whatever ends by itself.

    A second one beside the first says so, and leaves it alone.

    Parameters
    ----------
    port
        A free one where None. The path prefix is that of ``$DAGSTER_WEBSERVER_PATH_PREFIX``.

    Raises
    ------
    DagsterNbError
        It does not come up, or does not stay.
    """
    check_dagster()
    home = home_path()
    home.mkdir(parents=True, exist_ok=True)
    with _alone(home) as lock:
        if lock is None:
            click.echo(f"the Dagster of {home} runs already")
            return
        for start in range(STARTS):
            if start:
                click.echo("Dagster starts again")
            _configure(home)
            fresh = not (home / TRUTH_NAME).exists()
            with _started(home, port, lock) as server:
                if fresh:
                    launch_live_runs(server, LIVE_RUNS)
                click.echo(f"Dagster serves {home} at {server.url}")
                why = server.wait()
            click.echo(f"Dagster ended. {why}")
    raise DagsterNbError(f"Dagster ended {STARTS} times, and is left alone now.")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one of the commands.

    Parameters
    ----------
    arguments
        The words of the command line; those of the process by default.
    """
    parser = argparse.ArgumentParser(prog="python -m dagster_nb.sandbox.lasting")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("seed", help="make the history, and keep a copy of it")
    commands.add_parser("prepare", help="get $DAGSTER_HOME ready to be served")
    commands.add_parser("serve", help="serve the history").add_argument("--port", type=int)
    options = parser.parse_args(arguments)
    if options.command == "seed":
        seed()
    elif options.command == "prepare":
        prepare(Path(os.environ["DAGSTER_HOME"]))
    else:
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        serve(port=options.port)


@contextmanager
def _alone(home: Path) -> Iterator[int | None]:
    """Hold the home's lock; None where another has it and keeps it."""
    with home.with_suffix(".lock").open("w") as lock:
        until = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                if time.monotonic() > until:
                    yield None
                    return
                time.sleep(LOOK_SECONDS)
            else:
                yield lock.fileno()
                return


def _started(home: Path, port: int | None, lock: int) -> Server:
    """Start it, as soon as the processes of the last one have left the port."""
    until = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return Server(
                home,
                module=MODULE,
                working_directory=Path(__file__).parent,
                location=LOCATION,
                port=port,
                prepare=[sys.executable, "-m", COMMAND, "prepare"],
                timeout=START_SECONDS,
                lent=[lock],
            ).start()
        except ConnectionFailedError:
            if time.monotonic() > until:
                raise
            time.sleep(LOOK_SECONDS)


def _configure(home: Path) -> None:
    (home / "dagster.yaml").write_text(instance_text(MOST_AT_ONCE), encoding="utf-8")


def _fill(home: Path) -> None:
    now = dt.datetime.now(dt.UTC)
    midnight = last_midnight(now.timestamp())

    def suits(until: dt.datetime) -> bool:
        return until == last_midnight(until.timestamp()) and now - until <= OLDEST

    os.environ["DAGSTER_HOME"] = str(home)  # where dagster.yaml says that the event logs are
    fill(home, runs=RUNS, seed=SEED, until=midnight, suits=suits)


def _move(path: Path, to: Path) -> None:
    if to.is_dir():
        shutil.rmtree(to)
    path.replace(to)


if __name__ == "__main__":
    main()
