"""Compare two runs, as HTML."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from dagster_nb.analysis import compare_runs
from dagster_nb.panels.markup import grid, text
from dagster_nb.words import duration_text, plural, short_id, time_text

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

__all__ = ["comparison_html"]

_IDENTITY = "run_id"


def comparison_html(runs: pd.DataFrame, steps: pd.DataFrame | None) -> str:
    """Return the differences between two runs: main fields, run config, tags and step durations.

    Parameters
    ----------
    runs
        Two runs, with the columns of ``client.runs(include="run_config")``.
    steps
        The steps of the two runs, or None if the source has no steps.
    """
    table = compare_runs(runs, steps)
    table = table[table["key"] != _IDENTITY]
    different = table[table["differs"]].to_dict("records")
    first, second = (short_id(run_id) for run_id in runs["run_id"])
    rows = [[text(row["section"]), text(row["key"]), _value(row["first"]), _value(row["second"])] for row in different]
    head = ("", "", f"Run {first}", f"Run {second}", "")
    rows = [[*cells, _change(row)] for cells, row in zip(rows, different, strict=True)]
    same = len(table) - len(different)
    note = f'<p class="dnb-muted">{plural(same, "value")} {"is" if same == 1 else "are"} equal in both runs.</p>'
    return f'<div class="dnb-scroll">{grid(head, rows)}</div>{note}'


def _value(value: object) -> str:
    if value is None:
        return '<span class="dnb-muted">none</span>'
    if isinstance(value, pd.Timedelta):
        return duration_text(value)
    if isinstance(value, pd.Timestamp):
        return time_text(value)
    return text(value)


def _change(row: Mapping[Hashable, object]) -> str:
    """Describe the change of a duration. Return an empty string for other values."""
    before, after = row["first"], row["second"]
    if isinstance(before, pd.Timedelta) and isinstance(after, pd.Timedelta) and before.value > 0:
        return f"{after / before:.3g} times"
    return ""
