"""The tag by which a run or a backfill is found if the response to its launch was lost.

Each launch, re-execution and backfill carries an id of its own in a tag that Dagster stores and can filter by, but
shows nowhere: GraphQL leaves out tags that begin with ``.dagster/``.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import uuid4

import anyio

from dagster_nb.errors import DagsterNbError, OutcomeUnknownError
from dagster_nb.graphql.responses import unwrap

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from dagster_nb.client.async_base import AsyncBase
    from dagster_nb.client.run import AsyncRun

__all__ = [
    "REQUEST_TAG",
    "batch_request_ids",
    "find_requested_run",
    "launch_backfill_once",
    "launch_once",
    "new_request_id",
]

T = TypeVar("T")

REQUEST_TAG = ".dagster/dagster_nb_request_id"
"""The key of the tag."""

# The server may still be creating the run or the backfill when the response is lost.
_PAUSES_SECONDS = (0.0, 0.3, 1.0, 3.0)
# Re-executions from Dagster's own pages inherit the tag, so more than one run can have it.
_MAX_RUNS = 100


def new_request_id() -> str:
    """Return an id that no other request has."""
    return str(uuid4())


def batch_request_ids(batch: str, requests: Iterable[object]) -> list[str]:
    """Return one id for each request. The same requests in the same batch always get the same ids.

    Parameters
    ----------
    batch
        The name of the batch.
    requests
        A JSON-encodable value that identifies each request within the batch. Equal requests get different ids.

    Examples
    --------
    >>> first = batch_request_ids("january", ["a", "b", "a"])
    >>> len(set(first)), batch_request_ids("january", ["a", "a"]) == [first[0], first[2]]
    (3, True)
    """
    if not isinstance(batch, str) or not batch:
        raise ValueError(f"batch must be a name such as 'january', not {batch!r}.")
    occurrences: Counter[str] = Counter()
    ids = []
    for request in requests:
        text = json.dumps(request, sort_keys=True)
        occurrences[text] += 1
        ids.append(hashlib.sha256(json.dumps([batch, text, occurrences[text]]).encode()).hexdigest())
    return ids


async def find_requested_run(client: AsyncBase, request_id: str, *, parent_run_id: str | None) -> AsyncRun | None:
    """Return the run that was created for a request; None if there is none.

    Parameters
    ----------
    client
        The client that sent it.
    request_id
        The id of the request.
    parent_run_id
        The run that it re-executes; None for a launch.
    """
    answer = await client._read("requested_runs", {"tag": REQUEST_TAG, "requestId": request_id, "limit": _MAX_RUNS})
    for record in reversed(unwrap(answer["runsOrError"], "Runs")["results"]):
        if record.get("parentRunId") == parent_run_id:
            return client._run_from(record)
    return None


async def launch_once(
    client: AsyncBase, document: str, variables: dict[str, Any], *, request_id: str, parent_run_id: str | None = None
) -> AsyncRun:
    """Send a mutation that launches a run, and return the run, even if the response is lost.

    Parameters
    ----------
    client
        The client.
    document, variables
        The mutation. It carries the request's id as a tag.
    request_id, parent_run_id
        As in `find_requested_run`.

    Raises
    ------
    OutcomeUnknownError
        If the response was lost, and there is no such run yet.
    DagsterNbError
        If nothing was launched.
    """
    try:
        return client._launched_run(unwrap(await client._write(document, variables), "LaunchRunSuccess"))
    except OutcomeUnknownError as error:
        run = await _wait_for(lambda: find_requested_run(client, request_id, parent_run_id=parent_run_id))
        if run is not None:
            return run
        raise OutcomeUnknownError(
            f"{error} No run has appeared for this request. If one appears later, this shows it: "
            f"client.runs(tags={{{REQUEST_TAG!r}: {request_id!r}}})."
        ) from None


async def launch_backfill_once(client: AsyncBase, parameters: dict[str, Any], *, request_id: str) -> str:
    """Send the mutation that launches a backfill, and return the backfill's id, even if the response is lost.

    Servers before Dagster 1.9 cannot find a backfill by a tag.

    Parameters
    ----------
    client
        The client.
    parameters
        The schema's ``LaunchBackfillParams``. They carry the request's id as a tag.
    request_id
        The id of the request.

    Raises
    ------
    OutcomeUnknownError
        If the response was lost, and no such backfill was found.
    DagsterNbError
        If nothing was launched.
    """
    try:
        answer = await client._write("launch_backfill", {"parameters": parameters})
        return str(unwrap(answer, "LaunchBackfillSuccess")["backfillId"])
    except OutcomeUnknownError as error:
        backfill_id = await _wait_for(lambda: _find_requested_backfill(client, request_id))
        if backfill_id is not None:
            return backfill_id
        raise OutcomeUnknownError(
            f"{error} No backfill was found for this request. client.backfills() shows whether there is a new one; "
            f"once it has launched runs, this shows them: client.runs(tags={{{REQUEST_TAG!r}: {request_id!r}}})."
        ) from None


async def _find_requested_backfill(client: AsyncBase, request_id: str) -> str | None:
    answer = await client._read("requested_backfills", {"tag": REQUEST_TAG, "requestId": request_id, "limit": 1})
    found = unwrap(answer["runsFeedOrError"], "RunsFeedConnection")["results"]
    return str(found[0]["id"]) if found else None


async def _wait_for(find: Callable[[], Awaitable[T | None]]) -> T | None:
    """Return what is found in the seconds after a launch; None if nothing is."""
    for seconds in _PAUSES_SECONDS:
        await anyio.sleep(seconds)
        try:
            found = await find()
        except DagsterNbError:
            # Reads are retried already, so the server is down or too old. An error about that would hide that the
            # outcome is unknown.
            return None
        if found is not None:
            return found
    return None
