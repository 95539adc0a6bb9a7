"""``StepChart``: a chart of the steps of a run over time. A click on a step shows only the events of this step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ipywidgets as widgets
import pandas as pd

from dagster_nb.panels.chart_layer import ChartLayer, ChartTexts, chart_box
from dagster_nb.panels.markup import text
from dagster_nb.panels.pictures import picture_html
from dagster_nb.panels.run_view.run_html import steps_alt, steps_html, steps_picture
from dagster_nb.words import duration_so_far_text, duration_text, time_text

if TYPE_CHECKING:
    from datetime import tzinfo

    from dagster_nb.panels.background import Background
    from dagster_nb.panels.chart_pixels import ChartPixels
    from dagster_nb.panels.monitor.model import MonitorModel
    from dagster_nb.panels.viewport import Viewport

__all__ = ["StepChart", "step_texts"]

_MAX_WIDTH, _MAX_HEIGHT = 1400, 480
_HINTS = {"mark": "show only the events of this step", "group": "show only the events of"}


class StepChart:
    """The chart of the steps.

    Parameters
    ----------
    model
        The monitor's model.
    background
        The panel's background tasks, which run the handlers of widget events in the kernel's thread.
    viewport
        The panel's viewport, which provides the width, the theme and the time zone.
    """

    def __init__(self, model: MonitorModel, background: Background, viewport: Viewport):
        self._model = model
        self._viewport = viewport
        self.picture: Any = widgets.HTML(layout=widgets.Layout(width="100%"))
        self._layer = ChartLayer(background)
        self.widget = chart_box(self.picture, self._layer)
        for action in ("mark", "group"):
            self._layer.on_action(action, self._show_events)
        self._layer.on_action("back", lambda: model.set_filter(step=None))
        model.changes.on("events", self._update_layer)

    def draw(self) -> None:
        """Draw the steps in their current state."""
        steps, viewport = self._model.state.steps, self._viewport
        if not self._has_started:
            self._layer.hide()
            self.picture.value = self._empty_html()
            return
        as_of = self._as_of()
        picture = steps_picture(
            steps,
            as_of=as_of,
            width=viewport.picture_width(_MAX_WIDTH),
            max_height=_MAX_HEIGHT,
            zone=viewport.zone,
            dark=viewport.dark,
        )
        self.picture.value = picture_html(picture, steps_alt(steps))
        if picture.pixels is not None:
            self._layer.show(picture.pixels, step_texts(steps, picture.pixels, as_of, viewport.zone))

    def static_html(self, *, width: int, background: str) -> str:
        """Return the chart as HTML, or the reason why there is no chart."""
        if not self._has_started:
            return self._empty_html()
        return steps_html(
            self._model.state.steps,
            as_of=self._as_of(),
            width=width,
            max_height=_MAX_HEIGHT,
            zone=self._viewport.zone,
            background=background,
        )

    @property
    def _has_started(self) -> bool:
        steps = self._model.state.steps
        return not steps.empty and bool(steps["start_time"].notna().any())

    def _as_of(self) -> pd.Timestamp | None:
        return None if self._model.state.is_finished else pd.Timestamp.now("UTC")

    def _empty_html(self) -> str:
        state = self._model.state
        planned = "" if state.steps.empty else f" Planned: {', '.join(map(text, state.steps['step_key']))}."
        return f'<p class="dnb-muted">No step {"ran" if state.is_finished else "has started"}.{planned}</p>'

    def _show_events(self, step: str) -> None:
        if step in set(self._model.state.steps["step_key"]):
            self._model.set_filter(step=step)

    def _update_layer(self) -> None:
        self._layer.can_go_back = self._model.log.filter.step is not None


def step_texts(steps: pd.DataFrame, pixels: ChartPixels, as_of: pd.Timestamp | None, zone: tzinfo) -> ChartTexts:
    """Return the texts that the chart shows about its steps.

    Parameters
    ----------
    steps
        The steps, with the columns of `DagsterClient.steps`.
    pixels
        The positions of the rows in the chart.
    as_of
        The assumed end time of steps in progress, or None if the run has finished.
    zone
        The time zone for displayed times.
    """
    shown = steps.iloc[pixels.rows]
    names = shown["step_key"].fillna("(no step)").tolist()
    return ChartTexts(
        label="Timeline of the run. Use the arrow keys to choose a step, and Enter to show only its events.",
        ids=names,
        names=names,
        statuses=shown["status"].astype(object).tolist(),
        fields={
            "Started": ["" if pd.isna(time) else time_text(time.tz_convert(zone)) for time in shown["start_time"]],
            "Duration": [
                _duration_text(start, end, as_of)
                for start, end in zip(shown["start_time"], shown["end_time"], strict=True)
            ],
            "Attempts": [str(attempts) if attempts > 1 else "" for attempts in shown["attempts"].fillna(0)],
        },
        groups=set(steps["step_key"].dropna()),
        hints=_HINTS,
    )


def _duration_text(start: pd.Timestamp, end: pd.Timestamp, as_of: pd.Timestamp | None) -> str:
    if pd.isna(start):
        return ""
    if pd.notna(end):
        return duration_text(end - start)
    return "" if as_of is None else duration_so_far_text(max(as_of - start, pd.Timedelta(0)))
