"""The explorer for viewers without widgets: what was on the screen, as a table and a picture that need nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagster_nb.panels.explorer.charts import CHARTS, chart_height
from dagster_nb.panels.explorer.tiles import summarize
from dagster_nb.panels.markup import ago, grid, moment, number, plural, span, status, text
from dagster_nb.panels.pictures import image

if TYPE_CHECKING:
    from dagster_nb.panels.explorer.model import ExplorerModel

__all__ = ["static_html", "static_text"]

_ROWS = 15
_CHART = "Durations"


def static_html(model: ExplorerModel) -> str:
    """Return the explorer as markup that stands alone."""
    view = model.view
    rows = [
        [status(str(run["status"])), text(_or(run["job_name"])), moment(run["start_time"]), span(run["duration"]),
         text(_or(run["partition_key"])), text(_or(run["launched_by"])), f"<code>{text(run['run_id'][:8])}</code>"]
        for run in view.head(_ROWS).to_dict("records")
    ]  # fmt: skip
    table = grid(["Status", "Job", "Started (UTC)", "Duration", "Partition", "Launched by", "Run"], rows)
    chart = CHARTS[_CHART]
    picture = ""
    if len(view):
        picture = image(
            lambda ax: chart.draw(view, ax),
            alt=f"Chart of {plural(len(view), 'run')}: {chart.alt}.",
            width=900,
            height=chart_height(view, chart),
            ground="white",
        )
    return f"<div><p>{'<br>'.join(map(text, _summary(model)))}</p>{picture}{table}</div>"


def static_text(model: ExplorerModel) -> str:
    """Return the explorer as plain text."""
    now = model.clock()
    rows = [
        f"  {run['status']!s:<10} {_or(run['job_name']):<30.30} {ago(run['creation_time'], now):>10} "
        f"{span(run['duration']):>12}  {run['run_id'][:8]}"
        for run in model.view.head(_ROWS).to_dict("records")
    ]
    return "\n".join([*_summary(model), *rows])


def _summary(model: ExplorerModel) -> list[str]:
    url = getattr(model.source, "url", None) or getattr(model.source, "path", None) or type(model.source).__name__
    summary = summarize(model.view)
    read = "" if model.complete else f" ({number(len(model.store))} runs read so far)"
    lines = [f"RunExplorer of {url}: {plural(summary.count, 'run')}{read}"]
    if model.error is not None:
        lines.append(f"{model.error}")
    if summary.count:
        rate = (
            "none finished" if summary.success_rate != summary.success_rate else f"{summary.success_rate:.1%} succeeded"
        )
        lines.append(
            f"{rate}; half took at most {span(summary.p50)}, 95 % at most {span(summary.p95)}, "
            f"95 % queued at most {span(summary.queue_p95)}"
        )
        lines.append(
            f"as of {moment(model.refreshed_at or model.clock())} UTC; the newest {min(_ROWS, summary.count)}:"
        )
    return lines


def _or(value: object) -> str:
    return value if isinstance(value, str) else ""
