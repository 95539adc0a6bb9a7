"""A private thread whose event loop runs the coroutines of a synchronous client.

In a notebook, the main thread already runs an event loop, so it cannot wait for coroutines.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import threading
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar, cast

import anyio
from anyio import CancelScope
from anyio.from_thread import start_blocking_portal

from dagster_nb.client.bulk import SECONDS_TO_FINISH
from dagster_nb.client.display.progress import PendingWarning, ProgressBar, drawn_by_the_waiting_thread
from dagster_nb.errors import ActionInterrupt, DagsterNbError

if TYPE_CHECKING:
    import types
    from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator

    import pandas as pd
    from anyio.from_thread import BlockingPortal

__all__ = ["LoopThread", "iterate_in_loop"]

T = TypeVar("T")

_SECONDS_BETWEEN_DRAWINGS = 0.1
_MAX_SECONDS_TO_BEGIN = 1.0
# Canceled work usually ends immediately, but an action on many runs first waits for responses and reads outcomes.
_MAX_SECONDS_TO_END = 2 * SECONDS_TO_FINISH + 5.0


class LoopThread:
    """A thread with an event loop. The thread starts with the first call."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._stack = ExitStack()
        self._portal: BlockingPortal | None = None
        self._ident: int | None = None
        self._stopped = False

    @property
    def is_current(self) -> bool:
        """Whether the caller runs in this thread, and would therefore wait for itself forever."""
        return threading.get_ident() == self._ident

    def call(self, function: Callable[..., Awaitable[T]], *args: Any, **kwargs: Any) -> T:  # noqa: ANN401
        """Run a coroutine function in the loop's thread and wait for its result.

        While it waits, the calling thread draws the progress bars. Any exception in the calling thread cancels the
        work, but the loop stays usable.

        Raises
        ------
        ActionInterrupt
            On Ctrl-C, if the function was acting on many runs. The exception has the outcomes so far.
        DagsterNbError
            If the loop's own thread calls this method, because the thread would otherwise wait for itself.
        """
        if self.is_current:
            raise DagsterNbError(
                "a synchronous client was called from its own event loop. Use AsyncDagsterClient in coroutines."
            )
        portal = self._running_portal()
        work = _CancellableWork(partial(function, *args, **kwargs))
        to_draw: list[ProgressBar | PendingWarning] = []
        # Panels call the client from their own threads and show progress themselves. If one of their threads drew a
        # bar, the bar would appear in an unrelated cell.
        draws = threading.current_thread() is threading.main_thread()
        try:
            token = drawn_by_the_waiting_thread.set(to_draw)
            try:
                future = portal.start_task_soon(work)
            finally:
                drawn_by_the_waiting_thread.reset(token)
            while not concurrent.futures.wait([future], timeout=_SECONDS_BETWEEN_DRAWINGS).done:
                for item in to_draw if draws else ():
                    item.draw()
            result: T = future.result()
        except BaseException as error:
            work.cancel(portal)
            if isinstance(error, KeyboardInterrupt):
                # A second Ctrl-C interrupts this wait.
                work.raise_outcomes()
            raise
        else:
            return result
        finally:
            for item in to_draw:
                if isinstance(item, ProgressBar):
                    item.finished = True
                if draws:
                    item.draw()

    def stop(self) -> None:
        """Stop the thread permanently."""
        with self._lock:
            self._stopped = True
        self._stack.close()
        self._ident = None

    def _running_portal(self) -> BlockingPortal:
        with self._lock:
            if self._stopped:
                raise DagsterNbError("the client was closed during the call. Repeat the call to reconnect.")
            if self._portal is None:
                self._portal = self._stack.enter_context(start_blocking_portal(name="dagster_nb"))
                self._ident = self._portal.call(threading.get_ident)
            return self._portal


class _CancellableWork:
    """A coroutine function that can be canceled at any time.

    Canceling the task's future is not enough: the user may press Ctrl-C when the task is already running but the
    calling thread has not received the future yet.
    """

    def __init__(self, function: Callable[[], Awaitable[Any]]):
        self._function = function
        self._scope: CancelScope | None = None
        self._cancelled = False
        self._began = threading.Event()
        self._ended = threading.Event()
        self._outcomes: pd.DataFrame | None = None

    async def __call__(self) -> Any:  # noqa: ANN401
        self._began.set()
        try:
            with CancelScope() as self._scope:
                if self._cancelled:
                    self._scope.cancel()
                try:
                    return await self._function()
                except asyncio.CancelledError as error:
                    self._outcomes = vars(error).get("outcomes")
                    raise
        finally:
            self._scope = None
            self._ended.set()

    def cancel(self, portal: BlockingPortal) -> None:
        self._cancelled = True
        if (scope := self._scope) is not None:
            portal.start_task_soon(scope.cancel)

    def raise_outcomes(self) -> None:
        """If an action was canceled, wait for the last responses and raise an `ActionInterrupt`."""
        # If the user presses Ctrl-C before the loop has received the work, the work may never begin.
        if self._began.wait(_MAX_SECONDS_TO_BEGIN):
            self._ended.wait(_MAX_SECONDS_TO_END)
        if self._outcomes is not None:
            raise ActionInterrupt(self._outcomes) from None


def iterate_in_loop(generator: AsyncGenerator[T], loop: LoopThread, *, is_open: Callable[[], bool]) -> Iterator[T]:
    """Iterate over an asynchronous generator and run its code in the loop's thread.

    Parameters
    ----------
    generator
        The generator to iterate over. The generator is closed at the end.
    loop
        The thread with the event loop.
    is_open
        Returns whether the loop can still be used. The client may be closed, or the process forked, during the
        iteration.

    Raises
    ------
    DagsterNbError
        If the remaining items cannot be read, because the loop can no longer be used.
    """
    try:
        while is_open():
            try:
                item = loop.call(generator.__anext__)
            except StopAsyncIteration:
                if is_open():
                    return
                break
            yield item
        raise DagsterNbError(
            "the client was closed, or the process was forked, during the iteration. Start the iteration again."
        )
    finally:
        if is_open():
            loop.call(_close_generator, generator)


async def _close_generator(generator: AsyncGenerator[Any]) -> None:
    """Close a generator. Its last step may have just been canceled and may still be running."""
    running = cast("types.AsyncGeneratorType[Any, Any]", generator)
    # Python has no way to wait until a step of an asynchronous generator has ended.
    while running.ag_running:  # noqa: ASYNC110
        await anyio.sleep(0.01)
    await generator.aclose()
