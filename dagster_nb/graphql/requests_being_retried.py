"""``ConnectionProblems``: keep track of the requests that are being sent again because the server does not answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagster_nb.graphql.retries import RestartingError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tenacity import RetryCallState

__all__ = ["ConnectionProblems"]

# If a second attempt succeeds immediately, the failure is not worth a message.
_MIN_FAILURES = 2
_MIN_SECONDS = 1.0


class ConnectionProblems:
    """The requests of a connection that are being sent again.

    The requests are recorded in the connection's thread, but `message` can be read in any thread.
    """

    def __init__(self) -> None:
        self._messages: dict[object, str] = {}
        self._listeners: dict[object, Callable[[str | None], object]] = {}

    @property
    def message(self) -> str | None:
        """One sentence about the current problem; None while the server answers."""
        # Copy the messages, because the connection's thread may change them at any time.
        messages = list(self._messages.values())
        return messages[-1] if messages else None

    def add(self, request: object, root: str, timeout: float, state: RetryCallState) -> None:
        """Record that a request has failed and is sent again.

        Parameters
        ----------
        request
            Identifies the request.
        root
            The server's root URL.
        timeout
            The number of seconds during which requests to a server that refuses connections are repeated.
        state
            The attempts so far.
        """
        seconds = state.seconds_since_start or 0.0
        if state.attempt_number < _MIN_FAILURES and seconds < _MIN_SECONDS:
            return
        error = state.outcome.exception() if state.outcome is not None else None
        left = f" for {max(1, round(timeout - seconds))} s" if isinstance(error, RestartingError) else ""
        self._messages[request] = f"The server at {root} does not answer; trying again{left}."
        self._notify()

    def remove(self, request: object) -> None:
        """Record that a request has ended."""
        if self._messages.pop(request, None) is not None:
            self._notify()

    def subscribe(self, listener: Callable[[str | None], object]) -> Callable[[], None]:
        """Call a listener with each new `message`, in the connection's thread. To stop, call the returned function."""
        key = object()
        self._listeners[key] = listener

        def end() -> None:
            self._listeners.pop(key, None)

        return end

    def _notify(self) -> None:
        for listener in list(self._listeners.values()):
            listener(self.message)
