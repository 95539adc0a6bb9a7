"""``UndrawnJobs``: one button for each job that does not fit into a chart. A click shows only this job."""

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
    """The buttons for the jobs that are not drawn. Hidden while all jobs fit into the chart.

    Parameters
    ----------
    model
        The explorer's model. A click sets the job filter of this model.
    """

    def __init__(self, model: ExplorerModel):
        self._model = model
        self._names: tuple[str, ...] = ()
        self._label = widgets.HTML('<span class="dnb-muted">Not drawn:</span>')
        self.widget: Any = widgets.HBox([self._label], layout=widgets.Layout(display="none", overflow="visible"))
        self.widget.add_class("dnb-wrap")

    def draw(self, names: Sequence[str]) -> None:
        """Draw one button for each job."""
        names = tuple(names[:_MAX_JOBS])
        if names != self._names:
            self._names = names
            old = self.widget.children[1:]
            self.widget.children = (self._label, *map(self._button, names))
            close_widgets(old)
        self.widget.layout.display = "" if names else "none"

    def _button(self, name: str) -> Any:  # noqa: ANN401 - ipywidgets has no types
        label = name if len(name) <= _MAX_LABEL_LENGTH else f"{name[:_MAX_LABEL_LENGTH]}…"
        button = widgets.Button(description=label, tooltip=f"show only {name}", layout=widgets.Layout(width="auto"))
        button.add_class("dnb-remove")
        self._model.background.on_click(button, partial(self._model.change_filters, job=(name,)))
        return button
