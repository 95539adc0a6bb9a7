"""The Jupyter and pandas companion of Dagster.

>>> import dagster_nb as dnb
>>> client = dnb.connect("http://localhost:3000")  # doctest: +SKIP
>>> runs = client.runs()  # doctest: +SKIP
"""

from dagster_nb.client.aio import AsyncDagsterClient
from dagster_nb.client.connecting import connect
from dagster_nb.client.details import RunLogs
from dagster_nb.client.run import AsyncRun
from dagster_nb.client.sync import DagsterClient, Run, RunConfigSchema
from dagster_nb.errors import (
    AmbiguousJobError,
    ConfigProblem,
    ConnectionFailedError,
    DagsterNbError,
    IncompleteHistoryError,
    JobNotFoundError,
    MissingExtraError,
    OutcomeUnknownError,
    QueryError,
    ReadOnlyError,
    RequestTimeoutError,
    RunConfigInvalidError,
    RunNotFoundError,
    RunStateError,
    ServerError,
    UnauthorizedError,
    UnsupportedServerError,
    WaitTimeoutError,
)
from dagster_nb.frames.runs import expand_tags

__version__ = "0.1.0"

__all__ = [
    "AmbiguousJobError",
    "AsyncDagsterClient",
    "AsyncRun",
    "ConfigProblem",
    "ConnectionFailedError",
    "DagsterClient",
    "DagsterNbError",
    "IncompleteHistoryError",
    "JobNotFoundError",
    "MissingExtraError",
    "OutcomeUnknownError",
    "QueryError",
    "ReadOnlyError",
    "RequestTimeoutError",
    "Run",
    "RunConfigInvalidError",
    "RunConfigSchema",
    "RunLogs",
    "RunNotFoundError",
    "RunStateError",
    "ServerError",
    "UnauthorizedError",
    "UnsupportedServerError",
    "WaitTimeoutError",
    "connect",
    "expand_tags",
]
