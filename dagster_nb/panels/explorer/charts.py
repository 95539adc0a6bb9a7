"""The charts: one at a time, drawn when it is looked at."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from dagster_nb import plot
from dagster_nb.analysis import regressions
from dagster_nb.panels.explorer.source import can
from dagster_nb.panels.markup import plural, text
from dagster_nb.panels.pictures import image

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd
    from matplotlib.axes import Axes

    from dagster_nb.panels.explorer.model import ExplorerModel
    from dagster_nb.panels.stage import Stage

__all__ = ["CHARTS", "Charts", "chart_height"]

_SECONDS_BETWEEN_DRAWINGS = 1.5
_STEP_RUNS = 50
_MOST_WIDTH = 1600
_LANE, _AROUND = 26, 96


@dataclass(frozen=True)
class Chart:
    """A chart to choose.

    Parameters
    ----------
    draw
        Draws runs on axes.
    alt
        What it shows, in words.
    lanes
        The most lanes it has, if each job has one.
    """

    draw: Callable[[pd.DataFrame, Axes], object]
    alt: str
    lanes: int = 0


def _trend(runs: pd.DataFrame, ax: Axes) -> object:
    return plot.duration_trend(runs, regressions=regressions(runs), ax=ax)


CHARTS: dict[str, Chart] = {
    "Durations": Chart(lambda runs, ax: plot.durations(runs, ax=ax), "how long the runs of each job take", 12),
    "Trend": Chart(_trend, "how the durations of each job move over time, slow-downs marked"),
    "Timeline": Chart(lambda runs, ax: plot.timeline(runs, ax=ax), "which runs went on when, a lane a job", 15),
    "Status over time": Chart(
        lambda runs, ax: plot.status_counts(runs, ax=ax), "how many runs had which status, over time"
    ),
    "Success rate": Chart(
        lambda runs, ax: plot.success_rate(runs, ax=ax), "which share of the runs succeeded, over time"
    ),
    "Queue times": Chart(
        lambda runs, ax: plot.queue_durations(runs, ax=ax), "how long runs waited before they started"
    ),
}
_STEPS = "Slow steps"
_NONE = "No chart"


def chart_height(runs: pd.DataFrame, chart: Chart) -> int:
    """Return how high a chart should be, in pixels."""
    if not chart.lanes:
        return 280
    lanes = min(int(runs["job_name"].nunique()), chart.lanes)
    return max(170, _AROUND + _LANE * lanes)


class Charts:
    """Draws the chart that was chosen.

    Parameters
    ----------
    model
        Whose runs.
    stage
        How wide, and how dark.
    """

    def __init__(self, model: ExplorerModel, stage: Stage):
        self._model = model
        self._stage = stage
        names = [*CHARTS, *([_STEPS] if can(model.source, "steps") else []), _NONE]
        self.choice: Any = widgets.ToggleButtons(options=names, value=names[0], style={"button_width": "auto"})
        self._picture = widgets.HTML(layout=widgets.Layout(width="100%"))
        self.widget: Any = widgets.VBox(
            [self.choice, self._picture], layout=widgets.Layout(width="100%", overflow="visible")
        )
        self.widget.add_class("dnb-section")
        self.choice.observe(lambda _change: self.draw(), names="value")
        stage.on_change(self.draw)
        self._drawn: tuple[Any, ...] = ()
        self._last = 0.0

    def draw(self) -> None:
        """Draw the chart that was chosen, unless it is there already."""
        name = self.choice.value
        key = (name, id(self._model.view), self._stage.dark, self._stage.width)
        if key == self._drawn:
            return
        same = self._drawn[:1] == (name,)
        if same and self._model.loading and time.monotonic() - self._last < _SECONDS_BETWEEN_DRAWINGS:
            # While runs come in, drawing for each handful of them would take the time from reading them.
            return
        self._drawn = key
        self._last = time.monotonic()
        if name == _NONE:
            self._picture.value = ""
        elif name == _STEPS:
            self._ask_for_steps()
        else:
            self._show(self._model.view, CHARTS[name])

    def _show(self, runs: pd.DataFrame, chart: Chart) -> None:
        self._picture.value = image(
            lambda ax: chart.draw(runs, ax),
            alt=f"Chart of {plural(len(runs), 'run')}: {chart.alt}. The numbers are in the tiles and in the table.",
            width=min(max(self._stage.width - 8, 320), _MOST_WIDTH),
            height=chart_height(runs, chart),
            dark=self._stage.dark,
        )

    def _ask_for_steps(self) -> None:
        source: Any = self._model.source
        finished = self._model.view[self._model.view["end_time"].notna() & self._model.view["start_time"].notna()]
        ids = finished["run_id"].head(_STEP_RUNS).tolist()
        words = f"the newest {plural(len(ids), 'finished run')} in view"
        self._picture.value = f'<p class="dnb-muted" role="status">Reading the steps of {words}…</p>'
        self._model.background.start(
            "steps",
            lambda _task: source.steps(ids),
            done=lambda steps: self._show_steps(steps, words),
            failed=self._fail,
        )

    def _show_steps(self, steps: pd.DataFrame, words: str) -> None:
        if self.choice.value == _STEPS:
            chart = Chart(lambda steps, ax: plot.slow_steps(steps, ax=ax), f"which steps take the time of {words}")
            picture = image(
                lambda ax: chart.draw(steps, ax),
                alt=f"Chart: {chart.alt}.",
                width=min(max(self._stage.width - 8, 320), _MOST_WIDTH),
                height=max(170, _AROUND + _LANE * min(int(steps["step_key"].nunique()), 12)),
                dark=self._stage.dark,
            )
            self._picture.value = f'{picture}<p class="dnb-muted">The steps of {words}.</p>'

    def _fail(self, error: Exception) -> None:
        self._drawn = ()
        if self.choice.value == _STEPS:
            self._picture.value = f'<p role="alert">✖ The steps could not be read: {text(error)}</p>'
