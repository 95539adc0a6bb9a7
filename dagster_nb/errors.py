"""The exceptions and the warning class of dagster_nb.

Every error is a `DagsterNbError`, so ``except dnb.DagsterNbError`` catches everything that can go wrong between a
notebook and Dagster. Some errors are also subclasses of a built-in exception with a similar meaning. An invalid
*argument* raises a plain `ValueError` or `TypeError` before anything is sent. ::

    DagsterNbError
    ├── ConnectionFailedError      also ConnectionError
    ├── RequestTimeoutError        also TimeoutError
    ├── WaitTimeoutError           also TimeoutError
    ├── UnauthorizedError          also PermissionError
    ├── QueryError
    ├── ServerError
    ├── NotFoundError              also LookupError
    │   ├── RunNotFoundError
    │   ├── JobNotFoundError
    │   └── LocationNotFoundError
    ├── AmbiguousNameError
    │   └── AmbiguousJobError
    ├── RunStateError
    ├── RunConfigInvalidError      also ValueError
    ├── IncompleteHistoryError
    ├── HistoryError
    ├── ReadOnlyError
    ├── OutcomeUnknownError
    ├── UnsupportedServerError
    └── MissingExtraError

    KeyboardInterrupt
    └── ActionInterrupt

    UserWarning
    └── DagsterNbWarning
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dagster_nb.terminal_text import terminal_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

__all__ = [
    "ActionInterrupt",
    "AmbiguousJobError",
    "AmbiguousNameError",
    "ConfigProblem",
    "ConnectionFailedError",
    "DagsterNbError",
    "DagsterNbWarning",
    "HistoryError",
    "IncompleteHistoryError",
    "JobNotFoundError",
    "LocationNotFoundError",
    "MissingExtraError",
    "NotFoundError",
    "OutcomeUnknownError",
    "QueryError",
    "ReadOnlyError",
    "RequestTimeoutError",
    "RunConfigInvalidError",
    "RunNotFoundError",
    "RunStateError",
    "ServerError",
    "UnauthorizedError",
    "UnsupportedServerError",
    "WaitTimeoutError",
]


class DagsterNbError(Exception):
    """The base class of all errors of dagster_nb."""

    def __str__(self) -> str:
        # Messages contain text from the server, and control characters in this text must not reach the terminal.
        return terminal_text(super().__str__())


class DagsterNbWarning(UserWarning):
    """A call succeeded, but probably not in the way that the user intended. The message says what to check."""

    def __str__(self) -> str:
        # As in `DagsterNbError`, the message can contain text from the server.
        return terminal_text(super().__str__())


class ConnectionFailedError(DagsterNbError, ConnectionError):
    """No Dagster server responded at the address, or the connection was lost."""


class RequestTimeoutError(DagsterNbError, TimeoutError):
    """The server did not respond to a request within the client's ``timeout``."""


class WaitTimeoutError(DagsterNbError, TimeoutError):
    """A run did not finish within the ``timeout`` of a wait. The run itself continues."""


class UnauthorizedError(DagsterNbError, PermissionError):
    """The server denied access, because the token is missing or invalid, or because a permission is missing."""


class QueryError(DagsterNbError):
    """The server rejected a GraphQL document, or failed to execute it.

    Parameters
    ----------
    message
        What happened. If the server names a line of the document, the message shows this line.
    errors
        The ``errors`` list of the server's response, unchanged.
    data
        The part of the response that the server could provide despite the errors, or None.
    """

    def __init__(self, message: str, *, errors: Sequence[dict[str, Any]] = (), data: dict[str, Any] | None = None):
        super().__init__(message)
        self.errors = list(errors)
        self.data = data


class ServerError(DagsterNbError):
    """Dagster itself failed (its response contains a ``PythonError``).

    Parameters
    ----------
    message
        A summary in one line.
    stack
        The server's stack trace, which is not part of the message, because the cause is rarely in the notebook.
    class_name
        The class of the server's exception (``PythonError.className``), or None.
    """

    def __init__(self, message: str, *, stack: str = "", class_name: str | None = None):
        super().__init__(message)
        self.stack = stack
        self.class_name = class_name


