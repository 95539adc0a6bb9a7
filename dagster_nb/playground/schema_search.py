"""Search a GraphQL schema: its types, fields, arguments, enum values and descriptions."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLUnionType,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from graphql import GraphQLNamedType, GraphQLSchema

__all__ = ["Entry", "SchemaSearch", "type_entries"]

_RETURNS = re.compile(r"^\s*(?:what\s+)?returns\s*:?\s*(?:an?\s+)?(\w+)\s*\??\s*$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Entry:
    """A named part of the schema.

    Parameters
    ----------
    kind
        ``"type"``, ``"field"``, ``"argument"`` or ``"value"`` (of an enum).
    type_name
        The name of the type, or of the type that contains the field or the value.
    name
        The name of the field or the enum value, or ``"field(argument:)"``. Empty for a type.
    returns
        The GraphQL type of a field or an argument, such as ``"[Run!]!"``, or the kind of a type, such as ``"union"``.
    description
        The description in the schema. If the part is deprecated, this includes the reason.
    """

    kind: str
    type_name: str
    name: str
    returns: str
    description: str

    @property
    def label(self) -> str:
        """The full name, such as ``"Run.stepStats"``."""
        return f"{self.type_name}.{self.name}" if self.name else self.type_name

    @property
    def field_name(self) -> str | None:
        """The field, the field to which the argument belongs, or None for types and enum values."""
        return self.name.partition("(")[0] if self.kind in {"field", "argument"} else None


class SchemaSearch:
    """An index of all names in a schema.

    Parameters
    ----------
    schema
        The server's schema from ``client.graphql_schema()``.
    """

    def __init__(self, schema: GraphQLSchema):
        self._schema = schema
        kinds = [one for name, one in schema.type_map.items() if not name.startswith("__")]
        self._entries = [entry for kind in kinds for entry in type_entries(kind)]
        self._names = [entry.label.casefold() for entry in self._entries]
        self._texts = [f"{entry.label} {entry.description}".casefold() for entry in self._entries]

    def find(self, query: str) -> list[Entry]:
        """Return the matching entries, with the best match first.

        Parameters
        ----------
        query
            Words that must all occur in a name or its description. To find the fields that return a type, use
            ``"returns Run"`` or a question such as ``"what returns a Run?"``.

        Examples
        --------
        >>> from graphql import build_schema
        >>> search = SchemaSearch(build_schema("type Query { run(id: ID): Run, version: String } type Run { id: ID }"))
        >>> [entry.label for entry in search.find("run")]
        ['Run', 'Query.run', 'Query.run(id:)', 'Run.id']
        >>> [entry.label for entry in search.find("what returns a Run?")]
        ['Query.run']
        """
        question = _RETURNS.match(query)
        if question and (wanted := self._type_named(question[1])) is not None:
            return self.returning(wanted)
        words = query.casefold().split()
        found = [place for place, text in enumerate(self._texts) if all(word in text for word in words)]
        found.sort(key=lambda place: self._rank(place, words))
        return [self._entries[place] for place in found] if words else []

    def returning(self, type_name: str) -> list[Entry]:
        """Return the fields that return a type, a list of the type, or a union or interface that includes the type."""
        names = {type_name}
        for name, kind in self._schema.type_map.items():
            if isinstance(kind, GraphQLUnionType | GraphQLInterfaceType):
                possible = {one.name for one in self._schema.get_possible_types(kind)}
                names |= {name} if type_name in possible else set()
        fields = [entry for entry in self._entries if entry.kind == "field"]
        found = [entry for entry in fields if re.sub(r"\W", "", entry.returns) in names]
        roots = [one.name for one in (self._schema.query_type, self._schema.mutation_type) if one is not None]

        def distance(entry: Entry) -> tuple[bool, bool, bool, int]:
            # Sort fields of a root type first, because a query can request them directly. Then sort fields that are
            # named like the type before other fields, and deprecated fields after them.
            is_like = entry.name.casefold().startswith(type_name.casefold())
            return entry.type_name not in roots, "Deprecated:" in entry.description, not is_like, len(entry.label)

        return sorted(found, key=distance)

    def _type_named(self, name: str) -> str | None:
        if name in self._schema.type_map:
            return name
        return next((one for one in self._schema.type_map if one.casefold() == name.casefold()), None)

    def _rank(self, place: int, words: list[str]) -> tuple[int, int, int, str]:
        """Return a sort key: first exact names, then beginnings of names, then other names, then descriptions."""
        entry, whole = self._entries[place], self._names[place]
        last = (entry.name or entry.type_name).casefold()
        text = " ".join(words)
        if text in {last, whole}:
            match = 0
        elif last.startswith(text):
            match = 1
        elif all(word in whole for word in words):
            match = 2
        else:
            match = 3
        kinds = {"type": 0, "field": 1, "argument": 2, "value": 3}
        return match, kinds[entry.kind], len(whole), whole


def type_entries(kind: GraphQLNamedType) -> Iterator[Entry]:
    """Yield the entry of a type, then the entries of its fields and arguments, or of its enum values.

    Parameters
    ----------
    kind
        A type of the schema.

    Examples
    --------
    >>> from graphql import build_schema
    >>> schema = build_schema("type Query { run(id: ID): String }")
    >>> [(entry.kind, entry.label, entry.returns) for entry in type_entries(schema.type_map["Query"])]
    [('type', 'Query', 'object'), ('field', 'Query.run', 'String'), ('argument', 'Query.run(id:)', 'ID')]
    """
    yield Entry("type", kind.name, "", _kind_name(kind), kind.description or "")
    if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
        for name, field in kind.fields.items():
            yield Entry("field", kind.name, name, str(field.type), _description(field))
            for argument, one in field.args.items():
                yield Entry("argument", kind.name, f"{name}({argument}:)", str(one.type), _description(one))
    elif isinstance(kind, GraphQLInputObjectType):
        for name, given in kind.fields.items():
            yield Entry("argument", kind.name, name, str(given.type), _description(given))
    elif isinstance(kind, GraphQLEnumType):
        for name, value in kind.values.items():
            yield Entry("value", kind.name, name, kind.name, _description(value))


def _kind_name(kind: GraphQLNamedType) -> str:
    names = {
        GraphQLObjectType: "object",
        GraphQLInterfaceType: "interface",
        GraphQLUnionType: "union",
        GraphQLEnumType: "enum",
        GraphQLInputObjectType: "input",
    }
    return names.get(type(kind), "scalar")


def _description(part: object) -> str:
    description = getattr(part, "description", None) or ""
    reason = getattr(part, "deprecation_reason", None)
    return f"{description} Deprecated: {reason}".strip() if reason else description
