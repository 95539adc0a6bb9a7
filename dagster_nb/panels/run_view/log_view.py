"""``LogView``: the events or the output of a run, with filters for level, step and text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import ipywidgets as widgets

from dagster_nb.panels.error_box import describe_error, message_html
from dagster_nb.panels.markup import text
from dagster_nb.panels.run_view.event_log import LEVELS
from dagster_nb.panels.run_view.last_matching_lines import last_lines
from dagster_nb.panels.run_view.log_html import events_html, output_html, output_summary

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dagster_nb.client.compute_logs import ComputeLogs
    from dagster_nb.panels.background import Background
    from dagster_nb.panels.run_view.event_log import EventLog
    from dagster_nb.panels.run_view.log_html import Stream
    from dagster_nb.panels.viewport import Viewport

__all__ = ["EVENTS", "STREAMS", "LogModel", "LogView"]

EVENTS = "Events"
STREAMS = ("stdout", "stderr")
_ALL_STEPS = "whole run"


class LogModel(Protocol):
    """The data of a log view.

    Attributes
    ----------
    log
        The events and the filter.
    output, output_error
        The output of the run, or the reason why it could not be read. Both are None before the output has been read.
    """

    log: EventLog
    output: ComputeLogs | None
    output_error: Exception | None

    def set_filter(self, **changes: Any) -> None:  # noqa: ANN401 - the fields of EventFilter
        """Change the filter."""

    def read_output(self) -> None:
        """Start reading the run's output."""

    def stop_reading_output(self) -> None:
        """Stop reading the run's output."""


class LogView:
    """The log of a run, with fields to filter it.

    Parameters
    ----------
    model
        The data.
    background
        The panel's background tasks, which run the handlers of widget events in the kernel's thread.
    viewport
        The panel's viewport, which provides the time zone.
    kinds
        The kinds of log that the user can choose, from `EVENTS` and `STREAMS`.
    """

    def __init__(
        self,
        model: LogModel,
        background: Background,
        viewport: Viewport,
        kinds: Sequence[str] = (EVENTS, *STREAMS),
    ):
        self._model = model
        self._viewport = viewport
        self._drawing = False
        # The output and the search text that were drawn last, so that a long output is not searched twice.
        self._searched: tuple[object, ...] | None = None
        self._kind: Any = widgets.ToggleButtons(options=list(kinds), style={"button_width": "auto"})
        self._level: Any = _labeled(
            widgets.Dropdown(
                options=[("all levels", LEVELS[0]), *((f"{level} and above", level) for level in LEVELS[1:])],
                description="Level",
            )
        )
        self._step: Any = _labeled(widgets.Dropdown(options=[(_ALL_STEPS, "")], description="Step"), width="240px")
        self._text: Any = _labeled(widgets.Text(description="Find", placeholder="in the log"))
        self._summary = widgets.HTML()
        bar = widgets.HBox([self._kind, self._level, self._step, self._text, self._summary])
        bar.add_class("dnb-wrap")
        self._body: Any = widgets.HTML(tabbable=True, layout=widgets.Layout(width="100%"))
        self._body.add_class("dnb-log")
        self.widget: Any = widgets.VBox([bar, self._body], layout=widgets.Layout(width="100%", overflow="visible"))
        background.on_change(self._kind, self._choose_kind)
        background.on_change(self._level, lambda level: model.set_filter(level=level))
        background.on_change(self._step, self._choose_step)
        background.on_change(self._text, lambda wanted: model.set_filter(text=wanted))

    def draw(self) -> None:
        """Draw the log in its current state."""
        log = self._model.log
        # The chosen step may be missing from the log if another run was opened or the events are being read again.
        chosen = [log.filter.step] if log.filter.step is not None else []
        options = [(_ALL_STEPS, ""), *((step, step) for step in dict.fromkeys([*log.steps, *chosen]))]
        if list(self._step.options) != options or self._step.value != (log.filter.step or ""):
            self._drawing = True
            try:
                self._step.options = options
                self._step.value = log.filter.step or ""
            finally:
                self._drawing = False
        if self._kind.value == EVENTS:
            self._show(log.summary, events_html(log.shown, self._viewport.zone))
        else:
            self._draw_output()

    def _draw_output(self) -> None:
        model, stream = self._model, self._kind.value
        if model.output_error is not None:
            self._show("", message_html(*describe_error(model.output_error)))
        elif model.output is None:
            self._show(f"reading {stream}…", "")
        else:
            self._draw_lines(model.output, stream, model.log.filter.text)

    def _draw_lines(self, output: ComputeLogs, stream: Stream, wanted: str) -> None:
        is_stdout = stream == "stdout"
        printed = output.stdout if is_stdout else output.stderr
        omitted = output.stdout_omitted if is_stdout else output.stderr_omitted
        searched = (printed, omitted, stream, wanted)
        if searched == self._searched:
            return
        lines = last_lines(printed, wanted)
        summary = output_summary(lines, stream, is_filtered=bool(wanted.strip()), omitted=omitted)
        self._show(summary, output_html(lines, stream))
        self._searched = searched

    def _show(self, summary: str, body: str) -> None:
        self._searched = None
        self._summary.value = f'<span class="dnb-muted" role="status">{text(summary)}</span>'
        self._body.value = body

    def _choose_step(self, step: str) -> None:
        if not self._drawing:
            self._model.set_filter(step=step or None)

    def _choose_kind(self, kind: str) -> None:
        self._level.layout.display = "" if kind == EVENTS else "none"
        if kind == EVENTS:
            self._model.stop_reading_output()
        else:
            self._model.read_output()
        self.draw()


def _labeled(field: Any, width: str = "220px") -> Any:  # noqa: ANN401 - ipywidgets has no types
    field.layout.width = width
    field.style.description_width = "initial"
    return field
