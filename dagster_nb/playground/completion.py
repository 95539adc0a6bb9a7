"""Complete GraphQL: suggest the fields, arguments, enum values, types and variables that are valid at the cursor."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from graphql import (
    DirectiveLocation,
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLUnionType,
    SchemaMetaFieldDef,
    TypeMetaFieldDef,
    get_named_type,
    get_nullable_type,
    is_composite_type,
    is_input_type,
)

from dagster_nb.playground.schema_types import fields_of, possible_types
from dagster_nb.playground.tokens import Token, tokens_before

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from graphql import (
        GraphQLArgument,
        GraphQLField,
        GraphQLInputField,
        GraphQLNamedType,
        GraphQLObjectType,
        GraphQLSchema,
    )

__all__ = ["Candidate", "Completion", "complete_graphql"]

_OPERATIONS = ("query", "mutation", "subscription")
_FRAGMENT = re.compile(r"\bfragment\s+([A-Za-z_]\w*)\s+on\b")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A suggestion that is valid at the cursor.

    Parameters
    ----------
    text
        The text of the completion, such as ``"runsOrError"``.
    kind
        ``"field"``, ``"argument"``, ``"value"``, ``"type"``, ``"variable"``, ``"directive"``, ``"fragment"`` or
        ``"keyword"``.
    type
        The GraphQL type, such as ``"[Run!]!"``, or an empty string.
    description
        The description in the schema.
    """

    text: str
    kind: str
    type: str = ""
    description: str = ""


@dataclass(frozen=True, slots=True)
class Completion:
    """The candidates at the cursor, and the unfinished word that they replace.

    Parameters
    ----------
    word
        The word before the cursor, which a candidate replaces. Every candidate starts with this word, ignoring case.
    candidates
        The candidates, in the order of the schema.
    """

    word: str
    candidates: tuple[Candidate, ...]


def complete_graphql(text: str, cursor: int, schema: GraphQLSchema) -> Completion:
    """Return the completions that are valid at the cursor.

    Parameters
    ----------
    text
        A GraphQL document, which may be unfinished.
    cursor
        The position of the cursor in the text.
    schema
        The server's schema from ``client.graphql_schema()``.

    Examples
    --------
    >>> from graphql import build_schema
    >>> schema = build_schema("type Query { run(id: ID): Run, runs: [Run] } type Run { id: ID }")
    >>> [one.text for one in complete_graphql("{ ru", 4, schema).candidates]
    ['run', 'runs']
    """
    read = tokens_before(text, cursor)
    if read is None:
        return Completion("", ())
    tokens, word = read
    reader = _Reader(tokens, schema, _FRAGMENT.findall(text))
    start = word.casefold()
    found = [one for one in reader.expected() if one.text.casefold().startswith(start)]
    # Directives are allowed after every field but rarely needed, so suggest them only after an "@".
    return Completion(word, tuple(one for one in found if one.kind != "directive" or word.startswith("@")))


class _EndError(Exception):
    """Raised when the reader reaches the cursor."""


