"""A text editor for a few lines of code, which ipywidgets' own cannot be: it knows neither Tab nor Ctrl-Enter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anywidget
import traitlets

from dagster_nb.panels.stage import STATIC

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Editor"]


class Editor(anywidget.AnyWidget):
    """A text area with line numbers.

    Attributes
    ----------
    value : str
        The text.
    marks : dict
        What is wrong with which line, by its number as text.
    invalid : bool
        Whether the text is wrong, wherever.
    disabled : bool
        Whether nothing can be typed.
    label : str
        What it is called.
    """

    _esm = STATIC / "editor.js"
    _css = STATIC / "editor.css"

    value = traitlets.Unicode().tag(sync=True)
    marks = traitlets.Dict().tag(sync=True)
    invalid = traitlets.Bool(default_value=False).tag(sync=True)
    disabled = traitlets.Bool(default_value=False).tag(sync=True)
    label = traitlets.Unicode().tag(sync=True)

    def on_submit(self, call: Callable[[], None]) -> None:
        """Call a function at Ctrl-Enter or Cmd-Enter.

        Parameters
        ----------
        call
            Called without arguments, once `value` is what was typed.
        """

        def hear(_widget: Any, content: Any, _buffers: Any) -> None:  # noqa: ANN401 - ipywidgets has no types
            if isinstance(content, dict) and content.get("type") == "submit":
                self.value = content["value"]
                call()

        self.on_msg(hear)
