"""Create HTML.

Functions that create HTML. `text` and `attribute` escape all values that come from users or from the server.
"""

from __future__ import annotations

import json
from html import escape
from typing import TYPE_CHECKING

from dagster_nb import statuses
from dagster_nb.client.display.browser_address import in_browser, is_page
from dagster_nb.words import time_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import tzinfo

    import pandas as pd

__all__ = ["action_button", "attribute", "copy_button", "grid", "link", "status", "status_css", "text", "time_html"]


def text(value: object) -> str:
    """Escape a value for HTML, and isolate it so that its writing direction does not affect the text around it.

    Examples
    --------
    >>> text("<b>")
    '<bdi>&lt;b&gt;</bdi>'
    """
    return f"<bdi>{escape(str(value))}</bdi>"


def attribute(value: object) -> str:
    """Escape a value for an HTML attribute in double quotes."""
    return escape(str(value), quote=True)


def copy_button(copied: str, label: str) -> str:
    """Return a button that copies text to the clipboard. The script of the panel (``viewport.js``) handles clicks."""
    return (
        f'<button type="button" class="jupyter-button dnb-chip" data-dnb-copy="{attribute(copied)}">'
        f"{escape(label)}</button>"
    )


def action_button(content: str, hint: str, action: str, *arguments: object, is_chip: bool = False) -> str:
    """Return a button that runs an action of the panel in the kernel: see `Panel`.

    Parameters
    ----------
    content
        The content of the button, as HTML.
    hint
        The tooltip, as plain text.
    action, arguments
        The name of the action, and its arguments as plain JSON.
    is_chip
        Whether the button has a border. If False, the button looks like ordinary text.
    """
    style = "jupyter-button dnb-chip" if is_chip else "dnb-act"
    data = attribute(json.dumps([action, *arguments]))
    return (
        f'<button type="button" class="{style}" title="{attribute(hint)}" data-dnb-action="{data}">{content}</button>'
    )


def link(url: str, label: str) -> str:
    """Return a link that opens in a new tab, with the address that the browser must use.

    If the URL is not the address of a web page, return the label without a link.
    """
    page = in_browser(url)
    if not is_page(page):
        return text(label)
    return f'<a href="{attribute(page)}" target="_blank" rel="noopener noreferrer">{text(label)}</a>'


def status(name: str) -> str:
    """Return a status with its symbol and color, as HTML.

    Examples
    --------
    >>> status("FAILURE")
    '<span class="dnb-status dnb-hue-FAILURE" data-mark="✖">FAILURE</span>'
    """
    known = statuses.status_of(name)
    return f'<span class="dnb-status dnb-hue-{known.name}" data-mark="{known.symbol}">{escape(name)}</span>'


def time_html(time: pd.Timestamp, zone: tzinfo) -> str:
    """Return a point in time as text in a time zone, with UTC in the tooltip.

    Examples
    --------
    >>> import pandas as pd
    >>> from zoneinfo import ZoneInfo
    >>> time_html(pd.Timestamp("2026-01-01 10:00", tz="UTC"), ZoneInfo("Europe/Paris"))
    '<span class="dnb-number" title="2026-01-01 10:00:00 UTC">2026-01-01 11:00:00</span>'
    """
    local, utc = (time_text(time.tz_convert(one)) for one in (zone, "UTC"))
    return f'<span class="dnb-number" title="{utc} UTC">{local}</span>'


def status_css() -> str:
    """Return a style sheet with the palette and with the color of each status as ``--dnb-hue``."""
    palette = "".join(
        f"--dnb-{name}:{getattr(statuses, name.upper())};" for name in ("blue", "green", "orange", "red", "grey")
    )
    shown = [*statuses.STATUSES.values(), statuses.UNKNOWN]
    return f".dnb{{{palette}}}" + "".join(f".dnb-hue-{one.name}{{--dnb-hue:{one.color};}}" for one in shown)


def grid(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return an HTML table.

    Parameters
    ----------
    head
        The column names, as plain text. Empty for a table of names and values, with the row headers in the first
        column.
    rows
        The cells, as HTML.
    """
    if head:
        top = "".join(f'<th scope="col">{escape(name)}</th>' for name in head)
        body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
        return f'<table class="dnb-grid"><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>'
    body = "".join(
        f'<tr><th scope="row">{row[0]}</th>{"".join(f"<td>{cell}</td>" for cell in row[1:])}</tr>' for row in rows
    )
    return f'<table class="dnb-grid"><tbody>{body}</tbody></table>'
