"""Read schedules, sensors and their ticks: ``schedules``, ``sensors`` and ``ticks``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dagster_nb.client.arguments.automation_address import automation_requests, find_automations
from dagster_nb.client.arguments.job_address import list_repositories
from dagster_nb.client.async_base import AsyncBase
from dagster_nb.frames.automation import schedules_frame, sensors_frame, ticks_frame
from dagster_nb.graphql.tick_paging import iter_ticks
from dagster_nb.parse_time import to_seconds

if TYPE_CHECKING:
    import pandas as pd

    from dagster_nb.parse_time import Moment

__all__ = ["AutomationMethods"]


class AutomationMethods(AsyncBase):
    """The client methods that read schedules, sensors and ticks."""

    async def schedules(self) -> pd.DataFrame:
        """Return the schedules of all loaded code locations, with the last and the next tick of each schedule.

        Returns
        -------
        pandas.DataFrame
            One row per schedule:

            ==================== =================== ===============================================================
            column               dtype               from (``Schedule``)
            ==================== =================== ===============================================================
            schedule             string              ``name``
            location, repository string              ``Repository.location.name``, ``Repository.name``
            status               string              ``scheduleState.status``: ``"RUNNING"`` or ``"STOPPED"``
            next_tick            datetime64[us, UTC] ``scheduleState.nextTick.timestamp``; NaT if it is stopped
            last_tick            datetime64[us, UTC] ``scheduleState.ticks``, the newest ``timestamp``; NaT if it has
                                                     never ticked
            last_tick_status     string              its ``status``, such as ``"FAILURE"``
            cron_schedule        string              ``cronSchedule``
            time_zone            string              ``executionTimezone``; NA means UTC
            job_name             string              ``pipelineName``
            assets               object: list        the keys of ``assetSelection``; None if the schedule targets a job
            description          string              ``description``
            tags                 object: dict        ``tags``; None before Dagster 1.8
            ==================== =================== ===============================================================

        Raises
        ------
        ConnectionFailedError, RequestTimeoutError, UnauthorizedError

        Examples
        --------
        >>> client.schedules().query("last_tick_status == 'FAILURE'")  # doctest: +SKIP
        """
        return self._with_source(schedules_frame(await list_repositories(self._api, "schedules")))

    async def sensors(self) -> pd.DataFrame:
        """Return the sensors of all loaded code locations, with the last and the next tick of each sensor.

        Returns
        -------
        pandas.DataFrame
            One row per sensor:

            ==================== =================== ===============================================================
            column               dtype               from (``Sensor``)
            ==================== =================== ===============================================================
            sensor               string              ``name``
            location, repository string              ``Repository.location.name``, ``Repository.name``
            status               string              ``sensorState.status``: ``"RUNNING"`` or ``"STOPPED"``
            next_tick            datetime64[us, UTC] ``sensorState.nextTick.timestamp``; NaT if it is stopped or has
                                                     never ticked
            last_tick            datetime64[us, UTC] ``sensorState.ticks``, the newest ``timestamp``; NaT if it has
                                                     never ticked
            last_tick_status     string              its ``status``, such as ``"SKIPPED"``
            sensor_type          string              ``sensorType``, such as ``"STANDARD"``
            min_interval         timedelta64[us]     ``minIntervalSeconds``
            job_names            object: list        ``targets.pipelineName``: the jobs that it can launch
            assets               object: list        the keys of ``assetSelection``; None if the sensor targets jobs
            description          string              ``description``
            tags                 object: dict        ``tags``; None before Dagster 1.8
            ==================== =================== ===============================================================

        Raises
        ------
        ConnectionFailedError, RequestTimeoutError, UnauthorizedError

        Examples
        --------
        >>> client.sensors().query("status == 'STOPPED'")  # doctest: +SKIP
        """
        return self._with_source(sensors_frame(await list_repositories(self._api, "sensors")))

    async def ticks(
        self,
        name: str | pd.Series[Any],
        *,
        location: str | None = None,
        repository: str | None = None,
        after: Moment | None = None,
        before: Moment | None = None,
    ) -> pd.DataFrame:
        """Return the ticks (evaluations) of a schedule or sensor.

        Dagster deletes old ticks according to the retention settings of its instance.

        Parameters
        ----------
        name
            The name of the schedule or sensor, or a row of the frame from `schedules` or `sensors`.
        location, repository
            The code location and repository; required if several repositories have a schedule or sensor with that name.
        after, before
            Exclusive bounds for the times of the ticks, in the same forms as the bounds of `runs`.

        Returns
        -------
        pandas.DataFrame
            One row per tick, newest first:

            ==================== =================== ===============================================================
            column               dtype               from (``InstigationTick``)
            ==================== =================== ===============================================================
            name                 string              the schedule or sensor
            location, repository string              its code location and repository
            tick_id              string              ``tickId``
            status               string              ``status``: ``"STARTED"``, ``"SUCCESS"``, ``"SKIPPED"`` or
                                                     ``"FAILURE"``
            timestamp            datetime64[us, UTC] ``timestamp``
            end_time             datetime64[us, UTC] ``endTimestamp``; NaT while it is evaluated
            duration             timedelta64[us]     end_time - timestamp
            run_ids              object: list        ``runIds``: the runs that it launched
            skip_reason          string              ``skipReason``
            error_class          string              the class of the innermost cause of ``error``; NA without an error
            error_message        string              its message, without the class
            stack                string              its stack trace, starting with the outermost frame
            ==================== =================== ===============================================================

        Raises
        ------
        NotFoundError
            If there is no such schedule or sensor; the message lists similar names.
        AmbiguousNameError
            If several repositories have a schedule or sensor with that name.
        ValueError, TypeError, ConnectionFailedError, RequestTimeoutError, UnauthorizedError

        Examples
        --------
        >>> client.ticks("nightly_schedule", after="7d").query("status == 'FAILURE'")  # doctest: +SKIP
        """
        requests = automation_requests(name, location=location, repository=repository)
        if len(requests) != 1:
            raise ValueError(f"expected one schedule or sensor, got {len(requests)}. Call ticks() once for each.")
        bounds = {"after": to_seconds(after, "after"), "before": to_seconds(before, "before")}
        [address] = await find_automations(self._api, requests)
        # The server ignores a bound of 0 seconds, and no tick is older than 1970.
        if bounds["before"] is not None and bounds["before"] <= 0:
            return ticks_frame([], address.columns)
        ticks = []
        with self._progress_bar("reading ticks", unit="ticks") as bar:
            async for tick in iter_ticks(self._api, address.state_selector, **bounds):
                ticks.append(tick)
                bar.advance()
        return ticks_frame(ticks, address.columns)
