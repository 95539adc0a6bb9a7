"""``ColumnMenu``: buttons that show and hide the columns of the table."""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from dagster_nb.panels.explorer.columns import COLUMNS, DEFAULT_COLUMNS, column_of, tag_key, with_column
from dagster_nb.panels.panel import close_widgets

if TYPE_CHECKING:
    from dagster_nb.panels.explorer.model import ExplorerModel

__all__ = ["ColumnMenu"]

_MAX_TAG_KEYS = 30
_MAX_LABEL_LENGTH = 40


class ColumnMenu:
    """The Columns button, and a menu with one toggle for each column and each tag key on the page.

    Parameters
    ----------
    model
        The explorer's model.

    Attributes
    ----------
    button
        The button that opens the menu.
    """

    def __init__(self, model: ExplorerModel):
        self._model = model
        self._offered: list[str] = []
        self.button: Any = widgets.ToggleButton(
            description="Columns", tooltip="Show and hide columns", layout=widgets.Layout(width="auto")
        )
        self.button.add_class("dnb-close")
        self._usual = widgets.Button(description="Default columns", layout=widgets.Layout(width="auto"))
        self._toggles = widgets.HBox([], layout=widgets.Layout(overflow="visible"))
        self._toggles.add_class("dnb-wrap")
        self.widget: Any = widgets.VBox([self._toggles], layout=widgets.Layout(display="none", overflow="visible"))
        self.widget.add_class("dnb-column-menu")
        model.background.on_change(self.button, lambda _is_open: self.draw())
        model.background.on_click(self._usual, lambda: model.change_view(columns=DEFAULT_COLUMNS))

    def draw(self) -> None:
        """If the menu is open, draw its toggles."""
        is_open = self.button.value
        self.widget.layout.display = "" if is_open else "none"
        if not is_open:
            return
        columns = self._model.view.columns
        offered = list(dict.fromkeys([*COLUMNS, *(key for key in columns if tag_key(key)), *self._tag_columns()]))
        if offered != self._offered:
            old, self._offered = self._toggles.children, offered
            self._toggles.children = [*(self._toggle(key) for key in offered), self._usual]
            close_widgets([one for one in old if one is not self._usual])
        for key, toggle in zip(offered, self._toggles.children[:-1], strict=True):
            toggle.value = key in columns
            # The table must keep at least one column.
            toggle.disabled = columns == (key,)
        self._usual.disabled = columns == DEFAULT_COLUMNS

    def _tag_columns(self) -> list[str]:
        """Return a column for each tag key on the page, by frequency, with the users' keys before Dagster's."""
        counts = Counter(key for tags in self._model.page_runs["tags"] for key in tags)
        keys = sorted(counts, key=lambda key: (key.startswith("dagster/"), -counts[key], key))
        return [f"tags.{key}" for key in keys[:_MAX_TAG_KEYS]]

    def _toggle(self, key: str) -> Any:  # noqa: ANN401 - ipywidgets has no types
        name = f"tag: {tag_key(key)}" if tag_key(key) else column_of(key).name
        short = name if len(name) <= _MAX_LABEL_LENGTH else f"{name[:_MAX_LABEL_LENGTH]}…"
        toggle = widgets.ToggleButton(
            value=key in self._model.view.columns,
            description=short,
            tooltip=f"Show the column {name}",
            layout=widgets.Layout(width="auto"),
        )
        toggle.add_class("dnb-chip")
        self._model.background.on_change(toggle, partial(self._show, key))
        return toggle

    def _show(self, key: str, is_shown: bool) -> None:  # noqa: FBT001 - the value of a button
        columns = self._model.view.columns
        rest = tuple(one for one in columns if one != key)
        self._model.change_view(columns=with_column(columns, key) if is_shown else rest or columns)
