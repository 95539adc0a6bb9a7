"""Find a run or a backfill by a tag if the response to its launch was lost.

Each launch, re-execution and backfill has a unique id in a tag. Dagster stores this tag and can filter by it, but never
shows it, because GraphQL omits tags that begin with ``.dagster/``.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import uuid4

import anyio

from dagster_nb.client.bulk import act_once
from dagster_nb.errors import DagsterNbError, OutcomeUnknownError
from dagster_nb.graphql.responses import unwrap

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from dagster_nb.client.async_base import AsyncBase
    from dagster_nb.client.run import AsyncRun

__all__ = [
    "BACKFILL_COLUMNS",
    "REQUEST_TAG",
    "batch_request_ids",
    "find_requested_run",
    "launch_backfill_once",
    "launch_once",
    "new_request_id",
]

T = TypeVar("T")

BACKFILL_COLUMNS = ["backfill_id", "outcome", "message"]
"""The outcome columns of a backfill whose launch was interrupted."""

_RUN_COLUMNS = ["run_id", "outcome", "message"]

REQUEST_TAG = ".dagster/dagster_nb_request_id"
"""The key of the tag."""

# When a response is lost, the server may still be creating the run or the backfill.
_PAUSES_SECONDS = (0.0, 0.3, 1.0, 3.0)
# Re-executions from Dagster's own pages inherit the tag, so several runs can have it.
_MAX_RUNS = 100


def new_request_id() -> str:
    """Return a new, unique id for a request."""
    return str(uuid4())


def batch_request_ids(batch: str, requests: Iterable[object]) -> list[str]:
    """Return one id for each request. If the batch and the requests are the same, so are the ids.

    Parameters
    ----------
    batch
        The name of the batch.
    requests
        A JSON-encodable value for each request, which identifies the request within the batch. Equal requests get
        different ids.

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
    """Return the run that was created for a request; None if there is no such run.

    Parameters
    ----------
    client
        The client that sent the request.
    request_id
        The id of the request.
    parent_run_id
        The run that was re-executed; None for a launch.
    """
    answer = await client._read("requested_runs", {"tag": REQUEST_TAG, "requestId": request_id, "limit": _MAX_RUNS})
    for record in reversed(unwrap(answer["runsOrError"], "Runs")["results"]):
        if record.get("parentRunId") == parent_run_id:
            return client._run_from(record)
    return None


async def launch_once(
    client: AsyncBase, document: str, variables: dict[str, Any], *, request_id: str, parent_run_id: str | None = None
) -> AsyncRun:
    """Send a mutation that launches a run, and return the run. If the response is lost, look for the run.

    Parameters
    ----------
    client
        The client.
    document, variables
        The mutation, with the id of the request in its tags.
    request_id, parent_run_id
        As in `find_requested_run`.

    Raises
    ------
    OutcomeUnknownError
        If the response was lost, and the run has not appeared.
    DagsterNbError
        If nothing was launched.
    asyncio.CancelledError
        If the task is canceled. The exception's ``outcomes`` attribute says whether the run was launched.
    """
    return await act_once(
        lambda: _launch_run(client, document, variables, request_id, parent_run_id),
        lambda run: {"run_id": run.run_id, "outcome": "launched"},
        _RUN_COLUMNS,
    )


async def _launch_run(
    client: AsyncBase, document: str, variables: dict[str, Any], request_id: str, parent_run_id: str | None
) -> AsyncRun:
    try:
        return client._launched_run(unwrap(await client._write(document, variables), "LaunchRunSuccess"))
    except OutcomeUnknownError as error:
        run = await _wait_for(lambda: find_requested_run(client, request_id, parent_run_id=parent_run_id))
        if run is not None:
            return run
        raise OutcomeUnknownError(
            f"{error} No run has appeared for this request. To check later: "
            f"client.runs(tags={{{REQUEST_TAG!r}: {request_id!r}}})."
        ) from None


async def launch_backfill_once(client: AsyncBase, parameters: dict[str, Any], *, request_id: str) -> str:
    """Send the mutation that launches a backfill, and return its id. If the response is lost, look for the backfill.

    Before Dagster 1.9, a server cannot filter backfills by tag.

    Parameters
    ----------
    client
        The client.
    parameters
        The schema's ``LaunchBackfillParams``, with the id of the request in its tags.
    request_id
        The id of the request.

    Raises
    ------
    OutcomeUnknownError
        If the response was lost, and the backfill was not found.
    DagsterNbError
        If nothing was launched.
    """
    return await act_once(
        lambda: _launch_backfill(client, parameters, request_id),
        lambda backfill_id: {"backfill_id": backfill_id, "outcome": "launched"},
        BACKFILL_COLUMNS,
    )


async def _launch_backfill(client: AsyncBase, parameters: dict[str, Any], request_id: str) -> str:
    try:
        answer = await client._write("launch_backfill", {"parameters": parameters})
        return _backfill_id(client, unwrap(answer, "LaunchBackfillSuccess"))
    except OutcomeUnknownError as error:
        backfill_id = await _wait_for(lambda: _find_requested_backfill(client, request_id))
        if backfill_id is not None:
            return backfill_id
        raise OutcomeUnknownError(
            f"{error} No backfill was found for this request. Check client.backfills() for a new one. If there is "
            f"one, find its runs with client.runs(tags={{{REQUEST_TAG!r}: {request_id!r}}})."
        ) from None


def _backfill_id(client: AsyncBase, result: dict[str, Any]) -> str:
    if not result.get("backfillId"):
        raise OutcomeUnknownError(f"{client.url} launched a backfill, but did not return its id.")
    return str(result["backfillId"])


async def _find_requested_backfill(client: AsyncBase, request_id: str) -> str | None:
    answer = await client._read("requested_backfills", {"tag": REQUEST_TAG, "requestId": request_id, "limit": 1})
    found = unwrap(answer["runsFeedOrError"], "RunsFeedConnection")["results"]
    return str(found[0]["id"]) if found else None


async def _wait_for(find: Callable[[], Awaitable[T | None]]) -> T | None:
    """Call a search repeatedly for a few seconds and return its result; None if nothing is found."""
    for seconds in _PAUSES_SECONDS:
        await anyio.sleep(seconds)
        try:
            found = await find()
        except DagsterNbError:
            # The query has already been retried, so the server is probably down or too old. Raising this error would
            # hide that the outcome is unknown.
            return None
        if found is not None:
            return found
    return None
