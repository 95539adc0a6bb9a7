"""Generate a query that requests a field of the schema."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from graphql import (
    GraphQLUnionType,
    get_named_type,
    is_composite_type,
    is_leaf_type,
    is_required_argument,
    parse,
    print_ast,
)

from dagster_nb.playground.schema_types import fields_of, possible_types

if TYPE_CHECKING:
    from graphql import GraphQLField, GraphQLNamedType, GraphQLObjectType, GraphQLSchema

__all__ = ["write_query"]

_MAX_DEPTH = 2
_MAX_FIELDS = 12
_ERROR = "Error"


def write_query(schema: GraphQLSchema, type_name: str, field_name: str | None = None) -> str | None:
    """Return a query for a field of a type.

    Parameters
    ----------
    schema
        The server's schema.
    type_name
        The type, such as ``"Run"``, or one of the root types ``"Query"`` and ``"Mutation"``.
    field_name
        The field. If None, the query requests all scalar fields of the type.

    Returns
    -------
    str or None
        A valid document with a variable for each required argument. Return None if no query can reach the type.

    Examples
    --------
    >>> from graphql import build_schema
    >>> schema = build_schema("type Query { run(id: ID!): Run } type Run { id: ID, name: String, runs: [Run] }")
    >>> print(write_query(schema, "Run", "name"))
    query Run($id: ID!) {
      run(id: $id) {
        name
      }
    }
    """
    path = _path_to(schema, type_name)
    if path is None:
        return None
    operation, steps = path
    writer = _Writer(schema)
    kind = schema.get_type(type_name)
    if field_name is None:
        inside = writer.selection(kind, _MAX_DEPTH)
    else:
        inside = writer.field(field_name, fields_of(kind)[field_name], _MAX_DEPTH)
    below = type_name
    for parent, name, field in reversed(steps):
        if get_named_type(field.type).name != below:
            inside = f"__typename ... on {below} {{ {inside} }}"
        inside = writer.call(name, field, inside)
        below = parent
    name = steps[0][1] if steps else (field_name or type_name)
    declared = ", ".join(f"${variable}: {kind}" for variable, kind in writer.variables.items())
    head = f"{operation} {name[0].upper()}{name[1:]}" + (f"({declared})" if declared else "")
    return print_ast(parse(f"{head} {{ {inside} }}"))


Step = tuple[str, str, "GraphQLField"]


def _path_to(schema: GraphQLSchema, type_name: str) -> tuple[str, list[Step]] | None:
    """Return the root operation that reaches a type, and the shortest list of fields that leads from it to the type."""

    def unlike(item: tuple[str, GraphQLField]) -> tuple[bool, bool]:
        """Return a sort key: first fields that are named like the type, then other fields, then deprecated fields."""
        return item[1].deprecation_reason is not None, not item[0].casefold().startswith(type_name.casefold())

    for operation, root in (("query", schema.query_type), ("mutation", schema.mutation_type)):
        if root is None:
            continue
        reached: dict[str, list[Step]] = {root.name: []}
        queue = deque([root.name])
        while queue:
            name = queue.popleft()
            if name == type_name:
                return operation, reached[name]
            for field_name, field in sorted(fields_of(schema.get_type(name)).items(), key=unlike):
                kind = get_named_type(field.type)
                for one in (kind, *possible_types(schema, kind)) if is_composite_type(kind) else ():
                    if one.name not in reached:
                        reached[one.name] = [*reached[name], (name, field_name, field)]
                        queue.append(one.name)
    return None


class _Writer:
    """Writes fields, and collects the variables that they need."""

    def __init__(self, schema: GraphQLSchema):
        self._schema = schema
        self.variables: dict[str, str] = {}

    def field(self, name: str, field: GraphQLField, depth: int) -> str:
        """Return a field with its required arguments and its scalar subfields."""
        kind = get_named_type(field.type)
        return self.call(name, field, "" if is_leaf_type(kind) else self.selection(kind, depth))

    def call(self, name: str, field: GraphQLField, inside: str) -> str:
        """Return a field with its required arguments and a given selection."""
        required = {argument: str(one.type) for argument, one in field.args.items() if is_required_argument(one)}
        given = ", ".join(f"{argument}: ${self._variable(argument, kind)}" for argument, kind in required.items())
        return name + (f"({given})" if given else "") + (f" {{ {inside} }}" if inside else "")

    def selection(self, kind: GraphQLNamedType | None, depth: int) -> str:
        """Return the scalar fields of a type, and those of its first list of objects, down to a maximum depth."""
        if isinstance(kind, GraphQLUnionType):
            members = self._schema.get_possible_types(kind)
            results = [one for one in members if not _is_error(one)]
            # Use only the first member, because fields of two members can have the same name but different types.
            parts = [f"... on {one.name} {{ {self.selection(one, depth)} }}" for one in results[:1]]
            if len(results) < len(members):
                parts.append(f"... on {_ERROR} {{ message }}")
            return " ".join(["__typename", *parts])
        fields = {
            name: field
            for name, field in fields_of(kind).items()
            if field.deprecation_reason is None and not any(map(is_required_argument, field.args.values()))
        }
        plain = [name for name, field in fields.items() if is_leaf_type(get_named_type(field.type))]
        lists = [name for name in fields if name not in plain and "[" in str(fields[name].type)]
        nested = [self.field(name, fields[name], depth - 1) for name in lists[:1]] if depth > 1 else []
        return " ".join([*plain[:_MAX_FIELDS], *nested]) or "__typename"

    def _variable(self, argument: str, kind: str) -> str:
        """Return a variable name: the argument's name, unless a variable of another type already has this name."""
        name, number = argument, 2
        while self.variables.setdefault(name, kind) != kind:
            name, number = f"{argument}{number}", number + 1
        return name


def _is_error(kind: GraphQLObjectType) -> bool:
    return any(one.name == _ERROR for one in kind.interfaces)
