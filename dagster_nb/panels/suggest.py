"""A text field with suggestions that does not lose what is being typed.

ipywidgets' ``Combobox`` writes its value over the text in the field whenever its options change, and options change
whenever runs come in.
"""

from __future__ import annotations

from typing import Any

import anywidget
import traitlets

from dagster_nb.panels.stage import STATIC

__all__ = ["Suggest"]


class Suggest(anywidget.AnyWidget):
    """A text field with suggestions; any other text can be typed too.

    Attributes
    ----------
    name, placeholder : str
        What stands before it, and in it while it is empty.
    options : list of str
        The suggestions.
    value : str
        The text, once Enter was pressed, the field was left, or a suggestion was chosen.
    width : str
        Of the field, as in CSS.
    """

    _esm = STATIC / "suggest.js"

    name = traitlets.Unicode("").tag(sync=True)
    placeholder = traitlets.Unicode("").tag(sync=True)
    options: Any = traitlets.List(traitlets.Unicode()).tag(sync=True)
    value = traitlets.Unicode("").tag(sync=True)
    width = traitlets.Unicode("170px").tag(sync=True)
