"""The faults of a fake Dagster."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping


class ConnectionDroppedError(Exception):
    """The server closes the connection without a response."""


@dataclass(frozen=True)
class Response:
    """An HTTP response.

    Attributes
    ----------
    encoding
        ``"chunked"`` sends no ``Content-Length``; ``"gzip"`` compresses the body.
    """

    status: int = 200
    text: str = ""
    content_type: str = "text/plain"
    headers: Mapping[str, str] = field(default_factory=dict)
    encoding: str = ""

    @property
    def is_json(self) -> bool:
        return "json" in self.content_type


@dataclass
class Fault:
    """A fault that affects some requests.

    Attributes
    ----------
    respond
        A function of an operation and its variables that returns the response to send.
    applies
        A function of an operation and its variables that returns whether the fault affects the request.
    left
        The number of further requests that the fault affects. None means all.
    met
        The variables of each affected request.
    """

    respond: Callable[[str, dict[str, Any]], Awaitable[Response]]
    applies: Callable[[str, dict[str, Any]], bool]
    left: int | None
    met: list[dict[str, Any]] = field(default_factory=list)
