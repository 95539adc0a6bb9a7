"""A server as this package speaks to it: in its own documents, fitted to what the server understands."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from graphql import GraphQLInputObjectType, build_client_schema, get_introspection_query, parse, print_ast

from dagster_nb.errors import OutcomeUnknownError, QueryError, UnsupportedServerError
from dagster_nb.graphql import documents
from dagster_nb.graphql.emulation import FILTER_KEYS
from dagster_nb.graphql.fitting import Fitted, fit, unknown_inputs, why_not
from dagster_nb.graphql.optional import optional
from dagster_nb.graphql.since import version_with

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from graphql import DocumentNode, GraphQLSchema

    from dagster_nb.graphql.session import Session

    Send = Callable[[DocumentNode, Mapping[str, Any] | None], Awaitable[dict[str, Any]]]

__all__ = ["Server"]


class Server:
    """A server, and what is known of its schema.

    It is taken to know everything until it refuses a document. Then its schema is asked for, once, and from there on
    the documents are fitted to it before they are sent.

    Parameters
    ----------
    session
        The connection.

    Attributes
    ----------
    version : str or None
        Its version of Dagster; None before `introduce`.
    statuses : tuple of str or None
        The run statuses that its schema has, in its order; None where it does not tell.
    filter_keys : frozenset of str or None
        What its runs can be filtered by; None where it does not tell.
    """

    def __init__(self, session: Session):
        self.session = session
        self.version: str | None = None
        self.statuses: tuple[str, ...] | None = None
        self.filter_keys: frozenset[str] | None = None
        self._schema: GraphQLSchema | None = None
        self._fitted: dict[str, Fitted] = {}
        self._learning = asyncio.Lock()

    async def introduce(self) -> None:
        """Ask the server what it is, once, and note what it says.

        Raises
        ------
        QueryError
            If it is no Dagster.
        ConnectionFailedError, RequestTimeoutError, UnauthorizedError
        """
        try:
            answer = await self.session.read_once(documents.load("server"))
        except QueryError:
            # A Dagster that does not tell its version is one still.
            answer = await self.query("server")
        version, statuses, keys = answer.get("version"), answer.get("statuses"), answer.get("filter")
        if not isinstance(version, str) and not (statuses and keys):
            raise QueryError("it is no Dagster.", errors=[], data=answer)
        if version != self.version:
            self._forget()
        self.version = version or "unknown"
        self.statuses = _names(statuses, "enumValues")
        known = _names(keys, "inputFields")
        self.filter_keys = None if known is None else frozenset(known)
        if self.filter_keys is not None and not self.filter_keys >= FILTER_KEYS:
            self.filter_keys |= await self._outgoing_keys()

    def resemble(self, other: Server) -> None:
        """Know what another connection to the same server knows."""
        self.version, self.statuses, self.filter_keys = other.version, other.statuses, other.filter_keys
        self._schema = other._schema

    async def query(self, document: str, variables: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Send one of our queries, without what the server lacks, and return the ``data`` of its answer.

        Parameters
        ----------
        document
            Its name.
        variables
            Values of its variables.

        Raises
        ------
        UnsupportedServerError
            If the server lacks something that the answer would be worthless without, or an input.
        ConnectionFailedError, RequestTimeoutError, UnauthorizedError, QueryError
        """
        return await self._ask(document, variables, self.session.read)

    async def mutate(self, document: str, variables: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Send one of our mutations, so that it is executed once at most, and never with less than it says.

        A server validates a document before it executes any of it. One that it refused, and that its own schema shows
        to be none of its kind, was not executed, and is sent again as far as only the answer has to be fitted.

        Parameters
        ----------
        document
            Its name.
        variables
            Values of its variables.

        Raises
        ------
        UnsupportedServerError
            If the server lacks an input; nothing was done then.
        OutcomeUnknownError
            If it was sent and the answer was lost, in whole or in part.
        ConnectionFailedError, UnauthorizedError, QueryError
        """
        try:
            return await self._ask(document, variables, self.session.write)
        except QueryError as error:
            if not _was_executed(error):
                raise
            raise OutcomeUnknownError(
                f"what was asked may or may not have happened: {error}\nIt is not sent again; look at the runs "
                f"before you repeat it."
            ) from None

    def fitted(self, document: str) -> DocumentNode:
        """Return one of our documents without what the server is known to lack.

        Raises
        ------
        UnsupportedServerError
            If it lacks something that the answer would be worthless without.
        """
        whole = documents.load(document)
        if self._schema is None:
            return whole
        if document not in self._fitted:
            self._fitted[document] = fit(whole, self._schema, optional=optional(document))
        fitted = self._fitted[document]
        if fitted.lacking is not None:
            raise self.unsupported(fitted.lacking)
        return fitted.document

    def text(self, document: str) -> str:
        """Return one of our documents as it is sent: as it stands in its file, or without what the server lacks.

        Raises
        ------
        UnsupportedServerError
            If the server lacks something that the answer would be worthless without.
        """
        fitted = self.fitted(document)
        return (documents.text(document) if fitted is documents.load(document) else print_ast(fitted)).strip()

    def split(self, one: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return the part of a filter of runs that the server takes, as far as is known, and the part that it does not.

        Parameters
        ----------
        one
            A ``RunsFilter``.
        """
        taken = {key: value for key, value in one.items() if self._takes(key, value)}
        return taken, {key: value for key, value in one.items() if key not in taken}

    async def schema(self) -> GraphQLSchema:
        """Return the server's schema, asked for once."""
        async with self._learning:
            if self._schema is None:
                self._schema = await self._fetch()
            return self._schema

    def unsupported(self, lacking: str) -> UnsupportedServerError:
        """Return the error that says what the server lacks, and which version has it."""
        needed = version_with(lacking)
        cure = (
            f"That needs Dagster {needed} or newer."
            if needed
            else "A newer Dagster may have it; if this one is newer than your dagster_nb, update dagster_nb."
        )
        return UnsupportedServerError(
            f"{self.session.address.root} runs Dagster {self.version or 'of an unknown version'}, which lacks what "
            f"this needs: {lacking.rstrip('.')}. {cure}"
        )

    async def _ask(self, document: str, variables: Mapping[str, Any] | None, send: Send) -> dict[str, Any]:
        seen = self._schema
        asked = self._checked(document, variables)
        try:
            return await send(asked, variables)
        except QueryError as error:
            if _was_executed(error):
                raise
            try:
                await self._learn(unless=seen)
            except QueryError:
                # Of a server that does not tell its schema, the refusal is all that is known.
                raise error from None
            fitted = self._checked(document, variables)
            if print_ast(fitted) == print_ast(asked):
                raise
        return await send(fitted, variables)

    def _checked(self, document: str, variables: Mapping[str, Any] | None) -> DocumentNode:
        fitted = self.fitted(document)
        if self._schema is not None and variables:
            for problem in unknown_inputs(fitted, variables, self._schema):
                raise self.unsupported(problem)
        return fitted

    async def _learn(self, *, unless: GraphQLSchema | None) -> None:
        """Ask for the schema, if that which was known when a document was refused is still the last one."""
        async with self._learning:
            if self._schema is unless:
                schema = await self._fetch()
                self._forget()
                self._schema = schema

    async def _outgoing_keys(self) -> frozenset[str]:
        """Return the keys of filters that the whole schema has: a short look leaves out those on their way out."""
        try:
            kind = (await self.schema()).get_type("RunsFilter")
        except QueryError:
            return frozenset()
        return frozenset(kind.fields if isinstance(kind, GraphQLInputObjectType) else ())

    async def _fetch(self) -> GraphQLSchema:
        # Inputs that are on their way out are there still; but older servers cannot be asked for these apart.
        for deprecated in (True, False):
            query = get_introspection_query(descriptions=True, input_value_deprecation=deprecated)
            try:
                answer = await self.session.read(parse(query))
            except QueryError:
                if not deprecated:
                    raise
            else:
                break
        # Whether the schema is sound is the server's business.
        return build_client_schema(answer, assume_valid=True)  # type: ignore[arg-type]  # a TypedDict to graphql-core

    def _takes(self, key: str, value: object) -> bool:
        if self.filter_keys is not None and key not in self.filter_keys:
            return False
        kind = self._schema and self._schema.get_type("RunsFilter")
        return not isinstance(kind, GraphQLInputObjectType) or not why_not({key: value}, kind)

    def _forget(self) -> None:
        self._schema = None
        self._fitted = {}


def _was_executed(error: QueryError) -> bool:
    """Tell whether a document that failed was executed, if in part: it has data, or names the field that failed."""
    return error.data is not None or any("path" in one for one in error.errors)


def _names(kind: Mapping[str, Any] | None, of: str) -> tuple[str, ...] | None:
    members = (kind or {}).get(of)
    return None if members is None else tuple(member["name"] for member in members)
