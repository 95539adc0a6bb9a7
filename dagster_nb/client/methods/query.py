"""Send GraphQL that users write: ``query``, ``graphql_document`` and ``graphql_schema``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from graphql import (
    DocumentNode,
    GraphQLError,
    OperationDefinitionNode,
    OperationType,
    parse,
)

from dagster_nb.client.async_base import AsyncBase
from dagster_nb.errors import QueryError
from dagster_nb.graphql import documents
from dagster_nb.graphql.query_errors import query_error

if TYPE_CHECKING:
    from collections.abc import Mapping

    from graphql import GraphQLSchema

__all__ = ["QueryMethods"]


class QueryMethods(AsyncBase):
    """The client methods that send GraphQL."""

    async def query(
        self, document: str, variables: Mapping[str, Any] | None = None, operation_name: str | None = None
    ) -> dict[str, Any]:
        """Send a GraphQL document and return the ``data`` of the response.

        Parameters
        ----------
        document
            A query or a mutation, as in Dagster's GraphQL playground. If the connection fails, a query is sent again,
            but a mutation is not.
        variables
            The values of the document's variables.
        operation_name
            The name of the operation to execute, if the document contains several operations.

        Returns
        -------
        dict
            The ``data`` of the response, unchanged. Dagster's own errors, such as ``PythonError``, are part of this
            data, and raise no exception.

        Raises
        ------
        QueryError
            If the document is not valid GraphQL, or if the server rejects it. The message shows where the problem is.
        ReadOnlyError
            If the operation is a mutation and the client is read-only.
        OutcomeUnknownError
            If the operation is a mutation and its response was lost.
        ConnectionFailedError, RequestTimeoutError, UnauthorizedError

        Examples
        --------
        >>> client.query("{ version }")  # doctest: +SKIP
        {'version': '1.13.28'}
        """
        parsed = _parse(document)
        operation = _operation(parsed, operation_name)
        if operation.operation is OperationType.SUBSCRIPTION:
            raise QueryError("query() takes queries and mutations, not subscriptions. To receive events, use follow().")
        if operation.operation is OperationType.MUTATION:
            self._check_writable()
            return await self._session.write(parsed, variables, operation_name)
        return await self._session.read(parsed, variables, operation_name)

    def graphql_document(self, name: str) -> str:
        """Return the text of a GraphQL document of this package, for example as a basis for your own query.

        Parameters
        ----------
        name
            A name such as ``"runs"``, ``"repositories"`` or ``"launch_run"``.

        Returns
        -------
        str
            The document as sent to this server, without fields that the server is known to lack.

        Raises
        ------
        ValueError
            If there is no such document; the message lists all names.
        UnsupportedServerError
            If the server lacks a feature that the document requires.

        Examples
        --------
        >>> client.query(client.graphql_document("run_count"))["runsOrError"]["count"]  # doctest: +SKIP
        20000
        """
        if name not in documents.names():
            raise ValueError(f"there is no GraphQL document {name!r}. Use one of: {', '.join(documents.names())}.")
        return self._api.text(name)

    async def graphql_schema(self) -> GraphQLSchema:
        """Return the GraphQL schema of the server. The schema is read only once.

        Returns
        -------
        graphql.GraphQLSchema
            The schema, including the descriptions of all types and fields.

        Raises
        ------
        QueryError
            If the server does not provide its schema.
        ConnectionFailedError, RequestTimeoutError, UnauthorizedError

        Examples
        --------
        >>> sorted(client.graphql_schema().type_map["Run"].fields)  # doctest: +SKIP
        """
        return await self._api.schema()


def _parse(document: str) -> DocumentNode:
    try:
        return parse(document)
    except GraphQLError as error:
        locations = [{"line": place.line, "column": place.column} for place in error.locations or []]
        problem = {"message": error.message, "locations": locations}
        raise query_error([problem], text=document, prefix="this is not valid GraphQL. Fix the marked part") from None


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
    named = ", ".join(repr(known) for known in operations if known)
    if not operations:
        raise QueryError("the document contains no operation. Add one, such as 'query { version }'.")
    if not named:
        raise QueryError(f"the operation of the document has no name. Name it {name!r}, or leave out operation_name=.")
    if name is None:
        raise QueryError(
            f"the document contains several operations. Choose one with the argument operation_name: {named}."
        )
    raise QueryError(f"the document has no operation {name!r}. Choose one with the argument operation_name: {named}.")
