"""Show the failures of a run with their stack traces, as text and as HTML."""

from __future__ import annotations

from html import escape
from itertools import groupby
from typing import TYPE_CHECKING, Any

import pandas as pd

from dagster_nb.frames.stacks import error_text, stack_frames, traceback_text
from dagster_nb.terminal_text import terminal_text
from dagster_nb.words import plural

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["RunFailures", "stack_html"]

_MAX_STACK_LENGTH = 40_000


class RunFailures(pd.DataFrame):
    """The frame that `DagsterClient.failures` returns for one run, displayed as stack traces.

    Frames that pandas derives from this one are ordinary DataFrames.
    """

    @property
    def _constructor(self) -> type[pd.DataFrame]:
        return pd.DataFrame

    def __repr__(self) -> str:
        if self.empty:
            return "no failures"
        return terminal_text(
            "\n\n".join(
                f"Failed in {_place(failure)}\n{traceback_text(failure['causes'] or []) or _error(failure)}"
                for failure in self.to_dict("records")
            )
        )

    def _repr_html_(self) -> str:
        if self.empty:
            return "<p>no failures</p>"
        return "".join(
            f"<p>✖ Failed in <b>{escape(_place(failure))}</b>: {escape(_error(failure))}</p>"
            f"{stack_html(failure['causes'] or [])}"
            for failure in self.to_dict("records")
        )


def stack_html(causes: Sequence[Mapping[str, Any]]) -> str:
    """Return the stack traces of an error and of the errors that it caused, as HTML without style sheets or scripts.

    The frames of the user's own code are visible. The frames of libraries, and the errors that were caused by the
    innermost error, are collapsed.

    Parameters
    ----------
    causes
        The value of the column ``causes`` of `DagsterClient.failures`.

    Examples
    --------
    >>> stack_html([])
    ''
    """
    if not causes:
        return ""
    *outer, innermost = causes
    parts = [_folded_stack(innermost["stack"] or "")]
    for error in reversed(outer):
        name = error_text(error["error_class"], error["error_message"]).partition("\n")[0]
        stack = f"<pre>{escape(_shortened(error['stack'] or 'no stack trace'))}</pre>"
        parts.append(_folded(f"which led to {name}", stack))
    return f'<div class="dnb-stack">{"".join(parts)}</div>'


def _folded_stack(stack: str) -> str:
    frames = stack_frames(_shortened(stack))
    if not frames:
        return f"<pre>{escape(_shortened(stack))}</pre>" if stack.strip() else ""
    if not any(frame.is_own for frame in frames):
        # If no frame is in the user's own code, show the innermost frame, which is the most useful one.
        *libraries, last = frames
        return _library_frames(libraries) + f"<pre>{escape(last.text)}</pre>"
    parts = []
    for is_own, group in groupby(frames, key=lambda frame: frame.is_own):
        shown = list(group)
        parts.append(_pre(shown) if is_own else _library_frames(shown))
    return "".join(parts)


def _library_frames(frames: Sequence[Any]) -> str:
    return _folded(f"{plural(len(frames), 'frame')} in libraries", _pre(frames)) if frames else ""


def _pre(frames: Sequence[Any]) -> str:
    return f"<pre>{escape(chr(10).join(frame.text for frame in frames))}</pre>"


def _folded(summary: str, content: str) -> str:
    return f"<details><summary>{escape(summary)}</summary>{content}</details>"


def _shortened(stack: str) -> str:
    # If the error is an endless recursion, the end of the stack trace is the most useful part.
    return stack if len(stack) <= _MAX_STACK_LENGTH else f"…\n{stack[-_MAX_STACK_LENGTH:]}"


def _place(failure: Mapping[Any, Any]) -> str:
    return "the run itself" if pd.isna(failure["step_key"]) else f"step {failure['step_key']}"


def _error(failure: Mapping[Any, Any]) -> str:
    return error_text(failure["error_class"], failure["error_message"])
