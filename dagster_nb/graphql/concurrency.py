"""Asking for several things at once, but not for all at once."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

__all__ = ["side_by_side"]

T = TypeVar("T")
R = TypeVar("R")

_AT_ONCE = 4


async def side_by_side(work: Callable[[T], Awaitable[R]], items: Iterable[T]) -> list[R]:
    """Do the same with each of some items, a few at once, and return the results in order.

    Parameters
    ----------
    work
        What to do. The first exception ends the whole.
    items
        What to do it with.
    """
    free = asyncio.Semaphore(_AT_ONCE)

    async def do(item: T) -> R:
        async with free:
            return await work(item)

    tasks = [asyncio.create_task(do(item)) for item in items]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
