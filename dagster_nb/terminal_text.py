"""Remove control characters from text that comes from a server, because a terminal would execute them."""

from __future__ import annotations

import re

__all__ = ["one_line", "plain_text", "terminal_text", "without_colors"]

_MAX_LINE = 300

# All control characters except tab and newline.
_COMMANDS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_COLOR_CODES = re.compile(r"\x1b\[[0-9;]*m")


def terminal_text(text: str) -> str:
    """Return a string with each control character replaced by U+FFFD.

    Otherwise, a control sequence in a job name or an error message could clear the screen, change the terminal's title,
    or hide the text that follows.

    Examples
    --------
    >>> terminal_text("no table" + chr(27) + "[2J").isprintable()
    True
    """
    return _COMMANDS.sub("\ufffd", text)


def plain_text(text: object) -> str:
    """Return text as one line without control characters.

    Examples
    --------
    >>> plain_text("no table" + chr(10) + "  orders")
    'no table orders'
    """
    return terminal_text(" ".join(str(text).split()))


def one_line(text: object) -> str:
    """Return the result of `plain_text`, shortened to a maximum length.

    Examples
    --------
    >>> len(one_line("x" * 1000))
    300
    """
    line = plain_text(text)
    return line if len(line) <= _MAX_LINE else f"{line[: _MAX_LINE - 1]}…"


def without_colors(text: str) -> str:
    """Return a string without the escape codes that color it in a terminal.

    Examples
    --------
    >>> without_colors(chr(27) + "[31mfailed" + chr(27) + "[0m")
    'failed'
    """
    return _COLOR_CODES.sub("", text) if "\x1b" in text else text
