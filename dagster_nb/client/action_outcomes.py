"""Turn errors into outcomes, and read the states of runs before and after acting on them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from dagster_nb.chunks import in_chunks
from dagster_nb.errors import (
    AmbiguousJobError,
    NotFoundError,
    OutcomeUnknownError,
    RunConfigInvalidError,
    RunStateError,
    UnauthorizedError,
)
from dagster_nb.graphql.responses import unwrap
from dagster_nb.runs_argument import FULL_ID_LENGTH

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dagster_nb.graphql.dagster_api import DagsterApi

__all__ = ["Row", "RunState", "TerminateOutcome", "not_found_message", "outcome_of_error", "read_run_states"]

Row: TypeAlias = dict[str, str | None]
"""One row of a frame of outcomes."""

RunState: TypeAlias = dict[str, Any]
"""A run's ``status``, and this client's permissions for the run."""

TerminateOutcome: TypeAlias = Literal[
    "canceled",
    "canceling",
    "already_finished",
    "not_cancelable",
    "not_found",
    "unauthorized",
    "failed",
    "unknown",
]
"""The outcome of terminating a run. `DagsterClient.terminate` explains the outcomes."""

_RUNS_PER_REQUEST = 500


def outcome_of_error(error: Exception) -> Row:
    """Return the ``outcome`` and the ``message`` of an action that raised an error.

    Examples
    --------
    >>> outcome_of_error(NotFoundError("no such run"))
    {'outcome': 'not_found', 'message': 'no such run'}
    """
    outcome = next((name for kinds, name in _OUTCOMES if isinstance(error, kinds)), "failed")
    return {"outcome": outcome, "message": str(error)}


_OUTCOMES: tuple[tuple[type[Exception] | tuple[type[Exception], ...], str], ...] = (
    (NotFoundError, "not_found"),
    (UnauthorizedError, "unauthorized"),
    (OutcomeUnknownError, "unknown"),
    ((RunConfigInvalidError, RunStateError, AmbiguousJobError, ValueError), "invalid"),
)


def not_found_message(run_id: str) -> str:
    """Return the message for an id that matches no run, with advice.

    Examples
    --------
    >>> not_found_message("4ba746c7")
    'the server has no run with this id. Actions need the full id of 36 characters: client.run(...).run_id.'
    """
    message = "the server has no run with this id."
    if len(run_id) < FULL_ID_LENGTH:
        return f"{message} Actions need the full id of {FULL_ID_LENGTH} characters: client.run(...).run_id."
    return f"{message} client.runs() lists all runs."


async def read_run_states(api: DagsterApi, ids: Sequence[str]) -> dict[str, RunState]:
    """Return the states of the existing runs, by id."""
    states: dict[str, RunState] = {}
    for page in in_chunks(ids, _RUNS_PER_REQUEST):
        answer = await api.query("run_states", {"runIds": page, "limit": len(page)})
        for state in unwrap(answer["runsOrError"], "Runs")["results"]:
            states[state["runId"]] = state
    return states
