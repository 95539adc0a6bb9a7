"""What happened inside of given runs: ``steps``, ``events``, ``failures`` and ``logs``."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from dagster_nb.client.base import AsyncBase
from dagster_nb.client.run_logs import ComputeLogs
from dagster_nb.client.which import one_run_id, run_ids_of
from dagster_nb.errors import RunNotFoundError
from dagster_nb.frames.events import RUN_ENDINGS, events_frame, failures_frame
from dagster_nb.frames.steps import steps_frame
from dagster_nb.graphql.concurrency import side_by_side
from dagster_nb.graphql.responses import unwrap

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable

    import pandas as pd

    from dagster_nb.client.progress import Bar
    from dagster_nb.client.which import RunsLike

__all__ = ["ComputeLogs", "Details"]

# The server spends a query of its event log on each run's steps. Asking for many runs at once saves two thirds of what
# they would cost one by one; beyond this many it saves little more, and a request of long runs takes its time.
_RUNS_PER_REQUEST = 25
_EVENTS_PER_REQUEST = 1_000
_BYTES_PER_REQUEST = 1 << 20
_LONGEST_CHARACTER = 4
_NO_CHARACTER = "\N{REPLACEMENT CHARACTER}"


class Details(AsyncBase):
    """The part of the client that looks into runs."""

    async def steps(self, runs: RunsLike) -> pd.DataFrame:
        """Return the steps of some runs.

        Costs the server one query of its event log a run.

        Parameters
        ----------
        runs
            One id or `Run`, many of these, a Series of ids, or a frame with a ``run_id`` column. None of them gives an
            empty frame, and asks the server nothing.

        Returns
        -------
        pandas.DataFrame
            One row a step that started or was skipped: the runs in the order given, their steps by start.

            ==================== =================== ===============================================================
            column               dtype               from (``RunStepStats``)
            ==================== =================== ===============================================================
            run_id, step_key     string              ``runId``, ``stepKey``
            status               string              ``status``, such as ``"SUCCESS"``; of the last attempt
            start_time, end_time datetime64[us, UTC] ``startTime`` of the first attempt, ``endTime`` of the last;
                                                     NaT where absent
            duration             timedelta64[us]     end_time - start_time, waiting between attempts included; NaT
                                                     until it has ended
            attempts             int64               how many ``attempts`` there were
            ==================== =================== ===============================================================

        Raises
        ------
        RunNotFoundError
            If the server does not know one of the runs.
        TypeError, ValueError
            If these are no runs; nothing is sent then.
        ConnectionFailedError, RequestTimeoutError, UnauthorizedError

        Examples
        --------
        >>> client.steps(client.runs(job="nightly", limit=20))  # doctest: +SKIP
        """
        ids = run_ids_of(runs)
        chunks = [ids[start : start + _RUNS_PER_REQUEST] for start in range(0, len(ids), _RUNS_PER_REQUEST)]
        with self._watching("reading steps", unit="runs", total=len(ids)) as bar:

            async def read(chunk: list[str]) -> list[dict[str, Any]]:
                records = await self._steps(chunk)
                bar.advance(len(chunk))
                return records

            records = [record for chunk in await side_by_side(read, chunks) for record in chunk]
        return steps_frame(records)

    async def events(self, runs: RunsLike) -> pd.DataFrame:
        """Return the events of some runs, all of them: what Dagster's own pages show as a run's log.

        Parameters
        ----------
        runs
            One id or `Run`, many of these, a Series of ids, or a frame with a ``run_id`` column. None of them gives an
            empty frame, and asks the server nothing.

        Returns
        -------
        pandas.DataFrame
            One row an event: the runs in the order given, their events by time.

            ============= =================== ======================================================================
            column        dtype               from (``MessageEvent``)
            ============= =================== ======================================================================
            run_id        string
            timestamp     datetime64[us, UTC] ``timestamp``, which the server cuts to the millisecond
            event_type    string              ``eventType``, such as ``"STEP_START"``; NA for a message that an op
                                              logged
            level         string              ``level``, such as ``"INFO"``
            step_key      string              ``stepKey``; NA where it belongs to no step
            message       string              ``message``
            error_class   string              class of the innermost cause (``error.causes``); NA without an error
            error_message string              its message, without the class
            ============= =================== ======================================================================

        Raises
        ------
        RunNotFoundError
            If the server does not know one of the runs.
        TypeError, ValueError
            If these are no runs; nothing is sent then.
        ConnectionFailedError, RequestTimeoutError, UnauthorizedError

        Examples
        --------
        >>> client.events(run).query("level == 'ERROR'")["message"]  # doctest: +SKIP
        """
        return events_frame(await self._events_of(runs, "reading events"))

    async def failures(self, runs: RunsLike) -> pd.DataFrame:
        """Return what made runs fail: the failures of steps that ended a run; where no step failed, that of the run.

        A step that failed and was tried again with success did not end its run. A run that did not end in failure, or
        has not ended yet, has no row.

        Parameters
        ----------
        runs
            One id or `Run`, many of these, a Series of ids, or a frame with a ``run_id`` column. None of them gives an
            empty frame, and asks the server nothing.

        Returns
        -------
        pandas.DataFrame
            One row a failure: the runs in the order given, their failures by time.

            ============= =================== ======================================================================
            column        dtype               from (``ExecutionStepFailureEvent``, ``RunFailureEvent``)
            ============= =================== ======================================================================
            run_id        string
            step_key      string              ``stepKey``; NA where the run failed and none of its steps
            timestamp     datetime64[us, UTC] ``timestamp``, which the server cuts to the millisecond
            error_class   string              class of the innermost cause (``error.causes``): of
                                              ``raise Outer from inner`` that of ``inner``; NA where the run's
                                              process died without an error
            error_message string              its message, without the class; the event's own where there is no error
            ============= =================== ======================================================================

        Raises
        ------
        RunNotFoundError
            If the server does not know one of the runs.
        TypeError, ValueError
            If these are no runs; nothing is sent then.
        ConnectionFailedError, RequestTimeoutError, UnauthorizedError

        Examples
        --------
        >>> client.failures(client.runs(status="FAILURE", created_after="7d"))  # doctest: +SKIP
        """
        return failures_frame(await self._events_of(runs, "reading failures"))

    async def compute_logs(self, run: RunsLike, step: str | None = None) -> ComputeLogs:
        """Return what a run printed, as Dagster captured it (``capturedLogs``).

        Parameters
        ----------
        run
            A run id, a `Run`, or one row of a frame of runs.
        step
            Only what the process printed that executed this step. Where all steps ran in one process, that is what all
            of them printed.

        Returns
        -------
        ComputeLogs
            With ``.stdout`` and ``.stderr``, empty where nothing was captured; of a run that goes on, what there is so
            far.

        Raises
        ------
        ValueError
            If the run has no such step; the message lists those that it has.
        RunNotFoundError
            If the server knows no such run.
        TypeError, ConnectionFailedError, RequestTimeoutError, UnauthorizedError

        Examples
        --------
        >>> print(client.compute_logs(run).stderr)  # doctest: +SKIP
        """
        run_id = one_run_id(run)
        events = [event async for event in self._events(run_id, document="captures")]
        captures = [event for event in events if event["__typename"] == "LogsCapturedEvent"]
        finished = any(event["__typename"] in RUN_ENDINGS for event in events)
        if step is not None:
            of_all_steps, captures = captures, [one for one in captures if step in (one["stepKeys"] or ())]
            if not captures:
                await self._check_step(run_id, step, of_all_steps)
        printed: dict[str, list[str]] = defaultdict(list)
        with self._watching("reading logs", unit="bytes") as bar:
            for file in dict.fromkeys(one["fileKey"] for one in captures):
                for stream in ("stdout", "stderr"):
                    pages = self._printed([run_id, "compute_logs", file], stream, finished=finished, bar=bar)
                    printed[stream] += [page async for page in pages]
        return ComputeLogs(run_id, step, stdout="".join(printed["stdout"]), stderr="".join(printed["stderr"]))

    async def _steps(self, ids: list[str]) -> list[dict[str, Any]]:
        """Return some runs with their steps, in the order of the ids."""
        answer = await self._read("steps", {"filter": {"runIds": ids}, "limit": len(ids)})
        found = {record["runId"]: record for record in unwrap(answer["runsOrError"], "Runs")["results"]}
        if missing := [run_id for run_id in ids if run_id not in found]:
            raise RunNotFoundError(f"the server knows no run {' nor '.join(map(repr, missing))}.")
        return [found[run_id] for run_id in ids]

    async def _events_of(self, runs: RunsLike, description: str) -> dict[str, list[dict[str, Any]]]:
        """Return all events of each of some runs."""
        ids = run_ids_of(runs)
        with self._watching(description, unit="runs", total=len(ids)) as bar:

            async def read(run_id: str) -> list[dict[str, Any]]:
                events = [event async for event in self._events(run_id, document="events")]
                bar.advance()
                return events

            return dict(zip(ids, await side_by_side(read, ids), strict=True))

    async def _events(self, run_id: str, *, document: str) -> AsyncIterator[dict[str, Any]]:
        """Yield all events of a run, oldest first."""
        cursor: str | None = None
        while True:
            variables = {"runId": run_id, "cursor": cursor, "limit": _EVENTS_PER_REQUEST}
            connection = unwrap((await self._read(document, variables))["logsForRun"], "EventConnection")
            for event in connection["events"]:
                yield event
            if not connection["hasMore"]:
                return
            cursor = connection["cursor"]

    async def _printed(self, log_key: list[str], stream: str, *, finished: bool, bar: Bar) -> AsyncIterator[str]:
        """Yield what was printed to a stream, a page at a time."""
        cursor: str | None = None
        while True:
            page, cursor = await self._page(log_key, stream, cursor)
            if not page:
                return
            yield page
            size = len(page.encode())
            bar.advance(size)
            if cursor is None:
                return
            # Who reads a process that never stops printing to its end would never stop reading.
            if not finished and size < _BYTES_PER_REQUEST - _LONGEST_CHARACTER:
                return

    async def _page(self, log_key: list[str], stream: str, cursor: str | None) -> tuple[str, str | None]:
        """Return a page of a stream that does not end within a character, and the cursor of the next page.

        The server cuts pages by bytes and puts a replacement for what it cut; a page that is up to three bytes shorter
        ends where the character begins.
        """
        for limit in range(_BYTES_PER_REQUEST, _BYTES_PER_REQUEST - _LONGEST_CHARACTER, -1):
            variables = {"logKey": log_key, "cursor": cursor, "limit": limit, "stdout": False, "stderr": False}
            answer = (await self._read("captured_logs", {**variables, stream: True}))["capturedLogs"]
            page: str = answer[stream] or ""
            # A page that the end of the file has cut is no better shorter; and one that still ends so is not text.
            if not page.endswith(_NO_CHARACTER) or len(page.encode()) < limit:
                break
        return page, answer["cursor"]

    async def _check_step(self, run_id: str, step: str, captures: Iterable[dict[str, Any]]) -> None:
        """Refuse a step that a run does not have; one that has not begun to print is another thing."""
        run = unwrap((await self._read("run_plan", {"runId": run_id}))["runOrError"], "Run")
        planned = [one["key"] for one in (run["executionPlan"] or {"steps": ()})["steps"]]
        steps = dict.fromkeys([*planned, *(key for one in captures for key in one["stepKeys"] or ())])
        if step not in steps:
            raise ValueError(f"run {run_id} has no step {step!r}; it has {', '.join(map(repr, steps)) or 'none'}.")
