"""The static output of an explorer for viewers without widgets: HTML with a picture, and plain text."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, Any

import pandas as pd

from dagster_nb.panels.explorer.columns import column_of, column_values
from dagster_nb.panels.explorer.views.summary_tiles import summarize
from dagster_nb.panels.markup import grid, status, text
from dagster_nb.time_zones import zone_name
from dagster_nb.words import (
    count_text,
    duration_text,
    plural,
    relative_time_text,
    short_id,
    time_text,
    zoned_time_text,
)

if TYPE_CHECKING:
    from datetime import tzinfo

    from dagster_nb.panels.explorer.model import ExplorerModel

__all__ = ["static_html", "static_text"]

_MAX_ROWS = 15


def static_html(model: ExplorerModel, picture: str, zone: tzinfo = UTC) -> str:
    """Return the explorer as self-contained HTML, with its chart or report and the first rows of its table.

    Parameters
    ----------
    model
        The explorer's model.
    picture
        The chart or report as HTML: see `Charts.static_html`.
    zone
        The time zone in which times are shown.
    """
    first = model.page_runs.head(_MAX_ROWS)
    columns = [column_of(key) for key in model.view.columns]
    cells = [[_cell(column.kind, value, zone) for value in column_values(first, column.key)] for column in columns]
    names = [f"{one.name} ({zone_name(zone)})" if one.kind == "time" else one.name for one in columns]
    table = grid(names, zip(*cells, strict=True))
    return f"<div><p>{'<br>'.join(map(text, _summary(model, zone)))}</p>{picture}{table}</div>"


def static_text(model: ExplorerModel, zone: tzinfo = UTC) -> str:
    """Return the explorer as plain text."""
    now = model.as_of
    rows = [
        f"  {run['status']!s:<10} {_or_empty(run['job_name']):<30.30} "
        f"{relative_time_text(run['creation_time'], now):>10} {duration_text(run['duration']):>12}  "
        f"{short_id(run['run_id'])}"
        for run in model.page_runs.head(_MAX_ROWS).to_dict("records")
    ]
    return "\n".join([*_summary(model, zone), *rows])


def _cell(kind: str, value: Any, zone: tzinfo) -> str:  # noqa: ANN401 - a cell
    if kind == "tags":
        return text(", ".join(f"{key}: {one}" for key, one in value.items() if not key.startswith("dagster/")))
    if kind == "span":
        return _on_one_line(duration_text(value))
    if pd.isna(value):
        return ""
    if kind == "status":
        return status(str(value))
    if kind == "time":
        return _on_one_line(time_text(value.tz_convert(zone)))
    return f"<code>{text(short_id(value))}</code>" if kind == "id" else text(value)


def _on_one_line(value: str) -> str:
    return f'<span style="white-space: nowrap">{value}</span>'


def _summary(model: ExplorerModel, zone: tzinfo) -> list[str]:
    source = model.source
    name = getattr(source, "url", None) or getattr(source, "path", None) or type(source).__name__
    summary = summarize(model.runs)
    read = "" if model.is_complete else f" ({count_text(len(model.cache))} runs read so far)"
    lines = [f"RunExplorer of {name}: {plural(summary.count, 'run')}{read}"]
    if model.error is not None:
        lines.append(str(model.error))
    if summary.count:
        rate = (
            "none finished" if summary.success_rate != summary.success_rate else f"{summary.success_rate:.1%} succeeded"
        )
        lines.append(
            f"{rate}; half took at most {duration_text(summary.p50)}, 95 % at most {duration_text(summary.p95)}; "
            f"95 % were queued for at most {duration_text(summary.queue_p95)}"
        )
        order = "newest" if model.view.sort is None else "first"
        as_of = zoned_time_text(model.as_of, zone)
        lines.append(f"as of {as_of}; the {order} {min(_MAX_ROWS, summary.count)}:")
    return lines


def _or_empty(value: object) -> str:
    return value if isinstance(value, str) else ""
