"""The synchronous client and its `Run`, derived from the asynchronous classes with one line per method.

``runs = sync(AsyncDagsterClient.runs)`` gives the synchronous class a method with the signature and the docstring of
the coroutine function. For type checkers, the method returns `Run` instead of `AsyncRun`, and an iterator instead of an
asynchronous iterator.
"""

from __future__ import annotations

import ctypes
import functools
import inspect
import os
import weakref
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Concatenate, Generic, ParamSpec, Protocol, Self, TypeVar, cast, overload

from dagster_nb.client.async_client import AsyncDagsterClient
from dagster_nb.client.history_method import HistoryMethod
from dagster_nb.client.loop_thread import LoopThread, iterate_in_loop
from dagster_nb.client.run import AsyncRun, RunFacts, require_client
from dagster_nb.client.run_config_schema import AsyncRunConfigSchema, RunConfigSchemaFacts
from dagster_nb.hidden import hide

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Coroutine, Iterator, Mapping
    from ssl import SSLContext

    from gql.transport.async_transport import AsyncTransport

    from dagster_nb.client.backfill import Backfill

__all__ = ["DagsterClient", "Run", "RunConfigSchema"]

P = ParamSpec("P")
T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class _Derived(Protocol):
    """The interface that derived methods use to call the asynchronous object."""

    def _call(self, method: Callable[..., Coroutine[Any, Any, Any]], *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
        """Run a coroutine function of the asynchronous class and return its result."""

    def _iterate(self, method: Callable[..., AsyncIterator[Any]], *args: Any, **kwargs: Any) -> Iterator[Any]:  # noqa: ANN401
        """Iterate over the items that a method of the asynchronous class yields."""


class _Method(Generic[P, T_co]):
    """The type of a derived method. On an instance, the method takes the arguments of the coroutine function.

    At run time, a derived method is a plain function, so ``help`` and completion treat it like any other method.
    """

    def __get__(self, instance: object, owner: type | None = None) -> Callable[P, T_co]:
        """Return the method bound to an instance."""
        raise NotImplementedError  # pragma: no cover  (for type checkers only)


@overload
def sync(method: Callable[Concatenate[Any, P], AsyncIterator[T]]) -> _Method[P, Iterator[T]]: ...
@overload
def sync(method: Callable[Concatenate[Any, P], Coroutine[Any, Any, AsyncRun]]) -> _Method[P, Run]: ...
@overload
def sync(
    method: Callable[Concatenate[Any, P], Coroutine[Any, Any, AsyncRunConfigSchema]],
) -> _Method[P, RunConfigSchema]: ...
@overload
def sync(method: Callable[Concatenate[Any, P], Coroutine[Any, Any, T]]) -> _Method[P, T]: ...
def sync(method: Callable[..., Any]) -> Any:
    """Return the synchronous form of a coroutine function, or of a method that returns an ``AsyncIterator``."""
    signature = inspect.signature(method)
    qualified_name = method.__qualname__.removeprefix("Async")

    def check(*args: Any, **kwargs: Any) -> None:  # noqa: ANN401
        try:
            signature.bind(*args, **kwargs)
        except TypeError as error:
            unknown = next((name for name in kwargs if name not in signature.parameters), "")
            similar = get_close_matches(unknown, list(signature.parameters), n=1)
            hint = f". Did you mean {similar[0]!r}?" if similar else ""
            raise TypeError(f"{qualified_name}() {error}{hint}") from None

    if str(signature.return_annotation).startswith("AsyncIterator["):

        @functools.wraps(method)
        def derived(self: _Derived, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
            check(self, *args, **kwargs)
            return self._iterate(method, *args, **kwargs)

    else:

        @functools.wraps(method)
        def derived(self: _Derived, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
            check(self, *args, **kwargs)
            return self._call(method, *args, **kwargs)

    derived.__qualname__ = qualified_name
    returned = _SYNCHRONOUS_NAMES.get(str(signature.return_annotation), signature.return_annotation)
    cast("Any", derived).__signature__ = signature.replace(return_annotation=returned)
    derived.__annotations__ = {**method.__annotations__, "return": returned}
    return derived


def _sync_run_or_backfill(
    method: Callable[Concatenate[Any, P], Coroutine[Any, Any, AsyncRun | Backfill]],
) -> _Method[P, Run | Backfill]:
    """Return the synchronous form of a coroutine function that returns a run or a backfill.

    This is not an overload of `sync`, because type checkers could not distinguish the overloads.
    """
    return cast("_Method[P, Run | Backfill]", sync(method))


_SYNCHRONOUS_NAMES = {
    "AsyncRun": "Run",
    "AsyncRun | Backfill": "Run | Backfill",
    "AsyncRunConfigSchema": "RunConfigSchema",
    "AsyncIterator[pd.DataFrame]": "Iterator[pd.DataFrame]",
}


class DagsterClient(HistoryMethod):
    """A client for one Dagster server, as returned by `connect`.

    The client works in a private thread. It can be used in a notebook and in several threads at the same time, and
    stays usable after Ctrl-C and after a fork. Close it with ``close()`` or a ``with`` block. A script ends even if the
    client is not closed.

    Parameters
    ----------
    url, token, headers, read_only, timeout, wait, progress, ssl, trust_env, allow_http, redact
        As in `connect`.
    transport
        A gql transport to use instead of HTTP, for tests.
    """

    _async_client: AsyncDagsterClient | None = None

    def __init__(
        self,
        url: str | None = None,
        *,
        token: str | None = None,
        headers: Mapping[str, str] | None = None,
        read_only: bool = False,
        timeout: float = 60.0,
        wait: float | None = None,
        progress: bool | None = None,
        ssl: SSLContext | bool | None = None,
        trust_env: bool = False,
        allow_http: bool = False,
        redact: str | None = None,
        transport: AsyncTransport | None = None,
    ):
        url, token, headers = hide(url), hide(token), hide(headers)
        self._make_async_client: Callable[[], AsyncDagsterClient] = lambda: AsyncDagsterClient(
            url,
            token=token,
            headers=headers,
            read_only=read_only,
            timeout=timeout,
            wait=wait,
            progress=progress,
            ssl=ssl,
            trust_env=trust_env,
            allow_http=allow_http,
            redact=redact,
            transport=transport,
        )
        self._start()
        try:
            self._wait_for(self._asynchronous.open)
        except BaseException:
            self.close()
            raise

    @property
    def url(self) -> str:
        """The root URL of the server and of its web pages."""
        return self._asynchronous.url

    @property
    def version(self) -> str:
        """The server's version of Dagster (``Query.version``)."""
        return self._asynchronous.version

    @property
    def read_only(self) -> bool:
        """Whether this client refuses to send mutations."""
        return self._asynchronous.read_only

    @property
    def forbidden_actions(self) -> dict[str, str]:
        """The methods that this client refuses before sending anything, each with the reason.

        A read-only client refuses all actions. Any other client refuses the actions that the server permits neither in
        the workspace nor in any code location (``Query.permissions`` and ``WorkspaceLocationEntry.permissions``). The
        permissions are read when connecting.

        Examples
        --------
        >>> "launch" in client.forbidden_actions  # doctest: +SKIP
        False
        """
        return self._asynchronous.forbidden_actions

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
    assets = sync(AsyncDagsterClient.assets)
    materializations = sync(AsyncDagsterClient.materializations)
    asset_checks = sync(AsyncDagsterClient.asset_checks)
    partitions = sync(AsyncDagsterClient.partitions)
    schedules = sync(AsyncDagsterClient.schedules)
    sensors = sync(AsyncDagsterClient.sensors)
    ticks = sync(AsyncDagsterClient.ticks)
    backfills = sync(AsyncDagsterClient.backfills)
    reload_location = sync(AsyncDagsterClient.reload_location)
    shutdown_location = sync(AsyncDagsterClient.shutdown_location)

    launch = sync(AsyncDagsterClient.launch)
    launch_many = sync(AsyncDagsterClient.launch_many)
    reexecute = sync(AsyncDagsterClient.reexecute)
    reexecute_many = sync(AsyncDagsterClient.reexecute_many)
    materialize = _sync_run_or_backfill(AsyncDagsterClient.materialize)
    backfill = sync(AsyncDagsterClient.backfill)
    cancel_backfill = sync(AsyncDagsterClient.cancel_backfill)
    start = sync(AsyncDagsterClient.start)
    stop = sync(AsyncDagsterClient.stop)
    terminate = sync(AsyncDagsterClient.terminate)
    delete = sync(AsyncDagsterClient.delete)

    query = sync(AsyncDagsterClient.query)
    graphql_schema = sync(AsyncDagsterClient.graphql_schema)

    def graphql_document(self, name: str) -> str:  # noqa: D102 - it has the docstring of the asynchronous method
        return self._asynchronous.graphql_document(name)

    # `functools.wraps` would make a type checker expect the arguments of the asynchronous method, including its `self`.
    graphql_document.__doc__ = AsyncDagsterClient.graphql_document.__doc__

    def close(self) -> None:
        """Close the connection and end the private thread. A later call connects again."""
        self._closer()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def __repr__(self) -> str:
        if self._async_client is None:
            return f"<{type(self).__name__}, not connected>"
        return repr(self._async_client).replace(type(self._async_client).__name__, type(self).__name__, 1)

    def _repr_html_(self) -> str:
        client = self._asynchronous
        return client._repr_html_().replace(type(client).__name__, type(self).__name__, 1)

    @property
    def _asynchronous(self) -> AsyncDagsterClient:
        assert self._async_client is not None  # noqa: S101 - `__init__` fails without it
        return self._async_client

    def _start(self) -> None:
        self._async_client = self._make_async_client()
        self._pid = os.getpid()
        self._loop = LoopThread()
        # This also runs when the interpreter exits, so that an open client does not keep a script from ending.
        self._closer = weakref.finalize(self, _close, self._loop, self._async_client, self._pid)
        _open_clients.add(self)

    def _reopen(self) -> None:
        """Connect again if this client was closed, or if the process was forked."""
        if self._pid != os.getpid() or not self._closer.alive:
            previous = self._asynchronous
            self._start()
            self._asynchronous._api.copy_from(previous._api)
            self._asynchronous._statuses = previous._statuses
            self._asynchronous._denied = previous._denied

    def _wait_for(self, function: Callable[..., Awaitable[Any]], *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
        return self._loop.call(function, *args, **kwargs)

    def _call(self, method: Callable[..., Awaitable[Any]], *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
        self._reopen()
        return self._to_synchronous(self._wait_for(method, self._async_client, *args, **kwargs))

    def _iterate(self, method: Callable[..., AsyncGenerator[Any]], *args: Any, **kwargs: Any) -> Iterator[Any]:  # noqa: ANN401
        self._reopen()
        return self._iterate_in_loop(method(self._async_client, *args, **kwargs))

    def _iterate_in_loop(self, generator: AsyncGenerator[Any]) -> Iterator[Any]:
        pid, closer = self._pid, self._closer
        return iterate_in_loop(generator, self._loop, is_open=lambda: closer.alive and pid == os.getpid())

    def _to_synchronous(self, value: Any) -> Any:  # noqa: ANN401
        if isinstance(value, AsyncRun):
            return Run(self, value)
        if isinstance(value, AsyncRunConfigSchema):
            return RunConfigSchema(self, value)
        return value


class Run(RunFacts):
    """A run from a `DagsterClient`. The properties have the values of the last `refresh`.

    Runs are equal if they have the same id. Runs can be copied and pickled, but an unpickled run has no client.

    Parameters
    ----------
    client
        The client that this object comes from.
    async_run
        The asynchronous run.
    """

    def __init__(self, client: DagsterClient, async_run: AsyncRun):
        super().__init__(async_run._record, async_run.url)
        self._client: DagsterClient | None = client

    @property
    def client(self) -> DagsterClient:
        """The client that the run comes from."""
        return cast("DagsterClient", require_client(self._client, self.run_id))

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
        async_run = self._asynchronous()
        try:
            value = self.client._wait_for(method, async_run, *args, **kwargs)
        finally:
            # Copy the values even after an interruption, because the wait may have read the run before it was
            # interrupted.
            self._update(async_run._record)
        return self if value is async_run else self.client._to_synchronous(value)

    def _iterate(self, method: Callable[..., AsyncGenerator[Any]], *args: Any, **kwargs: Any) -> Iterator[Any]:  # noqa: ANN401
        return self.client._iterate_in_loop(method(self._asynchronous(), *args, **kwargs))

    def _asynchronous(self) -> AsyncRun:
        self.client._reopen()
        return AsyncRun(self.client._asynchronous, self._record)


class RunConfigSchema(RunConfigSchemaFacts):
    """The schema of the run config of a job.

    Parameters
    ----------
    client
        The client that this object comes from.
    async_schema
        The asynchronous schema.
    """

    def __init__(self, client: DagsterClient, async_schema: AsyncRunConfigSchema):
        super().__init__(async_schema._address, async_schema._record)
        self._client = client

    validate = sync(AsyncRunConfigSchema.validate)

    def _call(self, method: Callable[..., Awaitable[Any]], *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
        self._client._reopen()
        schema = AsyncRunConfigSchema(self._client._asynchronous, self._address, self._record)
        return self._client._wait_for(method, schema, *args, **kwargs)


_open_clients: weakref.WeakSet[DagsterClient] = weakref.WeakSet()


def _close(loop: LoopThread, client: AsyncDagsterClient, pid: int) -> None:
    # The garbage collector may run in any thread, even in the thread of the client's own loop, which cannot wait for
    # itself.
    if pid != os.getpid() or loop.is_current:
        return
    try:
        loop.call(client.close)
    finally:
        loop.stop()


def _keep_parent_connections_open() -> None:
    """Prevent a forked process from closing its copies of the parent's connections.

    Closing a copy would remove the parent's socket from the event queue, which both processes share.
    """
    for client in _open_clients:
        for kept in (client._loop, client._async_client):
            ctypes.pythonapi.Py_IncRef(ctypes.py_object(kept))


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_keep_parent_connections_open)
