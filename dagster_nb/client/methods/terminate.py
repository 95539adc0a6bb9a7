"""Stop runs: ``terminate``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagster_nb.chunks import in_chunks
from dagster_nb.client.async_base import AsyncBase
from dagster_nb.client.bulk import NOT_SENT, act_on_each, interruption_carries
from dagster_nb.client.outcome_of_error import not_found_message, outcome_of_error
from dagster_nb.client.read_run_states import read_run_states
from dagster_nb.errors import DagsterNbError, OutcomeUnknownError
from dagster_nb.frames.outcomes import outcomes_frame
from dagster_nb.graphql.responses import to_error, unwrap
from dagster_nb.parse_run_ids import check_same_server, run_ids_of
from dagster_nb.statuses import FINISHED

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from dagster_nb.client.bulk import Acted
    from dagster_nb.client.outcome_of_error import Row
    from dagster_nb.client.read_run_states import RunState
    from dagster_nb.parse_run_ids import RunsLike

__all__ = ["TerminateMethods"]

_COLUMNS = ["run_id", "outcome", "status", "message"]
# Dagster contacts the code location of each run in turn, so a request for many runs takes a while.
_RUNS_PER_REQUEST = 20
_FORCE_HINT = (
    "force=True marks the run as canceled immediately. If its processes are still running, they are not stopped, and "
    "the run may even succeed."
)
_MARKED = (
    "The run was marked as canceled immediately. If its processes are still running, they are not stopped, and the "
    "run may even succeed."
)
_WITH_PROCESS = frozenset({"STARTING", "STARTED", "CANCELING"})
_STARTING_HINT = "The run was still starting. Try again when it is STARTED."


class TerminateMethods(AsyncBase):
    """The client method that terminates runs."""

    async def terminate(self, runs: RunsLike, *, force: bool = False) -> pd.DataFrame:
        """Stop runs (``terminateRuns``), then read the outcomes from the server.

        Parameters
        ----------
        runs
            An id or a `Run`, a list of these, a Series of ids, a frame with a ``run_id`` column, or one row of it. Ids
            must not be shortened. Duplicates are ignored. If there are no runs, nothing is sent.
        force
            False asks each run to stop (``SAFE_TERMINATE``), which is possible while the run is queued or started. True
            marks each run as canceled immediately, even if its processes do not stop
            (``MARK_AS_CANCELED_IMMEDIATELY``).

        Returns
        -------
        pandas.DataFrame
            One row per run, in the order given:

            ======= ====== ==========================================================================
            column  dtype  content
            ======= ====== ==========================================================================
            run_id  string the id
            outcome string see below
            status  string ``Run.status``, read after acting; NA if the run was not found
            message string the reason for the outcome, and what to do; NA if there is nothing to add
            ======= ====== ==========================================================================

            ``outcome`` is one of

            * ``canceled``
            * ``canceling``: the run was asked to stop, and is still stopping
            * ``already_finished``: no request was sent
            * ``not_cancelable``: the run's state does not allow a safe stop, for example while the run is
              ``STARTING``; the message says what to do instead
            * ``not_found``, ``unauthorized``, ``failed``; ``unknown`` if the response was lost

            If a run finishes before it can be stopped, its outcome is also ``already_finished``.

        Raises
        ------
        TypeError, ValueError
            If an argument is invalid, or if the runs come from another server. Nothing is sent.
        ActionInterrupt
            On Ctrl-C. The exception's ``outcomes`` attribute is this frame. Runs for which no request was sent have the
            outcome ``not_sent``. Repeat the call to stop them.
        ReadOnlyError

        Examples
        --------
        >>> client.terminate(client.runs(status=["QUEUED", "STARTED"], job="nightly"))  # doctest: +SKIP
        """
        await self._check_permitted("terminate")
        ids = run_ids_of(runs)
        check_same_server(runs, self.url)
        with interruption_carries(lambda: outcomes_frame([{"run_id": run_id, **NOT_SENT} for run_id in ids], _COLUMNS)):
            before = await read_run_states(self._api, ids)
        to_stop = [run_id for run_id in ids if run_id in before and _can_stop(before[run_id], force=force)]
        # The error, or None, for each run that was asked to stop.
        sent: dict[str, DagsterNbError | None] = {}
        acted = await self._request_stop(to_stop, sent, force=force)
        after: dict[str, RunState] = {}
        problem: str | None = "the server did not respond in time. Check the status before you repeat the call."

        async def read_outcomes() -> None:
            nonlocal after, problem
            try:
                after = await read_run_states(self._api, list(sent))
                problem = None
            except DagsterNbError as error:
                # The runs may have been asked to stop. An exception would hide this, so return outcomes instead.
                problem = str(error)

        await acted.finish(read_outcomes)
        unsent = set(to_stop) - sent.keys()

        def row(run_id: str) -> Row:
            if run_id in unsent:
                return {"run_id": run_id, **NOT_SENT}
            if run_id not in sent:
                return _row_without_request(run_id, before.get(run_id))
            if problem is not None:
                message = f"the run may have been asked to stop, but its status could not be read: {problem}"
                return {"run_id": run_id, "outcome": "unknown", "message": message}
            return _row_after_request(run_id, before[run_id], after.get(run_id), sent[run_id], force=force)

        return acted.frame_or_interruption(outcomes_frame([row(run_id) for run_id in ids], _COLUMNS))

    async def _request_stop(self, ids: Sequence[str], sent: dict[str, DagsterNbError | None], *, force: bool) -> Acted:
        """Ask runs to stop, with several runs per request."""
        policy = "MARK_AS_CANCELED_IMMEDIATELY" if force else "SAFE_TERMINATE"
        with self._progress_bar("stopping", unit="runs", total=len(ids)) as bar:

            async def stop_page(page: Sequence[str]) -> Row:
                interrupted = OutcomeUnknownError(
                    "terminate() was interrupted, so this run may or may not have been asked to stop. Check its status "
                    "before you repeat the call."
                )
                sent.update(dict.fromkeys(page, interrupted))
                try:
                    answer = await self._write("terminate_runs", {"runIds": page, "policy": policy})
                    results = unwrap(answer, "TerminateRunsResult")["terminateRunResults"]
                except DagsterNbError as error:
                    sent.update(dict.fromkeys(page, error))
                else:
                    sent.update(dict.fromkeys(page))
                    # Dagster returns the results in the order of the request. If a result is missing, this does no
                    # harm, because the status is read anyway.
                    for run_id, result in zip(page, results, strict=True) if len(results) == len(page) else ():
                        if result["__typename"] != "TerminateRunSuccess":
                            sent[run_id] = to_error(result)
                bar.advance(len(page))
                return {}

            return await act_on_each(stop_page, list(in_chunks(ids, _RUNS_PER_REQUEST)), limit=1)


def _can_stop(state: RunState, *, force: bool) -> bool:
    return (
        state["status"] not in FINISHED
        and state.get("hasTerminatePermission", True)
        and (force or state["status"] != "CANCELING")
    )


def _row_without_request(run_id: str, state: RunState | None) -> Row:
    """Return the outcome of a run for which no request was sent."""
    if state is None:
        return {"run_id": run_id, "outcome": "not_found", "message": not_found_message(run_id)}
    row: Row = {"run_id": run_id, "status": state["status"]}
    if state["status"] in FINISHED:
        return {**row, "outcome": "already_finished"}
    if not state.get("hasTerminatePermission", True):
        message = "you do not have permission to stop this run. Ask the server's administrator for it."
        return {**row, "outcome": "unauthorized", "message": message}
    return {**row, "outcome": "canceling", "message": f"the run had already been asked to stop. {_FORCE_HINT}"}


def _row_after_request(
    run_id: str, before: RunState, after: RunState | None, refusal: DagsterNbError | None, *, force: bool
) -> Row:
    """Return the outcome of a run that was asked to stop."""
    if after is None:
        return {"run_id": run_id, "outcome": "not_found", "message": "the run was deleted in the meantime."}
    outcome = _outcome(before["status"], after["status"], refusal, force=force)
    return {"run_id": run_id, "status": after["status"], **outcome}


def _outcome(before: str, after: str, refusal: DagsterNbError | None, *, force: bool) -> Row:
    if after == "CANCELED":
        return {"outcome": "canceled", "message": _MARKED if force and before in _WITH_PROCESS else None}
    if after == "CANCELING":
        message = None if refusal is None else f"{refusal} The run may stay in this state. {_FORCE_HINT}"
        return {"outcome": "canceling", "message": message}
    if after in FINISHED:
        return {"outcome": "already_finished", "message": "the run finished before it could be stopped."}
    if refusal is None:
        return {"outcome": "canceling", "message": "the run was asked to stop, but has not stopped yet."}
    outcome = outcome_of_error(refusal)
    if outcome["outcome"] != "invalid":
        return outcome
    if force:
        return {**outcome, "outcome": "failed"}
    hints = [_STARTING_HINT, _FORCE_HINT] if before in {"QUEUED", "STARTING"} else [_FORCE_HINT]
    return {"outcome": "not_cancelable", "message": " ".join([str(outcome["message"]), *hints])}
