"""Delete runs: ``delete``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagster_nb.client.async_base import AsyncBase
from dagster_nb.client.bulk import Acted, act_on_each, interruption_carries
from dagster_nb.client.outcome_of_error import not_found_message, outcome_of_error
from dagster_nb.client.read_run_states import read_run_states
from dagster_nb.errors import DagsterNbError
from dagster_nb.frames.outcomes import outcomes_frame
from dagster_nb.graphql.responses import unwrap
from dagster_nb.parse_run_ids import check_same_server, run_ids_of
from dagster_nb.statuses import FINISHED

if TYPE_CHECKING:
    import pandas as pd

    from dagster_nb.client.outcome_of_error import Row
    from dagster_nb.client.read_run_states import RunState
    from dagster_nb.parse_run_ids import RunsLike

__all__ = ["DeleteMethods"]

_COLUMNS = ["run_id", "outcome", "message"]


class DeleteMethods(AsyncBase):
    """The client method that deletes runs."""

    async def delete(self, runs: RunsLike, *, force: bool = False) -> pd.DataFrame:
        """Delete runs with all their events (``deleteRun``).

        Parameters
        ----------
        runs
            As in `terminate`.
        force
            Whether to also delete unfinished runs, as Dagster itself does. If processes of these runs are still
            running, they are not stopped, and Dagster can no longer show or stop them.

        Returns
        -------
        pandas.DataFrame
            One row per run, in the order given:

            ======= ====== ===================================================================================
            column  dtype  content
            ======= ====== ===================================================================================
            run_id  string the id
            outcome string ``deleted``, ``not_finished`` (no request was sent), ``not_found``,
                           ``unauthorized``, ``failed``; ``unknown`` if the response was lost and the run still
                           exists
            message string the reason for the outcome, and what to do; NA if nothing went wrong
            ======= ====== ===================================================================================

        Raises
        ------
        TypeError, ValueError
            If an argument is invalid, or if the runs come from another server. Nothing is sent.
        ActionInterrupt
            On Ctrl-C. The exception's ``outcomes`` attribute is this frame. Runs for which no request was sent have the
            outcome ``not_sent``. Repeat the call to delete them.
        ReadOnlyError

        Examples
        --------
        >>> client.delete(client.runs(created_before="365d"))  # doctest: +SKIP
        """
        await self._check_permitted("delete")
        ids = run_ids_of(runs)
        check_same_server(runs, self.url)
        with interruption_carries(lambda: _frame(ids, Acted(len(ids)))):
            states = await read_run_states(self._api, ids)
        with self._progress_bar("deleting", unit="runs", total=len(ids)) as bar:

            async def delete_one(run_id: str) -> Row:
                outcome = await self._delete(run_id, states.get(run_id), force=force)
                bar.advance()
                return outcome

            acted = await act_on_each(delete_one, ids)
        await acted.finish(lambda: self._settle_unknown(ids, acted))
        return acted.frame_or_interruption(_frame(ids, acted))

    async def _settle_unknown(self, ids: list[str], acted: Acted) -> None:
        """Find out whether the deletions whose responses were lost have taken effect."""
        unknown = {ids[position]: position for position in acted.unknown}
        try:
            existing = await read_run_states(self._api, list(unknown))
        except DagsterNbError:
            return
        for run_id, position in unknown.items():
            if run_id not in existing:
                message = "the response was lost, but the run no longer exists."
                acted.results[position] = {"outcome": "deleted", "message": message}

    async def _delete(self, run_id: str, state: RunState | None, *, force: bool) -> Row:
        if state is None:
            return {"outcome": "not_found", "message": not_found_message(run_id)}
        if state["status"] not in FINISHED and not force:
            return {
                "outcome": "not_finished",
                "message": f"the run is {state['status']}. Terminate it first, or delete it anyway with force=True.",
            }
        if not state.get("hasDeletePermission", True):
            message = "you do not have permission to delete this run. Ask the server's administrator for it."
            return {"outcome": "unauthorized", "message": message}
        try:
            unwrap(await self._write("delete_run", {"runId": run_id}), "DeletePipelineRunSuccess")
        except DagsterNbError as error:
            return outcome_of_error(error)
        return {"outcome": "deleted"}


def _frame(ids: list[str], acted: Acted) -> pd.DataFrame:
    return outcomes_frame([{"run_id": run_id, **row} for run_id, row in zip(ids, acted.rows, strict=True)], _COLUMNS)
