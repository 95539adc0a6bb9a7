"""Find the innermost cause of a server error."""

from __future__ import annotations

from typing import Any

__all__ = ["innermost_cause"]


def innermost_cause(error: dict[str, Any]) -> dict[str, Any]:
    """Return the innermost cause of a ``PythonError``: the last of the ``causes``, or the error itself.

    Examples
    --------
    >>> innermost_cause({"message": "outer", "causes": [{"message": "inner"}]})
    {'message': 'inner'}
    """
    causes: list[dict[str, Any]] = error.get("causes") or []
    return causes[-1] if causes else error
