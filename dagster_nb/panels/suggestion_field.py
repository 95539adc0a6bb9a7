"""``SuggestionField``: a text field with suggestions.

ipywidgets' ``Combobox`` overwrites what the user is typing whenever its options change, and here they change whenever
runs arrive.
"""

from __future__ import annotations

from typing import Any

import anywidget
import traitlets

from dagster_nb.panels.viewport import STATIC

__all__ = ["SuggestionField"]


class SuggestionField(anywidget.AnyWidget):
    """A text field with suggestions. Any other text can be typed too.

    Attributes
    ----------
    name, placeholder : str
        The label, and the text that an empty field shows.
    options : list of str
        The suggestions.
    value : str
        The text, once the user has pressed Enter, left the field or chosen a suggestion.
    width : str
        The width of the field in CSS.
    """

    _esm = STATIC / "suggestion_field.js"

    name = traitlets.Unicode("").tag(sync=True)
    placeholder = traitlets.Unicode("").tag(sync=True)
    options: Any = traitlets.List(traitlets.Unicode()).tag(sync=True)
    value = traitlets.Unicode("").tag(sync=True)
    width = traitlets.Unicode("170px").tag(sync=True)
