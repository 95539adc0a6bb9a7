"""Read jobs: ``jobs``, ``ops`` and ``run_config_schema``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagster_nb.client.arguments.job_address import HIDDEN_JOB_PREFIXES, JobFinder, list_repositories
from dagster_nb.client.async_base import AsyncBase
from dagster_nb.client.run_config_schema import AsyncRunConfigSchema
from dagster_nb.frames.catalog import jobs_frame
from dagster_nb.frames.ops import ops_frame
from dagster_nb.graphql.responses import unwrap

if TYPE_CHECKING:
    import pandas as pd

    from dagster_nb.client.arguments.job_address import JobAddress

__all__ = ["JobMethods"]


class JobMethods(AsyncBase):
    """The methods of the client that read jobs."""

    async def jobs(self) -> pd.DataFrame:
        """Return the jobs of all code locations that are loaded.

        As on Dagster's own pages, the hidden jobs ``__ASSET_JOB`` and ``__anonymous_asset_job_…`` are left out; Dagster
        uses them to materialize assets without a job. `ops` and `runs` accept the names of hidden jobs too.

        Returns
        -------
        pandas.DataFrame
            One row per job:

            ==================== ============ ======================================================
            column               dtype        from (``Job``)
            ==================== ============ ======================================================
            job_name             string       ``name``
            repository, location string       ``repository``
            is_asset_job         bool         ``isAssetJob``: whether it materializes assets
            description          string       ``description``; NA if there is none
            tags                 object: dict ``tags``
            ==================== ============ ======================================================

        Raises
        ------
        ConnectionFailedError, RequestTimeoutError, UnauthorizedError

        Examples
        --------
        >>> client.jobs().groupby("location").size()  # doctest: +SKIP
        """
        nodes = await list_repositories(self._api, jobs=True)
        return jobs_frame(
            [
                {**node, "jobs": [job for job in node["jobs"] if not job["name"].startswith(HIDDEN_JOB_PREFIXES)]}
                for node in nodes
            ]
        )

    async def ops(self, job: str, *, location: str | None = None, repository: str | None = None) -> pd.DataFrame:
        """Return the ops of a job, including the ops inside graphs, and their dependencies.

        Parameters
        ----------
        job
            The job's name.
        location, repository
            The job's code location and repository; needed if several repositories have a job with that name.

        Returns
        -------
        pandas.DataFrame
            One row per op. A graph has no row, but the ops in it do:

            =============== ============ ===========================================================================
            column          dtype        from (``SolidHandle``)
            =============== ============ ===========================================================================
            op              string       ``handleID``: its name after those of the graphs around it, such as
                                         ``halves.split``; this is also what `launch` takes as ``op_selection``
            definition      string       ``solid.definition.name``: the function that it was made from
            graph           string       ``parent.handleID``: the graph around it; NA if there is none
            inputs, outputs object: list their names
            depends_on      object: list the ops (as in column ``op``) whose outputs it takes, directly or through
                                         graphs
            has_config      bool         whether it declares a config
            description     string       ``solid.definition.description``; NA if there is none
            =============== ============ ===========================================================================

        Raises
        ------
        JobNotFoundError, LocationNotFoundError
            If there is no such job or code location; the message lists what exists.
        AmbiguousJobError
            If several repositories have a job with that name.
        ValueError, TypeError, ConnectionFailedError, RequestTimeoutError, UnauthorizedError

        Examples
        --------
        >>> client.ops("build_warehouse")[["op", "depends_on"]]  # doctest: +SKIP
        """

        async def read(address: JobAddress) -> pd.DataFrame:
            answer = await self._read("job_ops", {"selector": address.selector})
            return ops_frame(unwrap(answer["pipelineOrError"], "Pipeline")["solidHandles"])

        return await JobFinder(self._api).use(read, job, location=location, repository=repository)

    async def run_config_schema(
        self, job: str, *, location: str | None = None, repository: str | None = None
    ) -> AsyncRunConfigSchema:
        """Return the schema of the run config of a job.

        Parameters
        ----------
        job
            The job's name.
        location, repository
            The job's code location and repository; needed if several repositories have a job with that name.

        Returns
        -------
        RunConfigSchema
            The schema, with ``.default_yaml``, the text that a launchpad starts with; ``.fields``, a frame of all
            fields; and ``.validate(config)``, which lists the problems of a config.

        Raises
        ------
        JobNotFoundError, LocationNotFoundError
            If there is no such job or code location; the message lists what exists.
        AmbiguousJobError
            If several repositories have a job with that name.
        ValueError, TypeError, ConnectionFailedError, RequestTimeoutError, UnauthorizedError

        Examples
        --------
        >>> print(client.run_config_schema("ingest_orders").default_yaml)  # doctest: +SKIP
        """

        async def read(address: JobAddress) -> AsyncRunConfigSchema:
            answer = await self._read("run_config_schema", {"selector": address.selector})
            return AsyncRunConfigSchema(self, address, unwrap(answer["runConfigSchemaOrError"], "RunConfigSchema"))

        return await JobFinder(self._api).use(read, job, location=location, repository=repository)
