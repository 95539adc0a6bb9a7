"""What a run printed, as a monitor shows it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

from dagster_nb.panels.markup import text
from dagster_nb.words import plural

if TYPE_CHECKING:
    from dagster_nb.client.details import ComputeLogs

__all__ = ["Stream", "output_html", "output_summary"]

Stream = Literal["stdout", "stderr"]

_MAX_LINES = 500
_ANSI_COLORS = re.compile(r"\x1b\[[0-9;]*m")


def output_html(output: ComputeLogs, stream: Stream, wanted: str) -> str:
    """Return the last lines of a stream that contain some text, in upper or lower case."""
    lines = _matching_lines(output, stream, wanted)
    if not lines:
        return '<p class="dnb-muted">no lines</p>'
    return f'<pre class="dnb-output" aria-label="{stream} of the run">{text(chr(10).join(lines[-_MAX_LINES:]))}</pre>'


def output_summary(output: ComputeLogs, stream: Stream, wanted: str) -> str:
    r"""Return how many lines of a stream are shown, and of how many.

    Examples
    --------
    >>> from dagster_nb.client.details import ComputeLogs
    >>> output_summary(ComputeLogs("8f5e", None, stdout="a\nb\n", stderr=""), "stdout", "A")
    'showing 1 matching line, of 2'
    """
    matching, total = len(_matching_lines(output, stream, wanted)), len(_matching_lines(output, stream, ""))
    if not total:
        return f"nothing was captured from {stream}"
    last = f"the last {_MAX_LINES:,} of " if matching > _MAX_LINES else ""
    shown = plural(matching, "matching line" if matching < total else "line")
    return f"showing {last}{shown}{f', of {total:,}' if matching < total else ''}"


def _matching_lines(output: ComputeLogs, stream: Stream, wanted: str) -> list[str]:
    lines = _ANSI_COLORS.sub("", output.stdout if stream == "stdout" else output.stderr).splitlines()
    needle = wanted.strip().casefold()
    return [line for line in lines if needle in line.casefold()] if needle else lines
