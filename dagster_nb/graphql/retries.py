"""The errors raised when a request fails, and the rules for retrying it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import aiohttp

from dagster_nb.errors import ConnectionFailedError, RequestTimeoutError

if TYPE_CHECKING:
    from tenacity import RetryCallState

__all__ = [
    "HasTriedEnough",
    "IsWorthRetrying",
    "LostResponseError",
    "OverLimitError",
    "ResponseTooLargeError",
    "RestartingError",
    "UnexpectedResponseError",
    "is_cut_off",
]

_MAX_ATTEMPTS = 4


class LostResponseError(ConnectionFailedError):
    """A request may have reached the server, but no response came back. Only a query may be sent again."""


class RestartingError(ConnectionFailedError):
    """The server no longer accepts connections, so the request was not sent."""


class ResponseTooLargeError(LostResponseError):
    """The response was probably too large or too slow for the server or a proxy. A smaller request may succeed."""


class OverLimitError(ResponseTooLargeError):
    """The response exceeded the client's size limit.

    Retrying would not help, because the response would be the same.
    """


class UnexpectedResponseError(ConnectionFailedError):
    """The response cannot be from Dagster. The outcome of the request is unknown, and repeating it would not help."""


class IsWorthRetrying:
    """Decides whether to repeat a failed query: never if it was rejected, and only once if it timed out."""

    def __init__(self, *, may_be_too_large: bool) -> None:
        self._may_be_too_large = may_be_too_large
        self._timed_out = False

    def __call__(self, state: RetryCallState) -> bool:
        """Return whether to send the query again after an attempt."""
        error = state.outcome.exception() if state.outcome is not None else None
        if isinstance(error, OverLimitError):
            return False
        if self._may_be_too_large and isinstance(error, ResponseTooLargeError | RequestTimeoutError):
            return False
        if isinstance(error, RequestTimeoutError):
            again, self._timed_out = not self._timed_out, True
            return again
        return isinstance(error, LostResponseError | RestartingError)


class HasTriedEnough:
    """Decides when to stop repeating a query: after a few failures, or when a restarting server takes too long."""

    def __init__(self, timeout: float) -> None:
        self._timeout = timeout
        self._failures = 0

    def __call__(self, state: RetryCallState) -> bool:
        """Return whether to stop after an attempt."""
        error = state.outcome.exception() if state.outcome is not None else None
        if isinstance(error, RestartingError):
            return (state.seconds_since_start or 0.0) >= self._timeout
        self._failures += 1
        return self._failures >= _MAX_ATTEMPTS


def is_cut_off(error: BaseException | None) -> bool:
    """Return whether a response was cut off: reading it failed, or its JSON is incomplete."""
    if isinstance(error, json.JSONDecodeError):
        return error.doc.lstrip().startswith("{")
    return isinstance(error, aiohttp.ClientError)
