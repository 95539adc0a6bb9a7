"""What a monitor says about its run, as HTML."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from dagster_nb.panels.error_box import message_html
from dagster_nb.panels.markup import attribute, grid, link, status, text
from dagster_nb.words import duration_text, plural, time_text

if TYPE_CHECKING:
    from dagster_nb.panels.monitor.event_log import EventLog
    from dagster_nb.panels.monitor.model import MonitorModel, RunState

__all__ = [
    "elapsed_text",
    "events_html",
    "failures_html",
    "head_html",
    "outcome_message",
    "steps_alt_text",
    "termination_html",
]

_MAX_FAILURES = 3
_MAX_MESSAGE_LENGTH = 4_000
_MAX_NAMED_STEPS = 20
_MODES = {
    "live": ("◉", "live", "Dagster sends each event as it happens."),
    "polling": ("◔", "polling", "A websocket cannot be opened, so the panel asks for new events once a second."),
}


def head_html(model: MonitorModel, now: pd.Timestamp) -> str:
    """Return which run this is, its status, and how long it took or has been running."""
    run, state = model.run, model.state
    facts = [elapsed_text(state, now)]
    if model.following and model.mode is not None:
        symbol, word, reason = _MODES[model.mode]
        facts.append(f'<span class="dnb-mode" title="{reason}"><span aria-hidden="true">{symbol}</span> {word}</span>')
    if model.previous_run is not None:
        facts.append(f're-execution of <span class="dnb-mono">{text(model.previous_run.run_id)}</span>')
    return (
        f'<div class="dnb-head" role="heading" aria-level="3">{status(state.status)} '
        f'<span class="dnb-title">{text(run.job_name)}</span> '
        f'<span class="dnb-mono">{text(run.run_id)}</span> {link(run.url, "open in Dagster")}</div>'
        f'<div class="dnb-muted">{" · ".join(facts)}</div>'
    )


def elapsed_text(state: RunState, now: pd.Timestamp) -> str:
    """Return how long a run took, or has been running or waiting."""
    if state.is_finished:
        if pd.isna(state.start_time):
            return f"ended {time_text(state.end_time)} UTC before it started"
        return f"took {duration_text(state.end_time - state.start_time)}, started {time_text(state.start_time)} UTC"
    verb, since = ("running", state.start_time)
    if pd.isna(since):
        verb, since = ("waiting", state.creation_time)
    return f"{verb} for {duration_text(_whole_seconds(now - since))}, since {time_text(since)} UTC"


def outcome_message(state: RunState) -> tuple[str, str, str] | None:
    """Return the kind of message (as in `message_html`), its title and its text; None while there is nothing to say."""
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


def failures_html(failures: pd.DataFrame) -> str:
    """Return what made a run fail: the step first, then its message."""
    parts = []
    for failure in failures.head(_MAX_FAILURES).to_dict("records"):
        where = "the run itself" if pd.isna(failure["step_key"]) else f"step {text(failure['step_key'])}"
        kind = "" if pd.isna(failure["error_class"]) else f"{text(failure['error_class'])}: "
        message = "" if pd.isna(failure["error_message"]) else text(failure["error_message"][:_MAX_MESSAGE_LENGTH])
        parts.append(
            f'<div role="alert">✖ Failed in <strong>{where}</strong></div>'
            f'<div class="dnb-message dnb-mono">{kind}{message}</div>'
        )
    rest = len(failures) - len(parts)
    return "".join(parts) + (f'<div class="dnb-muted">and {plural(rest, "more failure")}</div>' if rest > 0 else "")


def termination_html(model: MonitorModel) -> str:
    """Return what came of the request to terminate the run; empty if there is nothing to say."""
    if model.terminating:
        return message_html("Terminating the run…", kind="note")
    outcome = model.termination
    if outcome is None or model.state.status == "CANCELED":
        return ""
    message = "" if pd.isna(outcome["message"]) else str(outcome["message"])
    if outcome["outcome"] == "canceling":
        return message_html("Dagster has asked the run to stop. It is still ending.", kind="note")
    if outcome["outcome"] == "already_finished":
        return message_html("The run ended before it could be terminated.", kind="note")
    return message_html(
        f"The run was not terminated ({str(outcome['outcome']).replace('_', ' ')}).", message, kind="warning"
    )


def steps_alt_text(steps: pd.DataFrame) -> str:
    """Return what a chart of steps shows, for people who do not see it."""
    names = ", ".join(
        f"{key} {step_status}"
        for key, step_status in zip(
            steps["step_key"][:_MAX_NAMED_STEPS], steps["status"][:_MAX_NAMED_STEPS], strict=True
        )
    )
    return f"Chart of {plural(len(steps), 'step')}, each from its start to its end: {names}."


def events_html(log: EventLog) -> str:
    """Return the events that are shown, as a table."""
    columns = ("timestamp", "level", "step_key", "event_type", "message", "error_class", "error_message")
    rows = [_event_cells(*values) for values in zip(*(log.shown[column] for column in columns), strict=True)]
    table = grid(["Time (UTC)", "Level", "Step", "Event"], rows)
    return f'<div role="log" aria-label="Events of the run">{table}</div>'


def _event_cells(
    timestamp: pd.Timestamp, level: str, step: str, event_type: str, message: str, error: str, error_message: str
) -> list[str]:
    shown = "" if pd.isna(message) else str(message)
    if not pd.isna(error_message):
        shown = f"{shown}\n{'' if pd.isna(error) else f'{error}: '}{error_message}"
    kind = "" if pd.isna(event_type) else f'<span class="dnb-muted">{text(event_type)}</span> '
    level_class = f"dnb-level dnb-level-{level.lower()}" if level.isalpha() else "dnb-level"
    return [
        f'<span class="dnb-number">{timestamp:%H:%M:%S.%f}'[:-3] + "</span>",
        f'<span class="{level_class}">{text(level)}</span>',
        "" if pd.isna(step) else f'<span title="{attribute(step)}">{text(step)}</span>',
        f'{kind}<span class="dnb-message" style="white-space:pre-wrap">{text(shown[:_MAX_MESSAGE_LENGTH])}</span>',
    ]


def _whole_seconds(duration: pd.Timedelta) -> pd.Timedelta:
    return max(duration, pd.Timedelta(0)).floor("s")
