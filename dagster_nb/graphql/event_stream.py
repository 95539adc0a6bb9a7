"""Follow a run's events as they happen: over a websocket, or by polling if websockets are blocked.

Every event has a position in the run's event log. A cursor is the position up to which the log has been read. The
websocket and polling use the same cursors, so switching from one to the other neither loses nor repeats events.
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
from dagster_nb.graphql.limited_response import MAX_RESPONSE_BYTES
from dagster_nb.graphql.repeated_page import check_event_page
from dagster_nb.graphql.responses import unwrap
from dagster_nb.statuses import FINISHED

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator
    from types import SimpleNamespace

    from dagster_nb.graphql.dagster_api import DagsterApi

__all__ = ["Batch", "follow_events"]

Event = dict[str, Any]

# The name of the older Apollo protocol, which Dagster's webserver uses.
_SUBPROTOCOL = "graphql-ws"
_EVENTS_PER_REQUEST = 1_000
_POLLING_SECONDS = 1.0
# A step writes several events at the same time. Wait briefly, so that all of them are in one frame.
_COLLECTING_SECONDS = 0.1
# With its default storage, Dagster may not notice a new event until the next one is written. Therefore, after some time
# without events, the log is read with a query.
_SILENCE_SECONDS = 2.0
# If this many websockets in a row break or miss events, poll the log instead.
_MAX_BROKEN_WEBSOCKETS = 2
# A run's process writes a few more events just after the event that ends the run.
_LAST_EVENTS_SECONDS = 1.0
_FINAL_POLLING_SECONDS = 0.2
_OPENING_SECONDS = 5.0
_CLOSING_SECONDS = 2.0
_ENDINGS = frozenset({"RunSuccessEvent", "RunFailureEvent", "RunCanceledEvent"})


@dataclass(frozen=True, slots=True)
class Batch:
    """Events that arrived together.

    Parameters
    ----------
    events
        The events as the server returns them, oldest first; empty for a heartbeat.
    mode
        ``"live"`` if the events came through a websocket, ``"polling"`` if they were requested.
    """

    events: list[Event]
    mode: str


async def follow_events(
    api: DagsterApi, run_id: str, *, new_only: bool = False, heartbeat: float | None = None
) -> AsyncGenerator[Batch]:
    """Yield a run's events in batches, oldest first and without duplicates, until the run has finished.

    Parameters
    ----------
    api
        The server. The websocket sends the same headers as the session.
    run_id
        The run.
    new_only
        Whether to leave out existing events.
    heartbeat
        The interval in seconds at which empty batches are yielded while there are no events. If None, no empty batches
        are yielded.

    Raises
    ------
    RunNotFoundError
        If the server has no such run, or if the run is deleted while it is followed.
    ConnectionFailedError, RequestTimeoutError, UnauthorizedError
    """
    log = _Log(api, run_id)
    if new_only:
        await log.skip()
    http = api.session._transport  # noqa: SLF001 - the websocket uses its address and headers
    websockets_left = _MAX_BROKEN_WEBSOCKETS if isinstance(http, AIOHTTPTransport) else 0
    while True:
        if events := await log.read():
            yield Batch(events, "live" if websockets_left else "polling")
        elif await log.is_over():
            return
        elif websockets_left and not log.has_ending:
            websockets_left -= 1
            try:
                async with _websocket(http) as transport, aclosing(_listen(transport, log, heartbeat)) as heard:
                    async for events in heard:
                        if events:
                            websockets_left = _MAX_BROKEN_WEBSOCKETS
                        yield Batch(events, "live")
            except (_WebsocketUnavailableError, UnsupportedServerError):
                websockets_left = 0
        else:
            async for _ in _heartbeats(_FINAL_POLLING_SECONDS if log.has_ending else _POLLING_SECONDS, heartbeat):
                yield Batch([], "live" if websockets_left else "polling")


class _Log:
    """A run's event log, and the position up to which it has been read."""

    def __init__(self, api: DagsterApi, run_id: str):
        self.run_id = run_id
        self.cursor: str | None = None
        self.has_ending = False
        self.api = api
        self._last_event_at = time.monotonic()
        self._last_read_at = self._last_event_at
        self._found_finished_at: float | None = None

    async def read(self) -> list[Event]:
        """Request the next events, and return an empty list if there are none yet."""
        self._last_read_at = time.monotonic()
        connection = await self._request("events")
        return self.take(connection["events"], connection["cursor"])

    async def skip(self) -> None:
        """Move the cursor past all existing events."""
        has_more = True
        while has_more:
            connection = await self._request("event_log_end")
            self.cursor, has_more = connection["cursor"], connection["hasMore"]

    def take(self, events: list[Event], cursor: str) -> list[Event]:
        """Record that the log has been read up to a cursor."""
        self.cursor = cursor
        if events:
            self._last_event_at = time.monotonic()
            self.has_ending = self.has_ending or any(event["__typename"] in _ENDINGS for event in events)
        return events

    async def is_over(self) -> bool:
        """Return whether the run has finished and the last read began late enough to include the run's last events.

        The run may have finished after the last read, so the read counts only if it began after the run was known to be
        finished.
        """
        variables = {"runIds": [self.run_id], "limit": 1}
        data = await self.api.query("run_states", variables)
        states = unwrap(data["runsOrError"], "Runs")["results"]
        if not states or states[0]["status"] not in FINISHED:
            return False
        self.has_ending = True
        if self._found_finished_at is None:
            self._found_finished_at = time.monotonic()
        return self._last_read_at - max(self._found_finished_at, self._last_event_at) >= _LAST_EVENTS_SECONDS

    async def _request(self, document: str) -> dict[str, Any]:
        variables = {"runId": self.run_id, "cursor": self.cursor, "limit": _EVENTS_PER_REQUEST}
        data = await self.api.query(document, variables)
        connection = unwrap(data["logsForRun"], "EventConnection")
        check_event_page(connection, self.cursor)
        return connection


