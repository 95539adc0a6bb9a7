"""Derive the findings that a digest of the demo should have from the planned history and the ground truth."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pandas as pd

from dagster_nb.sandbox.history.step_errors import FAILURES
from dagster_nb.words import duration_text

if TYPE_CHECKING:
    from dagster_nb.analysis.digests.digest import Digest
    from dagster_nb.sandbox.history.planned import History, PlannedRun

LOOKBACK = timedelta(days=60)
# The slower job has one or two runs per working day, and a slowdown can be detected after eight successful runs.
CERTAIN_AFTER = timedelta(days=21)


def check_findings(digest: Digest, history: History) -> None:
    """Check that a digest has exactly the expected findings, and that open failures have the expected runs and ages."""
    start, as_of = digest._summary.start, digest._summary.as_of
    frame = digest.findings
    found = sorted(frame[["kind", "severity", "subject"]].itertuples(index=False, name=None))
    slower = [one for one in found if one[0] == "slower job"]
    assert [one for one in found if one not in slower] == sorted(_expected(history, start, as_of))
    age = as_of - history.truth.slower_since
    assert {subject for _, _, subject in slower} <= {history.truth.slower_job}
    assert len(slower) <= (age > timedelta(0))
    assert len(slower) == 1 or age < CERTAIN_AFTER
    _check_open_failures(frame[frame["kind"] == "open failure"], history, start, as_of)


def is_quiet(history: History, start: pd.Timestamp, as_of: pd.Timestamp) -> bool:
    """Return whether a digest of this period has no errors and no warnings."""
    near_slowdown = timedelta(0) < as_of - history.truth.slower_since < CERTAIN_AFTER
    return not near_slowdown and all(severity == "note" for _, severity, _ in _expected(history, start, as_of))


def _expected(history: History, start: pd.Timestamp, as_of: pd.Timestamp) -> list[tuple[str, str, str]]:
    return [
        *_expected_failures(history, start, as_of),
        *_expected_ticks(history, start, as_of),
        *_expected_partitions(history, start, as_of),
    ]


def _check_open_failures(frame: pd.DataFrame, history: History, start: pd.Timestamp, as_of: pd.Timestamp) -> None:
    for row in frame.itertuples():
        runs = [run for run in _open_failures(history, as_of) if run.job == row.subject and _ended(run) <= start]
        assert row.run_ids == [run.run_id for run in runs]
        since = min(_ended(run) for run in runs)
        assert abs(row.since - since) < pd.Timedelta("1ms")
        assert f"for up to {duration_text((as_of - row.since).floor('min'))}" in row.what


def _expected_failures(history: History, start: pd.Timestamp, as_of: pd.Timestamp) -> list[tuple[str, str, str]]:
    is_open = {run.run_id for run in _open_failures(history, as_of)}
    groups: dict[tuple[str, ...], list[PlannedRun]] = {}
    for run in _known(history, as_of):
        if run.status != "FAILURE" or run.failure is None:
            continue
        if _ended(run) > start:
            step, failure = run.failure
            groups.setdefault(("new failure", run.job, step, FAILURES[failure].innermost.cls_name), []).append(run)
        elif run.run_id in is_open:
            groups.setdefault(("open failure", run.job), []).append(run)
    found = []
    for (kind, job, *_), failed in groups.items():
        newest = max(run.created for run in failed)
        successes = [run for run in _known(history, as_of) if run.job == job and run.status == "SUCCESS"]
        unresolved = [run for run in failed if run.run_id in is_open]
        if not any(run.created > newest for run in successes):
            severity = "error"
        elif kind == "new failure":
            severity = "warning" if unresolved else "note"
        else:
            severity = "warning" if any("dagster/partition" in run.tags for run in unresolved) else "note"
        found.append((kind, severity, job))
    return found


def _expected_ticks(history: History, start: pd.Timestamp, as_of: pd.Timestamp) -> list[tuple[str, str, str]]:
    known = [tick for tick in history.ticks if start.timestamp() < tick.at <= as_of.timestamp()]
    newest = {tick.name: tick for tick in known}
    return [
        ("failed tick", "error" if newest[name].error else "warning", name)
        for name in {tick.name for tick in known if tick.error}
    ]


def _expected_partitions(history: History, start: pd.Timestamp, as_of: pd.Timestamp) -> list[tuple[str, str, str]]:
    """Return a finding if the job has already run for a partition after the missing one."""
    truth = history.truth
    after = [
        run.created
        for run in _known(history, as_of)
        if run.job == truth.missing_job and run.tags.get("dagster/partition", "") > truth.missing_partition
    ]
    if not after:
        return []
    return [("missing partition", "warning" if min(after) > start.timestamp() else "note", truth.missing_job)]


def _known(history: History, as_of: pd.Timestamp) -> list[PlannedRun]:
    """Return the runs that a digest reads and that ended before the end of its period."""
    oldest = (as_of - LOOKBACK).timestamp()
    return [run for run in history.runs if oldest < run.created and run.ended <= as_of.timestamp()]


def _open_failures(history: History, as_of: pd.Timestamp) -> list[PlannedRun]:
    known = _known(history, as_of)
    last: dict[str, float] = {}
    for run in known:
        if run.status == "SUCCESS":
            last[run.group] = max(run.created, last.get(run.group, 0.0))
    return [run for run in known if run.status == "FAILURE" and last.get(run.group, 0.0) <= run.created]


def _ended(run: PlannedRun) -> pd.Timestamp:
    return pd.Timestamp(run.ended, unit="s", tz="UTC")