class NotFoundError(DagsterNbError, LookupError):
    """The server has no such run, job, code location, asset, schedule, sensor or backfill."""


class RunNotFoundError(NotFoundError):
    """The server has no run with that id, or several runs have an id that begins with it."""


class JobNotFoundError(NotFoundError):
    """The server has no job with that name. The message lists similar names."""


class LocationNotFoundError(NotFoundError):
    """The server has no code location with that name. The message lists the existing code locations."""


class AmbiguousNameError(DagsterNbError):
    """Several jobs, schedules, sensors or assets have that name. The message lists them, and says how to select one."""


class AmbiguousJobError(AmbiguousNameError):
    """Several repositories have a job with that name. The message lists the jobs, and says how to select one."""


class RunStateError(DagsterNbError):
    """The state of the run or of the code location does not allow the action."""


@dataclass(frozen=True, slots=True)
class ConfigProblem:
    """One problem in a run config.

    Parameters
    ----------
    path
        The keys that lead from the root to the problem, joined with dots; empty for the root itself
        (``PipelineConfigValidationError.stack``).
    reason
        Dagster's ``EvaluationErrorReason``, such as ``"MISSING_REQUIRED_FIELD"``.
    message
        Dagster's message.
    """

    path: str
    reason: str
    message: str

    def __str__(self) -> str:
        return f"{self.path or '(root)'}: {self.message}"


class RunConfigInvalidError(DagsterNbError, ValueError):
    """The run config does not fit the job, so nothing was launched.

    Parameters
    ----------
    message
        A sentence that says which run config is invalid, and for which job.
    errors
        Each problem with its path, reason and message.
    """

    def __init__(self, message: str, *, errors: Sequence[ConfigProblem] = ()):
        super().__init__("\n".join([message, *(f"  {problem}" for problem in errors)]))
        self.errors = list(errors)


class IncompleteHistoryError(DagsterNbError):
    """The server repeatedly listed the ids of some runs without returning these runs.

    Parameters
    ----------
    message
        The number of missing runs, and their ids.
    frame
        The runs that could be read.
    """

    def __init__(self, message: str, *, frame: pd.DataFrame):
        super().__init__(message)
        self.frame = frame


class HistoryError(DagsterNbError):
    """A history on disk or in object storage could not be read or written. Existing data is unchanged."""


class ReadOnlyError(DagsterNbError):
    """The client was created with ``read_only=True``, so it does not send mutations."""


class OutcomeUnknownError(DagsterNbError):
    """A mutation was sent, and may have taken effect, but its response was lost or incomplete.

    The client does not send the mutation again.
    """


class ActionInterrupt(KeyboardInterrupt):
    """The user pressed Ctrl-C while a method was changing something on the server.

    `ActionInterrupt` is a `KeyboardInterrupt`, not a `DagsterNbError`. Before raising it, the method waits for the
    responses to the requests that it has sent. In IPython, ``sys.last_value.outcomes`` is the frame of outcomes.

    Parameters
    ----------
    outcomes
        The frame that the method would have returned. Items for which nothing was sent have the outcome ``not_sent``.
        For a method that returns a run or a backfill, the frame has one row and the columns ``run_id`` or
        ``backfill_id``, ``outcome`` and ``message``.
    """

    def __init__(self, outcomes: pd.DataFrame):
        not_sent = int((outcomes["outcome"] == "not_sent").sum())
        super().__init__(
            f"interrupted. Requests that were not sent: {not_sent} of {len(outcomes)}. To see what was done, look at "
            "this exception's .outcomes attribute (in IPython: sys.last_value.outcomes)."
        )
        self.outcomes = outcomes


class UnsupportedServerError(DagsterNbError):
    """The server's version of Dagster lacks a required feature. The message names the required version.

    Nothing on the server was changed.
    """


class MissingExtraError(DagsterNbError):
    """A part of dagster_nb needs packages that are not installed. The message contains the ``pip install`` command."""
