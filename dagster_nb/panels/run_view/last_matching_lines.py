"""Find the last lines of a long text that contain a search string, starting at the end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dagster_nb.terminal_text import without_colors

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["MAX_LINES", "LastLines", "last_lines"]

MAX_LINES = 500
"""The maximum number of lines to show."""

_MAX_LINE_LENGTH = 4_000
_BLOCK_LENGTH = 1 << 20


@dataclass(frozen=True)
class LastLines:
    """The last matching lines of a text.

    Parameters
    ----------
    shown
        The lines, without colors. Very long lines are shortened.
    total
        The total number of lines of the text.
    has_more
        Whether more lines match than are shown.
    """

    shown: list[str]
    total: int
    has_more: bool


def last_lines(text: str, wanted: str = "", max_lines: int = MAX_LINES) -> LastLines:
    r"""Return the last lines that contain ``wanted``, ignoring case. Stop searching as soon as there are enough lines.

    Examples
    --------
    >>> last_lines("a1\nb\na2\na3\n", "A", max_lines=2)
    LastLines(shown=['a2', 'a3'], total=4, has_more=True)
    """
    needle = wanted.strip().casefold()
    found: list[str] = []
    for block in _blocks_from_end(text):
        plain = without_colors(block)
        if needle and needle not in plain.casefold():
            continue
        lines = plain.split("\n")
        matching = [line for line in lines if needle in line.casefold()] if needle else lines
        found = matching[-(max_lines + 1) :] + found
        if len(found) > max_lines:
            break
    total = text.count("\n") + (not text.endswith("\n") and bool(text))
    shown = [_shortened(line.rstrip("\r")) for line in found[-max_lines:]]
    return LastLines(shown, total, len(found) > max_lines)


def _blocks_from_end(text: str) -> Iterator[str]:
    """Yield blocks of whole lines, starting with the last block."""
    end = len(text) - text.endswith("\n")
    while text and end >= 0:
        start = text.rfind("\n", 0, max(end - _BLOCK_LENGTH, 0)) + 1
        yield text[start:end]
        end = start - 1


def _shortened(line: str) -> str:
    return line if len(line) <= _MAX_LINE_LENGTH else f"{line[:_MAX_LINE_LENGTH]}…"
