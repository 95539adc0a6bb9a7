"""Serve a fake Dagster on a port, for tests that need a network connection."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from aiohttp import web
from aiohttp.test_utils import TestServer
from anyio.from_thread import start_blocking_portal

from tests.unit.fake.faults import ConnectionDroppedError

if TYPE_CHECKING:
    from tests.unit.fake.dagster import FakeDagster


class Port:
    """Serves a fake Dagster over HTTP in its own thread."""

    def __init__(self, dagster: FakeDagster):
        self._dagster = dagster

    def open(self, port: int | None = None) -> Self:
        """Listen on a port, or on any free port."""
        self._portals = start_blocking_portal(name="fake Dagster")
        self._portal = self._portals.__enter__()
        self._portal.call(self._serve, port)
        return self

    def close(self) -> None:
        self._portal.call(self._server.close)
        self._portals.__exit__(None, None, None)

    @property
    def url(self) -> str:
        return str(self._server.make_url("")).rstrip("/")

    async def _serve(self, port: int | None) -> None:
        app = web.Application(client_max_size=2**26)
        app.router.add_post("/graphql", self._answer)
        app.router.add_routes(self._dagster.routes())
        self._server = TestServer(app, port=port)
        # Do not wait for hanging requests when closing.
        await self._server.start_server(shutdown_timeout=0.01)

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        self._dagster.headers.append(dict(request.headers))
        try:
            answer = await self._dagster.respond(await request.json())
        except ConnectionDroppedError:
            request.transport.close()
            return web.Response()
        if isinstance(answer, dict):
            return web.json_response(answer, status=200 if answer.get("data") is not None else 400)
        response = web.Response(
            status=answer.status, text=answer.text, content_type=answer.content_type, headers=answer.headers
        )
        if answer.encoding == "chunked":
            response.enable_chunked_encoding()
        elif answer.encoding == "gzip":
            response.enable_compression(web.ContentCoding.gzip)
        return response
