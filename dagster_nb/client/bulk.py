"""Act on many items, a few at a time, and return an outcome for each item even after an interruption."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

import anyio

from dagster_nb.client.outcome_of_error import outcome_of_error
from dagster_nb.errors import DagsterNbError
from dagster_nb.frames.outcomes import outcomes_frame
from dagster_nb.map_concurrently import MAX_CONCURRENCY

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Sequence

    import pandas as pd

    from dagster_nb.client.outcome_of_error import Row

__all__ = ["NOT_SENT", "SECONDS_TO_FINISH", "Acted", "act_on_each", "act_once", "interruption_carries"]

T = TypeVar("T")

_in_worker: ContextVar[bool] = ContextVar("_in_worker", default=False)

SECONDS_TO_FINISH = 10.0
"""The number of seconds that an interrupted action waits for the responses to the requests that it has sent."""

NOT_SENT: Row = {
    "outcome": "not_sent",
    "message": "the call was interrupted before this request was sent. Repeat the call to send it.",
}
"""The outcome of an item for which nothing was sent before the interruption."""

_NO_RESPONSE: Row = {
    "outcome": "unknown",
    "message": "the call was interrupted before the server responded. Check the runs before you repeat it.",
}


@dataclass
class Acted:
    """The result of an action on many items.

    Parameters
    ----------
    count
        The number of items.
    results
        The outcomes, by item position.
    started
        The positions of the items for which the action has started.
    interruption
        The `asyncio.CancelledError` that ended the action early, or None.
    """

    count: int
    results: dict[int, Row] = field(default_factory=dict)
    started: set[int] = field(default_factory=set)
    interruption: asyncio.CancelledError | None = None

    @property
    def rows(self) -> list[Row]:
        """The outcome of each item, including items for which the action has not started."""
        return [
            self.results.get(position, _NO_RESPONSE if position in self.started else NOT_SENT)
            for position in range(self.count)
        ]

    @property
    def unknown(self) -> list[int]:
        """The positions of the items with an unknown outcome."""
        return [position for position, row in enumerate(self.rows) if row["outcome"] == "unknown"]

    async def finish(self, read_outcomes: Callable[[], Awaitable[None]]) -> None:
        """Read an action's outcomes. If the action is or was interrupted, give up after a few seconds."""
        if self.interruption is None:
            try:
                await read_outcomes()
            except asyncio.CancelledError as error:
                self.interruption = error
            else:
                return
        with anyio.move_on_after(SECONDS_TO_FINISH, shield=True):
            await read_outcomes()

    def frame_or_interruption(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return the outcomes.

        If the action was interrupted, attach the outcomes to the cancellation and raise it instead.
        """
        if self.interruption is None:
            return frame
        vars(self.interruption)["outcomes"] = frame
        raise self.interruption


async def act_on_each(act: Callable[[T], Awaitable[Row]], items: Sequence[T], *, limit: int = MAX_CONCURRENCY) -> Acted:
    """Act on each item, a few at a time.

    If the task is canceled, no more calls are started, and calls in progress have a few seconds to finish. The function
    returns the cancellation instead of raising it, so the caller must raise it.

    Parameters
    ----------
    act
        A coroutine function that takes one item and returns its outcome. If an error must not stop the other calls, the
        function must catch it.
    items
        The items.
    limit
        The maximum number of concurrent calls.
    """
    acted = Acted(len(items))
    remaining = iter(enumerate(items))

    async def work() -> None:
        _in_worker.set(True)
        for position, item in remaining:
            if acted.interruption is not None:
                return
            acted.started.add(position)
            acted.results[position] = await act(item)

    workers = [asyncio.create_task(work()) for _ in range(min(limit, len(items)))]
    try:
        if workers:
            await asyncio.wait(workers, return_when=asyncio.FIRST_EXCEPTION)
    except asyncio.CancelledError as error:
        acted.interruption = error
        with anyio.move_on_after(SECONDS_TO_FINISH, shield=True):
            await asyncio.wait(workers)
    finally:
        for worker in workers:
            worker.cancel()
        with anyio.CancelScope(shield=True):
            ended = await asyncio.gather(*workers, return_exceptions=True)
    for result in ended:
        if isinstance(result, BaseException) and not isinstance(result, asyncio.CancelledError):
            raise result
    return acted


async def act_once(act: Callable[[], Awaitable[T]], outcome: Callable[[T], Row], columns: list[str]) -> T:
    """Send one mutation and return its result. If the task is canceled, the exception carries the outcome.

    Inside `act_on_each`, which collects the outcomes of many mutations, the exception carries no outcome.

    Parameters
    ----------
    act
        Sends the mutation.
    outcome
        Converts the mutation's result to an outcome.
    columns
        The columns of the outcomes frame.
    """
    if _in_worker.get():
        return await act()
    results: list[T] = []
    errors: list[DagsterNbError] = []

    async def send(_item: None) -> Row:
        try:
            results.append(await act())
        except DagsterNbError as error:
            errors.append(error)
            return outcome_of_error(error)
        return outcome(results[0])

    acted = await act_on_each(send, [None])
    acted.frame_or_interruption(outcomes_frame(acted.rows, columns))
    if errors:
        raise errors[0]
    return results[0]


@contextmanager
def interruption_carries(outcomes: Callable[[], pd.DataFrame]) -> Iterator[None]:
    """If the ``with`` block is canceled, attach outcomes to the exception, unless it already has outcomes."""
    try:
        yield
    except asyncio.CancelledError as error:
        if "outcomes" not in vars(error):
            vars(error)["outcomes"] = outcomes()
        raise
