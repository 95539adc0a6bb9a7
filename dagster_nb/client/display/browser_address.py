"""Links to Dagster's pages, which may have a different address in the user's browser than in the kernel."""

from __future__ import annotations

import os
import re

from dagster_nb.graphql.url import parse_address

__all__ = ["in_browser", "is_page"]

# The address of a web page, or a path on the notebook's own host. A path that begins with `//` would lead to another
# host. Browsers treat a backslash as a slash and ignore control characters, so both are forbidden.
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
    """Return the address of a page for the user's browser.

    If the browser can reach Dagster only through the notebook server, as on Binder, the browser and the kernel need
    different addresses. Set ``$DAGSTER_NB_BROWSER_URL`` to the browser's address for the default server of `connect`
    (``$DAGSTER_NB_URL``), as a URL or as a path on the notebook server. The addresses of other servers' pages are
    returned unchanged. If the variable is not set, all addresses are returned unchanged.

    Parameters
    ----------
    address
        The address of the server's root or of one of its pages.

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
