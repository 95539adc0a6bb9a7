"""One long-lived connection to one server: headers, time-outs, retries, and errors that say what to do next."""

from __future__ import annotations

import asyncio
import json
import socket
from typing import TYPE_CHECKING, Any

import aiohttp
from gql import Client, GraphQLRequest
from gql.transport.aiohttp import AIOHTTPTransport
from gql.transport.exceptions import (
    TransportClosed,
    TransportConnectionFailed,
    TransportError,
    TransportProtocolError,
    TransportQueryError,
    TransportServerError,
)
from graphql import print_ast
from tenacity import AsyncRetrying, stop_after_attempt, wait_exponential, wait_random

from dagster_nb.errors import (
    ConnectionFailedError,
    DagsterNbError,
    OutcomeUnknownError,
    QueryError,
    RequestTimeoutError,
    UnauthorizedError,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from ssl import SSLContext

    from gql.client import AsyncClientSession
    from gql.transport.async_transport import AsyncTransport
    from graphql import DocumentNode, ExecutionResult
    from tenacity import RetryCallState

    from dagster_nb.graphql.url import ServerAddress

__all__ = ["Session"]

# A read that failed on the way is worth another try; what the server refused is not.
_READ_ATTEMPTS = 4
# Dagster's webserver drops an idle connection after five seconds. Dropping it first keeps a mutation from being sent
# down a connection that is closing, whose outcome nobody could tell.
_KEEPALIVE_SECONDS = 4.0
# A host that does not answer at all is no slow server: finding out need not take the whole time-out.
_CONNECT_SECONDS = 10.0
_BUSY_STATUSES = frozenset({408, 425, 429, 500, 502, 503, 504})


class Session:
    """A connection that reads with bounded retries and sends each mutation exactly once.

    Parameters
    ----------
    address
        The server.
    headers
        Sent with every request; never shown.
    timeout
        Seconds that one request may take.
    ssl
        A context with the certificates to trust, or False to trust any; None means the system's.
    trust_env
        Whether proxies and ``.netrc`` of the environment are used.
    transport
        A gql transport to use in place of HTTP: the seam for tests.
    """

    def __init__(
        self,
        address: ServerAddress,
        *,
        headers: Mapping[str, str],
        timeout: float,
        ssl: SSLContext | bool | None = None,
        trust_env: bool = False,
        transport: AsyncTransport | None = None,
    ):
        self.address = address
        self._timeout = timeout
        self._transport = transport or _HttpTransport(
            url=address.graphql,
            headers=dict(headers),
            ssl=True if ssl is None else ssl,
            client_session_args={
                "timeout": aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_SECONDS),
                "trust_env": trust_env,
                "raise_for_status": self._refuse,
            },
        )
        self._client = Client(transport=self._transport, execute_timeout=timeout)
        self._session: AsyncClientSession | None = None
        self._opening = asyncio.Lock()

    def __repr__(self) -> str:
        return f"Session({self.address.root!r})"

    async def close(self) -> None:
        """Close the connection; a later request opens it again."""
        async with self._opening:
            if self._session is not None:
                self._session = None
                await self._client.close_async()

    async def read(
        self, document: DocumentNode, variables: Mapping[str, Any] | None = None, operation_name: str | None = None
    ) -> dict[str, Any]:
        """Send a query and return the ``data`` of its answer; what failed on the way is tried again.

        Raises
        ------
        ConnectionFailedError, RequestTimeoutError, UnauthorizedError, QueryError
        """
        tries = AsyncRetrying(
            retry=_WorthAnotherTry(),
            stop=stop_after_attempt(_READ_ATTEMPTS),
            wait=wait_exponential(multiplier=0.1, max=2.0) + wait_random(0, 0.2),
            reraise=True,
        )
        try:
            return await tries(self._execute, document, variables, operation_name)
        except (_LostAnswerError, _StrangeAnswerError) as error:
            raise ConnectionFailedError(str(error)) from None

    async def write(
        self, document: DocumentNode, variables: Mapping[str, Any] | None = None, operation_name: str | None = None
    ) -> dict[str, Any]:
        """Send a mutation once and return the ``data`` of its answer.

        Raises
        ------
        OutcomeUnknownError
            If it was sent and the answer was lost.
        ConnectionFailedError
            If it could not be sent; nothing happened then.
        UnauthorizedError, QueryError
            If the server refused it.
        """
        try:
            return await self._execute(document, variables, operation_name)
        except (_LostAnswerError, _StrangeAnswerError, RequestTimeoutError) as error:
            raise OutcomeUnknownError(
                f"what was asked may or may not have happened: {str(error).rstrip('.')}. It is not sent again; look at "
                f"the runs before you repeat it."
            ) from None

    async def read_once(self, document: DocumentNode) -> dict[str, Any]:
        """Send a query without trying again: for whoever tries again in a rhythm of its own."""
        try:
            return await self._execute(document, None)
        except ConnectionFailedError as error:
            raise ConnectionFailedError(str(error)) from None

    async def _open(self) -> AsyncClientSession:
        async with self._opening:
            if self._session is None:
                self._session = await self._client.connect_async(reconnecting=False)
            return self._session

    async def _execute(
        self, document: DocumentNode, variables: Mapping[str, Any] | None, operation_name: str | None = None
    ) -> dict[str, Any]:
        if variables:
            # What no JSON can say is the caller's mistake, and not the connection's.
            json.dumps(variables)
        request = GraphQLRequest(
            document, variable_values=dict(variables) if variables else None, operation_name=operation_name
        )
        session = await self._open()
        # What went wrong is told in words of ours, without the transport's own error behind it: that holds the headers.
        try:
            data = await session.execute(request)
        except TransportQueryError as error:
            # gql sends the document printed anew, so that is the text which the server's line numbers are about.
            raise query_error(error.errors or [], data=error.data, text=print_ast(document)) from None
        except TimeoutError:
            raise self._timed_out() from None
        except TransportError as error:
            raise self._translate(error) from None
        except (AssertionError, AttributeError, TypeError):
            # gql takes it for granted that an answer has data or errors, and that these are what they should be.
            data = None
        if not isinstance(data, dict):
            raise _StrangeAnswerError(self._no_dagster("what it answered is not GraphQL"))
        return data

    def _timed_out(self) -> RequestTimeoutError:
        return RequestTimeoutError(
            f"{self.address.root} did not answer within {self._timeout:g} s. Ask for less at once (page_size=), or "
            f"give it longer: connect(..., timeout={max(2 * self._timeout, 1):g})."
        )

    def _translate(self, error: TransportError) -> DagsterNbError:
        """Say in a readable line what a transport's error means."""
        root, cause = self.address.root, error.__cause__
        if isinstance(cause, DagsterNbError):
            return cause
        if isinstance(cause, aiohttp.ConnectionTimeoutError):
            return ConnectionFailedError(
                f"{root} does not answer: no connection within {_CONNECT_SECONDS:g} s. Is the host right, and "
                f"reachable?"
            )
        if isinstance(cause, TimeoutError):
            return self._timed_out()
        if isinstance(cause, aiohttp.ClientConnectorCertificateError | aiohttp.ClientConnectorSSLError):
            return ConnectionFailedError(
                f"{root} could not prove who it is ({cause.__class__.__name__}). Give its certificate with "
                f"connect(..., ssl=ssl.create_default_context(cafile=...)), or use http:// if it has none."
            )
        if isinstance(cause, aiohttp.ClientConnectorDNSError) or isinstance(
            getattr(cause, "os_error", None), socket.gaierror
        ):
            return ConnectionFailedError(f"no host is called {self.address.host!r}. Check the address: {root}")
        if isinstance(cause, aiohttp.ClientConnectorError):
            return ConnectionFailedError(
                f"nothing is listening at {root}. Is Dagster running? Start it with `dagster dev`, or give the right "
                f"address: connect('http://host:port'). For a server that is still starting: connect(..., wait=60)."
            )
        if isinstance(error, TransportServerError):
            return self._status_error(error.code or 0)
        if isinstance(error, TransportProtocolError):
            return _StrangeAnswerError(self._no_dagster("what it answered is not GraphQL"))
        if isinstance(error, TransportConnectionFailed | TransportClosed):
            return _LostAnswerError(f"the connection to {root} broke: {cause or error}")
        return ConnectionFailedError(f"{root}: {error}")

    def _no_dagster(self, reason: str) -> str:
        return (
            f"no Dagster at {self.address.root}: {reason}. Give the address that you see Dagster's pages under, with "
            f"the path prefix if it has one."
        )

    def _status_error(self, status: int) -> DagsterNbError:
        root = self.address.root
        if status in {401, 403, 407}:
            return UnauthorizedError(
                f"{root} refused the request (HTTP {status}). Give a valid token: connect(..., token=...), or the "
                f"headers that your proxy asks for: connect(..., headers={{...}})."
            )
        if status in _BUSY_STATUSES:
            return _LostAnswerError(
                f"{root} answered HTTP {status}: the server, or a proxy before it, is in trouble. Try again, and look "
                f"at its log."
            )
        return ConnectionFailedError(self._no_dagster(f"{self.address.graphql} answered HTTP {status}"))

    async def _refuse(self, response: aiohttp.ClientResponse) -> None:
        """Turn an HTTP error into one of ours, unless GraphQL speaks from its body."""
        if response.status < 300:  # noqa: PLR2004 - HTTP's own border between answers and the rest
            return
        if "Location" in response.headers:
            # Followed, a redirect would carry the token to whatever host it names.
            raise ConnectionFailedError(self._no_dagster(f"it redirects to {response.headers['Location']!r}"))
        if response.status in {400, 500} and "json" in response.content_type:
            # Dagster answers a document that it cannot execute with status 400, and one whose answer holds a
            # PythonError with 500; either says all in the body.
            body = await response.json()
            if isinstance(body, dict) and ("errors" in body or "data" in body):
                return
        raise self._status_error(response.status)


