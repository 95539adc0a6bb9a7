"""A run's events as they happen: pushed through a websocket, or asked for where websockets are not let through.

Every event has a place in the run's log, and a cursor says how far the log was read. Both ways go on from the same
cursor, so that none is lost or repeated where one way takes over from the other.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import aiohttp
import anyio
from gql import GraphQLRequest
from gql.transport.aiohttp import AIOHTTPTransport
from gql.transport.aiohttp_websockets import AIOHTTPWebsocketsTransport
from gql.transport.exceptions import TransportError

from dagster_nb.errors import UnsupportedServerError
from dagster_nb.graphql.answers import unwrap

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator
    from types import SimpleNamespace

    from dagster_nb.graphql.server import Server

__all__ = ["Batch", "follow_events"]

Event = dict[str, Any]

# Dagster's webserver speaks the older Apollo protocol, under this name.
_SUBPROTOCOL = "graphql-ws"
_EVENTS_PER_REQUEST = 1_000
_SECONDS_BETWEEN_LOOKS = 1.0
# A step writes several events at once; told together they cost whoever listens one frame.
_GATHERING_SECONDS = 0.1
# With its default storage Dagster can miss that a log has grown, until it grows again; so a silence is looked into.
_SILENCE_SECONDS = 2.0
# So many websockets in a row may break, or bring nothing though there is something; then the log is asked for instead.
_CHANCES = 2
# The process of a run writes its last words just after the event that ends the run.
_LAST_WORDS_SECONDS = 1.0
_SECONDS_BETWEEN_LAST_LOOKS = 0.2
_OPENING_SECONDS = 5.0
_CLOSING_SECONDS = 2.0
_ENDINGS = frozenset({"RunSuccessEvent", "RunFailureEvent", "RunCanceledEvent"})
_FINISHED = frozenset({"SUCCESS", "FAILURE", "CANCELED"})


@dataclass(frozen=True, slots=True)
class Batch:
    """Some events.

    Parameters
    ----------
    events
        As the server tells them, oldest first; none where only time has passed.
    mode
        ``"live"`` while events are pushed, ``"polling"`` while they are asked for.
    """

    events: list[Event]
    mode: str


async def follow_events(
    server: Server, run_id: str, *, new_only: bool = False, heartbeat: float | None = None
) -> AsyncGenerator[Batch]:
    """Yield a run's events in batches, oldest first and each once, until the run has finished and all is told.

    Parameters
    ----------
    server
        Whom to ask. The websocket carries the headers of its session.
    run_id
        The run.
    new_only
        Whether to leave out what has happened already.
    heartbeat
        Yield an empty batch at least every so many seconds in which nothing happens; None yields none.

    Raises
    ------
    RunNotFoundError
        If the server knows no such run, or it is deleted meanwhile.
    ConnectionFailedError, RequestTimeoutError, UnauthorizedError
    """
    log = _Log(server, run_id)
    if new_only:
        await log.skip()
    http = server.session._transport  # noqa: SLF001 - the websocket goes where it goes, with what it sends
    chances = _CHANCES if isinstance(http, AIOHTTPTransport) else 0
    while True:
        if events := await log.read():
            yield Batch(events, "live" if chances else "polling")
        elif await log.is_over():
            return
        elif chances and not log.has_ending:
            chances -= 1
            try:
                async with _websocket(http) as transport, aclosing(_listen(transport, log, heartbeat)) as heard:
                    async for events in heard:
                        if events:
                            chances = _CHANCES
                        yield Batch(events, "live")
            except (_RefusedError, UnsupportedServerError):
                chances = 0
        else:
            async for _ in _ticks(_SECONDS_BETWEEN_LAST_LOOKS if log.has_ending else _SECONDS_BETWEEN_LOOKS, heartbeat):
                yield Batch([], "live" if chances else "polling")


class _Log:
    """How far a run's log was read."""

    def __init__(self, server: Server, run_id: str):
        self.run_id = run_id
        self.cursor: str | None = None
        self.has_ending = False
        self.server = server
        self._last_news = time.monotonic()

    async def read(self) -> list[Event]:
        """Ask for the next events; none if there are none yet."""
        connection = await self._ask("events")
        return self.take(connection["events"], connection["cursor"])

    async def skip(self) -> None:
        """Pass over all events that there are."""
        has_more = True
        while has_more:
            connection = await self._ask("log_end")
            self.cursor, has_more = connection["cursor"], connection["hasMore"]

    def take(self, events: list[Event], cursor: str) -> list[Event]:
        """Note that the log is read up to there."""
        self.cursor = cursor
        if events:
            self._last_news = time.monotonic()
            self.has_ending = self.has_ending or any(event["__typename"] in _ENDINGS for event in events)
        return events

    async def is_over(self) -> bool:
        """Tell whether the run has finished, and its process has had the time to say its last words."""
        variables = {"runIds": [self.run_id], "limit": 1}
        answer = await self.server.query("run_states", variables)
        states = unwrap(answer["runsOrError"], "Runs")["results"]
        if not states or states[0]["status"] not in _FINISHED:
            return False
        self.has_ending = True
        return time.monotonic() - self._last_news >= _LAST_WORDS_SECONDS

    async def _ask(self, document: str) -> dict[str, Any]:
        variables = {"runId": self.run_id, "cursor": self.cursor, "limit": _EVENTS_PER_REQUEST}
        answer = await self.server.query(document, variables)
        return unwrap(answer["logsForRun"], "EventConnection")


