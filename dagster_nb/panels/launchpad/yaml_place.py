"""Find the position of the cursor in YAML, even if the YAML is unfinished and therefore invalid."""

from __future__ import annotations

import re
from dataclasses import dataclass

from dagster_nb.panels.launchpad.yaml_flow import ITEM, flow_end, flow_key_at, flow_place_at

__all__ = ["ITEM", "YamlPlace", "place_at", "place_of_key"]

_INDENT = re.compile(r" *")
_DASHES = re.compile(r"(?:-(?: +|$))*")
_BLOCK_SCALAR = re.compile(r"[|>][-+\d]*\s*(?:#.*)?")
_KEY = re.compile(
    r"""(?P<name>"(?:\\.|[^"\\])*"|'(?:''|[^'])*'|[^\s\#"'\[\]{},&*!|>%@`-][^\#]*?|-[^\s\#][^\#]*?)\s*:(?=\s|$)"""
)


@dataclass(frozen=True, slots=True)
class YamlPlace:
    """A position in YAML.

    Parameters
    ----------
    path
        The keys on the path to the mapping or value at the cursor, with `ITEM` for list items.
    word
        The unfinished key or value before the cursor.
    is_value
        Whether the cursor is in the value of the last key of the path. If False, a key or a list item can follow.
    siblings
        The other keys of the mapping that contains the cursor.
    column
        The column where the word starts, counted from 0.
    is_flow
        Whether the cursor is inside ``{}`` or ``[]``.
    """

    path: tuple[str, ...]
    word: str
    is_value: bool
    siblings: frozenset[str]
    column: int
    is_flow: bool = False


@dataclass(frozen=True, slots=True)
class _Part:
    """A key or the dash of a list item."""

    column: int
    name: str
    line: int

    @property
    def is_item(self) -> bool:
        return self.name == ITEM


def place_at(text: str, cursor: int) -> YamlPlace | None:
    r"""Return the position of the cursor, or None if no key or value can be there, as in a comment.

    Parameters
    ----------
    text
        The whole text.
    cursor
        The position of the cursor, in characters.

    Examples
    --------
    >>> place = place_at("ops:\n  load:\n    con", 20)
    >>> place.path, place.word, place.is_value
    (('ops', 'load'), 'con', False)
    """
    flow_start = _open_flow(text, cursor)
    if flow_start is not None:
        return _place_in_flow(text, cursor, flow_start)
    before = text[:cursor].split("\n")
    number, line = len(before) - 1, before[-1]
    parts, rest, column = _parts_of(line, number)
    if rest.lstrip().startswith(("#", "{", "[")) or " #" in rest:
        return None
    has_key = bool(parts) and not parts[-1].is_item
    if has_key and not line[column:].startswith((" ", "\t")):
        # The cursor is directly after the colon, but there must be a space before a value.
        return None
    word = rest.lstrip()
    column += len(rest) - len(word)
    stack: list[_Part] = []
    around: tuple[_Part, ...] = ()
    keys: dict[tuple[_Part, ...], set[str]] = {}
    # Keys below the cursor can be siblings too.
    for place, one in enumerate(text.split("\n")):
        for part in parts if place == number else _parts_of(one, place)[0]:
            _push(stack, part)
            if not part.is_item:
                keys.setdefault(tuple(stack[:-1]), set()).add(part.name)
        if place == number:
            at_cursor = list(stack)
            if not has_key:
                _pop(at_cursor, column, is_item=False)
            around = tuple(at_cursor)
    siblings = set() if has_key else keys.get(around, set())
    return YamlPlace(tuple(part.name for part in around), word, has_key, frozenset(siblings), column)


