"""Split GraphQL into tokens, even if it is unfinished or invalid."""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["Token", "tokens_before"]

_TOKEN = re.compile(
    r"""
    (?P<skipped>[\s,\ufeff]+|\#[^\n]*)
    |(?P<block>\"{3}(?:\\\"{3}|.)*?(?P<block_end>\"{3}|\Z))
    |(?P<string>"(?:\\.|[^"\\\n])*(?P<string_end>"|(?=\n)|\Z))
    |(?P<spread>\.{1,3})
    |(?P<word>[$@]?[A-Za-z_]\w*|[$@])
    |(?P<number>-?\d[\w.+-]*)
    |(?P<other>.)
    """,
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Token:
    """A GraphQL token.

    Parameters
    ----------
    text
        The token, such as ``"runId"``, ``"$cursor"``, ``"..."`` or ``"{"``. The text of every string token is ``'""'``.
    kind
        ``"word"``, ``"spread"``, ``"string"``, ``"number"`` or ``"other"``.
    """

    text: str
    kind: str


def tokens_before(text: str, cursor: int) -> tuple[list[Token], str] | None:
    """Return the tokens before the cursor, and the unfinished word that ends at the cursor.

    Parameters
    ----------
    text
        Valid or invalid GraphQL.
    cursor
        The position of the cursor in the text.

    Returns
    -------
    tuple or None
        The tokens before the word, and the word. None if the cursor is inside a string or a comment.

    Examples
    --------
    >>> tokens, word = tokens_before("{ runsOrE", 9)
    >>> tokens[0].text, word
    ('{', 'runsOrE')
    """
    tokens: list[Token] = []
    before = text[:cursor]
    for match in _TOKEN.finditer(before):
        at_cursor = match.end() == len(before)
        kind = str(match.lastgroup).removesuffix("_end").replace("block", "string")
        if kind == "skipped":
            if at_cursor and match[0].startswith("#"):
                return None
        elif kind == "string":
            if at_cursor and not _is_closed(match):
                return None
            tokens.append(Token('""', kind))
        elif (kind == "word" and at_cursor) or (kind == "spread" and at_cursor and match[0] != "..."):
            return tokens, match[0]
        else:
            tokens.append(Token(match[0], kind))
    return tokens, ""


def _is_closed(match: re.Match[str]) -> bool:
    return bool(match["block_end"] or match["string_end"])
