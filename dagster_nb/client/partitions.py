"""The partitions of a job: which there are, and what one brings with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
    answer = await client._read("partition_keys", {"selector": address.selector})
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
    answer = await client._read("job_partition", {"selector": address.selector, "partition": partition})
    job = unwrap(answer["pipelineOrError"], "Pipeline")
    keys = job["partitionKeysOrError"]["partitionKeys"]
    # The server gives config and tags to any name, so that an unknown one is told by the list.
    if partition not in keys:
        has = f"has partitions {keys[0]!r} to {keys[-1]!r}" if keys else "has no partitions"
        raise ValueError(f"job {address.job!r} has no partition {partition!r}; it {has}.")
    config = unwrap(job["partition"]["runConfigOrError"], "PartitionRunConfig")["yaml"]
    tags = unwrap(job["partition"]["tagsOrError"], "PartitionTags")["results"]
    return str(config), tag_dict(tags)
