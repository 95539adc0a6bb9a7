"""``Editor``: a text editor for YAML and GraphQL that offers suggestions and documentation, and marks problems.

The source of the editor's script is in ``panels/editor_source``. The kernel computes the suggestions, because only the
kernel has the schema.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import anywidget
import ipywidgets as widgets
import traitlets

from dagster_nb.panels.viewport import STATIC

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Editor", "Suggestion", "Suggestions", "editor_box"]


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A suggestion at the cursor.

    Parameters
    ----------
    text
        The text to insert.
    label
        The label to show in the list of suggestions. If the label is empty, the list shows the text.
    kind
        ``"property"``, ``"enum"``, ``"constant"``, ``"type"``, ``"variable"`` or ``"keyword"``.
    detail
        A few words to show next to the suggestion, such as its type.
    info
        The documentation of the suggestion.
    """

    text: str
    label: str = ""
    kind: str = "property"
    detail: str = ""
    info: str = ""


@dataclass(frozen=True, slots=True)
class Suggestions:
    """The suggestions at the cursor, in order.

    Parameters
    ----------
    word
        The text before the cursor, which a suggestion replaces.
    found
        The suggestions.
    """

    word: str
    found: tuple[Suggestion, ...]


class Editor(anywidget.AnyWidget):
    """A text editor. If the editor's script fails to start, the page shows a plain text area instead.

    Attributes
    ----------
    value : str
        The text.
    problems : list of dict
        The problems in the text, with the keys ``line`` (counted from 1), ``start`` and ``end`` (columns, counted from
        0, or None for the whole line) and ``message``.
    disabled : bool
        Whether the text is read-only.
    label : str
        The label for screen readers.
    language : str
        ``"yaml"`` or ``"graphql"``.
    has_started : bool
        Whether the editor's script has run in a browser.
    """

    _esm = STATIC / "editor.js"

    value = traitlets.Unicode().tag(sync=True)
    problems: Any = traitlets.List(traitlets.Dict()).tag(sync=True)
    disabled = traitlets.Bool(default_value=False).tag(sync=True)
    label = traitlets.Unicode().tag(sync=True)
    language = traitlets.Enum(["yaml", "graphql"], default_value="yaml").tag(sync=True)
    has_started = traitlets.Bool(default_value=False).tag(sync=True)

    def __init__(self, **traits: Any) -> None:  # noqa: ANN401 - the attributes of the class
        super().__init__(**traits)
        self._complete: Callable[[str, int], Suggestions] | None = None
        self._describe: Callable[[str, int], str] | None = None
        self.on_msg(self._answer)

    def help_with(
        self, complete: Callable[[str, int], Suggestions] | None, describe: Callable[[str, int], str] | None = None
    ) -> None:
        """Set the functions that provide suggestions and documentation.

        The arguments of both functions are the text and a position, in characters.

        Parameters
        ----------
        complete
            A function that returns the suggestions at the position. If None, the editor suggests nothing.
        describe
            A function that returns the documentation for the word at a position, as plain text. If None, the editor
            shows no documentation.
        """
        self._complete, self._describe = complete, describe

    def on_submit(self, handler: Callable[[str], None]) -> None:
        """Call a handler with the text on Ctrl-Enter or Cmd-Enter, in the thread that handles widget events."""

        def receive(_widget: Any, content: Any, _buffers: Any) -> None:  # noqa: ANN401 - ipywidgets has no types
            if isinstance(content, dict) and content.get("type") == "submit":
                handler(content["value"])

        self.on_msg(receive)

    def _answer(self, _widget: Any, content: Any, _buffers: Any) -> None:  # noqa: ANN401 - ipywidgets has no types
        match content:
            case {"type": "complete", "id": number, "text": text, "cursor": cursor}:
                found = Suggestions("", ()) if self._complete is None else self._complete(text, cursor)
                candidates = [{**asdict(one), "label": one.label or one.text} for one in found.found]
                self.send({"id": number, "word": found.word, "candidates": candidates})
            case {"type": "hover", "id": number, "text": text, "cursor": cursor}:
                self.send({"id": number, "text": "" if self._describe is None else self._describe(text, cursor)})


def editor_box(editor: Editor) -> Any:  # noqa: ANN401 - ipywidgets has no types
    """Return a box with an editor and, until the editor's script has started, a plain text area with the same text.

    A page can block the script of a widget such as the editor, but it cannot block the text areas of ipywidgets.
    """
    area = widgets.Textarea(
        editor.value, description=editor.label, disabled=editor.disabled, rows=14, layout=widgets.Layout(width="100%")
    )
    area.add_class("dnb-field").add_class("dnb-editor-fallback")
    links = [traitlets.link((editor, name), (area, name)) for name in ("value", "disabled")]
    box = widgets.VBox([editor, area], layout=widgets.Layout(width="100%", overflow="visible"))

    def remove_area(_change: object) -> None:
        for link in links:
            link.unlink()
        # Keep the editor in its place in the box, because otherwise the browser would create the editor again.
        box.children = (editor,)
        area.close()
        editor.unobserve(remove_area, names="has_started")

    editor.observe(remove_area, names="has_started")
    return box
