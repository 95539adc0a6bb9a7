"""The captured output of a run."""

from __future__ import annotations

from dataclasses import dataclass, field
from html import escape
from typing import Any

from dagster_nb.terminal_text import without_colors

__all__ = ["MAX_LOG_BYTES", "ComputeLogs", "LogPosition", "StreamPosition"]

MAX_LOG_BYTES = 1 << 26
"""The default number of bytes to keep of each stream."""

_MAX_LINES = 200
_MAX_CHARACTERS = 1_000_000


@dataclass(frozen=True)
class StreamPosition:
    """The position up to which a stream of a file has been read.

    Parameters
    ----------
    cursor
        The server's cursor; None for the beginning.
    length
        The number of characters of the output that come from before the cursor in this stream.
    after
        The number of characters after the cursor, which are read again.
    """

    cursor: str | None = None
    length: int = 0
    after: int = 0


@dataclass
class LogPosition:
    """The position up to which the output of a run has been read.

    Parameters
    ----------
    captures
        The events that name the files with the output.
    is_finished
        Whether the run has ended.
    events_cursor
        The position in the run's event log.
    streams
        The position in each stream of each file, in the order of the output.
    """

    captures: list[dict[str, Any]] = field(default_factory=list)
    is_finished: bool = False
    events_cursor: str | None = None
    streams: dict[tuple[str, str], StreamPosition] = field(default_factory=dict)


@dataclass(frozen=True, repr=False)
class ComputeLogs:
    """The output of a run that Dagster captured.

    Parameters
    ----------
    run_id
        The run.
    step
        The step, or None for the whole run.
    stdout, stderr
        The output on each stream; empty if nothing was captured. Dagster's own log messages are in ``stderr``.
    stdout_omitted, stderr_omitted
        The number of bytes that were omitted at the beginning of each stream.
    position
        Where a later call with ``after=`` continues.

    Examples
    --------
    >>> print(ComputeLogs("8f5e", None, stdout="hello", stderr=""))
    hello
    """

    run_id: str
    step: str | None
    stdout: str
    stderr: str
    stdout_omitted: int = 0
    stderr_omitted: int = 0
    position: LogPosition | None = field(default=None, compare=False)

    def __str__(self) -> str:
        """Return both streams, with their names if neither is empty."""
        if self.stdout and self.stderr:
            return f"--- stdout ---\n{self.stdout.rstrip()}\n--- stderr ---\n{self.stderr}"
        return self.stdout or self.stderr

    def __repr__(self) -> str:
        return f"<{self._title}: {_line_count(self.stdout)} lines of stdout, {_line_count(self.stderr)} of stderr>"

    def _repr_html_(self) -> str:
        streams = _stream_html("stdout", self.stdout, self.stdout_omitted)
        streams += _stream_html("stderr", self.stderr, self.stderr_omitted)
        return f"<div><strong>{escape(self._title)}</strong>{streams or '<p>nothing was captured</p>'}</div>"

    @property
    def _title(self) -> str:
        return f"logs of run {self.run_id}{f', step {self.step}' if self.step is not None else ''}"


def _line_count(text: str) -> int:
    return text.count("\n") + (not text.endswith("\n") and bool(text))


def _stream_html(name: str, text: str, omitted: int) -> str:
    """Return the end of a stream as HTML. A saved notebook should not contain megabytes of output."""
    if not text:
        return ""
    count = _line_count(text)
    # Only the end is split into lines, which takes little memory even if the text is long.
    lines = without_colors(text[-_MAX_CHARACTERS:]).splitlines()[-_MAX_LINES:]
    part = f"{count} lines" if count == len(lines) and not omitted else f"the last {len(lines)} of {count} lines"
    if omitted:
        part += f", after {omitted / 2**20:,.0f} MB that were left out"
    shown = escape("\n".join(lines))
    return (
        f"<details open><summary>{name}: {part}</summary>"
        f'<pre style="max-height:24em;overflow:auto;white-space:pre-wrap">{shown}</pre></details>'
    )