class _HttpTransport(AIOHTTPTransport):
    """gql's transport with a connector of our own, which can only be made inside the loop that it belongs to."""

    async def connect(self) -> None:
        connector = aiohttp.TCPConnector(keepalive_timeout=_KEEPALIVE_SECONDS)
        self.client_session_args = {**(self.client_session_args or {}), "connector": connector}
        await super().connect()

    async def execute(self, request: GraphQLRequest, **options: Any) -> ExecutionResult:  # noqa: ANN401 - gql's own
        return await super().execute(request, extra_args={"allow_redirects": False}, **options)


class _LostAnswerError(ConnectionFailedError):
    """A request may have reached the server, and no answer came back: safe to repeat for reads alone."""


class _StrangeAnswerError(ConnectionFailedError):
    """An answer came that no Dagster gives: nothing to repeat, and nothing known of what was asked."""


class _WorthAnotherTry:
    """Whether a read that failed is worth another try: what was refused is not, and silence is once."""

    def __init__(self) -> None:
        self._timed_out = False

    def __call__(self, state: RetryCallState) -> bool:
        error = state.outcome.exception() if state.outcome is not None else None
        if isinstance(error, RequestTimeoutError):
            again, self._timed_out = not self._timed_out, True
            return again
        return isinstance(error, _LostAnswerError)


