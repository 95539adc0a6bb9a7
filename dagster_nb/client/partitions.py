"""The partitions of a job: which there are, and what one brings with it.

Every Dagster tells these of a job's partition set. The job itself tells them only from 1.8 on, and fails at it for a
job without partitions in some versions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dagster_nb.errors import ServerError
from dagster_nb.frames.runs import tag_dict
from dagster_nb.graphql.responses import unwrap

if TYPE_CHECKING:
    from dagster_nb.client.base import AsyncBase
    from dagster_nb.client.jobs import JobAddress

__all__ = ["partition_defaults", "partition_keys"]


async def partition_keys(client: AsyncBase, address: JobAddress) -> list[str]:
    """Return the keys of a job's partitions, oldest first (``partitionsOrError``); none where it has no partitions.

    Parameters
    ----------
    client
        Whom to ask.
    address
        The job.
    """
    return _keys(await _partition_sets(client, address))


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
    ServerError
        If the server contradicts itself.
    """
    sets = await _partition_sets(client, address, partition=partition, details=True)
    keys = _keys(sets)
    # The server gives config and tags to any name, so that an unknown one is told by the list.
    if partition not in keys:
        has = f"has partitions {keys[0]!r} to {keys[-1]!r}" if keys else "has no partitions"
        raise ValueError(f"job {address.job!r} has no partition {partition!r}; it {has}.")
    found = sets[0]["partition"]
    if found is None:
        raise ServerError(f"the server lists partition {partition!r} of job {address.job!r} and does not hand it over.")
    config = unwrap(found["runConfigOrError"], "PartitionRunConfig")["yaml"]
    tags = unwrap(found["tagsOrError"], "PartitionTags")["results"]
    return str(config), tag_dict(tags)


async def _partition_sets(client: AsyncBase, address: JobAddress, **details: object) -> list[dict[str, Any]]:
    """Return the partition set of a job, as a list of one; an empty list for a job without partitions."""
    repository = {"repositoryName": address.repository, "repositoryLocationName": address.location}
    answer = await client._read("partition_sets", {"repository": repository, "job": address.job, **details})
    sets: list[dict[str, Any]] = unwrap(answer["partitionSetsOrError"], "PartitionSets")["results"]
    return sets


def _keys(sets: list[dict[str, Any]]) -> list[str]:
    return [one["name"] for found in sets for one in unwrap(found["partitionsOrError"], "Partitions")["results"]]
