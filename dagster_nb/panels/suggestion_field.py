"""``SuggestionField``: a text field with suggestions.

Whenever the suggestions of an ipywidgets ``Combobox`` change, it overwrites what the user is typing. In the explorer,
suggestions change whenever runs arrive.
"""

from __future__ import annotations

from typing import Any

import anywidget
import traitlets

from dagster_nb.panels.viewport import STATIC

__all__ = ["SuggestionField"]


class SuggestionField(anywidget.AnyWidget):
    """A text field with suggestions. Users can also type any other text.

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

    _esm = STATIC / "suggestion_field.js"

    name = traitlets.Unicode("").tag(sync=True)
    placeholder = traitlets.Unicode("").tag(sync=True)
    options: Any = traitlets.List(traitlets.Unicode()).tag(sync=True)
    value = traitlets.Unicode("").tag(sync=True)
    width = traitlets.Unicode("170px").tag(sync=True)
