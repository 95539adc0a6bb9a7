"""``StepChart``: a chart of a run's steps over time. A click on a step shows only this step's events."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from dagster_nb.panels.markup import text
from dagster_nb.panels.run_view.run_html import steps_html
from dagster_nb.panels.run_view.step_picture_widget import StepPicture

if TYPE_CHECKING:
    from dagster_nb.panels.background import Background
    from dagster_nb.panels.monitor.model import MonitorModel
    from dagster_nb.panels.viewport import Viewport

__all__ = ["StepChart"]

_MAX_HEIGHT = 480
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
        self._steps = StepPicture(background, viewport, hints=_HINTS, max_height=_MAX_HEIGHT)
        self.picture, self.widget, self._layer = self._steps.picture, self._steps.widget, self._steps.layer
        self._steps.on_step(self._show_events)
        model.changes.on("events", self._update_undo)

    def draw(self) -> None:
        """Draw the steps in their current state."""
        if self._has_started:
            self._steps.draw(self._model.state.steps, self._as_of())
        else:
            self._steps.show_html(self._empty_html())

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

    def _update_undo(self) -> None:
        is_filtered = self._model.log.filter.step is not None
        self._steps.set_undo((lambda: self._model.set_filter(step=None)) if is_filtered else None)