class _Reader:
    """Reads the tokens before the cursor, and keeps track of what is allowed next."""

    def __init__(self, tokens: Sequence[Token], schema: GraphQLSchema, fragments: Sequence[str]):
        self._tokens = tokens
        self._schema = schema
        self._fragments = fragments
        self._place = 0
        self._variables: list[Candidate] = []
        self._expect: Callable[[], Iterable[Candidate]] = tuple

    def expected(self) -> Iterable[Candidate]:
        """Return the candidates that are allowed at the cursor."""
        try:
            while True:
                self._definition()
        except _EndError:
            return self._expect()

    # Tokens

    def _peek(self, expect: Callable[[], Iterable[Candidate]] = tuple) -> Token:
        """Return the next token. If there are no more tokens, `expect` returns the candidates at the cursor."""
        self._expect = expect
        if self._place == len(self._tokens):
            raise _EndError
        return self._tokens[self._place]

    def _next(self, expect: Callable[[], Iterable[Candidate]] = tuple) -> Token:
        token = self._peek(expect)
        self._place += 1
        return token

    def _skip(self, text: str, expect: Callable[[], Iterable[Candidate]] = tuple) -> bool:
        if self._peek(expect).text != text:
            return False
        self._place += 1
        return True

    # The grammar

    def _definition(self) -> None:
        token = self._next(self._keywords)
        if token.text == "{":
            self._selection(self._schema.query_type)
        elif token.text in _OPERATIONS:
            self._operation(getattr(self._schema, f"{token.text}_type"))
        elif token.text == "fragment":
            self._next()
            if self._skip("on", lambda: [Candidate("on", "keyword")]):
                composite = self._schema.get_type(self._next(lambda: self._types(is_composite_type)).text)
                self._directives()
                self._skip("{")
                self._selection(composite)

    def _operation(self, root: GraphQLObjectType | None) -> None:
        self._variables = []
        if self._peek().kind == "word" and not self._peek().text.startswith("@"):
            self._place += 1
        if self._skip("("):
            while not self._skip(")"):
                name = self._next().text
                if not self._skip(":"):
                    continue
                while self._skip("[", lambda: self._types(is_input_type)):
                    pass
                kind = self._next(lambda: self._types(is_input_type)).text
                self._variables.append(Candidate(name, "variable", kind))
                while self._peek().text in {"]", "!"}:
                    self._place += 1
                if self._skip("="):
                    self._value(self._schema.get_type(kind))
        self._directives()
        self._skip("{")
        self._selection(root)

    def _selection(self, parent: GraphQLNamedType | None) -> None:
        """Read the fields after ``{`` up to the matching ``}``."""
        fields = self._fields(parent)

        def selectable() -> list[Candidate]:
            return self._selectable(parent)

        def after_field() -> list[Candidate]:
            return [*selectable(), *self._directive_candidates()]

        while True:
            token = self._next(selectable)
            if token.text == "}":
                return
            if token.text == "...":
                self._spread(parent)
            elif token.kind == "word":
                name = token.text
                if self._peek(after_field).text == ":":
                    self._place += 1
                    name = self._next(lambda: _field_candidates(fields)).text
                field = fields.get(name)
                if self._skip("(", after_field):
                    self._arguments({} if field is None else field.args)
                self._directives(selectable)
                if self._skip("{", after_field):
                    self._selection(None if field is None else get_named_type(field.type))

    def _spread(self, parent: GraphQLNamedType | None) -> None:
        def after_dots() -> list[Candidate]:
            named = [Candidate(name, "fragment") for name in self._fragments]
            inline = [
                Candidate(f"on {one.name}", "type", "", one.description or "") for one in self._overlapping(parent)
            ]
            return [*inline, *named]

        token = self._peek(after_dots)
        inside = parent
        if token.text == "on":
            self._place += 1
            overlapping = self._overlapping(parent)
            inside = self._schema.get_type(self._next(lambda: [_type_candidate(one) for one in overlapping]).text)
        elif token.kind == "word" and not token.text.startswith("@"):
            self._place += 1
        self._directives()
        if self._skip("{", lambda: self._selectable(parent)):
            self._selection(inside)

    def _arguments(
        self, arguments: Mapping[str, GraphQLArgument] | Mapping[str, GraphQLInputField], end: str = ")"
    ) -> None:
        """Read ``name: value`` pairs up to the end of an argument list or an input object."""
        given: list[str] = []

        def missing() -> list[Candidate]:
            left = {name: one for name, one in arguments.items() if name not in given}
            return [Candidate(name, "argument", str(one.type), one.description or "") for name, one in left.items()]

        while not self._skip(end, missing):
            name = self._next().text
            given.append(name)
            if self._skip(":"):
                argument = arguments.get(name)
                self._value(None if argument is None else argument.type)

    def _value(self, kind: object) -> None:
        named = None if kind is None else get_nullable_type(kind)  # type: ignore[call-overload]
        token = self._next(lambda: [*_values(named), *self._variables_for(named)])
        if token.text == "{":
            fields = named.fields if isinstance(named, GraphQLInputObjectType) else {}
            self._arguments(fields, end="}")
        elif token.text == "[":
            inner = named.of_type if isinstance(named, GraphQLList) else None
            item = None if inner is None else get_nullable_type(inner)
            while not self._skip("]", lambda: [*_values(item), *self._variables_for(item)]):
                self._value(item)

    def _directives(self, otherwise: Callable[[], Iterable[Candidate]] = tuple) -> None:
        """Read directives; `otherwise` returns the candidates that are allowed instead of a directive."""

        def expected() -> list[Candidate]:
            return [*otherwise(), *self._directive_candidates()]

        known = {f"@{one.name}": one for one in self._schema.directives}
        while self._peek(expected).text.startswith("@"):
            directive = known.get(self._next().text)
            if self._skip("(", expected):
                self._arguments({} if directive is None else directive.args)

    # Methods that return the candidates for each kind of position

    def _keywords(self) -> list[Candidate]:
        roots = [name for name in _OPERATIONS if getattr(self._schema, f"{name}_type") is not None]
        return [Candidate(name, "keyword") for name in [*roots, "fragment"]]

    def _selectable(self, parent: GraphQLNamedType | None) -> list[Candidate]:
        if parent is None:
            return []
        own = [
            *_field_candidates(self._fields(parent)),
            Candidate("__typename", "field", "String!", "The name of the type."),
        ]
        spreads: list[Candidate] = []
        if isinstance(parent, GraphQLUnionType | GraphQLInterfaceType):
            possible = self._schema.get_possible_types(parent)
            spreads = [Candidate(f"... on {one.name}", "type", "", one.description or "") for one in possible]
        return [*own, *spreads]

    def _fields(self, parent: GraphQLNamedType | None) -> Mapping[str, GraphQLField]:
        meta = {"__schema": SchemaMetaFieldDef, "__type": TypeMetaFieldDef} if parent is self._schema.query_type else {}
        return {**fields_of(parent), **meta}

    def _overlapping(self, parent: GraphQLNamedType | None) -> list[GraphQLNamedType]:
        """Return the objects and interfaces for which an inline fragment is possible in a selection of this type."""
        if not is_composite_type(parent):
            return []
        mine = possible_types(self._schema, parent)
        names = {one.name for one in mine}
        interfaces = [one for one in self._schema.type_map.values() if isinstance(one, GraphQLInterfaceType)]
        around = [
            one for one in interfaces if names & {possible.name for possible in possible_types(self._schema, one)}
        ]
        return [one for one in [*mine, *around] if one is not parent]

    def _directive_candidates(self) -> list[Candidate]:
        known = [one for one in self._schema.directives if DirectiveLocation.FIELD in one.locations]
        return [Candidate(f"@{one.name}", "directive", "", one.description or "") for one in known]

    def _types(self, is_wanted: Callable[[GraphQLNamedType], bool]) -> list[Candidate]:
        found = [one for name, one in self._schema.type_map.items() if is_wanted(one) and not name.startswith("__")]
        return [_type_candidate(one) for one in found]

    def _variables_for(self, kind: object) -> list[Candidate]:
        """Return the variables with a matching type, or all variables if the type is unknown."""
        if kind is None:
            return self._variables
        wanted = get_named_type(kind).name  # type: ignore[call-overload]
        return [one for one in self._variables if one.type == wanted]


def _field_candidates(fields: Mapping[str, GraphQLField]) -> list[Candidate]:
    return [Candidate(name, "field", str(one.type), one.description or "") for name, one in fields.items()]


def _type_candidate(one: GraphQLNamedType) -> Candidate:
    return Candidate(one.name, "type", "", one.description or "")


def _values(kind: object) -> list[Candidate]:
    """Return the possible values of an enum, a list of enums, or a Boolean."""
    named = None if kind is None else get_named_type(kind)  # type: ignore[call-overload]
    if isinstance(named, GraphQLEnumType):
        return [Candidate(name, "value", named.name, one.description or "") for name, one in named.values.items()]
    if getattr(named, "name", None) == "Boolean":
        return [Candidate(name, "value", "Boolean") for name in ("true", "false")]
    return []
