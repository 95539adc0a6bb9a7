"""The error columns: class, message and stack trace of the innermost cause."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dagster_nb.frames import columns
from dagster_nb.frames.innermost_cause import innermost_cause

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["error_columns", "message_without_class", "stack_text"]

Error = dict[str, Any]


def error_columns(errors: Sequence[Error | None]) -> dict[str, Any]:
    """Return the columns ``error_class``, ``error_message`` and ``stack``; NA if a row has no error.

    Parameters
    ----------
    errors
        A ``PythonError`` from the server, or None, for each row.

    Examples
    --------
    >>> error_columns([{"className": "ValueError", "message": "ValueError: no rows"}, None])["error_message"].tolist()
    ['no rows', <NA>]
    """
    causes = [None if error is None else innermost_cause(error) for error in errors]
    return {
        "error_class": columns.strings(None if cause is None else cause.get("className") for cause in causes),
        "error_message": columns.strings(None if cause is None else message_without_class(cause) for cause in causes),
        "stack": columns.strings(None if cause is None else stack_text(cause) for cause in causes),
    }


def message_without_class(error: Error) -> str | None:
    """Return the message of an error without the class name at its beginning, because the class has its own column.

    Examples
    --------
    >>> message_without_class({"className": "KeyError", "message": "builtins.KeyError: 'a'"})
    "'a'"
    """
    if error.get("message") is None:
        return None
    message: str = error["message"].strip()
    before, _, after = message.partition(": ")
    if error.get("className") and before.rpartition(".")[2] == error["className"]:
        return after.strip()
    return message


def stack_text(error: Error) -> str | None:
    """Return the stack trace of an error as text; None if Dagster did not store one.

    Examples
    --------
    >>> stack_text({"stack": []}) is None
    True
    """
    return "".join(error.get("stack") or ()) or None
