"""Information from the browser: whether the page is dark, and how wide the panel is."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

import anywidget
import traitlets

from dagster_nb.panels.markup import status_css

__all__ = ["STATIC", "Viewport"]

STATIC = Path(__file__).parent / "static"


_STYLE_SHEETS = ("panel.css", "explorer.css", "launchpad.css", "monitor.css", "schema_browser.css")


class Viewport(anywidget.AnyWidget):
    """An invisible widget at the top of a panel, which also loads the style sheet.

    Attributes
    ----------
    dark : bool
        Whether the page has light text on a dark background.
    width : int
        The panel's width in CSS pixels; 960 until the browser has reported it.
    scrolls_into_view : bool
        Whether the page scrolls to the panel when it appears.
    saved_id : str
        The id of the panel's static output, which this widget hides in pages that are not JupyterLab or Notebook.
    """

    _esm = "\n".join((STATIC / name).read_text("utf-8") for name in ("accessibility.js", "viewport.js"))
    # A page has one style sheet per anywidget class, so this one contains the styles of all panels.
    _css = "\n".join([status_css(), *((STATIC / name).read_text("utf-8") for name in _STYLE_SHEETS)])

    dark = traitlets.Bool(default_value=False).tag(sync=True)
    width = traitlets.Int(960).tag(sync=True)
    scrolls_into_view = traitlets.Bool(default_value=False).tag(sync=True)
    saved_id = traitlets.Unicode().tag(sync=True)

    @traitlets.default("saved_id")
    def _default_saved_id(self) -> str:
        return uuid4().hex
