"""Taking a panel away."""

from __future__ import annotations

from typing import Any

import ipywidgets as widgets

__all__ = ["close_all"]


def close_all(widget: Any) -> None:  # noqa: ANN401 - ipywidgets has no types
    """Close a widget and all that is inside it, so that no comm is left.

    Parameters
    ----------
    widget
        The outermost one.
    """
    for child in getattr(widget, "children", ()):
        close_all(child)
    for name in ("layout", "style"):
        part = getattr(widget, name, None)
        if isinstance(part, widgets.Widget):
            part.close()
    widget.close()
