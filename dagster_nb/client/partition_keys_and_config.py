"""Read the partitions of a job.

The keys come from the job's partition set, which every version of Dagster provides. The schema's ``Job`` provides the
keys only since Dagster 1.8, and some versions return an error for a job without partitions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dagster_nb.client.arguments.find_assets import asset_key_inputs
from dagster_nb.errors import QueryError, ServerError, UnsupportedServerError
from dagster_nb.frames.runs import tag_dict
from dagster_nb.graphql.responses import unwrap
from dagster_nb.similar_names import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dagster_nb.client.arguments.job_address import JobAddress
    from dagster_nb.client.async_base import AsyncBase

__all__ = ["partition_defaults", "partition_keys", "partition_set"]

# Comparing a key with this many keys takes a tenth of a second.
_MAX_KEYS_TO_COMPARE = 1_000
# Dagster's error contains this text if the assets have no partitions in common.
_NO_COMMON_DEFINITION = "no PartitionsDefinition shared"


async def partition_keys(client: AsyncBase, address: JobAddress) -> list[str]:
    """Return a job's partition keys, oldest first (``partitionsOrError``); empty if the job is not partitioned."""
    return _keys(await _partition_sets(client, address))


async def partition_set(client: AsyncBase, address: JobAddress) -> tuple[str, list[str]]:
    """Return the name of a job's partition set and its partition keys. Both are empty if the job is not partitioned."""
    sets = await _partition_sets(client, address)
    return (sets[0]["name"] if sets else ""), _keys(sets)


async def partition_defaults(
    client: AsyncBase, address: JobAddress, partition_key: str, *, assets: Sequence[Sequence[str]] = ()
) -> tuple[str, dict[str, str]]:
    """Return the run config of a partition as YAML, and its tags.

    Parameters
    ----------
    client
        The client.
    address
        The job.
    partition_key
        The key of the partition.
    assets
        The selected assets, as lists of components. If the assets of a job have different partitions, the job itself
        has no partitions, so the partition is looked up in the selected assets.

    Raises
    ------
    ValueError
        If there is no such partition.
    ServerError
        If the server lists the partition but does not return it.
    """
    partition = await _job_partition(client, address, partition_key)
    if partition is None and assets:
        partition = await _asset_partition(client, address, partition_key, assets)
    if partition is None:
        keys = await partition_keys(client, address)
        if partition_key not in keys and assets:
            keys = await _asset_partition_keys(client, address, assets) or keys
        if partition_key not in keys:
            raise ValueError(_unknown_partition(address.job, partition_key, keys))
        raise ServerError(
            f"the server lists partition {partition_key!r} of job {address.job!r}, but does not return it. Try again."
        )
    config = unwrap(partition["runConfigOrError"], "PartitionRunConfig")["yaml"]
    tags = unwrap(partition["tagsOrError"], "PartitionTags")["results"]
    return str(config), tag_dict(tags)


# The server returns config and tags even for partitions that do not exist. Checking a key by reading all keys would be
# slow, because a job can have very many keys. Instead, the keys after the given key are requested. The server rejects
# this request if the given key does not exist.
async def _job_partition(client: AsyncBase, address: JobAddress, partition_key: str) -> dict[str, Any] | None:
    """Return a partition of a job; None if the job does not have it."""
    variables = {"repository": address.repository_selector, "job": address.job, "partition": partition_key}
    try:
        answer = await client._read("job_partition_config", variables)
    except QueryError:
        return None
    for found in unwrap(answer["partitionSetsOrError"], "PartitionSets")["results"]:
        if found["partitionsOrError"]["__typename"] == "Partitions":
            partition: dict[str, Any] | None = found["partition"]
            return partition
    return None


async def _asset_partition(
    client: AsyncBase, address: JobAddress, partition_key: str, assets: Sequence[Sequence[str]]
) -> dict[str, Any] | None:
    """Return the partition with this key if all of the assets have it, otherwise None."""
    variables = {"selector": address.selector, "assets": asset_key_inputs(assets), "partition": partition_key}
    try:
        answer = await client._read("asset_partition_config", variables)
    except (QueryError, UnsupportedServerError):
        # Before Dagster 1.8, a server does not list the partitions of assets.
        return None
    partition: dict[str, Any] | None = unwrap(answer["pipelineOrError"], "Pipeline")["partition"]
    return partition


async def _asset_partition_keys(client: AsyncBase, address: JobAddress, assets: Sequence[Sequence[str]]) -> list[str]:
    """Return the partition keys of assets that have the same partitions.

    Raises
    ------
    ValueError
        If the assets do not have the same partitions definition.
    """
    try:
        answer = await client._read(
            "asset_partitions", {"selector": address.selector, "assets": asset_key_inputs(assets)}
        )
    except UnsupportedServerError:
        return []
    except QueryError as error:
        if _NO_COMMON_DEFINITION not in str(error):
            raise
        raise ValueError(
            "the selected assets have different partitions, so they cannot be launched with one partition_key. Launch "
            "them one by one."
        ) from None
    keys: list[str] = unwrap(answer["pipelineOrError"], "Pipeline")["partitionKeysOrError"]["partitionKeys"]
    return keys


def _unknown_partition(job: str, partition_key: str, keys: list[str]) -> str:
    if not keys:
        return f"job {job!r} has no partition {partition_key!r}, because it has no partitions. Leave out partition_key."
    message = f"job {job!r} has no partition {partition_key!r}. It has partitions {keys[0]!r} to {keys[-1]!r}."
    return " ".join(filter(None, [message, did_you_mean(partition_key, _with_common_prefix(partition_key, keys))]))


def _with_common_prefix(key: str, keys: list[str]) -> list[str]:
    """Return the keys in which to look for similar keys.

    A job can have so many keys that comparing all of them would be slow.
    """
    if len(keys) <= _MAX_KEYS_TO_COMPARE:
        return keys
    for length in range(len(key), 0, -1):
        if found := [one for one in keys if one.startswith(key[:length])]:
            return found[:_MAX_KEYS_TO_COMPARE]
    return keys[:_MAX_KEYS_TO_COMPARE]


async def _partition_sets(client: AsyncBase, address: JobAddress) -> list[dict[str, Any]]:
    """Return a list that contains the partition set of a job; an empty list if the job is not partitioned."""
    answer = await client._read("partition_sets", {"repository": address.repository_selector, "job": address.job})
    sets: list[dict[str, Any]] = unwrap(answer["partitionSetsOrError"], "PartitionSets")["results"]
    return sets


def _keys(sets: list[dict[str, Any]]) -> list[str]:
    return [one["name"] for found in sets for one in unwrap(found["partitionsOrError"], "Partitions")["results"]]
