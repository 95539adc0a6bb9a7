"""A gql transport that passes requests to a fake Dagster in the same process."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any, NoReturn

from gql.transport import AsyncTransport
from gql.transport.exceptions import TransportConnectionFailed, TransportProtocolError, TransportServerError
from graphql import ExecutionResult

from tests.unit.fake.faults import ConnectionDroppedError

if TYPE_CHECKING:
    from gql import GraphQLRequest

    from tests.unit.fake.dagster import FakeDagster
    from tests.unit.fake.faults import Response

# Dagster uses status 400 for documents that it cannot execute, and 500 if the response contains a PythonError.
_STATUSES_WITH_AN_ANSWER = {400, 500}


class FakeTransport(AsyncTransport):
    """Behaves like gql's HTTP transport, but without HTTP."""

    def __init__(self, dagster: FakeDagster):
        self._dagster = dagster

    async def connect(self) -> None:
        """Do nothing, because there is no connection."""

    async def close(self) -> None:
        """Do nothing, because there is no connection."""

    async def execute(self, request: GraphQLRequest) -> ExecutionResult:
        # Like a network request, let other tasks run, and fail for values that JSON cannot represent.
        await asyncio.sleep(0)
        body = json.loads(json.dumps(request.payload))
        try:
            answer = await self._dagster.respond(body)
        except ConnectionDroppedError:
            raise TransportConnectionFailed("simulated failure: the connection was dropped") from None
        return _result(answer if isinstance(answer, dict) else _parsed(answer))

    def subscribe(self, request: GraphQLRequest) -> NoReturn:
        raise NotImplementedError("websockets need a port. Connect to `FakeDagster.url` instead.")


def _parsed(response: Response) -> Any:
    if response.status >= 300 and not (response.status in _STATUSES_WITH_AN_ANSWER and response.is_json):
        raise TransportServerError(f"HTTP {response.status}", response.status)
    try:
        return json.loads(response.text)
    except ValueError:
        raise TransportProtocolError("not JSON") from None


def _result(answer: Any) -> ExecutionResult:
    if not isinstance(answer, dict) or not {"data", "errors"} & set(answer):
        raise TransportProtocolError('neither "data" nor "errors"')
    return ExecutionResult(data=answer.get("data"), errors=answer.get("errors"), extensions=answer.get("extensions"))
