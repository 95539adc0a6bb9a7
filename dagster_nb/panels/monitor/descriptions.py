"""A run in words and markup: what a monitor says of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from dagster_nb.panels.markup import attribute, grid, link, moment, plural, span, status, text
from dagster_nb.panels.error_box import said

if TYPE_CHECKING:
    from dagster_nb.panels.log_window import LogWindow
    from dagster_nb.panels.monitor_model import Look, MonitorModel

__all__ = ["elapsed", "failures_html", "head_html", "log_html", "outcome", "steps_alt", "stop_words"]

_FAILURES = 3
_LONGEST_MESSAGE = 4_000
_NAMED_STEPS = 20
_MODES = {
    "live": ("◉", "live", "The server tells each event as it happens."),
    "polling": ("◔", "polling", "No websocket is let through, so the server is asked once a second."),
}


def head_html(model: MonitorModel, now: pd.Timestamp) -> str:
    """Return which run this is, and how it stands."""
    look = model.look
    facts = [elapsed(look, now)]
    if model.following and model.mode is not None:
        mark, word, why = _MODES[model.mode]
        facts.append(f'<span class="dnb-mode" title="{why}"><span aria-hidden="true">{mark}</span> {word}</span>')
    return (
        f'<div class="dnb-head" role="heading" aria-level="3">{status(look.status)} '
        f'<span class="dnb-title">{text(model.job_name)}</span> '
        f'<span class="dnb-mono">{text(model.run_id)}</span> {link(model.url, "open in Dagster")}</div>'
        f'<div class="dnb-muted">{" · ".join(facts)}</div>'
    )


def elapsed(look: Look, now: pd.Timestamp) -> str:
    """Return how long a run took, or is taking.

    Parameters
    ----------
    look
        The run.
    now
        The present.
    """
    if look.is_finished:
        if pd.isna(look.start_time):
            return f"ended {moment(look.end_time)} UTC before it began"
        return f"took {span(look.end_time - look.start_time)}, from {moment(look.start_time)} UTC"
    if pd.isna(look.start_time):
        return f"waiting for {span(_whole(now - look.creation_time))}, since {moment(look.creation_time)} UTC"
    return f"running for {span(_whole(now - look.start_time))}, since {moment(look.start_time)} UTC"


def outcome(look: Look) -> tuple[str, str, str] | None:
    """Return what became of a run: what kind of news it is (as in `said`), a title, and more; None while it goes on.

    Parameters
    ----------
    look
        The run.
    """
    if look.stranded:
        return (
            "warning",
            "It stays queued: no daemon is alive to take it.",
            "Start one beside the webserver: dagster-daemon run",
        )
    if not look.is_finished:
        return None
    steps = plural(len(look.steps), "step")
    took = span(look.end_time - look.start_time)
    if look.status == "SUCCESS":
        return "good", f"Succeeded: {steps} in {took}.", ""
    if look.status == "FAILURE":
        return "error", f"Failed after {took}.", ""
    began = "before it began" if pd.isna(look.start_time) else f"after {took}"
    return "warning", f"Canceled {began}.", ""


def failures_html(failures: pd.DataFrame) -> str:
    """Return what made a run fail, the step and its message first."""
    parts = []
    for failure in failures.head(_FAILURES).to_dict("records"):
        where = "the run itself" if pd.isna(failure["step_key"]) else f"step {text(failure['step_key'])}"
        kind = "" if pd.isna(failure["error_class"]) else f"{text(failure['error_class'])}: "
        message = "" if pd.isna(failure["error_message"]) else text(failure["error_message"][:_LONGEST_MESSAGE])
        parts.append(
            f'<div role="alert">✖ Failed in <strong>{where}</strong></div>'
            f'<div class="dnb-message dnb-mono">{kind}{message}</div>'
        )
    rest = len(failures) - len(parts)
    return "".join(parts) + (f'<div class="dnb-muted">and {plural(rest, "more failure")}</div>' if rest > 0 else "")


def stop_words(model: MonitorModel) -> str:
    """Return what became of asking the run to stop, as markup; nothing where there is nothing to say."""
    if model.stopping:
        return said("Asking it to stop…", kind="note")
    told = model.stop_outcome
    if told is None or model.look.status == "CANCELED":
        return ""
    message = "" if pd.isna(told["message"]) else str(told["message"])
    if told["outcome"] == "canceling":
        return said("It was asked to stop, and is still ending.", kind="note")
    if told["outcome"] == "already_finished":
        return said("It had ended before it could be stopped.", kind="note")
    return said(f"It was not stopped ({str(told['outcome']).replace('_', ' ')}).", message, kind="warning")


def steps_alt(steps: pd.DataFrame) -> str:
    """Return in words what a chart of steps shows."""
    names = ", ".join(
        f"{key} {state}"
        for key, state in zip(steps["step_key"][:_NAMED_STEPS], steps["status"][:_NAMED_STEPS], strict=True)
    )
    return f"Chart of {plural(len(steps), 'step')}, each from its start to its end: {names}."


def log_html(log: LogWindow) -> str:
    """Return the part of the log that is shown, as a table."""
    columns = ("timestamp", "level", "step_key", "event_type", "message", "error_class", "error_message")
    rows = [_line(*values) for values in zip(*(log.shown[column] for column in columns), strict=True)]
    table = grid(["Time (UTC)", "Level", "Step", "Event"], rows)
    return f'<div role="log" aria-label="Log of the run">{table}</div>'


def _line(when: pd.Timestamp, level: str, step: str, kind: str, message: str, error: str, why: str) -> list[str]:
    says = "" if pd.isna(message) else str(message)
    if not pd.isna(why):
        says = f"{says}\n{'' if pd.isna(error) else f'{error}: '}{why}"
    kind = "" if pd.isna(kind) else f'<span class="dnb-muted">{text(kind)}</span> '
    return [
        f'<span class="dnb-number">{when:%H:%M:%S.%f}'[:-3] + "</span>",
        f'<span class="dnb-level dnb-level-{level.lower()}">{text(level)}</span>' if level.isalpha() else text(level),
        "" if pd.isna(step) else f'<span title="{attribute(step)}">{text(step)}</span>',
        f'{kind}<span class="dnb-message" style="white-space:pre-wrap">{text(says[:_LONGEST_MESSAGE])}</span>',
    ]


def _whole(duration: pd.Timedelta) -> pd.Timedelta:
    return max(duration, pd.Timedelta(0)).floor("s")
