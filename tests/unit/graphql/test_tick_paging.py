"""Each tick is read exactly once, even if the times of ticks cannot serve as reliable cursors."""

from __future__ import annotations

import asyncio

import pytest

from dagster_nb.graphql import tick_paging


class Server:
    """A server with one tick per second. The times in its responses differ from the times that its filters use."""

    def __init__(self, count, shift):
        self.count, self.shift, self.requests = count, shift, 0

    async def query(self, _document, variables):
        self.requests += 1
        assert self.requests < 100, "the client never stops reading"
        before = variables["before"]
        numbers = [number for number in range(self.count, 0, -1) if before is None or number < before]
        ticks = [{"tickId": str(number), "timestamp": number + self.shift} for number in numbers[: variables["limit"]]]
        return {"instigationStateOrError": {"__typename": "InstigationState", "ticks": ticks}}


@pytest.mark.parametrize("shift", [0.0, 19_800.0])
@pytest.mark.parametrize("count", [0, 1, 15, 20, 21, 55])
def test_each_tick_is_read_once(monkeypatch, count, shift):
    monkeypatch.setattr(tick_paging, "_TICKS_PER_REQUEST", 10)

    async def read():
        return [tick["tickId"] async for tick in tick_paging.iter_ticks(Server(count, shift), {})]

    assert asyncio.run(read()) == [str(number) for number in range(count, 0, -1)]
