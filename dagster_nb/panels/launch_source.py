"""What a launchpad asks of a server, through a client."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dagster_nb.client.arguments.job_address import JobAddress
from dagster_nb.client.partitions import partition_defaults, partition_keys

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dagster_nb.client.sync_client import DagsterClient, Run, RunConfigSchema
    from dagster_nb.errors import ConfigProblem

__all__ = ["JobAddress", "LaunchSource", "Scaffold"]


@dataclass(frozen=True, slots=True)
class Scaffold:
    """What a launchpad starts from.

    Parameters
    ----------
    config
        YAML text.
    ops
        The job's ops; none where they cannot be selected.
    partitions
        The keys of the job's partitions, oldest first.
    """

    config: str
    ops: Sequence[str] = ()
    partitions: Sequence[str] = ()


class LaunchSource:
    """A client, asked as a launchpad asks.

    Parameters
    ----------
    client
        The client.
    """

    def __init__(self, client: DagsterClient):
        self._client: Any = client
        self._schemas: dict[JobAddress, RunConfigSchema] = {}

    @property
    def url(self) -> str:
        """The server's root."""
        return str(self._client.url)

    @property
    def read_only(self) -> bool:
        """Whether nothing can be launched."""
        return bool(self._client.read_only)

    def jobs(self) -> list[tuple[JobAddress, bool]]:
        """Return the jobs, by code location, each with whether it materializes assets."""
        jobs = self._client.jobs().sort_values(["location", "repository", "job_name"])
        columns = ("job_name", "location", "repository", "is_asset_job")
        return [
            (JobAddress(name, location, repository), bool(is_asset_job))
            for name, location, repository, is_asset_job in zip(*(jobs[column] for column in columns), strict=True)
        ]

    def scaffold(self, address: JobAddress, *, is_asset_job: bool) -> Scaffold:
        """Return what there is to fill in for a job."""
        where = {"location": address.location, "repository": address.repository}
        self._schemas[address] = schema = self._client.run_config_schema(address.job, **where)
        # The assets of a job are selected as assets, which a launchpad of ops cannot.
        ops = () if is_asset_job else tuple(self._client.ops(address.job, **where)["op"])
        return Scaffold(schema.default_yaml, ops, self._ask(partition_keys, address))

    def partition_config(self, address: JobAddress, partition: str) -> str:
        """Return the config of a partition as YAML text."""
        config, _tags = self._ask(partition_defaults, address, partition)
        return str(config)

    def check(self, address: JobAddress, config: str, ops: Sequence[str]) -> list[ConfigProblem]:
        """Return what is wrong with a config for some ops of a job, or for all where none are named."""
        return self._schemas[address].validate(config, op_selection=ops or None)

    def launch(self, address: JobAddress, **options: Any) -> Run:  # noqa: ANN401 - see DagsterClient.launch
        """Launch the job."""
        run: Run = self._client.launch(address.job, location=address.location, repository=address.repository, **options)
        return run

    def _ask(self, question: Any, *args: Any) -> Any:  # noqa: ANN401 - a coroutine function of the client's twin
        return self._client._call(question, *args)  # noqa: SLF001 - what only a launchpad asks is no method of a client
