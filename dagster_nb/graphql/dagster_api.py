"""Send GraphQL documents to a server, without the fields that the server's schema lacks."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from graphql import build_client_schema, get_introspection_query, parse, print_ast

from dagster_nb.errors import OutcomeUnknownError, QueryError, UnsupportedServerError
from dagster_nb.graphql import documents
from dagster_nb.graphql.minimum_versions import version_with
from dagster_nb.graphql.page_size import PageSize
from dagster_nb.graphql.pruning import prune, unknown_inputs

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from graphql import DocumentNode, GraphQLSchema

    from dagster_nb.graphql.pruning import Pruned
    from dagster_nb.graphql.redact_config_and_tags import Redaction
    from dagster_nb.graphql.session import Session

    Send = Callable[[DocumentNode, Mapping[str, Any] | None], Awaitable[dict[str, Any]]]

__all__ = ["DagsterApi"]


class DagsterApi:
    """The GraphQL API of one server, including the known parts of its schema.

    Documents are sent unchanged until the server rejects one. The server's schema is then fetched once, and all later
    documents are pruned to fit it.

    Parameters
    ----------
    session
        The connection.
    redaction
        Hides values in responses; None hides nothing.

    Attributes
    ----------
    version : str or None
        The server's version of Dagster; None before `identify`.
    statuses : tuple of str or None
        The run statuses of the server's schema, in the schema's order; None if the server does not provide them.
    filter_keys : frozenset of str or None
        The keys of the server's ``RunsFilter``; None if the server does not provide them.
    permissions : list of dict
        The client's permissions in the whole workspace (``Query.permissions``); empty if the server does not provide
        them.
    page_size : PageSize
        The number of runs to request at a time.
    redaction : Redaction or None
        Selects the values to hide in responses. None if nothing is hidden.
    """

    def __init__(self, session: Session, *, redaction: Redaction | None = None):
        self.session = session
        self.version: str | None = None
        self.statuses: tuple[str, ...] | None = None
        self.filter_keys: frozenset[str] | None = None
        self.permissions: list[dict[str, Any]] = []
        self.page_size = PageSize()
        self.redaction = redaction
        self._schema: GraphQLSchema | None = None
        self._pruned: dict[str, Pruned] = {}
        self._fetching_schema = asyncio.Lock()

    async def identify(self) -> None:
        """Request the server's version, run statuses and filter keys, and do not retry.

        Raises
        ------
        QueryError
            If the server is not Dagster.
        ConnectionFailedError, RequestTimeoutError, UnauthorizedError
        """
        try:
            data = await self.session.read_once(documents.load("server"))
        except QueryError:
            # The server may still be Dagster, but in a version that lacks a field of this query.
            data = await self.query("server")
        version, statuses, runs_filter = data.get("version"), data.get("statuses"), data.get("filter")
        if not isinstance(version, str) and not (statuses and runs_filter):
            raise QueryError(
                f"the server at {self.session.address.root} is not Dagster. Give the address that shows Dagster in a "
                "browser.",
                errors=[],
                data=data,
            )
        if version != self.version:
            self._forget_schema()
        self.version = version or "unknown"
        self.statuses = _names(statuses, "enumValues")
        self.permissions = data.get("permissions") or []
        keys = _names(runs_filter, "inputFields")
        self.filter_keys = None if keys is None else frozenset(keys)

    def copy_from(self, other: DagsterApi) -> None:
        """Copy the server's version, schema and page size from another connection to the same server."""
        self.version, self.statuses, self.filter_keys = other.version, other.statuses, other.filter_keys
        self.page_size = other.page_size
        self.session.problems = other.session.problems
        self._schema = other._schema

    async def query(
        self, document: str, variables: Mapping[str, Any] | None = None, *, may_be_too_large: bool = False
    ) -> dict[str, Any]:
        """Send a query of this package, without the fields that the server lacks, and return the ``data``.

        Parameters
        ----------
        document
            The name of the document.
        variables
            The values of its variables.
        may_be_too_large
            Whether the caller can send a smaller request instead: see `Session.read`.

        Raises
        ------
        UnsupportedServerError
            If the server lacks an input, or a field that is not optional.
        ConnectionFailedError, RequestTimeoutError, UnauthorizedError, QueryError
        """

        async def send(sent: DocumentNode, values: Mapping[str, Any] | None) -> dict[str, Any]:
            return await self.session.read(sent, values, may_be_too_large=may_be_too_large)

        return await self._send(document, variables, send)

    async def mutate(self, document: str, variables: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Send a mutation of this package. The server executes it at most once, and exactly as requested.

        A server validates the whole document before it executes any part of it, so a mutation that does not fit the
        schema is not executed. If only fields of the response are missing from the schema, the mutation is sent again
        without these fields.

        Parameters
        ----------
        document
            The name of the document.
        variables
            The values of its variables.

        Raises
        ------
        UnsupportedServerError
            If the server lacks an input. Nothing was changed.
        OutcomeUnknownError
            If the mutation was sent, and its response was lost or incomplete.
        ConnectionFailedError, UnauthorizedError, QueryError
        """
        try:
            return await self._send(document, variables, self.session.write)
        except QueryError as error:
            if not _was_executed(error):
                raise
            raise OutcomeUnknownError(
                f"the request may or may not have been carried out: {error}\nThe request is not sent again. Check "
                f"the runs before you repeat it."
            ) from None

    def document(self, name: str) -> DocumentNode:
        """Return a document of this package without the fields that the server is known to lack.

        Raises
        ------
        UnsupportedServerError
            If the server lacks a field that is not optional.
        """
        if self._schema is None:
            return documents.load(name)
        if name not in self._pruned:
            self._pruned[name] = prune(documents.load_marked(name), self._schema)
        pruned = self._pruned[name]
        if pruned.missing is not None:
            raise self.unsupported(pruned.missing)
        return pruned.document

    def text(self, name: str) -> str:
        """Return the text of a document of this package, as sent to this server.

        Raises
        ------
        UnsupportedServerError
            If the server lacks a field that is not optional.
        """
        document, whole = self.document(name), documents.load(name)
        return documents.text(name) if print_ast(document) == print_ast(whole) else print_ast(document)

    async def schema(self) -> GraphQLSchema:
        """Return the server's schema with all descriptions. The schema is fetched once.

        Raises
        ------
        QueryError
            If the server does not allow introspection.
        ConnectionFailedError, RequestTimeoutError, UnauthorizedError
        """
        async with self._fetching_schema:
            if self._schema is None:
                self._schema = await self._fetch_schema()
            return self._schema

    def unsupported(self, missing: str) -> UnsupportedServerError:
        """Return an error that names the missing feature and the version of Dagster that has it."""
        needed = version_with(missing)
        advice = (
            f"This feature needs Dagster {needed} or newer."
            if needed
            else "Upgrade Dagster or, if it is newer than your dagster_nb, update dagster_nb."
        )
        version = self.version or "of an unknown version"
        return UnsupportedServerError(
            f"{self.session.address.root} runs Dagster {version}, which lacks a required feature: "
            f"{missing.rstrip('.')}. {advice}"
        )

    async def _send(self, document: str, variables: Mapping[str, Any] | None, send: Send) -> dict[str, Any]:
        data = await self._send_pruned(document, variables, send)
        return data if self.redaction is None else self.redaction.of_response(document, data)

    async def _send_pruned(self, document: str, variables: Mapping[str, Any] | None, send: Send) -> dict[str, Any]:
        schema = self._schema
        first = self._checked(document, variables)
        try:
            return await send(first, variables)
        except QueryError as error:
            if _was_executed(error):
                raise
            try:
                await self._update_schema(known=schema)
            except QueryError:
                # If the server does not allow introspection, the original error is the best one available.
                raise error from None
            pruned = self._checked(document, variables)
            if print_ast(pruned) == print_ast(first):
                raise
        return await send(pruned, variables)

    def _checked(self, name: str, variables: Mapping[str, Any] | None) -> DocumentNode:
        document = self.document(name)
        if self._schema is not None and variables:
            for problem in unknown_inputs(document, variables, self._schema):
                raise self.unsupported(problem)
        return document

    async def _update_schema(self, *, known: GraphQLSchema | None) -> None:
        """Fetch the schema, unless another task has already replaced ``known`` with a newer one."""
        async with self._fetching_schema:
            if self._schema is known:
                schema = await self._fetch_schema()
                self._forget_schema()
                self._schema = schema

    async def _fetch_schema(self) -> GraphQLSchema:
        # Deprecated inputs still work, so the schema must include them. Older servers cannot list them.
        for deprecated in (True, False):
            query = get_introspection_query(descriptions=True, input_value_deprecation=deprecated)
            try:
                data = await self.session.read(parse(query))
            except QueryError:
                if not deprecated:
                    raise
            else:
                break
        # The schema comes from the server, so the client does not validate it.
        return build_client_schema(data, assume_valid=True)  # type: ignore[arg-type]  # a TypedDict to graphql-core

    def _forget_schema(self) -> None:
        self._schema = None
        self._pruned = {}


def _was_executed(error: QueryError) -> bool:
    """Return whether part of a failed document was executed.

    If so, the response has data, or an error that names a field.
    """
    return error.data is not None or any("path" in one for one in error.errors)


def _names(kind: Mapping[str, Any] | None, members: str) -> tuple[str, ...] | None:
    found = (kind or {}).get(members)
    return None if found is None else tuple(member["name"] for member in found)
