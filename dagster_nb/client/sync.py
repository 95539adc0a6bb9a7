"""The synchronous client and its `Run`, derived from the asynchronous ones: a line a method, and nothing said twice."""

from __future__ import annotations

import ctypes
import functools
import os
import weakref
from typing import TYPE_CHECKING, Any, Self, cast

import anyio

from dagster_nb.client.aio import AsyncDagsterClient
from dagster_nb.client.config_schema import AsyncRunConfigSchema, RunConfigSchemaFacts
from dagster_nb.client.derive import sync
from dagster_nb.client.loop import LoopThread
from dagster_nb.client.run import AsyncRun, RunFacts
from dagster_nb.errors import DagsterNbError

if TYPE_CHECKING:
    import types
    from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator

__all__ = ["DagsterClient", "Run", "RunConfigSchema"]


class DagsterClient:
    """A Dagster server; `connect` makes one.

    Its work is done in a private thread, so that it can be used where an event loop already runs, from several threads
    at once, after Ctrl-C and after a fork. Close it with ``close()`` or a ``with``; a script that does neither still
    ends.

    Parameters
    ----------
    options
        The arguments of `AsyncDagsterClient`.
    """

    def __init__(self, **options: Any):  # noqa: ANN401 - AsyncDagsterClient says what they are
        # A closure, and no attribute: tools that show the variables of a failure show no token then.
        self._make_twin: Callable[[], AsyncDagsterClient] = lambda: AsyncDagsterClient(**options)
        self._start()
        try:
            self._wait_for(self._twin.open)
        except BaseException:
            self.close()
            raise

    @property
    def url(self) -> str:
        """The server's root, under which Dagster's own pages are."""
        return self._twin.url

    @property
    def version(self) -> str:
        """The server's version of Dagster (``Query.version``)."""
        return self._twin.version

    @property
    def read_only(self) -> bool:
        """Whether this client refuses to send mutations."""
        return self._twin.read_only

    runs = sync(AsyncDagsterClient.runs)
    iter_runs = sync(AsyncDagsterClient.iter_runs)
    count_runs = sync(AsyncDagsterClient.count_runs)
    run = sync(AsyncDagsterClient.run)
    steps = sync(AsyncDagsterClient.steps)
    events = sync(AsyncDagsterClient.events)
    failures = sync(AsyncDagsterClient.failures)
    compute_logs = sync(AsyncDagsterClient.compute_logs)
    follow = sync(AsyncDagsterClient.follow)

    locations = sync(AsyncDagsterClient.locations)
    repositories = sync(AsyncDagsterClient.repositories)
    jobs = sync(AsyncDagsterClient.jobs)
    ops = sync(AsyncDagsterClient.ops)
    run_config_schema = sync(AsyncDagsterClient.run_config_schema)
    daemons = sync(AsyncDagsterClient.daemons)
    reload_location = sync(AsyncDagsterClient.reload_location)
    shutdown_location = sync(AsyncDagsterClient.shutdown_location)

    launch = sync(AsyncDagsterClient.launch)
    launch_many = sync(AsyncDagsterClient.launch_many)
    reexecute = sync(AsyncDagsterClient.reexecute)
    reexecute_many = sync(AsyncDagsterClient.reexecute_many)
    terminate = sync(AsyncDagsterClient.terminate)
    delete = sync(AsyncDagsterClient.delete)

    query = sync(AsyncDagsterClient.query)
    graphql_schema = sync(AsyncDagsterClient.graphql_schema)

    @functools.wraps(AsyncDagsterClient.graphql_document)
    def graphql_document(self, name: str) -> str:  # noqa: D102 - the twin's
        return self._twin.graphql_document(name)

    def close(self) -> None:
        """Close the connection and end the private thread; a later call opens them again."""
        self._closer()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return repr(self._twin).replace(type(self._twin).__name__, type(self).__name__, 1)

    def _repr_html_(self) -> str:
        return self._twin._repr_html_().replace(type(self._twin).__name__, type(self).__name__, 1)

    def _start(self) -> None:
        self._pid = os.getpid()
        self._loop = LoopThread()
        self._twin = self._make_twin()
        # Also runs at exit, while the loop still does: a script that closes nothing ends without a word.
        self._closer = weakref.finalize(self, _close, self._loop, self._twin, self._pid)
        _open_clients.add(self)

    def _wait_for(self, function: Callable[..., Awaitable[Any]], *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
        return self._loop.call(function, *args, **kwargs)

    def _call(self, method: Callable[..., Awaitable[Any]], *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
        self._refresh()
        return self._synchronous(self._wait_for(method, self._twin, *args, **kwargs))

    def _iterate(self, method: Callable[..., AsyncGenerator[Any]], *args: Any, **kwargs: Any) -> Iterator[Any]:  # noqa: ANN401
        self._refresh()
        return _steps(method(self._twin, *args, **kwargs), self._loop, self._closer)

    def _refresh(self) -> None:
        """Make a connection anew in a process that was forked, or where this client was closed."""
        if self._pid != os.getpid() or not self._closer.alive:
            known = self._twin._api, self._twin._statuses
            self._start()
            self._twin._api.copy_from(known[0])
            self._twin._statuses = known[1]

    def _synchronous(self, value: Any) -> Any:  # noqa: ANN401
        """Show what a coroutine gave as its synchronous twin."""
        if isinstance(value, AsyncRun):
            return Run(self, value)
        if isinstance(value, AsyncRunConfigSchema):
            return RunConfigSchema(self, value)
        return value


class Run(RunFacts):
    """A run; what it tells is as of the last `refresh`.

    Parameters
    ----------
    client
        The client that it came from.
    twin
        The asynchronous run.
    """

    def __init__(self, client: DagsterClient, twin: AsyncRun):
        super().__init__(twin._record, twin.url)
        self._client = client

    refresh = sync(AsyncRun.refresh)
    wait = sync(AsyncRun.wait)
    steps = sync(AsyncRun.steps)
    events = sync(AsyncRun.events)
    failures = sync(AsyncRun.failures)
    compute_logs = sync(AsyncRun.compute_logs)
    follow = sync(AsyncRun.follow)
    terminate = sync(AsyncRun.terminate)
    reexecute = sync(AsyncRun.reexecute)

    def _call(self, method: Callable[..., Awaitable[Any]], *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
        self._client._refresh()
        twin = AsyncRun(self._client._twin, self._record)
        try:
            value = self._client._wait_for(method, twin, *args, **kwargs)
        finally:
            # Also a wait that was given up has seen the run as it is now.
            self._see(twin._record)
        return self if value is twin else self._client._synchronous(value)

    def _iterate(self, method: Callable[..., AsyncGenerator[Any]], *args: Any, **kwargs: Any) -> Iterator[Any]:  # noqa: ANN401
        self._client._refresh()
        twin = AsyncRun(self._client._twin, self._record)
        return _steps(method(twin, *args, **kwargs), self._client._loop, self._client._closer)


class RunConfigSchema(RunConfigSchemaFacts):
    """The config that a job takes.

    Parameters
    ----------
    client
        The client that it came from.
    twin
        The asynchronous schema.
    """

    def __init__(self, client: DagsterClient, twin: AsyncRunConfigSchema):
        super().__init__(twin._address, twin._record)
        self._client = client

    validate = sync(AsyncRunConfigSchema.validate)

    def _call(self, method: Callable[..., Awaitable[Any]], *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
        self._client._refresh()
        twin = AsyncRunConfigSchema(self._client._twin, self._address, self._record)
        return self._client._wait_for(method, twin, *args, **kwargs)


def _steps(pages: AsyncGenerator[Any], loop: LoopThread, closer: weakref.finalize[Any, Any]) -> Iterator[Any]:
    """Step through pages in the loop that they belong to; where that is gone, what is missing is not silently so."""
    pid = os.getpid()

    def usable() -> bool:
        return closer.alive and pid == os.getpid()

    try:
        while usable():
            try:
                page = loop.call(pages.__anext__)
            except StopAsyncIteration:
                if usable():
                    return
                break
            yield page
        raise DagsterNbError("the client was closed, or the process forked, while its runs were read; read them anew.")
    finally:
        if usable():
            loop.call(_end, pages)


async def _end(pages: AsyncGenerator[Any]) -> None:
    """Close an iterator whose last step may have been cancelled a moment ago, and may still be ending."""
    running = cast("types.AsyncGeneratorType[Any, Any]", pages)
    # Python tells nobody when a step of an asynchronous generator has ended.
    while running.ag_running:  # noqa: ASYNC110
        await anyio.sleep(0.01)
    await pages.aclose()


_open_clients: weakref.WeakSet[DagsterClient] = weakref.WeakSet()


def _close(loop: LoopThread, twin: AsyncDagsterClient, pid: int) -> None:
    if pid != os.getpid():
        return
    if loop.is_current:
        # The collector can find a client anywhere, also in its own loop, which cannot wait for itself to end.
        return
    try:
        loop.call(twin.close)
    finally:
        loop.stop()


def _leave_to_the_parent() -> None:
    """Keep a forked child from ever closing its copies of the parent's connections.

    Closing them would take the parent's sockets out of the event queue that both processes share.
    """
    for client in _open_clients:
        for held in (client._loop, client._twin):
            ctypes.pythonapi.Py_IncRef(ctypes.py_object(held))


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_leave_to_the_parent)
