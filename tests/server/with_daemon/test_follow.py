"""`follow` yields the same events as `events`, through a websocket and by polling."""

from __future__ import annotations

from contextlib import asynccontextmanager

import anyio
import pandas as pd
import pytest

import dagster_nb as dnb
from dagster_nb.graphql import event_stream
from dagster_nb.sandbox.demo import dagster_yaml
from dagster_nb.sandbox.local_dagster import LocalDagster

pytestmark = pytest.mark.anyio
JOB = {"job": "train_forecast", "run_config": {"ops": {"train_model": {"config": {"target": "sales"}}}}}


@pytest.fixture(scope="module")
def server():
    with LocalDagster(dagster_yaml=dagster_yaml(), path_prefix="/x") as server:
        yield server


async def collect(client, run, **options):
    frames = [frame async for frame in client.follow(run, **options)]
    modes = [frame.attrs["dagster_nb"]["mode"] for frame in frames]
    events = pd.concat(frames, ignore_index=True).sort_values("timestamp", kind="stable", ignore_index=True)
    return events, modes


async def test_all_events_arrive_once_through_a_websocket_and_by_polling(server, monkeypatch):
    async with dnb.AsyncDagsterClient(server.url) as pushed, dnb.AsyncDagsterClient(server.url) as polled:
        open_one = event_stream._websocket

        @asynccontextmanager
        async def refuse_one(http):
            if http is polled._session._transport:
                raise event_stream._WebsocketUnavailableError
            async with open_one(http) as transport:
                yield transport

        monkeypatch.setattr(event_stream, "_websocket", refuse_one)
        monkeypatch.setattr(event_stream, "_OPENING_SECONDS", 60.0)  # no polling on a slow machine
        run = await pushed.launch(**JOB)
        results = {}

        async def follow(name, client):
            results[name] = await collect(client, run)

        with anyio.fail_after(240):
            async with anyio.create_task_group() as group:
                group.start_soon(follow, "pushed", pushed)
                group.start_soon(follow, "polled", polled)
        events = await pushed.events(run)
        assert (await run.refresh()).status == "SUCCESS"
        for name, mode in (("pushed", "live"), ("polled", "polling")):
            received, modes = results[name]
            pd.testing.assert_frame_equal(received, events)
            assert modes[-1] == mode
        assert set(results["pushed"][1]) == {"live"}
        assert {"RUN_ENQUEUED", "RUN_SUCCESS"} <= set(events["event_type"].dropna())


async def test_a_terminated_run_is_followed_to_its_end(server):
    async with dnb.AsyncDagsterClient(server.url) as client:
        run = await client.launch("watch_clickstream")
        with anyio.fail_after(240):
            async for events in client.follow(run):
                if "STEP_START" in set(events["event_type"]):
                    await run.terminate()
            assert (await run.refresh()).status == "CANCELED"
            # Wait for the event that the run's process adds after the run has ended.
            while not (events := await client.events(run))["message"].str.startswith("Process for run exited").any():  # noqa: ASYNC110
                await anyio.sleep(0.1)
            received, _ = await collect(client, run)
            pd.testing.assert_frame_equal(received, events)
            assert [len(frame) async for frame in client.follow(run, new_only=True)] == [], (
                "a finished run has no new events"
            )


async def test_following_a_run_that_never_existed_raises_an_error(server):
    async with dnb.AsyncDagsterClient(server.url) as client:
        with pytest.raises(dnb.RunNotFoundError):
            await anext(client.follow("5a0e0000-0000-4000-8000-000000000000"))
