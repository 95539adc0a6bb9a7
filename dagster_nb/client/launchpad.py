"""What only a launchpad asks: whether a config fits a part of a job, and what a partition brings with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dagster_nb.graphql.answers import config_problems, unwrap

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dagster_nb.client.base import AsyncBase
    from dagster_nb.client.jobs import JobAddress
    from dagster_nb.errors import ConfigProblem

__all__ = ["check_config", "partition_config", "partition_keys"]


async def check_config(
    client: AsyncBase, address: JobAddress, config: dict[str, Any], ops: Sequence[str]
) -> list[ConfigProblem]:
    """Return what is wrong with a config (``isPipelineConfigValid``).

    Parameters
    ----------
    client
        Whom to ask.
    address
        The job.
    config
        The config.
    ops
        The ops that are to run; none means all.
    """
    selector = {**address.selector, **({"solidSelection": list(ops)} if ops else {})}
    answer = await client._read("validate_run_config", {"selector": selector, "runConfig": config})  # noqa: SLF001
    node = unwrap(answer["isPipelineConfigValid"], "PipelineConfigValidationValid", "RunConfigValidationInvalid")
    return config_problems(node) if node["__typename"] == "RunConfigValidationInvalid" else []


async def partition_keys(client: AsyncBase, address: JobAddress) -> list[str]:
    """Return the keys of a job's partitions, oldest first (``partitionKeysOrError``); none where it has no partitions.

    Parameters
    ----------
    client
        Whom to ask.
    address
        The job.
    """
    answer = await client._read("partition_keys", {"selector": address.selector})  # noqa: SLF001
    keys: list[str] = unwrap(answer["pipelineOrError"], "Pipeline")["partitionKeysOrError"]["partitionKeys"]
    return keys


async def partition_config(client: AsyncBase, address: JobAddress, partition: str) -> str:
    """Return the config that a job runs a partition with, as YAML text (``PartitionRunConfig.yaml``).

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
    variables = {"selector": address.selector, "partition": partition}
    answer = await client._read("partition_config", variables)  # noqa: SLF001
    found = unwrap(answer["pipelineOrError"], "Pipeline")["partition"]
    if found is None:
        raise ValueError(f"job {address.job!r} has no partition {partition!r}.")
    return str(unwrap(found["runConfigOrError"], "PartitionRunConfig")["yaml"])
