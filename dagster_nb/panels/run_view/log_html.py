"""The log of a run as HTML: its events and its output."""

from __future__ import annotations

import re
from datetime import UTC
from typing import TYPE_CHECKING, Literal

import pandas as pd

from dagster_nb.frames.run_failures import stack_html
from dagster_nb.panels.markup import attribute, grid, text
from dagster_nb.time_zones import zone_name
from dagster_nb.words import plural

if TYPE_CHECKING:
    from datetime import tzinfo

    from dagster_nb.client.compute_logs import ComputeLogs

__all__ = ["Stream", "events_html", "output_html", "output_summary"]

Stream = Literal["stdout", "stderr"]

_MAX_LINES = 500
_MAX_MESSAGE_LENGTH = 4_000
_ANSI_COLORS = re.compile(r"\x1b\[[0-9;]*m")


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


def output_html(output: ComputeLogs, stream: Stream, wanted: str = "") -> str:
    """Return the last lines of a stream that contain some text, ignoring case."""
    lines = _matching_lines(output, stream, wanted)
    if not lines:
        return '<div class="dnb-empty">no lines</div>'
    shown = text("\n".join(lines[-_MAX_LINES:]))
    return f'<pre class="dnb-output" role="group" aria-label="{stream} of the run">{shown}</pre>'


def output_summary(output: ComputeLogs, stream: Stream, wanted: str = "") -> str:
    r"""Return the number of displayed lines and the total number of lines, as text.

    Examples
    --------
    >>> from dagster_nb.client.compute_logs import ComputeLogs
    >>> output_summary(ComputeLogs("8f5e", None, stdout="a\nb\n", stderr=""), "stdout", "A")
    'showing 1 matching line, of 2'
    """
    matching, total = len(_matching_lines(output, stream, wanted)), len(_matching_lines(output, stream, ""))
    if not total:
        return f"Dagster captured nothing from {stream}"
    last = f"the last {_MAX_LINES:,} of " if matching > _MAX_LINES else ""
    shown = plural(matching, "matching line" if matching < total else "line")
    omitted = output.stdout_omitted if stream == "stdout" else output.stderr_omitted
    left_out = f"; the first {omitted / 2**20:,.0f} MB are left out" if omitted else ""
    return f"showing {last}{shown}{f', of {total:,}' if matching < total else ''}{left_out}"


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
        f'<span class="dnb-number">{timestamp:%H:%M:%S.%f}'[:-3] + "</span>",
        f'<span class="{level_class}">{text(level)}</span>',
        "" if pd.isna(step) else f'<span title="{attribute(step)}">{text(step)}</span>',
        f'{kind}<span class="dnb-message">{text(shown[:_MAX_MESSAGE_LENGTH])}</span>{folded}',
    ]


def _folded_stack(error: str, message: str, stack: str, key: str) -> str:
    causes = [{"error_class": error, "error_message": message, "stack": stack}]
    return f'<details data-dnb-key="{attribute(key)}"><summary>Stack trace</summary>{stack_html(causes)}</details>'


def _matching_lines(output: ComputeLogs, stream: Stream, wanted: str) -> list[str]:
    lines = _ANSI_COLORS.sub("", output.stdout if stream == "stdout" else output.stderr).splitlines()
    needle = wanted.strip().casefold()
    return [line for line in lines if needle in line.casefold()] if needle else lines
