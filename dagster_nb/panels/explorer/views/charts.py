"""``Charts``: one chart or table about the runs at a time, drawn when it is chosen."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import ipywidgets as widgets
import pandas as pd

from dagster_nb import plot
from dagster_nb.analysis import regressions
from dagster_nb.analysis.groups import named_groups
from dagster_nb.panels.chart_layer import ChartLayer, chart_box
from dagster_nb.panels.explorer.chart_actions import ChartActions
from dagster_nb.panels.explorer.filters import matching_runs
from dagster_nb.panels.explorer.source import has_methods
from dagster_nb.panels.explorer.views.chart_texts import run_texts
from dagster_nb.panels.explorer.views.comparison_html import comparison_html
from dagster_nb.panels.explorer.views.failure_groups_html import failure_groups_html
from dagster_nb.panels.explorer.views.undrawn_jobs import UndrawnJobs
from dagster_nb.panels.forbidden import reason_forbidden
from dagster_nb.panels.markup import text
from dagster_nb.panels.pictures import Picture, draw_picture, picture_html
from dagster_nb.words import plural

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import tzinfo

    from matplotlib.axes import Axes

    from dagster_nb.panels.explorer.model import ExplorerModel
    from dagster_nb.panels.viewport import Viewport

__all__ = ["CHARTS", "Chart", "Charts", "chart_height", "chart_names", "undrawn_trend_jobs"]

_SECONDS_BETWEEN_DRAWINGS = 1.5
_MAX_RUNS_FOR_STEPS = 50
_MAX_FAILED_RUNS = 200
_MAX_STEPS = 12
_COMPARED_RUNS = 2
_MAX_TREND_JOBS = 6
_MIN_WIDTH, _MAX_WIDTH = 320, 1600
_MIN_HEIGHT, _HEIGHT = 170, 280
_LANE_HEIGHT, _MARGINS = 26, 96


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
    x_column
        The column of the runs that is along x; by default their start.
    """

    draw: Callable[[pd.DataFrame, Axes, tzinfo], object]
    alt: str
    max_lanes: int = 0
    x_column: str = "start_time"


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
        lambda runs, ax, tz: plot.durations(runs, tz=tz, ax=ax), "how long the runs of each job take", 12, "duration"
    ),
    "Trend": Chart(_draw_trend, "how the durations of each job change over time, with slowdowns marked"),
    "Timeline": Chart(
        lambda runs, ax, tz: plot.timeline(runs, tz=tz, ax=ax), "when each run was in progress, one lane per job", 15
    ),
    "Status over time": Chart(
        lambda runs, ax, tz: plot.status_counts(runs, tz=tz, ax=ax),
        "how many runs had each status, over time",
        x_column="creation_time",
    ),
    "Success rate": Chart(
        lambda runs, ax, tz: plot.success_rate(runs, tz=tz, ax=ax),
        "what share of the runs succeeded, over time",
        x_column="creation_time",
    ),
    "Queue times": Chart(
        lambda runs, ax, tz: plot.queue_durations(runs, tz=tz, ax=ax),
        "how long runs waited before they started",
        x_column="creation_time",
    ),
}
_TREND = "Trend"
_STEPS = "Slow steps"
_FAILURES = "Failures"
_COMPARISON = "Compare two runs"
_NONE = "No chart"


def chart_height(runs: pd.DataFrame, chart: Chart) -> int:
    """Return the height of a chart in CSS pixels."""
    if not chart.max_lanes:
        return _HEIGHT
    return _lanes_height(min(int(runs["job_name"].nunique()), chart.max_lanes))


def chart_names(source: object) -> list[str]:
    """Return the names of the charts that an explorer of this source has."""
    needs = {_STEPS: "steps", _FAILURES: "failures"}
    read = [name for name, method in needs.items() if has_methods(source, method)]
    return [*CHARTS, *read, _COMPARISON, _NONE]


