"""What a fake Dagster can do to a request in place of answering it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping


class ConnectionDroppedError(Exception):
    """The connection ends without an answer."""


@dataclass(frozen=True)
class Response:
    """An HTTP response."""

    status: int = 200
    text: str = ""
    content_type: str = "text/plain"
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_json(self) -> bool:
        return "json" in self.content_type


@dataclass(frozen=True)
class Fault:
    """What happens to one request."""

    respond: Callable[[dict], Awaitable[Response]]
    operation: str | None = None
    """The operation that it happens to; None means any."""
