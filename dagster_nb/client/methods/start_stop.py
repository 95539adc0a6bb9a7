"""Start and stop schedules and sensors: ``start`` and ``stop``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

from dagster_nb.client.arguments.automation_address import automation_requests, find_automations
from dagster_nb.client.async_base import AsyncBase
from dagster_nb.client.bulk import Acted, act_on_each
from dagster_nb.client.outcome_of_error import outcome_of_error
from dagster_nb.errors import DagsterNbError
from dagster_nb.frames.outcomes import outcomes_frame
from dagster_nb.graphql.responses import unwrap
from dagster_nb.map_concurrently import map_concurrently
from dagster_nb.parse_run_ids import check_same_server

if TYPE_CHECKING:
    from typing import Any

    import pandas as pd

    from dagster_nb.client.arguments.automation_address import AutomationAddress, AutomationsLike
    from dagster_nb.client.outcome_of_error import Row

__all__ = ["StartStopMethods"]

Status: TypeAlias = Literal["RUNNING", "STOPPED"]

_COLUMNS = ["name", "location", "repository", "outcome", "status", "message"]
_OUTCOMES: dict[Status, str] = {"RUNNING": "started", "STOPPED": "stopped"}
_SUCCESSES = ("ScheduleStateResult", "Sensor", "StopSensorMutationResult")


class StartStopMethods(AsyncBase):
    """The client methods that start and stop schedules and sensors."""

    async def start(
        self, automations: AutomationsLike, *, location: str | None = None, repository: str | None = None
    ) -> pd.DataFrame:
        """Start schedules and sensors (``startSchedule``, ``startSensor``).

        Parameters
        ----------
        automations
            One or many names, or a frame from `schedules` or `sensors`, or rows of it. An empty list returns an empty
            frame, and nothing is sent.
        location, repository
            The code location and repository; required if several repositories have a schedule or sensor with the same
            name. A row of a frame contains its own location and repository.

        Returns
        -------
        pandas.DataFrame
            One row per schedule or sensor, in the order given:

            ========== ====== ================================================================================
            column     dtype  content
            ========== ====== ================================================================================
            name       string the name
            location   string the code location
            repository string the repository
            outcome    string ``started``, ``already_started`` (no request was sent), ``unauthorized``,
                              ``not_found``, ``failed``; ``unknown`` if the response was lost and the status is
                              still ``STOPPED``
            status     string ``RUNNING`` or ``STOPPED``, read after acting (``InstigationState.status``)
            message    string the reason for the outcome; NA if there is nothing to add
            ========== ====== ================================================================================

        Raises
        ------
        NotFoundError, AmbiguousNameError
            If no schedule or sensor has one of the names, or if several have it. Nothing is started.
        TypeError, ValueError
            If an argument is invalid, or if a frame comes from another server. Nothing is sent.
        ActionInterrupt
            On Ctrl-C. The exception's ``outcomes`` attribute is this frame. If no request was sent, the outcome is
            ``not_sent``.
        ReadOnlyError

        Examples
        --------
        >>> client.start("nightly_schedule")  # doctest: +SKIP
        """
        return await self._set_status(automations, "RUNNING", location=location, repository=repository)

    async def stop(
        self, automations: AutomationsLike, *, location: str | None = None, repository: str | None = None
    ) -> pd.DataFrame:
        """Stop schedules and sensors (``stopRunningSchedule``, ``stopSensor``). Runs in progress are not terminated.

        Parameters
        ----------
        automations, location, repository
            As in `start`.

        Returns
        -------
        pandas.DataFrame
            The columns of `start`, with the outcomes ``stopped`` and ``already_stopped``.

        Raises
        ------
        NotFoundError, AmbiguousNameError
            If no schedule or sensor has one of the names, or if several have it. Nothing is stopped.
        TypeError, ValueError
            If an argument is invalid, or if a frame comes from another server. Nothing is sent.
        ActionInterrupt
            On Ctrl-C. The exception's ``outcomes`` attribute is this frame. If no request was sent, the outcome is
            ``not_sent``.
        ReadOnlyError

        Examples
        --------
        >>> client.stop(client.sensors().query("last_tick_status == 'FAILURE'"))  # doctest: +SKIP
        """
        return await self._set_status(automations, "STOPPED", location=location, repository=repository)

    async def _set_status(
        self, automations: AutomationsLike, wanted: Status, *, location: str | None, repository: str | None
    ) -> pd.DataFrame:
        await self._check_permitted("start" if wanted == "RUNNING" else "stop")
        check_same_server(
            automations, self.url, noun="schedules and sensors", advice="names, location= and repository="
        )
        requests = automation_requests(automations, location=location, repository=repository)
        addresses = list(dict.fromkeys(await find_automations(self._api, requests)))

        async def act(address: AutomationAddress) -> Row:
            return await self._act(address, wanted)

        acted = await act_on_each(act, addresses)
        statuses: list[str | None] = [None] * len(addresses)

        async def read_outcomes() -> None:
            statuses[:] = await map_concurrently(self._status_after, addresses)
            _correct_outcomes(acted, statuses, wanted)

        await acted.finish(read_outcomes)
        rows = [
            {**address.columns, "status": status, **row}
            for address, row, status in zip(addresses, acted.rows, statuses, strict=True)
        ]
        return acted.frame_or_interruption(outcomes_frame(rows, _COLUMNS))

    async def _act(self, address: AutomationAddress, wanted: Status) -> Row:
        try:
            state = await self._automation_state(address)
            if state["status"] == wanted:
                return {"outcome": f"already_{_OUTCOMES[wanted]}"}
            if wanted == "RUNNING":
                result = await self._write(f"start_{address.kind}", {"selector": address.selector})
            else:
                ids = {"id": state["id"], "selectorId": state["selectorId"]}
                result = await self._write(f"stop_{address.kind}", ids)
            unwrap(result, *_SUCCESSES)
        except DagsterNbError as error:
            return outcome_of_error(error)
        return {"outcome": _OUTCOMES[wanted]}

    async def _automation_state(self, address: AutomationAddress) -> dict[str, Any]:
        answer = await self._read("automation_state", {"selector": address.state_selector})
        return unwrap(answer["instigationStateOrError"], "InstigationState")

    async def _status_after(self, address: AutomationAddress) -> str | None:
        try:
            return str((await self._automation_state(address))["status"])
        except DagsterNbError:
            return None


def _correct_outcomes(acted: Acted, statuses: list[str | None], wanted: Status) -> None:
    """Correct each outcome with the status that was read after the action."""
    for position, (row, status) in enumerate(zip(acted.rows, statuses, strict=True)):
        if row["outcome"] == "unknown" and status == wanted:
            message = f"the response was lost, but the status is now {status}."
            acted.results[position] = {"outcome": _OUTCOMES[wanted], "message": message}
        elif row["outcome"] == _OUTCOMES[wanted] and status not in {wanted, None}:
            message = f"the server reported success, but the status is {status}. Someone may have changed it again."
            acted.results[position] = {"outcome": "failed", "message": message}
