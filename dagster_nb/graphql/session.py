"""The connection to one server, with headers, timeouts, retries, and errors that say what to do next."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from functools import partial
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
from tenacity import AsyncRetrying, wait_exponential, wait_random

from dagster_nb.errors import (
    ConnectionFailedError,
    DagsterNbError,
    OutcomeUnknownError,
    RequestTimeoutError,
    UnauthorizedError,
)
from dagster_nb.graphql.limited_response import LimitedResponse
from dagster_nb.graphql.query_errors import query_error
from dagster_nb.graphql.requests_being_retried import ConnectionProblems
from dagster_nb.graphql.retries import (
    HasTriedEnough,
    IsWorthRetrying,
    LostResponseError,
    ResponseTooLargeError,
    RestartingError,
    UnexpectedResponseError,
    is_cut_off,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from ssl import SSLContext

    from gql.client import AsyncClientSession
    from gql.transport.async_transport import AsyncTransport
    from graphql import DocumentNode, ExecutionResult

    from dagster_nb.graphql.url import ServerAddress

__all__ = ["Session"]

# Dagster's webserver closes an idle connection after five seconds. The client closes idle connections earlier: if the
# server closed a connection while a mutation was being sent, the outcome of the mutation would be unknown.
_KEEPALIVE_SECONDS = 4.0
# If a host has not accepted a connection after this time, it probably never will.
_CONNECT_SECONDS = 10.0
_BUSY_STATUSES = frozenset({408, 425, 429, 500, 502, 503, 504})
# Servers and proxies respond with these statuses if a response is too large or takes too long.
_TOO_LARGE_STATUSES = frozenset({413, 502, 504})
_NOT_GRAPHQL = "its response is not GraphQL"


class Session:
    """A connection that retries failed queries a few times, but sends each mutation only once.

    Parameters
    ----------
    address
        The server.
    headers
        The headers to send with every request. They are never shown.
    timeout
        The maximum duration of one request, in seconds.
    ssl
        A context with the certificates to trust, or False to trust any certificate. None uses the system's
        certificates.
    trust_env
        Whether to use the environment's proxies and ``.netrc`` file.
    transport
        A gql transport to use instead of HTTP, for tests.

    Attributes
    ----------
    latency : float
        The duration of the fastest request so far, in seconds.
    problems : ConnectionProblems
        The requests that are being sent again.
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
        self.latency = float("inf")
        self.problems = ConnectionProblems()
        self._timeout = timeout
        self._transport = transport or _HttpTransport(
            url=address.graphql,
            headers=dict(headers),
            ssl=True if ssl is None else ssl,
            client_session_args={
                "timeout": aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_SECONDS),
                "trust_env": trust_env,
                "response_class": LimitedResponse,
                "raise_for_status": self._check_response,
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
        self,
        document: DocumentNode,
        variables: Mapping[str, Any] | None = None,
        operation_name: str | None = None,
        *,
        may_be_too_large: bool = False,
    ) -> dict[str, Any]:
        """Send a query and return the ``data`` of the response. If the response is lost, send the query again.

        If the server has responded before but now refuses connections, it is probably restarting, so the query is
        retried for ``timeout`` seconds.

        Parameters
        ----------
        document, variables, operation_name
            The contents of the request.
        may_be_too_large
            Whether the caller can send a smaller request instead. If so, a response that is too large or too slow
            raises `ResponseTooLargeError` or `RequestTimeoutError` immediately, without a retry.

        Raises
        ------
        ResponseTooLargeError
            If the status is 413, 502 or 504 and ``may_be_too_large`` is True.
        ConnectionFailedError, RequestTimeoutError, UnauthorizedError, QueryError
        """
        request = object()
        attempts = AsyncRetrying(
            retry=IsWorthRetrying(may_be_too_large=may_be_too_large),
            stop=HasTriedEnough(self._timeout),
            wait=wait_exponential(multiplier=0.1, max=2.0) + wait_random(0, 0.2),
            before_sleep=partial(self.problems.add, request, self.address.root, self._timeout),
            reraise=True,
        )
        try:
            return await attempts(self._execute, document, variables, operation_name)
        except ResponseTooLargeError as error:
            if may_be_too_large:
                raise
            raise ConnectionFailedError(str(error)) from None
        except (LostResponseError, UnexpectedResponseError, RestartingError) as error:
            raise ConnectionFailedError(str(error)) from None
        finally:
            self.problems.remove(request)

    async def write(
        self, document: DocumentNode, variables: Mapping[str, Any] | None = None, operation_name: str | None = None
    ) -> dict[str, Any]:
        """Send a mutation once and return the ``data`` of the response.

        Raises
        ------
        OutcomeUnknownError
            If the mutation was sent and its response was lost.
        ConnectionFailedError
            If the mutation could not be sent. Nothing was changed.
        UnauthorizedError, QueryError
            If the server rejected the mutation.
        """
        try:
            return await self._execute(document, variables, operation_name)
        except (LostResponseError, UnexpectedResponseError, RequestTimeoutError) as error:
            raise OutcomeUnknownError(
                f"the request may or may not have been carried out: {str(error).rstrip('.')}. The request is not "
                f"sent again. Check the runs before you repeat it."
            ) from None
        except RestartingError as error:
            raise ConnectionFailedError(str(error)) from None

    async def read_once(self, document: DocumentNode) -> dict[str, Any]:
        """Send a query without retries, for callers that retry on their own."""
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
            # Values that JSON cannot represent raise an error here, because gql would report them as a failed
            # connection.
            json.dumps(variables)
        request = GraphQLRequest(
            document, variable_values=dict(variables) if variables else None, operation_name=operation_name
        )
        session = await self._open()
        began = time.perf_counter()
        # The transport's errors are not chained, because they contain the headers.
        try:
            data = await session.execute(request)
        except TransportQueryError as error:
            # gql prints the document before sending it, so the line numbers in the server's errors refer to the printed
            # text.
            raise query_error(error.errors or [], data=error.data, text=print_ast(document)) from None
        except TimeoutError:
            raise self._timed_out() from None
        except TransportError as error:
            raise self._translate(error) from None
        except (AssertionError, AttributeError, TypeError):
            # gql raises these errors if the data or the errors of a response have the wrong type.
            data = None
        if not isinstance(data, dict):
            raise UnexpectedResponseError(self._no_dagster(_NOT_GRAPHQL))
        self.latency = min(self.latency, time.perf_counter() - began)
        return data

    def _timed_out(self) -> RequestTimeoutError:
        return RequestTimeoutError(
            f"{self.address.root} did not respond within {self._timeout:g} s. Request less data at a time (limit=, "
            f"page_size=), or allow more time: connect(..., timeout={max(2 * self._timeout, 1):g})."
        )

    def _translate(self, error: TransportError) -> DagsterNbError:
        """Return the `DagsterNbError` for an error of the transport."""
        root, cause = self.address.root, error.__cause__
        if isinstance(cause, DagsterNbError):
            # The traceback includes frames of aiohttp, and their local variables contain the headers.
            return cause.with_traceback(None)
        if not_connected := self._connection_error(cause):
            return not_connected
        if isinstance(cause, TimeoutError):
            return self._timed_out()
        if isinstance(error, TransportServerError):
            return self._status_error(error.code or 0)
        if isinstance(error, TransportProtocolError):
            if is_cut_off(error.__context__):
                return LostResponseError(f"the response from {root} was cut off. Try again, or check the server's log.")
            return UnexpectedResponseError(self._no_dagster(_NOT_GRAPHQL))
        if isinstance(error, TransportConnectionFailed | TransportClosed):
            return LostResponseError(
                f"the connection to {root} was lost ({cause or error}). Check that the server is running."
            )
        return ConnectionFailedError(f"the request to {root} failed ({error}). Check that the server is running.")

    def _connection_error(self, cause: BaseException | None) -> ConnectionFailedError | None:
        """Return the error for a failed connection attempt; None if the error has another cause."""
        root = self.address.root
        if isinstance(cause, aiohttp.ConnectionTimeoutError):
            return ConnectionFailedError(
                f"{root} does not respond: no connection within {_CONNECT_SECONDS:g} s. Check the host name, and "
                f"whether this machine can reach it."
            )
        if isinstance(cause, aiohttp.ClientConnectorCertificateError | aiohttp.ClientConnectorSSLError):
            return ConnectionFailedError(
                f"the TLS certificate of {root} could not be verified ({cause.__class__.__name__}). Pass its "
                f"certificate: connect(..., ssl=ssl.create_default_context(cafile=...)), or use http:// if the server "
                f"does not use TLS."
            )
        if isinstance(cause, aiohttp.ClientConnectorDNSError) or isinstance(
            getattr(cause, "os_error", None), socket.gaierror
        ):
            return ConnectionFailedError(
                f"the host name {self.address.host!r} could not be resolved. Check the address: {root}"
            )
        if isinstance(cause, aiohttp.ClientConnectorError):
            # If the server has responded before, it is probably being restarted.
            kind = ConnectionFailedError if self.latency == float("inf") else RestartingError
            return kind(
                f"nothing is listening at {root}. Start Dagster with `dagster dev`, or give the right address: "
                f"connect('http://host:port'). To wait for a server that is still starting: connect(..., wait=60)."
            )
        return None

    def _no_dagster(self, reason: str) -> str:
        return (
            f"no Dagster at {self.address.root}: {reason}. Give the address that shows Dagster in a browser, including "
            f"the path prefix if there is one."
        )

    def _status_error(self, status: int) -> DagsterNbError:
        root = self.address.root
        if status in {401, 403, 407}:
            return UnauthorizedError(
                f"{root} rejected the request (HTTP {status}). Pass a valid token: connect(..., token=...), or the "
                f"headers that your proxy requires: connect(..., headers={{...}})."
            )
        if status in _TOO_LARGE_STATUSES:
            return ResponseTooLargeError(
                f"{root} responded with HTTP {status}: the response is too large or takes too long, or the server "
                f"behind the proxy is down. Request less data at a time (limit=, page_size=), or check the server's "
                f"log."
            )
        if status in _BUSY_STATUSES:
            return LostResponseError(
                f"{root} responded with HTTP {status}: the server, or a proxy in front of it, has a problem. Try "
                f"again later, or check their logs."
            )
        reason = f"{self.address.graphql} responded with HTTP {status}"
        return ConnectionFailedError(self._no_dagster(reason))

    async def _check_response(self, response: aiohttp.ClientResponse) -> None:
        """Raise the `DagsterNbError` for an HTTP error whose response is not GraphQL."""
        if response.status < 300:  # noqa: PLR2004 - the statuses of success
            return
        if "Location" in response.headers:
            # Following the redirect would send the token to the host in the redirect.
            target = response.headers["Location"]
            reason = f"this address redirects to {target!r}. If that is the address of your Dagster, use it instead"
            raise ConnectionFailedError(self._no_dagster(reason))
        if response.status in {400, 500} and "json" in response.content_type:
            # Dagster responds with 400 to a document that it cannot execute, and with 500 if the data contains a
            # PythonError. In both cases, the body explains the error.
            body = await response.json()
            if isinstance(body, dict) and ("errors" in body or "data" in body):
                return
        if self._is_jupyter(response):
            raise ConnectionFailedError(
                f"no Dagster at {self.address.root}: this is the address of a Jupyter server (JupyterLab or Notebook). "
                f"Use the address that shows Dagster in a browser, such as http://localhost:3000."
            )
        raise self._status_error(response.status)

    def _is_jupyter(self, response: aiohttp.ClientResponse) -> bool:
        # If Dagster is behind a proxy of a Jupyter server, the real problem may be a missing token.
        is_proxy = "/proxy/" in self.address.graphql
        return response.headers.get("Server", "").startswith("TornadoServer") and not is_proxy


class _HttpTransport(AIOHTTPTransport):
    """The HTTP transport of gql, but with our own connector, which must be created inside the event loop."""

    async def connect(self) -> None:
        connector = aiohttp.TCPConnector(keepalive_timeout=_KEEPALIVE_SECONDS)
        self.client_session_args = {**(self.client_session_args or {}), "connector": connector}
        await super().connect()

    async def execute(self, request: GraphQLRequest, **options: Any) -> ExecutionResult:  # noqa: ANN401 - gql's own
        return await super().execute(request, extra_args={"allow_redirects": False}, **options)