def query_error(
    errors: Sequence[Any],
    *,
    data: dict[str, Any] | None = None,
    text: str = "",
    refused_by: str = "the server refused the query",
) -> QueryError:
    """Return GraphQL errors as one error, with the places in the document marked.

    Parameters
    ----------
    errors
        The ``errors`` of an answer.
    data
        Its ``data``, if any.
    text
        The document that they are about.
    refused_by
        How the message begins.

    Examples
    --------
    >>> print(query_error([{"message": "no such field", "locations": [{"line": 1, "column": 3}]}], text="{ runz }"))
    the server refused the query: no such field
      line 1: { runz }
                ^
    """
    plain = [error if isinstance(error, dict) else {"message": str(error)} for error in errors]
    described = [_marked(error, text.splitlines()) for error in plain]
    return QueryError(f"{refused_by}: {chr(10).join(described)}", errors=plain, data=data)


def _marked(error: dict[str, Any], lines: Sequence[str]) -> str:
    described = str(error.get("message") or "it gave no message")
    for location in error.get("locations") or []:
        line, column = location["line"], location["column"]
        if 0 < line <= len(lines):
            prefix = f"  line {line}: "
            described += f"\n{prefix}{lines[line - 1]}\n{' ' * (len(prefix) + column - 1)}^"
    return described
