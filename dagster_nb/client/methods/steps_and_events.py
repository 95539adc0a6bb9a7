"""Read the steps and events of runs: ``steps``, ``events``, ``failures`` and ``follow``."""

from __future__ import annotations

from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from dagster_nb.chunks import in_chunks
from dagster_nb.client.arguments.short_run_ids import full_run_id, full_run_ids
from dagster_nb.client.async_base import AsyncBase
from dagster_nb.client.read_run_states import read_run_states
from dagster_nb.errors import RunNotFoundError
from dagster_nb.frames.events import events_frame
from dagster_nb.frames.failures import failures_frame
from dagster_nb.frames.steps import steps_frame
from dagster_nb.graphql.event_stream import follow_events
from dagster_nb.graphql.repeated_page import check_event_page
from dagster_nb.graphql.responses import unwrap
from dagster_nb.map_concurrently import map_concurrently
from dagster_nb.parse_run_ids import one_run_id

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    import pandas as pd

    from dagster_nb.parse_run_ids import RunsLike

__all__ = ["EventMethods", "iter_event_pages", "iter_events"]

# The server needs one query of its event log for the steps of each run. One request for many runs takes a third of the
# time that one request per run would take. Requests for even more runs would save little time, and could take too long
# if the runs have many events.
_RUNS_PER_REQUEST = 25
_EVENTS_PER_REQUEST = 1_000
_LOST_LOG = {
    "__typename": "RunFailureEvent",
    "stepKey": None,
    "error": None,
    "message": "the server no longer has the events of this run, so the cause of the failure is unknown.",
}


