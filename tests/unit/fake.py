"""A Dagster that can be told what to get wrong.

It speaks real HTTP and executes real GraphQL on the schema of the installed Dagster, with the traps that a real server
has: a page after a deleted cursor is empty, an empty filter matches everything, a limit of zero is none.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, Self

from aiohttp import web
from aiohttp.test_utils import TestServer
from anyio.from_thread import start_blocking_portal
from graphql import (
    DocumentNode,
    ExecutionResult,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    build_schema,
    execute_sync,
    parse,
    validate,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    Fault = Callable[[web.Request, str], Awaitable[web.StreamResponse | None]]


@cache
def installed_schema() -> GraphQLSchema:
    """The schema of the installed Dagster, without its resolvers."""
    from dagster_graphql.schema import create_schema

    return build_schema(str(create_schema()))


def make_run(number: int, **facts: Any) -> dict[str, Any]:
    """A run as the server tells it; a higher number is a newer run."""
    return {
        "runId": f"{number:08d}-0000-4000-8000-000000000000",
        "jobName": "nightly",
        "status": "SUCCESS",
        "creationTime": 1_700_000_000.0 + number,
        "startTime": 1_700_000_001.0 + number,
        "endTime": 1_700_000_011.25 + number,
        "updateTime": 1_700_000_012.0 + number,
        "repositoryOrigin": {"repositoryLocationName": "etl", "repositoryName": "repo"},
        "rootRunId": None,
        "parentRunId": None,
        "tags": [],
        "runConfig": {},
        "assetSelection": None,
        "assetCheckSelection": None,
        "solidSelection": None,
        "pipelineSnapshotId": "snapshot",
        "hasTerminatePermission": True,
        "hasDeletePermission": True,
        **facts,
    }


class FakeDagster:
    """A server in a thread of its own.

    Attributes
    ----------
    runs
        Newest first; a test changes the list as it likes.
    requests
        The operations asked for, with their variables.
    faults
        What to do with the next requests: each takes one, and may answer it itself.
    before
        Called with the operation's name before each request is answered.
    answers
        Root fields that answer otherwise than by the runs.
    hanging
        Set when a request is left without an answer.
    hidden
        Ids that are listed and counted, and never handed over.
    """

    def __init__(self, runs: int = 0):
        self.runs = [make_run(number) for number in reversed(range(runs))]
        self.requests: list[tuple[str, dict[str, Any]]] = []
        self.faults: deque[Fault] = deque()
        self.before: Callable[[str], None] = lambda _: None
        self.answers: dict[str, Any] = {}
        self.hidden: set[str] = set()
        self.headers: list[dict[str, str]] = []
        self.hanging = threading.Event()
        self.schema = installed_schema()

    def __enter__(self) -> Self:
        self._portals = start_blocking_portal(name="fake Dagster")
        self._portal = self._portals.__enter__()
        self._portal.call(self._serve)
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._portal.call(self._released.set)
        self._portal.call(self._server.close)
        self._portals.__exit__(None, None, None)

    @property
    def url(self) -> str:
        return str(self._server.make_url("")).rstrip("/")

    @property
    def operations(self) -> list[str]:
        return [name for name, _ in self.requests]

    @property
    def ids(self) -> list[str]:
        return [run["runId"] for run in self.runs]

    def delete(self, *run_ids: str) -> None:
        self.runs = [run for run in self.runs if run["runId"] not in run_ids]

    def hang(self, requests: int = 1) -> None:
        """Leave the next requests without an answer."""

        async def fault(_request: web.Request, _operation: str) -> None:
            self.hanging.set()
            await self._released.wait()

        self.faults.extend([fault] * requests)

    def drop(self, requests: int = 1) -> None:
        """Drop the connection of the next requests, after what they ask for was done."""

        async def fault(request: web.Request, operation: str) -> web.StreamResponse:
            self.requests.append((operation, (await request.json()).get("variables") or {}))
            request.transport.close()
            return web.Response()

        self.faults.extend([fault] * requests)

    def answer(self, requests: int = 1, **response: Any) -> None:
        """Give the next requests a plain HTTP response."""

        async def fault(_request: web.Request, _operation: str) -> web.StreamResponse:
            return web.Response(**response)

        self.faults.extend([fault] * requests)

    async def _serve(self) -> None:
        self._released = asyncio.Event()
        app = web.Application(client_max_size=2**26)
        app.router.add_post("/graphql", self._answer)
        self._server = TestServer(app)
        await self._server.start_server()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        self.headers.append(dict(request.headers))
        operation = _operation_name(body["query"])
        if self.faults:
            answer = await self.faults.popleft()(request, operation)
            if answer is not None:
                return answer
        self.requests.append((operation, body.get("variables") or {}))
        self.before(operation)
        root = {
            "version": "1.13.28",
            "runsOrError": self._runs,
            "runIdsOrError": self._run_ids,
            "runOrError": self._run,
            **self.answers,
        }
        result = _execute(self.schema, body, root)
        return web.json_response(result.formatted, status=200 if result.data is not None else 400)

    def _matching(self, one: dict[str, Any] | None, cursor: str | None, limit: int | None) -> list[dict[str, Any]]:
        one = one or {}
        found = self.runs
        if cursor is not None:
            ids = self.ids
            found = found[ids.index(cursor) + 1 :] if cursor in ids else []
        tags = {tag["key"]: tag["value"] for tag in one.get("tags") or []}
        kept = [
            run
            for run in found
            if (not one.get("runIds") or run["runId"] in one["runIds"])
            and (not one.get("pipelineName") or run["jobName"] == one["pipelineName"])
            and (not one.get("statuses") or run["status"] in one["statuses"])
            and all({"key": key, "value": value} in _stored_tags(run) for key, value in tags.items())
            and _is_within(run, one)
        ]
        return kept[:limit] if limit and limit > 0 else kept

    def _runs(self, _info: object, filter: Any = None, cursor: Any = None, limit: Any = None) -> dict[str, Any]:  # noqa: A002
        matching = self._matching(filter, cursor, limit)
        return {
            "__typename": "Runs",
            "results": [run for run in matching if run["runId"] not in self.hidden],
            "count": len(self._matching(filter, None, None)),
        }

    def _run_ids(self, _info: object, filter: Any = None, cursor: Any = None, limit: Any = None) -> dict[str, Any]:  # noqa: A002
        return {"__typename": "RunIds", "results": [run["runId"] for run in self._matching(filter, cursor, limit)]}

    def _run(self, _info: object, runId: str) -> dict[str, Any]:  # noqa: N803 - the schema's name
        for run in self.runs:
            if run["runId"] == runId:
                return {"__typename": "Run", **run}
        return {"__typename": "RunNotFoundError", "runId": runId, "message": f"Run {runId} could not be found."}


def _stored_tags(run: dict[str, Any]) -> list[dict[str, str]]:
    """A run's tags with the one that Dagster adds and never shows."""
    origin = run["repositoryOrigin"]
    if origin is None:
        return run["tags"]
    label = f"{origin['repositoryName']}@{origin['repositoryLocationName']}"
    return [*run["tags"], {"key": ".dagster/repository", "value": label}]


