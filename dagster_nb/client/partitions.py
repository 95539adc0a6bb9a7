"""The partitions of a job: which there are, and what one brings with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dagster_nb.errors import UnsupportedServerError
from dagster_nb.frames.runs import tag_dict
from dagster_nb.graphql.answers import unwrap

if TYPE_CHECKING:
    from dagster_nb.client.base import AsyncBase
    from dagster_nb.client.jobs import JobAddress

__all__ = ["partition_defaults", "partition_keys"]


async def partition_keys(client: AsyncBase, address: JobAddress) -> list[str]:
    """Return the keys of a job's partitions, oldest first (``partitionKeysOrError``); none where it has no partitions.

    Parameters
    ----------
    client
        Whom to ask.
    address
        The job.
    """
    try:
        answer = await client._read("partition_keys", {"selector": address.selector})
    except UnsupportedServerError:
        return _keys(await _partition_set(client, address))
    keys: list[str] = unwrap(answer["pipelineOrError"], "Pipeline")["partitionKeysOrError"]["partitionKeys"]
    return keys


async def partition_defaults(client: AsyncBase, address: JobAddress, partition: str) -> tuple[str, dict[str, str]]:
    """Return what a job runs a partition with: the config as YAML text, and the tags.

    Parameters
    ----------
    client
        Whom to ask.
    address
        The job.
    partition
        The partition's key.

    Raises
    ------
    ValueError
        If the job has no such partition.
    """
    try:
        answer = await client._read("job_partition", {"selector": address.selector, "partition": partition})
    except UnsupportedServerError:
        job = await _partition_set(client, address, partition)
        keys = _keys(job)
    else:
        job = unwrap(answer["pipelineOrError"], "Pipeline")
        keys = job["partitionKeysOrError"]["partitionKeys"]
    # The server gives config and tags to any name, so that an unknown one is told by the list.
    if partition not in keys:
        has = f"has partitions {keys[0]!r} to {keys[-1]!r}" if keys else "has no partitions"
        raise ValueError(f"job {address.job!r} has no partition {partition!r}; it {has}.")
    config = unwrap(job["partition"]["runConfigOrError"], "PartitionRunConfig")["yaml"]
    tags = unwrap(job["partition"]["tagsOrError"], "PartitionTags")["results"]
    return str(config), tag_dict(tags)


async def _partition_set(client: AsyncBase, address: JobAddress, partition: str | None = None) -> dict[str, Any]:
    """Return a job's partition set, which tells what the job itself does not tell before Dagster 1.8; else nothing."""
    variables: dict[str, Any] = {
        "repository": {
            "repositoryName": address.repository,
            "repositoryLocationName": address.location,
        },
        "job": address.job,
    }
    if partition is not None:
        variables.update(partition=partition, details=True)
    answer = await client._read("partition_sets", variables)
    sets = unwrap(answer["partitionSetsOrError"], "PartitionSets")["results"]
    return dict(sets[0]) if sets else {}


def _keys(partition_set: dict[str, Any]) -> list[str]:
    if not partition_set:
        return []
    return [one["name"] for one in unwrap(partition_set["partitionsOrError"], "Partitions")["results"]]
