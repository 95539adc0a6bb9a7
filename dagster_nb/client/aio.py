"""The client, written once: asynchronous. `dagster_nb.client.sync` derives the synchronous one from it."""

from __future__ import annotations

from dagster_nb.client.catalog import Catalog
from dagster_nb.client.details import Details
from dagster_nb.client.ending import Ending
from dagster_nb.client.launching import Launching
from dagster_nb.client.live import Live
from dagster_nb.client.playground import Playground
from dagster_nb.client.reading import Reading

__all__ = ["AsyncDagsterClient"]


class AsyncDagsterClient(Reading, Details, Live, Catalog, Launching, Ending, Playground):
    """A Dagster server, for coroutines: the methods of `DagsterClient`, to be awaited.

    Parameters
    ----------
    url, token, headers, read_only, timeout, wait, progress, ssl, trust_env
        As in `connect`.
    transport
        A gql transport to use in place of HTTP: the seam for tests.

    Examples
    --------
    >>> async def failures():
    ...     async with AsyncDagsterClient("http://localhost:3000") as client:
    ...         return await client.runs(status="FAILURE")
    """
