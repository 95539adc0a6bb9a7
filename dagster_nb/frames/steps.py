"""The frame of steps, with one row per step of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dagster_nb.frames import columns

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

__all__ = ["steps_frame"]

Record = dict[str, Any]


def steps_frame(records: Sequence[Record]) -> pd.DataFrame:
    """Return the steps of runs as a frame.

    Parameters
    ----------
    records
        The members of ``Runs.results``, as requested by the document ``steps``.

    Returns
    -------
    pandas.DataFrame
        The columns of `DagsterClient.steps`. The runs are in the order given, and the steps of each run are sorted by
        start time. Steps that did not start come last.

    Examples
    --------
    >>> steps_frame([])["attempts"].dtype
    dtype('int64')
    """
    steps = [(record["runId"], step) for record in records for step in sorted(record["stepStats"], key=_by_start)]
    start = columns.times(step.get("startTime") for _, step in steps)
    end = columns.times(step.get("endTime") for _, step in steps)
    return columns.frame(
        {
            "run_id": columns.strings(run_id for run_id, _ in steps),
            "step_key": columns.strings(step["stepKey"] for _, step in steps),
            "status": columns.strings(step.get("status") for _, step in steps),
            "start_time": start,
            "end_time": end,
            "duration": end - start,
            "attempts": columns.integers(len(step["attempts"]) if "attempts" in step else None for _, step in steps),
        }
    )


def _by_start(step: Record) -> tuple[bool, float]:
    start = step.get("startTime")
    return start is None, start or 0.0
