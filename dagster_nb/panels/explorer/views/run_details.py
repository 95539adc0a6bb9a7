"""``RunDetailsView``: draws the run that is open."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ipywidgets as widgets
import pandas as pd

from dagster_nb.panels.error_box import ErrorBox
from dagster_nb.panels.explorer.source import has_methods
from dagster_nb.panels.markup import grid, link, status, text
from dagster_nb.panels.run_view.log_view import EVENTS, STREAMS, LogView
from dagster_nb.panels.run_view.run_html import failures_html, heading_html, steps_html, times_text
from dagster_nb.words import relative_time_text, short_id

if TYPE_CHECKING:
    from collections.abc import Callable

    from dagster_nb.panels.explorer.model import ExplorerModel
    from dagster_nb.panels.explorer.open_run import OpenRun
    from dagster_nb.panels.viewport import Viewport

__all__ = ["RunDetailsView"]

_MAX_RELATED_RUNS = 12
_STEPS, _CONFIG, _LOG = "Steps", "Config", "Log"


class RunDetailsView:
    """Draws a run: first why it failed, then its facts, tags and related runs, then one of several tabs.

    Parameters
    ----------
    model
        The explorer's model.
    open_run
        The run and its data.
    viewport
        Gives the width and the theme.
    """

    def __init__(self, model: ExplorerModel, open_run: OpenRun, viewport: Viewport):
        self._model = model
        self._open_run = open_run
        self._viewport = viewport
        self.open_launchpad: Callable[[pd.Series, str], object] | None = None
        kinds = [EVENTS, *(STREAMS if has_methods(model.source, "compute_logs") else ())]
        tabs = [_STEPS, _CONFIG, *([_LOG] if has_methods(model.source, "events") else [])]
        self._top = widgets.HTML(layout=widgets.Layout(width="100%"))
        self._error = ErrorBox(model.background, dismissable=False)
        self.tabs: Any = widgets.ToggleButtons(options=tabs, value=_STEPS, style={"button_width": "auto"})
        self._launch = widgets.Button(description="Open in Launchpad", layout=widgets.Layout(width="auto"))
        self._close = widgets.Button(description="Close", layout=widgets.Layout(width="auto"))
        self._tab = widgets.HTML(layout=widgets.Layout(width="100%"))
        self.log = LogView(open_run.log, model.background, kinds)
        row = widgets.HBox([self.tabs, self._launch, self._close])
        row.add_class("dnb-wrap")
        self.widget: Any = widgets.VBox(
            [self._top, self._error.widget, row, self._tab, self.log.widget],
            layout=widgets.Layout(display="none", width="100%", overflow="visible"),
        )
        self.widget.add_class("dnb-detail")
        model.background.on_change(self.tabs, lambda _tab: self.draw_tab())
        model.background.on_click(self._close, lambda: model.open_run(None))
        model.background.on_click(self._launch, self._open_launchpad)

    def draw(self) -> None:
        """Draw the run with the data read so far."""
        run, details = self._open_run.run, self._open_run.details
        self.widget.layout.display = "none" if run is None else ""
        if run is None:
            self._top.value = self._tab.value = ""
            return
        self._launch.layout.display = "" if self.open_launchpad is not None and details is not None else "none"
        failures = "" if details is None or details.failures is None else failures_html(details.failures)
        self._top.value = self._heading(run) + failures + self._facts(run)
        self.draw_tab()

    def draw_tab(self) -> None:
        """Draw the tab that is chosen."""
        if self._open_run.run is None:
            return
        self._draw_error()
        is_log = self.tabs.value == _LOG and self._open_run.details is not None
        self.log.widget.layout.display = "" if is_log else "none"
        self._tab.layout.display = "none" if is_log else ""
        if self._open_run.details is None:
            self._tab.value = "" if self._open_run.error is not None else _note("Reading…")
        elif is_log:
            self._open_run.log.read()
            self.log.draw()
        else:
            self._tab.value = self._steps() if self.tabs.value == _STEPS else self._config()

    def _draw_error(self) -> None:
        open_run = self._open_run
        if open_run.error is not None:
            self._error.show(open_run.error, open_run.read_details)
        elif open_run.log.events_error is not None:
            self._error.show(open_run.log.events_error, open_run.log.read_events)
        else:
            self._error.clear()

    def _heading(self, run: pd.Series) -> str:
        run_id = str(run["run_id"])
        return heading_html(
            run_id,
            str(run["job_name"]),
            str(run["status"]),
            url=self._url(run_id),
            facts=times_text(run["creation_time"], run["start_time"], run["end_time"], self._model.as_of),
        )

    def _facts(self, run: pd.Series) -> str:
        location = " · ".join(text(run[name]) for name in ("location", "repository") if not pd.isna(run[name]))
        rows = [["Code location", location or "—"]]
        for name, label in (("partition_key", "Partition"), ("launched_by", "Launched by")):
            if not pd.isna(run[name]):
                rows.append([label, text(run[name])])
        ancestors, children = self._open_run.related_runs()
        known = {str(run_id) for run_id in ancestors["run_id"]}
        not_in_memory = [
            f'<span class="dnb-mono">{text(short_id(value))}</span>'
            for value in dict.fromkeys(run[name] for name in ("parent_run_id", "root_run_id"))
            if isinstance(value, str) and value not in known and value != run["run_id"]
        ]
        if len(ancestors) or not_in_memory:
            rows.append(["Re-executes", "<br>".join([*self._related(ancestors), *not_in_memory])])
        if len(children):
            rows.append(["Re-executed by", "<br>".join(self._related(children))])
        tags = [[text(key), text(value)] for key, value in sorted(run["tags"].items())]
        tags_html = grid([], tags) if tags else '<span class="dnb-muted">none</span>'
        return (
            f'<div class="dnb-columns"><div>{grid([], rows)}</div>'
            f'<div><div class="dnb-muted">Tags</div>{tags_html}</div></div>'
        )

    def _related(self, runs: pd.DataFrame) -> list[str]:
        lines = []
        for run_id, name, created in zip(runs["run_id"], runs["status"], runs["creation_time"], strict=True):
            url = self._url(run_id)
            shown = text(short_id(run_id)) if url is None else link(url, short_id(run_id))
            when = relative_time_text(created, self._model.as_of)
            lines.append(f'<span class="dnb-mono">{shown}</span> {status(str(name))} {when}')
        rest = len(lines) - _MAX_RELATED_RUNS
        return [*lines[:_MAX_RELATED_RUNS], *([f"and {rest} more"] if rest > 0 else [])]

    def _steps(self) -> str:
        run, details = self._open_run.run, self._open_run.details
        steps = None if details is None else details.steps
        if run is None or steps is None:
            return _note("This source has no steps.")
        if steps.empty:
            return _note("No step has started.")
        return steps_html(
            steps,
            as_of=self._model.as_of if pd.isna(run["end_time"]) else None,
            width=min(max(self._viewport.width - 40, 320), 1400),
            dark=self._viewport.dark,
        )

    def _config(self) -> str:
        details = self._open_run.details
        if details is None or not details.run_config:
            return _note("This run was launched without run config.")
        return f'<pre class="dnb-text" tabindex="0" aria-label="Run config">{text(details.run_config)}</pre>'

    def _open_launchpad(self) -> None:
        run, details = self._open_run.run, self._open_run.details
        if self.open_launchpad is not None and run is not None and details is not None:
            selected = pd.Series({"op_selection": details.op_selection}, dtype=object)
            self.open_launchpad(pd.concat([run.drop("op_selection", errors="ignore"), selected]), details.run_config)

    def _url(self, run_id: str) -> str | None:
        url = getattr(self._model.source, "url", None)
        return None if url is None else f"{url}/runs/{run_id}"


def _note(message: str) -> str:
    return f'<p class="dnb-muted" role="status">{text(message)}</p>'
