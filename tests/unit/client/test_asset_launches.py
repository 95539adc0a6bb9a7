"""Launching assets: their keys, and the partitions of assets in no job."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from tests.unit.fake import make_run

WHERE = {"location": "etl", "repository": "repo"}


@dataclass(frozen=True)
class AssetKey:
    """Like Dagster's own."""

    path: list[str]


@pytest.fixture
def client(fake):
    fake.answers["launchRun"] = {"__typename": "LaunchRunSuccess", "run": make_run(1)}
    fake.answers["repositoriesOrError"] = {"__typename": "RepositoryConnection", "nodes": [
        {"name": "repo", "location": {"name": "etl"},
         "pipelines": [{"name": "__ASSET_JOB", "description": None, "isAssetJob": True, "tags": []}]},
    ]}  # fmt: skip
    fake.answers["workspaceOrError"] = {"__typename": "Workspace", "locationEntries": []}
    with fake.connect() as client:
        fake.requests.clear()
        yield client


def sent_assets(fake):
    selector = fake.requests[-1][1]["executionParams"]["selector"]
    return [key["path"] for key in selector["assetSelection"]]


@pytest.mark.parametrize(
    ("selection", "paths"),
    [
        ("a/b", [["a", "b"]]),
        (["a/b", "c"], [["a", "b"], ["c"]]),
        ([["a/b", "c"]], [["a/b", "c"]]),
        ([("a", "b/c"), "d"], [["a", "b/c"], ["d"]]),
        ([AssetKey(["x/y"])], [["x/y"]]),
    ],
)
def test_keys_are_strings_or_components(fake, client, selection, paths):
    client.launch("nightly", **WHERE, asset_selection=selection)
    assert sent_assets(fake) == paths


@pytest.mark.parametrize("wrong", [[[]], [[""]], [5], 5, [["a", 5]], {"a": "b"}, [""]])
def test_an_invalid_key_sends_nothing(fake, client, wrong):
    with pytest.raises(TypeError, match="asset"):
        client.launch("nightly", **WHERE, asset_selection=wrong)
    assert fake.requests == []


def partitioned(keys):
    partition = {
        "runConfigOrError": {"__typename": "PartitionRunConfig", "yaml": "{}\n"},
        "tagsOrError": {"__typename": "PartitionTags", "results": [{"key": "dagster/partition", "value": "2026"}]},
    }
    return {
        "__typename": "Pipeline",
        "partition": lambda _info, **_: partition,
        "partitionKeysOrError": lambda _info, selectedAssetKeys: {  # noqa: N803 - the schema's name
            "partitionKeys": keys if selectedAssetKeys == [{"path": ["a", "b"]}] else []
        },
    }


def test_a_partition_of_assets_in_no_job(fake, client):
    fake.answers["partitionSetsOrError"] = {"__typename": "PartitionSets", "results": []}
    fake.answers["pipelineOrError"] = partitioned(["2025", "2026"])
    client.launch("__ASSET_JOB", **WHERE, asset_selection="a/b", partition_key="2026")
    tags = {tag["key"]: tag["value"] for tag in fake.requests[-1][1]["executionParams"]["executionMetadata"]["tags"]}
    assert tags["dagster/partition"] == "2026"
    with pytest.raises(ValueError, match="no partition '2027'; it has partitions '2025' to '2026'"):
        client.launch("__ASSET_JOB", **WHERE, asset_selection="a/b", partition_key="2027")
    with pytest.raises(ValueError, match="has no partitions"):
        client.launch("__ASSET_JOB", **WHERE, asset_selection="other", partition_key="2026")
    assert fake.operations.count("LaunchRun") == 1
