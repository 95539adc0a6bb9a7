"""A coroutine function is called for many items, but only for a few at a time."""

import asyncio

import pytest

from dagster_nb.map_concurrently import MAX_CONCURRENCY, map_concurrently

pytestmark = pytest.mark.anyio


async def test_results_are_in_the_order_of_the_items():
    async def work(number):
        await asyncio.sleep(0.001 * (5 - number))
        return number * 10

    assert await map_concurrently(work, range(5), limit=3) == [0, 10, 20, 30, 40]
    assert await map_concurrently(work, []) == []


async def test_only_a_few_calls_run_concurrently_and_items_are_consumed_lazily():
    running, most, taken = 0, 0, []

    def items():
        for number in range(50):
            taken.append(number)
            yield number

    async def work(number):
        nonlocal running, most
        running += 1
        most = max(most, running)
        assert len(taken) <= number + MAX_CONCURRENCY
        await asyncio.sleep(0)
        running -= 1

    await map_concurrently(work, items())
    assert most == MAX_CONCURRENCY


async def test_a_failure_cancels_the_other_calls_and_is_raised():
    started, stopped = [], []

    async def work(number):
        started.append(number)
        if number == 1:
            raise LookupError("gone")
        try:
            await asyncio.Event().wait()
        finally:
            stopped.append(number)

    with pytest.raises(LookupError):
        await map_concurrently(work, range(100))
    assert len(started) <= MAX_CONCURRENCY + 1
    assert sorted([*stopped, 1]) == sorted(started)
