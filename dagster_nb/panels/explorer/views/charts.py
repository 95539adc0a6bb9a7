"""``Charts``: one chart or table about the runs at a time, drawn when it is chosen."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from dagster_nb import plot
from dagster_nb.analysis import regressions
from dagster_nb.analysis.groups import named_groups
from dagster_nb.panels.explorer.source import has_methods
from dagster_nb.panels.explorer.view import DEFAULT_CHART
from dagster_nb.panels.explorer.views.reports import (
    COMPARISON,
    FAILURES,
    REPORTS,
    STEPS,
    Drawing,
    Report,
    lanes_height,
)
from dagster_nb.panels.explorer.views.undrawn_jobs import UndrawnJobs
from dagster_nb.panels.markup import text
from dagster_nb.panels.pictures import image
from dagster_nb.words import plural

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import tzinfo

    import pandas as pd
    from matplotlib.axes import Axes

    from dagster_nb.panels.explorer.model import ExplorerModel
    from dagster_nb.panels.viewport import Viewport

__all__ = ["CHARTS", "Chart", "Charts", "chart_names", "chart_picture", "undrawn_trend_jobs"]

_SECONDS_BETWEEN_DRAWINGS = 1.5
_MAX_TREND_JOBS = 6
_MIN_WIDTH, _MAX_WIDTH = 320, 1600
_HEIGHT = 280


@dataclass(frozen=True)
class Chart:
    """A chart.

    Parameters
    ----------
    draw
        Draws runs on axes, with times in a time zone.
    alt
        A description of the chart for people who cannot see it.
    max_lanes
        The maximum number of lanes, if the chart has one lane per job.
    """

    draw: Callable[[pd.DataFrame, Axes, tzinfo], object]
    alt: str
    max_lanes: int = 0


def _draw_trend(runs: pd.DataFrame, ax: Axes, tz: tzinfo) -> object:
    return plot.duration_trend(runs, regressions=regressions(runs), max_groups=_MAX_TREND_JOBS, tz=tz, ax=ax)


def undrawn_trend_jobs(runs: pd.DataFrame) -> list[str]:
    """Return the jobs that do not fit into the trend chart: those that neither slowed down nor have the most runs."""
    finished = runs[runs["start_time"].notna() & runs["duration"].notna()]
    if finished["job_name"].nunique() <= _MAX_TREND_JOBS:
        return []
    busiest = named_groups(finished, "job_name").names
    return list(dict.fromkeys([*regressions(runs)["job_name"], *busiest]))[_MAX_TREND_JOBS:]


CHARTS: dict[str, Chart] = {
    "Durations": Chart(
        lambda runs, ax, tz: plot.durations(runs, tz=tz, ax=ax), "how long the runs of each job take", 12
    ),
    "Trend": Chart(_draw_trend, "how the durations of each job change over time, with slowdowns marked"),
    "Timeline": Chart(
        lambda runs, ax, tz: plot.timeline(runs, tz=tz, ax=ax), "when each run was in progress, one lane per job", 15
    ),
    "Status over time": Chart(
        lambda runs, ax, tz: plot.status_counts(runs, tz=tz, ax=ax), "how many runs had each status, over time"
    ),
    "Success rate": Chart(
        lambda runs, ax, tz: plot.success_rate(runs, tz=tz, ax=ax), "what share of the runs succeeded, over time"
    ),
    "Queue times": Chart(
        lambda runs, ax, tz: plot.queue_durations(runs, tz=tz, ax=ax), "how long runs waited before they started"
    ),
}
_TREND = "Trend"
_TREND = "Trend"
_NONE = "No chart"


def chart_picture(chart: Chart, runs: pd.DataFrame, drawing: Drawing, note: str = "") -> str:
    """Return a chart of runs as HTML; `note` is added to the text for people who cannot see it."""
    lanes = min(int(runs["job_name"].nunique()), chart.max_lanes) if chart.max_lanes else None
    return image(
        lambda ax: chart.draw(runs, ax, drawing.zone),
        alt=f"Chart of {plural(len(runs), 'run')}: {chart.alt}.{note}",
        width=drawing.width,
        height=_HEIGHT if lanes is None else lanes_height(lanes),
        dark=drawing.dark,
        background=drawing.background,
    )


def chart_names(source: object) -> list[str]:
    """Return the names of the charts that an explorer of this source has."""
    needs = {STEPS: "steps", FAILURES: "failures"}
    read = [name for name, method in needs.items() if has_methods(source, method)]
    return [*CHARTS, *read, COMPARISON, _NONE]


class Charts:
    """Draws the chart or the report that is chosen.

    Parameters
    ----------
    model
        The explorer's model.
    viewport
        Provides the width, the theme and the time zone.
    """

    def __init__(self, model: ExplorerModel, viewport: Viewport):
        self._model = model
        self._viewport = viewport
        self.choice: Any = widgets.ToggleButtons(
            options=chart_names(model.source), value=model.view.chart, style={"button_width": "auto"}
        )
        self._picture = widgets.HTML(layout=widgets.Layout(width="100%"))
        self._undrawn = UndrawnJobs(model)
        self.widget: Any = widgets.VBox(
            [self.choice, self._picture, self._undrawn.widget], layout=widgets.Layout(width="100%", overflow="visible")
        )
        self.widget.add_class("dnb-section")
        model.background.on_change(self.choice, lambda name: model.change_view(chart=name))
        self._shown: tuple[Any, ...] | None = None
        self._shown_runs: pd.DataFrame | None = None
        self._shown_at = 0.0
        self._drawing: Drawing | None = None
        # Draws the report that has been read; None until then, and for charts.
        self._draw_report: Callable[[Drawing], str] | None = None

    def show_trend(self) -> None:
        """Choose the chart of trends."""
        self._model.change_view(chart=_TREND)

    def draw_choice(self) -> None:
        """Choose the chart of the model, and draw it."""
        self.choice.value = self._model.view.chart
        self.draw()

    def draw(self) -> None:
        """Draw the chart or the report that is chosen, unless it is up to date."""
        model, name = self._model, self._model.view.chart
        shown = (name, model.filters, model.selection if name == COMPARISON else ())
        drawing = self._new_drawing()
        # Drawing after each page of runs would slow down fetching, so the chart is drawn when fetching ends.
        is_recent = model.reading is not None and time.monotonic() - self._shown_at < _SECONDS_BETWEEN_DRAWINGS
        if shown == self._shown and (is_recent or self._shown_runs is model.runs):
            if drawing != self._drawing:
                self._drawing = drawing
                self._redraw(drawing)
            return
        self._shown, self._shown_runs, self._shown_at, self._drawing = shown, model.runs, time.monotonic(), drawing
        model.background.stop("report")
        self._draw_report = None
        self._undrawn.draw(undrawn_trend_jobs(model.runs) if name == _TREND else [])
        if name in REPORTS:
            self._read(REPORTS[name](model))
        else:
            self._redraw(drawing)

    def static_html(self, drawing: Drawing) -> str:
        """Return the chart or the report for the static output; a chart if the report is still being read."""
        model, name = self._model, self._model.view.chart
        if self._draw_report is not None:
            return self._draw_report(drawing)
        if name in REPORTS and not model.background.busy("report"):
            # This says why there is no report.
            return str(self._picture.value)
        if name == _NONE or model.runs.empty:
            return ""
        return chart_picture(CHARTS.get(name, CHARTS[DEFAULT_CHART]), model.runs, drawing)

    def _new_drawing(self) -> Drawing:
        width = min(max(self._viewport.width - 8, _MIN_WIDTH), _MAX_WIDTH)
        return Drawing(self._viewport.zone, width, self._viewport.dark)

    def _redraw(self, drawing: Drawing) -> None:
        """Draw what has been read once more, for example in another time zone."""
        name, runs = self._model.view.chart, self._model.runs
        if self._draw_report is not None:
            self._picture.value = self._draw_report(drawing)
        elif name in CHARTS:
            note = " The tiles and the table have the numbers."
            self._picture.value = chart_picture(CHARTS[name], runs, drawing, note)
        elif name == _NONE:
            self._picture.value = ""

    def _read(self, report: Report | str) -> None:
        """Read a report in the background, and then draw it. A sentence is shown as it is."""
        if isinstance(report, str):
            self._picture.value = f'<p role="status">{text(report)}</p>'
            return
        self._picture.value = f'<p class="dnb-muted" role="status">Reading {text(report.name)}…</p>'

        def draw(answer: Any) -> None:  # noqa: ANN401 - depends on the report
            self._picture.value = report.html(answer, self._new_drawing())
            self._draw_report = lambda drawing: report.html(answer, drawing)

        def show_error(error: Exception) -> None:
            self._shown = None
            self._picture.value = f'<p role="alert">✖ Could not read {text(report.name)}: {text(error)}</p>'

        self._model.background.start("report", lambda _task: report.read(), done=draw, failed=show_error)
