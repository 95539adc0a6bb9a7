"""How objects show themselves in a notebook: small tables, in the theme's own colours, with every text escaped."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from .pages import in_browser, is_page

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["facts_html"]


def facts_html(title: str, facts: Mapping[str, object], *, link: str | None = None) -> str:
    """Return a title and a table of names and values as HTML.

    Parameters
    ----------
    title
        The heading.
    facts
        What to show; a fact that is None is left out.
    link
        The address of a page that the first fact leads to.

    Examples
    --------
    >>> facts_html("Run", {"job": "<b>"})
    '<div><strong>Run</strong><table><tr><th style="text-align:left">job</th>\
<td style="text-align:left">&lt;b&gt;</td></tr></table></div>'
    """
    rows = []
    for place, (name, value) in enumerate((name, value) for name, value in facts.items() if value is not None):
        shown = escape(str(value))
        if place == 0 and link is not None and is_page(in_browser(link)):
            shown = f'<a href="{escape(in_browser(link))}" target="_blank" rel="noopener">{shown}</a>'
        rows.append(f'<tr><th style="text-align:left">{escape(name)}</th><td style="text-align:left">{shown}</td></tr>')
    return f"<div><strong>{escape(title)}</strong><table>{''.join(rows)}</table></div>"
