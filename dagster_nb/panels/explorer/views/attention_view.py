"""``AttentionView``: one line for each finding that needs attention.

Users can click a line to see the affected runs.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from dagster_nb.panels.explorer.views.clickable_lines import LineButton, LineButtons

if TYPE_CHECKING:
    from collections.abc import Callable

    from dagster_nb.panels.explorer.attention import Attention, Finding
    from dagster_nb.panels.explorer.model import ExplorerModel
    from dagster_nb.panels.viewport import Viewport

__all__ = ["AttentionView"]

# The symbol of a line, and the status that has the same color.
_SYMBOLS = {"error": ("✖", "FAILURE"), "warning": ("▲", "CANCELING")}


class AttentionView:
    """The lines that show the findings. The view is hidden while there are no findings.

    Parameters
    ----------
    model
        The explorer's model. A click on a line sets its filters.
    attention
        The findings.
    viewport
        The panel's viewport, which provides the time zone.
    show_trend
        A function that shows the trend chart.
    """

    def __init__(
        self, model: ExplorerModel, attention: Attention, viewport: Viewport, show_trend: Callable[[], object]
    ):
        self._viewport = viewport
        self._model = model
        self._attention = attention
        self._show_trend = show_trend
        self._drawn: list[Finding] = []
        self._lines = LineButtons(model.background)
        self.widget = self._lines.widget

    def draw(self) -> None:
        """Draw one line for each finding."""
        findings = self._attention.findings(self._viewport.zone)
        if findings != self._drawn:
            self._drawn = findings
            self._lines.draw([self._line(finding) for finding in findings])

    def _line(self, finding: Finding) -> LineButton:
        symbol, hue = _SYMBOLS[finding.kind]
        return LineButton(f"{symbol} {finding.text}", "Show these runs", hue, partial(self._show, finding))

    def _show(self, finding: Finding) -> None:
        if finding.shows_trend:
            self._show_trend()
        self._model.set_filters(finding.filters)
