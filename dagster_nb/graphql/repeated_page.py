"""Raise an error if a server returns the same page again. Otherwise, reading would never end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dagster_nb.errors import ServerError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["PageEdges", "check_event_page", "repeated_page_error"]


class PageEdges:
    """The first and the last id of each page.

    Unless a server returns the same page twice, no other page contains these ids.

    Parameters
    ----------
    content
        What the pages contain, in the plural.
    """

    def __init__(self, content: str):
        self._content = content
        self._edges: set[str] = set()

    def add(self, ids: Sequence[str]) -> None:
        """Add a page with these ids, or raise a `ServerError` if it has been read before."""
        if not self._edges.isdisjoint(ids):
            raise repeated_page_error(self._content)
        self._edges.update((*ids[:1], *ids[-1:]))


def check_event_page(connection: dict[str, Any], cursor: str | None) -> None:
    """Raise a `ServerError` if a page of events (``EventConnection``) ends where the previous page ended."""
    if connection["cursor"] == cursor and (connection.get("events") or connection["hasMore"]):
        raise repeated_page_error("events")


def repeated_page_error(content: str) -> ServerError:
    """Return the error for a page that the server returned twice.

    Parameters
    ----------
    content
        What the page contains, as a plural noun.

    Examples
    --------
    >>> print(repeated_page_error("runs"))
    the server returned the same page of runs again, so the rest cannot be read. Try again. If a proxy in front of the \
server caches responses, turn off its cache.
    """
    return ServerError(
        f"the server returned the same page of {content} again, so the rest cannot be read. Try again. If a proxy in "
        "front of the server caches responses, turn off its cache."
    )
