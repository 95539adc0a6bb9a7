"""Parse stack traces, and find the frames that are in the user's own code."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["StackFrame", "error_text", "own_code_frame", "raised_in", "stack_frames", "traceback_text"]

_FRAME = re.compile(r'^ *File "(?P<file>[^"\n]*)", line (?P<line>\d+)(?:, in (?P<function>.*))?$', re.MULTILINE)
_INSTALLED = re.compile(r"[/\\](?:site|dist)-packages[/\\]")
_STANDARD_LIBRARY = re.compile(r"^<frozen |[/\\]lib[/\\]python3(?:\.\d+)?[/\\]|[/\\]Lib[/\\](?!site-packages)")
_DAGSTER = re.compile(r"[/\\](?:site|dist)-packages[/\\]dagster")


@dataclass(frozen=True, slots=True)
class StackFrame:
    """One frame of a stack trace.

    Parameters
    ----------
    file, line, function
        The file, line and function of the frame.
    text
        The lines of the stack trace for this frame: the file and line, and the code if it is known.
    is_own
        Whether the code is the user's own and not part of a library.
    """

    file: str
    line: int
    function: str
    text: str
    is_own: bool = False


def stack_frames(stack: str) -> list[StackFrame]:
    r"""Return the frames of a stack trace, with the outermost frame first.

    Code outside ``site-packages`` and the standard library counts as the user's own. If the stack trace contains no
    such code, perhaps because the user's code is an installed package, all installed code except Dagster's counts as
    the user's own.

    Parameters
    ----------
    stack
        The stack trace of a ``PythonError`` as one string.

    Examples
    --------
    >>> [(frame.function, frame.line) for frame in stack_frames('  File "etl.py", line 7, in load\n    read()\n')]
    [('load', 7)]
    >>> stack_frames("no stack trace")
    []
    """
    found = list(_FRAME.finditer(stack))
    ends = [*(match.start() for match in found), len(stack)][1:]
    frames = [
        StackFrame(
            match["file"],
            int(match["line"]),
            (match["function"] or "").strip(),
            stack[match.start() : end].rstrip("\n"),
        )
        for match, end in zip(found, ends, strict=True)
    ]
    own = [_is_outside_libraries(frame.file) for frame in frames]
    if not any(own):
        own = [bool(_INSTALLED.search(frame.file)) and not _DAGSTER.search(frame.file) for frame in frames]
    return [replace(frame, is_own=is_own) for frame, is_own in zip(frames, own, strict=True)]


def own_code_frame(frames: list[StackFrame]) -> StackFrame | None:
    """Return the innermost frame in the user's own code. If there is none, return the innermost frame, or None."""
    own = [frame for frame in frames if frame.is_own] or frames
    return own[-1] if own else None


def raised_in(stack: str) -> str | None:
    r"""Return the function and file of the user's own code in which an error was raised; None if unknown.

    The line is left out, because it changes with every edit of the file. Only the last two parts of the path are kept,
    because the rest differs between machines.

    Examples
    --------
    >>> raised_in('  File "/opt/shop/ingest.py", line 94, in read_rates\n    get(url)\n')
    'read_rates in shop/ingest.py'
    """
    frame = own_code_frame(stack_frames(stack))
    if frame is None:
        return None
    file = "/".join(re.split(r"[/\\]", frame.file)[-2:]).lstrip("/")
    return f"{frame.function} in {file}" if frame.function else file


def error_text(error_class: object, message: object) -> str:
    """Return the class and the message of an error as one string. Missing parts are left out.

    Examples
    --------
    >>> error_text("KeyError", "'rates'")
    "KeyError: 'rates'"
    """
    return ": ".join(part.rstrip("\n") for part in (error_class, message) if isinstance(part, str) and part)


def traceback_text(causes: Sequence[Mapping[str, Any]]) -> str:
    """Return errors and their stack traces in Python's format, with the innermost cause first.

    Parameters
    ----------
    causes
        The value of the column ``causes`` of `DagsterClient.failures`.

    Examples
    --------
    >>> print(traceback_text([{"error_class": "KeyError", "error_message": "'rates'", "stack": None}]))
    KeyError: 'rates'
    """
    parts = []
    for error in reversed(causes):
        stack = (error["stack"] or "").rstrip("\n")
        head = f"Traceback (most recent call last):\n{stack}\n" if stack else ""
        parts.append(head + error_text(error["error_class"], error["error_message"]))
    return "\n\nThe above exception was the direct cause of the following exception:\n\n".join(parts)


def _is_outside_libraries(file: str) -> bool:
    return not _INSTALLED.search(file) and not _STANDARD_LIBRARY.search(file)
