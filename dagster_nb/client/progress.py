"""Progress of long work: counted where the work is done, drawn by whoever waits for it.

A notebook's output belongs to the thread that runs the cell, so the synchronous client draws its bars there, while the
work itself goes on in the loop's thread. A coroutine has no such thread and draws as it counts.
"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from tqdm.auto import tqdm

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Bar", "bars_of_the_waiting_thread", "person_is_watching", "watch"]

# Work that is over before anyone would wonder shows nothing.
_DELAY_SECONDS = 0.5

bars_of_the_waiting_thread: ContextVar[list[Bar] | None] = ContextVar("bars_of_the_waiting_thread", default=None)
"""Where a call made from another thread puts its bars; None where the work draws for itself."""


class Bar:
    """A count of work done.

    Parameters
    ----------
    description
        What is being done.
    total
        How many there are, or None where nobody knows.
    unit
        What is counted.
    """

    def __init__(self, description: str, total: int | None, unit: str):
        self.description = description
        self.total = total
        self.unit = unit
        self.count = 0
        self.finished = False
        self.draws_itself = False
        self._drawing: tqdm[Any] | None = None

    def advance(self, count: int = 1) -> None:
        """Count some more."""
        self.count += count
        if self.draws_itself:
            self.draw()

    def draw(self) -> None:
        """Show the count as it is now; take the bar away when the work is finished."""
        if self._drawing is None:
            if self.finished:
                return
            self._drawing = tqdm(
                desc=self.description,
                total=self.total,
                unit=f" {self.unit}",
                delay=_DELAY_SECONDS,
                leave=False,
                dynamic_ncols=True,
            )
        self._drawing.update(self.count - self._drawing.n)
        if self.finished:
            self._drawing.close()


@contextmanager
def watch(description: str, *, total: int | None, unit: str, shown: bool) -> Iterator[Bar]:
    """Count work within a ``with``.

    Parameters
    ----------
    description, total, unit
        As in `Bar`.
    shown
        Whether to draw at all.
    """
    bar = Bar(description, total, unit)
    waiting = bars_of_the_waiting_thread.get()
    if shown and waiting is not None:
        waiting.append(bar)
    bar.draws_itself = shown and waiting is None
    try:
        yield bar
    finally:
        bar.finished = True
        bar.advance(0)


def person_is_watching() -> bool:
    """Tell whether someone sees a progress bar: a notebook, or a terminal."""
    if sys.stderr.isatty():
        return True
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return shell is not None and hasattr(shell, "kernel")
