"""The static output of an explorer, for viewers without widgets: the same runs as HTML with a picture, and as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagster_nb.panels.explorer.views.charts import CHARTS, chart_height
from dagster_nb.panels.explorer.views.tiles import summarize
from dagster_nb.panels.markup import grid, status, text
from dagster_nb.panels.pictures import image
from dagster_nb.words import count_text, duration_text, plural, relative_time_text, short_id, time_text

if TYPE_CHECKING:
    from dagster_nb.panels.explorer.model import ExplorerModel

__all__ = ["static_html", "static_text"]

_MAX_ROWS = 15
_CHART = "Durations"


def static_html(model: ExplorerModel) -> str:
    """Return the explorer as self-contained HTML."""
    runs = model.runs
    rows = [
        [status(str(run["status"])), text(_or_empty(run["job_name"])), time_text(run["start_time"]),
         duration_text(run["duration"]), text(_or_empty(run["partition_key"])), text(_or_empty(run["launched_by"])),
         f"<code>{text(short_id(run['run_id']))}</code>"]
        for run in runs.head(_MAX_ROWS).to_dict("records")
    ]  # fmt: skip
    table = grid(["Status", "Job", "Started (UTC)", "Duration", "Partition", "Launched by", "Run"], rows)
    chart = CHARTS[_CHART]
    picture = ""
    if len(runs):
        picture = image(
            lambda ax: chart.draw(runs, ax),
            alt=f"Chart of {plural(len(runs), 'run')}: {chart.alt}.",
            width=900,
            height=chart_height(runs, chart),
            background="white",
        )
    return f"<div><p>{'<br>'.join(map(text, _summary(model)))}</p>{picture}{table}</div>"


def static_text(model: ExplorerModel) -> str:
    """Return the explorer as plain text."""
    now = model.as_of
    rows = [
        f"  {run['status']!s:<10} {_or_empty(run['job_name']):<30.30} "
        f"{relative_time_text(run['creation_time'], now):>10} {duration_text(run['duration']):>12}  "
        f"{short_id(run['run_id'])}"
        for run in model.runs.head(_MAX_ROWS).to_dict("records")
    ]
    return "\n".join([*_summary(model), *rows])


def _summary(model: ExplorerModel) -> list[str]:
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
        as_of = time_text(model.as_of)
        lines.append(f"as of {as_of} UTC; the newest {min(_MAX_ROWS, summary.count)}:")
    return lines


def _or_empty(value: object) -> str:
    return value if isinstance(value, str) else ""
