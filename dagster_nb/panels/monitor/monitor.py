"""``RunMonitor``: a panel that follows one run."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, Any, Self

import ipywidgets as widgets
import pandas as pd

from dagster_nb.panels.confirm import Confirm
from dagster_nb.panels.error_box import message_html
from dagster_nb.panels.markup import text
from dagster_nb.panels.monitor.model import MonitorModel
from dagster_nb.panels.monitor.outcome_messages import (
    action_html,
    head_html,
    outcome_html,
    outcome_message,
    state_times,
)
from dagster_nb.panels.monitor.step_chart import StepChart
from dagster_nb.panels.panel import Panel
from dagster_nb.panels.run_view.event_log import EventLog
from dagster_nb.panels.run_view.log_html import events_html
from dagster_nb.panels.run_view.log_view import LogView
from dagster_nb.words import short_id

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import tzinfo

    from dagster_nb.client.sync_client import Run
    from dagster_nb.panels.monitor.model import Strategy

__all__ = ["RunMonitor"]

# Wait briefly before drawing, so that changes that arrive together are drawn together.
_SECONDS_BEFORE_DRAWING = 0.2
_SECONDS_BETWEEN_PICTURES = 2.0
_MAX_STATIC_EVENTS = 20
_FORCE_QUESTION = (
    "Mark this run as canceled? Dagster then immediately shows the run as canceled, even if it continues. Processes "
    "that are still running will not be stopped: they may continue to write data, and may even change the status to "
    "success. Use this only if the process of the run no longer exists or does not respond."
)
_QUESTIONS: dict[Strategy, str] = {
    "from_failure": "Re-execute this run from failure? This executes only the steps that failed or did not run.",
    "all_steps": "Re-execute this run? This executes all of its steps again.",
}


class RunMonitor(Panel):
    """A panel that follows a run and shows its steps, events, output and result.

    Events appear as they happen. If the panel cannot open a websocket, it requests new events once per second, and says
    so. You can terminate the run or, after it has ended, re-execute it. The panel then follows the new run. Click a
    step in the chart to show only the events of this step. Drag along the time axis to enlarge a part of it, and press
    Escape to take this back. You can run other cells while the panel follows the run.

    A saved notebook shows the run as it was when you ran the cell, or when the run ended, if the page was still open
    then.

    Parameters
    ----------
    run
        A `Run`, for example the result of ``client.launch(...)`` or ``client.run(run_id)``.
    tz
        The time zone for displayed times, such as ``"Europe/Paris"``. None means the time zone of the browser.

    Attributes
    ----------
    run_id : str
        The id of the run.
    status : str
        The last known status of the run, such as ``"SUCCESS"``.
    events : pandas.DataFrame
        The events so far, with the columns of `DagsterClient.events`.

    Raises
    ------
    TypeError
        If the first argument is not a `Run`.
    ValueError
        If there is no such time zone.

    Examples
    --------
    >>> dnb.RunMonitor(client.launch("nightly"))  # doctest: +SKIP
    """

    def __init__(self, run: Run, *, tz: str | tzinfo | None = None):
        client: Any = getattr(run, "client", None)
        if not hasattr(client, "follow"):
            raise TypeError(
                f"RunMonitor needs a Run, for example from client.run(run_id), but got {type(run).__name__}."
            )
        super().__init__(tz=tz)
        self.model = MonitorModel(client, run, self.background)
        self._head = widgets.HTML(layout=widgets.Layout(flex="1 1 360px", width="auto"))
        self._terminate = _button("Terminate", "danger")
        self._force = _button("Force…")
        self._from_failure = _button("Re-execute from failure")
        self._all_steps = _button("Re-execute")
        self._previous = _button("")
        buttons = widgets.HBox([self._terminate, self._force, self._from_failure, self._all_steps, self._previous])
        head = widgets.HBox([self._head, buttons])
        for row in (buttons, head):
            row.add_class("dnb-wrap")
        self._confirm = Confirm(self.background)
        self._outcome = widgets.HTML()
        self._action = widgets.HTML()
        self._steps = StepChart(self.model, self.background, self.viewport)
        self._log = LogView(self.model, self.background, self.viewport)
        self._fill(head, self._confirm.widget, self._outcome, self._action, self._steps.widget, self._log.widget)
        self.add_class("dnb-monitor")
        self._is_question_valid: Callable[[], bool] = lambda: False
        self._outdated: set[str] = set()
        self._picture_drawn_at = float("-inf")
        self._picture_is_outdated = True
        self._listen()
        self._watch_connection(client)
        self.model.follow()
        self._draw_all()

    @property
    def run_id(self) -> str:
        """The id of the run."""
        return self.model.run.run_id

    @property
    def status(self) -> str:
        """The last known status of the run."""
        return self.model.state.status

    @property
    def events(self) -> pd.DataFrame:
        """The events so far, with the columns of `DagsterClient.events`."""
        return self.model.log.events

    def wait(self, timeout: float | None = None) -> Self:
        """Wait until the run has ended, and return the monitor.

        This method is useful in scripts and in notebooks that run unattended.

        Parameters
        ----------
        timeout
            The maximum number of seconds to wait, or None for no limit.
        """
        super().wait(timeout)
        self._draw_all()
        return self

    def confirm_terminate(self, *, force: bool = False) -> None:
        """Ask the user to confirm that the run should be terminated.

        Parameters
        ----------
        force
            Whether to mark the run as canceled immediately, even if it does not stop.
        """
        model = self.model
        self._ask(
            _FORCE_QUESTION if force else "Terminate this run? This does not undo what the run has already done.",
            button="Mark as canceled" if force else "Terminate run",
            action=partial(model.terminate, force=force),
            is_possible=lambda: model.can_terminate,
            danger=True,
        )

    def confirm_reexecute(self, strategy: Strategy = "from_failure") -> None:
        """Ask the user to confirm that the run should be re-executed. The panel then follows the new run.

        Parameters
        ----------
        strategy
            ``"from_failure"`` executes the steps that failed or did not run. ``"all_steps"`` executes all steps.
        """
        label = "Re-execute from failure" if strategy == "from_failure" else "Re-execute"
        self._ask(
            _QUESTIONS[strategy],
            button=f"{label} now",
            action=partial(self.model.reexecute, strategy),
            is_possible=partial(self.model.can_reexecute, strategy),
            danger=False,
        )

    def _ask(
        self,
        question: str,
        *,
        button: str,
        action: Callable[[], None],
        is_possible: Callable[[], bool],
        danger: bool,
    ) -> None:
        """Show a question until the user answers, the panel shows another run, or the action becomes impossible."""
        run = self.model.run
        self._is_question_valid = lambda: self.model.run is run and is_possible()
        self._confirm.ask(
            question,
            things=[f'{text(run.job_name)} <span class="dnb-mono">{text(run.run_id)}</span>'],
            count=1,
            button=button,
            agreed=lambda: action() if self._is_question_valid() else None,
            danger=danger,
        )

    def _is_busy(self) -> bool:
        return self.model.following

    def _static_text(self) -> str:
        run, state = self.model.run, self.model.state
        message = outcome_message(state)
        lines = [
            f"RunMonitor of run {run.run_id} of {run.job_name}: {state.status}",
            f"{' · '.join(state_times(state, _now(), self.viewport.zone))}; {run.url}",
        ]
        if message is not None:
            lines.append(" ".join(filter(None, message[1:])))
        if self.model.error is not None:
            lines.append(str(self.model.error))
        if state.failures is not None:
            lines += [
                f"  in {failure['step_key']}: {failure['error_class']}: {failure['error_message']}"
                for failure in state.failures.to_dict("records")
            ]
        lines.append(self.model.log.summary)
        return "\n".join(lines)

    def _static_html(self) -> str:
        model = self.model
        parts = [head_html(model, _now(), self.viewport.zone), outcome_html(model.state, can_copy=False)]
        if model.error is not None:
            parts.append(message_html(str(model.error)))
        parts.append(self._steps.static_html(width=900, background="white"))
        last = EventLog(_MAX_STATIC_EVENTS)
        last.add(model.log.events)
        parts.append(f"<p>{text(last.summary)}</p>{events_html(last.shown, self.viewport.zone)}")
        return f"<div>{''.join(parts)}</div>"

    def _listen(self) -> None:
        for name in ("run", "steps", "events", "output", "actions"):
            self.model.changes.on(name, partial(self._draw_soon, name))
        self.model.changes.on("run", self._save_result)
        self.model.changes.on("action_error", self._show_action_error)
        click = self.background.on_click
        click(self._terminate, self.confirm_terminate)
        click(self._force, partial(self.confirm_terminate, force=True))
        click(self._from_failure, partial(self.confirm_reexecute, "from_failure"))
        click(self._all_steps, partial(self.confirm_reexecute, "all_steps"))
        click(self._previous, self.model.show_previous_run)
        self._on_resize(partial(self._draw_soon, "size"))
        for part in ("run", "events"):
            self._on_time_zone(partial(self._draw_soon, part))

    def _save_result(self) -> None:
        """Update the static output when a run has ended, because a saved notebook should show the result."""
        if self.model.state.is_finished and not self.model.following:
            self._update_static_output()

    def _show_action_error(self) -> None:
        if self.model.action_error is not None:
            self._show_crash(self.model.action_error)

    def _draw_soon(self, name: str) -> None:
        if not self._outdated:
            self.background.later(_SECONDS_BEFORE_DRAWING, self._draw)
        self._outdated.add(name)

    def _draw_all(self) -> None:
        self._outdated |= {"run", "size", "events", "output", "actions"}
        self._draw()

    def _draw(self) -> None:
        outdated, self._outdated = self._outdated, set()
        if "run" in outdated:
            self._draw_run()
        self._picture_is_outdated = self._picture_is_outdated or "steps" in outdated
        self._draw_steps(at_once="size" in outdated)
        if outdated & {"events", "output"}:
            self._log.draw()
        if "actions" in outdated:
            self._draw_actions()

    def _draw_run(self) -> None:
        model = self.model
        self._head.value = head_html(model, _now(), self.viewport.zone)
        self._outcome.value = outcome_html(model.state)
        self._show_error(model.error, model.follow)

    def _draw_steps(self, *, at_once: bool) -> None:
        state = self.model.state
        self._picture_is_outdated = self._picture_is_outdated or state.has_running_step
        is_due = state.is_finished or time.monotonic() - self._picture_drawn_at >= _SECONDS_BETWEEN_PICTURES
        if at_once or (self._picture_is_outdated and is_due):
            self._picture_drawn_at, self._picture_is_outdated = time.monotonic(), False
            self._steps.draw()

    def _draw_actions(self) -> None:
        model = self.model
        is_canceling = model.state.status == "CANCELING"
        was_asked = model.termination is not None or is_canceling
        _show(self._terminate, not model.state.is_finished)
        _show(self._force, not model.state.is_finished and was_asked)
        _show(self._from_failure, model.is_reexecutable("from_failure"))
        _show(self._all_steps, model.is_reexecutable("all_steps"))
        if model.previous_run is not None:
            self._previous.description = f"Back to run {short_id(model.previous_run.run_id)}"
        _show(self._previous, model.previous_run is not None)
        _disable(self._terminate, model.reason_forbidden("terminate"), model.terminating or is_canceling)
        _disable(self._force, model.reason_forbidden("terminate"), model.terminating)
        for button in (self._from_failure, self._all_steps):
            _disable(button, model.reason_forbidden("reexecute"), model.reexecuting)
        self._action.value = action_html(model)
        if not self._is_question_valid():
            self._confirm.cancel()


def _button(label: str, style: str = "") -> Any:  # noqa: ANN401 - ipywidgets has no types
    return widgets.Button(description=label, button_style=style, layout=widgets.Layout(width="auto", flex="none"))


def _show(widget: Any, shown: bool) -> None:  # noqa: ANN401, FBT001
    widget.layout.display = "" if shown else "none"


def _disable(button: Any, reason: str | None, is_busy: bool) -> None:  # noqa: ANN401, FBT001
    button.disabled = reason is not None or is_busy
    button.tooltip = reason or ""


def _now() -> pd.Timestamp:
    return pd.Timestamp.now("UTC")
