"""Combine GraphQL errors into one exception that marks their positions in the document."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dagster_nb.errors import QueryError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["query_error"]


def query_error(
    errors: Sequence[Any],
    *,
    data: dict[str, Any] | None = None,
    text: str = "",
    prefix: str = "the server rejected the query",
) -> QueryError:
    """Return one exception for several GraphQL errors, with their positions marked in the document.

    Parameters
    ----------
    errors
        The ``errors`` of a response.
    data
        The ``data`` of the response, if there is any.
    text
        The document in which the errors occurred.
    prefix
        The beginning of the message.

    Examples
    --------
    >>> print(query_error([{"message": "no such field", "locations": [{"line": 1, "column": 3}]}], text="{ runz }"))
    the server rejected the query: no such field
      line 1: { runz }
                ^
    """
    plain = [error if isinstance(error, dict) else {"message": str(error)} for error in errors]
    described = [_marked(error, text.splitlines()) for error in plain]
    return QueryError(f"{prefix}: {chr(10).join(described)}", errors=plain, data=data)


def _marked(error: dict[str, Any], lines: Sequence[str]) -> str:
    described = str(error.get("message") or "no message")
    for location in error.get("locations") or []:
        line, column = location["line"], location["column"]
        if 0 < line <= len(lines):
            position = f"  line {line}: "
            described += f"\n{position}{lines[line - 1]}\n{' ' * (len(position) + column - 1)}^"
    return described
