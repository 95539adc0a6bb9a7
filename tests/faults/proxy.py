"""A reverse proxy that causes faults, in front of a real or fake Dagster."""

from __future__ import annotations

import asyncio
import json
import re
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from http import HTTPStatus
from itertools import cycle
from typing import TYPE_CHECKING, Any, Self

import aiohttp
from aiohttp import web
from anyio.from_thread import start_blocking_portal

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    Forward = Callable[["Request"], Awaitable["Answer"]]
    Fault = Callable[["Request", Forward], Awaitable["Answer"]]

_OPERATION = re.compile(r"\b(query|mutation|subscription)\s+(\w+)")
# Close idle connections early, because Dagster's webserver closes them after five seconds.
_KEEPALIVE_SECONDS = 4.0
_PIECES = 10
_FLOOD = b"x" * 2**18
_WEBSOCKET = "graphql-ws"
# A websocket that is cut off delivers the server's greeting and the first events.
_MESSAGES_BEFORE_CUT = 2
_NOT_FORWARDED = frozenset(
    {"host", "content-length", "transfer-encoding", "connection", "keep-alive", "date", "server"}
)


@dataclass(frozen=True)
class Request:
    """A client's request.

    Attributes
    ----------
    operation
        The name of the GraphQL operation, or an empty string.
    is_mutation
        Whether the operation is a mutation.
    is_websocket
        Whether the request opens a websocket.
    variables
        The variables of the operation.
    """

    method: str
    path: str
    # Reports of failed tests must not show the headers, which contain a token.
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    operation: str
    variables: Mapping[str, Any]
    is_mutation: bool = False
    is_websocket: bool = False

    @classmethod
    async def read(cls, request: web.Request) -> Self:
        """Read a request and its body."""
        body = await request.read()
        query, variables = "", {}
        if request.method == "POST":
            content = json.loads(body)
            query, variables = content["query"], content.get("variables") or {}
        operation = _OPERATION.search(query)
        return cls(
            request.method,
            request.path_qs,
            _forwarded(request.headers),
            body,
            operation[2] if operation else "",
            variables,
            is_mutation=operation is not None and operation[1] == "mutation",
            is_websocket=request.headers.get("Upgrade", "").lower() == "websocket",
        )

    @property
    def page_size(self) -> int | None:
        """The maximum number of runs on the page, or None if the request does not read runs."""
        return self.variables.get("limit") if b"runsOrError" in self.body else None


@dataclass
class Answer:
    """The proxy's response.

    Attributes
    ----------
    keep
        The number of body bytes to send before closing the connection. 0 sends not even a status; None sends
        everything.
    seconds
        If positive, the body is sent in small pieces during this time.
    flood
        If positive, this many bytes are sent instead of the body, without a ``Content-Length``.
    """

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    keep: int | None = None
    seconds: float = 0.0
    flood: int = 0


@dataclass
class Exchange:
    """A request and the result of sending its response.

    Attributes
    ----------
    status
        The HTTP status, or None if there is no response yet or the client disconnected first.
    sent
        The number of bytes sent in the body or in the websocket's messages.
    is_whole
        Whether the complete body was sent.
    """

    request: Request
    status: int | None = None
    sent: int = 0
    is_whole: bool = False


