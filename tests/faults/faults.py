"""Faults between a client and a server, as short functions that a `Proxy` calls in turn.

A fault takes a request and ``forward``, which passes the request on to the next fault or the server, and returns a
response.
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
    """Hold a response back for some time, for example for longer than the client's timeout."""

    async def fault(request: Request, forward: Forward) -> Answer:
        answer = await forward(request)
        await asyncio.sleep(seconds)
        return answer

    return fault


def reply(status: int, *, body: bytes = b"", headers: Mapping[str, str] | None = None) -> Fault:
    """Respond in place of the server, which never receives the request."""

    async def fault(_request: Request, forward: Forward) -> Answer:
        return Answer(status, headers or {"Content-Type": "text/html"}, body)

    return fault


def cut(keep: float = 0.5) -> Fault:
    """Close the connection after a fraction of the response body; with 0 the entire response is lost."""

    async def fault(request: Request, forward: Forward) -> Answer:
        answer = await forward(request)
        return replace(answer, keep=int(keep * len(answer.body)))

    return fault


def drip(seconds: float) -> Fault:
    """Send the body of a response in small pieces over some time."""

    async def fault(request: Request, forward: Forward) -> Answer:
        return replace(await forward(request), seconds=seconds)

    return fault


def refuse_pages_above(runs: int, *, status: int = 502) -> Fault:
    """Refuse pages with more runs than this, like a gateway that times out on slow responses."""
    refuse = reply(status, body=b"<html><h1>Bad Gateway</h1></html>")

    async def fault(request: Request, forward: Forward) -> Answer:
        return await (refuse(request, forward) if (request.page_size or 0) > runs else forward(request))

    return fault


def truncate(keep: float = 0.5) -> Fault:
    """Answer with the beginning of the body, as if that were all of it."""

    async def fault(request: Request, forward: Forward) -> Answer:
        answer = await forward(request)
        return replace(answer, body=answer.body[: int(keep * len(answer.body))])

    return fault


def fail_in_part() -> Fault:
    """Let the server carry the request out, and answer that a field of the response could not be resolved."""

    async def fault(request: Request, forward: Forward) -> Answer:
        answer = await forward(request)
        data = json.loads(answer.body).get("data") or {"field": None}
        error = {"message": "a resolver failed", "path": [next(iter(data))]}
        body = json.dumps({"data": dict.fromkeys(data), "errors": [error]}).encode()
        return Answer(200, {"Content-Type": "application/json"}, body)

    return fault


class AtRandom:
    """Faults that happen to requests at random, a limited number of times.

    Parameters
    ----------
    faults
        One of several faults, chosen at random.
    seed
        The same seed chooses the same faults for the same requests.
    share
        The share of the requests that are affected.
    limit
        The maximum number of affected requests.

    Attributes
    ----------
    fired
        The names of the operations that were affected.
    """

    def __init__(self, faults: Sequence[Fault], *, seed: int, share: float, limit: int):
        self.fired: list[str] = []
        self._faults = faults
        self._random = Random(seed)
        self._share = share
        self._limit = limit

    async def __call__(self, request: Request, forward: Forward) -> Answer:
        happens, fault = self._random.random() < self._share, self._random.choice(self._faults)
        if not happens or len(self.fired) >= self._limit:
            return await forward(request)
        self.fired.append(request.operation)
        return await fault(request, forward)


def is_page(request: Request) -> bool:
    """Return whether a request is for a page of runs."""
    return request.page_size is not None


class OneIn:
    """A fault that affects exactly one of every ``n`` requests, at a random position among them.

    Parameters
    ----------
    count
        Of how many.
    fault
        Which one.
    seed
        The same seed chooses the same positions.
    among
        Which requests the fault may affect; all others pass unchanged. None means all.

    Attributes
    ----------
    fired
        How often the fault has occurred.
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
