"""A run can be followed even if websockets are refused, break, miss events, or are redirected."""

from __future__ import annotations

import asyncio
import gc
import signal
import threading

import anyio
import pytest
from aiohttp import WSMsgType, web

import dagster_nb as dnb
from dagster_nb.graphql import event_stream
from tests.unit import altered_schemas
from tests.unit.fake import FakeDagster, make_run

pytestmark = pytest.mark.anyio
RUN = make_run(1)["runId"]


def event(number, kind="LogMessageEvent", event_type=None):
    return {
        "__typename": kind,
        "timestamp": str(1_700_000_000_000 + number),
        "eventType": event_type,
        "level": "INFO",
        "stepKey": None,
        "message": f"event {number}",
        "error": None,
    }


class FakeLog(FakeDagster):
    """A fake Dagster with a run that receives new events, and with scripted websockets.

    Attributes
    ----------
    sockets
        One coroutine function per websocket, which takes the socket and the cursor. If there are more websockets than
        functions, the last function is used again.
    """

    def __init__(self, events=0):
        super().__init__()
        self.runs = [make_run(1, status="STARTED")]
        self.log = [event(number) for number in range(events)]
        self.sockets = [self.serve]
        self.opened = []
        self.closed = threading.Event()
        self.answers = {"logsForRun": self.page}

    def finish(self):
        self.log.append(event(len(self.log), "RunSuccessEvent", "RUN_SUCCESS"))
        self.runs[0]["status"] = "SUCCESS"

    def page(self, _info, runId, afterCursor=None, limit=None):  # noqa: N803 - the schema's names
        if not self.runs:
            return {"__typename": "RunNotFoundError", "runId": runId, "message": "gone"}
        start = int(afterCursor or 0)
        events = self.log[start : start + limit]
        has_more = start + limit < len(self.log)
        return {
            "__typename": "EventConnection",
            "events": events,
            "cursor": str(start + len(events)),
            "hasMore": has_more,
        }

    async def serve(self, socket, cursor):
        """Push new events in the way that Dagster does."""
        while not socket.closed:
            while cursor < len(self.log):
                cursor += 1
                await self.push(socket, self.log[cursor - 1 : cursor], cursor)
            await asyncio.sleep(0.01)

    async def push(self, socket, events, cursor):
        part = {"__typename": "PipelineRunLogsSubscriptionSuccess", "messages": events, "cursor": str(cursor)}
        await socket.send_json({"type": "data", "id": "1", "payload": {"data": {"pipelineRunLogs": part}}})

    def routes(self):
        return [web.get("/graphql", self._websocket), web.get("/elsewhere", self._websocket)]

    async def _websocket(self, request):
        self.opened.append((request.path, dict(request.headers)))
        behave = self.sockets.pop(0) if len(self.sockets) > 1 else self.sockets[0]
        if not asyncio.iscoroutinefunction(behave):
            raise behave
        socket = web.WebSocketResponse(protocols=["graphql-ws"])
        await socket.prepare(request)
        assert (await socket.receive_json())["type"] == "connection_init"
        await socket.send_json({"type": "connection_ack"})
        start = await socket.receive_json()
        serving = asyncio.create_task(behave(socket, int(start["payload"]["variables"]["cursor"])))
        while (await socket.receive()).type not in {WSMsgType.CLOSE, WSMsgType.CLOSED, WSMsgType.CLOSING}:
            pass
        serving.cancel()
        await socket.close()
        self.closed.set()
        return socket


@pytest.fixture
def fake():
    with FakeLog(events=3) as fake:
        yield fake


@pytest.fixture(autouse=True)
def _short_intervals(monkeypatch):
    for name, seconds in {
        "_POLLING_SECONDS": 0.05,
        "_COLLECTING_SECONDS": 0.02,
        "_SILENCE_SECONDS": 0.3,
        "_LAST_EVENTS_SECONDS": 0.1,
        "_FINAL_POLLING_SECONDS": 0.02,
    }.items():
        monkeypatch.setattr(event_stream, name, seconds)


async def follow(fake, *, steps=(), only_in=None):
    """Follow a run.

    At each heartbeat (in the mode ``only_in``, if given), the run executes a step. The last step ends the run.
    """
    messages, modes = [], []
    left = [*steps, fake.finish]
    async with dnb.AsyncDagsterClient(fake.url) as client:
        with anyio.fail_after(60):
            async for frame in client.follow(RUN, heartbeat=0.02):
                messages += frame["message"].tolist()
                modes.append(frame.attrs["dagster_nb"]["mode"])
                if frame.empty and left and only_in in (None, modes[-1]):
                    left.pop(0)()
    return messages, modes


def all_messages(fake):
    return [event["message"] for event in fake.log]


def grow(fake, count=2):
    return lambda: fake.log.extend([event(len(fake.log) + number) for number in range(count)])


async def test_all_events_arrive_through_one_websocket(fake):
    messages, modes = await follow(fake, steps=[grow(fake), grow(fake)])
    assert messages == all_messages(fake)
    assert set(modes) == {"live"}
    assert len(fake.opened) == 1


