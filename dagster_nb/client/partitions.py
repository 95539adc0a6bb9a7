"""Read the partitions of a job.

The keys come from the partition set of the job, which every version of Dagster has. GraphQL's ``Job`` has them
only since Dagster 1.8, and in some versions it fails for a job without partitions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dagster_nb.client.arguments.asset_address import asset_key_inputs
from dagster_nb.errors import ServerError, UnsupportedServerError
from dagster_nb.frames.runs import tag_dict
from dagster_nb.graphql.responses import unwrap

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dagster_nb.client.arguments.job_address import JobAddress
    from dagster_nb.client.async_base import AsyncBase

__all__ = ["partition_defaults", "partition_keys", "partition_set"]


async def partition_keys(client: AsyncBase, address: JobAddress) -> list[str]:
    """Return the partition keys of a job, the oldest first (``partitionsOrError``); empty if it is not partitioned."""
    return _keys(await _partition_sets(client, address))


async def partition_set(client: AsyncBase, address: JobAddress) -> tuple[str, list[str]]:
    """Return the name of the partition set of a job, and its partition keys; an empty name if it is not partitioned."""
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
        The assets that are selected, as lists of components. If the job has no such partition, these assets may have
        it: a job whose assets are partitioned differently has no partitions itself.

    Raises
    ------
    ValueError
        If there is no such partition.
    ServerError
        If the server lists the partition but does not return it.
    """
    sets = await _partition_sets(client, address, partition=partition_key, details=True)
    keys, partition = _keys(sets), sets[0]["partition"] if sets else None
    if partition_key not in keys and assets:
        asset_keys, partition = await _asset_partition(client, address, partition_key, assets)
        keys = asset_keys or keys
    # The server returns config and tags for any name, so only the list shows whether there is such a partition.
    if partition_key not in keys:
        advice = f"it has partitions {keys[0]!r} to {keys[-1]!r}" if keys else "it has no partitions; leave it out"
        raise ValueError(f"job {address.job!r} has no partition {partition_key!r}; {advice}.")
    if partition is None:
        raise ServerError(
            f"the server lists partition {partition_key!r} of job {address.job!r}, but does not return it; try again."
        )
    config = unwrap(partition["runConfigOrError"], "PartitionRunConfig")["yaml"]
    tags = unwrap(partition["tagsOrError"], "PartitionTags")["results"]
    return str(config), tag_dict(tags)


async def _asset_partition(
    client: AsyncBase, address: JobAddress, partition_key: str, assets: Sequence[Sequence[str]]
) -> tuple[list[str], dict[str, Any] | None]:
    """Return the partition keys that the selected assets have in common, and the requested partition."""
    selected = asset_key_inputs(assets)
    try:
        answer = await client._read(
            "asset_partitions", {"selector": address.selector, "assets": selected, "partition": partition_key}
        )
    except UnsupportedServerError:
        # Dagster 1.8 is the first version that lists the partitions of assets.
        return [], None
    job = unwrap(answer["pipelineOrError"], "Pipeline")
    return job["partitionKeysOrError"]["partitionKeys"], job["partition"]


async def _partition_sets(client: AsyncBase, address: JobAddress, **details: object) -> list[dict[str, Any]]:
    """Return the partition set of a job as a list of one; an empty list if the job is not partitioned."""
    variables = {"repository": address.repository_selector, "job": address.job, **details}
    answer = await client._read("partition_sets", variables)
    sets: list[dict[str, Any]] = unwrap(answer["partitionSetsOrError"], "PartitionSets")["results"]
    return sets


def _keys(sets: list[dict[str, Any]]) -> list[str]:
    return [one["name"] for found in sets for one in unwrap(found["partitionsOrError"], "Partitions")["results"]]
