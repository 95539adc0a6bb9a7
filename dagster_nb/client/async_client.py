"""The asynchronous client, from which `dagster_nb.client.sync_client` derives the synchronous client."""

from __future__ import annotations

import inspect
from typing import Any

from dagster_nb.client.methods.assets import AssetMethods
from dagster_nb.client.methods.automation import AutomationMethods
from dagster_nb.client.methods.compute_logs import LogMethods
from dagster_nb.client.methods.delete import DeleteMethods
from dagster_nb.client.methods.deployment import LocationMethods
from dagster_nb.client.methods.jobs import JobMethods
from dagster_nb.client.methods.materialize import MaterializeMethods
from dagster_nb.client.methods.partitions import PartitionMethods
from dagster_nb.client.methods.query import QueryMethods
from dagster_nb.client.methods.reexecute import ReexecuteMethods
from dagster_nb.client.methods.runs import RunMethods
from dagster_nb.client.methods.start_stop import StartStopMethods
from dagster_nb.client.methods.steps_and_events import EventMethods
from dagster_nb.client.methods.terminate import TerminateMethods
from dagster_nb.client.run import AsyncRun

__all__ = ["AsyncDagsterClient"]


class AsyncDagsterClient(
    RunMethods,
    EventMethods,
    LogMethods,
    LocationMethods,
    JobMethods,
    AssetMethods,
    PartitionMethods,
    AutomationMethods,
    StartStopMethods,
    MaterializeMethods,
    ReexecuteMethods,
    TerminateMethods,
    DeleteMethods,
    QueryMethods,
):
    """An asynchronous client for one Dagster server.

    It has the methods of `DagsterClient`, for use with ``await`` or ``async for``.

    Parameters
    ----------
    url, token, headers, read_only, timeout, wait, progress, ssl, trust_env, allow_http, redact
        As in `connect`.
    transport
        A gql transport to use instead of HTTP, for tests.

    Examples
    --------
    >>> async def failures():
    ...     async with AsyncDagsterClient("http://localhost:3000") as client:
    ...         return await client.runs(status="FAILURE")
    """

    def _run_from(self, record: dict[str, Any]) -> AsyncRun:
        return AsyncRun(self, record)


# Python names a method after the class that defines it, but errors and `help` should show the class that users know.
for _name, _method in inspect.getmembers(AsyncDagsterClient, inspect.isfunction):
    if not _name.startswith("_"):
        _method.__qualname__ = f"AsyncDagsterClient.{_name}"
