"""Where the reader's browser finds the pages of a Dagster that the kernel reaches in another way."""

from __future__ import annotations

import os
import re

from dagster_nb.graphql.url import parse_address

__all__ = ["in_browser", "is_page"]

# A page of the web, or a path on the host that the notebook comes from. Not `//host`, which is another host; and no
# backslash or control character, which a browser reads as a slash or not at all.
_PAGE = re.compile(r"(?:https?://|/(?!/))[^\\\x00-\x20\x7f]*", re.ASCII)


def is_page(address: str) -> bool:
    r"""Tell whether an address may become a link.

    Examples
    --------
    >>> is_page("https://dagster.example.com/runs"), is_page("/user/x/dagster")
    (True, True)
    >>> is_page("javascript:alert(1)"), is_page("//elsewhere.example.com"), is_page("/\\elsewhere.example.com")
    (False, False, False)
    """
    return _PAGE.fullmatch(address) is not None


def in_browser(address: str) -> str:
    """Return a page's address as the reader's browser finds it.

    Where a notebook server stands between them, as on Binder, the kernel and the browser reach Dagster in two ways.
    ``$DAGSTER_NB_BROWSER_URL`` says where the browser finds the server that `connect` takes by itself, the one that
    ``$DAGSTER_NB_URL`` names: an address, or a path on the notebook server's own host. Pages of any other server, and
    all where it is not set, stay as they are.

    Parameters
    ----------
    address
        The server's root, or a page below it.

    Examples
    --------
    >>> in_browser("https://dagster.example.com/runs/5a0e")
    'https://dagster.example.com/runs/5a0e'
    """
    seen = os.environ.get("DAGSTER_NB_BROWSER_URL", "").rstrip("/")
    if not is_page(seen):
        return address
    try:
        root = parse_address().root
    except ValueError:
        return address
    return f"{seen}{address.removeprefix(root)}" if f"{address}/".startswith(f"{root}/") else address
