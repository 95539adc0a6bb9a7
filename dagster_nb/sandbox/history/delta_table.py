"""Write simulated runs directly into a Delta table, without Dagster, to try out a history of any size."""

from __future__ import annotations

import datetime as dt
import time
from typing import TYPE_CHECKING, Any

from dagster_nb.frames.runs import runs_frame
from dagster_nb.history.location import storage_path, table_path
from dagster_nb.history.refresh import CHANGES_UNTIL, FILLED, SYNCED_AT
from dagster_nb.history.runs_table import RunsTable
from dagster_nb.history.schema import INCLUDED, RUNS, to_table
from dagster_nb.history.table import Table

from .plan import last_full_hour, plan_history

if TYPE_CHECKING:
    import os

    from .planned import PlannedRun

__all__ = ["write_delta_table"]

_DEPLOYMENT = "http://localhost:3000"
_RUNS_PER_PLAN = 50_000
_DAYS_PER_PLAN = 90


def write_delta_table(path: str | os.PathLike[str], *, runs: int, seed: int = 0) -> None:
    """Write simulated runs, like those of the demo, into a new history.

    The table contains 50,000 runs for every ninety days, so a million runs cover almost five years. Writing a million
    runs takes about three minutes.

    Parameters
    ----------
    path
        As in `DagsterClient.history`. There must be no history at this path yet.
    runs
        The number of runs.
    seed
        The seed of the random runs. Within the same hour, the same seed produces the same runs.
    """
    table = Table.create(table_path(storage_path(path), "runs"), RUNS, deployment=_DEPLOYMENT)
    stored = RunsTable(table)
    until = last_full_hour(time.time())
    # Write the newest runs first, as in a refresh.
    for number, start in enumerate(range(0, runs, _RUNS_PER_PLAN)):
        planned = plan_history(
            min(_RUNS_PER_PLAN, runs - start),
            seed=seed + number,
            until=until - dt.timedelta(days=_DAYS_PER_PLAN * number),
        ).runs
        stored.upsert(to_table(runs_frame([_record(run) for run in reversed(planned)], include=INCLUDED)))
    now = int(until.timestamp()) * 1_000_000
    stored.set_markers({CHANGES_UNTIL: now, SYNCED_AT: now, FILLED: 1})


def _record(run: PlannedRun) -> dict[str, Any]:
    """Convert a run to the format of Dagster's GraphQL API."""
    return {
        "runId": run.run_id,
        "jobName": run.job,
        "status": run.status,
        "creationTime": run.created,
        "startTime": run.started,
        "endTime": run.ended,
        "updateTime": run.ended,
        "repositoryOrigin": {"repositoryLocationName": "shop", "repositoryName": "__repository__"},
        "rootRunId": run.root_run_id,
        "parentRunId": run.parent_run_id,
        "tags": [{"key": key, "value": value} for key, value in run.tags.items()],
        "runConfig": run.run_config,
        "solidSelection": None if run.selection is None else list(run.selection),
    }
