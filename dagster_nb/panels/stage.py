"""The ground that every panel stands on: its style sheet, and what only the browser can tell."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import anywidget
import ipywidgets as widgets
import traitlets

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["STATIC", "Stage", "dispose", "faces", "panel"]

STATIC = Path(__file__).parent / "static"


class Stage(anywidget.AnyWidget):
    """An invisible widget at the top of a panel.

    Attributes
    ----------
    dark : bool
        Whether the page has light text on a dark ground.
    width : int
        How wide the panel is, in pixels of the page; 960 until the browser has told.
    """

    _esm = STATIC / "viewport.js"
    _css = STATIC / "panel.css"

    dark = traitlets.Bool(default_value=False).tag(sync=True)
    width = traitlets.Int(960).tag(sync=True)

    def on_change(self, redraw: Callable[[], None]) -> None:
        """Call a function whenever pictures should be drawn anew: the theme or the width changed.

        Parameters
        ----------
        redraw
            Called without arguments, in the kernel's thread.
        """
        self.observe(lambda _change: redraw(), names=["dark", "width"])


def panel(stage: Stage, children: Sequence[Any]) -> Any:  # noqa: ANN401 - ipywidgets has no types
    """Return a panel's outermost box.

    Parameters
    ----------
    stage
        Its stage.
    children
        What it shows, from top to bottom.
    """
    box = widgets.VBox([stage, *children], layout=widgets.Layout(width="100%", overflow="visible"))
    box.add_class("dnb")
    return box


def faces(widget: Any, options: dict[str, Any], *, plain: str, html: str) -> Any:  # noqa: ANN401 - what IPython takes
    """Return what a panel shows: the widget where there are widgets, and a text and a page for viewers without them.

    Parameters
    ----------
    widget
        The panel's widget, or None where it was closed.
    options
        What IPython passed to ``_repr_mimebundle_``.
    plain, html
        The static faces.
    """
    bundle = {} if widget is None else widget._repr_mimebundle_(**options)
    data, metadata = bundle if isinstance(bundle, tuple) else (bundle, {})
    return {**data, "text/plain": plain, "text/html": html}, metadata


def dispose(held: object) -> None:
    """Close every widget that something holds: what is inside a widget, its layout and style, and what a view keeps.

    Parameters
    ----------
    held
        A widget, an object of this package, or a list, tuple or dict of such.
    """
    _dispose(held, {})


def _dispose(held: object, seen: dict[int, object]) -> None:
    if id(held) in seen:
        return
    # Kept, since the id of what is gone is given to what comes next.
    seen[id(held)] = held
    if isinstance(held, widgets.Widget):
        parts = [getattr(held, name, None) for name in ("children", "layout", "style")]
        held.close()
        _dispose(parts, seen)
    elif isinstance(held, list | tuple):
        for one in held:
            _dispose(one, seen)
    elif isinstance(held, dict):
        _dispose(list(held.values()), seen)
    elif type(held).__module__.startswith("dagster_nb.panels."):
        _dispose(list(getattr(held, "__dict__", {}).values()), seen)
