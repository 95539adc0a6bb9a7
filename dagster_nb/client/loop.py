"""One private thread with an event loop, in which a synchronous client's work is done.

A notebook has a loop of its own that is already running, so coroutines can be awaited neither in its thread nor beside
it.
"""

from __future__ import annotations

import concurrent.futures
import threading
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from anyio import CancelScope
from anyio.from_thread import start_blocking_portal

from dagster_nb.client.progress import Bar, Notice, shown_by_the_waiting_thread
from dagster_nb.errors import DagsterNbError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from anyio.from_thread import BlockingPortal

__all__ = ["LoopThread"]

T = TypeVar("T")

_SECONDS_BETWEEN_DRAWINGS = 0.1


class LoopThread:
    """A thread with a loop, started when it is first needed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._stack = ExitStack()
        self._portal: BlockingPortal | None = None
        self._ident: int | None = None
        self._stopped = False

    @property
    def is_current(self) -> bool:
        """Whether the caller runs in this very thread, and must not wait for it."""
        return threading.get_ident() == self._ident

    def call(self, function: Callable[..., Awaitable[T]], *args: Any, **kwargs: Any) -> T:  # noqa: ANN401
        """Run a coroutine function in the loop's thread, and wait for its result.

        While waiting, this thread draws the progress of the work. Any exception here, Ctrl-C above all, cancels the
        work and leaves the loop fit for the next call.

        Raises
        ------
        DagsterNbError
            If it is called from the loop's own thread, which would wait for itself.
        """
        if self.is_current:
            raise DagsterNbError(
                "a synchronous client was called from its own event loop; use AsyncDagsterClient in coroutines."
            )
        portal = self._started()
        work = _Work(partial(function, *args, **kwargs))
        shown: list[Bar | Notice] = []
        # What a panel's own thread waits for is shown by the panel; a bar of it would appear in some cell.
        person_waits = threading.current_thread() is threading.main_thread()
        try:
            token = shown_by_the_waiting_thread.set(shown)
            try:
                future = portal.start_task_soon(work)
            finally:
                shown_by_the_waiting_thread.reset(token)
            while not concurrent.futures.wait([future], timeout=_SECONDS_BETWEEN_DRAWINGS).done:
                for one in shown if person_waits else ():
                    one.draw()
            result: T = future.result()
        except BaseException:
            work.give_up(portal)
            raise
        else:
            return result
        finally:
            for one in shown:
                if isinstance(one, Bar):
                    one.finished = True
                if person_waits:
                    one.draw()

    def stop(self) -> None:
        """End the thread, for good."""
        with self._lock:
            self._stopped = True
        self._stack.close()
        self._ident = None

    def _started(self) -> BlockingPortal:
        with self._lock:
            if self._stopped:
                raise DagsterNbError("the client was closed while it was called.")
            if self._portal is None:
                self._portal = self._stack.enter_context(start_blocking_portal(name="dagster_nb"))
                self._ident = self._portal.call(threading.get_ident)
            return self._portal


class _Work:
    """A coroutine that can be given up at any time.

    Cancelling the future of a task is not enough: Ctrl-C can come when the task runs already, and its future was not
    handed over yet.
    """

    def __init__(self, function: Callable[[], Awaitable[Any]]):
        self._function = function
        self._scope: CancelScope | None = None
        self._given_up = False

    async def __call__(self) -> Any:  # noqa: ANN401
        try:
            with CancelScope() as self._scope:
                if self._given_up:
                    self._scope.cancel()
                return await self._function()
        finally:
            self._scope = None

    def give_up(self, portal: BlockingPortal) -> None:
        self._given_up = True
        if (scope := self._scope) is not None:
            portal.start_task_soon(scope.cancel)
