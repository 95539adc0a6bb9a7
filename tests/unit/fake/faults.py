"""What a fake Dagster can do to a request in place of answering it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

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


@dataclass
class Fault:
    """What happens to some requests.

    Attributes
    ----------
    respond
        Given the operation and its variables, returns what is sent in place of an answer.
    applies
        Whether it happens to a request, given its operation and variables.
    left
        To how many requests it still happens; None means to all that come.
    met
        The variables of the requests that it happened to.
    """

    respond: Callable[[str, dict[str, Any]], Awaitable[Response]]
    applies: Callable[[str, dict[str, Any]], bool]
    left: int | None
    met: list[dict[str, Any]] = field(default_factory=list)
