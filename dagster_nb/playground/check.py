"""Check a GraphQL document and its variables against the server's schema before sending them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from graphql import (
    GraphQLError,
    OperationDefinitionNode,
    get_named_type,
    parse,
    print_ast,
    type_from_ast,
    validate,
)
from graphql.execution.values import get_variable_values

from dagster_nb.errors import QueryError
from dagster_nb.graphql.query_errors import query_error

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from graphql import DocumentNode, GraphQLSchema

__all__ = ["check_document", "document_problems", "parse_document", "variables_from"]

_WORD = re.compile(r"[$@]?\w+|\S")

# A misspelled type causes an error wherever it is used.
_MAX_ERRORS = 5
_NOT_SENT = "the query was not sent, because it does not match the server's schema. Fix the marked part"


def parse_document(text: str) -> tuple[DocumentNode, OperationDefinitionNode]:
    """Parse a GraphQL document, and return the document and its operation.

    Parameters
    ----------
    text
        A GraphQL document with one operation and any number of fragments.

    Raises
    ------
    QueryError
        If the text is not valid GraphQL, or does not contain exactly one operation. The message marks the position of
        the error.

    Examples
    --------
    >>> parse_document("{ version }")[1].operation.value
    'query'
    """
    try:
        document = parse(text)
    except GraphQLError as error:
        raise query_error(
            [error.formatted], text=text, prefix="this is not valid GraphQL. Fix the marked part"
        ) from None
    operations = [one for one in document.definitions if isinstance(one, OperationDefinitionNode)]
    if len(operations) != 1:
        raise QueryError(
            f"a cell must contain one operation, but this cell contains {len(operations)}. Put each operation into its "
            "own cell."
        )
    return document, operations[0]


def check_document(text: str, document: DocumentNode, schema: GraphQLSchema) -> None:
    """Check that a document is valid for a schema.

    Parameters
    ----------
    text
        The text of the document, which the error message quotes.
    document
        The parsed document.
    schema
        The server's schema.

    Raises
    ------
    QueryError
        If the document is not valid. The message lists each problem with its position.
    """
    errors = validate(schema, document, max_errors=_MAX_ERRORS)
    if errors:
        raise _not_sent(errors, text)


def document_problems(text: str, schema: GraphQLSchema) -> list[dict[str, Any]]:
    """Return the problems in a document, so that an editor can mark them.

    Parameters
    ----------
    text
        Valid or invalid GraphQL.
    schema
        The server's schema.

    Returns
    -------
    list of dict
        The problems, with the keys ``line`` (counted from 1), ``start`` and ``end`` (columns, counted from 0) and
        ``message``.

    Examples
    --------
    >>> from graphql import build_schema
    >>> document_problems("{ versio }", build_schema("type Query { version: String }"))[0]["start"]
    2
    """
    if not text.strip():
        return []
    try:
        errors = validate(schema, parse(text), max_errors=_MAX_ERRORS)
    except GraphQLError as invalid:
        errors = [invalid]
    lines = text.splitlines()
    found = []
    for error in errors:
        for place in (error.locations or [])[-1:]:
            line = lines[place.line - 1] if place.line <= len(lines) else ""
            word = _WORD.match(line, place.column - 1)
            end = word.end() if word else len(line)
            found.append({"line": place.line, "start": place.column - 1, "end": end, "message": error.message})
    return found


def variables_from(
    text: str, operation: OperationDefinitionNode, names: Mapping[str, Any], schema: GraphQLSchema | None
) -> dict[str, Any]:
    """Return the variables of an operation, each with the value of the Python variable of the same name.

    Optional variables without a Python variable of the same name are left out.

    Parameters
    ----------
    text
        The text of the document, which the error message quotes.
    operation
        The operation.
    names
        The Python variables, such as the namespace of a notebook.
    schema
        The server's schema. If None, the values are not checked.

    Raises
    ------
    QueryError
        If a required variable is missing, or a value has the wrong type. The message marks the variable.

    Examples
    --------
    >>> from graphql import build_schema
    >>> text = "query($id: ID!) { run(id: $id) }"
    >>> schema = build_schema("type Query { run(id: ID): String }")
    >>> variables_from(text, parse_document(text)[1], {"id": "4d2f", "other": 1}, schema)
    {'id': '4d2f'}
    """
    definitions = operation.variable_definitions or ()
    found = {one.variable.name.value: one for one in definitions}
    values = {name: _plain(names[name]) for name in found if name in names}
    if schema is None:
        return values
    checked = get_variable_values(schema, definitions, values)
    if isinstance(checked, list):
        missing = [
            GraphQLError(f"the variable ${name} has no value: assign one to {name} in Python first", one)
            for name, one in found.items()
            if name not in values and _is_required(one, schema)
        ]
        raise _not_sent(missing or checked, text)
    return values


def _is_required(definition: Any, schema: GraphQLSchema) -> bool:  # noqa: ANN401 - a node
    kind: Any = type_from_ast(schema, definition.type)
    return definition.default_value is None and print_ast(definition.type).endswith("!") and bool(get_named_type(kind))


def _plain(value: Any) -> Any:  # noqa: ANN401 - whatever a notebook has
    """Convert a value to plain JSON: a Run to its id, a Series to a list, and a NumPy number to a Python number."""
    if hasattr(value, "run_id"):
        return value.run_id
    if hasattr(value, "tolist"):
        return _plain(value.tolist())
    if hasattr(value, "timestamp") and callable(value.timestamp):
        return value.timestamp()
    if isinstance(value, dict):
        return {str(name): _plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return value


def _not_sent(errors: Iterable[GraphQLError], text: str) -> QueryError:
    return query_error([one.formatted for one in errors], text=text, prefix=_NOT_SENT)
