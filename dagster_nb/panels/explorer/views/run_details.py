"""``RunDetailsView``: the details of the open run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ipywidgets as widgets
import pandas as pd

from dagster_nb.panels.error_box import ErrorBox
from dagster_nb.panels.explorer.source import has_methods
from dagster_nb.panels.markup import action_button, grid, status, text
from dagster_nb.panels.run_view.log_view import EVENTS, STREAMS, LogView
from dagster_nb.panels.run_view.run_html import failures_html, heading_html, times_html
from dagster_nb.panels.run_view.step_picture_widget import StepPicture
from dagster_nb.words import relative_time_text, short_id

if TYPE_CHECKING:
    from collections.abc import Callable

    from dagster_nb.panels.explorer.model import ExplorerModel
    from dagster_nb.panels.explorer.open_run import OpenRun
    from dagster_nb.panels.viewport import Viewport

__all__ = ["RunDetailsView"]

_MAX_RELATED_RUNS = 12
_STEPS, _CONFIG, _LOG = "Steps", "Config", "Log"
_STEP_HINTS = {"mark": "show the log of this step", "group": "show the log of"}


class RunDetailsView:
    """The details of the open run: its failure, its main fields, tags and related runs, and several tabs.

    Parameters
    ----------
    model
        The explorer's model.
    open_run
        The run and its data.
    viewport
        The panel's viewport, which provides the width, the theme and the time zone.
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
        self._back = widgets.Button(layout=widgets.Layout(width="auto", display="none"))
        self._close = widgets.Button(description="Close", layout=widgets.Layout(width="auto"))
        self._close.add_class("dnb-close")
        self._tab = widgets.HTML(layout=widgets.Layout(width="100%"))
        hints = _STEP_HINTS if _LOG in tabs else {}
        self._steps = StepPicture(model.background, viewport, hints=hints, margin=40)
        self._steps.on_step(self._show_log)
        self.log = LogView(open_run.log, model.background, viewport, kinds)
        row = widgets.HBox([self._back, self.tabs, self._launch, self._close])
        row.add_class("dnb-wrap")
        self.widget: Any = widgets.VBox(
            [self._top, self._error.widget, row, self._tab, self._steps.widget, self.log.widget],
            layout=widgets.Layout(display="none", width="100%", overflow="visible"),
        )
        self.widget.add_class("dnb-detail")
        model.background.on_change(self.tabs, lambda _tab: self.draw_tab())
        model.background.on_click(self._close, lambda: model.open_run(None))
        model.background.on_click(self._back, open_run.go_back)
        model.background.on_click(self._launch, self._open_launchpad)

    def draw(self) -> None:
        """Draw the run with the data that has been read so far."""
        run, details = self._open_run.run, self._open_run.details
        self.widget.layout.display = "none" if run is None else ""
        if run is None:
            self._top.value = self._tab.value = ""
            self._steps.show_html("")
            return
        self._launch.layout.display = "" if self.open_launchpad is not None and details is not None else "none"
        way_back = self._open_run.way_back
        self._back.layout.display = "" if way_back else "none"
        self._back.description = f"◀ Back to run {short_id(way_back[-1])}" if way_back else ""
        failures = "" if details is None or details.failures is None else failures_html(details.failures)
        self._top.value = self._heading(run) + failures + self._facts(run)
        self.draw_tab()

    def draw_tab(self) -> None:
        """Draw the selected tab."""
        if self._open_run.run is None:
            return
        self._draw_error()
        details = self._open_run.details
        is_log = self.tabs.value == _LOG and details is not None
        has_steps = details is not None and details.steps is not None and not details.steps.empty
        is_steps = self.tabs.value == _STEPS and has_steps
        if not is_steps:
            # Hide the layer first, because it moves the focus to the tabs, which it must do before the picture
            # disappears.
            self._steps.show_html("")
        self._steps.widget.layout.display = "" if is_steps else "none"
        self.log.widget.layout.display = "" if is_log else "none"
        self._tab.layout.display = "none" if is_log or is_steps else ""
        if details is None:
            self._tab.value = "" if self._open_run.error is not None else _note("Reading…")
        elif is_log:
            self._open_run.log.read()
            self.log.draw()
        elif is_steps:
            self._draw_steps()
        elif self.tabs.value == _STEPS:
            self._tab.value = _note("This source has no steps." if details.steps is None else "No step has started.")
        else:
            self._tab.value = self._config()

    def _draw_steps(self) -> None:
        run, details = self._open_run.run, self._open_run.details
        if run is not None and details is not None and details.steps is not None:
            self._steps.draw(details.steps, self._model.as_of if pd.isna(run["end_time"]) else None)

    def _show_log(self, step: str) -> None:
        """Show only the log of a step."""
        details = self._open_run.details
        if details is None or details.steps is None or step not in set(details.steps["step_key"]):
            return
        self.tabs.value = _LOG
        self._open_run.log.set_filter(step=step)

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
            facts=times_html(
                run["creation_time"], run["start_time"], run["end_time"], self._model.as_of, self._viewport.zone
            ),
        )

    def _facts(self, run: pd.Series) -> str:
        location = " · ".join(text(run[name]) for name in ("location", "repository") if not pd.isna(run[name]))
        rows = [["Code location", location or "—"]]
        if not pd.isna(run["partition_key"]):
            rows.append(["Partition", text(run["partition_key"])])
        if not pd.isna(run["launched_by"]):
            hint = f"Show only runs launched by {run['launched_by']}"
            rows.append(
                [
                    "Launched by",
                    action_button(text(run["launched_by"]), hint, "filter", str(run["run_id"]), "launched_by"),
                ]
            )
        chain = self._open_run.chain()
        known = set(chain["run_id"])
        missing = dict.fromkeys(run[name] for name in ("root_run_id", "parent_run_id"))
        parts = [
            *(
                self._related(value, text(short_id(value)))
                for value in missing
                if not pd.isna(value) and value not in known
            ),
            *self._chain(run, chain),
        ]
        if len(parts) > 1:
            rows.append(["Re-executions", f'<div class="dnb-chain">{" → ".join(parts)}</div>'])
        run_id = str(run["run_id"])
        tags = [
            [text(key), action_button(text(value), "Show only runs with this tag", "filter", run_id, "tag", key)]
            for key, value in sorted(run["tags"].items())
        ]
        tags_html = grid([], tags) if tags else '<span class="dnb-muted">none</span>'
        return (
            f'<div class="dnb-columns"><div>{grid([], rows)}</div>'
            f'<div><div class="dnb-muted">Tags</div>{tags_html}</div></div>'
        )

    def _chain(self, run: pd.Series, chain: pd.DataFrame) -> list[str]:
        """Return the status of each run in a chain of re-executions, as HTML. A click on a status opens the run."""
        parts = []
        for run_id, name, created in zip(chain["run_id"], chain["status"], chain["creation_time"], strict=True):
            shown = f"{status(str(name))} {relative_time_text(created, self._model.as_of)}"
            is_open = run_id == run["run_id"]
            parts.append(f'<strong aria-current="true">{shown}</strong>' if is_open else self._related(run_id, shown))
        half = _MAX_RELATED_RUNS // 2
        return parts if len(parts) <= _MAX_RELATED_RUNS else [*parts[:half], "…", *parts[-half:]]

    def _related(self, run_id: str, content: str) -> str:
        return action_button(content, f"Open run {run_id}", "open_related", run_id)

    def _config(self) -> str:
        details = self._open_run.details
        if details is None or not details.run_config:
            return _note("This run was launched without run config.")
        config = text(details.run_config)
        return f'<pre class="dnb-text" tabindex="0" role="group" aria-label="Run config">{config}</pre>'

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
