"""``Charts``: tabs with charts and tables about the runs. A chart or table is drawn when the user chooses its tab."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets
import pandas as pd

from dagster_nb import plot
from dagster_nb.analysis.group_rows import named_groups
from dagster_nb.panels.chart_layer import ChartLayer, chart_box
from dagster_nb.panels.explorer.chart_actions import ChartActions
from dagster_nb.panels.explorer.source import has_methods
from dagster_nb.panels.explorer.view_settings import DEFAULT_CHART
from dagster_nb.panels.explorer.views.mark_texts import period_texts, run_texts
from dagster_nb.panels.explorer.views.reports import (
    COMPARISON,
    FAILURES,
    REPORTS,
    STEPS,
    Drawing,
    DrawnReport,
    Report,
    lanes_height,
)
from dagster_nb.panels.explorer.views.undrawn_jobs import UndrawnJobs
from dagster_nb.panels.markup import text
from dagster_nb.panels.pictures import Picture, draw_picture, picture_html
from dagster_nb.words import plural

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import tzinfo

    from matplotlib.axes import Axes

    from dagster_nb.panels.explorer.model import ExplorerModel
    from dagster_nb.panels.viewport import Viewport

__all__ = ["CHARTS", "Chart", "Charts", "chart_names", "chart_picture", "undrawn_trend_jobs"]

_SECONDS_BETWEEN_DRAWINGS = 1.5
_MAX_TREND_JOBS = 6
_MAX_WIDTH = 1600
_HEIGHT = 280


@dataclass(frozen=True)
class Chart:
    """A chart.

    Parameters
    ----------
    draw
        A function that draws the runs of a model on axes, with times in a time zone.
    alt
        A description of the chart for people who cannot see it.
    max_lanes
        The maximum number of lanes, if the chart has one lane per job.
    x_column
        The name of the column that the x axis shows. By default, the start time.
    shows_queue
        Whether the chart shows the time in the queue.
    """

    draw: Callable[[ExplorerModel, Axes, tzinfo], object]
    alt: str
    max_lanes: int = 0
    x_column: str = "start_time"
    shows_queue: bool = False


def _draw_trend(model: ExplorerModel, ax: Axes, tz: tzinfo) -> object:
    return plot.duration_trend(model.runs, regressions=model.slowdowns, max_groups=_MAX_TREND_JOBS, tz=tz, ax=ax)


def undrawn_trend_jobs(model: ExplorerModel) -> list[str]:
    """Return the jobs that the trend chart omits, because other jobs became slower or have more runs."""
    runs = model.runs
    # Copying the jobs only is ten times as fast as copying whole rows.
    finished = runs.loc[runs["start_time"].notna() & runs["duration"].notna(), ["job_name"]]
    if finished["job_name"].nunique() <= _MAX_TREND_JOBS:
        return []
    busiest = named_groups(finished, "job_name").names
    return list(dict.fromkeys([*model.slowdowns["job_name"], *busiest]))[_MAX_TREND_JOBS:]


CHARTS: dict[str, Chart] = {
    "Durations": Chart(
        lambda model, ax, tz: plot.durations(model.runs, tz=tz, ax=ax),
        "how long the runs of each job take",
        12,
        "duration",
    ),
    "Trend": Chart(_draw_trend, "how the durations of each job change over time, with slowdowns marked"),
    "Timeline": Chart(
        lambda model, ax, tz: plot.timeline(model.runs, tz=tz, ax=ax),
        "when each run was in progress, one lane per job",
        15,
    ),
    "Status over time": Chart(
        lambda model, ax, tz: plot.status_counts(model.runs, tz=tz, ax=ax),
        "how many runs had each status, over time",
        x_column="creation_time",
    ),
    "Success rate": Chart(
        lambda model, ax, tz: plot.success_rate(model.runs, tz=tz, ax=ax),
        "what share of the runs succeeded, over time",
        x_column="creation_time",
    ),
    "Queue times": Chart(
        lambda model, ax, tz: plot.queue_durations(model.runs, tz=tz, ax=ax),
        "how long runs waited before they started",
        x_column="creation_time",
        shows_queue=True,
    ),
}
_TREND = "Trend"
_NONE = "No chart"


def chart_picture(chart: Chart, model: ExplorerModel, drawing: Drawing) -> Picture:
    """Draw a chart of a model's runs."""
    lanes = min(int(model.runs["job_name"].nunique()), chart.max_lanes) if chart.max_lanes else None
    return draw_picture(
        lambda ax: chart.draw(model, ax, drawing.zone),
        width=drawing.width,
        height=_HEIGHT if lanes is None else lanes_height(lanes),
        dark=drawing.dark,
        background=drawing.background,
    )


