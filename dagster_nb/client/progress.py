"""Progress of long work: counted where the work is done, drawn by whoever waits for it.

A notebook's output belongs to the thread that runs the cell, so the synchronous client draws its bars there, while the
work itself goes on in the loop's thread. A coroutine has no such thread and draws as it counts.
"""

from __future__ import annotations

import sys
import warnings
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from tqdm.auto import tqdm

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Bar", "Notice", "person_is_watching", "shown_by_the_waiting_thread", "tell", "watch"]

# Work that is over before anyone would wonder shows nothing.
_DELAY_SECONDS = 0.5

shown_by_the_waiting_thread: ContextVar[list[Bar | Notice] | None] = ContextVar(
    "shown_by_the_waiting_thread", default=None
)
"""Where work that another thread waits for puts what is to be shown; None where the work shows it itself."""


class Bar:
    """A count of work done.

    Parameters
    ----------
    description
        What is being done.
    total
        How many there are, or None where nobody knows.
    unit
        What is counted; None where only the time that passes means something.
    """

    def __init__(self, description: str, total: int | None, unit: str | None):
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
                bar_format="{desc} ({elapsed})" if self.unit is None else None,
                delay=_DELAY_SECONDS,
                leave=False,
                dynamic_ncols=True,
            )
        self._drawing.total = self.total
        self._drawing.set_description_str(self.description, refresh=False)
        self._drawing.update(self.count - self._drawing.n)
        if self.finished:
            self._drawing.close()


@contextmanager
def watch(description: str, *, total: int | None, unit: str | None, shown: bool) -> Iterator[Bar]:
    """Count work within a ``with``.

    Parameters
    ----------
    description, total, unit
        As in `Bar`.
    shown
        Whether to draw at all.
    """
    bar = Bar(description, total, unit)
    waiting = shown_by_the_waiting_thread.get()
    if shown and waiting is not None:
        waiting.append(bar)
    bar.draws_itself = shown and waiting is None
    try:
        yield bar
    finally:
        bar.finished = True
        bar.advance(0)


class Notice:
    """A warning that the waiting thread gives, once.

    Parameters
    ----------
    text
        What to say.
    """

    def __init__(self, text: str):
        self.text = text
        self._given = False

    def draw(self) -> None:
        """Give the warning, unless it was given."""
        if not self._given:
            self._given = True
            warnings.warn(self.text, stacklevel=2)


def tell(text: str) -> None:
    """Warn in the thread that waits for the work.

    Parameters
    ----------
    text
        What to say.
    """
    notice = Notice(text)
    waiting = shown_by_the_waiting_thread.get()
    if waiting is None:
        notice.draw()
    else:
        waiting.append(notice)


def person_is_watching() -> bool:
    """Tell whether someone sees a progress bar: a notebook, or a terminal."""
    if sys.stderr.isatty():
        return True
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return shell is not None and hasattr(shell, "kernel")
