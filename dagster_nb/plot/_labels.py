"""Prepare the names of jobs and steps for drawing: shorten them, and replace characters that cannot be drawn."""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING

from matplotlib.font_manager import FontProperties, findfont, get_font

if TYPE_CHECKING:
    from collections.abc import Iterable

    from matplotlib.text import Text

__all__ = ["disable_math", "label"]

_MISSING_GLYPH = "\N{WHITE SQUARE}"
_BIDI_CONTROLS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def label(text: str, max_width: int = 30) -> str:
    """Return a string on one line of at most `max_width` columns, with only characters that the current fonts contain.

    Long names are shortened in the middle, because the names in a deployment often begin with the same words. An empty
    square replaces each character that no font contains. Otherwise, matplotlib would issue a warning.

    Examples
    --------
    >>> label("warehouse.customers.refresh_nightly", 20)
    'warehouse.c…_nightly'
    """
    characters = [character for character in " ".join(text.split()) if character not in _BIDI_CONTROLS]
    known = _drawable(tuple(FontProperties().get_family()), findfont(FontProperties()))
    shown = (character if ord(character) in known else _replacement(character) for character in characters)
    drawn = [character for character in shown if character]
    if _width(drawn) <= max_width:
        return "".join(drawn)
    head = _cut(drawn, (max_width - 1) * 3 // 5)
    tail = _cut(drawn[::-1], max_width - 1 - _width(head))[::-1]
    return "".join([*head, "…", *tail])


def disable_math(texts: Iterable[Text]) -> None:
    """Prevent matplotlib from parsing text between dollar signs as mathematics."""
    for text in texts:
        text.set_parse_math(False)


def _cut(characters: list[str], max_width: int) -> list[str]:
    while _width(characters) > max_width:
        characters = characters[: max(max_width, 0)] if len(characters) > max_width else characters[:-1]
    return characters


def _width(characters: list[str]) -> int:
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in characters)


def _replacement(character: str) -> str:
    return "" if unicodedata.category(character) in ("Cc", "Cf", "Mn") else _MISSING_GLYPH


@lru_cache(maxsize=8)
def _drawable(families: tuple[str, ...], default: str) -> frozenset[int]:
    """Return the code points that at least one of the fonts contains."""
    paths = [default]
    for family in families:
        try:
            paths.append(findfont(FontProperties(family=[family]), fallback_to_default=False))
        except ValueError:
            continue
    return frozenset().union(*(get_font(path).get_charmap() for path in paths))
