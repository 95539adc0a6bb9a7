"""``LineButtons``: lines of text that users can click."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from dagster_nb.panels.panel import close_widgets

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dagster_nb.panels.background import Background

__all__ = ["LineButton", "LineButtons"]


@dataclass(frozen=True)
class LineButton:
    """A line of text that users can click.

    Parameters
    ----------
    text
        The text.
    hint
        The tooltip, which should describe the effect of a click.
    hue
        The status that has the same color.
    act
        A function to call when the user clicks the line.
    """

    text: str
    hint: str
    hue: str
    act: Callable[[], object]


class LineButtons:
    """A column of lines. The column is hidden while there are no lines.

    Parameters
    ----------
    background
        The panel's background tasks, which run click handlers in the kernel's thread.
    """

    def __init__(self, background: Background):
        self._background = background
        self.widget: Any = widgets.VBox([], layout=widgets.Layout(display="none", width="100%", overflow="visible"))
        self.widget.add_class("dnb-attention")

    def draw(self, lines: Sequence[LineButton]) -> None:
        """Show these lines instead of the previous ones."""
        old = self.widget.children
        self.widget.children = [self._button(line) for line in lines]
        close_widgets(old)
        self.widget.layout.display = "" if lines else "none"

    def _button(self, line: LineButton) -> Any:  # noqa: ANN401 - ipywidgets has no types
        button = widgets.Button(
            description=line.text, tooltip=line.hint, layout=widgets.Layout(width="100%", height="auto")
        )
        button.add_class(f"dnb-hue-{line.hue}")
        self._background.on_click(button, line.act)
        return button
