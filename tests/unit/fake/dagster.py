"""A fake Dagster. Tests set its runs and its faults.

The fake executes GraphQL on the schema of the installed Dagster, and has the pitfalls of a real server: the page after
a deleted cursor is empty, an empty filter selects every run, and a limit of zero means no limit.
"""

from __future__ import annotations

import asyncio
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Self

import dagster_nb as dnb
from tests.unit.fake.execute_graphql import execute, installed_schema, operation_name
from tests.unit.fake.faults import ConnectionDroppedError, Fault, Response
from tests.unit.fake.http_server import Port
from tests.unit.fake.runs import make_run, matching
from tests.unit.fake.transport import FakeTransport

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Iterator

    from aiohttp import web

ADDRESS = "http://fake:3000"


class FakeDagster:
    """A server that clients reach in this process through `connect`, or over HTTP at ``url``.

    Attributes
    ----------
    runs
        The runs, newest first. Tests may change the list.
    requests
        The operations and variables of all requests so far.
    headers
        The headers of all HTTP requests so far.
    faults
        The faults for the next requests.
    before
        A function that is called with the name of the operation before each response.
    answers
        The values of root fields, or functions that return the values. They replace the values that the fake computes.
    hanging
        An event that is set when a request starts to hang.
    hidden
        The ids of runs that the fake lists and counts, but does not return.
    """

    def __init__(self, runs: int = 0):
        self.runs = [make_run(number) for number in reversed(range(runs))]
        self.requests: list[tuple[str, dict[str, Any]]] = []
        self.headers: list[dict[str, str]] = []
        self.faults: list[Fault] = []
        self.before: Callable[[str], None] = lambda _: None
        self.answers: dict[str, Any] = {}
        self.hidden: set[str] = set()
        self.hanging = threading.Event()
        self.schema = installed_schema()
        self._port: Port | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        if self._port is not None:
            self._port.close()
            self._port = None

    @contextmanager
    def restarting(self) -> Iterator[Callable[[], None]]:
        """Refuse connections until the yielded function is called or the ``with`` block ends."""
        assert self._port is not None
        number = int(self.url.rpartition(":")[2])
        self._port.close()
        started = threading.Event()

        def start() -> None:
            if not started.is_set():
                started.set()
                self._port = Port(self).open(number)

        yield start
        start()

    def connect(self, **options: Any) -> dnb.DagsterClient:
        """Return a client that reaches this Dagster without a port. The options are those of `dagster_nb.connect`."""
        return dnb.DagsterClient(url=ADDRESS, transport=FakeTransport(self), **{"progress": False, **options})

    def async_client(self, **options: Any) -> dnb.AsyncDagsterClient:
        """Return an asynchronous client that reaches this Dagster without a port, for use with ``async with``."""
        return dnb.AsyncDagsterClient(ADDRESS, transport=FakeTransport(self), **{"progress": False, **options})

    @property
    def url(self) -> str:
        """The server's HTTP address. The port is opened on first use."""
        if self._port is None:
            self._port = Port(self).open()
        return self._port.url

    def routes(self) -> Iterable[web.RouteDef]:
        """Return additional HTTP routes."""
        return ()

    @property
    def operations(self) -> list[str]:
        return [name for name, _ in self.requests]

    @property
    def ids(self) -> list[str]:
        return [run["runId"] for run in self.runs]

    def delete(self, *run_ids: str) -> None:
        self.runs = [run for run in self.runs if run["runId"] not in run_ids]

    def hang(self, requests: int | None = 1, **which: Any) -> Fault:
        """Let the next requests hang without a response. The arguments select these requests, as in `answer`."""

        async def respond(_operation: str, _variables: dict[str, Any]) -> Response:
            self.hanging.set()
            await asyncio.Event().wait()
            raise AssertionError("unreachable")

        return self._add_fault(respond, requests, **which)

    def drop(self, requests: int | None = 1, *, after: Callable[[], object] = lambda: None, **which: Any) -> Fault:
        """For each of the next requests, call ``after`` and drop the connection.

        The arguments select the requests, as in `answer`.
        """

        async def respond(operation: str, variables: dict[str, Any]) -> Response:
            self.requests.append((operation, variables))
            after()
            raise ConnectionDroppedError

        return self._add_fault(respond, requests, **which)

    def answer(
        self,
        requests: int | None = 1,
        *,
        operation: str | None = None,
        where: Callable[[dict[str, Any]], bool] = lambda _: True,
        **response: Any,
    ) -> Fault:
        """Send this HTTP response to the next requests.

        Parameters
        ----------
        requests
            The number of requests. None means all.
        operation
            The name of the operation of the affected requests; None affects requests for any operation.
        where
            A function of the variables that returns True for the affected requests.
        response
            Values for the fields of `Response`.
        """

        async def respond(_operation: str, _variables: dict[str, Any]) -> Response:
            return Response(**response)

        return self._add_fault(respond, requests, operation=operation, where=where)

    def _add_fault(
        self,
        respond: Callable[[str, dict[str, Any]], Awaitable[Response]],
        requests: int | None,
        *,
        operation: str | None = None,
        where: Callable[[dict[str, Any]], bool] = lambda _: True,
    ) -> Fault:
        fault = Fault(respond, lambda name, variables: operation in {None, name} and where(variables), requests)
        self.faults.append(fault)
        return fault

    async def respond(self, body: dict[str, Any]) -> dict[str, Any] | Response:
        """Return the response to a request, which a fault may replace."""
        operation, variables = operation_name(body["query"]), body.get("variables") or {}
        for fault in self.faults:
            if fault.left != 0 and fault.applies(operation, variables):
                fault.left = None if fault.left is None else fault.left - 1
                fault.met.append(variables)
                return await fault.respond(operation, variables)
        self.requests.append((operation, variables))
        self.before(operation)
        root = {
            "version": "1.13.28",
            "permissions": [],
            "runsOrError": self.answer_runs,
            "runIdsOrError": self.answer_run_ids,
            "runsFeedCountOrError": self.answer_count,
            "runOrError": self._answer_run,
            **self.answers,
        }
        return execute(self.schema, body, root)

    def answer_runs(self, _info: object, filter: Any = None, cursor: Any = None, limit: Any = None) -> dict[str, Any]:  # noqa: A002 - the schema's name
        """Resolve ``Query.runsOrError``."""
        page = matching(self.runs, filter, cursor, limit)
        return {
            "__typename": "Runs",
            "results": [run for run in page if run["runId"] not in self.hidden],
            "count": lambda _info: len(matching(self.runs, filter)),
        }

    def answer_run_ids(
        self,
        _info: object,
        filter: Any = None,  # noqa: A002 - the schema's name
        cursor: Any = None,
        limit: Any = None,
    ) -> dict[str, Any]:
        return {"__typename": "RunIds", "results": [run["runId"] for run in matching(self.runs, filter, cursor, limit)]}

    def answer_count(self, _info: object, view: str, filter: Any = None) -> dict[str, Any]:  # noqa: A002 - the schema's name
        if view != "RUNS":
            raise NotImplementedError(
                f"the fake Dagster counts only runs, not {view}. Implement this here if a test needs it."
            )
        return {"__typename": "RunsFeedCount", "count": len(matching(self.runs, filter))}

    def _answer_run(self, _info: object, runId: str) -> dict[str, Any]:  # noqa: N803 - the schema's name
        for run in self.runs:
            if run["runId"] == runId:
                return {"__typename": "Run", **run}
        return {"__typename": "RunNotFoundError", "runId": runId, "message": f"Run {runId} could not be found."}
