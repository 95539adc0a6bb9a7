"""Run slow tasks in background threads, and change models and widgets only in the kernel's thread.

The kernel's thread is the thread that created the panel. Only the kernel's thread may change a panel's model and
widgets. If something happens in another thread, such as the end of a task or a timer, that thread passes a function to
`Background.call`, which calls the function in the kernel's thread.

Widget events can arrive in other threads too. Handlers that are registered with `Background.on_change` or
`Background.on_click` run in the kernel's thread.

In a notebook, the asyncio loop of the kernel's thread runs the functions that other threads pass to `Background.call`.
In a script or a test, there is no loop, so `Background.wait` runs these functions.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections import deque
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from dagster_nb.similar_names import unchecked_names

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Background", "Task"]

T = TypeVar("T")

_MAX_SECONDS_TO_CLOSE = 5.0
_SECONDS_BETWEEN_CHECKS = 0.05


class Task(Generic[T]):
    """One task in a background thread.

    Parameters
    ----------
    background
        The `Background` that started the task.
    on_progress
        A function to call in the kernel's thread with each value that the task reports.
    """

    def __init__(self, background: Background, on_progress: Callable[[Any], None] | None):
        self._background = background
        self._on_progress = on_progress
        self._stop = threading.Event()
        self.thread: threading.Thread | None = None

    @property
    def stopped(self) -> bool:
        """Whether the task's result is no longer needed. Long tasks should check this attribute regularly."""
        return self._stop.is_set()

    def report(self, value: object) -> None:
        """Report progress. The function that runs as the task calls this method in the background thread."""
        if self._on_progress is not None:
            on_progress = self._on_progress
            self._background.call(lambda: None if self.stopped else on_progress(value))

    def stop(self) -> None:
        """Stop the task: ignore its result and all its later reports."""
        self._stop.set()

    def sleep(self, seconds: float) -> None:
        """Sleep in the background thread. Return early if the task is stopped."""
        self._stop.wait(seconds)


