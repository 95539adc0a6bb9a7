"""A text editor for YAML. The text area of ipywidgets has no line numbers and does not handle Tab or Ctrl-Enter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anywidget
import traitlets

from dagster_nb.panels.viewport import STATIC

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["ConfigEditor"]


class ConfigEditor(anywidget.AnyWidget):
    """A text area with line numbers.

    Attributes
    ----------
    value : str
        The text.
    marks : dict of str to str
        The problem in each line, by line number.
    invalid : bool
        Whether the text has any problems.
    disabled : bool
        Whether the text is read-only.
    label : str
        The label for screen readers.
    """

    _esm = STATIC / "config_editor.js"
    _css = STATIC / "config_editor.css"

    value = traitlets.Unicode().tag(sync=True)
    marks = traitlets.Dict().tag(sync=True)
    invalid = traitlets.Bool(default_value=False).tag(sync=True)
    disabled = traitlets.Bool(default_value=False).tag(sync=True)
    label = traitlets.Unicode().tag(sync=True)

    def on_submit(self, handler: Callable[[str], None]) -> None:
        """Call a handler with the text on Ctrl-Enter or Cmd-Enter, in the thread that handles widget events."""

        def receive(_widget: Any, content: Any, _buffers: Any) -> None:  # noqa: ANN401 - ipywidgets has no types
            if isinstance(content, dict) and content.get("type") == "submit":
                handler(content["value"])

        self.on_msg(receive)
