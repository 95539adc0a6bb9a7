"""A server that generates any number of runs from a template, so that it does not have to store them.

For each page, it executes the GraphQL query for a single run on the schema of the installed Dagster. It then repeats
the response for this run with different values.
"""

from __future__ import annotations

import json
import re
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, Self

from aiohttp import web
from anyio.from_thread import start_blocking_portal
from graphql import GraphQLError, GraphQLSchema, build_schema, execute_sync, parse

if TYPE_CHECKING:
    from collections.abc import Sequence

_ID = re.compile(r"([0-9a-f]{8})-0000-4000-8000-000000000000")
_RESULTS = "<the runs of the page>"
_JOBS = 40
_TEAMS = ("crm", "data", "finance", "marketing", "ml", "platform", "web")
_SCHEDULES = ("hourly", "nightly", "weekly", "monthly", "early", "late")
_FIRST_CREATED = 1_700_000_000
_SECONDS_BETWEEN_RUNS = 60

# The run for which the query is executed. All its values are different, so that each of them can be replaced.
_SAMPLE = {
    "runId": "<id>",
    "jobName": "<job>",
    "status": "MANAGED",
    "creationTime": -1.0,
    "startTime": -2.0,
    "endTime": -3.0,
    "updateTime": -4.0,
    "repositoryOrigin": {"repositoryLocationName": "shop", "repositoryName": "__repository__"},
    "rootRunId": None,
    "parentRunId": None,
    "tags": [
        {"key": "dagster/code_location", "value": "shop"},
        {"key": "dagster/partition", "value": "<partition>"},
        {"key": "dagster/schedule_name", "value": "<schedule>"},
        {"key": "shop/rows", "value": "<rows>"},
        {"key": "team", "value": "<team>"},
    ],
    "runConfig": {"ops": {"load": {"config": {"rows": 1000}}}},
    "assetSelection": None,
    "solidSelection": None,
}
_PLACES = {
    '"<id>"': '"%(id)s"',
    '"<job>"': '"job_%(job)d"',
    '"MANAGED"': '"%(status)s"',
    "-1.0": "%(created)d.123456",
    "-2.0": "%(created)d.654321",
    "-3.0": "%(ended)d.25",
    "-4.0": "%(ended)d.5",
    '"<partition>"': '"%(partition)s"',
    '"<schedule>"': '"%(schedule)s"',
    '"<rows>"': '"%(rows)d"',
    '"<team>"': '"%(team)s"',
}
_PLACE = re.compile("|".join(map(re.escape, _PLACES)))


def run_id(number: int) -> str:
    """Return the id of the run with this number. Newer runs have higher numbers."""
    return f"{number:08x}-0000-4000-8000-000000000000"


class GeneratedRunsServer:
    """A server in its own thread that supports ``cursor``, ``limit`` and the filters ``runIds`` and ``updatedAfter``.

    Parameters
    ----------
    runs
        The number of runs.
    """

    def __init__(self, runs: int):
        self.runs = runs

    def __enter__(self) -> Self:
        self._portals = start_blocking_portal(name="template server")
        self._portal = self._portals.__enter__()
        self._portal.call(self._start)
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._portal.call(self._runner.cleanup)
        self._portals.__exit__(None, None, None)

    @property
    def url(self) -> str:
        host, port = self._runner.addresses[0]
        return f"http://{host}:{port}"

    async def _start(self) -> None:
        app = web.Application(client_max_size=2**26)
        app.router.add_post("/graphql", self._answer)
        self._runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.5)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()

    async def _answer(self, request: web.Request) -> web.Response:
        return web.Response(body=self.answer(await request.json()), content_type="application/json")

    def answer(self, body: dict[str, Any]) -> bytes:
        """Return the response to a request."""
        page: list[int] = []

        def runs(_info: object, **arguments: Any) -> dict[str, Any]:
            page[:] = self._numbers(**arguments)
            count = len(self._numbers(filter=arguments.get("filter")))
            return {"__typename": "Runs", "results": [_SAMPLE] if page else [], "count": count}

        def run_ids(_info: object, **arguments: Any) -> dict[str, Any]:
            return {"__typename": "RunIds", "results": [run_id(number) for number in self._numbers(**arguments)]}

        root = {"version": "1.13.28", "permissions": [], "runsOrError": runs, "runIdsOrError": run_ids}
        result = execute_sync(
            _schema(), _parsed(body["query"]), root, variable_values=body.get("variables"),
            operation_name=body.get("operationName"),
        )  # fmt: skip
        answer = result.formatted
        results = (answer.get("data") or {}).get("runsOrError", {}).get("results")
        if not page or not results:
            return json.dumps(answer).encode()
        answer["data"]["runsOrError"]["results"] = _RESULTS
        text = _render(json.dumps(results[0]), page)
        return json.dumps(answer).replace(f'"{_RESULTS}"', f"[{text}]").encode()

    def _numbers(self, filter: Any = None, cursor: str | None = None, limit: int | None = None) -> Sequence[int]:  # noqa: A002
        """Return the numbers of the runs on a page, newest first."""
        filter = filter or {}  # noqa: A001
        if unknown := filter.keys() - {"runIds", "updatedAfter"}:
            raise GraphQLError(f"this server cannot filter by {sorted(unknown)}. Use runIds or updatedAfter.")
        numbers: Sequence[int] = range(self.runs)[::-1]
        if filter.get("runIds"):
            numbers = sorted({number for one in filter["runIds"] if (number := self._number(one)) is not None})[::-1]
        if filter.get("updatedAfter"):
            numbers = [number for number in numbers if _values(number)["ended"] + 0.5 > filter["updatedAfter"]]
        if cursor is not None:
            last = self._number(cursor)
            if last is None:
                numbers = []
            elif isinstance(numbers, range):
                numbers = range(last)[::-1]
            else:
                numbers = [number for number in numbers if number < last]
        return numbers[:limit] if limit and limit > 0 else numbers

    def _number(self, run_id: str) -> int | None:
        matched = _ID.fullmatch(run_id)
        number = int(matched[1], 16) if matched else self.runs
        return number if number < self.runs else None


def _render(run: str, numbers: Sequence[int]) -> str:
    """Return the JSON of several runs, which is made from the JSON of the sample run."""
    template = _template(run)
    return ", ".join([template % _values(number) for number in numbers])


@cache
def _template(run: str) -> str:
    return _PLACE.sub(lambda found: _PLACES[found[0]], run.replace("%", "%%"))


def _values(number: int) -> dict[str, Any]:
    created = _FIRST_CREATED + number * _SECONDS_BETWEEN_RUNS
    return {
        "id": run_id(number),
        "job": number % _JOBS,
        "status": "FAILURE" if number % 20 == 0 else "SUCCESS",
        "created": created,
        "ended": created + 10 + number % 3_000,
        "partition": f"202{number // 336 % 5}-{number // 28 % 12 + 1:02}-{number % 28 + 1:02}",
        "schedule": _SCHEDULES[number % len(_SCHEDULES)],
        "rows": 1_000_000 + number,
        "team": _TEAMS[number % len(_TEAMS)],
    }


@cache
def _schema() -> GraphQLSchema:
    from dagster_graphql.schema import create_schema

    return build_schema(str(create_schema()))


_parsed = lru_cache(maxsize=100)(parse)
