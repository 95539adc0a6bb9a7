"""The log of a run as HTML: its events and its output."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, Literal

import pandas as pd

from dagster_nb.frames.failures_display import stack_html
from dagster_nb.panels.markup import attribute, grid, text
from dagster_nb.time_zones import zone_name
from dagster_nb.words import count_text, plural, time_text

if TYPE_CHECKING:
    from datetime import tzinfo

    from dagster_nb.panels.run_view.last_matching_lines import LastLines

__all__ = ["Stream", "events_html", "output_html", "output_summary"]

Stream = Literal["stdout", "stderr"]

_MAX_MESSAGE_LENGTH = 4_000


def events_html(events: pd.DataFrame, zone: tzinfo = UTC) -> str:
    """Return events as a table.

    Parameters
    ----------
    events
        The events, with the columns of `DagsterClient.events`.
    zone
        The time zone for displayed times.
    """
    events = events.assign(timestamp=events["timestamp"].dt.tz_convert(zone))
    columns = ("timestamp", "level", "step_key", "event_type", "message", "error_class", "error_message", "stack")
    rows = [_event_cells(*values) for values in zip(*(events[column] for column in columns), strict=True)]
    table = grid([f"Time ({zone_name(zone)})", "Level", "Step", "Event"], rows)
    return f'<div role="log" aria-label="Events of the run">{table}</div>'


def output_html(lines: LastLines, stream: Stream) -> str:
    """Return the last lines of a stream."""
    if not lines.shown:
        return '<div class="dnb-empty">no lines</div>'
    shown = text("\n".join(lines.shown))
    return f'<pre class="dnb-output" role="group" aria-label="{stream} of the run">{shown}</pre>'


def output_summary(lines: LastLines, stream: Stream, *, is_filtered: bool = False, omitted: int = 0) -> str:
    r"""Say how many lines are displayed, and how many there are in total.

    Parameters
    ----------
    lines, stream
        The lines, and the name of the stream.
    is_filtered
        Whether only lines with the search text are shown.
    omitted
        The number of bytes at the beginning of the stream that were not read.

    Examples
    --------
    >>> from dagster_nb.panels.run_view.last_matching_lines import last_lines
    >>> output_summary(last_lines("a\nb\n", "A"), "stdout", is_filtered=True)
    'showing 1 matching line, of 2'
    """
    if not lines.total:
        return f"Dagster captured nothing from {stream}"
    count, total = len(lines.shown), count_text(lines.total)
    if is_filtered:
        shown = f"{'the last ' if lines.has_more else ''}{plural(count, 'matching line')}, of {total}"
    else:
        shown = f"the last {count_text(count)} of {total} lines" if lines.has_more else plural(count, "line")
    left_out = f"; the first {omitted / 2**20:,.0f} MB are left out" if omitted else ""
    return f"showing {shown}{left_out}"


def _event_cells(
    timestamp: pd.Timestamp,
    level: str,
    step: str,
    event_type: str,
    message: str,
    error: str,
    error_message: str,
    stack: str,
) -> list[str]:
    shown = "" if pd.isna(message) else str(message)
    if not pd.isna(error_message):
        shown = f"{shown}\n{'' if pd.isna(error) else f'{error}: '}{error_message}"
    kind = "" if pd.isna(event_type) else f'<span class="dnb-muted">{text(event_type)}</span> '
    level_class = f"dnb-level dnb-level-{level.lower()}" if level.isalpha() else "dnb-level"
    key = f"{timestamp.isoformat()} {step}"
    folded = "" if pd.isna(stack) or not stack else _folded_stack(error, error_message, stack, key)
    return [
        f'<span class="dnb-number" title="{time_text(timestamp.tz_convert("UTC"))} UTC">{timestamp:%H:%M:%S.%f}'[:-3]
        + "</span>",
        f'<span class="{level_class}">{text(level)}</span>',
        "" if pd.isna(step) else f'<span title="{attribute(step)}">{text(step)}</span>',
        f'{kind}<span class="dnb-message">{text(shown[:_MAX_MESSAGE_LENGTH])}</span>{folded}',
    ]


def _folded_stack(error: str, message: str, stack: str, key: str) -> str:
    causes = [{"error_class": error, "error_message": message, "stack": stack}]
    return f'<details data-dnb-key="{attribute(key)}"><summary>Stack trace</summary>{stack_html(causes)}</details>'
