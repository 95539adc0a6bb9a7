"""Schedules and sensors are found by name, and all pages of their ticks and of backfills are read."""

from __future__ import annotations

import pandas as pd
import pytest

import dagster_nb as dnb

PLACE = {"name": "repo", "location": {"name": "etl"}}


def tick(number, timestamp):
    return {
        "tickId": str(number), "status": "SKIPPED", "timestamp": timestamp, "endTimestamp": None, "runIds": [],
        "skipReason": None, "error": None,
    }  # fmt: skip


@pytest.fixture
def client(fake):
    nodes = [
        {**PLACE, "schedules": [{"name": "nightly"}, {"name": "twice"}], "sensors": [{"name": "files"}]},
        {"name": "other", "location": {"name": "web"}, "schedules": [{"name": "twice"}], "sensors": []},
    ]
    fake.answers["repositoriesOrError"] = {"__typename": "RepositoryConnection", "nodes": nodes}
    with fake.connect() as client:
        fake.requests.clear()
        yield client


def serve_ticks(fake, ticks, cap):
    """Make the fake respond like Dagster, with at most ``cap`` ticks, newest first, within exclusive bounds."""

    def answer(_info, instigationSelector):  # noqa: N803 - the schema's name
        def page(_info, beforeTimestamp=None, afterTimestamp=None, limit=None):  # noqa: N803 - the schema's names
            before = float("inf") if beforeTimestamp is None else beforeTimestamp
            after = afterTimestamp or 0
            found = [one for one in ticks if after < one["timestamp"] < before]
            return sorted(found, key=lambda one: -one["timestamp"])[: min(cap, limit)]

        return {"__typename": "InstigationState", "ticks": page}

    fake.answers["instigationStateOrError"] = answer


@pytest.mark.parametrize("cap", [1, 2, 3, 7, 500])
def test_no_tick_is_lost_or_repeated_between_pages(fake, client, cap):
    # If a page contains only one tick, the client cannot read two ticks with the same time, so all times differ.
    times = [100.0, 101.0, 102.5, 104.25, 104.25, 105.0] if cap > 1 else [100.0, 101.0, 102.5]
    ticks = [tick(number, timestamp) for number, timestamp in enumerate(times)]
    serve_ticks(fake, ticks, cap)
    frame = client.ticks("nightly")
    assert sorted(frame["tick_id"]) == [one["tickId"] for one in ticks]
    assert frame["timestamp"].is_monotonic_decreasing


def test_the_bounds_of_ticks_are_exclusive_and_exact(fake, client):
    serve_ticks(fake, [tick(number, 100.0 + number) for number in range(5)], 500)
    frame = client.ticks("nightly", after=pd.Timestamp(100, unit="s"), before=pd.Timestamp(103, unit="s"))
    assert frame["tick_id"].tolist() == ["2", "1"]
    assert client.ticks("nightly", before="1970-01-01").empty


@pytest.mark.parametrize(
    ("name", "selector"),
    [
        ("nightly", {"repositoryName": "repo", "repositoryLocationName": "etl", "name": "nightly"}),
        (
            pd.Series({"schedule": "twice", "location": "web", "repository": "other"}),
            {"repositoryName": "other", "repositoryLocationName": "web", "name": "twice"},
        ),
        (["files"], {"repositoryName": "repo", "repositoryLocationName": "etl", "name": "files"}),
    ],
)
def test_ticks_are_requested_by_name_or_by_row(fake, client, name, selector):
    serve_ticks(fake, [], 500)
    client.ticks(name)
    assert fake.requests[-1][1]["selector"] == selector


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"name": ""}, ValueError, "must not be empty"),
        ({"name": 3}, TypeError, "got int"),
        ({"name": [3]}, TypeError, "got 3"),
        ({"name": []}, ValueError, "expected one schedule or sensor, got 0"),
        ({"name": ["a", "b"]}, ValueError, "got 2"),
        ({"name": pd.DataFrame({"run_id": ["a"]})}, TypeError, "no column 'schedule' or 'sensor'"),
        ({"name": "nightly", "location": ""}, ValueError, "location must not be empty"),
        ({"name": "nightly", "after": "soon"}, ValueError, "after"),
    ],
)
def test_an_invalid_argument_sends_no_request(fake, client, arguments, error, message):
    with pytest.raises(error, match=message):
        client.ticks(**arguments)
    assert fake.requests == []


def test_unknown_and_ambiguous_names_raise_errors(client):
    with pytest.raises(dnb.NotFoundError, match="Did you mean 'nightly'"):
        client.ticks("nightl")
    with pytest.raises(dnb.NotFoundError, match="with these arguments:\n  location='etl'"):
        client.ticks("nightly", location="web")
    with pytest.raises(dnb.NotFoundError, match="no sensor 'nightly'"):
        client.ticks(pd.Series({"sensor": "nightly", "location": "etl", "repository": "repo"}))
    with pytest.raises(dnb.AmbiguousNameError, match="location='web', repository='other'"):
        client.ticks("twice")


def test_all_pages_of_backfills_are_read(fake, client):
    stored = [
        {"id": f"b{number}", "status": "COMPLETED", "jobName": None, "partitionSetName": "nightly_partition_set",
         "assetSelection": None, "numPartitions": None, "partitionNames": None, "timestamp": 1.5, "endTimestamp": None,
         "tags": [], "error": None}
        for number in range(250)
    ]  # fmt: skip

    def answer(_info, limit, cursor=None):
        start = 0 if cursor is None else [one["id"] for one in stored].index(cursor) + 1
        # A server may return fewer backfills than requested.
        return {"__typename": "PartitionBackfills", "results": stored[start : start + min(limit, 70)]}

    fake.answers["partitionBackfillsOrError"] = answer
    frame = client.backfills()
    assert frame["backfill_id"].tolist() == [one["id"] for one in stored]
    assert (frame["job_name"] == "nightly").all()
    assert frame["duration"].isna().all()


def test_empty_frames_have_the_same_dtypes(fake, client):
    fake.answers["partitionBackfillsOrError"] = {"__typename": "PartitionBackfills", "results": []}
    assert client.backfills().dtypes.astype(str)["partition_count"] == "Int64"
    fake.answers["repositoriesOrError"] = {"__typename": "RepositoryConnection", "nodes": []}
    assert client.schedules().dtypes.astype(str)["next_tick"] == "datetime64[us, UTC]"
    assert client.sensors().dtypes.astype(str)["min_interval"] == "timedelta64[us]"
