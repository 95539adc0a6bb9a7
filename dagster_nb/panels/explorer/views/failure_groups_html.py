"""The content of the Failures tab as HTML: the causes of failures, and the number of unresolved failures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from dagster_nb.analysis import failure_groups
from dagster_nb.analysis.similar_failures import CAUSE, failure_causes
from dagster_nb.panels.markup import action_button, grid, text
from dagster_nb.words import plural, relative_time_text, time_text

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["REEXECUTE_UNRESOLVED", "SELECT_RUNS", "failure_groups_html"]

SELECT_RUNS = "select_runs"
"""The name of the action that selects the runs of a group: see `dagster_nb.panels.markup.action_button`."""

REEXECUTE_UNRESOLVED = "reexecute_unresolved"
"""The name of the action that selects all unresolved failures and asks whether to re-execute them from failure."""

_MAX_GROUPS = 30
_HEAD = ("Runs", "Step", "Error", "Message", "First seen", "Last seen")


def failure_groups_html(
    failures: pd.DataFrame, *, now: pd.Timestamp, of: str, unresolved: int, can_reexecute: bool
) -> str:
    """Return a table of the groups of similar failures, with the most frequent group first.

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
    """
    runs_of = _runs_of_each_cause(failures)
    groups = failure_groups(failures)
    rows = [
        _cells(group, runs_of[key], now)
        for key, (_, group) in zip(_keys(groups), groups.head(_MAX_GROUPS).iterrows(), strict=False)
    ]
    hidden = len(groups) - len(rows)
    more = f" {plural(hidden, 'less frequent cause')} not shown." if hidden else ""
    note = f'<p class="dnb-muted">{plural(len(groups), "cause")} of {text(of)}.{more}</p>'
    return (
        f'{_unresolved(unresolved, can_reexecute=can_reexecute)}<div class="dnb-scroll">{grid(_HEAD, rows)}</div>{note}'
    )


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


def _cells(group: pd.Series, run_ids: Sequence[str], now: pd.Timestamp) -> list[str]:
    count = action_button(plural(len(run_ids), "run"), "Select these runs in the table", SELECT_RUNS, *run_ids)
    raised_in = "" if pd.isna(group["raised_in"]) else f'<br><span class="dnb-muted">{text(group["raised_in"])}</span>'
    return [
        count,
        "" if pd.isna(group["step_key"]) else text(group["step_key"]),
        "" if pd.isna(group["error_class"]) else text(group["error_class"]),
        ("" if pd.isna(group["pattern"]) else text(group["pattern"])) + raised_in,
        _time(group["first_seen"], now),
        _time(group["last_seen"], now),
    ]


def _time(time: pd.Timestamp, now: pd.Timestamp) -> str:
    return "" if pd.isna(time) else f'<span title="{time_text(time)}">{relative_time_text(time, now)}</span>'


def _runs_of_each_cause(failures: pd.DataFrame) -> dict[tuple[str, ...], list[str]]:
    causes = failure_causes(failures)
    found: dict[tuple[str, ...], dict[str, None]] = {}
    for key, run_id in zip(_keys(causes), causes["run_id"], strict=True):
        found.setdefault(key, {})[run_id] = None
    return {key: list(run_ids) for key, run_ids in found.items()}


def _keys(frame: pd.DataFrame) -> list[tuple[str, ...]]:
    """Return the cause of each row as a key. NA becomes an empty string, because NA is not equal to itself."""
    return list(frame[CAUSE].fillna("").itertuples(index=False, name=None))
