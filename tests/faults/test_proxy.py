"""The proxy applies its faults and forwards everything else unchanged."""

from __future__ import annotations

import json
import time
from http.client import HTTPConnection, IncompleteRead, RemoteDisconnected

import pytest

from tests.faults.faults import (
    OneIn,
    cut,
    flood,
    hold_back,
    ignore_cursor,
    latency,
    lose_a_field,
    refuse_pages_above,
    reply,
)
from tests.faults.proxy import Proxy
from tests.unit.fake import FakeDagster

PAGE = "query Page($limit: Int!) { runsOrError(limit: $limit) { ... on Runs { results { runId } } } }"
IDS = "query Ids($limit: Int!) { runIdsOrError(limit: $limit) { ... on RunIds { results } } }"


@pytest.fixture(scope="module")
def fake():
    with FakeDagster(runs=50) as fake:
        yield fake


@pytest.fixture
def proxy(fake):
    with Proxy(fake.url) as proxy:
        yield proxy


def post(url, query=PAGE, *, timeout=10, **variables):
    """Send a query without retries, and return the status, headers and body of the response."""
    connection = HTTPConnection(url.removeprefix("http://"), timeout=timeout)
    try:
        body = json.dumps({"query": query, "variables": variables})
        connection.request("POST", "/graphql", body, {"Content-Type": "application/json"})
        with connection.getresponse() as response:
            return response.status, response.headers, response.read()
    finally:
        connection.close()


def test_a_response_arrives_unchanged_and_is_counted(fake, proxy):
    status, headers, answer = post(proxy.url, limit=30)
    assert status == 200
    assert headers["Content-Type"] == "application/json; charset=utf-8"
    assert answer == post(fake.url, limit=30)[2]
    (exchange,) = proxy.exchanges
    assert exchange.request.operation == "Page"
    assert exchange.request.page_size == 30
    assert (exchange.status, exchange.sent, exchange.is_whole) == (200, len(answer), True)


def test_requests_alternate_between_servers():
    with FakeDagster(runs=1) as first, FakeDagster(runs=1) as second, Proxy(first.url, second.url) as proxy:
        for _ in range(4):
            post(proxy.url, limit=1)
        assert len(first.requests) == len(second.requests) == 2


def test_latency_delays_requests_and_responses(proxy):
    proxy.faults = [latency(0.1)]
    began = time.monotonic()
    post(proxy.url, limit=1)
    assert time.monotonic() - began >= 0.2


def test_only_requests_for_large_pages_are_refused(proxy):
    proxy.faults = [refuse_pages_above(30)]
    assert post(proxy.url, limit=30)[0] == 200
    assert post(proxy.url, IDS, limit=31)[0] == 200
    assert post(proxy.url, limit=31)[0] == 502


def test_a_request_with_a_replaced_response_does_not_reach_the_server(fake, proxy):
    before = len(fake.requests)
    proxy.faults = [reply(429, headers={"Retry-After": "3"})]
    status, headers, _ = post(proxy.url, limit=1)
    assert (status, headers["Retry-After"]) == (429, "3")
    assert len(fake.requests) == before


def test_a_response_can_end_in_the_middle_of_its_body(fake, proxy):
    complete = post(proxy.url, limit=20)[2]
    proxy.faults = [cut(0.5)]
    with pytest.raises(IncompleteRead) as caught:
        post(proxy.url, limit=20)
    assert caught.value.partial == complete[: len(complete) // 2]
    assert (proxy.exchanges[-1].sent, proxy.exchanges[-1].is_whole) == (len(complete) // 2, False)


def test_the_server_executes_a_request_although_its_response_is_lost(fake, proxy):
    before = len(fake.requests)
    proxy.faults = [cut(0)]
    with pytest.raises(RemoteDisconnected):
        post(proxy.url, limit=20)
    assert len(fake.requests) == before + 1


def test_a_delayed_response_arrives_after_the_timeout(proxy):
    proxy.faults = [hold_back(60)]
    with pytest.raises(TimeoutError):
        post(proxy.url, limit=1, timeout=0.2)
    assert proxy.exchanges[-1].status is None


def test_one_page_in_ten_fails_and_a_seed_makes_the_choice_reproducible(proxy):
    def failed(seed):
        proxy.faults = [OneIn(10, reply(503), seed=seed)]
        places = []
        for place in range(30):
            post(proxy.url, "{ version }")
            if post(proxy.url, limit=1)[0] == 503:
                places.append(place)
        assert proxy.faults[0].fired == len(places)
        return places

    first = failed(seed=1)
    assert [place // 10 for place in first] == [0, 1, 2]
    assert failed(seed=1) == first
    assert failed(seed=2) != first


def test_one_field_of_a_response_can_be_lost(fake, proxy):
    proxy.faults = [lose_a_field()]
    answer = json.loads(post(proxy.url, limit=3)[2])
    assert answer["data"]["runsOrError"] == {
        "results": [{"runId": run_id} for run_id in fake.ids[:2]] + [{"runId": None}]
    }
    assert answer["errors"][0]["path"] == ["runsOrError", "results", 2, "runId"]


def test_the_proxy_can_ignore_a_cursor(fake, proxy):
    page = (
        "query Runs($cursor: String) { runsOrError(limit: 2, cursor: $cursor) { ... on Runs { results { runId } } } }"
    )
    expected = post(fake.url, page)[2]
    assert post(proxy.url, page, cursor=fake.ids[9])[2] != expected
    proxy.faults = [ignore_cursor()]
    assert post(proxy.url, page, cursor=fake.ids[9])[2] == expected


def test_a_huge_body_is_sent_without_its_size(proxy):
    proxy.faults = [flood(2**20)]
    _, headers, body = post(proxy.url, limit=1)
    assert "Content-Length" not in headers
    assert len(body) > 2**20
    assert proxy.exchanges[-1].is_whole


def test_faults_are_combined(proxy):
    proxy.faults = [latency(0.05), refuse_pages_above(10)]
    began = time.monotonic()
    assert post(proxy.url, limit=11)[0] == 502
    assert time.monotonic() - began >= 0.1
