"""HTML representations of objects as small tables, in the colors of the notebook's theme."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from dagster_nb.client.display.browser_address import in_browser, is_page

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["facts_html"]


def facts_html(title: str, facts: Mapping[str, object], *, link: str | None = None) -> str:
    """Return a title and a table of names and values as HTML. All text is escaped.

    Parameters
    ----------
    title
        The heading.
    facts
        The names and values. Names with the value None are left out.
    link
        The address of a page. The first value becomes a link to this page.

    Examples
    --------
    >>> facts_html("Run", {"job": "<b>"})
    '<div><strong>Run</strong><table><tr><th style="text-align:left">job</th>\
<td style="text-align:left">&lt;b&gt;</td></tr></table></div>'
    """
    rows = []
    for position, (name, value) in enumerate((name, value) for name, value in facts.items() if value is not None):
        cell = escape(str(value))
        if position == 0 and link is not None and is_page(in_browser(link)):
            cell = f'<a href="{escape(in_browser(link))}" target="_blank" rel="noopener">{cell}</a>'
        rows.append(f'<tr><th style="text-align:left">{escape(name)}</th><td style="text-align:left">{cell}</td></tr>')
    return f"<div><strong>{escape(title)}</strong><table>{''.join(rows)}</table></div>"
