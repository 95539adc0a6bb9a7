"""The outcomes of actions, and the outcome of an action that raised an error."""

from __future__ import annotations

from typing import Literal, TypeAlias

from dagster_nb.errors import (
    AmbiguousJobError,
    NotFoundError,
    OutcomeUnknownError,
    RunConfigInvalidError,
    RunStateError,
    UnauthorizedError,
)
from dagster_nb.parse_run_ids import FULL_ID_LENGTH

__all__ = ["Row", "TerminateOutcome", "not_found_message", "outcome_of_error"]

Row: TypeAlias = dict[str, str | None]
"""One row of a frame of outcomes."""

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
    """Return a message which says that no run has an id, and what to do.

    Examples
    --------
    >>> not_found_message("4ba746c7")
    'the server has no run with this id. Actions need the full id of 36 characters: client.run(...).run_id.'
    """
    message = "the server has no run with this id."
    if len(run_id) < FULL_ID_LENGTH:
        return f"{message} Actions need the full id of {FULL_ID_LENGTH} characters: client.run(...).run_id."
    return f"{message} client.runs() lists all runs."
