"""Text for the page. Everything that a stranger may have typed passes through `text`."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

import pandas as pd

from dagster_nb.client.display.browser_links import in_browser, is_page
from dagster_nb.plot._scale import spell

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["MARKS", "ago", "attribute", "grid", "link", "moment", "number", "plural", "span", "status", "text"]

# A shape for each status, so that the colour is never the only sign.
MARKS = {
    "QUEUED": "▽",
    "NOT_STARTED": "◁",
    "MANAGED": "⬠",
    "STARTING": "△",
    "STARTED": "▶",
    "SUSPENDED": "‖",
    "SUCCESS": "●",
    "FAILURE": "✖",
    "CANCELING": "✚",
    "CANCELED": "■",
    "SKIPPED": "◇",
    "IN_PROGRESS": "▶",
}
_UNITS = ((86_400 * 7, "w"), (86_400, "d"), (3600, "h"), (60, "min"))


def text(value: object) -> str:
    """Return a value as text that a page shows as it is, in a direction of its own.

    Examples
    --------
    >>> text("<b>")
    '<bdi>&lt;b&gt;</bdi>'
    """
    return f"<bdi>{escape(str(value))}</bdi>"


def attribute(value: object) -> str:
    """Return a value as text for an attribute in double quotes."""
    return escape(str(value), quote=True)


def link(url: str, words: str) -> str:
    """Return a link that opens beside the notebook, to where the reader's browser finds that page.

    An address that is no page's is shown as text.
    """
    page = in_browser(url)
    if not is_page(page):
        return text(words)
    return f'<a href="{attribute(page)}" target="_blank" rel="noopener noreferrer">{text(words)}</a>'


def status(name: str) -> str:
    """Return a status as a mark, a colour and its word.

    Examples
    --------
    >>> status("FAILURE")
    '<span class="dnb-status dnb-hue-FAILURE" data-mark="✖">FAILURE</span>'
    """
    hue = name if name in MARKS else "unknown"
    return f'<span class="dnb-status dnb-hue-{hue}" data-mark="{MARKS.get(name, "✱")}">{escape(name)}</span>'


def grid(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table of cells that are markup already.

    Parameters
    ----------
    head
        The columns' names, as plain text; none for a table of names and values, whose first column heads each row.
    rows
        Cells as markup.
    """
    if head:
        top = "".join(f'<th scope="col">{escape(name)}</th>' for name in head)
        body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
        return f'<table class="dnb-grid"><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>'
    body = "".join(
        f'<tr><th scope="row">{row[0]}</th>{"".join(f"<td>{cell}</td>" for cell in row[1:])}</tr>' for row in rows
    )
    return f'<table class="dnb-grid"><tbody>{body}</tbody></table>'


def number(count: int) -> str:
    """Return a count as people read it.

    Examples
    --------
    >>> number(48213)
    '48,213'
    """
    return f"{count:,}"


def plural(count: int, one: str, many: str | None = None) -> str:
    """Return a count and what is counted.

    Examples
    --------
    >>> plural(1, "run"), plural(2_000, "run")
    ('1 run', '2,000 runs')
    """
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def span(duration: pd.Timedelta) -> str:
    """Return a duration in words, or a dash where there is none.

    Examples
    --------
    >>> span(pd.Timedelta(minutes=1, seconds=30)), span(pd.NaT)
    ('1 min 30 s', '—')
    """
    return "—" if pd.isna(duration) else spell(duration.total_seconds())


def moment(when: pd.Timestamp) -> str:
    """Return a point in time, or a dash where there is none; its zone is said by whoever heads the column."""
    return "—" if pd.isna(when) else f"{when:%Y-%m-%d %H:%M:%S}"


def ago(when: pd.Timestamp, now: pd.Timestamp) -> str:
    """Return how long ago something was.

    Examples
    --------
    >>> ago(pd.Timestamp("2026-01-01 10:00"), pd.Timestamp("2026-01-01 13:20"))
    '3 h ago'
    """
    if pd.isna(when):
        return "—"
    seconds = (now - when).total_seconds()
    for size, unit in _UNITS:
        if seconds >= size:
            return f"{int(seconds // size)} {unit} ago"
    return "just now"
