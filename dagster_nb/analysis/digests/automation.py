"""Find schedules and sensors with failed ticks or without new ticks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from dagster_nb.analysis.digests.findings import Finding
from dagster_nb.analysis.read_columns import times
from dagster_nb.terminal_text import one_line
from dagster_nb.words import duration_text, plural, time_text

if TYPE_CHECKING:
    from dagster_nb.analysis.digests.evidence import Evidence
    from dagster_nb.analysis.digests.findings import Certainty

__all__ = ["find_failed_ticks", "find_stopped_automations", "may_have_stopped"]

_MIN_TICKS = 5
_MIN_MISSED_TICKS = 2
_WEEKS_OF_TICKS = 2
_WEEK = pd.Timedelta("7D")
_LATE = pd.Timedelta("10min")
_SENSOR_FACTOR = 10
# A restart of the daemon, followed by a slow evaluation, can take this long.
_LATE_SENSOR = pd.Timedelta("15min")


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
        basis = _silence(one, own, evidence.as_of)
        if basis is None:
            continue
        silent = evidence.as_of - one["last_tick"]
        name = one_line(one["name"])
        found.append(
            Finding(
                "stopped ticking", "error", name,
                f"the {one['kind']} {name} is on, but has not ticked for {duration_text(silent.floor('s'))}",
                one["last_tick"], *basis, "client.daemons()",
            )
        )  # fmt: skip
    return found


def may_have_stopped(last_tick: pd.Timestamp, ticks: pd.DataFrame, as_of: pd.Timestamp) -> bool:
    """Return whether the digest needs the ticks of previous weeks to decide if a schedule has stopped.

    Parameters
    ----------
    last_tick
        The time of the schedule's last tick.
    ticks
        The schedule's ticks in the period.
    as_of
        The end of the period.
    """
    if len(ticks) < _MIN_TICKS:
        return True
    usual = pd.Timedelta(ticks["timestamp"].sort_values().diff().median())
    return as_of - last_tick > 2 * usual + _LATE


def _silence(one: dict[Any, Any], ticks: pd.DataFrame, as_of: pd.Timestamp) -> tuple[Certainty, str] | None:
    """Return how certain it is that a schedule or sensor has stopped, and why. Return None if it is still ticking."""
    silent = as_of - one["last_tick"]
    if not pd.isna(one["min_interval"]):
        is_late = silent > max(_SENSOR_FACTOR * one["min_interval"], _LATE_SENSOR)
        return ("very likely", f"it should tick every {duration_text(one['min_interval'])}") if is_late else None
    when = ticks["timestamp"].sort_values()
    # Many schedules do not tick at night or on weekends, so count the ticks in the same hours of previous weeks.
    before = [
        int(((when > one["last_tick"] - weeks * _WEEK + _LATE) & (when < as_of - weeks * _WEEK - _LATE)).sum())
        for weeks in range(1, _WEEKS_OF_TICKS + 1)
        if len(when) and when.iloc[0] <= one["last_tick"] - weeks * _WEEK + _LATE
    ]
    if before and min(before) >= _MIN_MISSED_TICKS:
        return "very likely", f"a week earlier, it ticked {before[0]} times in the same hours"
    # A weekly schedule ticked only once in the same hours, so its longest interval in two weeks decides.
    may_be_weekly = len(before) == _WEEKS_OF_TICKS and silent > _WEEK
    if not may_be_weekly and (before or len(when) < _MIN_TICKS):
        return None
    longest = when.diff().max()
    text = f"the previous {len(when)} ticks were at most {duration_text(longest)} apart"
    return ("likely", text) if silent > 2 * longest + _LATE else None
