"""The messages of a monitor about its run: the heading, the outcome and the results of actions."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING

import pandas as pd

from dagster_nb.panels.error_box import message_html
from dagster_nb.panels.markup import text
from dagster_nb.panels.run_view.run_html import failures_html, heading_html, times_html, times_text
from dagster_nb.words import duration_text, plural

if TYPE_CHECKING:
    from datetime import tzinfo

    from dagster_nb.panels.monitor.model import MonitorModel, RunState

__all__ = ["action_html", "head_html", "outcome_html", "outcome_message", "state_times"]

_MODES = {
    "live": ("◉", "live", "Dagster sends each event as it happens."),
    "polling": ("◔", "polling", "The panel cannot open a websocket, so it requests new events once per second."),
}


def head_html(model: MonitorModel, now: pd.Timestamp, zone: tzinfo = UTC) -> str:
    """Return the heading with the run, its status and its times, as HTML."""
    state = model.state
    facts = times_html(state.creation_time, state.start_time, state.end_time, now, zone)
    if model.following and model.mode is not None:
        symbol, word, reason = _MODES[model.mode]
        facts.append(f'<span class="dnb-mode" title="{reason}"><span aria-hidden="true">{symbol}</span> {word}</span>')
    if model.previous_run is not None:
        facts.append(f're-execution of <span class="dnb-mono">{text(model.previous_run.run_id)}</span>')
    run = model.run
    return heading_html(run.run_id, run.job_name, state.status, url=run.url, facts=facts)


def state_times(state: RunState, now: pd.Timestamp, zone: tzinfo = UTC) -> list[str]:
    """Return the creation time, the time in the queue, and the duration of a run as text."""
    return times_text(state.creation_time, state.start_time, state.end_time, now, zone)


def outcome_message(state: RunState) -> tuple[str, str, str] | None:
    """Return the kind (as in `message_html`), title and text of a message, or None if there is no message."""
    if state.lacks_daemon:
        return (
            "warning",
            "The run stays queued because no Dagster daemon is running.",
            "Start one next to the webserver: dagster-daemon run",
        )
    if not state.is_finished:
        return None
    duration = duration_text(state.end_time - state.start_time)
    if state.status == "SUCCESS":
        count = len(state.steps) and int((state.steps["status"] != "NOT_STARTED").sum())
        return "good", f"Succeeded: {plural(count, 'step')} in {duration}.", ""
    if state.status == "FAILURE":
        return "error", f"Failed after {duration}.", ""
    when = "before it started" if pd.isna(state.start_time) else f"after {duration}"
    return "warning", f"Canceled {when}.", ""


def outcome_html(state: RunState, *, can_copy: bool = True) -> str:
    """Return the outcome or the failure of the run as HTML, or "". For `can_copy`, see `failures_html`."""
    message = outcome_message(state)
    if message is None:
        return ""
    kind, title, more = message
    if state.failures is not None and len(state.failures):
        return f'<div role="alert">{failures_html(state.failures, can_copy=can_copy)}</div>'
    return f'<div class="dnb-box dnb-box-{kind}">{message_html(title, more, kind="note")}</div>'


def action_html(model: MonitorModel) -> str:
    """Return HTML that says how the request to terminate or re-execute the run went, or "" if there is no message."""
    message = _action_message(model)
    if message is None:
        return ""
    kind, title, more = message
    return f'<div class="dnb-box dnb-box-warning">{message_html(title, more, kind=kind)}</div>'


def _action_message(model: MonitorModel) -> tuple[str, str, str] | None:
    if model.reexecuting:
        return "note", "Re-executing the run…", ""
    if model.terminating:
        return "note", "Terminating the run…", ""
    outcome = model.termination
    if outcome is None or model.state.status == "CANCELED":
        return None
    if outcome["outcome"] == "canceling":
        return "note", "Dagster has asked the run to stop. The run is still stopping.", ""
    if outcome["outcome"] == "already_finished":
        return "note", "The run ended before it could be terminated.", ""
    message = "" if pd.isna(outcome["message"]) else str(outcome["message"])
    return "warning", f"The run was not terminated ({str(outcome['outcome']).replace('_', ' ')}).", message
