"""The content of the Failures tab as HTML: the causes of failures, and the number of unresolved failures."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING

import pandas as pd

from dagster_nb.analysis import failure_groups
from dagster_nb.analysis.similar_failures import CAUSE, failure_causes
from dagster_nb.panels.markup import action_button, grid, text, time_html
from dagster_nb.time_zones import zone_name
from dagster_nb.words import plural, relative_time_text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import tzinfo

__all__ = ["REEXECUTE_UNRESOLVED", "SELECT_RUNS", "failure_groups_html"]

SELECT_RUNS = "select_runs"
"""The name of the action that selects the runs of a group, as in `dagster_nb.panels.markup.action_button`."""

REEXECUTE_UNRESOLVED = "reexecute_unresolved"
"""The name of the action that selects all unresolved failures and asks whether to re-execute them from failure."""

_MAX_GROUPS = 30
_HEAD = ("Runs", "Step", "Error", "Message")


def failure_groups_html(
    failures: pd.DataFrame,
    *,
    now: pd.Timestamp,
    of: str,
    unresolved: int,
    can_reexecute: bool,
    zone: tzinfo = UTC,
    is_live: bool = True,
) -> str:
    """Return a table of groups of similar failures, with the most frequent group first.

    Parameters
    ----------
    failures
        Failures, with the columns of ``client.failures()``.
    now
        The current time.
    of
        A description of the runs, such as ``"the newest 200 of 340 failed runs"``.
    unresolved
        The number of displayed failed runs without a later success.
    can_reexecute
        Whether the source can re-execute runs.
    zone
        The time zone in which times are shown. The tooltips show the times in UTC.
    is_live
        Whether to add buttons, which work only in a live panel.
    """
    runs_of = _runs_of_each_cause(failures)
    groups = failure_groups(failures)
    rows = [
        _cells(group, runs_of[key], now, zone, is_live=is_live)
        for key, (_, group) in zip(_keys(groups), groups.head(_MAX_GROUPS).iterrows(), strict=False)
    ]
    hidden = len(groups) - len(rows)
    more = f" {plural(hidden, 'less frequent cause')} not shown." if hidden else ""
    note = f'<p class="dnb-muted">{plural(len(groups), "cause")} of {text(of)}.{more}</p>'
    seen = (f"{seen} ({zone_name(zone)})" for seen in ("First seen", "Last seen"))
    line = _unresolved(unresolved, can_reexecute=can_reexecute and is_live)
    return f'{line}<div class="dnb-scroll">{grid((*_HEAD, *seen), rows)}</div>{note}'


def _unresolved(count: int, *, can_reexecute: bool) -> str:
    if not count:
        return '<p role="status">All failed runs in view have been resolved by a later success.</p>'
    are = "is" if count == 1 else "are"
    line = f"{plural(count, 'failed run')} in view {are} not resolved."
    if can_reexecute:
        label = f"Re-execute {'it' if count == 1 else f'all {count:,}'} from failure…"
        line += " " + action_button(
            label, "Asks for confirmation before anything is launched", REEXECUTE_UNRESOLVED, is_chip=True
        )
    return f'<p role="status">{line}</p>'


def _cells(group: pd.Series, run_ids: Sequence[str], now: pd.Timestamp, zone: tzinfo, *, is_live: bool) -> list[str]:
    count = plural(len(run_ids), "run")
    if is_live:
        count = action_button(count, "Select these runs in the table", SELECT_RUNS, *run_ids)
    where = group["raised_in"]
    raised_in = "" if pd.isna(where) else f'<br><span class="dnb-muted">raised in {text(where)}</span>'
    return [
        count,
        "" if pd.isna(group["step_key"]) else text(group["step_key"]),
        "" if pd.isna(group["error_class"]) else text(group["error_class"]),
        ("" if pd.isna(group["pattern"]) else text(group["pattern"])) + raised_in,
        _time(group["first_seen"], now, zone),
        _time(group["last_seen"], now, zone),
    ]


def _time(time: pd.Timestamp, now: pd.Timestamp, zone: tzinfo) -> str:
    return "" if pd.isna(time) else f"{relative_time_text(time, now)} · {time_html(time, zone)}"


def _runs_of_each_cause(failures: pd.DataFrame) -> dict[tuple[str, ...], list[str]]:
    causes = failure_causes(failures)
    found: dict[tuple[str, ...], dict[str, None]] = {}
    for key, run_id in zip(_keys(causes), causes["run_id"], strict=True):
        found.setdefault(key, {})[run_id] = None
    return {key: list(run_ids) for key, run_ids in found.items()}


def _keys(frame: pd.DataFrame) -> list[tuple[str, ...]]:
    """Return a key for the cause of each row. NA becomes an empty string, because NA is not equal to itself."""
    return list(frame[CAUSE].fillna("").itertuples(index=False, name=None))
