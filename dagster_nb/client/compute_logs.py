"""The captured output of a run."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import escape

__all__ = ["ComputeLogs"]

_MAX_LINES = 200
_COLOR_CODES = re.compile(r"\x1b\[[0-9;]*m")


@dataclass(frozen=True, repr=False)
class ComputeLogs:
    """The output of a run, as Dagster captured it.

    Parameters
    ----------
    run_id
        The run.
    step
        The step, or None for the whole run.
    stdout, stderr
        The output on each stream; empty if nothing was captured. Dagster's own log lines are in ``stderr``.

    Examples
    --------
    >>> print(ComputeLogs("8f5e", None, stdout="hello", stderr=""))
    hello
    """

    run_id: str
    step: str | None
    stdout: str
    stderr: str

    def __str__(self) -> str:
        """Return both streams, with their names if neither is empty."""
        if self.stdout and self.stderr:
            return f"--- stdout ---\n{self.stdout.rstrip()}\n--- stderr ---\n{self.stderr}"
        return self.stdout or self.stderr

    def __repr__(self) -> str:
        return f"<{self._title}: {_line_count(self.stdout)} lines of stdout, {_line_count(self.stderr)} of stderr>"

    def _repr_html_(self) -> str:
        streams = "".join((_stream_html("stdout", self.stdout), _stream_html("stderr", self.stderr)))
        return f"<div><strong>{escape(self._title)}</strong>{streams or '<p>nothing was captured</p>'}</div>"

    @property
    def _title(self) -> str:
        return f"logs of run {self.run_id}{f', step {self.step}' if self.step is not None else ''}"


def _line_count(text: str) -> int:
    return len(text.splitlines())


def _stream_html(name: str, text: str) -> str:
    """Return the end of a stream as HTML, since a saved notebook should not contain megabytes of output."""
    if not text:
        return ""
    lines = _COLOR_CODES.sub("", text).splitlines()
    part = f"{len(lines)} lines" if len(lines) <= _MAX_LINES else f"the last {_MAX_LINES} of {len(lines)} lines"
    shown = escape("\n".join(lines[-_MAX_LINES:]))
    return (
        f"<details open><summary>{name}: {part}</summary>"
        f'<pre style="max-height:24em;overflow:auto;white-space:pre-wrap">{shown}</pre></details>'
    )
