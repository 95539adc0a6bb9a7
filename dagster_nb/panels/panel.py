"""``Panel``: the base class of all panels."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Self

import ipywidgets as widgets
from IPython.display import display

from dagster_nb.client.on_connection_problem import on_connection_problem
from dagster_nb.panels.background import Background
from dagster_nb.panels.error_box import ErrorBox
from dagster_nb.panels.markup import text
from dagster_nb.panels.saved_output import WIDGET_MIME_TYPE, saved_html
from dagster_nb.panels.viewport import Viewport
from dagster_nb.terminal_text import terminal_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import tzinfo

__all__ = ["Panel", "close_widgets"]

# The maximum time to wait for the data of the static output.
_MAX_SECONDS_BEFORE_STATIC_OUTPUT = 2.0
# Drawing the static output takes a fraction of a second, so the panel waits for a pause in what the user does.
_SECONDS_BEFORE_UPDATE = 2.0
# An automatic refresh can bring new data every few seconds. Updating the static output each time would keep the kernel
# busy and make Jupyter save the notebook again and again.
_SECONDS_BEFORE_UPDATE_OF_DATA = 60.0


class Panel(widgets.VBox):  # type: ignore[misc]
    """A widget that reads data in the background, shows errors, and has static output for viewers without widgets.

    A panel is an ipywidgets ``VBox``, so you can use it in a ``Tab``, a ``GridBox`` or a Voilà page.

    A subclass creates its views in ``__init__``, passes them to `_fill`, and implements `_static_text` and
    `_static_html`. The model of a panel changes only in the kernel's thread: see `dagster_nb.panels.background`.

    Parameters
    ----------
    tz
        The time zone for displayed times. None means the time zone of the browser.

    Attributes
    ----------
    background : Background
        Runs the panel's tasks in background threads, and its handlers in the kernel's thread.
    viewport : Viewport
        The theme of the page, the width of the panel and the time zone.
    """

    # If __init__ raises an error because of an invalid argument, ipywidgets still calls `close`, which must do nothing.
    _is_closed = True

    def __init__(self, *, tz: str | tzinfo | None = None) -> None:
        viewport = Viewport(tz)
        super().__init__(layout=widgets.Layout(width="100%", overflow="visible"))
        self.background = Background(self._show_crash)
        self.viewport = viewport
        self._actions_in_html: dict[str, Callable[..., object]] = {}
        self.viewport.on_msg(self._receive)
        self._connection = widgets.HTML(layout=widgets.Layout(display="none", width="100%"))
        self._connection.add_class("dnb-connection")
        self._end_watching: Callable[[], None] = lambda: None
        self._has_static_output = False
        self._cancel_update: Callable[[], None] | None = None
        self._error_box = ErrorBox(self.background, dismissable=False)
        self._crash_box = ErrorBox(self.background)
        self._is_closed = False
        self.add_class("dnb")

    def wait(self, timeout: float | None = 60.0) -> Self:
        """Wait until the panel has finished reading, and return the panel.

        This method is useful in scripts and in notebooks that run unattended.

        Parameters
        ----------
        timeout
            The maximum number of seconds to wait, or None for no limit.
        """
        self.background.wait(lambda: not self._is_busy(), timeout)
        return self

    def close(self) -> None:
        """Stop all background tasks and remove the panel."""
        if self._is_closed:
            return
        self._is_closed = True
        self._end_watching()
        self.background.close()
        close_widgets(vars(self))
        super().close()
        # ipywidgets hides this method of closed widgets, but the static output of a closed panel is still useful.
        self.__dict__.pop("_repr_mimebundle_", None)

    def __repr__(self) -> str:
        return terminal_text(self._static_text())

    def _repr_mimebundle_(self, **options: Any) -> tuple[dict[str, Any], dict[str, Any]]:  # noqa: ANN401
        data, metadata = self._widget_bundle(**options)
        return {**data, **self._static_bundle()}, metadata

    def _ipython_display_(self) -> None:
        """Display the widget, which shows data as it arrives, and then the static output.

        See `dagster_nb.panels.saved_output`.
        """
        data, metadata = self._widget_bundle()
        if WIDGET_MIME_TYPE not in data:
            display(self._static_bundle(), raw=True)
            return
        # The empty HTML is for viewers without widgets, such as GitHub.
        display({WIDGET_MIME_TYPE: data[WIDGET_MIME_TYPE], "text/html": ""}, metadata, raw=True)
        display(self._saved_bundle(), raw=True, display_id=self.viewport.saved_id)
        self._has_static_output = True

    def _widget_bundle(self, **options: Any) -> tuple[dict[str, Any], dict[str, Any]]:  # noqa: ANN401
        """Return the data and the metadata of the widget. A closed panel has no data."""
        bundle = {} if self._is_closed else super()._repr_mimebundle_(**options)
        return bundle if isinstance(bundle, tuple) else (bundle, {})

    def _static_bundle(self) -> dict[str, str]:
        """Return the static output as text and HTML, after a short wait for the data."""
        self.background.wait(self._is_ready_to_show, _MAX_SECONDS_BEFORE_STATIC_OUTPUT)
        return {"text/plain": repr(self), "text/html": self._static_html()}

    def _saved_bundle(self) -> dict[str, str]:
        static = self._static_bundle()
        return {**static, "text/html": saved_html(static["text/html"], self.viewport.saved_id)}

    # The following methods are for subclasses to implement.

    def _static_text(self) -> str:
        """Return the panel as plain text."""
        raise NotImplementedError

    def _static_html(self) -> str:
        """Return the panel as HTML that works without widgets, scripts and network access."""
        raise NotImplementedError

    def _is_busy(self) -> bool:
        """Return whether `wait` should continue to wait."""
        return self.background.busy()

    def _is_ready_to_show(self) -> bool:
        """Return whether the panel has enough data to draw the static output."""
        return not self._is_busy()

    # The following methods are for subclasses to use.

    def _watch_connection(self, source: object) -> None:
        """Show a line below the head while the server does not answer and requests are being sent again."""
        self._end_watching = on_connection_problem(
            source, lambda message: self.background.call(partial(self._show_connection_problem, message))
        )

    def _show_connection_problem(self, message: str | None) -> None:
        shown = "" if message is None else f'<div class="dnb-box dnb-box-warning">{text(message)}</div>'
        self._connection.value = f'<div role="status">{shown}</div>'
        self._connection.layout.display = "none" if message is None else ""

    def _fill(self, head: Any, *body: Any) -> None:  # noqa: ANN401 - ipywidgets has no types
        """Set the content of the panel, from top to bottom. Errors appear below the head."""
        self.children = (self.viewport, head, self._connection, self._error_box.widget, self._crash_box.widget, *body)

    def _on_resize(self, redraw: Callable[[], None]) -> None:
        """Call a function when the theme, the width or the time zone has changed, so that it can redraw pictures."""
        for name in ("dark", "width", "time_zone"):
            self.background.on_change(self.viewport, lambda _value: redraw(), name=name)

    def _on_time_zone(self, redraw: Callable[[], None]) -> None:
        """Call a function when the browser has reported its time zone, so that it can redraw times."""
        self.background.on_change(self.viewport, lambda _zone: redraw(), name="time_zone")

    def _on_action(self, name: str, act: Callable[..., object]) -> None:
        """Call a function when the user clicks a button from `dagster_nb.panels.markup.action_button` with this action.

        The function is called with the arguments of the button.
        """
        self._actions_in_html[name] = act

    def _receive(self, _viewport: Viewport, content: Mapping[str, Any], _buffers: object) -> None:
        name, *arguments = content["action"]
        act = self._actions_in_html.get(name)
        if act is not None:
            self.background.call(partial(act, *arguments))

    def _update_static_output(self) -> None:
        """Replace the static output after a short time, because a saved notebook should show what the user last saw.

        Do nothing if no browser has shown the panel, which is the case when a script runs the notebook. In that case,
        the saved notebook should contain what each cell displayed when the cell ran.
        """
        if self._cancel_update is not None:
            self._cancel_update()
            self._cancel_update = None
        self._update_static_output_in(_SECONDS_BEFORE_UPDATE)

    def _update_data_of_static_output(self) -> None:
        """Replace the static output within a minute.

        Call this method if the data has changed, but not the user's choices.
        """
        self._update_static_output_in(_SECONDS_BEFORE_UPDATE_OF_DATA)

    def _update_static_output_in(self, seconds: float) -> None:
        if self._has_static_output and self.viewport.is_rendered and self._cancel_update is None:
            self._cancel_update = self.background.later(seconds, self._replace_static_output)

    def _replace_static_output(self) -> None:
        self._cancel_update = None
        if self._is_ready_to_show():
            display(self._saved_bundle(), raw=True, display_id=self.viewport.saved_id, update=True)
        else:
            self._update_static_output()

    def _show_error(self, error: Exception | None, retry: Callable[[], object] | None = None) -> None:
        """Show an error, with a Retry button if `retry` is given. None hides the error."""
        if error is None:
            self._error_box.clear()
        elif error is not self._error_box.error:
            self._error_box.show(error, retry)

    def _show_crash(self, error: Exception) -> None:
        """Show an error that nothing else handles. The user can dismiss the error."""
        self._crash_box.show(error)


def close_widgets(held: object) -> None:
    """Close all widgets in an object, and in everything that it refers to.

    Parameters
    ----------
    held
        A widget, a list, tuple or dict, or an object of this package.
    """
    _close_widgets(held, {})


def _close_widgets(held: object, seen: dict[int, object]) -> None:
    if id(held) in seen:
        return
    # Keep references to the objects, because Python can reuse the id of a deleted object.
    seen[id(held)] = held
    if isinstance(held, Panel):
        held.close()
    elif isinstance(held, widgets.Widget):
        parts = [getattr(held, name, None) for name in ("children", "layout", "style")]
        held.close()
        _close_widgets(parts, seen)
    elif isinstance(held, list | tuple):
        for one in held:
            _close_widgets(one, seen)
    elif isinstance(held, dict):
        _close_widgets(list(held.values()), seen)
    elif type(held).__module__.startswith("dagster_nb.panels."):
        _close_widgets(list(getattr(held, "__dict__", {}).values()), seen)
