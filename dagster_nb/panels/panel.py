"""``Panel``: the base class of the explorer, the launchpad and the monitor."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Self

import ipywidgets as widgets
from IPython.display import display

from dagster_nb.client.connection_problems import on_connection_problem
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

# The maximum time that displaying a panel waits for data, so that its static output has something to show.
_MAX_SECONDS_BEFORE_FACE = 2.0


class Panel(widgets.VBox):  # type: ignore[misc]
    """A widget that reads in the background, shows errors, and has static output for viewers without widgets.

    A panel is an ordinary ipywidgets ``VBox``, so it can be used in a ``Tab``, a ``GridBox`` or a Voilà page.

    A subclass builds its views in ``__init__``, passes them to `_fill`, and implements `_static_text` and
    `_static_html`. The panel's model changes in the kernel's thread only: see `dagster_nb.panels.background`.

    Parameters
    ----------
    tz
        The time zone in which the panel shows times; None means the browser's.

    Attributes
    ----------
    background : Background
        Starts work in threads, and handles its results and widget events in the kernel's thread.
    viewport : Viewport
        The theme of the page, the width of the panel, and the time zone.
    """

    # Python also closes a panel whose __init__ raised an error for an invalid argument.
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
        self._error_box = ErrorBox(self.background, dismissable=False)
        self._crash_box = ErrorBox(self.background)
        self._is_closed = False
        self.add_class("dnb")

    def wait(self, timeout: float | None = 60.0) -> Self:
        """Wait until the panel has finished reading and return it.

        `wait` is meant for scripts, and for notebooks that run unattended.

        Parameters
        ----------
        timeout
            The maximum number of seconds to wait; None for no limit.
        """
        self.background.wait(lambda: not self._is_busy(), timeout)
        return self

    def close(self) -> None:
        """Stop all background work and remove the panel."""
        if self._is_closed:
            return
        self._is_closed = True
        self._end_watching()
        self.background.close()
        close_widgets(vars(self))
        super().close()
        # ipywidgets hides this method of a closed widget, but the static output can still be shown.
        self.__dict__.pop("_repr_mimebundle_", None)

    def __repr__(self) -> str:
        return terminal_text(self._static_text())

    def _repr_mimebundle_(self, **options: Any) -> tuple[dict[str, Any], dict[str, Any]]:  # noqa: ANN401
        self.background.wait(self._is_ready_to_show, _MAX_SECONDS_BEFORE_FACE)
        bundle = {} if self._is_closed else super()._repr_mimebundle_(**options)
        data, metadata = bundle if isinstance(bundle, tuple) else (bundle, {})
        return {**data, "text/plain": repr(self), "text/html": self._static_html()}, metadata

    def _ipython_display_(self) -> None:
        """Display the static output and the widget: see `dagster_nb.panels.saved_output`."""
        data, metadata = self._repr_mimebundle_()
        widget = data.pop(WIDGET_MIME_TYPE, None)
        if widget is None:
            display(data, raw=True)
            return
        data["text/html"] = saved_html(data["text/html"], self.viewport.saved_id)
        display(data, metadata, raw=True)
        # Viewers without widgets, such as GitHub, show the empty HTML instead.
        display({WIDGET_MIME_TYPE: widget, "text/html": ""}, raw=True)

    # Methods that a subclass implements

    def _static_text(self) -> str:
        """Return the panel as plain text."""
        raise NotImplementedError

    def _static_html(self) -> str:
        """Return the panel as HTML that works without widgets, scripts and network access."""
        raise NotImplementedError

    def _is_busy(self) -> bool:
        """Return whether `wait` has to wait."""
        return self.background.busy()

    def _is_ready_to_show(self) -> bool:
        """Return whether the static output can be drawn."""
        return not self._is_busy()

    # Methods that a subclass uses

    def _watch_connection(self, source: object) -> None:
        """Say in one line, below the head, that the server does not answer while requests are being sent again."""
        self._end_watching = on_connection_problem(
            source, lambda message: self.background.call(partial(self._show_connection_problem, message))
        )

    def _show_connection_problem(self, message: str | None) -> None:
        shown = "" if message is None else f'<div class="dnb-box dnb-box-warning">{text(message)}</div>'
        self._connection.value = f'<div role="status">{shown}</div>'
        self._connection.layout.display = "none" if message is None else ""

    def _fill(self, head: Any, *body: Any) -> None:  # noqa: ANN401 - ipywidgets has no types
        """Set the contents of the panel, from top to bottom. Errors appear below the head."""
        self.children = (self.viewport, head, self._connection, self._error_box.widget, self._crash_box.widget, *body)

    def _on_resize(self, redraw: Callable[[], None]) -> None:
        """Call a function when pictures must be drawn again: the theme, the width or the time zone has changed."""
        for name in ("dark", "width", "time_zone"):
            self.background.on_change(self.viewport, lambda _value: redraw(), name=name)

    def _on_time_zone(self, redraw: Callable[[], None]) -> None:
        """Call a function when times must be drawn again because the browser's time zone has become known."""
        self.background.on_change(self.viewport, lambda _zone: redraw(), name="time_zone")

    def _on_action(self, name: str, act: Callable[..., object]) -> None:
        """Call a function with the arguments of each clicked `dagster_nb.panels.markup.action_button` of this name."""
        self._actions_in_html[name] = act

    def _receive(self, _viewport: Viewport, content: Mapping[str, Any], _buffers: object) -> None:
        name, *arguments = content["action"]
        act = self._actions_in_html.get(name)
        if act is not None:
            self.background.call(partial(act, *arguments))

    def _show_error(self, error: Exception | None, retry: Callable[[], object] | None = None) -> None:
        """Show an error, with a Retry button if `retry` is given; None hides the error."""
        if error is None:
            self._error_box.clear()
        elif error is not self._error_box.error:
            self._error_box.show(error, retry)

    def _show_crash(self, error: Exception) -> None:
        """Show an error that nothing else handles; the user can dismiss it."""
        self._crash_box.show(error)


def close_widgets(held: object) -> None:
    """Close every widget that an object holds, directly or through lists, dicts, widgets and objects of `panels`.

    Parameters
    ----------
    held
        A widget, a list, tuple or dict, or an object of this package.
    """
    _close_widgets(held, {})


def _close_widgets(held: object, seen: dict[int, object]) -> None:
    if id(held) in seen:
        return
    # The objects are kept alive, because Python may reuse the id of a deleted object.
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
