"""Format a digest as Markdown."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dagster_nb.terminal_text import plain_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dagster_nb.analysis.digests.findings import Finding
    from dagster_nb.analysis.digests.summary import Summary

__all__ = ["digest_markdown"]

_SPECIAL = re.compile(r"([\\`*_{}\[\]()#+!|~>@:])")


def digest_markdown(findings: Sequence[Finding], summary: Summary) -> str:
    """Return the digest as Markdown. Text from the server is escaped."""
    lines = [f"**{_escaped(summary.title)}**", "", _escaped(summary.headline(findings)), ""]
    for one in findings:
        lines += [
            f"- **{one.severity}** ({one.kind}): {_escaped(one.what)} — *{one.certainty}*, {_escaped(one.evidence)}",
            *_code_block(one.next_step),
        ]
    return "\n".join([*lines, "", *(f"{_escaped(line)}  " for line in summary.footnotes)]) + "\n"


def _escaped(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", plain_text(text).replace("&", "&amp;").replace("<", "&lt;"))


def _code_block(code: str) -> list[str]:
    """Return a fenced code block. The fence is longer than any sequence of backticks in the code."""
    fence = "`" * max(3, 1 + max((len(row) for row in re.findall("`+", code)), default=0))
    return [f"  {fence}python", f"  {code}", f"  {fence}"]
