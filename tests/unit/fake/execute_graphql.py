"""Execute GraphQL on the schema of the installed Dagster, but without Dagster's resolvers."""

from __future__ import annotations

import json
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

from graphql import (
    DocumentNode,
    ExecutionResult,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    build_schema,
    execute_sync,
    parse,
    validate,
)

from tests.compat import schemas
from tests.unit import altered_schemas

if TYPE_CHECKING:
    from collections.abc import Mapping


@cache
def installed_schema() -> GraphQLSchema:
    """Return the schema of the installed Dagster without resolvers."""
    return build_schema(schemas.installed_text())


def execute(schema: GraphQLSchema, body: Mapping[str, Any], root: Mapping[str, Any]) -> dict[str, Any]:
    """Execute the body of a request and return the decoded JSON of the response."""
    if "__schema" in body["query"]:
        return json.loads(_introspected(schema, body["query"]))
    return json.loads(json.dumps(_execute(schema, body, root).formatted))


def operation_name(query: str) -> str:
    """Return the name of a document's first operation, or an empty string."""
    operation = next(node for node in _parsed(query).definitions if isinstance(node, OperationDefinitionNode))
    return operation.name.value if operation.name else ""


def _execute(schema: GraphQLSchema, body: Mapping[str, Any], root: Mapping[str, Any]) -> ExecutionResult:
    try:
        document, errors = _validated(schema, body["query"])
    except GraphQLError as error:
        return ExecutionResult(data=None, errors=[error])
    if errors:
        return ExecutionResult(data=None, errors=errors)
    return execute_sync(
        schema,
        document,
        root_value=root,
        variable_values=body.get("variables"),
        operation_name=body.get("operationName"),
    )


# Many clients request the schema. Executing this request is slow, so its response is cached.
@lru_cache(maxsize=1000)
def _introspected(schema: GraphQLSchema, query: str) -> str:
    return json.dumps(altered_schemas.introspect(schema, query))


# Parsing and validating documents is slow. Clients send the same few documents again and again, so cache the results.
@lru_cache(maxsize=1000)
def _validated(schema: GraphQLSchema, query: str) -> tuple[DocumentNode, list[GraphQLError]]:
    document = _parsed(query)
    return document, validate(schema, document)


_parsed = lru_cache(maxsize=1000)(parse)
