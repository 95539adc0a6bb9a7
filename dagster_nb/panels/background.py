"""Work that would keep the kernel waiting, done in threads, and brought home to where widgets may be changed.

What comes home is put in a queue. In a notebook the kernel's loop is told to empty it; whoever waits in the kernel's
thread empties it too; and where there is no loop at all, the thread that brought it does so under a lock.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Background", "Task"]

T = TypeVar("T")

_PATIENCE_SECONDS = 5.0


class Task(Generic[T]):
    """One piece of work.

    Parameters
    ----------
    background
        Where it was started.
    told
        What to do, at home, with each value that the work tells.
    """

    def __init__(self, background: Background, told: Callable[[Any], None] | None):
        self._background = background
        self._told = told
        self._stop = threading.Event()
        self.thread: threading.Thread | None = None

    @property
    def stopped(self) -> bool:
        """Whether nobody wants the answer any more; long work looks at it now and then."""
        return self._stop.is_set()

    def tell(self, value: object) -> None:
        """Tell how far the work is; from within the work."""
        if self._told is not None:
            told = self._told
            self._background.bring(lambda: None if self.stopped else told(value))

    def stop(self) -> None:
        """Give up: nothing that the work still says will be heard."""
        self._stop.set()

    def sleep(self, seconds: float) -> None:
        """Wait, from within the work; no longer than until it is stopped."""
        self._stop.wait(seconds)


class Background:
    """The threads of one panel.

    Make it in the kernel's thread, in a cell: the loop that runs there is the one where its results arrive.

    Parameters
    ----------
    crashed
        What to do, at home, with an error that nobody else handles; a panel shows it.
    """

    def __init__(self, crashed: Callable[[Exception], None]):
        self.lock = threading.RLock()
        self._crashed = crashed
        self._lanes: dict[str, Task[Any]] = {}
        self._threads: set[threading.Thread] = set()
        self._timers: set[Any] = set()
        self._queue: deque[Callable[[], None]] = deque()
        self._arrived = threading.Event()
        self._closed = False
        try:
            self._loop: asyncio.AbstractEventLoop | None = asyncio.get_running_loop()
        except RuntimeError:
            self._loop = None

    def start(
        self,
        lane: str,
        work: Callable[[Task[T]], T],
        *,
        done: Callable[[T], None] | None = None,
        failed: Callable[[Exception], None] | None = None,
        told: Callable[[Any], None] | None = None,
    ) -> Task[T]:
        """Start work. What was under way in the same lane is given up: the newest wins.

        Parameters
        ----------
        lane
            What kind of work it is.
        work
            Called in a thread, with the task. It must not touch widgets.
        done
            Called at home with what the work returned, unless it was given up.
        failed
            Called at home with the error that it raised, unless it was given up.
        told
            Called at home with each value that the work tells.
        """
        task: Task[T] = Task(self, told)
        with self.lock:
            self.stop(lane)
            if self._closed:
                task.stop()
                return task
            self._lanes[lane] = task

        def finish(answer: Callable[[], None]) -> None:
            if task.stopped:
                return
            with self.lock:
                if self._lanes.get(lane) is task:
                    del self._lanes[lane]
            answer()

        def run() -> None:
            try:
                result = work(task)
            except Exception as error:  # noqa: BLE001 - whatever it is, the panel says it
                problem = error
                handle = failed or self._crashed
                self.bring(lambda: finish(lambda: handle(problem)))
            else:
                self.bring(lambda: finish(lambda: None if done is None else done(result)))

        task.thread = threading.Thread(target=run, name=f"dagster_nb {lane}", daemon=True)
        with self.lock:
            # Those that have ended are forgotten here: a thread that took itself out of the list would not be waited
            # for when the panel is closed, and it runs for a moment more.
            self._threads = {thread for thread in self._threads if thread.is_alive()}
            task.thread.start()
            self._threads.add(task.thread)
        return task

    def busy(self, lane: str | None = None) -> bool:
        """Whether work is under way in a lane, or in any."""
        with self.lock:
            return bool(self._lanes) if lane is None else lane in self._lanes

    def stop(self, lane: str) -> None:
        """Give up what is under way in a lane."""
        with self.lock:
            task = self._lanes.pop(lane, None)
        if task is not None:
            task.stop()

    def later(self, seconds: float, call: Callable[[], None]) -> Callable[[], None]:
        """Call something at home after a while, and return how to call that off.

        Parameters
        ----------
        seconds
            How long to wait.
        call
            Called without arguments.
        """

        def due() -> None:
            with self.lock:
                self._timers.discard(timer)
            self.bring(call)

        # Not the loop's own: it takes timers from its own thread alone, and kernels answer widgets in others.
        timer = threading.Timer(seconds, due)
        timer.daemon = True
        with self.lock:
            self._timers.add(timer)
        timer.start()

        def call_off() -> None:
            timer.cancel()
            with self.lock:
                self._timers.discard(timer)

        return call_off

    def bring(self, call: Callable[[], None]) -> None:
        """Call something where widgets may be changed; from any thread."""
        if self._closed:
            return
        self._queue.append(call)
        self._arrived.set()
        if self._loop is None:
            self._empty()
            return
        try:
            self._loop.call_soon_threadsafe(self._empty)
        except RuntimeError:
            # The kernel is ending, and nobody looks any more.
            self._queue.clear()

    def wait(self, until: Callable[[], bool], timeout: float) -> bool:
        """Wait in the kernel's thread, letting results come home meanwhile, and tell whether it came about.

        Parameters
        ----------
        until
            What to wait for.
        timeout
            Seconds to wait at most.
        """
        deadline = time.monotonic() + timeout
        while True:
            self._arrived.clear()
            self._empty()
            if until():
                return True
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            self._arrived.wait(min(left, 0.05))

    def close(self) -> None:
        """Give up everything, and see the threads end."""
        with self.lock:
            self._closed = True
            tasks, timers, threads = list(self._lanes.values()), list(self._timers), list(self._threads)
            self._lanes.clear()
            self._timers.clear()
            self._queue.clear()
        for task in tasks:
            task.stop()
        for timer in timers:
            timer.cancel()
        deadline = time.monotonic() + _PATIENCE_SECONDS
        for thread in threads:
            if thread is not threading.current_thread():
                # A thread in the middle of a request ends with it.
                thread.join(max(0.0, deadline - time.monotonic()))

    def _empty(self) -> None:
        with self.lock:
            while self._queue and not self._closed:
                call = self._queue.popleft()
                try:
                    call()
                except Exception as error:  # noqa: BLE001 - nobody is above who could show it
                    self._crashed(error)
