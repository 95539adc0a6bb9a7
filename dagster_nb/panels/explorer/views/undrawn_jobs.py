"""``UndrawnJobs``: one button for each job that does not fit into a chart.

Each job has a button. Clicking it shows only that job.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from dagster_nb.panels.panel import close_widgets

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dagster_nb.panels.explorer.model import ExplorerModel

__all__ = ["UndrawnJobs"]

_MAX_JOBS = 40
_MAX_LABEL_LENGTH = 40


class UndrawnJobs:
    """The buttons for the jobs that are not drawn. The view is hidden while all jobs fit into the chart.

    Parameters
    ----------
    model
        The explorer's model. Clicking a button filters by its job.
    """

    def __init__(self, model: ExplorerModel):
        self._model = model
        self._names: tuple[str, ...] = ()
        self._shows_all = False
        self._label = widgets.HTML('<span class="dnb-muted">Not drawn:</span>')
        self.widget: Any = widgets.HBox([self._label], layout=widgets.Layout(display="none", overflow="visible"))
        self.widget.add_class("dnb-wrap")

    def draw(self, names: Sequence[str]) -> None:
        """Draw a button for each job.

        If there are many jobs, only the first few have buttons until the user asks for the others.
        """
        names = tuple(names)
        if names != self._names:
            self._names, self._shows_all = names, False
            self._draw_buttons()
        self.widget.layout.display = "" if names else "none"

    def _draw_buttons(self) -> None:
        shown = self._names if self._shows_all else self._names[:_MAX_JOBS]
        buttons = [self._button(name) for name in shown]
        if hidden := len(self._names) - len(shown):
            more = widgets.Button(
                description=f"and {hidden:,} more…",
                tooltip="Show all of these jobs",
                layout=widgets.Layout(width="auto"),
            )
            self._model.background.on_click(more, self._show_all)
            buttons.append(more)
        old = self.widget.children[1:]
        self.widget.children = (self._label, *buttons)
        close_widgets(old)

    def _show_all(self) -> None:
        self._shows_all = True
        self._draw_buttons()

    def _button(self, name: str) -> Any:  # noqa: ANN401 - ipywidgets has no types
        label = name if len(name) <= _MAX_LABEL_LENGTH else f"{name[:_MAX_LABEL_LENGTH]}…"
        button = widgets.Button(description=label, tooltip=f"show only {name}", layout=widgets.Layout(width="auto"))
        button.add_class("dnb-remove")
        self._model.background.on_click(button, partial(self._model.change_filters, job=(name,)))
        return button