def place_of_key(text: str, cursor: int) -> tuple[str, ...] | None:
    r"""Return the path of the key at the cursor, or None if there is no key.

    Examples
    --------
    >>> place_of_key("ops:\n  load: 1", 9)
    ('ops', 'load')
    """
    flow_start = _open_flow(text, cursor)
    if flow_start is not None:
        path = flow_key_at(text, flow_start, cursor)
        return None if path is None else (*_path_before_flow(text, flow_start), *path)
    number = text.count("\n", 0, cursor)
    start = text.rfind("\n", 0, cursor) + 1
    line = text.split("\n")[number]
    parts, _, end = _parts_of(line, number)
    if not parts or parts[-1].is_item or not parts[-1].column <= cursor - start < end:
        return None
    return tuple(part.name for part in _open_parts(text, number))


def _open_flow(text: str, cursor: int) -> int | None:
    """Return the position of the outermost bracket around the cursor, or None if there is none."""
    before = text[:cursor]
    if "{" not in before and "[" not in before:
        return None
    offset = flow_stop = 0
    scalar_column: int | None = None
    for number, line in enumerate(before.split("\n")):
        indent = len(line) - len(line.lstrip(" "))
        # Skip the lines of a block scalar, because they can contain anything.
        is_scalar = scalar_column is not None and (indent > scalar_column or not line.strip())
        if not is_scalar and offset >= flow_stop:
            parts, rest, column = _parts_of(line, number)
            value = rest.lstrip()
            is_block_scalar = _BLOCK_SCALAR.fullmatch(value) is not None
            scalar_column = (parts[-1].column if parts else indent) if is_block_scalar else None
            if value.startswith(("{", "[")):
                start = offset + column + len(rest) - len(value)
                end = flow_end(text, start, cursor)
                if end is None:
                    return start
                flow_stop = end
        offset += len(line) + 1
    return None


def _place_in_flow(text: str, cursor: int, start: int) -> YamlPlace | None:
    place = flow_place_at(text, start, cursor)
    if place is None:
        return None
    path = (*_path_before_flow(text, start), *place.path)
    return YamlPlace(path, place.word, place.is_value, place.siblings, _column_of(text, start), is_flow=True)


def _path_before_flow(text: str, start: int) -> tuple[str, ...]:
    """Return the path of the value that starts with the bracket at `start`."""
    number = text.count("\n", 0, start)
    stack = _open_parts(text, number)
    if not stack or stack[-1].line != number:
        # The bracket is on a line of its own.
        _pop(stack, _column_of(text, start), is_item=False)
    return tuple(part.name for part in stack)


def _column_of(text: str, position: int) -> int:
    return position - (text.rfind("\n", 0, position) + 1)


def _open_parts(text: str, number: int) -> list[_Part]:
    """Return the keys and dashes above the end of a line in the YAML tree, including those in the line itself."""
    stack: list[_Part] = []
    for place, line in enumerate(text.split("\n")[: number + 1]):
        for part in _parts_of(line, place)[0]:
            _push(stack, part)
    return stack


def _parts_of(line: str, number: int) -> tuple[list[_Part], str, int]:
    """Return the dashes and the key of a line, the rest of the line, and the column where the rest starts."""
    indent = _INDENT.match(line)
    column = indent.end() if indent else 0
    dashes = _DASHES.match(line, column)
    end = dashes.end() if dashes else column
    parts = [_Part(place, ITEM, number) for place in range(column, end) if line[place] == "-"]
    key = _KEY.match(line, end)
    if key is None:
        return parts, line[end:], end
    name = key["name"]
    parts.append(_Part(end, name[1:-1] if name[0] in "\"'" else name, number))
    return parts, line[key.end() :], key.end()


def _push(stack: list[_Part], part: _Part) -> None:
    _pop(stack, part.column, is_item=part.is_item)
    stack.append(part)


def _pop(stack: list[_Part], column: int, *, is_item: bool) -> None:
    # The dashes of a list may have the same indentation as the key of the list.
    while stack and (stack[-1].column > column or (stack[-1].column == column and (stack[-1].is_item or not is_item))):
        stack.pop()
