"""The requests that a launchpad sends to a server."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from dagster_nb.client.arguments.job_address import JobAddress
from dagster_nb.client.arguments.run_config import parse_run_config
from dagster_nb.client.partition_keys_and_config import partition_defaults, partition_keys
from dagster_nb.panels.launchpad.parse_and_format_fields import config_text
from dagster_nb.panels.reason_forbidden import reason_forbidden

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from dagster_nb.client.sync_client import DagsterClient, Run, RunConfigSchema
    from dagster_nb.errors import ConfigProblem

__all__ = ["JobAddress", "LaunchSource", "LaunchpadSource", "Scaffold"]


@dataclass(frozen=True, slots=True)
class Scaffold:
    """The initial content of the form for a job.

    Parameters
    ----------
    config
        The job's default run config, as YAML.
    ops
        The names of the job's ops. The list is empty if users cannot select ops.
    partitions
        The keys of the job's partitions, with the oldest partition first.
    example
        An example of a valid op selection, such as ``"load*"``. The string is empty if no op depends on another op.
    schema
        The job's ``RunConfigSchema``, with the fields in the document ``run_config_schema``, or None if it is unknown.
    graph
        All ops of the job and their dependencies, as `DagsterClient.ops` returns them, or None if they are unknown.
    """

    config: str
    ops: Sequence[str] = ()
    partitions: Sequence[str] = ()
    example: str = ""
    schema: dict[str, Any] | None = None
    graph: pd.DataFrame | None = None


class LaunchpadSource(Protocol):
    """The methods that a launchpad needs."""

    @property
    def url(self) -> str:
        """The server's address."""

    @property
    def reason_forbidden(self) -> str | None:
        """The reason why the client refuses to launch runs, or None if the client can launch them."""

    def jobs(self) -> list[tuple[JobAddress, bool]]:
        """Return the jobs, each with a flag that says whether it is an asset job."""

    def scaffold(self, address: JobAddress, *, is_asset_job: bool) -> Scaffold:
        """Return the initial content of the form for a job."""

    def partition_config(self, address: JobAddress, partition: str) -> str:
        """Return the run config of a partition, as YAML."""

    def run_config(self, address: JobAddress, run_id: str) -> str:
        """Return the config of one of the job's runs, as YAML. If the id is empty, use the newest run."""

    def check(self, address: JobAddress, config: str, ops: Sequence[str]) -> list[ConfigProblem]:
        """Return the problems of a run config."""

    def launch(self, address: JobAddress, **options: Any) -> Run:  # noqa: ANN401
        """Launch a job."""


class LaunchSource:
    """An implementation of `LaunchpadSource` with a client.

    If the client hides values (``connect(redact=…)``), the form shows the configs of jobs and partitions with these
    values hidden. If the user launches such a config without changing it, the launchpad sends the original config.

    Parameters
    ----------
    client
        The client.
    """

    def __init__(self, client: DagsterClient):
        self._client: Any = client
        self._schemas: dict[JobAddress, RunConfigSchema] = {}
        # The original configs. The original configs. Each key consists of the job, the partition (None for the job's
        # default config), and the displayed text.
        self._originals: dict[tuple[JobAddress, str | None, str], str] = {}

    @property
    def url(self) -> str:
        """The server's address."""
        return str(self._client.url)

    @property
    def reason_forbidden(self) -> str | None:
        """The reason why the client refuses to launch runs, or None if the client can launch them."""
        return reason_forbidden(self._client, "launch")

    def jobs(self) -> list[tuple[JobAddress, bool]]:
        """Return the jobs sorted by code location, each with a flag that says whether it is an asset job."""
        jobs = self._client.jobs().sort_values(["location", "repository", "job_name"])
        columns = ("job_name", "location", "repository", "is_asset_job")
        return [
            (JobAddress(name, location, repository), bool(is_asset_job))
            for name, location, repository, is_asset_job in zip(*(jobs[column] for column in columns), strict=True)
        ]

    def scaffold(self, address: JobAddress, *, is_asset_job: bool) -> Scaffold:
        """Return the initial content of the form for a job."""
        place = {"location": address.location, "repository": address.repository}
        self._schemas[address] = schema = self._client.run_config_schema(address.job, **place)
        known = schema._record  # noqa: SLF001 - completion needs more than the frame of fields
        partitions = self._call(partition_keys, address)
        config = self._displayed(address, None, schema.default_yaml)
        ops = self._client.ops(address.job, **place)
        if is_asset_job:
            # In an asset job, users would have to select assets instead of ops, which this form does not support.
            return Scaffold(config, partitions=partitions, schema=known, graph=ops)
        return Scaffold(config, tuple(ops["op"]), partitions, example_selection(ops), known, ops)

    def partition_config(self, address: JobAddress, partition: str) -> str:
        """Return the run config of a partition, as YAML."""
        config, _tags = self._call(partition_defaults, address, partition)
        return self._displayed(address, partition, str(config))

    def run_config(self, address: JobAddress, run_id: str) -> str:
        """Return the config of one of the job's runs, as YAML. If the id is empty, use the newest run."""
        which = {"run_ids": [self._client.run(run_id).run_id]} if run_id else {"job": address.job}
        runs = self._client.runs(**which, location=address.location, include="run_config", limit=1)
        if runs.empty and not run_id:
            raise ValueError(
                f"The job {address.job!r} has no runs yet, so there is no config to copy. Write the config yourself."
            )
        if runs.empty or runs["job_name"].iloc[0] != address.job:
            raise ValueError(
                f"Run {run_id} is not a run of the job {address.job!r}. Enter the id of a run of this job instead."
            )
        return config_text(runs["run_config"].iloc[0] or {})

    def check(self, address: JobAddress, config: str, ops: Sequence[str]) -> list[ConfigProblem]:
        """Return the problems of a run config for the selected ops, or for all ops if none are selected."""
        originals = (
            original for (job, _, text), original in self._originals.items() if (job, text) == (address, config)
        )
        return self._schemas[address].validate(next(originals, config), op_selection=ops or None)

    def launch(self, address: JobAddress, **options: Any) -> Run:  # noqa: ANN401 - see DagsterClient.launch
        """Launch a job."""
        config, partition = options.pop("run_config", None), options.get("partition_key")
        config = self._originals.get((address, partition, config), config)
        place = {"location": address.location, "repository": address.repository}
        run: Run = self._client.launch(address.job, **place, run_config=config, **options)
        return run

    def _displayed(self, address: JobAddress, partition: str | None, original: str) -> str:
        """Return the text of a config in which hidden values are replaced, and remember the original config."""
        redaction = self._client._asynchronous._api.redaction  # noqa: SLF001 - no public method redacts a config
        if redaction is None:
            return original
        config = parse_run_config(original)
        shown = redaction.of_config(config)
        if shown == config:
            return original
        text = config_text(shown)
        self._originals[address, partition, text] = original
        return text

    def _call(self, function: Any, *args: Any) -> Any:  # noqa: ANN401 - a coroutine function
        return self._client._call(function, *args)  # noqa: SLF001 - no public method of the client reads partitions


def example_selection(ops: pd.DataFrame) -> str:
    """Return a selection of one op and all ops after it, or "" if no op depends on another op.

    Examples
    --------
    >>> import pandas as pd
    >>> example_selection(pd.DataFrame({"op": ["load", "train"], "depends_on": [[], ["load"]]}))
    'load*'
    """
    needed = {name for names in ops["depends_on"] for name in names}
    return next((f"{op}*" for op in ops["op"] if op in needed), "")
