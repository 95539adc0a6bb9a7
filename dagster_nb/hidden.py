"""Hide secrets from tools that print local variables in tracebacks.

Such tools (rich, IPython's ``%xmode Verbose``, pytest's ``--showlocals``) call ``repr`` on every variable, and look
inside dicts, lists, dataclasses and `functools.partial` objects. Functions that receive secrets therefore hide them
immediately, and never raise an error while a variable holds a visible secret.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar, cast

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["hide", "reveal"]

T = TypeVar("T")


class _Hidden(Generic[T]):
    """A value that is hidden from ``repr``."""

    __slots__ = ("reveal",)

    def __init__(self, value: T):
        # The value is kept in a closure, so no attribute contains it.
        self.reveal: Callable[[], T] = lambda: value

    def __repr__(self) -> str:
        return "<hidden>"


def hide(value: T) -> T:
    """Return a placeholder that does not show its secret. For type checkers, the placeholder has the secret's type.

    Examples
    --------
    >>> hide("secret")
    <hidden>
    >>> reveal(hide(hide("secret")))
    'secret'
    """
    return value if isinstance(value, _Hidden) else cast("T", _Hidden(value))


def reveal(value: T) -> T:
    """Return the secret behind a placeholder from `hide`."""
    return cast("T", value.reveal()) if isinstance(value, _Hidden) else value
