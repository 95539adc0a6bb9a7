"""Get information from the browser: the theme of the page, the width of the panel and the time zone."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import anywidget
import traitlets

from dagster_nb.panels.markup import status_css
from dagster_nb.time_zones import time_zone

if TYPE_CHECKING:
    from datetime import tzinfo

__all__ = ["STATIC", "Viewport"]

STATIC = Path(__file__).parent / "static"

# If no time zone is set on the user's machine, the browser reports one of these names.
_NAMES_OF_UTC = frozenset({"UTC", "Etc/UTC", "Etc/GMT", "Etc/Unknown"})
_MIN_PICTURE_WIDTH = 320

_STYLE_SHEETS = ("panel.css", "chart_layer.css", "explorer.css", "launchpad.css", "monitor.css", "schema_browser.css")


class Viewport(anywidget.AnyWidget):
    """An invisible widget at the top of a panel, which reports the browser's settings and loads the style sheet.

    Parameters
    ----------
    tz
        The time zone for displayed times. None means the time zone of the browser.

    Attributes
    ----------
    dark : bool
        Whether the page has a dark theme.
    width : int
        The panel's width in CSS pixels, or 960 before the browser has reported it.
    time_zone : str
        The name of the browser's time zone, or UTC before the browser has reported it.
    scrolls_into_view : bool
        Whether the page scrolls to the panel when it appears.
    is_rendered : bool
        Whether a browser has shown the panel.
    saved_id : str
        The id of the panel's static output. In pages other than JupyterLab and Notebook, the script of this widget
        hides the static output.
    """

    _esm = "\n".join((STATIC / name).read_text("utf-8") for name in ("accessibility.js", "viewport.js"))
    # A page has only one style sheet per anywidget class, so this style sheet contains the styles of all panels.
    _css = "\n".join([status_css(), *((STATIC / name).read_text("utf-8") for name in _STYLE_SHEETS)])

    dark = traitlets.Bool(default_value=False).tag(sync=True)
    width = traitlets.Int(960).tag(sync=True)
    time_zone = traitlets.Unicode("UTC").tag(sync=True)
    scrolls_into_view = traitlets.Bool(default_value=False).tag(sync=True)
    is_rendered = traitlets.Bool(default_value=False).tag(sync=True)
    saved_id = traitlets.Unicode().tag(sync=True)

    def __init__(self, tz: str | tzinfo | None = None) -> None:
        super().__init__()
        self.tz = None if tz is None else time_zone(tz)

    @property
    def zone(self) -> tzinfo:
        """The time zone for displayed times: the ``tz`` argument or, if None, the time zone of the browser."""
        if self.tz is not None:
            return self.tz
        try:
            return time_zone("UTC" if self.time_zone in _NAMES_OF_UTC else self.time_zone)
        except ValueError:
            # The time zone data on the kernel's machine may lack the time zone of the browser.
            return time_zone("UTC")

    def picture_width(self, max_width: int, *, margin: int = 8) -> int:
        """Return the width of a picture that fills the panel except for a margin, up to a maximum, in CSS pixels."""
        return min(max(self.width - margin, _MIN_PICTURE_WIDTH), max_width)

    @traitlets.default("saved_id")
    def _default_saved_id(self) -> str:
        return uuid4().hex
