"""``ChosenFilters``: one button for each job, location, run and tag in the filters.

Users can click a button to remove its filter.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from dagster_nb.panels.panel import close_widgets

if TYPE_CHECKING:
    from collections.abc import Callable

    from dagster_nb.panels.explorer.model import ExplorerModel

__all__ = ["ChosenFilters"]

_MAX_LABEL_LENGTH = 60
_LABELS = {"job": "job", "location": "location", "run_ids": "run"}


class ChosenFilters:
    """The buttons that remove filters. The view is hidden while there are no filters to remove.

    Parameters
    ----------
    model
        The explorer's model.
    """

    def __init__(self, model: ExplorerModel):
        self._model = model
        self._labels: list[str] = []
        self.widget: Any = widgets.HBox([], layout=widgets.Layout(overflow="visible"))
        self.widget.add_class("dnb-wrap")

    def draw(self) -> None:
        """Draw one button for each value."""
        filters = self._model.filters
        chosen: list[tuple[str, Callable[[], None]]] = []
        for name, label in _LABELS.items():
            values = getattr(filters, name) or ()
            chosen.extend((f"{label}: {value}", partial(self._remove, name, value)) for value in values)
        for key, values in filters.tags:
            chosen.extend((f"{key}: {value}", partial(self._remove_tag, key, value)) for value in values)
        labels = [label for label, _ in chosen]
        if labels != self._labels:
            old, self._labels = self.widget.children, labels
            self.widget.children = [self._button(label, remove) for label, remove in chosen]
            close_widgets(list(old))
        self.widget.layout.display = "" if chosen else "none"

    def _button(self, label: str, remove: Callable[[], None]) -> Any:  # noqa: ANN401 - ipywidgets has no types
        short = label if len(label) <= _MAX_LABEL_LENGTH else f"{label[:_MAX_LABEL_LENGTH]}…"
        button = widgets.Button(
            description=f"{short} ✕", tooltip=f"remove {label}", layout=widgets.Layout(width="auto")
        )
        button.add_class("dnb-remove")
        self._model.background.on_click(button, remove)
        return button

    def _remove(self, name: str, value: str) -> None:
        left = tuple(one for one in getattr(self._model.filters, name) or () if one != value)
        self._model.change_filters(**{name: left or None})

    def _remove_tag(self, key: str, value: str) -> None:
        tags = dict(self._model.filters.tags)
        left = tuple(one for one in tags.pop(key, ()) if one != value)
        if left:
            tags[key] = left
        self._model.change_filters(tags=tuple(tags.items()))
