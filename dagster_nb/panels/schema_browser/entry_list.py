"""``EntryList``: a list of parts of the schema. Users choose an entry with the mouse or the keyboard."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anywidget
import traitlets

from dagster_nb.panels.viewport import STATIC

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["EntryList"]


class EntryList(anywidget.AnyWidget):
    """A list box of entries with a name, a type and a description.

    Attributes
    ----------
    items : list of dict
        The entries. The keys ``name``, ``type`` and ``description`` contain strings.
    label : str
        The label for screen readers.
    """

    _esm = STATIC / "entry_list.js"

    items: Any = traitlets.List(traitlets.Dict()).tag(sync=True)
    label = traitlets.Unicode("").tag(sync=True)

    def on_choose(self, handler: Callable[[int], None]) -> None:
        """Call a handler with the index of each chosen entry, in the thread that handles widget events."""

        def receive(_widget: Any, content: Any, _buffers: Any) -> None:  # noqa: ANN401 - ipywidgets has no types
            place = content.get("choose") if isinstance(content, dict) else None
            if isinstance(place, int) and 0 <= place < len(self.items):
                handler(place)

        self.on_msg(receive)
