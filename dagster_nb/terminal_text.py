"""Remove control characters, which a terminal would execute, from text of the server that is printed."""

from __future__ import annotations

import re

__all__ = ["terminal_text"]

# All control characters except the tab and the line end.
_COMMANDS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def terminal_text(text: str) -> str:
    """Return a text with each control character replaced by U+FFFD.

    A terminal would execute a control sequence in the name of a job or in an error message: clear the screen, change
    the title, or hide what comes next.

    Examples
    --------
    >>> terminal_text("no table" + chr(27) + "[2J").isprintable()
    True
    """
    return _COMMANDS.sub("\ufffd", text)
