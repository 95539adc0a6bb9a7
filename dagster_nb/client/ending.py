"""Ending runs: ``terminate`` and ``delete``.

What is told afterwards is what the server says then, and not what was hoped.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dagster_nb.client.base import AsyncBase
from dagster_nb.client.bulk import each, outcome_of
from dagster_nb.client.which import run_ids_of
from dagster_nb.errors import DagsterNbError
from dagster_nb.frames.columns import FINISHED
from dagster_nb.frames.outcomes import outcomes_frame
from dagster_nb.graphql.responses import to_error, unwrap

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from dagster_nb.client.which import RunsLike

__all__ = ["Ending"]

Row = dict[str, str | None]
State = dict[str, Any]

_RUNS_PER_REQUEST = 500
# Stopping a run safely asks its code location, which takes a while each.
_STOPS_PER_REQUEST = 20
_FORCE_HINT = (
    "force=True marks it as canceled at once; whatever still runs of it is then left to itself and may go on, and may "
    "even turn it into a success."
)
_STARTING_HINT = "It was only starting: ask again once it is STARTED."


class Ending(AsyncBase):
    """The part of the client that stops and deletes runs."""

    async def terminate(self, runs: RunsLike, *, force: bool = False) -> pd.DataFrame:
        """Stop runs (``terminateRuns``), and tell what became of each.

        Parameters
        ----------
        runs
            The runs, each once: an id, a `Run`, many of these, a Series of ids, a frame with a ``run_id`` column, or
            one row of it. None of them: nothing is sent.
        force
            False asks each run to stop (``SAFE_TERMINATE``), which Dagster accepts while it is queued or started. True
            marks it as canceled at once, whether or not it stops (``MARK_AS_CANCELED_IMMEDIATELY``).

        Returns
        -------
        pandas.DataFrame
            A row a run, in the order given: ``run_id``, ``outcome``, ``status`` (``Run.status`` read again after
            acting), ``message``; all string, NA where there is none. ``outcome`` is one of

            * ``canceled``; ``canceling``: asked to stop, and still ending
            * ``already_finished``: nothing was sent for it
            * ``not_cancelable``: its state does not allow a safe stop, as in the second or so that a run is
              ``STARTING``; the message says what to do instead
            * ``not_found``, ``unauthorized``, ``failed``, and ``unknown`` where the answer was lost

        Raises
        ------
        TypeError
            If these are no runs; nothing is sent then.
        ReadOnlyError

        Examples
        --------
        >>> client.terminate(client.runs(status=["QUEUED", "STARTED"], job="nightly"))  # doctest: +SKIP
        """
        self._check_writable()
        ids = run_ids_of(runs)
        before = await self._states(ids)
        asked = [
            run_id
            for run_id in ids
            if run_id in before
            and before[run_id]["status"] not in FINISHED
            and before[run_id].get("hasTerminatePermission", True)
            and (force or before[run_id]["status"] != "CANCELING")
        ]
        refused = await self._stop(asked, force=force)
        try:
            after = await self._states(asked)
        except DagsterNbError as error:
            # What was sent was sent: better told as unknown, run by run, than lost in an error.
            untold: Row = {"outcome": "unknown", "message": f"what became of it could not be read: {error}"}
            rows = [
                {"run_id": run_id, **untold}
                if run_id in asked
                else self._stopped(run_id, before.get(run_id), None, None)
                for run_id in ids
            ]
            return outcomes_frame(rows, ["run_id", "outcome", "status", "message"])
        rows = [
            self._stopped(run_id, before.get(run_id), after.get(run_id), refused.get(run_id), force=force)
            for run_id in ids
        ]
        return outcomes_frame(rows, ["run_id", "outcome", "status", "message"])

    async def delete(self, runs: RunsLike, *, force: bool = False) -> pd.DataFrame:
        """Delete runs with all their events (``deleteRun``), and tell what became of each.

        Parameters
        ----------
        runs
            As in `terminate`.
        force
            Whether runs that have not finished are deleted too. The server itself never asks: what still runs of them
            goes on, with nothing left to show or stop it.

        Returns
        -------
        pandas.DataFrame
            A row a run, in the order given: ``run_id``, ``outcome``, ``message``. ``outcome`` is ``deleted``,
            ``not_finished`` (nothing was sent for it), ``not_found``, ``unauthorized``, ``failed``, or ``unknown``
            where the answer was lost and the run is still there.

        Raises
        ------
        TypeError
            If these are no runs; nothing is sent then.
        ReadOnlyError

        Examples
        --------
        >>> client.delete(client.runs(created_before="365d"))  # doctest: +SKIP
        """
        self._check_writable()
        ids = run_ids_of(runs)
        before = await self._states(ids)

        async def one(run_id: str) -> Row:
            state = before.get(run_id)
            if state is None:
                return {"run_id": run_id, **_NOT_FOUND}
            if state["status"] not in FINISHED and not force:
                return {
                    "run_id": run_id,
                    "outcome": "not_finished",
                    "message": f"it is {state['status']}; terminate it first, or force=True deletes it as it is.",
                }
            if not state.get("hasDeletePermission", True):
                return {"run_id": run_id, **_NOT_PERMITTED}
            try:
                answer = await self._write("delete_run", {"runId": run_id})
                unwrap(answer["deleteRun"], "DeletePipelineRunSuccess")
            except DagsterNbError as error:
                return {"run_id": run_id, **outcome_of(error)}
            return {"run_id": run_id, "outcome": "deleted"}

        with self._watching("deleting", unit="runs", total=len(ids)) as bar:
            rows = await each(ids, one, bar)
        doubtful = [str(row["run_id"]) for row in rows if row["outcome"] == "unknown"]
        try:
            standing = await self._states(doubtful)
        except DagsterNbError:
            # What could be found out has been; the doubtful ones stay so.
            return outcomes_frame(rows, ["run_id", "outcome", "message"])
        for row in rows:
            if row["outcome"] == "unknown" and row["run_id"] not in standing:
                row.update(outcome="deleted", message="the answer was lost, and the run is gone.")
        return outcomes_frame(rows, ["run_id", "outcome", "message"])

    async def _states(self, ids: Sequence[str]) -> dict[str, State]:
        states: dict[str, State] = {}
        for start in range(0, len(ids), _RUNS_PER_REQUEST):
            page = ids[start : start + _RUNS_PER_REQUEST]
            answer = await self._read("run_states", {"runIds": page, "limit": len(page)})
            for state in unwrap(answer["runsOrError"], "Runs")["results"]:
                states[state["runId"]] = state
        return states

    async def _stop(self, ids: Sequence[str], *, force: bool) -> dict[str, DagsterNbError]:
        """Ask runs to stop, and return why those that were refused were."""
        refused: dict[str, DagsterNbError] = {}
        policy = "MARK_AS_CANCELED_IMMEDIATELY" if force else "SAFE_TERMINATE"
        with self._watching("stopping", unit="runs", total=len(ids)) as bar:
            for start in range(0, len(ids), _STOPS_PER_REQUEST):
                page = ids[start : start + _STOPS_PER_REQUEST]
                try:
                    answer = await self._write("terminate_runs", {"runIds": page, "policy": policy})
                    results = unwrap(answer["terminateRuns"], "TerminateRunsResult")["terminateRunResults"]
                except DagsterNbError as error:
                    refused.update(dict.fromkeys(page, error))
                else:
                    # The server answers in the order asked. If not for all, what became of them is looked at anyway.
                    for run_id, result in zip(page, results, strict=True) if len(results) == len(page) else ():
                        if result["__typename"] != "TerminateRunSuccess":
                            refused[run_id] = to_error(result)
                bar.advance(len(page))
        return refused

    def _stopped(
        self,
        run_id: str,
        before: State | None,
        after: State | None,
        refusal: DagsterNbError | None,
        *,
        force: bool = False,
    ) -> Row:
        """Say what became of a run, from its state before and after and from what the server answered."""
        if before is None:
            return {"run_id": run_id, **_NOT_FOUND}
        status = before["status"]
        told: Row
        if status in FINISHED:
            told = {"outcome": "already_finished"}
        elif not before.get("hasTerminatePermission", True):
            told = _NOT_PERMITTED
        elif status == "CANCELING" and not force:
            told = {"outcome": "canceling", "message": f"it was asked before. {_FORCE_HINT}"}
        elif after is None:
            return {"run_id": run_id, "outcome": "not_found", "message": "it was deleted meanwhile."}
        else:
            status = after["status"]
            told = _after_asking(before["status"], status, refusal, force=force)
        return {"run_id": run_id, "status": status, **told}


def _after_asking(before: str, status: str, refusal: DagsterNbError | None, *, force: bool) -> Row:
    """Say what became of a run that was asked to stop, from the states that it was in before and is in then."""
    if status == "CANCELED":
        return {"outcome": "canceled"}
    if status == "CANCELING":
        message = None if refusal is None else f"{refusal} It may stay so. {_FORCE_HINT}"
        return {"outcome": "canceling", "message": message}
    if status in FINISHED:
        return {"outcome": "already_finished", "message": "it ended by itself meanwhile."}
    if refusal is None:
        return {"outcome": "canceling", "message": "it was asked to stop, and has not said yet that it will."}
    told = outcome_of(refusal)
    if told["outcome"] == "invalid" and not force:
        hints = [_STARTING_HINT, _FORCE_HINT] if before in {"QUEUED", "STARTING"} else [_FORCE_HINT]
        return {"outcome": "not_cancelable", "message": " ".join([str(told["message"]), *hints])}
    return {**told, "outcome": "failed"} if told["outcome"] == "invalid" else told


_NOT_FOUND: Row = {"outcome": "not_found", "message": "the server knows no such run."}
_NOT_PERMITTED: Row = {"outcome": "unauthorized", "message": "the server does not permit it."}
