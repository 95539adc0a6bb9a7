"""The header: which server, whether it works, how busy it is, and how fresh all this is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from dagster_nb.panels.explorer.source import can
from dagster_nb.panels.markup import attribute, link, moment, number, text

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from dagster_nb.panels.explorer.model import ExplorerModel

__all__ = ["Header", "ServerFacts", "daemon_words", "look_at_server"]

_QUEUE = "QUEUED_RUN_COORDINATOR"
_WAITING = ["QUEUED", "NOT_STARTED"]
_RUNNING = ["STARTING", "STARTED", "CANCELING"]
_INTERVALS = (("off", 0), ("every 5 s", 5), ("every 15 s", 15), ("every minute", 60))


@dataclass(frozen=True)
class ServerFacts:
    """What a source says of itself.

    Parameters
    ----------
    daemons
        As `DagsterClient.daemons` has them, or None.
    queued, running
        How many runs wait, and how many go on.
    """

    daemons: pd.DataFrame | None
    queued: int
    running: int


def look_at_server(source: Any) -> ServerFacts:  # noqa: ANN401 - a RunSource, perhaps with daemons
    """Ask a source how it is; within a thread."""
    return ServerFacts(
        source.daemons() if can(source, "daemons") else None,
        source.count_runs(status=_WAITING),
        source.count_runs(status=_RUNNING),
    )


def daemon_words(daemons: pd.DataFrame) -> tuple[bool, str]:
    """Return whether the daemons do what they should, and say it.

    Parameters
    ----------
    daemons
        As `DagsterClient.daemons` has them.
    """
    needed = daemons[daemons["required"]]
    ill = needed["daemon"][~needed["healthy"]].tolist()
    if not len(needed):
        return True, "no daemon needed"
    if not ill:
        return True, "daemon running"
    if len(ill) == len(needed):
        words = "daemon not running"
    else:
        words = f"{', '.join(name.replace('_', ' ').lower() for name in ill)} not running"
    return False, f"{words}: runs will stay queued" if _QUEUE in ill else words


class Header:
    """Draws the header.

    Parameters
    ----------
    model
        Whose source.
    refresh
        What the Refresh button does.
    """

    def __init__(self, model: ExplorerModel, refresh: Callable[[], None]):
        self._model = model
        self._refresh = refresh
        self._facts: ServerFacts | None = None
        self._why_not = ""
        self._call_off: Callable[[], None] | None = None
        self._words = widgets.HTML(layout=widgets.Layout(flex="1 1 320px"))
        self._button = widgets.Button(
            description="Refresh", tooltip="Look what is new", layout=widgets.Layout(width="auto")
        )
        self._every = widgets.Dropdown(
            options=_INTERVALS, value=0, description="Auto-refresh", layout=widgets.Layout(width="auto")
        )
        self._progress = widgets.HTML()
        self._stop = widgets.Button(description="Stop", layout=widgets.Layout(width="auto"))
        self._rest = widgets.Button(description="Load the rest", layout=widgets.Layout(width="auto", display="none"))
        self._button.on_click(lambda _button: refresh())
        self._stop.on_click(lambda _button: model.stop())
        self._rest.on_click(lambda _button: model.load())
        self._every.observe(lambda _change: self._schedule(), names="value")
        top = widgets.HBox([self._words, self._button, self._every])
        top.add_class("dnb-wrap")
        self._state = widgets.HBox([self._progress, self._stop, self._rest])
        self._state.add_class("dnb-wrap")
        self.widget: Any = widgets.VBox([top, self._state], layout=widgets.Layout(width="100%", overflow="visible"))

    def see(self, facts: ServerFacts) -> None:
        """Take in what the server said of itself."""
        self._facts, self._why_not = facts, ""
        self.draw()

    def lose(self, error: Exception) -> None:
        """Take in that the server says nothing of itself."""
        self._facts, self._why_not = None, str(error)
        self.draw()

    def draw(self) -> None:
        """Draw what is known of the server."""
        source: Any = self._model.source
        url = getattr(source, "url", None)
        version = getattr(source, "version", None)
        parts = []
        if url is not None:
            parts.append(f'<span class="dnb-title">Dagster {text(version or "")}</span><span>{link(url, url)}</span>')
        else:
            parts.append(f'<span class="dnb-title">{text(type(source).__name__)}</span>')
            path = getattr(source, "path", None)
            if path is not None:
                parts.append(f'<span class="dnb-mono">{text(path)}</span>')
        if self._facts is not None:
            if self._facts.daemons is not None:
                well, words = daemon_words(self._facts.daemons)
                hue, mark = ("SUCCESS", "●") if well else ("FAILURE", "✖")
                parts.append(f'<span class="dnb-light dnb-hue-{hue}" data-mark="{mark}">{text(words)}</span>')
            parts.append(
                f"<span>{number(self._facts.queued)} queued</span><span>{number(self._facts.running)} running</span>"
            )
        elif self._why_not:
            parts.append(
                f'<span class="dnb-light dnb-hue-unknown" data-mark="✱" title="{attribute(self._why_not)}">'
                f"daemons and queue unknown</span>"
            )
        if self._model.refreshed_at is not None:
            when = moment(self._model.refreshed_at)[11:]
            parts.append(f'<span class="dnb-muted">as of {when} UTC</span>')
        self._set(self._words, f'<div class="dnb-head">{"".join(parts)}</div>')

    def draw_progress(self) -> None:
        """Draw how far the reading is, or what was left out."""
        model = self._model
        progress = model.progress
        shown = ""
        if progress is not None:
            share = progress.count / progress.total if progress.total else 0
            count = f"{number(progress.count)} of {number(progress.total)} runs" if progress.total else "runs"
            shown = (
                f'<span role="status">Loading {count} <span class="dnb-progress" aria-hidden="true">'
                f'<span style="width:{share:.0%}"></span></span></span>'
            )
        elif model.was_stopped and not model.complete:
            here = number(len(model.store))
            shown = f'<span class="dnb-muted" role="status">Stopped: {here} runs are here, not all.</span>'
        elif model.capped and not model.complete:
            shown = (
                f'<span class="dnb-muted" role="status">The newest {number(len(model.store))} runs are here; a shorter '
                f"time range or a filter reads those that match.</span>"
            )
        self._set(self._progress, shown)
        self._stop.layout.display = "" if progress is not None else "none"
        self._rest.layout.display = "" if model.was_stopped and not model.complete and progress is None else "none"
        self._state.layout.display = "" if shown else "none"

    def close(self) -> None:
        """Refresh no more."""
        if self._call_off is not None:
            self._call_off()

    def _schedule(self) -> None:
        if self._call_off is not None:
            self._call_off()
            self._call_off = None
        seconds = self._every.value
        if seconds:
            self._call_off = self._model.background.later(seconds, self._due)

    def _due(self) -> None:
        if not self._model.loading:
            self._refresh()
        self._schedule()

    @staticmethod
    def _set(widget: Any, value: str) -> None:  # noqa: ANN401
        if widget.value != value:
            widget.value = value
