"""``MisspeltView``: one line for each misspelt name in the filters, which corrects it when it is clicked."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from dagster_nb.panels.panel import close_widgets

if TYPE_CHECKING:
    from dagster_nb.panels.explorer.misspelt_filters import MisspeltFilters
    from dagster_nb.panels.explorer.model import ExplorerModel

__all__ = ["MisspeltView"]


class MisspeltView:
    """Draws the names; hidden while there are none.

    Parameters
    ----------
    model
        The explorer's model.
    misspelt
        The names.
    """

    def __init__(self, model: ExplorerModel, misspelt: MisspeltFilters):
        self._model = model
        self._misspelt = misspelt
        self.widget: Any = widgets.VBox([], layout=widgets.Layout(display="none", width="100%", overflow="visible"))
        self.widget.add_class("dnb-attention")

    def draw(self) -> None:
        """Draw one line for each name."""
        old, lines = self.widget.children, []
        for name in self._misspelt.found:
            button = widgets.Button(
                description=f"▲ {name.problem} Did you mean {name.similar!r}?",
                tooltip=f"Filter by {name.similar}",
                layout=widgets.Layout(width="100%", height="auto"),
            )
            button.add_class("dnb-hue-CANCELING")
            self._model.background.on_click(button, partial(self._misspelt.correct, name))
            lines.append(button)
        self.widget.children = lines
        close_widgets(old)
        self.widget.layout.display = "" if lines else "none"
