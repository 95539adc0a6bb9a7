"""GraphQL of one's own: ``query`` and ``schema``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from graphql import (
    DocumentNode,
    GraphQLError,
    OperationDefinitionNode,
    OperationType,
    parse,
)

from dagster_nb.client.base import AsyncBase
from dagster_nb.errors import QueryError
from dagster_nb.graphql import documents
from dagster_nb.graphql.session import query_error

if TYPE_CHECKING:
    from collections.abc import Mapping

    from graphql import GraphQLSchema

__all__ = ["Playground"]


class Playground(AsyncBase):
    """The part of the client that sends what the user wrote."""

    async def query(
        self, document: str, variables: Mapping[str, Any] | None = None, operation_name: str | None = None
    ) -> dict[str, Any]:
        """Send a GraphQL document, and return the ``data`` of the answer.

        Parameters
        ----------
        document
            A query or a mutation, as in Dagster's own GraphQL playground. A query that fails on the way is tried again;
            a mutation is sent once.
        variables
            Values of its variables.
        operation_name
            Which operation to run, where the document holds several.

        Returns
        -------
        dict
            The answer as it came: an error of Dagster's own, such as ``PythonError``, is part of it.

        Raises
        ------
        QueryError
            If the document does not parse, or the server refuses it; the message marks the place.
        ReadOnlyError
            If it is a mutation, and the client is read-only.
        OutcomeUnknownError
            If it is a mutation, and its answer was lost.
        ConnectionFailedError, RequestTimeoutError, UnauthorizedError

        Examples
        --------
        >>> client.query("{ version }")  # doctest: +SKIP
        {'version': '1.13.28'}
        """
        parsed = _parsed(document)
        operation = _operation(parsed, operation_name)
        if operation.operation is OperationType.SUBSCRIPTION:
            raise QueryError("a subscription has no single answer; query() takes queries and mutations.")
        if operation.operation is OperationType.MUTATION:
            self._check_writable()
            return await self._session.write(parsed, variables, operation_name)
        return await self._session.read(parsed, variables, operation_name)

    def graphql_document(self, name: str) -> str:
        """Return the text of one of the documents that this package sends, to start from or to look at.

        Parameters
        ----------
        name
            Such as ``"runs"``, ``"repositories"`` or ``"launch_run"``.

        Returns
        -------
        str
            As the server takes it: what it lacks, as far as it has been found out, is left out.

        Raises
        ------
        ValueError
            If there is no such document; the message names all.
        UnsupportedServerError
            If the server lacks something that the answer would be worthless without.

        Examples
        --------
        >>> client.query(client.graphql_document("run_count"))["runsOrError"]["count"]  # doctest: +SKIP
        20000
        """
        if name not in documents.names():
            raise ValueError(f"there is no document {name!r}; there are {', '.join(documents.names())}.")
        return self._api.text(name)

    async def graphql_schema(self) -> GraphQLSchema:
        """Return the server's schema, asked for once.

        Returns
        -------
        graphql.GraphQLSchema
            With the descriptions of all types and fields.

        Raises
        ------
        QueryError
            If the server does not tell its schema.
        ConnectionFailedError, RequestTimeoutError, UnauthorizedError

        Examples
        --------
        >>> sorted(client.graphql_schema().type_map["Run"].fields)  # doctest: +SKIP
        """
        return await self._api.schema()


def _parsed(document: str) -> DocumentNode:
    try:
        return parse(document)
    except GraphQLError as error:
        locations = [{"line": place.line, "column": place.column} for place in error.locations or []]
        problem = {"message": error.message, "locations": locations}
        raise query_error([problem], text=document, prefix="this is no GraphQL") from None


def _operation(document: DocumentNode, name: str | None) -> OperationDefinitionNode:
    operations = {
        node.name.value if node.name else None: node
        for node in document.definitions
        if isinstance(node, OperationDefinitionNode)
    }
    if name is None and len(operations) == 1:
        return next(iter(operations.values()))
    if name in operations and name is not None:
        return operations[name]
    named = ", ".join(repr(known) for known in operations if known) or "none"
    raise QueryError(f"which operation? The document holds {named}; say which with operation_name=.")
