"""Find runs that have been in a status for much longer than usual."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from dagster_nb.analysis.digests.duration_quantile import quantile
from dagster_nb.analysis.digests.evidence import of_job
from dagster_nb.analysis.digests.findings import Finding, python_list
from dagster_nb.analysis.read_columns import creation_times, durations, has_status, strings, times
from dagster_nb.terminal_text import one_line
from dagster_nb.words import duration_text, plural

if TYPE_CHECKING:
    from dagster_nb.analysis.digests.evidence import Evidence

__all__ = ["find_stuck_runs"]

_MIN_RUNS = 10
_FACTOR = 3.0
_MIN_QUEUED = pd.Timedelta("30min")
_MIN_STARTING = pd.Timedelta("30min")
_MIN_CANCELING = pd.Timedelta("10min")
_MIN_LONGER_RUN = pd.Timedelta("10min")


def find_stuck_runs(evidence: Evidence) -> list[Finding]:
    """Return one finding per job and status with runs that have had this status for much longer than usual."""
    runs, as_of = evidence.runs, evidence.as_of
    unfinished = runs[has_status(runs, "QUEUED", "NOT_STARTED", "STARTING", "STARTED", "CANCELING")]
    found = []
    for job in strings(unfinished, "job_name").dropna().unique():
        own = of_job(unfinished, job)
        history = of_job(runs, job)
        began = times(own, "start_time").fillna(creation_times(own))
        for status in strings(own, "status").unique():
            limit, usual = _limit(history, status)
            if limit is None:
                continue
            chosen = has_status(own, status) & (as_of - began > limit).to_numpy(dtype=bool)
            if chosen.any():
                found.append(_stuck(own[chosen], job, status, began[chosen], as_of, usual))
    return found


def _limit(history: pd.DataFrame, status: str) -> tuple[pd.Timedelta | None, str]:
    """Return how long a run may stay in a status before that is unusual, or None, and the evidence for this limit."""
    if status == "CANCELING":
        return _MIN_CANCELING, "its status"
    if status in ("STARTING", "NOT_STARTED"):
        return _MIN_STARTING, "its status"
    name = "queue_duration" if status == "QUEUED" else "duration"
    done = history[has_status(history, "SUCCESS")]
    lengths = durations(done, name).dropna() if name in done.columns else pd.Series([], dtype="timedelta64[us]")
    if len(lengths) < _MIN_RUNS:
        return (_MIN_QUEUED, "its status") if status == "QUEUED" else (None, "")
    longest, p95 = quantile(lengths, 1.0), quantile(lengths, 0.95)
    least = _MIN_QUEUED if status == "QUEUED" else p95 + _MIN_LONGER_RUN
    usual = f"95 % of {len(lengths)} runs took less than {duration_text(p95)}, the longest {duration_text(longest)}"
    return max(longest, _FACTOR * p95, least), usual


def _stuck(own: pd.DataFrame, job: str, status: str, began: pd.Series, as_of: pd.Timestamp, usual: str) -> Finding:
    words = {"QUEUED": "queued", "NOT_STARTED": "not started", "STARTING": "starting", "CANCELING": "canceling"}
    ids = own["run_id"].tolist()
    code = f"client.terminate({python_list(ids[:3])}" + (", force=True)" if status == "CANCELING" else ")")
    if status in ("QUEUED", "NOT_STARTED"):
        code = "client.daemons()"
    has = "has" if len(own) == 1 else "have"
    word = words.get(status, "running")
    # The server does not report the time at which a run was asked to stop.
    longest = duration_text((as_of - began.min()).floor("s")) + (" since the start" if status == "CANCELING" else "")
    return Finding(
        "stuck run", "warning", one_line(job),
        f"{plural(len(own), 'run')} of {one_line(job)} {has} been {word} for up to {longest}",
        began.min(), "certain" if usual == "its status" else "very likely", usual, code, ids,
    )  # fmt: skip