async def test_a_refused_websocket_is_not_retried(fake):
    fake.sockets = [web.HTTPForbidden()]
    messages, modes = await follow(fake, steps=[grow(fake), grow(fake), grow(fake)])
    assert messages == all_messages(fake)
    assert modes[0] == "live"
    assert set(modes[1:]) == {"polling"}
    assert len(fake.opened) == 1


async def test_a_websocket_that_breaks_after_some_events_is_reopened(fake):
    async def die(socket, cursor):
        grow(fake, 5)()
        await fake.push(socket, fake.log[cursor : cursor + 2], cursor + 2)
        socket._req.transport.close()

    fake.sockets = [die, die, fake.serve]
    messages, modes = await follow(fake, steps=[grow(fake), grow(fake)])
    assert messages == all_messages(fake)
    assert set(modes) == {"live"}
    assert len(fake.opened) == 3


async def test_websockets_that_break_immediately_are_replaced_by_polling(fake):
    async def die(socket, _cursor):
        await socket.close()

    fake.sockets = [die]
    messages, modes = await follow(fake, steps=[grow(fake), grow(fake)], only_in="polling")
    assert messages == all_messages(fake)
    assert modes[-1] == "polling"
    assert len(fake.opened) == 2


@pytest.mark.parametrize("answer", ["failure", "errors", "error", "nonsense"])
async def test_a_websocket_that_returns_an_error_is_replaced_by_polling(fake, answer):
    messages = {
        "failure": {"type": "data", "id": "1", "payload": {"data": {"pipelineRunLogs": {"__typename": "Failure"}}}},
        "errors": {"type": "data", "id": "1", "payload": {"data": None, "errors": [{"message": "no"}]}},
        "error": {"type": "error", "id": "1", "payload": {"message": "no"}},
        "nonsense": {"type": "whatever"},
    }

    async def refuse(socket, _cursor):
        await socket.send_json(messages[answer])

    fake.sockets = [refuse]
    messages, modes = await follow(fake, steps=[grow(fake)], only_in="polling")
    assert messages == all_messages(fake)
    assert modes[-1] == "polling"


async def test_a_message_that_is_too_large_is_not_read_from_a_websocket(fake, monkeypatch):
    monkeypatch.setattr(event_stream, "MAX_RESPONSE_BYTES", 5_000)

    async def push_a_huge_event(socket, cursor):
        await fake.push(socket, [{**event(3), "message": "x" * 10_000}], cursor + 1)

    fake.sockets = [push_a_huge_event]
    messages, modes = await follow(fake, steps=[lambda: grow(fake)], only_in="polling")
    assert messages == all_messages(fake)
    assert modes[-1] == "polling"


async def test_events_missed_by_a_websocket_are_found_and_not_repeated(fake):
    async def miss(socket, cursor):
        grow(fake, 4)()
        requests = fake.operations.count("Events")
        while fake.operations.count("Events") == requests:  # noqa: ASYNC110 - there is no event to wait for
            await asyncio.sleep(0.001)
        await fake.serve(socket, cursor)

    fake.sockets = [miss, fake.serve]
    wait = [lambda: None] * 20
    messages, modes = await follow(fake, steps=[*wait, grow(fake)])
    assert messages == all_messages(fake)
    assert set(modes) == {"live"}
    assert len(fake.opened) == 2


async def test_events_after_the_end_of_a_run_are_included(fake):
    async def end(socket, cursor):
        fake.finish()
        asyncio.get_running_loop().call_later(event_stream._LAST_EVENTS_SECONDS / 2, grow(fake, 1))
        await fake.push(socket, fake.log[cursor:], len(fake.log))

    fake.sockets = [end]
    async with dnb.AsyncDagsterClient(fake.url) as client:
        messages = [message async for frame in client.follow(RUN) for message in frame["message"]]
    assert messages == all_messages(fake)
    assert messages[-1] == "event 4"


async def test_a_run_that_finishes_between_two_requests_keeps_its_last_events(fake, monkeypatch):
    monkeypatch.setattr(event_stream, "_LAST_EVENTS_SECONDS", 0.0)
    respond = fake.respond

    async def finish_before_the_status_is_read(body):
        if "query RunStates" in body["query"] and fake.runs[0]["status"] == "STARTED":
            fake.finish()
        return await respond(body)

    monkeypatch.setattr(fake, "respond", finish_before_the_status_is_read)
    async with dnb.AsyncDagsterClient(fake.url) as client:
        with anyio.fail_after(60):
            messages = [message async for frame in client.follow(RUN) for message in frame["message"]]
    assert messages == all_messages(fake)
    assert len(messages) == 4


async def test_following_ends_even_without_an_end_event(fake):
    fake.runs[0]["status"] = "CANCELED"
    async with dnb.AsyncDagsterClient(fake.url) as client:
        messages = [message async for frame in client.follow(RUN) for message in frame["message"]]
    assert messages == all_messages(fake)
    assert fake.opened == []


