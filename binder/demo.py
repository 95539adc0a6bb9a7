"""The demo on Binder, which keeps its run history when its processes exit.

``python binder/demo.py build`` writes the history into the user's cache. ``python binder/demo.py serve`` copies the
history into a DAGSTER_HOME in the user's state folder, and serves it until stopped. When ``serve`` is started again, it
keeps the existing runs.
"""  # noqa: INP001 - a script

from __future__ import annotations

import argparse
import datetime as dt
import fcntl
import os
import shutil
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click
from platformdirs import user_state_path

from dagster_nb import connect
from dagster_nb.errors import ConnectionFailedError, DagsterNbError
from dagster_nb.sandbox.demo import START_SECONDS, dagster_yaml
from dagster_nb.sandbox.history.cache import HistoryCache
from dagster_nb.sandbox.history.ground_truth import FILE_NAME
from dagster_nb.sandbox.local_dagster import LocalDagster, check_dagster
from dagster_nb.sandbox.unfinished_runs import UNFINISHED_RUNS, launch_unfinished_runs

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dagster import DagsterInstance

RUNS, SEED = 2000, 0
# Each run is a process, and Binder's servers have little memory.
MAX_CONCURRENT_RUNS = 2
# Only one of the demo's unfinished runs is ever in progress, which leaves room for one other run.
BINDER_RUNS = tuple(run for run in UNFINISHED_RUNS if run.status in {"STARTED", "QUEUED"})
MAX_AGE = dt.timedelta(days=3)
MAX_STARTS = 10
PORT_SECONDS = 20.0
CHECK_SECONDS = 0.2
INTERRUPTED = "Dagster was stopped while this run was in progress, so the run was stopped too."


def home_path() -> Path:
    """Return the DAGSTER_HOME."""
    return user_state_path("dagster_nb") / "demo"


