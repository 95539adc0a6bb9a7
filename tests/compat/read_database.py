"""Read the runs from a server's database directly, without Dagster or dagster_nb."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy

_RUNS = sqlalchemy.text(
    "SELECT run_id, pipeline_name, status, create_timestamp, update_timestamp, start_time, end_time"
    " FROM runs ORDER BY id DESC"
)


@dataclass(frozen=True)
class Row:
    """A row of the table ``runs``."""

    run_id: str
    job: str
    status: str
    created: datetime
    updated: datetime
    started: float | None
    ended: float | None


def rows(url: str) -> list[Row]:
    """Return all runs, newest first."""
    engine = sqlalchemy.create_engine(url, poolclass=sqlalchemy.NullPool)
    with engine.connect() as connection:
        found = connection.execute(_RUNS).all()
    return [Row(*(_utc(value) if place in (3, 4) else value for place, value in enumerate(row))) for row in found]


def _utc(stored: Any) -> datetime:
    """Convert a time from the database, where it has no time zone but is in UTC. SQLite returns a string."""
    moment = stored if isinstance(stored, datetime) else datetime.fromisoformat(stored)
    return moment.replace(tzinfo=UTC)
