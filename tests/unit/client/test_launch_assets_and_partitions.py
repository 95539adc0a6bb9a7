"""`launch` takes assets by key, and partitions of jobs and of assets that are not in any job."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pandas as pd
import pytest

import dagster_nb as dnb
from dagster_nb.client.partition_keys_and_config import _with_common_prefix
from tests.unit.fake import make_run

WHERE = {"location": "etl", "repository": "repo"}


@dataclass(frozen=True)
class AssetKey:
    """Mimics Dagster's AssetKey."""

    path: list[str]


@pytest.fixture
def client(fake):
    fake.answers["launchRun"] = {"__typename": "LaunchRunSuccess", "run": make_run(1)}
    fake.answers["repositoriesOrError"] = {"__typename": "RepositoryConnection", "nodes": [
        {"name": "repo", "location": {"name": "etl"},
         "pipelines": [{"name": "__ASSET_JOB", "description": None, "isAssetJob": True, "tags": []}]},
    ]}  # fmt: skip
    fake.answers["workspaceOrError"] = {"__typename": "Workspace", "locationEntries": []}
    fake.answers["assetsOrError"] = {"__typename": "AssetConnection", "nodes": [{"key": {"path": ["a", "b"]}}]}
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
def test_asset_keys_can_be_strings_or_lists_of_components(fake, client, selection, paths):
    client.launch("nightly", **WHERE, asset_selection=selection)
    assert sent_assets(fake) == paths


@pytest.mark.parametrize("many", [True, False])
def test_a_key_that_can_mean_several_assets_is_not_launched(fake, client, many):
    fake.answers["assetsOrError"]["nodes"].append({"key": {"path": ["a/b"]}})
    with pytest.raises(dnb.AmbiguousNameError, match=re.escape("['a', 'b']\n  ['a/b']")):
        if many:
            client.launch_many([{"job": "nightly"}, {"job": "nightly", "asset_selection": ["c", "a/b"]}])
        else:
            client.launch("nightly", **WHERE, asset_selection="a/b")
    assert "LaunchRun" not in fake.operations
    client.launch("nightly", **WHERE, asset_selection=[["a", "b"]])
    assert sent_assets(fake) == [["a", "b"]]


@pytest.mark.parametrize("wrong", [[[]], [[""]], [5], 5, [["a", 5]], {"a": "b"}, [""]])
def test_an_invalid_key_sends_no_request(fake, client, wrong):
    with pytest.raises(TypeError, match="asset"):
        client.launch("nightly", **WHERE, asset_selection=wrong)
    assert fake.requests == []


def partitioned(keys):
    def list_keys(_info, selectedAssetKeys, **after):  # noqa: N803 - the schema's name
        listed = keys if selectedAssetKeys == [{"path": ["a", "b"]}] else []
        return {"partitionKeys": keys_after(listed, **after)}

    return {
        "__typename": "Pipeline",
        "partition": lambda _info, partitionName, **_: partition(partitionName),  # noqa: N803 - the schema's name
        "partitionKeysOrError": list_keys,
    }


def partition(key):
    """Return a partition for any key, as Dagster does even for keys that do not exist."""
    return {
        "runConfigOrError": {
            "__typename": "PartitionRunConfig",
            "yaml": f"ops: {{load: {{config: {{day: '{key}'}}}}}}",
        },
        "tagsOrError": {"__typename": "PartitionTags", "results": [{"key": "dagster/partition", "value": key}]},
    }


def keys_after(keys, cursor=None, limit=None):
    """Return a page of keys. Like Dagster, fail if the cursor is not one of the keys."""
    if cursor is None:
        return keys
    if cursor not in keys:
        raise RuntimeError("StopIteration")
    return keys[keys.index(cursor) + 1 :][:limit]


def partitioned_job(keys):
    def list_partitions(_info, **after):
        try:
            listed = keys_after(keys, **after)
        except RuntimeError as error:
            return {"__typename": "PythonError", "message": str(error), "stack": [], "causes": []}
        return {"__typename": "Partitions", "results": [{"name": key} for key in listed]}

    found = {
        "name": "the_set",
        "partitionsOrError": list_partitions,
        "partition": lambda _info, partitionName: partition(partitionName),  # noqa: N803 - the schema's name
    }
    return {"__typename": "PartitionSets", "results": [found]}


