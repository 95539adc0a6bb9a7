"""``StepPicture``: an interactive picture of a run's steps over time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ipywidgets as widgets
import pandas as pd

from dagster_nb.panels.chart_layer import ChartLayer, ChartTexts, chart_box
from dagster_nb.panels.pictures import picture_html
from dagster_nb.panels.run_view.run_html import steps_alt, steps_picture
from dagster_nb.words import duration_so_far_text, duration_text, time_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import tzinfo

    from dagster_nb.panels.background import Background
    from dagster_nb.panels.chart_pixels import ChartPixels
    from dagster_nb.panels.viewport import Viewport

__all__ = ["StepPicture", "step_texts"]

_MAX_WIDTH = 1400
# Shorter parts of the time axis have no useful ticks.
_MIN_SECONDS = 1e-3


class StepPicture:
    """The picture of the steps, which names the step under the pointer.

    A drag enlarges a part of the time axis, and Escape shows the previous part again.

    Parameters
    ----------
    background
        The panel's background tasks, which run the handlers of widget events in the kernel's thread.
    viewport
        The panel's viewport, which provides the width, the theme and the time zone.
    hints
        Descriptions of the effect of a click, as in `ChartTexts`. Empty if a click has no effect.
    margin, max_height
        The space to leave beside the picture, and the maximum height of the picture, in CSS pixels.
    """

    def __init__(
        self,
        background: Background,
        viewport: Viewport,
        *,
        hints: Mapping[str, str],
        margin: int = 0,
        max_height: int = 560,
    ):
        self._viewport = viewport
        self._hints = hints
        self._margin = margin
        self._max_height = max_height
        self.picture: Any = widgets.HTML(layout=widgets.Layout(width="100%"))
        self.layer = ChartLayer(background)
        self.widget = chart_box(self.picture, self.layer)
        self.layer.on_action("range", self._zoom)
        self.layer.on_action("back", self._go_back)
        self._drawn: tuple[pd.DataFrame, pd.Timestamp | None] | None = None
        # The parts of the time axis that the user has chosen one after the other. The last one is shown.
        self._parts: list[tuple[float, float]] = []
        self._undo: Callable[[], object] | None = None

    def on_step(self, act: Callable[[str], object]) -> None:
        """Call a function with the key of a step when the user clicks the step."""
        for action in ("mark", "group"):
            self.layer.on_action(action, act)

    def set_undo(self, undo: Callable[[], object] | None) -> None:
        """Set what Escape does if the picture shows the whole time axis, or None if there is nothing to undo."""
        self._undo = undo
        self.layer.can_go_back = bool(self._parts) or undo is not None

    def draw(self, steps: pd.DataFrame, as_of: pd.Timestamp | None) -> None:
        """Draw steps.

        Parameters
        ----------
        steps
            The steps, with the columns of `DagsterClient.steps`.
        as_of
            The assumed end time of steps in progress, or None if the run has finished.
        """
        viewport = self._viewport
        if self._drawn is None or set(self._drawn[0]["run_id"]) != set(steps["run_id"]):
            self._parts = []
        self._drawn = steps, as_of
        picture = steps_picture(
            steps,
            as_of=as_of,
            width=viewport.picture_width(_MAX_WIDTH, margin=self._margin),
            max_height=self._max_height,
            zone=viewport.zone,
            dark=viewport.dark,
            seconds=self._parts[-1] if self._parts else None,
        )
        self.set_undo(self._undo)
        self.picture.value = picture_html(picture, steps_alt(steps))
        if picture.pixels is None:
            self.layer.hide()
        else:
            texts = step_texts(steps, picture.pixels, as_of, viewport.zone, self._hints)
            self.layer.show(picture.pixels, texts, is_draggable=True)

    def show_html(self, html: str) -> None:
        """Show the given HTML instead of the picture."""
        self.layer.hide()
        self.picture.value = html

    def _zoom(self, first: float, last: float) -> None:
        if self._drawn is not None and last - first >= _MIN_SECONDS:
            self._parts.append((first, last))
            self.draw(*self._drawn)

    def _go_back(self) -> None:
        if self._parts and self._drawn is not None:
            self._parts.pop()
            self.draw(*self._drawn)
        elif self._undo is not None:
            self._undo()


def step_texts(
    steps: pd.DataFrame, pixels: ChartPixels, as_of: pd.Timestamp | None, zone: tzinfo, hints: Mapping[str, str]
) -> ChartTexts:
    """Return the text that the chart shows for each of its steps.

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
    hints
        Descriptions of the effect of a click. Empty if a click has no effect.
    """
    shown = steps.iloc[pixels.rows]
    names = shown["step_key"].fillna("(no step)").tolist()
    effect = f", and Enter to {hints['mark']}" if hints else ""
    return ChartTexts(
        label=f"Timeline of the run. Use the arrow keys to choose a step{effect}.",
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
        groups=set(steps["step_key"].dropna()) if hints else (),
        hints=hints,
    )


def _duration_text(start: pd.Timestamp, end: pd.Timestamp, as_of: pd.Timestamp | None) -> str:
    if pd.isna(start):
        return ""
    if pd.notna(end):
        return duration_text(end - start)
    return "" if as_of is None else duration_so_far_text(max(as_of - start, pd.Timedelta(0)))
