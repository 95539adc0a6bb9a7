"""Write the history into ``$DAGSTER_HOME``, using the Dagster of the current environment.

This script adds the runs through Dagster's API, and then sets their times directly in the database.
"""

from __future__ import annotations

import inspect
import os
from datetime import datetime, timedelta
from pathlib import Path

import sqlalchemy
from dagster import DagsterInstance, DagsterRun, DagsterRunStatus
from past_runs import HISTORY, LOCATION, REPOSITORY, PastRun

try:
    from dagster._core import remote_origin as origins  # since 1.12
except ImportError:
    try:
        from dagster._core.remote_representation import origin as origins  # since 1.7
    except ImportError:
        from dagster._core.host_representation import origin as origins

JobOrigin = getattr(origins, "RemoteJobOrigin", None) or origins.ExternalJobOrigin
RepositoryOrigin = getattr(origins, "RemoteRepositoryOrigin", None) or origins.ExternalRepositoryOrigin
ORIGIN = next(
    name for name in ("remote_job_origin", "external_job_origin") if name in inspect.signature(DagsterRun).parameters
)
SET_TIMES = sqlalchemy.text(
    "UPDATE runs SET create_timestamp = :created, update_timestamp = :updated, start_time = :started,"
    " end_time = :ended WHERE run_id = :run_id"
)


def stored(run: PastRun) -> DagsterRun:
    location = origins.GrpcServerCodeLocationOrigin(host="localhost", port=1, location_name=LOCATION)
    origin = JobOrigin(RepositoryOrigin(location, REPOSITORY), run.job)
    return DagsterRun(
        run.job,
        run.run_id,
        run_config=run.run_config,
        status=DagsterRunStatus(run.status),
        tags=run.tags,
        root_run_id=run.root_run_id,
        parent_run_id=run.parent_run_id,
        **({ORIGIN: origin} if run.placed else {}),
    )


def timestamp(micros: int) -> str:
    """Format a time as Dagster stores it: in UTC, without a time zone, and without a fraction for whole seconds."""
    return (datetime(1970, 1, 1) + timedelta(microseconds=micros)).isoformat(" ")  # noqa: DTZ001


def seconds(micros: int | None) -> float | None:
    return None if micros is None else micros / 1_000_000


def main() -> None:
    home = os.environ["DAGSTER_HOME"]
    database = os.environ.get("COMPAT_DATABASE") or f"sqlite:///{Path(home, 'history', 'runs.db')}"
    with DagsterInstance.from_config(home) as instance:
        for run in HISTORY:
            instance.run_storage.add_run(stored(run))
        engine = sqlalchemy.create_engine(database)
        with engine.begin() as connection:
            for run in HISTORY:
                times = {"created": timestamp(run.created), "updated": timestamp(run.updated)}
                lasted = {"started": seconds(run.started), "ended": seconds(run.ended)}
                connection.execute(SET_TIMES, {"run_id": run.run_id, **times, **lasted})
        engine.dispose()


if __name__ == "__main__":
    main()
