"""Show errors inside a panel, with a description in plain words and a Retry button."""

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
    RunNotFoundError,
    ServerError,
    UnauthorizedError,
)
from dagster_nb.panels.markup import text

if TYPE_CHECKING:
    from collections.abc import Callable

    from dagster_nb.panels.background import Background

__all__ = ["ErrorBox", "describe_error", "message_html"]

_TITLES: tuple[tuple[type[Exception], str], ...] = (
    (ConnectionFailedError, "Dagster does not answer"),
    (RequestTimeoutError, "Dagster takes too long to answer"),
    (UnauthorizedError, "Dagster does not permit this"),
    (ReadOnlyError, "This client is read-only"),
    (RunNotFoundError, "This id does not identify one run"),
    (OutcomeUnknownError, "The outcome is unknown"),
    (ServerError, "Dagster reported an error"),
    (QueryError, "Dagster rejected the query"),
)
_MAX_MESSAGE_LENGTH = 2_000


def describe_error(error: Exception) -> tuple[str, str]:
    """Return a title and a message for an error.

    Examples
    --------
    >>> describe_error(ConnectionFailedError("nothing at http://localhost:3000"))
    ('Dagster does not answer', 'nothing at http://localhost:3000')
    """
    title = next((title for kind, title in _TITLES if isinstance(error, kind)), None)
    message = str(error).strip()
    if title is None:
        title = "Something went wrong"
        if not isinstance(error, DagsterNbError | ValueError | TypeError):
            message = f"{type(error).__name__}: {message}" if message else type(error).__name__
    return title, message if len(message) <= _MAX_MESSAGE_LENGTH else f"{message[:_MAX_MESSAGE_LENGTH]}…"


def message_html(title: str, message: str = "", *, kind: str = "error") -> str:
    """Return a message as HTML.

    Parameters
    ----------
    title, message
        Plain text.
    kind
        ``"error"``, ``"warning"``, ``"good"`` or ``"note"``. Only errors interrupt a screen reader.
    """
    role = "alert" if kind == "error" else "status"
    more = f'<div class="dnb-message">{text(message)}</div>' if message else ""
    return f'<div role="{role}"><strong>{text(title)}</strong>{more}</div>'


class ErrorBox:
    """A box that shows a single error. The box is hidden while there is no error.

    Parameters
    ----------
    background
        The panel's background tasks, which run click handlers in the kernel's thread.
    dismissable
        Whether the box has a Dismiss button.
    """

    def __init__(self, background: Background, *, dismissable: bool = True):
        self._message = widgets.HTML()
        self._retry_button = widgets.Button(description="Retry", layout=widgets.Layout(width="auto"))
        dismiss = widgets.Button(description="Dismiss", layout=widgets.Layout(width="auto"))
        dismiss.add_class("dnb-close")
        self._retry: Callable[[], object] | None = None
        background.on_click(self._retry_button, self._on_retry)
        background.on_click(dismiss, self.clear)
        if not dismissable:
            dismiss.layout.display = "none"
        buttons = widgets.HBox([self._retry_button, dismiss])
        buttons.add_class("dnb-wrap")
        self.widget: Any = widgets.VBox([self._message, buttons], layout=widgets.Layout(display="none"))
        self.widget.add_class("dnb-box")
        self.widget.add_class("dnb-box-error")
        self.error: Exception | None = None

    def show(self, error: Exception, retry: Callable[[], object] | None = None) -> None:
        """Show an error.

        Parameters
        ----------
        error
            The error.
        retry
            The action of the Retry button. If None, there is no Retry button.
        """
        self.error = error
        self._retry = retry
        self._message.value = message_html(*describe_error(error))
        self._retry_button.layout.display = "" if retry is not None else "none"
        self.widget.layout.display = ""

    def clear(self) -> None:
        """Hide the box."""
        if self.error is not None:
            self.error = None
            self._retry = None
            self._message.value = ""
            self.widget.layout.display = "none"

    def _on_retry(self) -> None:
        if self._retry is not None:
            self._retry()
