"""The client follows a run in progress through Dagster's websocket."""

from __future__ import annotations

import anyio
import pandas as pd
import pytest

import dagster_nb as dnb

pytestmark = [pytest.mark.capability("follow"), pytest.mark.anyio]


async def test_every_event_of_a_run_is_received_once(dagster):
    async with dnb.AsyncDagsterClient(dagster.url) as client:
        run = await client.launch("quick", op_selection="load")
        with anyio.fail_after(240):
            frames = [frame async for frame in client.follow(run)]
        assert {frame.attrs["dagster_nb"]["mode"] for frame in frames} == {"live"}
        received = pd.concat(frames, ignore_index=True).sort_values("timestamp", kind="stable", ignore_index=True)
        pd.testing.assert_frame_equal(received, await client.events(run))
        assert {"RUN_ENQUEUED", "STEP_SUCCESS", "RUN_SUCCESS"} <= set(received["event_type"].dropna())
        assert (await run.refresh()).status == "SUCCESS"
        assert (await client.steps(run))["step_key"].tolist() == ["load"]


async def test_events_are_pushed_while_the_run_is_in_progress(dagster):
    async with dnb.AsyncDagsterClient(dagster.url) as client:
        run = await client.launch("hang")
        received = set()
        with anyio.fail_after(240):
            async for frame in client.follow(run):
                assert frame.attrs["dagster_nb"]["mode"] == "live"
                received |= set(frame["event_type"].dropna())
                if "STEP_START" in set(frame["event_type"].dropna()):
                    assert (await run.refresh()).status == "STARTED"
                    await client.terminate(run)
        assert {"STEP_START", "RUN_CANCELED"} <= received