async def test_a_long_log_arrives_in_pages(fake):
    grow(fake, 2_500)()
    fake.finish()
    async with dnb.AsyncDagsterClient(fake.url) as client:
        frames = [frame async for frame in client.follow(RUN)]
    assert [len(frame) for frame in frames] == [1000, 1000, 504]
    assert [message for frame in frames for message in frame["message"]] == all_messages(fake)


async def test_the_option_new_only_skips_existing_events(fake):
    grow(fake, 2_500)()
    before = len(fake.log)
    async with dnb.AsyncDagsterClient(fake.url) as client:
        with anyio.fail_after(60):
            frames = client.follow(RUN, new_only=True, heartbeat=0.05)
            assert (await anext(frames)).empty
            grow(fake)()
            fake.finish()
            messages = [message async for frame in frames for message in frame["message"]]
    assert messages == all_messages(fake)[before:]


async def test_the_frames_of_heartbeats_have_the_dtypes_of_other_frames(fake):
    async with dnb.AsyncDagsterClient(fake.url) as client:
        frames = client.follow(RUN, heartbeat=0.05)
        first, tick = await anext(frames), await anext(frames)
        await frames.aclose()
    assert len(first) == 3
    assert tick.empty
    assert tick.dtypes.equals(first.dtypes)


async def test_the_log_is_polled_if_the_transport_is_not_http(fake):
    async with fake.async_client() as client:
        frames = client.follow(RUN, heartbeat=0.02)
        modes = [(await anext(frames)).attrs["dagster_nb"]["mode"] for _ in range(3)]
        await frames.aclose()
    assert set(modes) == {"polling"}


async def test_a_deleted_run_raises_an_error(fake):
    async with dnb.AsyncDagsterClient(fake.url) as client:
        frames = client.follow(RUN, heartbeat=0.05)
        while not (await anext(frames)).empty:
            pass
        fake.runs = []
        with anyio.fail_after(60), pytest.raises(dnb.RunNotFoundError):
            async for _ in frames:
                pass
    assert fake.closed.wait(60)


def test_an_invalid_argument_is_reported_immediately():
    client = dnb.AsyncDagsterClient("http://x")
    for wrong in ({"run": 5}, {"run": []}, {"run": "a", "heartbeat": 0}):
        with pytest.raises((ValueError, TypeError)):
            client.follow(**wrong)


async def test_headers_are_not_sent_to_the_target_of_a_redirect(fake):
    fake.sockets = [web.HTTPFound("/elsewhere")]
    async with dnb.AsyncDagsterClient(fake.url, token="do-not-tell", headers={"X-Proxy": "yes"}) as client:
        frames = client.follow(RUN, heartbeat=0.05)
        while (await anext(frames)).attrs["dagster_nb"]["mode"] == "live":
            pass
        await frames.aclose()
    [(path, headers)] = fake.opened
    assert path == "/graphql"
    assert headers["Dagster-Cloud-Api-Token"] == "do-not-tell"
    assert headers["X-Proxy"] == "yes"
    assert headers["Sec-WebSocket-Protocol"] == "graphql-ws"


async def test_canceling_closes_the_socket(fake):
    async def read(client):
        async for frame in client.follow(RUN, heartbeat=0.05):
            if frame.empty:
                following.set()

    following = anyio.Event()
    async with dnb.AsyncDagsterClient(fake.url) as client:
        task = asyncio.create_task(read(client))
        with anyio.fail_after(60):
            await following.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert fake.closed.wait(60)
        assert await client.count_runs() == 1


def test_leaving_the_loop_closes_the_socket_and_leaves_the_client_usable(fake):
    with dnb.DagsterClient(url=fake.url) as client:
        for frame in client.follow(RUN, heartbeat=0.05):
            if frame.empty:
                break
        gc.collect()
        assert fake.closed.wait(60)
        assert client.count_runs() == 1
        grow(fake)()
        fake.finish()
        assert sum(map(len, client.follow(RUN))) == len(fake.log)


def test_ctrl_c_closes_the_socket_and_leaves_the_client_usable(fake):
    async def press(_socket, _cursor):
        signal.raise_signal(signal.SIGINT)

    fake.sockets = [press]
    with dnb.DagsterClient(url=fake.url) as client:
        with pytest.raises(KeyboardInterrupt):
            for _ in client.follow(RUN):
                pass
        assert fake.closed.wait(60)
        assert client.count_runs() == 1


async def test_a_missing_subscription_is_replaced_by_polling(fake):
    fake.schema = altered_schemas.without("Subscription.pipelineRunLogs")
    frames = []
    async with dnb.AsyncDagsterClient(fake.url, progress=False) as client:
        await client.graphql_schema()
        async for frame in client.follow(RUN, heartbeat=0.02):
            if frame.empty and len(fake.log) == 3:
                fake.finish()
            frames.append(frame)
    assert sum(map(len, frames)) == 4
