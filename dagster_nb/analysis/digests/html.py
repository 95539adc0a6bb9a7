"""Format a digest as HTML that has no scripts, uses inline styles, and adopts the colors of the surrounding page."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from dagster_nb.analysis.digests.email_pictures import FAINT
from dagster_nb.statuses import GREEN, GREY, ORANGE, RED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dagster_nb.analysis.digests.findings import Finding
    from dagster_nb.analysis.digests.summary import Summary

__all__ = ["digest_html", "page_html"]

_COLORS = {"error": RED, "warning": ORANGE, "note": GREY}
_SYMBOLS = {"error": "✖", "warning": "▲", "note": "●"}
_CODE = (
    "margin:6px 0 0;padding:6px 8px;background:rgba(127,127,127,0.14);border-radius:4px;font-size:12.5px;"
    "font-family:ui-monospace,Menlo,Consolas,monospace;white-space:pre-wrap;overflow-wrap:anywhere;word-break:break-word"
)


def page_html(findings: Sequence[Finding], summary: Summary) -> str:
    """Return an HTML page that can be saved or sent by email.

    The page is light or dark, depending on the program that shows it.
    """
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark"><meta name="supported-color-schemes" content="light dark">'
        f"<title>{escape(summary.title)}</title><style>:root{{color-scheme:light dark}}</style></head>"
        f'<body style="margin:0;padding:12px">{digest_html(findings, summary)}</body></html>\n'
    )


def digest_html(findings: Sequence[Finding], summary: Summary) -> str:
    """Return the part of the page that a notebook shows."""
    color = _COLORS[findings[0].severity] if findings else GREEN
    items = "".join(_finding_html(one) for one in findings)
    notes = "".join(f'<p style="margin:2px 0;{FAINT}">{_text(line)}</p>' for line in summary.footnotes)
    return (
        '<div style="max-width:680px;margin:0 auto;font-family:system-ui,-apple-system,sans-serif;font-size:15px;'
        'line-height:1.4;overflow-wrap:anywhere">'
        f'<p style="margin:0;{FAINT}">{_text(summary.title)}</p>'
        f'<h1 style="margin:2px 0 8px;font-size:22px;line-height:1.25;border-left:6px solid {color};padding-left:10px">'
        f"{_text(summary.headline(findings))}</h1>{summary.picture}{items}{notes}</div>"
    )


def _finding_html(one: Finding) -> str:
    color = _COLORS[one.severity]
    return (
        f'<div style="margin:14px 0;padding:0 0 0 10px;border-left:3px solid {color}">'
        f'<p style="margin:0;font-size:13px"><span style="color:{color}" aria-hidden="true">{_SYMBOLS[one.severity]}'
        f"</span> <strong>{one.severity}</strong> · {escape(one.kind)} · <strong>{_text(one.subject)}</strong></p>"
        f'<p style="margin:3px 0">{_text(one.what)}</p>{one.picture}'
        f'<p style="margin:0;{FAINT}">{_text(f"{one.certainty[:1].upper()}{one.certainty[1:]}: {one.evidence}")}</p>'
        f'<pre style="{_CODE}">{escape(one.next_step)}</pre></div>'
    )


def _text(value: str) -> str:
    return f"<bdi>{escape(value)}</bdi>"
