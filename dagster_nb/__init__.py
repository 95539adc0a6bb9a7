"""The Jupyter and pandas companion of Dagster.

>>> import dagster_nb as dnb
>>> client = dnb.connect("http://localhost:3000")  # doctest: +SKIP
>>> runs = client.runs()  # doctest: +SKIP
"""

from importlib import import_module
from typing import TYPE_CHECKING

from dagster_nb.client.aio import AsyncDagsterClient
from dagster_nb.client.connecting import connect
from dagster_nb.client.details import ComputeLogs
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
from dagster_nb.frames.display import style
from dagster_nb.frames.runs import expand_tags

if TYPE_CHECKING:
    from dagster_nb import analysis, plot
    from dagster_nb.panels.explorer import RunExplorer
    from dagster_nb.panels.launchpad import Launchpad
    from dagster_nb.panels.monitor import RunMonitor
    from dagster_nb.sandbox.demo import demo

__version__ = "0.1.0"

__all__ = [
    "AmbiguousJobError",
    "AsyncDagsterClient",
    "AsyncRun",
    "ComputeLogs",
    "ConfigProblem",
    "ConnectionFailedError",
    "DagsterClient",
    "DagsterNbError",
    "IncompleteHistoryError",
    "JobNotFoundError",
    "Launchpad",
    "MissingExtraError",
    "OutcomeUnknownError",
    "QueryError",
    "ReadOnlyError",
    "RequestTimeoutError",
    "Run",
    "RunConfigInvalidError",
    "RunConfigSchema",
    "RunExplorer",
    "RunMonitor",
    "RunNotFoundError",
    "RunStateError",
    "ServerError",
    "UnauthorizedError",
    "UnsupportedServerError",
    "WaitTimeoutError",
    "analysis",
    "connect",
    "demo",
    "expand_tags",
    "plot",
    "style",
]

# What takes a while to import, or needs an extra, is imported when it is first used.
_LATER = {
    "Launchpad": "dagster_nb.panels.launchpad",
    "RunExplorer": "dagster_nb.panels.explorer",
    "RunMonitor": "dagster_nb.panels.monitor",
    "analysis": "dagster_nb.analysis",
    "demo": "dagster_nb.sandbox.demo",
    "plot": "dagster_nb.plot",
}


def __getattr__(name: str) -> object:
    if name not in _LATER:
        raise AttributeError(f"module 'dagster_nb' has no attribute {name!r}")
    module = import_module(_LATER[name])
    found: object = getattr(module, name, module)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
