"""Look up the fields and the possible object types of a type in a GraphQL schema."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graphql import GraphQLInterfaceType, GraphQLObjectType, GraphQLUnionType

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from graphql import GraphQLField, GraphQLNamedType, GraphQLSchema

__all__ = ["fields_of", "possible_types"]


def fields_of(kind: GraphQLNamedType | None) -> Mapping[str, GraphQLField]:
    """Return the fields of an object or an interface, or an empty mapping for other types.

    Examples
    --------
    >>> from graphql import build_schema
    >>> list(fields_of(build_schema("type Query { version: String }").query_type))
    ['version']
    """
    return kind.fields if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType) else {}


def possible_types(schema: GraphQLSchema, kind: GraphQLNamedType | None) -> Sequence[GraphQLObjectType]:
    """Return the members of a union or the implementations of an interface. For an object type, return the type itself.

    Examples
    --------
    >>> from graphql import build_schema
    >>> text = "type Query { run: Answer } union Answer = Run | Error type Run { id: ID } type Error { id: ID }"
    >>> schema = build_schema(text)
    >>> [one.name for one in possible_types(schema, schema.type_map["Answer"])]
    ['Run', 'Error']
    """
    if isinstance(kind, GraphQLObjectType):
        return [kind]
    if isinstance(kind, GraphQLUnionType | GraphQLInterfaceType):
        return schema.get_possible_types(kind)
    return []
