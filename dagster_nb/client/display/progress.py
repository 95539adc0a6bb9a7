"""Progress bars that the working thread advances and the waiting thread draws.

Only the thread that runs a cell can write to the cell's output. The synchronous client therefore draws its bars in that
thread, while the work is done in the event loop's thread. If no thread waits for a coroutine, the coroutine draws its
bars itself.
"""

from __future__ import annotations

import sys
import warnings
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from tqdm.auto import tqdm

from dagster_nb.errors import DagsterNbWarning
from dagster_nb.terminal_text import terminal_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["PendingWarning", "ProgressBar", "drawn_by_the_waiting_thread", "is_interactive", "progress_bar", "warn"]

# A bar is shown only if the work takes longer than this.
_DELAY_SECONDS = 0.5

drawn_by_the_waiting_thread: ContextVar[list[ProgressBar | PendingWarning] | None] = ContextVar(
    "drawn_by_the_waiting_thread", default=None
)
"""The list of bars and warnings that the waiting thread should draw; None if the working code draws them itself."""


class ProgressBar:
    """A progress bar that counts finished items.

    Parameters
    ----------
    description
        The label of the bar.
    total
        The number of items, or None if it is unknown.
    unit
        The name of the items; None shows only the elapsed time.
    problem
        A function that returns a sentence to show instead of the description, or None.
    """

    def __init__(
        self,
        description: str,
        total: int | None,
        unit: str | None,
        problem: Callable[[], str | None] = lambda: None,
    ):
        self._problem = problem
        self._drawn_problem: str | None = None
        self.description = description
        self.total = total
        self.unit = unit
        self.count = 0
        self.finished = False
        self.draws_itself = False
        self._drawing: tqdm[Any] | None = None

    def advance(self, count: int = 1) -> None:
        """Add a number to the count of finished items."""
        self.count += count
        if self.draws_itself:
            self.draw()

    def draw(self) -> None:
        """Draw the current count, or remove the bar if the work has finished."""
        if self._drawing is None:
            if self.finished:
                return
            self._drawing = tqdm(
                desc=terminal_text(self.description),
                total=self.total,
                unit=f" {self.unit}",
                bar_format="{desc} ({elapsed})" if self.unit is None else None,
                delay=_DELAY_SECONDS,
                leave=False,
                dynamic_ncols=True,
            )
        self._drawing.total = self.total
        problem = self._problem()
        description = self.description if problem is None else problem.rstrip(".")
        self._drawing.set_description_str(terminal_text(description), refresh=False)
        self._drawing.update(self.count - self._drawing.n)
        if problem != self._drawn_problem:
            self._drawn_problem = problem
            # tqdm redraws a bar only when the bar advances, which does not happen while the server does not answer.
            self._drawing.refresh()
        if self.finished:
            self._drawing.close()


@contextmanager
def progress_bar(
    description: str,
    *,
    total: int | None,
    unit: str | None,
    visible: bool,
    problem: Callable[[], str | None] = lambda: None,
) -> Iterator[ProgressBar]:
    """Show a progress bar for the duration of a ``with`` block.

    Parameters
    ----------
    description, total, unit, problem
        As in `ProgressBar`.
    visible
        Whether to draw the bar.
    """
    bar = ProgressBar(description, total, unit, problem)
    drawn_elsewhere = drawn_by_the_waiting_thread.get()
    if visible and drawn_elsewhere is not None:
        drawn_elsewhere.append(bar)
    bar.draws_itself = visible and drawn_elsewhere is None
    try:
        yield bar
    finally:
        bar.finished = True
        bar.advance(0)


class PendingWarning:
    """A warning for the waiting thread to issue once.

    Parameters
    ----------
    message
        The text of the warning.
    """

    def __init__(self, message: str):
        self.message = message
        self._issued = False

    def draw(self) -> None:
        """Issue the warning, unless it has already been issued."""
        if not self._issued:
            self._issued = True
            warnings.warn(self.message, DagsterNbWarning, stacklevel=2)


def warn(message: str) -> None:
    """Issue a `DagsterNbWarning` in the thread that waits for the work.

    Parameters
    ----------
    message
        The text of the warning.
    """
    warning = PendingWarning(message)
    drawn_elsewhere = drawn_by_the_waiting_thread.get()
    if drawn_elsewhere is None:
        warning.draw()
    else:
        drawn_elsewhere.append(warning)


def is_interactive() -> bool:
    """Return whether a user can see a progress bar, as in a notebook or a terminal."""
    if sys.stderr.isatty():
        return True
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return shell is not None and hasattr(shell, "kernel")
