"""``TextField``: a text field, with or without suggestions, that never overwrites what the user is typing.

The ``Text`` and the ``Combobox`` of ipywidgets overwrite it whenever the kernel changes the widget, for example when
runs arrive, or when a busy kernel handles an earlier click on "Clear all".
"""

from __future__ import annotations

from typing import Any

import anywidget
import traitlets

from dagster_nb.panels.viewport import STATIC

__all__ = ["TextField"]


class TextField(anywidget.AnyWidget):
    """A text field. Users can choose one of the suggestions or type any other text.

    Attributes
    ----------
    name, placeholder : str
        The label, and the text to show in an empty field.
    options : list of str
        The suggestions.
    value : str
        The text. The value changes when the user presses Enter, leaves the field or chooses a suggestion.
    width : str
        The CSS width of the field.
    """

    _esm = STATIC / "text_field.js"

    name = traitlets.Unicode("").tag(sync=True)
    placeholder = traitlets.Unicode("").tag(sync=True)
    options: Any = traitlets.List(traitlets.Unicode()).tag(sync=True)
    value = traitlets.Unicode("").tag(sync=True)
    width = traitlets.Unicode("170px").tag(sync=True)
