"""Servers with many runs: one that uses SQLite, and two that share a PostgreSQL database."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from unittest import mock

import psutil
import sqlalchemy

import dagster_nb as dnb
from dagster_nb.sandbox.demo import dagster_yaml
from dagster_nb.sandbox.history.write import write_history
from dagster_nb.sandbox.local_dagster import MINIMAL_DAGSTER_YAML, LocalDagster
from tests.compat.environments import python_of
from tests.compat.postgres import postgres
from tests.compat.servers import STORAGE
from tests.compat.targets import POSTGRES

if TYPE_CHECKING:
    from collections.abc import Iterator

COPIED_TABLES = ("snapshots", "runs", "run_tags")
ROWS_PER_INSERT = 5_000
# The servers that use PostgreSQL run in an environment without dagster_nb, so they cannot load the demo's definitions.
DEFINITIONS = Path(__file__).with_name("definitions.py")


@dataclass(frozen=True)
class Running:
    """A running webserver."""

    url: str
    home: str
    pid: int

    def document(self, name: str = "runs") -> str:
        """Return the text of one of the client's GraphQL documents."""
        with dnb.connect(self.url, progress=False) as client:
            return client.graphql_document(name)


def home_with(runs: int, folder: Path, *, events: bool = False) -> Path:
    """Return a DAGSTER_HOME with this many runs, with or without event logs. Create it if necessary."""
    name = f"{runs}-with-events" if events else str(runs)
    home = folder / f"home-{name}"
    if not home.exists():
        unfinished = folder / f"unfinished-{name}"
        unfinished.mkdir(parents=True)
        if events:
            (unfinished / "dagster.yaml").write_text(dagster_yaml(), encoding="utf-8")
        with mock.patch.dict(os.environ, DAGSTER_HOME=str(unfinished)):  # the demo's dagster.yaml reads this variable
            write_history(unfinished, runs=runs, events=events)
        unfinished.rename(home)
    return home


@contextmanager
def on_sqlite(home: Path) -> Iterator[Running]:
    """Start a webserver for a DAGSTER_HOME."""
    with LocalDagster(home, daemon=False) as server:
        yield _running(server)


@contextmanager
def two_on_postgres(home: Path) -> Iterator[tuple[Running, Running]]:
    """Copy the runs of a home to a PostgreSQL database, and start two webservers that use it."""
    python = python_of(POSTGRES)
    with postgres() as database:
        instance = MINIMAL_DAGSTER_YAML + STORAGE.format(url=database)
        options = {"python_file": DEFINITIONS, "daemon": False, "python": python}
        with LocalDagster(dagster_yaml=instance, **options) as first, LocalDagster(first.home, **options) as second:
            _copy_runs(f"sqlite:///{home}/history/runs.db", database)
            yield _running(first), _running(second)


def _running(server: LocalDagster) -> Running:
    processes = psutil.Process(server.pid).children(recursive=True)
    (pid,) = [process.pid for process in processes if _listens(process, server.port)]
    return Running(server.url, str(server.home), pid)


def _listens(process: psutil.Process, port: int) -> bool:
    connections = process.net_connections("tcp")
    return any(one.status == psutil.CONN_LISTEN and one.laddr.port == port for one in connections)


def _copy_runs(source_url: str, target_url: str) -> None:
    """Copy the runs into a database that already has Dagster's tables."""
    source, target = sqlalchemy.create_engine(source_url), sqlalchemy.create_engine(target_url)
    with source.connect() as reading, target.begin() as writing:
        for name in COPIED_TABLES:
            stored = sqlalchemy.Table(name, sqlalchemy.MetaData(), autoload_with=source)
            copied = sqlalchemy.Table(name, sqlalchemy.MetaData(), autoload_with=target)
            columns = [column.name for column in copied.columns if column.name in stored.columns]
            rows = reading.execute(sqlalchemy.select(*(stored.columns[column] for column in columns)).order_by("id"))
            for block in rows.mappings().partitions(ROWS_PER_INSERT):
                writing.execute(copied.insert(), [dict(row) for row in block])
        writing.execute(sqlalchemy.text("ANALYZE"))
    source.dispose()
    target.dispose()