@pytest.mark.parametrize("key", ["2026-01-01", "2026-01-03"])
def test_a_launch_of_a_partition_does_not_read_all_keys(fake, client, key):
    fake.answers["partitionSetsOrError"] = partitioned_job(["2026-01-01", "2026-01-02", "2026-01-03"])
    client.launch("nightly", **WHERE, partition_key=key)
    assert fake.operations == ["JobPartitionConfig", "LaunchRun"]
    sent = fake.requests[-1][1]["executionParams"]
    assert sent["runConfigData"] == {"ops": {"load": {"config": {"day": key}}}}
    assert {"key": "dagster/partition", "value": key} in sent["executionMetadata"]["tags"]


def test_the_error_for_an_unknown_partition_lists_similar_keys(fake, client):
    fake.answers["partitionSetsOrError"] = partitioned_job(["2026-01-01", "2026-01-02", "north"])
    message = "no partition 'nroth'. It has partitions '2026-01-01' to 'north'. Did you mean 'north'?"
    with pytest.raises(ValueError, match=re.escape(message)):
        client.launch("__ASSET_JOB", **WHERE, partition_key="nroth")
    assert "LaunchRun" not in fake.operations


def test_similar_keys_are_searched_among_at_most_a_thousand_keys():
    hours = pd.date_range("2016-01-01", "2026-01-01", freq="h", inclusive="left").strftime("%Y-%m-%d-%H:00").tolist()
    assert _with_common_prefix("2020-06-01-05:30", hours) == ["2020-06-01-05:00"]
    assert len(_with_common_prefix("zzz", hours)) == 1000
    assert _with_common_prefix("zzz", hours[:50]) == hours[:50]


def test_assets_without_a_job_can_be_launched_with_a_partition(fake, client):
    fake.answers["partitionSetsOrError"] = {"__typename": "PartitionSets", "results": []}
    fake.answers["pipelineOrError"] = partitioned(["2025", "2026"])
    client.launch("__ASSET_JOB", **WHERE, asset_selection="a/b", partition_key="2026")
    tags = {tag["key"]: tag["value"] for tag in fake.requests[-1][1]["executionParams"]["executionMetadata"]["tags"]}
    assert tags["dagster/partition"] == "2026"
    with pytest.raises(ValueError, match="no partition '2027'. It has partitions '2025' to '2026'"):
        client.launch("__ASSET_JOB", **WHERE, asset_selection="a/b", partition_key="2027")
    with pytest.raises(ValueError, match="has no partitions"):
        client.launch("__ASSET_JOB", **WHERE, asset_selection="other", partition_key="2026")
    assert fake.operations.count("LaunchRun") == 1


def test_the_error_for_an_unknown_op_lists_similar_ops(fake, client):
    message = (
        "dagster._core.errors.DagsterInvalidSubsetError: No qualified ops to execute\n\nStack Trace:\n  File impl.py"
    )
    fake.answers["launchRun"] = {"__typename": "InvalidSubsetError", "message": message}
    solid = {"name": "n", "inputs": [], "outputs": [], "definition": {"__typename": "SolidDefinition", "name": "n"}}
    handles = [{"handleID": name, "parent": None, "solid": solid} for name in ("load", "clean.split")]
    fake.answers["pipelineOrError"] = {"__typename": "Pipeline", "solidHandles": handles}
    for selection in ("*laod+", ["load", "laod"]):
        with pytest.raises(dnb.RunConfigInvalidError) as caught:
            client.launch("nightly", **WHERE, op_selection=selection)
        assert str(caught.value) == (
            "job 'nightly' has no op 'laod', so nothing was launched. Did you mean 'load'? "
            "client.ops('nightly') lists its ops."
        )
    with pytest.raises(dnb.RunConfigInvalidError, match="No qualified ops"):
        client.launch("nightly", **WHERE, op_selection=["load", "clean.split"])