async def _ticks(seconds: float, heartbeat: float | None) -> AsyncIterator[None]:
    """Wait, yielding at every heartbeat."""
    if heartbeat is None:
        await asyncio.sleep(seconds)
        return
    while seconds > 0:
        await asyncio.sleep(min(heartbeat, seconds))
        seconds -= heartbeat
        yield


class _RefusedError(Exception):
    """No websocket is let through."""


async def _listen(
    transport: AIOHTTPWebsocketsTransport, log: _Log, heartbeat: float | None
) -> AsyncGenerator[list[Event]]:
    """Yield what a websocket brings after the log's cursor.

    Ends when it breaks, when it has missed something, and when the run has ended.
    """
    request = GraphQLRequest(log.server.fitted("run_logs"), variable_values={"runId": log.run_id, "cursor": log.cursor})
    told: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue()
    pump = asyncio.create_task(_pump(transport, request, told))
    try:
        silence = 0.0
        while not log.has_ending:
            patience = min(heartbeat or _SILENCE_SECONDS, _SILENCE_SECONDS - silence)
            try:
                parts = [await asyncio.wait_for(told.get(), patience)]
            except TimeoutError:
                silence += patience
                if silence >= _SILENCE_SECONDS:
                    silence = 0.0
                    if missed := await log.read():
                        # What the websocket may still bring of these would be told twice.
                        yield missed
                        return
                    await log.is_over()
                if heartbeat is not None:
                    yield []
                continue
            silence = 0.0
            await asyncio.sleep(_GATHERING_SECONDS)
            while not told.empty():
                parts.append(told.get_nowait())
            whole = [part for part in parts if part is not None]
            if events := [event for part in whole for event in log.take(part["messages"], part["cursor"])]:
                yield events
            if len(whole) < len(parts):
                return
    finally:
        pump.cancel()


async def _pump(
    transport: AIOHTTPWebsocketsTransport, request: GraphQLRequest, told: asyncio.Queue[dict[str, Any] | None]
) -> None:
    """Put what a websocket brings into a queue, and None when it breaks or answers with an error."""
    with suppress(TransportError):
        async for result in transport.subscribe(request):
            part = (result.data or {}).get("pipelineRunLogs") or {}
            # Whatever is wrong, asking for the log says it better.
            if result.errors or part.get("__typename") != "PipelineRunLogsSubscriptionSuccess":
                break
            told.put_nowait(part)
    told.put_nowait(None)


@asynccontextmanager
async def _websocket(http: Any) -> AsyncIterator[AIOHTTPWebsocketsTransport]:  # noqa: ANN401 - gql types it loosely
    """Open a websocket to where another transport's requests go, and close it whatever happens.

    Raises
    ------
    _RefusedError
        If it cannot be opened.
    """
    redirects = aiohttp.TraceConfig()
    redirects.on_request_redirect.append(_refuse_redirect)
    transport = AIOHTTPWebsocketsTransport(
        url=http.url,
        subprotocols=[_SUBPROTOCOL],
        headers=http.headers,
        ssl=http.ssl,
        client_session_args={"trust_env": http.client_session_args["trust_env"], "trace_configs": [redirects]},
        # A single event can be longer than aiohttp's four megabytes.
        connect_args={"max_msg_size": 0},
        connect_timeout=_OPENING_SECONDS,
        ack_timeout=_OPENING_SECONDS,
        close_timeout=_CLOSING_SECONDS,
        ssl_close_timeout=_CLOSING_SECONDS,
    )
    try:
        try:
            await transport.connect()
        except (TransportError, TimeoutError) as error:
            raise _RefusedError from error
        yield transport
    finally:
        # Who is cancelled is cancelled again at every wait, and would leave the socket open.
        with anyio.move_on_after(_CLOSING_SECONDS, shield=True):
            await transport.close()
            # Of a connection that did not come about the transport knows nothing to close.
            await transport.adapter.close()


async def _refuse_redirect(
    _session: aiohttp.ClientSession, _context: SimpleNamespace, _parameters: aiohttp.TraceRequestRedirectParams
) -> None:
    """Keep the token from going to whatever host a redirect names."""
    raise aiohttp.ClientError("a redirect")
