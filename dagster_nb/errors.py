"""The errors that dagster_nb raises.

All of them descend from one class, so that ``except dnb.DagsterNbError`` catches whatever went wrong between a
notebook and its Dagster; where a builtin says the same, the error is that builtin too. A wrong *argument* is a plain
`ValueError` or `TypeError`, raised before anything is sent. ::

    DagsterNbError
    ├── ConnectionFailedError    also ConnectionError
    ├── RequestTimeoutError      also TimeoutError
    ├── WaitTimeoutError         also TimeoutError
    ├── UnauthorizedError        also PermissionError
    ├── QueryError
    ├── ServerError
    ├── RunNotFoundError         also LookupError
    ├── JobNotFoundError         also LookupError
    ├── AmbiguousJobError
    ├── RunStateError
    ├── RunConfigInvalidError    also ValueError
    ├── IncompleteHistoryError
    ├── ReadOnlyError
    ├── OutcomeUnknownError
    ├── UnsupportedServerError
    └── MissingExtraError
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

__all__ = [
    "AmbiguousJobError",
    "ConfigProblem",
    "ConnectionFailedError",
    "DagsterNbError",
    "IncompleteHistoryError",
    "JobNotFoundError",
    "MissingExtraError",
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
    """The root of the tree."""


class ConnectionFailedError(DagsterNbError, ConnectionError):
    """No Dagster answered at that address, or the connection broke."""


class RequestTimeoutError(DagsterNbError, TimeoutError):
    """The server did not answer one request within the client's ``timeout``."""


class WaitTimeoutError(DagsterNbError, TimeoutError):
    """A run was still unfinished when the ``timeout`` of a wait was over; the run itself goes on."""


class UnauthorizedError(DagsterNbError, PermissionError):
    """The server refused: a missing or wrong token, or a permission that this user or server does not have."""


class QueryError(DagsterNbError):
    """The server refused a GraphQL document, or failed while resolving it.

    Parameters
    ----------
    message
        What happened, with the offending line of the document marked where the server said which.
    errors
        The ``errors`` list of the server's answer, as it came.
    data
        The part of the answer that the server could still give, or None.
    """

    def __init__(self, message: str, *, errors: Sequence[dict[str, Any]] = (), data: dict[str, Any] | None = None):
        super().__init__(message)
        self.errors = list(errors)
        self.data = data


class ServerError(DagsterNbError):
    """Dagster itself failed (a ``PythonError`` in its answer).

    Parameters
    ----------
    message
        One readable line.
    stack
        The server's stack trace; kept apart, since it is rarely about anything in the notebook.
    class_name
        The class of the server's exception (``PythonError.className``), or None.
    """

    def __init__(self, message: str, *, stack: str = "", class_name: str | None = None):
        super().__init__(message)
        self.stack = stack
        self.class_name = class_name


class RunNotFoundError(DagsterNbError, LookupError):
    """The server knows no run of that id."""


class JobNotFoundError(DagsterNbError, LookupError):
    """The server knows no job of that name; the message holds near matches."""


class AmbiguousJobError(DagsterNbError):
    """Several repositories have a job of that name; the message lists them and the arguments that settle it."""


class RunStateError(DagsterNbError):
    """The run is in a state that does not allow what was asked."""


@dataclass(frozen=True, slots=True)
class ConfigProblem:
    """One thing that is wrong with a run config.

    Parameters
    ----------
    path
        Where: the keys from the root, joined with dots; empty for the root itself
        (``PipelineConfigValidationError.stack``).
    reason
        Dagster's ``EvaluationErrorReason``, such as ``"MISSING_REQUIRED_FIELD"``.
    message
        Dagster's own words.
    """

    path: str
    reason: str
    message: str

    def __str__(self) -> str:
        return f"{self.path or '(root)'}: {self.message}"


class RunConfigInvalidError(DagsterNbError, ValueError):
    """The run config does not fit the job; nothing was launched.

    Parameters
    ----------
    message
        What was refused.
    errors
        Each problem with its path, reason and message.
    """

    def __init__(self, message: str, *, errors: Sequence[ConfigProblem] = ()):
        super().__init__("\n".join([message, *(f"  {problem}" for problem in errors)]))
        self.errors = list(errors)


class IncompleteHistoryError(DagsterNbError):
    """The server keeps listing runs that it does not hand over.

    Parameters
    ----------
    message
        How many runs are missing and which.
    frame
        What could be read.
    """

    def __init__(self, message: str, *, frame: pd.DataFrame):
        super().__init__(message)
        self.frame = frame


class ReadOnlyError(DagsterNbError):
    """The client was made with ``read_only=True`` and sends no mutation."""


class OutcomeUnknownError(DagsterNbError):
    """A mutation was sent and its answer was lost or failed in part: it may have taken effect. It is not sent again."""


class UnsupportedServerError(DagsterNbError):
    """The server lacks what was asked for, and nothing was done; the message names the version needed, where known."""


class MissingExtraError(DagsterNbError):
    """A part of dagster_nb needs packages that are not installed; the message is the ``pip install`` line."""
