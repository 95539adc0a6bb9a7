"""What runs leave on disk: outputs that a re-execution loads, and what they wrote to stdout and stderr."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import TYPE_CHECKING

from .events import log_key, log_message
from .shapes import NOTHING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dagster import DagsterInstance

    from .model import Run
    from .shapes import JobShape

__all__ = ["write_files"]

LOGS_KEPT = 500
"""Compute logs are kept of that many newest runs, and of every failed one."""


def write_files(instance: DagsterInstance, runs: Sequence[Run], shapes: dict[str, JobShape]) -> None:
    """Write the outputs of failed runs, and compute logs.

    Parameters
    ----------
    instance
        Whose storage directory to write into.
    runs
        All runs; the outputs of those that succeeded are never loaded again.
    shapes
        Their jobs.
    """
    storage = Path(instance.storage_directory())
    for run in runs:
        if run.status == "FAILURE":
            _write_outputs(storage, run, shapes[run.job])
    for run in [*runs[-LOGS_KEPT:], *(run for run in runs[:-LOGS_KEPT] if run.status == "FAILURE")]:
        if run.steps:
            _write_logs(storage, run)


def _write_outputs(storage: Path, run: Run, shape: JobShape) -> None:
    for handle in shape.produced(run):
        step = shape.steps[handle.step_key]
        if step.asset_key or dict(step.outputs)[handle.output_name] == NOTHING:
            continue
        path = storage / run.run_id / handle.step_key / handle.output_name
        path.parent.mkdir(parents=True, exist_ok=True)
        table = {"table": f"staging.{handle.step_key.rsplit('.', 1)[-1]}", "rows": run.rows}
        path.write_bytes(pickle.dumps({**table, "target": "revenue"} if run.job == "train_forecast" else table))


def _write_logs(storage: Path, run: Run) -> None:
    folder = storage / run.run_id / "compute_logs"
    folder.mkdir(parents=True, exist_ok=True)
    said = [log_message(step.key, run.rows) for step in run.steps]
    ended = [f"{step.key}: {'failed' if step.failure else 'done'}" for step in run.steps]
    (folder / f"{log_key(run)}.out").write_text("".join(f"{line}\n" for line in said), encoding="utf-8")
    (folder / f"{log_key(run)}.err").write_text("".join(f"{line}\n" for line in ended), encoding="utf-8")
    (folder / f"{log_key(run)}.complete").touch()
