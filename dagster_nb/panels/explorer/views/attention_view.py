"""``AttentionView``: what needs attention, one line each, which shows its runs when it is clicked."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from dagster_nb.panels.panel import close_widgets

if TYPE_CHECKING:
    from collections.abc import Callable

    from dagster_nb.panels.explorer.attention import Attention, Finding
    from dagster_nb.panels.explorer.model import ExplorerModel

__all__ = ["AttentionView"]

# The symbol, and the status whose colour the line has.
_SYMBOLS = {"error": ("✖", "FAILURE"), "warning": ("▲", "CANCELING")}


class AttentionView:
    """Draws the findings; hidden while there are none.

    Parameters
    ----------
    model
        The explorer's model, whose filters a click sets.
    attention
        The findings.
    show_trend
        Shows the chart of trends.
    """

    def __init__(self, model: ExplorerModel, attention: Attention, show_trend: Callable[[], object]):
        self._model = model
        self._attention = attention
        self._show_trend = show_trend
        self._drawn: list[Finding] = []
        self.widget: Any = widgets.VBox([], layout=widgets.Layout(display="none", width="100%", overflow="visible"))
        self.widget.add_class("dnb-attention")

    def draw(self) -> None:
        """Draw one line for each finding."""
        findings = self._attention.findings
        if findings == self._drawn:
            return
        self._drawn = findings
        old = self.widget.children
        self.widget.children = [self._line(finding) for finding in findings]
        close_widgets(old)
        self.widget.layout.display = "" if findings else "none"

    def _line(self, finding: Finding) -> Any:  # noqa: ANN401 - ipywidgets has no types
        symbol, hue = _SYMBOLS[finding.kind]
        button = widgets.Button(
            description=f"{symbol} {finding.text}",
            tooltip="Show these runs",
            layout=widgets.Layout(width="100%", height="auto"),
        )
        button.add_class(f"dnb-hue-{hue}")
        self._model.background.on_click(button, partial(self._show, finding))
        return button

    def _show(self, finding: Finding) -> None:
        if finding.shows_trend:
            self._show_trend()
        self._model.set_filters(finding.filters)