class Charts:
    """Draws the chart that is chosen.

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
        self._layer = ChartLayer(model.background)
        self._actions = ChartActions(model)
        self._undrawn = UndrawnJobs(model)
        self.widget: Any = widgets.VBox(
            [self.choice, chart_box(self._picture, self._layer), self._undrawn.widget],
            layout=widgets.Layout(width="100%", overflow="visible"),
        )
        self.widget.add_class("dnb-section")
        model.background.on_change(self.choice, lambda name: model.change_view(chart=name))
        on_action = self._layer.on_action
        on_action("mark", self._actions.open_run)
        on_action("group", self._actions.show_job)
        on_action("legend", self._actions.show_status)
        on_action("range", self._show_range)
        on_action("back", self._actions.go_back)
        self._drawn: tuple[Any, ...] | None = None
        self._drawn_runs: pd.DataFrame | None = None
        self._drawn_at = 0.0

    def show_trend(self) -> None:
        """Choose the chart of trends."""
        self._model.change_view(chart=_TREND)

    def draw_choice(self) -> None:
        """Choose the chart of the model, and draw it."""
        self.choice.value = self._model.view.chart
        self.draw()

    def draw(self) -> None:
        """Draw the chart that is chosen, unless it is up to date."""
        model, name = self._model, self._model.view.chart
        self._layer.can_go_back = self._actions.can_go_back
        selection = model.selection if name == _COMPARISON else ()
        key = (name, model.filters, selection, self._viewport.dark, self._viewport.width, self._viewport.zone)
        if key == self._drawn:
            if self._drawn_runs is model.runs:
                return
            if model.reading is not None and time.monotonic() - self._drawn_at < _SECONDS_BETWEEN_DRAWINGS:
                # Drawing after each page of runs would slow down fetching, so the chart is drawn when fetching
                # ends.
                return
        self._drawn, self._drawn_runs, self._drawn_at = key, model.runs, time.monotonic()
        model.background.stop("report")
        if name not in CHARTS:
            self._layer.hide()
        self._undrawn.draw(undrawn_trend_jobs(model.runs) if name == _TREND else [])
        if name == _NONE:
            self._picture.value = ""
        elif name == _STEPS:
            self._read_steps()
        elif name == _FAILURES:
            self._read_failures()
        elif name == _COMPARISON:
            self._read_comparison()
        else:
            self._draw_runs(CHARTS[name])

    def _draw_runs(self, chart: Chart) -> None:
        model, runs, zone = self._model, self._model.runs, self._viewport.zone
        alt = f"Chart of {plural(len(runs), 'run')}: {chart.alt}. The tiles and the table have the numbers."
        picture = self._draw_picture(chart, runs, height=chart_height(runs, chart))
        self._picture.value = picture_html(picture, alt)
        if picture.pixels is None:
            self._layer.hide()
        else:
            self._layer.show(picture.pixels, run_texts(runs, picture.pixels, model.as_of, zone), is_draggable=True)

    def _draw_picture(self, chart: Chart, frame: pd.DataFrame, *, height: int) -> Picture:
        width = min(max(self._viewport.width - 8, _MIN_WIDTH), _MAX_WIDTH)
        zone = self._viewport.zone
        return draw_picture(
            lambda ax: chart.draw(frame, ax, zone), width=width, height=height, dark=self._viewport.dark
        )

    def _show_range(self, first: float, last: float) -> None:
        """Show only the runs in a range of the x axis."""
        column = CHARTS[self._model.view.chart].x_column
        if column == "duration":
            self._actions.show_durations(first, last)
        else:
            begin, end = (pd.Timestamp(days, unit="D", tz="UTC") for days in (first, last))
            self._actions.show_period(begin, end, column, self._viewport.zone)

    def _read_steps(self) -> None:
        source: Any = self._model.source
        runs = self._model.runs
        finished = runs[runs["end_time"].notna() & runs["start_time"].notna()]
        ids = finished["run_id"].head(_MAX_RUNS_FOR_STEPS).tolist()
        of = f"the newest {plural(len(ids), 'finished run')}"
        self._read(f"the steps of {of}", lambda: source.steps(ids), lambda steps: self._draw_steps(steps, of))

    def _read(self, what: str, read: Callable[[], Any], draw: Callable[[Any], None]) -> None:
        """Read something in the background, and then draw it."""
        self._picture.value = f'<p class="dnb-muted" role="status">Reading {text(what)}…</p>'

        def show_error(error: Exception) -> None:
            self._drawn = None
            self._picture.value = f'<p role="alert">✖ Could not read {text(what)}: {text(error)}</p>'

        self._model.background.start("report", lambda _task: read(), done=draw, failed=show_error)

    def _read_failures(self) -> None:
        model, source = self._model, cast("Any", self._model.source)
        failed = model.runs["run_id"][model.runs["status"] == "FAILURE"]
        if failed.empty:
            self._picture.value = '<p role="status">No run in view failed.</p>'
            return
        ids = failed.head(_MAX_FAILED_RUNS).tolist()
        left_out = len(failed) > len(ids)
        of = f"the newest {len(ids):,} of {len(failed):,} failed runs" if left_out else plural(len(ids), "failed run")
        unresolved = int(matching_runs(model.runs, model.filters.replace(only_unresolved=True), model.clock()).sum())
        can_reexecute = has_methods(source, "reexecute_many") and reason_forbidden(source, "reexecute_many") is None

        def draw(failures: pd.DataFrame) -> None:
            self._picture.value = failure_groups_html(
                failures, now=model.as_of, of=of, unresolved=unresolved, can_reexecute=can_reexecute
            )

        self._read(f"the failures of {of}", lambda: source.failures(ids), draw)

    def _read_comparison(self) -> None:
        source: Any = self._model.source
        if len(self._model.selection) != _COMPARED_RUNS:
            self._picture.value = '<p role="status">Select two runs in the table to compare them.</p>'
            return
        # The older run comes first, because changes are read from left to right.
        ids = list(self._model.selection[::-1])

        def read() -> tuple[pd.DataFrame, pd.DataFrame | None]:
            runs = pd.concat(source.iter_runs(run_ids=ids, include=("run_config",)))
            ordered = runs.set_index("run_id", drop=False).loc[ids]
            return ordered, source.steps(ids) if has_methods(source, "steps") else None

        def draw(answer: tuple[pd.DataFrame, pd.DataFrame | None]) -> None:
            self._picture.value = comparison_html(*answer)

        self._read("the two runs", read, draw)

    def _draw_steps(self, steps: pd.DataFrame, of: str) -> None:
        chart = Chart(
            lambda frame, ax, tz: plot.slow_steps(frame, tz=tz, ax=ax), f"which steps take the most time in {of}"
        )
        height = _lanes_height(min(int(steps["step_key"].nunique()), _MAX_STEPS))
        picture = picture_html(self._draw_picture(chart, steps, height=height), f"Chart: {chart.alt}.")
        self._picture.value = f'{picture}<p class="dnb-muted">The steps of {of}.</p>'


def _lanes_height(lanes: int) -> int:
    return max(_MIN_HEIGHT, _MARGINS + _LANE_HEIGHT * lanes)
