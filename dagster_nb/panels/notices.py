"""What went wrong, in the panel and in plain words, with what can be done about it beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from dagster_nb.errors import (
    ConnectionFailedError,
    DagsterNbError,
    OutcomeUnknownError,
    QueryError,
    ReadOnlyError,
    RequestTimeoutError,
    ServerError,
    UnauthorizedError,
)
from dagster_nb.panels.markup import text

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["ErrorBox", "in_words", "said"]

_TITLES: tuple[tuple[type[Exception], str], ...] = (
    (ConnectionFailedError, "Dagster does not answer"),
    (RequestTimeoutError, "Dagster takes too long to answer"),
    (UnauthorizedError, "Dagster does not permit this"),
    (ReadOnlyError, "This client is read-only"),
    (OutcomeUnknownError, "It is not known whether this happened"),
    (ServerError, "Dagster failed"),
    (QueryError, "Dagster refused the question"),
)
_LONGEST = 2_000


def in_words(error: Exception) -> tuple[str, str]:
    """Return a title and what happened, of any error.

    Examples
    --------
    >>> in_words(ConnectionFailedError("nothing at http://localhost:3000"))
    ('Dagster does not answer', 'nothing at http://localhost:3000')
    """
    title = next((words for kind, words in _TITLES if isinstance(error, kind)), None)
    message = str(error).strip()
    if title is None:
        title = "This did not work"
        if not isinstance(error, DagsterNbError | ValueError | TypeError):
            message = f"{type(error).__name__}: {message}" if message else type(error).__name__
    return title, message if len(message) <= _LONGEST else f"{message[:_LONGEST]}…"


def said(title: str, message: str = "", *, kind: str = "error") -> str:
    """Return a box that says something.

    Parameters
    ----------
    title, message
        Plain text.
    kind
        ``"error"``, ``"warning"``, ``"good"`` or ``"note"``.
    """
    role = "alert" if kind == "error" else "status"
    more = f'<div class="dnb-said">{text(message)}</div>' if message else ""
    return f'<div class="dnb-said-box" role="{role}"><strong>{text(title)}</strong>{more}</div>'


class ErrorBox:
    """A place for an error, with a button that tries again; invisible while there is none.

    Parameters
    ----------
    dismissable
        Whether it has a button that takes it away.
    """

    def __init__(self, *, dismissable: bool = True):
        self._words = widgets.HTML()
        self._retry = widgets.Button(description="Retry", layout=widgets.Layout(width="auto"))
        self._dismiss = widgets.Button(description="Dismiss", layout=widgets.Layout(width="auto"))
        self._again: Callable[[], None] | None = None
        self._retry.on_click(lambda _button: self._try_again())
        self._dismiss.on_click(lambda _button: self.clear())
        buttons = widgets.HBox([self._retry, *([self._dismiss] if dismissable else [])])
        buttons.add_class("dnb-wrap")
        self.widget: Any = widgets.VBox([self._words, buttons], layout=widgets.Layout(display="none"))
        self.widget.add_class("dnb-box")
        self.widget.add_class("dnb-box-error")
        self.error: Exception | None = None

    def show(self, error: Exception, retry: Callable[[], None] | None = None) -> None:
        """Show an error.

        Parameters
        ----------
        error
            What went wrong.
        retry
            What the Retry button does; without it there is none.
        """
        self.error = error
        self._again = retry
        self._words.value = said(*in_words(error))
        self._retry.layout.display = "" if retry is not None else "none"
        self.widget.layout.display = ""

    def clear(self) -> None:
        """Take the error away."""
        if self.error is not None:
            self.error = None
            self._again = None
            self._words.value = ""
            self.widget.layout.display = "none"

    def _try_again(self) -> None:
        again = self._again
        if again is not None:
            again()
