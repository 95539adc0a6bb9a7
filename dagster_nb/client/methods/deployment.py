"""Read, reload and stop code locations, and read repositories and daemons."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagster_nb.client.arguments.job_address import list_locations, list_repositories, location_not_found
from dagster_nb.client.async_base import AsyncBase
from dagster_nb.frames.catalog import daemons_frame, locations_frame, repositories_frame
from dagster_nb.graphql.responses import unwrap

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["LocationMethods"]


class LocationMethods(AsyncBase):
    """The client methods that read code locations, repositories and daemons, and reload or stop locations."""

    async def locations(self) -> pd.DataFrame:
        """Return the code locations, including those that failed to load.

        Returns
        -------
        pandas.DataFrame
            One row per code location:

            =========== =================== ========================================================================
            column      dtype               from (``WorkspaceLocationEntry``)
            =========== =================== ========================================================================
            location    string              ``name``
            status      string              ``"loaded"``, ``"loading"`` or ``"error"``
            error       string              why the code failed to load: the innermost cause, and the line of your
                                            code if it is known; NA if the code did not fail to load
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
        """Return the repositories of all loaded code locations.

        Returns
        -------
        pandas.DataFrame
            One row per repository:

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

    async def daemons(self) -> pd.DataFrame:
        """Return the daemons. If ``QUEUED_RUN_COORDINATOR`` is not healthy, queued runs stay queued.

        Returns
        -------
        pandas.DataFrame
            One row per type of daemon that this deployment uses:

            ============== =================== =====================================================================
            column         dtype               from (``DaemonStatus``)
            ============== =================== =====================================================================
            daemon         string              ``daemonType``, such as ``"SCHEDULER"``
            required       bool                ``required``
            healthy        bool                ``healthy``: the last heartbeat is recent and reported no error
            last_heartbeat datetime64[us, UTC] ``lastHeartbeatTime``; NaT if the daemon never ran
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
        """Reload a code location (``reloadRepositoryLocation``).

        Parameters
        ----------
        name
            The name of the code location.

        Returns
        -------
        pandas.DataFrame
            The row of `locations` for this code location. If the code failed to load, ``error`` contains the reason.

        Raises
        ------
        LocationNotFoundError
            If there is no such code location. The message lists the existing code locations.
        RunStateError
            If the code location cannot be reloaded.
        ReadOnlyError, UnauthorizedError, OutcomeUnknownError, ConnectionFailedError

        Examples
        --------
        >>> client.reload_location("shop")  # doctest: +SKIP
        """
        await self._check_permitted("reload_location")
        result = await self._write("reload_location", {"location": name})
        entries = await list_locations(self._api)
        if result["__typename"] == "RepositoryLocationNotFound":
            raise location_not_found(name, entries)
        unwrap(result, "WorkspaceLocationEntry")
        return locations_frame([entry for entry in entries if entry["name"] == name])

    async def shutdown_location(self, name: str) -> None:
        """Stop the code server of a code location (``shutdownRepositoryLocation``).

        The process that supervises the code server then restarts it.

        Parameters
        ----------
        name
            The name of the code location.

        Raises
        ------
        LocationNotFoundError
            If there is no such code location. The message lists the existing code locations.
        ReadOnlyError, UnauthorizedError, OutcomeUnknownError, ConnectionFailedError

        Examples
        --------
        >>> client.shutdown_location("shop")  # doctest: +SKIP
        """
        await self._check_permitted("shutdown_location")
        result = await self._write("shutdown_location", {"location": name})
        if result["__typename"] == "RepositoryLocationNotFound":
            raise location_not_found(name, await list_locations(self._api))
        unwrap(result, "ShutdownRepositoryLocationSuccess")