class EventMethods(AsyncBase):
    """The client methods that read the steps and events of runs."""

    async def steps(self, runs: RunsLike) -> pd.DataFrame:
        """Return the steps of some runs. For each run, the server sends one query to its event log.

        Parameters
        ----------
        runs
            An id or a `Run`, a list of these, a Series of ids, or a frame with a ``run_id`` column. Ids may be
            shortened, as in `run`. If there are no runs, the frame is empty and nothing is sent.

        Returns
        -------
        pandas.DataFrame
            One row per step that started or was skipped. The runs are in the order given, and the steps of each run are
            sorted by start time:

            ==================== =================== ===============================================================
            column               dtype               from (``RunStepStats``)
            ==================== =================== ===============================================================
            run_id, step_key     string              ``runId``, ``stepKey``
            status               string              ``status`` of the last attempt, such as ``"SUCCESS"``
            start_time, end_time datetime64[us, UTC] ``startTime`` of the first attempt, ``endTime`` of the last;
                                                     NaT where absent
            duration             timedelta64[us]     end_time - start_time, including the time between attempts; NaT
                                                     until the step has ended
            attempts             int64               the length of ``attempts``
            ==================== =================== ===============================================================

        Raises
        ------
        RunNotFoundError
            If one of the runs does not exist.
        TypeError, ValueError
            If `runs` does not identify runs. Nothing is sent.
        ConnectionFailedError, RequestTimeoutError, UnauthorizedError

        Examples
        --------
        >>> client.steps(client.runs(job="nightly", limit=20))  # doctest: +SKIP
        """
        ids = await full_run_ids(self._api, runs)
        with self._progress_bar("reading steps", unit="runs", total=len(ids)) as bar:

            async def read(page: list[str]) -> list[dict[str, Any]]:
                records = await self._run_records_with_steps(page)
                bar.advance(len(page))
                return records

            records = [
                record for page in await map_concurrently(read, in_chunks(ids, _RUNS_PER_REQUEST)) for record in page
            ]
        return steps_frame(records)

    async def events(self, runs: RunsLike) -> pd.DataFrame:
        """Return all events of some runs, as shown in the logs on Dagster's pages.

        Parameters
        ----------
        runs
            An id or a `Run`, a list of these, a Series of ids, or a frame with a ``run_id`` column. Ids may be
            shortened, as in `run`. If there are no runs, the frame is empty and nothing is sent.

        Returns
        -------
        pandas.DataFrame
            One row per event. The runs are in the order given, and the events of each run are sorted by time:

            ============= =================== ======================================================================
            column        dtype               from (``MessageEvent``)
            ============= =================== ======================================================================
            run_id        string              the run
            timestamp     datetime64[us, UTC] ``timestamp``, which the server truncates to milliseconds
            event_type    string              ``eventType``, such as ``"STEP_START"``; NA for a message that an op
                                              logged
            level         string              ``level``, such as ``"INFO"``
            step_key      string              ``stepKey``; NA if the event belongs to no step
            message       string              ``message``
            error_class   string              the class of the innermost cause (``error.causes``); NA without an
                                              error
            error_message string              its message, without the class
            stack         string              its stack trace (``PythonError.stack``), starting with the outermost
                                              frame; NA if Dagster did not store one
            asset         string              ``assetKey`` of the asset that was materialized, observed or checked, or
                                              is about to be materialized
            partition_key string              ``partition``: the partition of that asset
            check         string              ``evaluation.checkName``: the check that was executed
            check_passed  boolean             ``evaluation.success``
            metadata      object: dict        ``metadataEntries`` of the event or the check, by label; None if this type
                                              of event has none
            ============= =================== ======================================================================

        Raises
        ------
        RunNotFoundError
            If one of the runs does not exist.
        TypeError, ValueError
            If `runs` does not identify runs. Nothing is sent.
        ConnectionFailedError, RequestTimeoutError, UnauthorizedError

        Examples
        --------
        >>> client.events(run).query("level == 'ERROR'")["message"]  # doctest: +SKIP
        """
        return events_frame(await self._events_by_run(runs, "reading events"))

    async def failures(self, runs: RunsLike) -> pd.DataFrame:
        """Return the failures that ended runs: the failed steps or, if no step failed, the failure of the run itself.

        A step that failed and then succeeded when it was retried is not included. A run that has not failed has no
        rows. If the server has deleted the events of a failed run, the run has one row without a time, and its message
        says that the cause is unknown.

        Parameters
        ----------
        runs
            An id or a `Run`, a list of these, a Series of ids, or a frame with a ``run_id`` column. Ids may be
            shortened, as in `run`. If there are no runs, the frame is empty and nothing is sent.

        Returns
        -------
        pandas.DataFrame
            One row per failure. The runs are in the order given, and the failures of each run are sorted by time:

            ============= =================== ======================================================================
            column        dtype               from (``ExecutionStepFailureEvent``, ``RunFailureEvent``)
            ============= =================== ======================================================================
            run_id        string              the run
            step_key      string              ``stepKey``; NA if the run failed but none of its steps did
            timestamp     datetime64[us, UTC] ``timestamp``, which the server truncates to milliseconds
            error_class   string              the class of the innermost cause (``error.causes``): for
                                              ``raise Outer from inner``, the class of ``inner``; NA if the process of
                                              the run died without an error
            error_message string              its message, without the class; the message of the event if there is
                                              no error; for a killed process, also the message with the signal
            stack         string              its stack trace (``PythonError.stack``), starting with the outermost
                                              frame; NA if Dagster did not store one
            causes        list                the chain of errors, from the outermost to the innermost, as dicts with
                                              ``error_class``, ``error_message`` and ``stack``. The last error is
                                              the innermost cause. The list is empty if there is no error
            ============= =================== ======================================================================

        Raises
        ------
        RunNotFoundError
            If one of the runs does not exist.
        TypeError, ValueError
            If `runs` does not identify runs. Nothing is sent.
        ConnectionFailedError, RequestTimeoutError, UnauthorizedError

        Examples
        --------
        >>> client.failures(client.runs(status="FAILURE", created_after="7d"))  # doctest: +SKIP
        """
        events = await self._events_by_run(runs, "reading events")
        return failures_frame({**events, **await self._failures_without_events(events)})

    def follow(
        self, run: RunsLike, *, new_only: bool = False, heartbeat: float | None = None
    ) -> AsyncIterator[pd.DataFrame]:
        """Yield the events of a run as they happen, until the run has finished and all events have been read.

        The server sends the events through a websocket (``pipelineRunLogs``). If websockets are blocked, or break
        repeatedly, the client requests the events once a second instead (``logsForRun``).

        Parameters
        ----------
        run
            A run id (which may be shortened, as in `run`), a `Run`, or one row of a frame of runs.
        new_only
            Whether to leave out events that have already happened.
        heartbeat
            While there are no events, an empty frame is yielded at this interval in seconds, so that a loop can do
            other work. If None, no empty frames are yielded.

        Yields
        ------
        pandas.DataFrame
            The next events, with the columns of `events`. Each event is yielded once. The events in each frame are
            sorted by time, but if the server stores an event late, it arrives in a later frame.
            ``frame.attrs["dagster_nb"]`` contains the ``url`` and the ``mode``: ``"live"`` for a websocket, or
            ``"polling"``.

        Raises
        ------
        RunNotFoundError
            If the server has no such run, or if the run is deleted while it is followed.
        TypeError, ValueError
            If an argument is invalid. Nothing is sent.
        ConnectionFailedError, RequestTimeoutError, UnauthorizedError

        Examples
        --------
        >>> for events in client.follow(run):  # doctest: +SKIP
        ...     print(events[["timestamp", "step_key", "message"]])
        """
        run_id = one_run_id(run)
        if heartbeat is not None and not heartbeat > 0:
            raise ValueError(f"heartbeat must be a positive number of seconds, or None, not {heartbeat!r}.")

        # Only the inner function is a generator, so an invalid argument raises an error when the method is called, not
        # when the first frame is read.
        async def frames() -> AsyncIterator[pd.DataFrame]:
            full_id = await full_run_id(self._api, run_id)
            batches = follow_events(self._api, full_id, new_only=new_only, heartbeat=heartbeat)
            async with aclosing(batches):
                async for batch in batches:
                    frame = events_frame({full_id: batch.events})
                    frame.attrs["dagster_nb"] = {"url": self.url, "mode": batch.mode}
                    yield frame

        return frames()

    async def _failures_without_events(
        self, events: Mapping[str, Sequence[dict[str, Any]]]
    ) -> dict[str, list[dict[str, Any]]]:
        """Return one event for each failed run whose log the server no longer has.

        The event explains that the log is missing.
        """
        silent = [run_id for run_id, own in events.items() if not own]
        states = await read_run_states(self._api, silent)
        return {run_id: [_LOST_LOG] for run_id in silent if states.get(run_id, {}).get("status") == "FAILURE"}

    async def _run_records_with_steps(self, ids: list[str]) -> list[dict[str, Any]]:
        answer = await self._read("steps", {"filter": {"runIds": ids}, "limit": len(ids)})
        found = {record["runId"]: record for record in unwrap(answer["runsOrError"], "Runs")["results"]}
        if missing := [run_id for run_id in ids if run_id not in found]:
            absent = " and no run ".join(map(repr, missing))
            raise RunNotFoundError(f"the server has no run {absent}. client.runs() lists all runs.")
        return [found[run_id] for run_id in ids]

    async def _events_by_run(self, runs: RunsLike, description: str) -> dict[str, list[dict[str, Any]]]:
        ids = await full_run_ids(self._api, runs)
        with self._progress_bar(description, unit="runs", total=len(ids)) as bar:

            async def read(run_id: str) -> list[dict[str, Any]]:
                events = [event async for event in iter_events(self, run_id, document="events")]
                bar.advance()
                return events

            return dict(zip(ids, await map_concurrently(read, ids), strict=True))


async def iter_events(client: AsyncBase, run_id: str, *, document: str) -> AsyncIterator[dict[str, Any]]:
    """Yield all events of a run, oldest first, with the fields of a document (``EventConnection.events``)."""
    async for events, _ in iter_event_pages(client, run_id, document=document):
        for event in events:
            yield event


async def iter_event_pages(
    client: AsyncBase, run_id: str, *, document: str, cursor: str | None = None
) -> AsyncIterator[tuple[list[dict[str, Any]], str]]:
    """Yield the events of a run after a cursor, in pages. Each page comes with the cursor at its end."""
    while True:
        variables = {"runId": run_id, "cursor": cursor, "limit": _EVENTS_PER_REQUEST}
        answer = await client._read(document, variables)
        connection = unwrap(answer["logsForRun"], "EventConnection")
        check_event_page(connection, cursor)
        cursor = connection["cursor"]
        yield connection["events"], cursor
        if not connection["hasMore"]:
            return
