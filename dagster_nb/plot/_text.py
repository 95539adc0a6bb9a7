"""Text from strangers, drawn as that text: names of jobs and steps are anything that somebody typed."""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING

from matplotlib.font_manager import FontProperties, findfont, get_font

if TYPE_CHECKING:
    from collections.abc import Iterable

    from matplotlib.text import Text

__all__ = ["label", "plain"]

_MISSING = "\N{WHITE SQUARE}"
_BIDI_CONTROLS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def label(text: str, width: int = 30) -> str:
    """Make a text fit a label: one line, at most `width` columns, of characters that the fonts in force can draw.

    Long names of one deployment tend to start alike, so what is left out is taken from the middle. A character that no
    font has becomes an empty square, which is what would be drawn for it anyway, together with a warning.

    Examples
    --------
    >>> label("warehouse.customers.refresh_nightly", 20)
    'warehouse.c…_nightly'
    """
    characters = [character for character in " ".join(text.split()) if character not in _BIDI_CONTROLS]
    known = _drawable(tuple(FontProperties().get_family()), findfont(FontProperties()))
    drawn = [_stand_in(character) if ord(character) not in known else character for character in characters]
    if _columns(drawn) <= width:
        return "".join(drawn)
    head = _cut(drawn, (width - 1) * 3 // 5)
    tail = _cut(drawn[::-1], width - 1 - _columns(head))[::-1]
    return "".join([*head, "…", *tail])


def plain(texts: Iterable[Text]) -> None:
    """Keep matplotlib from reading mathematics into a ``$``."""
    for text in texts:
        text.set_parse_math(False)


def _cut(characters: list[str], width: int) -> list[str]:
    while _columns(characters) > width:
        characters = characters[: max(width, 0)] if len(characters) > width else characters[:-1]
    return characters


def _columns(characters: list[str]) -> int:
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in characters)


def _stand_in(character: str) -> str:
    return "" if unicodedata.category(character) in ("Cc", "Cf", "Mn") else _MISSING


@lru_cache(maxsize=8)
def _drawable(families: tuple[str, ...], default: str) -> frozenset[int]:
    """Return the code points that the fonts have; matplotlib goes through them in this order."""
    paths = [default]
    for family in families:
        try:
            paths.append(findfont(FontProperties(family=[family]), fallback_to_default=False))
        except ValueError:
            continue
    return frozenset().union(*(get_font(path).get_charmap() for path in paths))
