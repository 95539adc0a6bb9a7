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
    """The client methods that read jobs."""

    async def jobs(self) -> pd.DataFrame:
        """Return the jobs of all loaded code locations.

        Hidden jobs are left out, as they are on Dagster's own pages. Dagster uses the hidden jobs ``__ASSET_JOB`` and
        ``__anonymous_asset_job_…`` to materialize assets without a job. `ops` and `runs` also accept the names of
        hidden jobs.

        Returns
        -------
        pandas.DataFrame
            One row per job:

            ==================== ============ ======================================================
            column               dtype        from (``Job``)
            ==================== ============ ======================================================
            job_name             string       ``name``
            repository, location string       ``repository``
            is_asset_job         bool         ``isAssetJob``: whether the job materializes assets
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
        """Return the ops of a job and their dependencies, including the ops inside graphs.

        Parameters
        ----------
        job
            The job's name.
        location, repository
            The job's code location and repository; required if several repositories have a job with that name.

        Returns
        -------
        pandas.DataFrame
            One row per op. Graphs have no rows of their own:

            =============== ============ ===========================================================================
            column          dtype        from (``SolidHandle``)
            =============== ============ ===========================================================================
            op              string       ``handleID``: the name, after the names of the enclosing graphs, such as
                                         ``halves.split``; `launch` accepts this name in ``op_selection``
            definition      string       ``solid.definition.name``: the name of the decorated function
            graph           string       ``parent.handleID``: the enclosing graph; NA if there is none
            inputs, outputs object: list the names of the inputs and outputs
            depends_on      object: list the ops (as in column ``op``) whose outputs this op uses, directly or
                                         through graphs
            has_config      bool         whether the op has a config schema
            description     string       ``solid.definition.description``; NA if there is none
            =============== ============ ===========================================================================

        Raises
        ------
        JobNotFoundError, LocationNotFoundError
            If there is no such job or code location. The message lists existing or similar names.
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
            The job's code location and repository; required if several repositories have a job with that name.

        Returns
        -------
        RunConfigSchema
            The schema. ``.default_yaml`` is the initial text of a launchpad, ``.fields`` is a frame of all fields, and
            ``.validate(config)`` returns the problems of a config.

        Raises
        ------
        JobNotFoundError, LocationNotFoundError
            If there is no such job or code location. The message lists existing or similar names.
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
