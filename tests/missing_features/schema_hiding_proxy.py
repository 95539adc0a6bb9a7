"""A proxy in front of a real Dagster that hides parts of its schema."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestServer
from anyio.from_thread import start_blocking_portal
from graphql import GraphQLSchema, parse, validate

from tests.unit import altered_schemas

if TYPE_CHECKING:
    from types import TracebackType


class SchemaHidingProxy:
    """Rejects requests for removed parts of the schema, and forwards all other requests.

    Parameters
    ----------
    url
        The real server.

    Attributes
    ----------
    schema
        The schema that the proxy presents. Tests may change it.
    """

    def __init__(self, url: str):
        self._real = f"{url}/graphql"
        self.schema: GraphQLSchema = altered_schemas.without()

    def __enter__(self) -> Self:
        self._portals = start_blocking_portal(name="schema-hiding proxy")
        self._portal = self._portals.__enter__()
        self._portal.call(self._serve)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._portal.call(self._close)
        self._portals.__exit__(kind, error, trace)

    @property
    def url(self) -> str:
        return str(self._server.make_url("")).rstrip("/")

    async def _serve(self) -> None:
        # The webserver closes idle connections, so a connection from a pool may break.
        self._session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True))
        app = web.Application()
        app.router.add_post("/graphql", self._answer)
        self._server = TestServer(app)
        await self._server.start_server()

    async def _close(self) -> None:
        await self._server.close()
        await self._session.close()

    async def _answer(self, request: web.Request) -> web.Response:
        body = await request.json()
        if errors := validate(self.schema, parse(body["query"])):
            return web.json_response({"errors": [error.formatted for error in errors]}, status=400)
        if "__schema" in body["query"]:
            return web.json_response(altered_schemas.introspect(self.schema, body["query"]))
        async with self._session.post(self._real, json=body) as answer:
            return web.json_response(await answer.json(), status=answer.status)