async def _heartbeats(seconds: float, heartbeat: float | None) -> AsyncIterator[None]:
    """Wait for the given time, and yield at every heartbeat."""
    if heartbeat is None:
        await asyncio.sleep(seconds)
        return
    while seconds > 0:
        await asyncio.sleep(min(heartbeat, seconds))
        seconds -= heartbeat
        yield


class _WebsocketUnavailableError(Exception):
    """Raised if no websocket could be opened."""


async def _listen(
    transport: AIOHTTPWebsocketsTransport, log: _Log, heartbeat: float | None
) -> AsyncGenerator[list[Event]]:
    """Yield the events that a websocket delivers after the log's cursor.

    The iteration ends when the websocket breaks, when it has missed an event, or when the run has ended.
    """
    # A query for the same fields is sent first. If the server rejects the query because of missing fields, the fields
    # are removed from the documents. A websocket would only report an error.
    await log.api.query("events", {"runId": log.run_id, "cursor": log.cursor, "limit": 1})
    request = GraphQLRequest(log.api.document("run_logs"), variable_values={"runId": log.run_id, "cursor": log.cursor})
    received: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue()
    pump = asyncio.create_task(_pump(transport, request, received))
    try:
        silence = 0.0
        while not log.has_ending:
            patience = min(heartbeat or _SILENCE_SECONDS, _SILENCE_SECONDS - silence)
            try:
                parts = [await asyncio.wait_for(received.get(), patience)]
            except TimeoutError:
                silence += patience
                if silence >= _SILENCE_SECONDS:
                    silence = 0.0
                    if missed := await log.read():
                        # The websocket may still deliver these events, and would then repeat them, so it is closed.
                        yield missed
                        return
                    await log.is_over()
                if heartbeat is not None:
                    yield []
                continue
            silence = 0.0
            await asyncio.sleep(_COLLECTING_SECONDS)
            while not received.empty():
                parts.append(received.get_nowait())
            whole = [part for part in parts if part is not None]
            if events := [event for part in whole for event in log.take(part["messages"], part["cursor"])]:
                yield events
            if len(whole) < len(parts):
                return
    finally:
        pump.cancel()


async def _pump(
    transport: AIOHTTPWebsocketsTransport, request: GraphQLRequest, received: asyncio.Queue[dict[str, Any] | None]
) -> None:
    """Put the events from a websocket into a queue. If the websocket breaks or reports an error, put None."""
    with suppress(TransportError):
        async for result in transport.subscribe(request):
            part = (result.data or {}).get("pipelineRunLogs") or {}
            # Polling the log comes next, and gives a better error message.
            if result.errors or part.get("__typename") != "PipelineRunLogsSubscriptionSuccess":
                break
            received.put_nowait(part)
    received.put_nowait(None)


@asynccontextmanager
async def _websocket(http: Any) -> AsyncIterator[AIOHTTPWebsocketsTransport]:  # noqa: ANN401 - gql types it loosely
    """Open a websocket to the address of an HTTP transport, and close it at the end of the block.

    Raises
    ------
    _WebsocketUnavailableError
        If the websocket cannot be opened.
    """
    redirects = aiohttp.TraceConfig()
    redirects.on_request_redirect.append(_refuse_redirect)
    transport = AIOHTTPWebsocketsTransport(
        url=http.url,
        subprotocols=[_SUBPROTOCOL],
        headers=http.headers,
        ssl=http.ssl,
        client_session_args={"trust_env": http.client_session_args["trust_env"], "trace_configs": [redirects]},
        # A single event can exceed aiohttp's default limit of four megabytes.
        connect_args={"max_msg_size": MAX_RESPONSE_BYTES},
        connect_timeout=_OPENING_SECONDS,
        ack_timeout=_OPENING_SECONDS,
        close_timeout=_CLOSING_SECONDS,
        ssl_close_timeout=_CLOSING_SECONDS,
    )
    try:
        try:
            await transport.connect()
        except (TransportError, TimeoutError) as error:
            raise _WebsocketUnavailableError from error
        yield transport
    finally:
        # In a canceled task, every await would be canceled too, and the socket would stay open.
        with anyio.move_on_after(_CLOSING_SECONDS, shield=True):
            await transport.close()
            # After a failed connection, the transport would not close its HTTP session.
            await transport.adapter.close()


async def _refuse_redirect(
    _session: aiohttp.ClientSession, _context: SimpleNamespace, _parameters: aiohttp.TraceRequestRedirectParams
) -> None:
    """Reject redirects, so that the token is not sent to another host."""
    raise aiohttp.ClientError("the server redirects this request; connect to the address that it redirects to")
