"""Find jobs whose runs wait in the queue for longer than before."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from dagster_nb.analysis.digests.duration_quantile import quantile
from dagster_nb.analysis.digests.evidence import of_job
from dagster_nb.analysis.digests.findings import Finding
from dagster_nb.analysis.read_columns import creation_times, durations, strings
from dagster_nb.analysis.run_comparison import parse_json
from dagster_nb.terminal_text import one_line
from dagster_nb.words import duration_text

if TYPE_CHECKING:
    from dagster_nb.analysis.digests.evidence import Evidence

__all__ = ["find_queue_times"]

_MIN_RUNS_IN_PERIOD = 8
_MIN_RUNS_BEFORE = 20
_MIN_LONGER_WAIT = pd.Timedelta("1min")
_BACKFILL_TAG = "dagster/backfill"


def find_queue_times(evidence: Evidence) -> list[Finding]:
    """Return one finding for each job whose runs wait in the queue for much longer than before the period.

    A backfill's runs are ignored, because they are launched together and wait for one another.
    """
    runs = evidence.runs
    if "queue_duration" not in runs.columns:
        return []
    waited = runs[durations(runs, "queue_duration").notna().to_numpy() & ~_of_backfills(runs)]
    found = []
    for job in strings(waited, "job_name").dropna().unique():
        own = of_job(waited, job)
        in_period = (creation_times(own) > evidence.start).to_numpy(dtype=bool)
        now, before = own[in_period], own[~in_period]
        if len(now) < _MIN_RUNS_IN_PERIOD or len(before) < _MIN_RUNS_BEFORE:
            continue
        usual = durations(before, "queue_duration")
        wait, p95 = quantile(durations(now, "queue_duration"), 0.5), quantile(usual, 0.95)
        if wait <= max(p95, quantile(usual, 0.5) + _MIN_LONGER_WAIT):
            continue
        name = one_line(job)
        found.append(
            Finding(
                "queue time", "warning", name,
                f"half of the {len(now)} runs of {name} waited {duration_text(wait.floor('s'))} or longer in the "
                f"queue; previously, 95 % waited less than {duration_text(p95.ceil('s'))}",
                creation_times(now).iloc[0], "very likely",
                f"queue times of {len(now)} runs in the period and {len(before)} before",
                f"dnb.plot.queue_durations(client.runs(job={str(job)!r}, created_after='60d'))",
                now["run_id"].tolist(),
            )
        )  # fmt: skip
    return found


def _of_backfills(runs: pd.DataFrame) -> np.ndarray:
    """Return a mask of the runs that a backfill launched."""
    if "tags" not in runs.columns:
        return np.zeros(len(runs), dtype=bool)
    tags = (parse_json(one) for one in runs["tags"])
    return np.array([isinstance(one, dict) and _BACKFILL_TAG in one for one in tags], dtype=bool)
