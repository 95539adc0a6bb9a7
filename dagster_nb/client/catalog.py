"""What a server has: code locations, repositories, jobs, their ops and config, and daemons."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagster_nb.client.base import AsyncBase
from dagster_nb.client.config_schema import AsyncRunConfigSchema
from dagster_nb.client.jobs import HIDDEN_JOB_PREFIX, find_job, list_locations, list_repositories, unknown_location
from dagster_nb.frames.catalog import daemons_frame, jobs_frame, locations_frame, repositories_frame
from dagster_nb.frames.ops import ops_frame
from dagster_nb.graphql.responses import unwrap

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Catalog"]


class Catalog(AsyncBase):
    """The part of the client that tells what a server has."""

    async def locations(self) -> pd.DataFrame:
        """Return the code locations, those whose code does not load included.

        Returns
        -------
        pandas.DataFrame
            One row a code location:

            =========== =================== ========================================================================
            column      dtype               from (``WorkspaceLocationEntry``)
            =========== =================== ========================================================================
            location    string              ``name``
            status      string              ``"loaded"``, ``"loading"`` or ``"error"``
            error       string              why its code does not load: the innermost cause, and where in your code
                                            if that is known; NA if it loads
            update_time datetime64[us, UTC] ``updatedTimestamp``
            =========== =================== ========================================================================

        Raises
        ------
        ConnectionFailedError, RequestTimeoutError, UnauthorizedError

        Examples
        --------
        >>> client.locations().query("status == 'error'")  # doctest: +SKIP
        """
        return locations_frame(await list_locations(self._api))

    async def repositories(self) -> pd.DataFrame:
        """Return the repositories of all code locations that are loaded.

        Returns
        -------
        pandas.DataFrame
            One row a repository:

            ========== ====== =====================
            column     dtype  from (``Repository``)
            ========== ====== =====================
            repository string ``name``
            location   string ``location.name``
            ========== ====== =====================

        Raises
        ------
        ConnectionFailedError, RequestTimeoutError, UnauthorizedError

        Examples
        --------
        >>> client.repositories()  # doctest: +SKIP
        """
        return repositories_frame(await list_repositories(self._api, jobs=False))

    async def jobs(self) -> pd.DataFrame:
        """Return the jobs of all code locations that are loaded.

        As in Dagster's own pages, the hidden job ``__ASSET_JOB`` is left out, under whose name assets are materialized
        that were asked for without a job; `ops` and `runs` take its name like any other.

        Returns
        -------
        pandas.DataFrame
            One row a job:

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
        shown = [
            {**node, "jobs": [job for job in node["jobs"] if not job["name"].startswith(HIDDEN_JOB_PREFIX)]}
            for node in nodes
        ]
        return jobs_frame(shown)

    async def ops(self, job: str, *, location: str | None = None, repository: str | None = None) -> pd.DataFrame:
        """Return the ops of a job, those inside graphs included, and what each depends on.

        Parameters
        ----------
        job
            The job's name.
        location, repository
            Where it is, if several repositories have a job of that name.

        Returns
        -------
        pandas.DataFrame
            One row an op; a graph is no op and has no row, what is inside it has:

            =============== ============ ===========================================================================
            column          dtype        from (``SolidHandle``)
            =============== ============ ===========================================================================
            op              string       ``handleID``: its name, after those of the graphs around it, such as
                                         ``halves.split``; what `launch` takes as ``op_selection``
            definition      string       ``solid.definition.name``: the function that it was made from
            graph           string       ``parent.handleID``: the graph around it; NA if there is none
            inputs, outputs object: list their names
            depends_on      object: list the ops (as in column ``op``) whose outputs it takes, seen through graphs
            has_config      bool         whether it declares a config
            description     string       ``solid.definition.description``; NA if there is none
            =============== ============ ===========================================================================

        Raises
        ------
        JobNotFoundError
            If there is no such job; the message holds near matches.
        AmbiguousJobError
            If several repositories have a job of that name.
        ValueError, TypeError, ConnectionFailedError, RequestTimeoutError, UnauthorizedError

        Examples
        --------
        >>> client.ops("build_warehouse")[["op", "depends_on"]]  # doctest: +SKIP
        """
        address = await find_job(self._api, job, location=location, repository=repository)
        answer = await self._read("job_ops", {"selector": address.selector})
        return ops_frame(unwrap(answer["pipelineOrError"], "Pipeline")["solidHandles"])

    async def run_config_schema(
        self, job: str, *, location: str | None = None, repository: str | None = None
    ) -> AsyncRunConfigSchema:
        """Return what the run config of a job may be.

        Parameters
        ----------
        job
            The job's name.
        location, repository
            Where it is, if several repositories have a job of that name.

        Returns
        -------
        RunConfigSchema
            With ``.default_yaml``, the text that a launchpad starts from; ``.fields``, a frame of all fields; and
            ``.validate(config)``, which lists what is wrong with a config.

        Raises
        ------
        JobNotFoundError
            If there is no such job; the message holds near matches.
        AmbiguousJobError
            If several repositories have a job of that name.
        ValueError, TypeError, ConnectionFailedError, RequestTimeoutError, UnauthorizedError

        Examples
        --------
        >>> print(client.run_config_schema("ingest_orders").default_yaml)  # doctest: +SKIP
        """
        address = await find_job(self._api, job, location=location, repository=repository)
        answer = await self._read("run_config_schema", {"selector": address.selector})
        return AsyncRunConfigSchema(self, address, unwrap(answer["runConfigSchemaOrError"], "RunConfigSchema"))

    async def daemons(self) -> pd.DataFrame:
        """Return the daemons: without a healthy ``QUEUED_RUN_COORDINATOR`` queued runs stay queued.

        Returns
        -------
        pandas.DataFrame
            One row a kind of daemon that this deployment knows:

            ============== =================== =====================================================================
            column         dtype               from (``DaemonStatus``)
            ============== =================== =====================================================================
            daemon         string              ``daemonType``, such as ``"SCHEDULER"``
            required       bool                ``required``
            healthy        bool                ``healthy``: it gave a sign of life lately, and no error
            last_heartbeat datetime64[us, UTC] ``lastHeartbeatTime``; NaT if it never lived
            ============== =================== =====================================================================

        Raises
        ------
        ConnectionFailedError, RequestTimeoutError, UnauthorizedError

        Examples
        --------
        >>> client.daemons().query("required and not healthy")  # doctest: +SKIP
        """
        answer = await self._read("daemons")
        return daemons_frame(answer["instance"]["daemonHealth"]["allDaemonStatuses"])

    async def reload_location(self, name: str) -> pd.DataFrame:
        """Load the code of a location again, and return what came of it.

        Parameters
        ----------
        name
            The code location.

        Returns
        -------
        pandas.DataFrame
            Its row of `locations`; code that no longer loads has its ``error`` there.

        Raises
        ------
        JobNotFoundError
            If there is no such code location; the message names those that are.
        RunStateError
            If it cannot be reloaded.
        ReadOnlyError, UnauthorizedError, OutcomeUnknownError, ConnectionFailedError

        Examples
        --------
        >>> client.reload_location("shop")  # doctest: +SKIP
        """
        answer = await self._write("reload_location", {"location": name})
        node = answer["reloadRepositoryLocation"]
        entries = await list_locations(self._api)
        if node["__typename"] == "RepositoryLocationNotFound":
            raise unknown_location(name, entries)
        unwrap(node, "WorkspaceLocationEntry")
        return locations_frame([entry for entry in entries if entry["name"] == name])

    async def shutdown_location(self, name: str) -> None:
        """Stop the code server of a location, so that whatever keeps it running starts it anew.

        Parameters
        ----------
        name
            The code location.

        Raises
        ------
        JobNotFoundError
            If there is no such code location; the message names those that are.
        ReadOnlyError, UnauthorizedError, OutcomeUnknownError, ConnectionFailedError

        Examples
        --------
        >>> client.shutdown_location("shop")  # doctest: +SKIP
        """
        answer = await self._write("shutdown_location", {"location": name})
        node = answer["shutdownRepositoryLocation"]
        if node["__typename"] == "RepositoryLocationNotFound":
            raise unknown_location(name, await list_locations(self._api))
        unwrap(node, "ShutdownRepositoryLocationSuccess")
