"""``Header``: the server, the state of its daemons, the number of waiting runs, and the time of the last read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from dagster_nb.panels.explorer.daemons_and_queue import describe_daemons
from dagster_nb.panels.markup import attribute, link, text
from dagster_nb.words import count_text, zoned_time_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from dagster_nb.panels.explorer.daemons_and_queue import ServerState
    from dagster_nb.panels.explorer.model import ExplorerModel
    from dagster_nb.panels.viewport import Viewport

__all__ = ["Header"]

# The panel's script (viewport.js) handles clicks on this button. The button is visible only when it has the focus.
_SKIP = (
    '<button type="button" class="jupyter-button dnb-skip" data-dnb-focus="tr[tabindex=\'0\']">'
    "Skip to the runs</button>"
)
_INTERVALS = (("off", 0), ("every 5 s", 5), ("every 15 s", 15), ("every minute", 60))


class Header:
    """The header, with controls for refreshing the explorer once or at regular intervals.

    Parameters
    ----------
    model
        The explorer's model.
    refresh
        The action of the Refresh button.
    viewport
        The panel's viewport, which provides the time zone.
    """

    def __init__(self, model: ExplorerModel, refresh: Callable[[], None], viewport: Viewport):
        self._model = model
        self._viewport = viewport
        self._refresh = refresh
        self._state: ServerState | None = None
        self._error: Exception | None = None
        self._cancel: Callable[[], None] | None = None
        self._server = widgets.HTML(layout=widgets.Layout(flex="1 1 320px"))
        button = widgets.Button(
            description="Refresh", tooltip="Read new and changed runs", layout=widgets.Layout(width="auto")
        )
        self._interval = widgets.Dropdown(
            options=_INTERVALS, value=0, description="Auto-refresh", layout=widgets.Layout(width="auto")
        )
        self._progress = widgets.HTML()
        self._stop = widgets.Button(description="Stop", layout=widgets.Layout(width="auto"))
        self._load_rest = widgets.Button(description="Load the rest", layout=widgets.Layout(width="auto"))
        on_click = model.background.on_click
        on_click(button, refresh)
        on_click(self._stop, model.stop)
        on_click(self._load_rest, model.load)
        model.background.on_change(self._interval, lambda _seconds: self._schedule())
        top = widgets.HBox([widgets.HTML(_SKIP), self._server, button, self._interval])
        top.add_class("dnb-wrap")
        self._progress_row = widgets.HBox([self._progress, self._stop, self._load_rest])
        self._progress_row.add_class("dnb-wrap")
        self.widget: Any = widgets.VBox(
            [top, self._progress_row], layout=widgets.Layout(width="100%", overflow="visible")
        )

    def set_server_state(self, state: ServerState) -> None:
        """Show the server's state."""
        self._state, self._error = state, None
        self.draw()

    def set_server_error(self, error: Exception) -> None:
        """Show that the server's state could not be read."""
        self._state, self._error = None, error
        self.draw()

    def draw(self) -> None:
        """Draw the state of the server and the progress of reading runs."""
        parts = [self._address()]
        if self._state is not None:
            if self._state.daemons is not None:
                healthy, description = describe_daemons(self._state.daemons)
                hue, symbol = ("SUCCESS", "●") if healthy else ("FAILURE", "✖")
                parts.append(f'<span class="dnb-light dnb-hue-{hue}" data-mark="{symbol}">{text(description)}</span>')
            parts.append(f"<span>{count_text(self._state.queued)} queued</span>")
            parts.append(f"<span>{count_text(self._state.running)} running</span>")
        elif self._error is not None:
            parts.append(
                f'<span class="dnb-light dnb-hue-UNKNOWN" data-mark="✱" title="{attribute(self._error)}">'
                f"daemons and queue unknown</span>"
            )
        if self._model.refreshed_at is not None:
            when = zoned_time_text(self._model.refreshed_at, self._viewport.zone)[11:]
            parts.append(f'<span class="dnb-muted">as of {text(when)}</span>')
        _set(self._server, f'<div class="dnb-head">{"".join(parts)}</div>')
        self._draw_progress()

    def close(self) -> None:
        """Stop the automatic refresh."""
        if self._cancel is not None:
            self._cancel()

    def _address(self) -> str:
        source: Any = self._model.source
        url, version, path = (getattr(source, name, None) for name in ("url", "version", "path"))
        if url is not None:
            return f'<span class="dnb-title">Dagster {text(version or "")}</span><span>{link(url, url)}</span>'
        name = f'<span class="dnb-title">{text(type(source).__name__)}</span>'
        return name if path is None else f'{name}<span class="dnb-mono">{text(path)}</span>'

    def _draw_progress(self) -> None:
        model, reading = self._model, self._model.reading
        count = count_text(len(model.cache))
        shown = ""
        if reading is not None:
            share = reading.count / reading.total if reading.total else 0
            of = f"{count_text(reading.count)} of {count_text(reading.total)} runs" if reading.total else "runs"
            shown = (
                f'<span role="status">Loading {of} <span class="dnb-progress" aria-hidden="true">'
                f'<span style="width:{share:.0%}"></span></span></span>'
            )
        elif model.was_stopped and not model.is_complete:
            shown = f'<span class="dnb-muted" role="status">Stopped after {count} runs; there are more.</span>'
        elif model.is_capped and not model.is_complete:
            shown = (
                f'<span class="dnb-muted" role="status">Only the newest {count} runs were read. Choose a shorter time '
                f"range or a filter to read the runs that match it.</span>"
            )
        _set(self._progress, shown)
        self._stop.layout.display = "" if reading is not None else "none"
        has_rest = reading is None and model.was_stopped and not model.is_complete
        self._load_rest.layout.display = "" if has_rest else "none"
        self._progress_row.layout.display = "" if shown else "none"

    def _schedule(self) -> None:
        self.close()
        self._cancel = None
        if self._interval.value:
            self._cancel = self._model.background.later(self._interval.value, self._refresh_and_schedule)

    def _refresh_and_schedule(self) -> None:
        if self._model.reading is None:
            self._refresh()
        self._schedule()


def _set(widget: Any, value: str) -> None:  # noqa: ANN401
    # Do not set an equal value, because the browser would redraw the widget.
    if widget.value != value:
        widget.value = value
