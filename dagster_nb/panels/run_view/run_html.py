"""Show a run as HTML: its heading, its failures and its steps."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, Any

import pandas as pd

from dagster_nb import plot
from dagster_nb.frames.failures_display import stack_html
from dagster_nb.frames.stacks import traceback_text
from dagster_nb.panels.markup import attribute, copy_button, link, status, text
from dagster_nb.panels.pictures import Picture, draw_picture, picture_html
from dagster_nb.words import duration_text, plural, relative_time_text, zoned_time_text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import tzinfo

    from matplotlib.axes import Axes

__all__ = ["failures_html", "heading_html", "steps_alt", "steps_html", "steps_picture", "times_html", "times_text"]

_MAX_FAILURES = 5
_MAX_MESSAGE_LENGTH = 4_000
_MAX_NAMED_STEPS = 20


def heading_html(run_id: str, job_name: str, run_status: str, *, url: str | None, facts: Sequence[str]) -> str:
    """Return the heading for a run.

    Parameters
    ----------
    run_id, job_name, run_status
        The run.
    url
        The address of the run's page in Dagster, or None.
    facts
        The parts of the line below the heading, as HTML.
    """
    page = "" if url is None else link(url, "open in Dagster")
    return (
        f'<div class="dnb-head" role="heading" aria-level="3">{status(run_status)} '
        f'<span class="dnb-title">{text(job_name)}</span> <span class="dnb-mono">{text(run_id)}</span> {page}</div>'
        f'<div class="dnb-muted">{" · ".join(facts)}</div>'
    )


def times_text(
    created: pd.Timestamp, started: pd.Timestamp, ended: pd.Timestamp, now: pd.Timestamp, zone: tzinfo = UTC
) -> list[str]:
    """Return the creation time, the time in the queue, and the duration of a run as text.

    Examples
    --------
    >>> created, minute = pd.Timestamp("2026-01-31 10:00", tz="UTC"), pd.Timedelta(minutes=1)
    >>> times_text(created, created + minute, created + 3 * minute, created + 60 * minute)
    ['created 2026-01-31 10:00:00 UTC (1 h ago)', 'queued for 1 min', 'took 2 min']
    """
    facts = [f"created {zoned_time_text(created, zone)} ({relative_time_text(created, now)})"]
    if pd.isna(started):
        if pd.isna(ended):
            facts.append(f"waiting for {duration_text(_whole_seconds(now - created))}")
        return facts
    facts.append(f"queued for {duration_text(started - created)}")
    if pd.isna(ended):
        facts.append(f"running for {duration_text(_whole_seconds(now - started))}")
    else:
        facts.append(f"took {duration_text(ended - started)}")
    return facts


def times_html(
    created: pd.Timestamp, started: pd.Timestamp, ended: pd.Timestamp, now: pd.Timestamp, zone: tzinfo = UTC
) -> list[str]:
    """Return the text of `times_text` as HTML, with a tooltip that shows the creation time in UTC."""
    first, *rest = times_text(created, started, ended, now, zone)
    title = "" if pd.isna(created) else f' title="{zoned_time_text(created, UTC)}"'
    return [f"<span{title}>{text(first)}</span>", *map(text, rest)]


def failures_html(failures: pd.DataFrame, *, can_copy: bool = True) -> str:
    """Return the failures of a run: each failed step with its error and its stack trace.

    Parameters
    ----------
    failures
        The failures, with the columns of `DagsterClient.failures`.
    can_copy
        Whether to add a button that copies the stack trace. The button works only in a panel, because it needs the
        panel's script.
    """
    boxes = []
    for failure in failures.head(_MAX_FAILURES).to_dict("records"):
        where = "the run itself" if pd.isna(failure["step_key"]) else f"step {text(failure['step_key'])}"
        error = "" if pd.isna(failure["error_class"]) else f"{text(failure['error_class'])}: "
        message = "" if pd.isna(failure["error_message"]) else text(str(failure["error_message"])[:_MAX_MESSAGE_LENGTH])
        causes = failure.get("causes") or []
        copy = copy_button(traceback_text(causes), "Copy the stack trace") if causes and can_copy else ""
        key = attribute(f"{failure.get('run_id')} {failure['step_key']}")
        boxes.append(
            f'<div class="dnb-box dnb-box-error" data-dnb-key="{key}">'
            f"<div>✖ Failed in <strong>{where}</strong> {copy}</div>"
            f'<div class="dnb-message dnb-mono">{error}{message}</div>{stack_html(causes)}</div>'
        )
    rest = len(failures) - len(boxes)
    return "".join(boxes) + (f'<p class="dnb-muted">and {plural(rest, "more failure")}</p>' if rest > 0 else "")


def steps_picture(
    steps: pd.DataFrame,
    *,
    as_of: pd.Timestamp | None,
    width: int,
    max_height: int = 560,
    zone: tzinfo = UTC,
    seconds: tuple[float, float] | None = None,
    **options: Any,  # noqa: ANN401 - see `draw_picture`
) -> Picture:
    """Draw the chart of a run's steps.

    Parameters
    ----------
    steps
        The steps, with the columns of `DagsterClient.steps`.
    as_of
        The assumed end time of unfinished steps, or None if the run has finished.
    width, max_height
        The width and the maximum height in CSS pixels.
    zone
        The time zone for displayed times.
    seconds
        The part of the x axis to show, in seconds since the start of the first step. None shows the whole run.
    options
        The options ``dark`` and ``background`` of `draw_picture`.
    """

    def draw(ax: Axes) -> None:
        plot.step_gantt(steps, as_of=as_of, tz=zone, ax=ax)
        if seconds is not None:
            ax.set_xlim(seconds)

    return draw_picture(
        draw,
        width=width,
        height=min(max(120, 78 + 24 * len(steps)), max_height),
        **options,
    )


def steps_alt(steps: pd.DataFrame) -> str:
    """Describe the chart of the steps, as plain text."""
    first = steps.head(_MAX_NAMED_STEPS)
    names = ", ".join(
        f"{key} {step_status}" for key, step_status in zip(first["step_key"], first["status"], strict=True)
    )
    return f"Chart of {plural(len(steps), 'step')}, each from its start to its end: {names}."


def steps_html(steps: pd.DataFrame, **options: Any) -> str:  # noqa: ANN401 - see `steps_picture`
    """Draw the chart of the steps as an ``<img>`` element. The arguments are those of `steps_picture`."""
    return picture_html(steps_picture(steps, **options), steps_alt(steps))


def _whole_seconds(duration: pd.Timedelta) -> pd.Timedelta:
    return max(duration, pd.Timedelta(0)).floor("s")
