"""Doing the same to many: a few at a time, in order, each with an outcome of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import anyio

from dagster_nb.errors import (
    AmbiguousJobError,
    JobNotFoundError,
    OutcomeUnknownError,
    RunConfigInvalidError,
    RunNotFoundError,
    RunStateError,
    UnauthorizedError,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from dagster_nb.client.progress import Bar

__all__ = ["each", "outcome_of"]

T = TypeVar("T")
U = TypeVar("U")

_AT_ONCE = 4


async def each(items: Sequence[T], work: Callable[[T], Awaitable[U]], bar: Bar) -> list[U]:
    """Do something to each of many, a few at a time, and return the results in the order of the items.

    Parameters
    ----------
    items
        What to work on.
    work
        What to do. Its exceptions end the whole, so work that may fail for one item catches its own.
    bar
        Where to count.
    """
    results: dict[int, U] = {}
    places = iter(range(len(items)))

    async def worker() -> None:
        for place in places:
            results[place] = await work(items[place])
            bar.advance()

    failure: BaseException | None = None
    try:
        async with anyio.create_task_group() as group:
            for _ in range(min(_AT_ONCE, len(items))):
                group.start_soon(worker)
    except BaseExceptionGroup as errors:
        failure = _first(errors)
    if failure is not None:
        # Whoever called asked for one thing each, and is told of one error, not of a group of them.
        raise failure
    return [results[place] for place in range(len(items))]


def outcome_of(error: Exception) -> dict[str, str | None]:
    """Return what an error says of one of many: its ``outcome`` and ``message``.

    Examples
    --------
    >>> outcome_of(RunNotFoundError("no such run"))
    {'outcome': 'not_found', 'message': 'no such run'}
    """
    outcome = next((name for kinds, name in _OUTCOMES if isinstance(error, kinds)), "failed")
    return {"outcome": outcome, "message": str(error)}


_OUTCOMES: tuple[tuple[type[Exception] | tuple[type[Exception], ...], str], ...] = (
    ((JobNotFoundError, RunNotFoundError), "not_found"),
    (UnauthorizedError, "unauthorized"),
    (OutcomeUnknownError, "unknown"),
    ((RunConfigInvalidError, RunStateError, AmbiguousJobError, ValueError), "invalid"),
)


def _first(errors: BaseExceptionGroup[BaseException]) -> BaseException:
    first = errors.exceptions[0]
    return _first(first) if isinstance(first, BaseExceptionGroup) else first
