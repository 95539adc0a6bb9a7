"""The exceptions and the warning class of dagster_nb.

Every error is a `DagsterNbError`, so ``except dnb.DagsterNbError`` catches whatever goes wrong between a notebook and
its Dagster. Where a builtin exception has the same meaning, the error is that builtin too. An invalid *argument* is a
plain `ValueError` or `TypeError`, raised before anything is sent. ::

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
        # Messages contain text from the server, which must not control the terminal that prints them.
        return terminal_text(super().__str__())


class DagsterNbWarning(UserWarning):
    """Something worked, but probably not as intended; the message says what to check."""


class ConnectionFailedError(DagsterNbError, ConnectionError):
    """No Dagster server responded at the address, or the connection was lost."""


class RequestTimeoutError(DagsterNbError, TimeoutError):
    """The server did not respond to a request within the client's ``timeout``."""


class WaitTimeoutError(DagsterNbError, TimeoutError):
    """A run did not finish within the ``timeout`` of a wait; the run itself continues."""


class UnauthorizedError(DagsterNbError, PermissionError):
    """The server refused: the token is missing or wrong, or the user or the server lacks a permission."""


class QueryError(DagsterNbError):
    """The server refused a GraphQL document, or failed while resolving it.

    Parameters
    ----------
    message
        What happened. The message shows the line of the document that is wrong, if the server named one.
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
    """Dagster itself failed (its response holds a ``PythonError``).

    Parameters
    ----------
    message
        One readable line.
    stack
        The server's stack trace. It is not part of the message, since it rarely concerns code in the notebook.
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
    """The server has no run with that id, or several runs whose ids begin with it."""


class JobNotFoundError(NotFoundError):
    """The server has no job with that name; the message lists similar names."""


class LocationNotFoundError(NotFoundError):
    """The server has no code location with that name; the message lists the existing ones."""


class AmbiguousNameError(DagsterNbError):
    """Several jobs, schedules, sensors or assets have that name; the message lists them and says how to select one."""


class AmbiguousJobError(AmbiguousNameError):
    """Several repositories have a job with that name; the message lists them, and the arguments that select one."""


class RunStateError(DagsterNbError):
    """The state of the run or of the code location does not allow the action."""


@dataclass(frozen=True, slots=True)
class ConfigProblem:
    """One problem in a run config.

    Parameters
    ----------
    path
        The path of the problem: the keys from the root, joined with dots; empty for the root itself
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
    """The run config does not fit the job, and nothing was launched.

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
    """A history on disk or in object storage cannot be read or written; what was written before is unchanged."""


class ReadOnlyError(DagsterNbError):
    """The client was created with ``read_only=True`` and sends no mutation."""


class OutcomeUnknownError(DagsterNbError):
    """A mutation was sent but its response was lost or incomplete: it may have taken effect. It is not sent again."""


class ActionInterrupt(KeyboardInterrupt):
    """Ctrl-C was pressed while a method acted on many runs. Like any `KeyboardInterrupt`, it is not a `DagsterNbError`.

    The method has waited for the responses to the requests that it had sent. In IPython, ``sys.last_value.outcomes``
    has the outcomes.

    Parameters
    ----------
    outcomes
        The frame that the method would have returned. Runs for which nothing was sent have the outcome ``not_sent``.
    """

    def __init__(self, outcomes: pd.DataFrame):
        not_sent = int((outcomes["outcome"] == "not_sent").sum())
        super().__init__(
            f"interrupted: nothing was sent for {not_sent} of {len(outcomes)} runs. .outcomes of this exception "
            f"(in IPython: sys.last_value.outcomes) shows what was done."
        )
        self.outcomes = outcomes


class UnsupportedServerError(DagsterNbError):
    """The server's version of Dagster lacks a required feature; the message names the version that has it.

    Nothing was done.
    """


class MissingExtraError(DagsterNbError):
    """A part of dagster_nb needs packages that are not installed; the message is the ``pip install`` command."""
