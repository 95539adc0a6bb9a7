"""If a server returns the same page again and again, reading stops, with an error if data may be missing."""

from __future__ import annotations

import pytest

import dagster_nb as dnb
from dagster_nb.client.methods import compute_logs
from dagster_nb.graphql import materialization_paging, tick_paging
from tests.unit.fake import make_run

RUN = make_run(0)["runId"]
MAX_REQUESTS = 60


@pytest.fixture
def client(fake):
    fake.runs = [make_run(number, status="STARTED") for number in reversed(range(300))]
    with fake.connect() as client:
        fake.requests.clear()

        def count(_operation):
            assert len(fake.requests) < MAX_REQUESTS, "the client never stops reading"

        fake.before = count
        yield client


@pytest.fixture
def same_event(fake):
    event = {
        "__typename": "LogMessageEvent", "timestamp": "1", "eventType": None, "level": "INFO", "stepKey": None,
        "message": "again", "runId": RUN,
    }  # fmt: skip
    page = {"__typename": "EventConnection", "events": [event], "cursor": "1", "hasMore": True}
    fake.answers["logsForRun"] = page


def ignore_cursor(answer):
    def resolve(info, filter=None, cursor=None, limit=None):  # noqa: A002 - the schema's name
        return answer(info, filter, None, limit)

    return resolve


@pytest.mark.parametrize(
    "read",
    [
        lambda client: client.runs(page_size=100),
        lambda client: client.runs(page_size=100, limit=250),
        lambda client: client.runs(),
        lambda client: list(client.iter_runs(page_size=100)),
    ],
    ids=["runs", "limit", "growing pages", "iter_runs"],
)
def test_a_repeated_page_of_runs_raises_an_error(fake, client, read):
    fake.answers["runsOrError"] = ignore_cursor(fake.answer_runs)
    with pytest.raises(dnb.ServerError, match="same page of runs again, so the rest cannot be read"):
        read(client)


def test_reading_stops_if_two_pages_alternate(fake, client):
    pages = [fake.runs[:100], fake.runs[100:200]]

    def answer(_info, filter=None, cursor=None, limit=None):  # noqa: A002 - the schema's name
        return {"__typename": "Runs", "results": pages[fake.operations.count("Runs") % 2]}

    fake.answers["runsOrError"] = answer
    with pytest.raises(dnb.ServerError, match="same page of runs again"):
        client.runs(page_size=100)


def test_a_repeated_page_of_run_ids_raises_an_error(fake, client):
    fake.runs = [make_run(number, jobName=f"job{number % 2}") for number in reversed(range(20_001))]
    fake.answers["runIdsOrError"] = ignore_cursor(fake.answer_run_ids)
    with pytest.raises(dnb.ServerError, match="same page of runs again"):
        client.runs(job=["job0", "job1"])


@pytest.mark.usefixtures("same_event")
@pytest.mark.parametrize(
    "read",
    [
        lambda client: client.events(RUN),
        lambda client: list(client.follow(RUN)),
        lambda client: list(client.follow(RUN, new_only=True)),
        lambda client: client.compute_logs(RUN),
    ],
    ids=["events", "follow", "follow new events", "compute_logs"],
)
def test_a_repeated_page_of_events_raises_an_error(client, read):
    with pytest.raises(dnb.ServerError, match="same page of events again"):
        read(client)


def test_a_repeated_page_of_captured_output_raises_an_error(fake, client, monkeypatch):
    monkeypatch.setattr(compute_logs, "_BYTES_PER_REQUEST", 10)
    events = [
        {"__typename": "LogsCapturedEvent", "fileKey": "a", "stepKeys": ["a"]},
        {"__typename": "RunSuccessEvent"},
    ]
    fake.answers["logsForRun"] = {"__typename": "EventConnection", "events": events, "cursor": "2", "hasMore": False}
    fake.answers["capturedLogs"] = {"stdout": "0123456789", "stderr": None, "cursor": "10"}
    with pytest.raises(dnb.ServerError, match="same page of captured output again"):
        client.compute_logs(RUN)


def test_a_repeated_page_of_backfills_raises_an_error(fake, client):
    backfill = {
        "id": "abc", "status": "REQUESTED", "jobName": "nightly", "assetSelection": None, "numPartitions": 1,
        "partitionNames": ["a"], "timestamp": 1.0, "endTimestamp": None, "tags": [], "error": None,
    }  # fmt: skip
    fake.answers["partitionBackfillsOrError"] = {"__typename": "PartitionBackfills", "results": [backfill]}
    with pytest.raises(dnb.ServerError, match="same page of backfills again"):
        client.backfills()


def test_repeated_ticks_are_ignored(fake, client, monkeypatch):
    monkeypatch.setattr(tick_paging, "_TICKS_PER_REQUEST", 3)
    ticks = [
        {"tickId": str(number), "status": "SKIPPED", "timestamp": 100.0 - number, "endTimestamp": None, "runIds": [],
         "skipReason": None, "error": None}
        for number in range(3)
    ]  # fmt: skip
    place = {"name": "repo", "location": {"name": "etl"}, "schedules": [{"name": "nightly"}], "sensors": []}
    fake.answers["repositoriesOrError"] = {"__typename": "RepositoryConnection", "nodes": [place]}
    fake.answers["instigationStateOrError"] = {"__typename": "InstigationState", "ticks": ticks}
    assert client.ticks("nightly")["tick_id"].tolist() == ["0", "1", "2"]


def test_repeated_materializations_are_ignored(fake, client, monkeypatch):
    monkeypatch.setattr(materialization_paging, "_EVENTS_PER_REQUEST", 20)
    events = [
        {"timestamp": str(1_000 + number), "runId": f"run{number}", "stepKey": None, "partition": None,
         "description": None, "metadataEntries": []}
        for number in range(20)
    ]  # fmt: skip
    fake.answers["assetsOrError"] = {"__typename": "AssetConnection", "nodes": [{"key": {"path": ["orders"]}}]}
    fake.answers["assetOrError"] = {"__typename": "Asset", "assetMaterializations": events}
    assert sorted(client.materializations("orders")["run_id"]) == sorted(event["runId"] for event in events)
