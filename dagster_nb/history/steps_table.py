"""The table of steps. The steps of a finished run are read from the server only once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from dagster_nb.frames import columns
from dagster_nb.history.conditions import is_one_of
from dagster_nb.history.schema import column_of_strings, column_of_times

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import pandas as pd

    from dagster_nb.history.table import Table

__all__ = ["STEPS", "StepsTable", "in_order"]

_TIME = pa.timestamp("us", "UTC")

STEPS = pa.schema(
    [
        pa.field("run_id", pa.string(), nullable=False),
        ("step_key", pa.string()),
        ("status", pa.string()),
        ("start_time", _TIME),
        ("end_time", _TIME),
        ("duration", pa.float64()),
        ("attempts", pa.int64()),
        ("run_update_time", _TIME),
    ]
)
"""The schema of the steps table: the columns of `DagsterClient.steps`, with durations in seconds.

``run_update_time`` is the update time of the run when its steps were read. If the update time changes, the steps are
read again. A run without steps has one row without a ``step_key``.
"""


class StepsTable:
    """The steps of finished runs.

    Parameters
    ----------
    table
        The Delta table, with the schema `STEPS`.
    """

    def __init__(self, table: Table):
        self.table = table

    def update_times(self, run_ids: Iterable[str] | None = None) -> dict[str, Any]:
        """Return the runs with stored steps, and the update time of each run when its steps were stored."""
        condition = None if run_ids is None else is_one_of("run_id", run_ids)
        found = self.table.read(["run_id", "run_update_time"], condition)
        times = found["run_update_time"].cast(pa.int64()).to_pylist()
        return dict(zip(found["run_id"].to_pylist(), times, strict=True))

    def write(self, steps: pd.DataFrame, update_times: dict[str, Any]) -> None:
        """Store the steps of runs in one commit.

        Parameters
        ----------
        steps
            All steps of these runs, in the format of `DagsterClient.steps`.
        update_times
            The update time of each run, in microseconds since 1970.
        """
        rows = _rows(steps, update_times)

        def write() -> None:
            if self.update_times(update_times):
                self.table.replace(rows)
            else:
                self.table.append(rows)

        self.table.write(write)

    def read(self, run_ids: Sequence[str]) -> pd.DataFrame:
        """Return the stored steps of runs, with the runs in the order given and their steps sorted by start time."""
        table = self.table.read(STEPS.names[:-1], is_one_of("run_id", run_ids))
        table = table.filter(table["step_key"].is_valid())
        start, end = column_of_times(table["start_time"]), column_of_times(table["end_time"])
        frame = columns.frame(
            {
                "run_id": column_of_strings(table["run_id"]),
                "step_key": column_of_strings(table["step_key"]),
                "status": column_of_strings(table["status"]),
                "start_time": start,
                "end_time": end,
                "duration": end - start,
                "attempts": columns.integers(table["attempts"].to_pylist()),
            }
        )
        return in_order(frame, run_ids)


def in_order(steps: pd.DataFrame, run_ids: Sequence[str]) -> pd.DataFrame:
    """Sort steps in the order of their runs, and the steps of each run by start time."""
    position = {run_id: number for number, run_id in enumerate(run_ids)}
    # The start time of steps that did not start is NaT. As a number, NaT would come first, but these steps must come
    # last.
    starts = steps["start_time"].astype("int64").where(steps["start_time"].notna(), np.iinfo(np.int64).max)
    order = np.lexsort((starts.to_numpy(), steps["run_id"].map(position).to_numpy()))
    return steps.iloc[order].reset_index(drop=True)


def _rows(steps: pd.DataFrame, update_times: dict[str, Any]) -> pa.Table:
    with_steps = set(steps["run_id"])
    without = [run_id for run_id in update_times if run_id not in with_steps]
    missing = [None] * len(without)
    ids = [*steps["run_id"], *without]
    return pa.table(
        {
            "run_id": ids,
            "step_key": [*steps["step_key"], *missing],
            "status": pa.array([*steps["status"], *missing], pa.string(), from_pandas=True),
            **{
                name: pa.array([*steps[name], *missing], _TIME, from_pandas=True) for name in ("start_time", "end_time")
            },
            "duration": pa.array([*steps["duration"].dt.total_seconds(), *missing], pa.float64(), from_pandas=True),
            "attempts": pa.array([*steps["attempts"], *missing], pa.int64(), from_pandas=True),
            "run_update_time": pa.array([update_times[run_id] for run_id in ids], pa.int64()).cast(_TIME),
        },
    ).cast(STEPS)
