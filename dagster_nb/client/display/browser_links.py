"""Links to Dagster's pages. The user's browser may reach Dagster under another address than the kernel does."""

from __future__ import annotations

import os
import re

from dagster_nb.graphql.url import parse_address

__all__ = ["in_browser", "is_page"]

# A web page, or a path on the host that serves the notebook. `//host` would be another host. Browsers read a backslash
# as a slash and skip control characters, so neither is allowed.
_PAGE = re.compile(r"(?:https?://|/(?!/))[^\\\x00-\x20\x7f]*", re.ASCII)


def is_page(address: str) -> bool:
    r"""Return whether an address may be used as a link.

    Examples
    --------
    >>> is_page("https://dagster.example.com/runs"), is_page("/user/x/dagster")
    (True, True)
    >>> is_page("javascript:alert(1)"), is_page("//elsewhere.example.com"), is_page("/\\elsewhere.example.com")
    (False, False, False)
    """
    return _PAGE.fullmatch(address) is not None


def in_browser(address: str) -> str:
    """Return the address under which the user's browser reaches a page.

    Where a notebook server sits between the two, as on Binder, the kernel and the browser use different addresses.
    ``$DAGSTER_NB_BROWSER_URL`` is the browser's address of the server that `connect` uses by default
    (``$DAGSTER_NB_URL``): a URL, or a path on the notebook server's own host. Pages of any other server are returned
    unchanged, and so are all pages if the variable is not set.

    Parameters
    ----------
    address
        The server's root, or a page below it.

    Examples
    --------
    >>> in_browser("https://dagster.example.com/runs/5a0e")
    'https://dagster.example.com/runs/5a0e'
    """
    browser_root = os.environ.get("DAGSTER_NB_BROWSER_URL", "").rstrip("/")
    if not is_page(browser_root):
        return address
    try:
        root = parse_address().root
    except ValueError:
        return address
    return f"{browser_root}{address.removeprefix(root)}" if f"{address}/".startswith(f"{root}/") else address