def chart_names(source: object) -> list[str]:
    """Return the names of the charts in an explorer of this source."""
    needs = {STEPS: "steps", FAILURES: "failures"}
    read = [name for name, method in needs.items() if has_methods(source, method)]
    return [*CHARTS, *read, COMPARISON, _NONE]


class Charts:
    """The tabs of charts and reports, and the chosen chart or report.

    Parameters
    ----------
    model
        The explorer's model.
    viewport
        The panel's viewport, which provides the width, the theme and the time zone.
    """

    def __init__(self, model: ExplorerModel, viewport: Viewport):
        self._model = model
        self._viewport = viewport
        self.choice: Any = widgets.ToggleButtons(
            options=chart_names(model.source), value=model.view.chart, style={"button_width": "auto"}
        )
        self._picture = widgets.HTML(layout=widgets.Layout(width="100%"))
        self._layer = ChartLayer(model.background)
        self._actions = ChartActions(model)
        self._undrawn = UndrawnJobs(model)
        self.widget: Any = widgets.VBox(
            [self.choice, chart_box(self._picture, self._layer), self._undrawn.widget],
            layout=widgets.Layout(width="100%", overflow="visible"),
        )
        self.widget.add_class("dnb-section").add_class("dnb-charts")
        model.background.on_change(self.choice, lambda name: model.change_view(chart=name))
        on_action = self._layer.on_action
        on_action("mark", self._actions.open_run)
        on_action("period", self._show_bar)
        on_action("group", self._actions.show_job)
        on_action("legend", self._actions.show_status)
        on_action("range", self._show_range)
        on_action("back", self._actions.go_back)
        # The periods in the picture, with their ids. It is empty if the chart has no periods.
        self._periods: dict[str, Any] = {}
        self._shown: tuple[Any, ...] | None = None
        self._shown_runs: pd.DataFrame | None = None
        self._shown_at = 0.0
        self._drawing: Drawing | None = None
        # A function that draws the chosen report, or None if the report is still being read or a chart is chosen.
        self._draw_report: Callable[[Drawing], DrawnReport] | None = None

    def show_trend(self) -> None:
        """Choose the trend chart."""
        self._model.change_view(chart=_TREND)

    def draw_choice(self) -> None:
        """Choose the chart that the model specifies, and draw this chart."""
        self.choice.value = self._model.view.chart
        self.draw()

    def draw(self) -> None:
        """Draw the chosen chart or report, unless its picture is up to date."""
        model, name = self._model, self._model.view.chart
        self._layer.can_go_back = self._actions.can_go_back
        shown = (name, model.filters, model.selection if name == COMPARISON else (), model.has_no_runs_yet)
        drawing = self._new_drawing()
        # Draw the chart only when fetching ends, because drawing after each page of runs would slow down fetching.
        is_recent = model.reading is not None and time.monotonic() - self._shown_at < _SECONDS_BETWEEN_DRAWINGS
        if shown == self._shown and (is_recent or self._shown_runs is model.runs):
            if drawing != self._drawing:
                self._drawing = drawing
                self._redraw(drawing)
            return
        self._shown, self._shown_runs, self._shown_at, self._drawing = shown, model.runs, time.monotonic(), drawing
        model.background.stop("report")
        self._draw_report = None
        if name not in CHARTS:
            self._layer.hide()
        self._undrawn.draw(undrawn_trend_jobs(model) if name == _TREND else [])
        if name in REPORTS:
            self._read(REPORTS[name](model))
        else:
            self._redraw(drawing)

    def static_html(self, drawing: Drawing) -> str:
        """Return the chart or the report for the static output. If the report is still being read, return a chart."""
        model, name = self._model, self._model.view.chart
        if self._draw_report is not None:
            return self._draw_report(drawing).html
        if name in REPORTS and not model.background.busy("report"):
            # The panel already shows a sentence that says why there is no report.
            return str(self._picture.value)
        if name == _NONE or model.runs.empty:
            return ""
        chart = CHARTS.get(name, CHARTS[DEFAULT_CHART])
        return picture_html(chart_picture(chart, model, drawing), _alt(chart, model.runs))

    def _new_drawing(self) -> Drawing:
        viewport = self._viewport
        return Drawing(viewport.zone, viewport.picture_width(_MAX_WIDTH), viewport.dark)

    def _redraw(self, drawing: Drawing) -> None:
        """Draw the chart or the report again, for example in another time zone."""
        name = self._model.view.chart
        if self._draw_report is not None:
            self._show_report(self._draw_report(drawing))
        elif name in CHARTS:
            self._draw_runs(CHARTS[name], drawing)
        elif name == _NONE:
            self._picture.value = ""

    def _draw_runs(self, chart: Chart, drawing: Drawing) -> None:
        model, runs = self._model, self._model.runs
        if model.has_no_runs_yet:
            # Do not draw an empty chart, because that would delay the first runs.
            self._layer.hide()
            self._picture.value = (
                f'<p class="dnb-muted" role="status" style="min-height: {_HEIGHT}px">Loading runs…</p>'
            )
            return
        picture = chart_picture(chart, model, drawing)
        self._picture.value = picture_html(picture, f"{_alt(chart, runs)} The tiles and the table contain the numbers.")
        self._periods = {}
        if picture.pixels is None:
            self._layer.hide()
            return
        periods = picture.pixels.periods
        if periods is not None:
            texts = period_texts(periods, picture.pixels)
            self._periods = dict(zip(texts.ids, periods.itertuples(), strict=True))
        else:
            texts = run_texts(runs, picture.pixels, model.as_of, drawing.zone, with_queue=chart.shows_queue)
        self._layer.show(picture.pixels, texts, is_draggable=True)

    def _show_bar(self, period_id: str) -> None:
        """Show only the runs of a bar. Do nothing if the current picture does not contain the bar."""
        period = self._periods.get(period_id)
        if period is not None:
            self._actions.show_bar(period.start, period.end, period.status)

    def _show_range(self, first: float, last: float) -> None:
        """Show only the runs in a range of the x axis."""
        column = CHARTS[self._model.view.chart].x_column
        if column == "duration":
            self._actions.show_durations(first, last)
        else:
            begin, end = (pd.Timestamp(days, unit="D", tz="UTC") for days in (first, last))
            self._actions.show_period(begin, end, column, self._viewport.zone)

    def _show_report(self, drawn: DrawnReport) -> None:
        self._picture.value = drawn.html
        if drawn.pixels is None or drawn.texts is None:
            self._layer.hide()
        else:
            self._layer.show(drawn.pixels, drawn.texts)

    def _read(self, report: Report | str) -> None:
        """Read a report in the background, and then draw it.

        If the argument is a sentence instead of a report, show the sentence.
        """
        if isinstance(report, str):
            self._picture.value = f'<p role="status">{text(report)}</p>'
            return
        self._picture.value = f'<p class="dnb-muted" role="status">Reading {text(report.name)}…</p>'

        def draw(answer: Any) -> None:  # noqa: ANN401 - depends on the report
            self._show_report(report.draw(answer, self._new_drawing()))
            self._draw_report = lambda drawing: report.draw(answer, drawing)

        def show_error(error: Exception) -> None:
            self._shown = None
            self._picture.value = f'<p role="alert">✖ Could not read {text(report.name)}: {text(error)}</p>'

        self._model.background.start("report", lambda _task: report.read(), done=draw, failed=show_error)


def _alt(chart: Chart, runs: pd.DataFrame) -> str:
    return f"Chart of {plural(len(runs), 'run')}: {chart.alt}."