class Background:
    """The background tasks of a panel. Create this object in the kernel's thread, for example in a cell.

    Parameters
    ----------
    on_crash
        A function to call in the kernel's thread with every exception that nothing else handles. It can show the
        exception in the panel, for example.
    """

    def __init__(self, on_crash: Callable[[Exception], None]):
        self._on_crash = on_crash
        self._kernel_thread = threading.get_ident()
        self._queue: deque[Callable[[], object]] = deque()
        self._arrived = threading.Event()
        self._tasks: dict[str, Task[Any]] = {}
        self._threads: list[threading.Thread] = []
        self._timers: set[threading.Timer] = set()
        self._closed = False
        try:
            self._loop: asyncio.AbstractEventLoop | None = asyncio.get_running_loop()
        except RuntimeError:
            self._loop = None

    def call(self, function: Callable[[], object]) -> None:
        """Call a function in the kernel's thread.

        If the current thread is the kernel's thread, call the function immediately. Otherwise, call it as soon as the
        kernel's thread is free. If the function raises an exception, pass the exception to ``on_crash``. After `close`,
        do nothing.
        """
        if self._closed:
            return
        if threading.get_ident() == self._kernel_thread:
            self._run(function)
            return
        self._queue.append(function)
        self._arrived.set()
        if self._loop is not None:
            # A closed loop raises a RuntimeError. In this case, `wait` runs the function.
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._run_arrived)

    def on_change(self, widget: Any, handler: Callable[[Any], object], *, name: str = "value") -> None:  # noqa: ANN401
        """Call a handler in the kernel's thread with each new value of a widget's trait."""
        widget.observe(lambda change: self.call(partial(handler, change["new"])), names=name)

    def on_click(self, button: Any, handler: Callable[[], object]) -> None:  # noqa: ANN401
        """Call a handler in the kernel's thread with each click on a button."""
        button.on_click(lambda _button: self.call(handler))

    def start(
        self,
        kind: str,
        work: Callable[[Task[T]], T],
        *,
        done: Callable[[T], None] | None = None,
        failed: Callable[[Exception], None] | None = None,
        on_progress: Callable[[Any], None] | None = None,
    ) -> Task[T]:
        """Start a task in a background thread, and stop any earlier task of the same kind.

        Parameters
        ----------
        kind
            The kind of task.
        work
            The function to call in the background thread, with the task as its argument. The function must not use the
            model or the widgets.
        done
            A function to call in the kernel's thread with the result, unless the task was stopped.
        failed
            A function to call in the kernel's thread with the exception, unless the task was stopped.
        on_progress
            A function to call in the kernel's thread with each value that the task reports.
        """
        task: Task[T] = Task(self, on_progress)
        self.stop(kind)
        if self._closed:
            task.stop()
            return task
        self._tasks[kind] = task

        def finish(handle: Callable[[Any], None] | None, value: object) -> None:
            if task.stopped:
                return
            del self._tasks[kind]
            if handle is not None:
                handle(value)

        def run() -> None:
            try:
                # Warnings about misspelled names would appear in an unrelated cell, and the explorer shows these names
                # anyway.
                with unchecked_names():
                    result = work(task)
            except Exception as error:  # noqa: BLE001 - the panel shows any exception
                self.call(partial(finish, failed or self._on_crash, error))
            else:
                self.call(partial(finish, done, result))

        task.thread = threading.Thread(target=run, name=f"dagster_nb {kind}", daemon=True)
        self._threads = [thread for thread in self._threads if thread.is_alive()]
        self._threads.append(task.thread)
        task.thread.start()
        return task

    def busy(self, *kinds: str) -> bool:
        """Return whether a task of one of these kinds is in progress. Without arguments, check all kinds."""
        return any(kind in self._tasks for kind in kinds) if kinds else bool(self._tasks)

    def stop(self, kind: str) -> None:
        """Stop the task of a kind, if there is one. The thread may continue for a while, but its result is ignored."""
        task = self._tasks.pop(kind, None)
        if task is not None:
            task.stop()

    def later(self, seconds: float, function: Callable[[], object]) -> Callable[[], None]:
        """Call a function in the kernel's thread after a delay. Return a function that cancels the call."""

        def due() -> None:
            if timer in self._timers:
                self._timers.discard(timer)
                function()

        def cancel() -> None:
            self._timers.discard(timer)
            timer.cancel()

        timer = threading.Timer(seconds, lambda: self.call(due))
        timer.daemon = True
        self._timers.add(timer)
        timer.start()
        return cancel

    def wait(self, until: Callable[[], bool], timeout: float | None) -> bool:
        """Wait until a condition is true or the time is up. Return whether the condition is true.

        Call this method in the kernel's thread. While waiting, the method runs the calls from other threads.

        Parameters
        ----------
        until
            The condition.
        timeout
            The maximum number of seconds to wait, or None for no limit.
        """
        deadline = float("inf") if timeout is None else time.monotonic() + timeout
        while True:
            self._arrived.clear()
            if threading.get_ident() == self._kernel_thread:
                self._run_arrived()
            if until():
                return True
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            self._arrived.wait(min(left, _SECONDS_BETWEEN_CHECKS))

    def close(self) -> None:
        """Stop all tasks and wait for their threads to end."""
        self._closed = True
        self._queue.clear()
        for task in self._tasks.values():
            task.stop()
        self._tasks.clear()
        timers = list(self._timers)
        self._timers.clear()
        for timer in timers:
            timer.cancel()
        deadline = time.monotonic() + _MAX_SECONDS_TO_CLOSE
        for thread in [*timers, *self._threads]:
            # A thread that is waiting for a response ends only after the response has arrived.
            thread.join(max(0.0, deadline - time.monotonic()))

    def _run_arrived(self) -> None:
        while self._queue and not self._closed:
            self._run(self._queue.popleft())

    def _run(self, function: Callable[[], object]) -> None:
        try:
            function()
        except Exception as error:  # noqa: BLE001 - no caller can handle the exception
            self._on_crash(error)
