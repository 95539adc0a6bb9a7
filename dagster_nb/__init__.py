"""Dagster's run history in Jupyter and pandas: DataFrames, charts and panels.

>>> import dagster_nb as dnb
>>> client = dnb.connect("http://localhost:3000")  # doctest: +SKIP
>>> runs = client.runs()  # doctest: +SKIP
"""

from importlib import import_module
from typing import TYPE_CHECKING

from dagster_nb.client.async_client import AsyncDagsterClient
from dagster_nb.client.backfill import Backfill
from dagster_nb.client.compute_logs import ComputeLogs
from dagster_nb.client.connect import connect
from dagster_nb.client.run import AsyncRun
from dagster_nb.client.sync_client import DagsterClient, Run, RunConfigSchema
from dagster_nb.errors import (
    ActionInterrupt,
    AmbiguousJobError,
    AmbiguousNameError,
    ConfigProblem,
    ConnectionFailedError,
    DagsterNbError,
    DagsterNbWarning,
    HistoryError,
    IncompleteHistoryError,
    JobNotFoundError,
    LocationNotFoundError,
    MissingExtraError,
    NotFoundError,
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
from dagster_nb.history.opening import open_history
from dagster_nb.parse_run_ids import RunsLike
from dagster_nb.parse_time import Moment

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from dagster_nb import analysis, plot
    from dagster_nb.history.history import History
    from dagster_nb.panels.explorer import RunExplorer
    from dagster_nb.panels.launchpad import Launchpad
    from dagster_nb.panels.monitor import RunMonitor
    from dagster_nb.panels.schema_browser import SchemaBrowser
    from dagster_nb.sandbox.demo import demo

__version__ = "0.1.0"

__all__ = [
    "ActionInterrupt",
    "AmbiguousJobError",
    "AmbiguousNameError",
    "AsyncDagsterClient",
    "AsyncRun",
    "Backfill",
    "ComputeLogs",
    "ConfigProblem",
    "ConnectionFailedError",
    "DagsterClient",
    "DagsterNbError",
    "DagsterNbWarning",
    "History",
    "HistoryError",
    "IncompleteHistoryError",
    "JobNotFoundError",
    "Launchpad",
    "LocationNotFoundError",
    "MissingExtraError",
    "Moment",
    "NotFoundError",
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
    "RunsLike",
    "SchemaBrowser",
    "ServerError",
    "UnauthorizedError",
    "UnsupportedServerError",
    "WaitTimeoutError",
    "analysis",
    "connect",
    "demo",
    "expand_tags",
    "open_history",
    "plot",
    "style",
]

# Importing these names takes a while or needs an extra, so they are imported on first use.
_LAZY = {
    "History": "dagster_nb.history.history",
    "Launchpad": "dagster_nb.panels.launchpad",
    "RunExplorer": "dagster_nb.panels.explorer",
    "RunMonitor": "dagster_nb.panels.monitor",
    "SchemaBrowser": "dagster_nb.panels.schema_browser",
    "analysis": "dagster_nb.analysis",
    "demo": "dagster_nb.sandbox.demo",
    "plot": "dagster_nb.plot",
}


def __getattr__(name: str) -> object:
    if name not in _LAZY:
        raise AttributeError(f"module 'dagster_nb' has no attribute {name!r}; dir(dagster_nb) lists its names")
    module = import_module(_LAZY[name])
    found: object = getattr(module, name, module)
    globals()[name] = found
    return found


def load_ipython_extension(shell: "InteractiveShell") -> None:
    """Register the magics ``%dagster`` and ``%%dagster``; ``%load_ext dagster_nb`` calls this.

    Parameters
    ----------
    shell
        The IPython shell.
    """
    import_module("dagster_nb.magic").load_ipython_extension(shell)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
