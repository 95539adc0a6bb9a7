"""Show the comparison of two runs as HTML."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING

import pandas as pd

from dagster_nb.analysis import compare_runs
from dagster_nb.panels.markup import grid, text, time_html
from dagster_nb.time_zones import zone_name
from dagster_nb.words import duration_text, plural, short_id

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping
    from datetime import tzinfo

__all__ = ["comparison_html"]

_IDENTITY = "run_id"


def comparison_html(runs: pd.DataFrame, steps: pd.DataFrame | None, *, zone: tzinfo = UTC) -> str:
    """Return the differences between two runs: main fields, run config, tags and step durations.

    Parameters
    ----------
    runs
        Two runs, with the columns of ``client.runs(include="run_config")``.
    steps
        The steps of the two runs, or None if the source has no steps.
    zone
        The time zone in which times are shown. The tooltips show the times in UTC.
    """
    table = compare_runs(runs, steps)
    table = table[table["key"] != _IDENTITY]
    different = table[table["differs"]].to_dict("records")
    first, second = (short_id(run_id) for run_id in runs["run_id"])
    rows = [
        [text(row["section"]), _name(row, zone), _value(row["first"], zone), _value(row["second"], zone)]
        for row in different
    ]
    head = ("", "", f"Run {first}", f"Run {second}", "")
    rows = [[*cells, _change(row)] for cells, row in zip(rows, different, strict=True)]
    same = len(table) - len(different)
    note = f'<p class="dnb-muted">{plural(same, "value")} {"is" if same == 1 else "are"} equal in both runs.</p>'
    return f'<div class="dnb-scroll">{grid(head, rows)}</div>{note}'


def _name(row: Mapping[Hashable, object], zone: tzinfo) -> str:
    is_time = any(isinstance(row[side], pd.Timestamp) for side in ("first", "second"))
    return f"{text(row['key'])} ({zone_name(zone)})" if is_time else text(row["key"])


def _value(value: object, zone: tzinfo) -> str:
    if value is None:
        return '<span class="dnb-muted">none</span>'
    if isinstance(value, pd.Timedelta):
        return duration_text(value)
    if isinstance(value, pd.Timestamp):
        return time_html(value, zone)
    return text(value)


def _change(row: Mapping[Hashable, object]) -> str:
    """Describe the change of a value if it is a duration. Otherwise, return an empty string."""
    before, after = row["first"], row["second"]
    if isinstance(before, pd.Timedelta) and isinstance(after, pd.Timedelta) and before.value > 0:
        return f"{after / before:.3g} times"
    return ""
