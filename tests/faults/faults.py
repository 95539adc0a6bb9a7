"""Functions that create network faults for a `Proxy`.

A fault receives a request and the function ``forward``, and returns a response. ``forward`` sends the request to the
next fault or to the server.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING

from tests.faults.proxy import Answer, Request

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tests.faults.errors_by_fault import Kind
    from tests.faults.proxy import Fault, Forward


def latency(seconds: float) -> Fault:
    """Delay each request and each response."""

    async def fault(request: Request, forward: Forward) -> Answer:
        await asyncio.sleep(seconds)
        answer = await forward(request)
        await asyncio.sleep(seconds)
        return answer

    return fault


def hold_back(seconds: float) -> Fault:
    """Delay a response, for example beyond the client's timeout."""

    async def fault(request: Request, forward: Forward) -> Answer:
        answer = await forward(request)
        await asyncio.sleep(seconds)
        return answer

    return fault


def reply(status: int, *, body: bytes = b"", headers: Mapping[str, str] | None = None) -> Fault:
    """Respond without forwarding the request to the server."""

    async def fault(_request: Request, forward: Forward) -> Answer:
        return Answer(status, headers or {"Content-Type": "text/html"}, body)

    return fault


def cut(keep: float = 0.5) -> Fault:
    """Close the connection after a fraction of the response body. If the fraction is 0, nothing is sent."""

    async def fault(request: Request, forward: Forward) -> Answer:
        answer = await forward(request)
        return replace(answer, keep=int(keep * len(answer.body)))

    return fault


def drip(seconds: float) -> Fault:
    """Send the response body slowly, in small pieces."""

    async def fault(request: Request, forward: Forward) -> Answer:
        return replace(await forward(request), seconds=seconds)

    return fault


def refuse_pages_above(runs: int, *, status: int = 502) -> Fault:
    """Reject requests for pages that are too large, as a gateway does that times out on slow responses."""
    refuse = reply(status, body=b"<html><h1>Bad Gateway</h1></html>")

    async def fault(request: Request, forward: Forward) -> Answer:
        return await (refuse(request, forward) if (request.page_size or 0) > runs else forward(request))

    return fault


def truncate(keep: float = 0.5) -> Fault:
    """Return only the first part of the body as if it were the complete response."""

    async def fault(request: Request, forward: Forward) -> Answer:
        answer = await forward(request)
        return replace(answer, body=answer.body[: int(keep * len(answer.body))])

    return fault


def fail_in_part() -> Fault:
    """Forward the request, but respond as if a resolver had raised an error."""

    async def fault(request: Request, forward: Forward) -> Answer:
        answer = await forward(request)
        data = json.loads(answer.body).get("data") or {"field": None}
        error = {"message": "a resolver failed", "path": [next(iter(data))]}
        body = json.dumps({"data": dict.fromkeys(data), "errors": [error]}).encode()
        return Answer(200, {"Content-Type": "application/json"}, body)

    return fault


def lose_a_field() -> Fault:
    """Forward the request, but replace one nested value with null, and report that its resolver failed."""

    async def fault(request: Request, forward: Forward) -> Answer:
        answer = await forward(request)
        content = json.loads(answer.body)
        path: list[str | int] = []
        parent, value = {}, content.get("data")
        while isinstance(value, dict | list) and value:
            path.append(next(iter(value)) if isinstance(value, dict) else len(value) - 1)
            parent, value = value, value[path[-1]]
        if path:
            parent[path[-1]] = None
        content["errors"] = [{"message": "a resolver failed", "path": path}]
        return Answer(200, {"Content-Type": "application/json"}, json.dumps(content).encode())

    return fault


def flood(size: int) -> Fault:
    """Forward the request, but respond with a body of this many bytes, which is generated while it is being sent."""

    async def fault(request: Request, forward: Forward) -> Answer:
        await forward(request)
        return Answer(200, {"Content-Type": "application/json"}, flood=size)

    return fault


def ignore_cursor() -> Fault:
    """Respond to a request for a later page of runs or backfills with the first page, as a faulty cache would."""

    async def fault(request: Request, forward: Forward) -> Answer:
        if request.operation not in {"Runs", "RunIds", "Backfills"}:
            return await forward(request)
        content = json.loads(request.body)
        content["variables"]["cursor"] = None
        return await forward(replace(request, body=json.dumps(content).encode()))

    return fault


class AtRandom:
    """Causes random faults for random requests, up to a limit.

    Parameters
    ----------
    kinds
        The kinds of faults to choose from.
    seed
        The random seed. If the seed is the same, the same requests have the same faults.
    share
        The probability of a fault.
    limit
        The maximum number of faults.

    Attributes
    ----------
    fired
        The affected requests, each with the kind of its fault.
    """

    def __init__(self, kinds: Sequence[Kind], *, seed: int, share: float, limit: int):
        self.fired: list[tuple[Request, Kind]] = []
        self._kinds = kinds
        self._random = Random(seed)
        self._share = share
        self._limit = limit

    async def __call__(self, request: Request, forward: Forward) -> Answer:
        happens, kind = self._random.random() < self._share, self._random.choice(self._kinds)
        if not happens or len(self.fired) >= self._limit:
            return await forward(request)
        self.fired.append((request, kind))
        return await kind.fault(request, forward)


def is_page(request: Request) -> bool:
    """Return whether a request reads a page of runs."""
    return request.page_size is not None


class OneIn:
    """Causes a fault for exactly one of every ``count`` requests, chosen at random.

    Parameters
    ----------
    count
        The number of requests per fault.
    fault
        The fault.
    seed
        The random seed for the choice of requests.
    among
        Selects the requests that the fault may affect. None means all.

    Attributes
    ----------
    fired
        The number of faults so far.
    """

    def __init__(self, count: int, fault: Fault, *, seed: int = 0, among: Callable[[Request], bool] | None = is_page):
        self.fired = 0
        self._count = count
        self._fault = fault
        self._random = Random(seed)
        self._among = among
        self._seen = 0
        self._chosen = 0

    async def __call__(self, request: Request, forward: Forward) -> Answer:
        if self._among is not None and not self._among(request):
            return await forward(request)
        place = self._seen % self._count
        if place == 0:
            self._chosen = self._random.randrange(self._count)
        self._seen += 1
        if place != self._chosen:
            return await forward(request)
        self.fired += 1
        return await self._fault(request, forward)
