"""Find the position of the cursor inside ``{}`` or ``[]`` in YAML, even if the closing bracket is missing."""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["ITEM", "FlowPlace", "flow_end", "flow_key_at", "flow_place_at"]

ITEM = "[]"
"""The part of a path that means any item of a list."""

_SPACES = " \t\n"
_AFTER_COLON = f"{_SPACES},{{}}[]"


@dataclass(frozen=True, slots=True)
class FlowPlace:
    """A position inside ``{}`` or ``[]``, with the attributes of `YamlPlace`.

    The path starts at the outermost bracket.
    """

    path: tuple[str, ...]
    word: str
    is_value: bool
    siblings: frozenset[str]


@dataclass(slots=True)
class _Bracket:
    """A mapping or a list that is open at the position of the scan."""

    path: tuple[str, ...]
    is_mapping: bool
    # The names of the keys, and where they start.
    keys: list[tuple[int, str]] = field(default_factory=list)
    # The key of the current entry, once its colon has been read.
    key: str | None = None
    # The start of the current word, and whether it is quoted.
    start: int | None = None
    is_quoted: bool = False
    # The position directly after the colon of the current entry.
    after_colon: int = -1
    # Whether the current entry ends with a bracket, so that no word can follow.
    has_value: bool = False
    is_closed: bool = False

    def next_entry(self) -> None:
        self.key, self.start, self.is_quoted, self.has_value = None, None, False, False


class _Scan:
    """A scan of a text that starts at a bracket."""

    def __init__(self, text: str, start: int):
        self.text = text
        self.position = start
        self.open: list[_Bracket] = []
        self.is_in_comment = False
        self._open_bracket(start)
        self.position += 1

    def advance(self, stop: int) -> None:
        """Read the text up to a position, or to the end of the outermost bracket."""
        while self.position < stop and self.open:
            self.is_in_comment = False
            self.position = self._step(stop)

    def _step(self, stop: int) -> int:
        """Read a character, a comment or a quoted word, and return the position after it."""
        text, at = self.text, self.position
        character = text[at]
        if character in "{[":
            self._open_bracket(at)
            return at + 1
        top = self.open[-1]
        if character in "}]":
            self._end_entry(top, at)
            top.is_closed = True
            self.open.pop()
        elif character == ",":
            self._end_entry(top, at)
            top.next_entry()
        elif character == "#" and text[at - 1] in _SPACES:
            end = text.find("\n", at)
            self.is_in_comment = end < 0 or end >= stop
            return len(text) if end < 0 else end
        elif character == ":" and self._is_colon(top, at):
            self._end_entry(top, at)
            top.key = top.keys[-1][1] if top.start is not None else ""
            top.start, top.is_quoted, top.after_colon = None, False, at + 1
        elif character not in _SPACES and top.start is None:
            top.start = at
            if character in "\"'":
                top.is_quoted = True
                end = _quote_end(text, at)
                return len(text) if end < 0 else end
        return at + 1

    def _open_bracket(self, at: int) -> None:
        path: tuple[str, ...] = ()
        if self.open:
            top = self.open[-1]
            path = (*top.path, (top.key or "") if top.is_mapping else ITEM)
            top.has_value = True
        self.open.append(_Bracket(path, self.text[at] == "{"))

    def _is_colon(self, top: _Bracket, at: int) -> bool:
        following = self.text[at + 1 : at + 2]
        return top.is_mapping and top.key is None and (not following or following in _AFTER_COLON or top.is_quoted)

    def _end_entry(self, top: _Bracket, at: int) -> None:
        """Remember the key of an entry, even if the entry has no value."""
        if top.is_mapping and top.key is None and top.start is not None:
            name = self.text[top.start : at].strip()
            top.keys.append((top.start, name[1:-1] if top.is_quoted else name))


def flow_end(text: str, start: int, stop: int) -> int | None:
    """Return the position after the bracket that closes the one at `start`, or None if there is none before `stop`.

    Examples
    --------
    >>> flow_end("a: {b: [1]} c", 3, 13)
    11
    """
    scan = _Scan(text, start)
    scan.advance(stop)
    return None if scan.open else scan.position


def flow_place_at(text: str, start: int, cursor: int) -> FlowPlace | None:
    """Return the position of the cursor inside the bracket at `start`, or None if no key or value can be there.

    Examples
    --------
    >>> place = flow_place_at("ops: {load: {a: 1, con}}", 5, 22)
    >>> place.path, place.word, sorted(place.siblings)
    (('load',), 'con', ['a'])
    """
    scan = _Scan(text, start)
    scan.advance(cursor)
    if scan.is_in_comment or not scan.open:
        return None
    top = scan.open[-1]
    if top.has_value or (top.key is not None and top.after_colon == cursor):
        return None
    word = "" if top.start is None else text[top.start : cursor]
    if not top.is_mapping:
        return FlowPlace((*top.path, ITEM), word, is_value=True, siblings=frozenset())
    if top.key is not None:
        return FlowPlace((*top.path, top.key), word, is_value=True, siblings=frozenset())
    own, before = cursor if top.start is None else top.start, list(top.keys)
    # Keys after the cursor can be siblings too. If the closing bracket is missing, they may belong to something else.
    scan.advance(len(text))
    keys = top.keys if top.is_closed else before
    siblings = frozenset(name for at, name in keys if at != own)
    return FlowPlace(top.path, word, is_value=False, siblings=siblings)


def flow_key_at(text: str, start: int, cursor: int) -> tuple[str, ...] | None:
    """Return the path of the key at the cursor inside the bracket at `start`, or None if there is no key.

    Examples
    --------
    >>> flow_key_at("ops: {load: {rows: 1}}", 5, 14)
    ('load', 'rows')
    """
    scan = _Scan(text, start)
    # Read the character at the cursor too, because it can be the key's first character.
    scan.advance(min(cursor + 1, len(text)))
    if scan.is_in_comment or not scan.open:
        return None
    top = scan.open[-1]
    own = top.start
    if not top.is_mapping or top.key is not None or own is None:
        return None
    while scan.position < len(text) and own not in dict(top.keys) and not top.is_closed:
        scan.advance(scan.position + 1)
    name = dict(top.keys).get(own)
    return None if name is None else (*top.path, name)


def _quote_end(text: str, start: int) -> int:
    """Return the position after a quoted word, or -1 if the closing quote is missing."""
    quote, at = text[start], start + 1
    while at < len(text):
        if text[at] == "\\" and quote == '"':
            at += 2
        elif text[at] != quote:
            at += 1
        elif quote == "'" and text[at + 1 : at + 2] == "'":
            at += 2
        else:
            return at + 1
    return -1
