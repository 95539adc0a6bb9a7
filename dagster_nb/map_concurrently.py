"""Run the same coroutine for many items, a few at a time."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

__all__ = ["MAX_CONCURRENCY", "map_concurrently"]

T = TypeVar("T")
R = TypeVar("R")

# Dagster's webserver is a single Python process. Concurrent requests therefore hide network latency, but do not make
# the server itself faster.
MAX_CONCURRENCY = 4


async def map_concurrently(
    function: Callable[[T], Awaitable[R]], items: Iterable[T], *, limit: int = MAX_CONCURRENCY
) -> list[R]:
    """Call a coroutine function for each item, a few at a time, and return the results in the items' order.

    The first exception cancels the other calls and is raised. If one failure must not stop the other calls, the
    function must catch its own exceptions.

    Parameters
    ----------
    function
        A coroutine function that takes one item.
    items
        An iterable. The next item is taken only when a call finishes.
    limit
        The number of calls that run at the same time.

    Examples
    --------
    >>> async def double(number):
    ...     return 2 * number
    >>> asyncio.run(map_concurrently(double, range(3)))
    [0, 2, 4]
    """
    results: dict[int, R] = {}
    remaining = iter(enumerate(items))

    async def work() -> None:
        for position, item in remaining:
            results[position] = await function(item)

    workers = [asyncio.create_task(work()) for _ in range(limit)]
    try:
        await asyncio.gather(*workers)
    finally:
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)
    return [results[position] for position in range(len(results))]
