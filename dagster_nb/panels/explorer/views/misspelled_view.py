"""``MisspelledView``: one line for each misspelled name in the filters. Users can click a line to correct the name."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from dagster_nb.panels.explorer.views.clickable_lines import LineButton, LineButtons

if TYPE_CHECKING:
    from dagster_nb.panels.explorer.misspelled_filters import MisspelledFilters
    from dagster_nb.panels.explorer.model import ExplorerModel
    from dagster_nb.similar_names import SimilarName

__all__ = ["MisspelledView"]


class MisspelledView:
    """The lines with the misspelled names. The view is hidden while there are none.

    Parameters
    ----------
    model
        The explorer's model.
    misspelled
        The misspelled names.
    """

    def __init__(self, model: ExplorerModel, misspelled: MisspelledFilters):
        self._misspelled = misspelled
        self._lines = LineButtons(model.background)
        self.widget = self._lines.widget

    def draw(self) -> None:
        """Draw one line for each name."""
        self._lines.draw([self._line(name) for name in self._misspelled.found])

    def _line(self, name: SimilarName) -> LineButton:
        question = f"▲ {name.problem} Did you mean {name.similar!r}?"
        return LineButton(question, f"Filter by {name.similar}", "CANCELING", partial(self._misspelled.correct, name))
