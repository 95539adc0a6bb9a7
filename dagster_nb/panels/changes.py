"""``Changes``: notify views when their model changes."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Changes"]


class Changes:
    """The functions to call after each kind of change in a model, by the name of the change."""

    def __init__(self) -> None:
        self._listeners: dict[str, list[Callable[[], None]]] = defaultdict(list)

    def on(self, names: str, listener: Callable[[], None]) -> None:
        """Call a function without arguments after each of the named changes.

        Parameters
        ----------
        names
            The names of the changes, separated by spaces.
        listener
            The function. The functions are called in the order in which they were registered.
        """
        for name in names.split():
            self._listeners[name].append(listener)

    def emit(self, name: str) -> None:
        """Call the functions that listen for a change."""
        for listener in list(self._listeners[name]):
            listener()

    def clear(self) -> None:
        """Remove all listeners."""
        self._listeners.clear()
