"""What only the browser knows: whether the page is dark, and how wide the panel is."""

from __future__ import annotations

from pathlib import Path

import anywidget
import traitlets

from dagster_nb.panels.markup import status_css

__all__ = ["STATIC", "Viewport"]

STATIC = Path(__file__).parent / "static"


class Viewport(anywidget.AnyWidget):
    """An invisible widget at the top of a panel, which also brings the panel's style sheet.

    Parameters
    ----------
    style_sheets
        Names of files in ``static/``.

    Attributes
    ----------
    dark : bool
        Whether the page has light text on a dark background.
    width : int
        The panel's width in CSS pixels; 960 until the browser has reported it.
    """

    _esm = STATIC / "viewport.js"

    dark = traitlets.Bool(default_value=False).tag(sync=True)
    width = traitlets.Int(960).tag(sync=True)

    def __init__(self, *style_sheets: str):
        # A widget has one style sheet, so several files become one text.
        self._css = "\n".join([status_css(), *((STATIC / name).read_text("utf-8") for name in style_sheets)])
        super().__init__()
