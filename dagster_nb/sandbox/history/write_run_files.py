"""Write the files of runs: compute logs (stdout and stderr), and outputs for re-executions to load."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import TYPE_CHECKING

from .create_event_log import log_key, log_message
from .job_snapshots import NOTHING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dagster import DagsterInstance

    from .job_snapshots import JobSnapshot
    from .planned import PlannedRun

__all__ = ["write_run_files"]

MAX_RUNS_WITH_LOGS = 500
"""The number of recent runs with compute logs. All failed runs have compute logs too."""


def write_run_files(instance: DagsterInstance, runs: Sequence[PlannedRun], jobs: dict[str, JobSnapshot]) -> None:
    """Write compute logs, and the outputs of failed runs, which re-executions load."""
    storage = Path(instance.storage_directory())
    for run in runs:
        if run.status == "FAILURE":
            _write_outputs(storage, run, jobs[run.job])
    for run in [*runs[-MAX_RUNS_WITH_LOGS:], *(run for run in runs[:-MAX_RUNS_WITH_LOGS] if run.status == "FAILURE")]:
        if run.steps:
            _write_logs(storage, run)


def _write_outputs(storage: Path, run: PlannedRun, job: JobSnapshot) -> None:
    for handle in job.produced(run):
        step = job.steps[handle.step_key]
        if step.asset_key or dict(step.outputs)[handle.output_name] == NOTHING:
            continue
        path = storage / run.run_id / handle.step_key / handle.output_name
        path.parent.mkdir(parents=True, exist_ok=True)
        table = {"table": f"staging.{handle.step_key.rsplit('.', 1)[-1]}", "rows": run.rows}
        path.write_bytes(pickle.dumps({**table, "target": "revenue"} if run.job == "train_forecast" else table))


def _write_logs(storage: Path, run: PlannedRun) -> None:
    folder = storage / run.run_id / "compute_logs"
    folder.mkdir(parents=True, exist_ok=True)
    stdout = [log_message(step.key, run.rows) for step in run.steps]
    stderr = [f"{step.key}: {'failed' if step.failure else 'done'}" for step in run.steps]
    (folder / f"{log_key(run)}.out").write_text("".join(f"{line}\n" for line in stdout), encoding="utf-8")
    (folder / f"{log_key(run)}.err").write_text("".join(f"{line}\n" for line in stderr), encoding="utf-8")
    (folder / f"{log_key(run)}.complete").touch()
