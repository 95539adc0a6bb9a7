"""What went wrong first: an error of the server carries the errors that caused it."""

from __future__ import annotations

from typing import Any

__all__ = ["innermost_cause"]


def innermost_cause(error: dict[str, Any]) -> dict[str, Any]:
    """Return the error at the bottom of a ``PythonError``'s chain of causes, which is the error itself if it has none.

    Examples
    --------
    >>> innermost_cause({"message": "outer", "causes": [{"message": "inner"}]})
    {'message': 'inner'}
    """
    causes: list[dict[str, Any]] = error.get("causes") or []
    return causes[-1] if causes else error
