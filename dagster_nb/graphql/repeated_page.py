"""The error if a server returns the same page again. Without it, reading would never end."""

from __future__ import annotations

from dagster_nb.errors import ServerError

__all__ = ["repeated_page_error"]


def repeated_page_error(content: str) -> ServerError:
    """Return the error for a repeated page.

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
