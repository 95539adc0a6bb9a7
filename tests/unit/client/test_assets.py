"""Assets are found by their keys, and all pages of their materializations are read."""

from __future__ import annotations

import random

import pandas as pd
import pytest

import dagster_nb as dnb
from dagster_nb.graphql import materialization_paging

PATHS = [["orders"], ["shop", "orders"], ["a/b", "c"], ["a", "b/c"]]


@pytest.fixture
def client(fake):
    nodes = [{"key": {"path": path}} for path in PATHS]
    fake.answers["assetsOrError"] = {"__typename": "AssetConnection", "nodes": nodes}
    with fake.connect() as client:
        fake.requests.clear()
        yield client


def serve_materializations(fake, seconds):
    """Make the fake respond like Dagster.

    Bounds are exclusive and apply to the exact times, the materialization that was stored last comes first, and
    returned times are truncated.
    """
    stored = [
        {"timestamp": str(int(time * 1000)), "exact": time, "runId": f"run{number}", "stepKey": None,
         "partition": None, "description": None, "metadataEntries": []}
        for number, time in enumerate(seconds)
    ]  # fmt: skip

    def answer(_info, assetKey):  # noqa: N803 - the schema's name
        def page(_info, beforeTimestampMillis=None, afterTimestampMillis=None, limit=None):  # noqa: N803
            before = float("inf") if beforeTimestampMillis is None else int(beforeTimestampMillis) / 1000
            after = float("-inf") if afterTimestampMillis is None else int(afterTimestampMillis) / 1000
            return [one for one in reversed(stored) if after < one["exact"] < before][:limit]

        return {"__typename": "Asset", "assetMaterializations": page}

    fake.answers["assetOrError"] = answer
    return stored


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("limit", [1, 4, 7, 40])
def test_no_materialization_is_lost_or_repeated(fake, client, monkeypatch, limit, seed):
    monkeypatch.setattr(materialization_paging, "_EVENTS_PER_REQUEST", limit)
    draw = random.Random(seed)
    # Include whole and fractional milliseconds, equal times, and events that were stored late.
    times = [100 + draw.randrange(20) / 1000 + draw.choice([0, 0, 0.0004]) for _ in range(30)]
    stored = serve_materializations(fake, sorted(times) if seed % 2 else times)
    frame = client.materializations("orders")
    assert sorted(frame["run_id"]) == sorted(one["runId"] for one in stored)
    assert frame["timestamp"].is_monotonic_decreasing


def test_a_few_materializations_need_only_one_request(fake, client):
    serve_materializations(fake, [1.0, 2.0])
    client.materializations("shop/orders")
    assert fake.operations == ["AssetKeys", "Materializations"]
    assert fake.requests[-1][1]["key"] == {"path": ["shop", "orders"]}


class AssetKey:
    """Mimics Dagster's AssetKey."""

    path = ("a/b", "c")


@pytest.mark.parametrize(
    ("asset", "path"),
    [
        ("orders", ["orders"]),
        (["shop", "orders"], ["shop", "orders"]),
        (["a/b", "c"], ["a/b", "c"]),
        (AssetKey(), ["a/b", "c"]),
        (pd.Series({"asset": "a/b/c", "asset_path": ["a", "b/c"]}), ["a", "b/c"]),
    ],
)
def test_an_asset_can_be_given_as_a_key_or_components_or_a_row(fake, client, asset, path):
    serve_materializations(fake, [])
    frame = client.materializations(asset)
    assert fake.requests[-1][1]["key"] == {"path": path}
    assert frame.empty
    assert str(frame["timestamp"].dtype) == "datetime64[us, UTC]"


def test_the_error_for_an_ambiguous_key_lists_the_candidates(client):
    with pytest.raises(dnb.AmbiguousNameError) as caught:
        client.materializations("a/b/c")
    assert "['a/b', 'c']" in str(caught.value)
    assert "['a', 'b/c']" in str(caught.value)


def test_the_error_for_an_unknown_key_lists_similar_keys(client):
    with pytest.raises(dnb.NotFoundError, match="Did you mean 'orders'"):
        client.materializations("order")
    with pytest.raises(dnb.NotFoundError, match=r"no asset \['a', 'b', 'c'\]"):
        client.materializations(["a", "b", "c"])


@pytest.mark.parametrize("asset", ["", [], [""], ["a", 3], 3, None, pd.Series({"run_id": "a"})])
def test_an_invalid_key_sends_no_request(fake, client, asset):
    with pytest.raises(TypeError, match="asset key"):
        client.materializations(asset)
    assert fake.requests == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "needs either job= or asset="),
        ({"job": "a", "asset": "b"}, "needs either job= or asset="),
        ({"asset": "orders", "location": "etl"}, "for jobs only"),
    ],
)
def test_the_method_partitions_needs_exactly_one_job_or_asset(fake, client, arguments, message):
    with pytest.raises(ValueError, match=message):
        client.partitions(**arguments)
    assert fake.requests == []


def test_frames_without_assets_keep_their_dtypes(fake, client):
    fake.answers["assetsOrError"] = {"__typename": "AssetConnection", "nodes": []}
    assert str(client.assets()["is_partitioned"].dtype) == "boolean"
    assert str(client.asset_checks()["timestamp"].dtype) == "datetime64[us, UTC]"
    assert set(fake.operations) == {"AssetKeys"}
