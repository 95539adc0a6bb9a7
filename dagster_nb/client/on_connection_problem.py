"""Notify panels when a client's server stops answering, and when it answers again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dagster_nb.client.sync_client import DagsterClient

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["on_connection_problem"]


def on_connection_problem(source: Any, listener: Callable[[str | None], object]) -> Callable[[], None]:  # noqa: ANN401
    """Call a listener with a message when a client's server stops answering, and with None when it answers again.

    Parameters
    ----------
    source
        A client. For other sources, such as a history on disk, the listener is never called.
    listener
        A function that is called in the client's thread with one sentence, or with None.

    Returns
    -------
    function
        Ends the calls.
    """
    if not isinstance(source, DagsterClient):
        return lambda: None
    return source._asynchronous._session.problems.subscribe(listener)