def _is_within(run: dict[str, Any], one: dict[str, Any]) -> bool:
    """Whether a run's times are within bounds, which are exclusive; a zero is none."""
    created, updated = run["creationTime"], run["updateTime"]
    return (
        (not one.get("createdAfter") or created > one["createdAfter"])
        and (not one.get("createdBefore") or created < one["createdBefore"])
        and (not one.get("updatedAfter") or updated > one["updatedAfter"])
        and (not one.get("updatedBefore") or updated < one["updatedBefore"])
    )


def _execute(schema: GraphQLSchema, body: dict[str, Any], root: dict[str, Any]) -> ExecutionResult:
    try:
        document, errors = _checked(schema, body["query"])
    except GraphQLError as error:
        return ExecutionResult(data=None, errors=[error])
    if errors:
        return ExecutionResult(data=None, errors=errors)
    return execute_sync(
        schema,
        document,
        root_value=root,
        variable_values=body.get("variables"),
        operation_name=body.get("operationName"),
    )


# Which takes longer than all else that it does, and the same few documents come again and again.
@lru_cache(maxsize=1000)
def _checked(schema: GraphQLSchema, query: str) -> tuple[DocumentNode, list[GraphQLError]]:
    document = _parsed(query)
    return document, validate(schema, document)


_parsed = lru_cache(maxsize=1000)(parse)


def _operation_name(query: str) -> str:
    operation = next(node for node in _parsed(query).definitions if isinstance(node, OperationDefinitionNode))
    return operation.name.value if operation.name else ""
