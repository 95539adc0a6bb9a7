"""Remove control characters from text of the server before it is printed, because a terminal would obey them."""

from __future__ import annotations

import re

__all__ = ["terminal_text"]

# All control characters except tab and newline.
_COMMANDS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def terminal_text(text: str) -> str:
    """Return a string with each control character replaced by U+FFFD.

    A terminal would obey a control sequence in the name of a job or in an error message: clear the screen, change the
    title, or hide the text that follows.

    Examples
    --------
    >>> terminal_text("no table" + chr(27) + "[2J").isprintable()
    True
    """
    return _COMMANDS.sub("\ufffd", text)
