"""The demo that Binder runs; its history survives the end of its processes.

``python binder/demo.py build`` writes the history into the user's cache. ``python binder/demo.py serve`` copies it into
a DAGSTER_HOME in the user's state folder, and serves that until it is stopped. If it is started again, it keeps the
existing runs.
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
# Each run is a process, and a notebook server has little memory.
MAX_CONCURRENT_RUNS = 2
# Only one of the unfinished runs is started, so that another run can be in progress beside it.
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
    """Return the last midnight (UTC). Histories end at that time, so that all histories of one day are the same."""
    return now.astimezone(dt.UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def fits(until: dt.datetime, now: dt.datetime) -> bool:
    """Return whether to use a cached history that ends at ``until``: only if it ends at midnight and is recent."""
    return until == last_midnight(until) and now - until <= MAX_AGE


def build() -> None:
    """Write the history into the user's cache."""
    with tempfile.TemporaryDirectory(prefix="dagster_nb-build-") as folder:
        os.environ["DAGSTER_HOME"] = folder  # the dagster.yaml refers to this variable
        configure(Path(folder))
        fill(Path(folder))


def configure(home: Path) -> None:
    """Write the ``dagster.yaml``."""
    home.mkdir(parents=True, exist_ok=True)
    (home / "dagster.yaml").write_text(dagster_yaml(MAX_CONCURRENT_RUNS), encoding="utf-8")


def fill(home: Path) -> None:
    """Copy the history from the cache into a home, or write a new one.

    The file with the ground truth is written last, so a home that contains it is complete.
    """
    now = dt.datetime.now(dt.UTC)
    cache = HistoryCache(runs=RUNS, seed=SEED)
    if copy := cache.find(lambda until: fits(until, now)):
        shutil.copytree(copy, home, ignore=shutil.ignore_patterns(FILE_NAME), dirs_exist_ok=True)
        shutil.copy2(copy / FILE_NAME, home)
        return
    from dagster_nb.sandbox.history.write import write_new_home  # noqa: PLC0415 - imports Dagster, which takes long

    write_new_home(home, runs=RUNS, seed=SEED, until=last_midnight(now))
    cache.keep(home, until=last_midnight(now))


def prepare(home: Path) -> None:
    """Fill a new home, or finish the interrupted runs of an existing one."""
    if not (home / FILE_NAME).exists():
        shutil.rmtree(home, ignore_errors=True)  # filling it may have been interrupted
        configure(home)
        fill(home)
        return
    from dagster import DagsterInstance  # noqa: PLC0415 - takes long, and `serve` itself does not need it

    with DagsterInstance.from_config(str(home)) as instance:
        finish_interrupted_runs(instance)


def finish_interrupted_runs(instance: DagsterInstance) -> int:
    """Finish the runs whose processes ended with their Dagster, and return how many there were.

    Nothing else would finish them, and each of them counts towards the limit of concurrent runs. Queued runs stay
    queued. Call this only while no Dagster serves the instance.
    """
    from dagster import DagsterRunStatus, RunsFilter  # noqa: PLC0415 - takes long

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
    """Serve the history until stopped, and start Dagster again if it ends by itself.

    Does nothing if another process is already serving it.

    Parameters
    ----------
    port
        None chooses a free port. The path prefix is ``$DAGSTER_WEBSERVER_PATH_PREFIX``.

    Raises
    ------
    DagsterNbError
        If Dagster does not start, or ends repeatedly.
    """
    check_dagster()
    home = home_path()
    configure(home)
    with lock(home) as is_ours:
        if not is_ours:
            click.echo(f"Another process is already serving {home}.")
            return
        for _ in range(MAX_STARTS):
            is_new = not (home / FILE_NAME).exists()
            with start_dagster(home, port) as dagster:
                if is_new:
                    with connect(dagster.url, progress=False) as client:
                        launch_unfinished_runs(client, BINDER_RUNS)
                click.echo(f"Dagster serves {home} at {dagster.url}")
                while (reason := dagster.exit_reason(timeout=60.0)) is None:
                    pass
            click.echo(f"Dagster ended. {reason}")
    raise DagsterNbError(
        f"Dagster ended {MAX_STARTS} times, so it is not started again. Fix the cause that its log shows, then start "
        "the demo again."
    )


@contextmanager
def lock(home: Path) -> Iterator[bool]:
    """Lock a home, and yield False if another process has locked it. The lock is released when this process ends."""
    with home.with_suffix(".lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            yield False
        else:
            yield True


def start_dagster(home: Path, port: int | None) -> LocalDagster:
    """Start Dagster as soon as the port is free, because a previous Dagster may take a moment to end."""
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
    """Run one of the commands."""
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
