"""How a model tells whoever draws it that something changed."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Signals"]


class Signals:
    """Named events, each with those who want to hear of it, in the order in which they said so."""

    def __init__(self) -> None:
        self._listeners: dict[str, list[Callable[[], None]]] = defaultdict(list)

    def on(self, names: str, listener: Callable[[], None]) -> None:
        """Call a function whenever something happens.

        Parameters
        ----------
        names
            One or several events, with spaces between.
        listener
            Called without arguments.
        """
        for name in names.split():
            self._listeners[name].append(listener)

    def emit(self, name: str) -> None:
        """Say that something happened."""
        for listener in list(self._listeners[name]):
            listener()

    def clear(self) -> None:
        """Forget everyone."""
        self._listeners.clear()
