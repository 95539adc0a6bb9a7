"""The error for a server that returns the same page again, which would otherwise be requested forever."""

from __future__ import annotations

from dagster_nb.errors import ServerError

__all__ = ["repeated_page_error"]


def repeated_page_error(content: str) -> ServerError:
    """Return the error.

    Parameters
    ----------
    content
        What the page contains, in the plural.

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
