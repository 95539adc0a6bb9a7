"""Findings about schedules and sensors with failed ticks or without new ticks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from dagster_nb.analysis.digests.findings import Finding
from dagster_nb.analysis.read_columns import times
from dagster_nb.terminal_text import one_line
from dagster_nb.words import duration_text, plural, time_text

if TYPE_CHECKING:
    from dagster_nb.analysis.digests.evidence import Evidence

__all__ = ["find_failed_ticks", "find_stopped_automations", "is_rare"]

_MIN_TICKS = 5
_LATE = pd.Timedelta("10min")
_SENSOR_FACTOR = 10


def find_failed_ticks(evidence: Evidence) -> list[Finding]:
    """Return one finding per schedule or sensor with failed ticks in the period."""
    if evidence.ticks is None or evidence.ticks.empty:
        return []
    when = times(evidence.ticks, "timestamp")
    ticks = evidence.ticks[(when > evidence.start) & (when <= evidence.as_of)]
    found = []
    for (name, location, repository), own in ticks.groupby(["name", "location", "repository"], sort=True):
        decided = own[own["status"].isin(["SUCCESS", "FAILURE", "SKIPPED"])].sort_values("timestamp")
        failed = decided[decided["status"] == "FAILURE"]
        if failed.empty:
            continue
        last = failed.iloc[-1]
        broken = decided["status"].iloc[-1] == "FAILURE"
        text = f"{plural(len(failed), 'tick')} of {one_line(name)} failed, the last at {time_text(last['timestamp'])}"
        if not pd.isna(last["error_class"]):
            text += f" with {one_line(last['error_class'])}: {one_line(last['error_message'])}"
        text += "" if broken else f". {len(decided)} ticks in all, and the newest did not fail"
        address = f"{str(name)!r}, location={str(location)!r}, repository={str(repository)!r}"
        after = evidence.start.isoformat()
        found.append(
            Finding(
                "failed tick", "error" if broken else "warning", one_line(name), text, failed["timestamp"].iloc[0],
                "certain", "the server's list of ticks",
                f"client.ticks({address}, after={after!r}).query(\"status == 'FAILURE'\")",
            )
        )  # fmt: skip
    return found


def find_stopped_automations(evidence: Evidence) -> list[Finding]:
    """Return one finding per running schedule or sensor that no longer ticks."""
    if evidence.automations is None or evidence.ticks is None:
        return []
    found = []
    for one in evidence.automations[evidence.automations["status"] == "RUNNING"].to_dict("records"):
        if pd.isna(one["last_tick"]):
            continue
        own = evidence.ticks[
            (evidence.ticks["name"] == one["name"])
            & (evidence.ticks["location"] == one["location"])
            & (evidence.ticks["repository"] == one["repository"])
        ]
        silent = evidence.as_of - one["last_tick"]
        limit, usual = _limit(one["min_interval"], own)
        if limit is None or silent <= limit:
            continue
        name = one_line(one["name"])
        found.append(
            Finding(
                "stopped ticking", "error", name,
                f"the {one['kind']} {name} is on, but has not ticked for {duration_text(silent.floor('s'))}",
                one["last_tick"], "very likely", usual, "client.daemons()",
            )
        )  # fmt: skip
    return found


def is_rare(ticks: pd.DataFrame) -> bool:
    """Return whether there are too few ticks to determine the usual interval between ticks."""
    return len(ticks) < _MIN_TICKS


def _limit(min_interval: pd.Timedelta, ticks: pd.DataFrame) -> tuple[pd.Timedelta | None, str]:
    if not pd.isna(min_interval):
        return max(_SENSOR_FACTOR * min_interval, _LATE), f"it should tick every {duration_text(min_interval)}"
    if is_rare(ticks):
        return None, ""
    longest = ticks["timestamp"].sort_values().diff().max()
    return 2 * longest + _LATE, f"the previous {len(ticks)} ticks were at most {duration_text(longest)} apart"