class Proxy:
    """A proxy in its own thread.

    For a websocket, a fault receives a response with status 101. If the fault returns another status, the proxy refuses
    the websocket. If the fault cuts off the response, the websocket breaks after its first events.

    Parameters
    ----------
    upstreams
        The URLs of the servers. If there are several, requests alternate between them.
    faults
        The faults, starting with the one closest to the client. A test may change the list at any time.

    Attributes
    ----------
    exchanges
        All requests so far, in order of arrival.
    """

    def __init__(self, *upstreams: str, faults: Sequence[Fault] = ()):
        self.faults = list(faults)
        self.exchanges: list[Exchange] = []
        self._upstreams = cycle(upstreams)

    def __enter__(self) -> Self:
        self._portals = start_blocking_portal(name="proxy")
        self._portal = self._portals.__enter__()
        self._portal.call(self._start)
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._portal.call(self._stop)
        self._portals.__exit__(None, None, None)

    @property
    def url(self) -> str:
        host, port = self._runner.addresses[0]
        return f"http://{host}:{port}"

    @property
    def pages(self) -> list[Exchange]:
        """Those exchanges in which the client read a page of runs."""
        return [exchange for exchange in self.exchanges if exchange.request.page_size is not None]

    async def _start(self) -> None:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(keepalive_timeout=_KEEPALIVE_SECONDS),
            timeout=aiohttp.ClientTimeout(total=None),
            auto_decompress=False,
        )
        app = web.Application(client_max_size=2**28)
        app.router.add_route("*", "/{path:.*}", self._handle)
        # Cancel the handler when a client disconnects, so that no request is still in progress when the proxy stops.
        self._runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.5)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()

    async def _stop(self) -> None:
        await self._runner.cleanup()
        await self._session.close()

    async def _handle(self, received: web.Request) -> web.StreamResponse:
        request = await Request.read(received)
        exchange = Exchange(request)
        self.exchanges.append(exchange)
        handle: Forward = self._forward
        for fault in reversed(self.faults):
            handle = partial(fault, forward=handle)
        answer = await handle(request)
        exchange.status = answer.status
        exchange.is_whole = answer.keep is None
        if answer.flood:
            return await _flood(received, answer, exchange)
        if answer.status == HTTPStatus.SWITCHING_PROTOCOLS and answer.keep != 0:
            return await self._relay(received, exchange)
        exchange.sent = len(answer.body) if answer.keep is None else min(answer.keep, len(answer.body))
        return await _send(received, answer)

    async def _relay(self, received: web.Request, exchange: Exchange) -> web.WebSocketResponse:
        """Forward a websocket's messages in both directions."""
        request = exchange.request
        near = web.WebSocketResponse(protocols=[_WEBSOCKET])
        async with self._session.ws_connect(next(self._upstreams) + request.path, protocols=[_WEBSOCKET]) as far:
            await near.prepare(received)

            async def send() -> None:
                async for message in near:
                    await far.send_str(message.data)

            sending = asyncio.create_task(send())
            try:
                count = 0
                async for message in far:
                    await near.send_str(message.data)
                    count += 1
                    exchange.sent += len(message.data)
                    if not exchange.is_whole and count == _MESSAGES_BEFORE_CUT:
                        break
            finally:
                sending.cancel()
                if received.transport is not None:
                    received.transport.close()
        return near

    async def _forward(self, request: Request) -> Answer:
        if request.is_websocket:
            return Answer(HTTPStatus.SWITCHING_PROTOCOLS, body=b"{}")
        async with self._session.request(
            request.method,
            next(self._upstreams) + request.path,
            headers=request.headers,
            data=request.body,
            allow_redirects=False,
        ) as response:
            return Answer(response.status, _forwarded(response.headers), await response.read())


async def _send(received: web.Request, answer: Answer) -> web.StreamResponse:
    response = web.Response(status=answer.status, headers=answer.headers, body=answer.body)
    if answer.seconds:
        return await _drip(received, answer)
    if answer.keep is None:
        return response
    if answer.keep:
        part = web.StreamResponse(status=answer.status, headers=answer.headers)
        part.content_length = len(answer.body)
        await part.prepare(received)
        await part.write(answer.body[: answer.keep])
        response = part
    if received.transport is not None:
        received.transport.close()
    return response


async def _flood(received: web.Request, answer: Answer, exchange: Exchange) -> web.StreamResponse:
    response = web.StreamResponse(status=answer.status, headers=answer.headers)
    response.enable_chunked_encoding()
    await response.prepare(received)
    exchange.is_whole = False
    with suppress(ConnectionResetError):
        await response.write(b'{"data": {"version": "')
        while exchange.sent < answer.flood:
            await response.write(_FLOOD)
            exchange.sent += len(_FLOOD)
        exchange.is_whole = True
    return response


async def _drip(received: web.Request, answer: Answer) -> web.StreamResponse:
    response = web.StreamResponse(status=answer.status, headers=answer.headers)
    response.content_length = len(answer.body)
    await response.prepare(received)
    size = len(answer.body) // _PIECES + 1
    for start in range(0, len(answer.body), size):
        await asyncio.sleep(answer.seconds / _PIECES)
        await response.write(answer.body[start : start + size])
    return response


def _forwarded(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name.lower() not in _NOT_FORWARDED}
