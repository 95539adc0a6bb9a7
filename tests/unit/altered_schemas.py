"""Create schemas that lack a feature which dagster_nb uses, or that have an unknown feature."""

from __future__ import annotations

import re
from functools import cache, lru_cache, reduce
from typing import TYPE_CHECKING, Any

from graphql import (
    EnumTypeDefinitionNode,
    EnumValueDefinitionNode,
    FieldDefinitionNode,
    InputObjectTypeDefinitionNode,
    InterfaceTypeDefinitionNode,
    NamedTypeNode,
    NameNode,
    ObjectTypeDefinitionNode,
    build_ast_schema,
    graphql_sync,
    parse,
)

from tests.compat import schemas

if TYPE_CHECKING:
    from collections.abc import Iterator

    from graphql import DocumentNode, GraphQLSchema, TypeDefinitionNode

# Introspecting this many types takes as long as introspecting the whole schema.
MANY_TYPES = 10
_OBJECTS = (ObjectTypeDefinitionNode, InterfaceTypeDefinitionNode)


@cache
def newest() -> DocumentNode:
    """Return the newest schema file. The functions below remove features from it."""
    return parse(schemas.path_of(schemas.versions()[-1]).read_text(encoding="utf-8"))


def losses(*owners: str) -> list[str]:
    """Return the names of the fields, arguments, input keys and enum values of these types, or of all types.

    Without arguments, event types are excluded, because documents use only their interface.
    """
    return [
        loss
        for definition in newest().definitions
        if (definition.name.value in owners if owners else not _is_kind_of_event(definition))
        for loss in _losses(definition)
    ]


def member(loss: str) -> str:
    """Return the name of the field, argument, input key or enum value.

    Examples
    --------
    >>> member("Run.jobName"), member("Query.runsOrError(limit:)")
    ('jobName', 'limit')
    """
    return re.split(r"[.(]", loss.rstrip(":)"))[-1]


def response_types() -> list[str]:
    """Return the object types and interfaces that queries use."""
    return [
        definition.name.value
        for definition in newest().definitions
        if isinstance(definition, _OBJECTS)
        and definition.name.value not in {"Mutation", "Subscription"}
        and not _is_kind_of_event(definition)
    ]


def _is_kind_of_event(definition: TypeDefinitionNode) -> bool:
    interfaces = {interface.name.value for interface in getattr(definition, "interfaces", ())}
    return "MessageEvent" in interfaces or definition.name.value in {"DagsterEventType", "LogLevel"}


def _losses(definition: TypeDefinitionNode) -> Iterator[str]:
    name = definition.name.value
    if isinstance(definition, EnumTypeDefinitionNode):
        yield from (f"{name}.{value.name.value}" for value in definition.values)
    if isinstance(definition, InputObjectTypeDefinitionNode):
        yield from (f"{name}.{key.name.value}" for key in definition.fields)
    if isinstance(definition, _OBJECTS):
        for field in definition.fields:
            yield f"{name}.{field.name.value}"
            yield from (f"{name}.{field.name.value}({argument.name.value}:)" for argument in field.arguments)


@cache
def without(*names: str) -> GraphQLSchema:
    """Return the newest schema without these features."""
    return _changed(lambda definition: reduce(_less, names, definition))


def without_type(name: str) -> GraphQLSchema:
    """Return the newest schema without a type and without the fields and arguments that use it."""

    def less(definition: TypeDefinitionNode) -> TypeDefinitionNode:
        changes = {
            key: tuple(one for one in getattr(definition, key) if one.name.value != name)
            for key in ("interfaces", "types")
            if getattr(definition, key, None)
        }
        if isinstance(definition, (*_OBJECTS, InputObjectTypeDefinitionNode)):
            fields = [field for field in definition.fields if _named(field.type) != name]
            changes["fields"] = tuple(_without_arguments_of(field, name) for field in fields)
        return _like(definition, **changes)

    tree = newest()
    kept = tuple(less(definition) for definition in tree.definitions if definition.name.value != name)
    return build_ast_schema(_like(tree, definitions=kept), assume_valid=True)


# Introspecting a whole schema takes longer than most tests, so only the altered types are introspected.
@lru_cache(maxsize=1000)
def introspect(schema: GraphQLSchema, query: str) -> dict[str, Any]:
    """Execute a client's introspection query on any schema, and return the decoded JSON of the response."""
    original = without()
    altered = {
        name
        for name, kind in schema.type_map.items()
        if name not in original.type_map or kind.ast_node is not original.type_map[name].ast_node
    }
    if schema is original or len(altered) > MANY_TYPES:
        return graphql_sync(schema, query).formatted
    newest = introspect(original, query)["data"]["__schema"]
    type_query = "query ($name: String!) { __type(name: $name) { ...FullType } } " + query[query.index("fragment ") :]
    types = [
        graphql_sync(schema, type_query, variable_values={"name": one["name"]}).formatted["data"]["__type"]
        if one["name"] in altered
        else one
        for one in newest["types"]
        if one["name"] in schema.type_map
    ]
    return {"data": {"__schema": newest | {"types": types}}}


def with_status(status: str) -> GraphQLSchema:
    """Return the newest schema with one additional run status."""

    def more(definition: TypeDefinitionNode) -> TypeDefinitionNode:
        if definition.name.value != "RunStatus":
            return definition
        value = EnumValueDefinitionNode(name=NameNode(value=status), directives=())
        return _like(definition, values=(*definition.values, value))

    return _changed(more)


def _changed(change) -> GraphQLSchema:
    tree = newest()
    return build_ast_schema(_like(tree, definitions=tuple(change(one) for one in tree.definitions)), assume_valid=True)


def _less(definition: TypeDefinitionNode, loss: str) -> TypeDefinitionNode:
    owner, _, member = loss.partition(".")
    if definition.name.value != owner:
        return definition
    member, _, argument = member.rstrip(":)").partition("(")
    if isinstance(definition, EnumTypeDefinitionNode):
        return _like(definition, values=_others(definition.values, member))
    if argument:
        fields = tuple(_without_argument(field, member, argument) for field in definition.fields)
        return _like(definition, fields=fields)
    return _like(definition, fields=_others(definition.fields, member))


def _without_argument(field: FieldDefinitionNode, name: str, argument: str) -> FieldDefinitionNode:
    return _like(field, arguments=_others(field.arguments, argument)) if field.name.value == name else field


def _without_arguments_of(field, kind: str):
    if not isinstance(field, FieldDefinitionNode):
        return field
    return _like(field, arguments=tuple(one for one in field.arguments if _named(one.type) != kind))


def _named(kind) -> str:
    while not isinstance(kind, NamedTypeNode):
        kind = kind.type
    return kind.name.value


def _others(nodes, name):
    return tuple(node for node in nodes if node.name.value != name)


def _like(node, **changes):
    return type(node)(**{key: getattr(node, key) for key in node.keys} | changes)