def last_midnight(now: dt.datetime) -> dt.datetime:
    """Return the last midnight (UTC), at which histories end, so that all histories written on one day are the same."""
    return now.astimezone(dt.UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def fits(until: dt.datetime, now: dt.datetime) -> bool:
    """Return whether a cached history that ends at ``until`` is usable: it must end at midnight and be recent."""
    return until == last_midnight(until) and now - until <= MAX_AGE


def build() -> None:
    """Write a history into the user's cache."""
    with tempfile.TemporaryDirectory(prefix="dagster_nb-build-") as folder:
        os.environ["DAGSTER_HOME"] = folder  # dagster.yaml reads this environment variable
        configure(Path(folder))
        fill(Path(folder))


def configure(home: Path) -> None:
    """Write the ``dagster.yaml``."""
    home.mkdir(parents=True, exist_ok=True)
    (home / "dagster.yaml").write_text(dagster_yaml(MAX_CONCURRENT_RUNS), encoding="utf-8")


def fill(home: Path) -> None:
    """Copy the history from the cache into a DAGSTER_HOME, or write a new history.

    The ground truth file is written last, so a DAGSTER_HOME that contains this file is complete.
    """
    now = dt.datetime.now(dt.UTC)
    cache = HistoryCache(runs=RUNS, seed=SEED)
    if copy := cache.find(lambda until: fits(until, now)):
        shutil.copytree(copy, home, ignore=shutil.ignore_patterns(FILE_NAME), dirs_exist_ok=True)
        shutil.copy2(copy / FILE_NAME, home)
        return
    from dagster_nb.sandbox.history.write import write_new_home  # noqa: PLC0415 - importing Dagster is slow

    write_new_home(home, runs=RUNS, seed=SEED, until=last_midnight(now))
    cache.keep(home, until=last_midnight(now))


def prepare(home: Path) -> None:
    """Fill a new DAGSTER_HOME, or finish the interrupted runs of an existing DAGSTER_HOME."""
    if not (home / FILE_NAME).exists():
        shutil.rmtree(home, ignore_errors=True)  # remove the files that an interrupted attempt left behind
        configure(home)
        fill(home)
        return
    from dagster import DagsterInstance  # noqa: PLC0415 - slow, and `serve` itself does not need it

    with DagsterInstance.from_config(str(home)) as instance:
        finish_interrupted_runs(instance)


def finish_interrupted_runs(instance: DagsterInstance) -> int:
    """Finish the runs that were in progress when Dagster stopped, and return how many there were.

    Nothing else would finish these runs, and each of them counts toward the limit on concurrent runs. Queued runs stay
    queued. Call this function only while no Dagster process is using the instance.
    """
    from dagster import DagsterRunStatus, RunsFilter  # noqa: PLC0415 - slow

    statuses = [
        DagsterRunStatus.NOT_STARTED,
        DagsterRunStatus.STARTING,
        DagsterRunStatus.STARTED,
        DagsterRunStatus.CANCELING,
    ]
    runs = instance.get_runs(RunsFilter(statuses=statuses))
    for run in runs:
        if run.status is DagsterRunStatus.CANCELING:
            instance.report_run_canceled(run, INTERRUPTED)
        else:
            instance.report_run_failed(run, INTERRUPTED)
    return len(runs)


def serve(*, port: int | None) -> None:
    """Serve the history until stopped, and restart Dagster if it exits by itself.

    Do nothing if another process is already serving the history.

    Parameters
    ----------
    port
        The port of the webserver; None chooses a free one. The path prefix is ``$DAGSTER_WEBSERVER_PATH_PREFIX``.

    Raises
    ------
    DagsterNbError
        If Dagster does not start, or exits repeatedly.
    """
    check_dagster()
    home = home_path()
    configure(home)
    with lock(home) as is_ours:
        if not is_ours:
            click.echo(f"Another process is already serving {home}, so this process exits.")
            return
        for _ in range(MAX_STARTS):
            is_new = not (home / FILE_NAME).exists()
            with start_dagster(home, port) as dagster:
                if is_new:
                    with connect(dagster.url, progress=False) as client:
                        launch_unfinished_runs(client, BINDER_RUNS)
                click.echo(f"Dagster is running at {dagster.url} with the data in {home}")
                while (reason := dagster.exit_reason(timeout=60.0)) is None:
                    pass
            click.echo(f"Dagster stopped unexpectedly. {reason}")
    raise DagsterNbError(
        f"Dagster stopped unexpectedly {MAX_STARTS} times, so the demo will not restart it again. Find the cause "
        "in the lines above, fix it, then start the demo again."
    )


@contextmanager
def lock(home: Path) -> Iterator[bool]:
    """Lock a DAGSTER_HOME until this process exits. Yield False if another process has locked it."""
    with home.with_suffix(".lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            yield False
        else:
            yield True


def start_dagster(home: Path, port: int | None) -> LocalDagster:
    """Start Dagster once the port is free, because a previous Dagster process may need a moment to exit."""
    deadline = time.monotonic() + PORT_SECONDS
    while True:
        try:
            return LocalDagster(
                home,
                port=port,
                fill=[sys.executable, __file__, "prepare"],
                timeout=START_SECONDS,
            ).start()
        except ConnectionFailedError:
            if time.monotonic() > deadline:
                raise
            time.sleep(CHECK_SECONDS)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command ``build`` or ``serve``."""
    parser = argparse.ArgumentParser(prog="python binder/demo.py")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("build", help="write the history into the user's cache")
    commands.add_parser("prepare", help="fill $DAGSTER_HOME, or finish its interrupted runs")
    commands.add_parser("serve", help="serve the history").add_argument("--port", type=int)
    options = parser.parse_args(arguments)
    if options.command == "build":
        build()
    elif options.command == "prepare":
        prepare(Path(os.environ["DAGSTER_HOME"]))
    else:
        serve(port=options.port)


if __name__ == "__main__":
    main()
