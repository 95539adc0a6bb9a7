"""The classes that represent one run."""

from __future__ import annotations

import copy
import time
from typing import TYPE_CHECKING, Any, Protocol, Self, cast

import anyio
import pandas as pd

from dagster_nb.client.compute_logs import MAX_LOG_BYTES
from dagster_nb.client.display.html import facts_html
from dagster_nb.client.display.progress import warn
from dagster_nb.errors import DagsterNbError, UnsupportedServerError, WaitTimeoutError
from dagster_nb.frames.failures_display import RunFailures
from dagster_nb.frames.runs import runs_frame, tag_dict
from dagster_nb.statuses import FINISHED
from dagster_nb.terminal_text import terminal_text
from dagster_nb.words import duration_text, time_text

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from contextlib import AbstractContextManager

    from dagster_nb.client.arguments.launch_arguments import Strategy
    from dagster_nb.client.arguments.run_config import RunConfigLike
    from dagster_nb.client.compute_logs import ComputeLogs
    from dagster_nb.client.display.progress import ProgressBar
    from dagster_nb.client.outcome_of_error import TerminateOutcome
    from dagster_nb.parse_run_ids import RunsLike

__all__ = ["AsyncRun", "RunClient", "RunFacts"]

_POLL_SECONDS = 0.5
# If a run stays queued for longer than this, `wait` checks whether a daemon is running that would start it.
_SECONDS_BEFORE_DAEMON_CHECK = 10.0
# A process that reacts to a request to stop exits within seconds, so a run that takes this long is probably stuck.
_SECONDS_TO_CANCEL = 60.0


class RunFacts:
    """The data of a run, as last read. Two objects are equal if they describe the same run.

    Parameters
    ----------
    record
        The server's ``Run``.
    page
        The address of the run's page in Dagster.
    """

    _client: Any = None

    def __init__(self, record: dict[str, Any], page: str):
        self._page = page
        self._update(record)

    def _update(self, record: dict[str, Any]) -> None:
        self._record = record
        self._row = runs_frame([record]).iloc[0]

    def _field(self, name: str) -> Any:  # noqa: ANN401 - of any kind
        if name not in self._record:
            raise UnsupportedServerError(
                f"this server's version of Dagster does not provide Run.{name}. Upgrade Dagster or, if it is newer "
                "than your dagster_nb, update dagster_nb."
            )
        return self._record[name]

    @property
    def run_id(self) -> str:
        """The id (``Run.runId``)."""
        return str(self._record["runId"])

    @property
    def job_name(self) -> str:
        """The name of the job (``Run.jobName``)."""
        return str(self._field("jobName"))

    @property
    def status(self) -> str:
        """The status when the run was last read (``Run.status``), such as ``"SUCCESS"``."""
        return str(self._field("status"))

    @property
    def is_finished(self) -> bool:
        """Whether the run had finished when it was last read."""
        return self.status in FINISHED

    @property
    def tags(self) -> dict[str, str]:
        """The tags (``Run.tags``)."""
        return tag_dict(self._field("tags"))

    @property
    def run_config(self) -> dict[str, Any]:
        """The config that the run was launched with (``Run.runConfig``)."""
        return dict(self._field("runConfig") or {})

    @property
    def creation_time(self) -> pd.Timestamp:
        """The time at which the run was created, in UTC (``Run.creationTime``)."""
        return cast("pd.Timestamp", self._row["creation_time"])

    @property
    def start_time(self) -> pd.Timestamp:
        """The time at which the run started, in UTC (``Run.startTime``); NaT if it has not started."""
        return cast("pd.Timestamp", self._row["start_time"])

    @property
    def end_time(self) -> pd.Timestamp:
        """The time at which the run ended, in UTC (``Run.endTime``); NaT if it has not ended."""
        return cast("pd.Timestamp", self._row["end_time"])

    @property
    def duration(self) -> pd.Timedelta:
        """The time from start to end; NaT until the run has ended."""
        return cast("pd.Timedelta", self._row["duration"])

    @property
    def url(self) -> str:
        """The address of the run's page in Dagster, for the user's browser."""
        return self._page

    def __eq__(self, other: object) -> bool:
        return self.run_id == other.run_id if isinstance(other, RunFacts) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.run_id)

    def __getstate__(self) -> dict[str, Any]:
        # A connection cannot be pickled. Its headers must not be pickled, because they can contain secrets.
        return {name: value for name, value in vars(self).items() if name != "_client"}

    def __copy__(self) -> Self:
        copied = type(self).__new__(type(self))
        vars(copied).update(vars(self))
        return copied

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        copied = copy.copy(self)
        copied._update(copy.deepcopy(self._record, memo))
        return copied

    def __repr__(self) -> str:
        duration = "" if pd.isna(self.duration) else f" in {duration_text(self.duration)}"
        job, status = self._record.get("jobName"), self._record.get("status")
        return terminal_text(f"<{type(self).__name__} {self.run_id} of {job}: {status}{duration}>")

    def _repr_html_(self) -> str:
        return facts_html(
            "Run",
            {
                "run": self.run_id,
                "job": self._record.get("jobName"),
                "status": self._record.get("status"),
                "created": None if pd.isna(self.creation_time) else f"{time_text(self.creation_time)} UTC",
                "started": None if pd.isna(self.start_time) else f"{time_text(self.start_time)} UTC",
                "duration": None if pd.isna(self.duration) else duration_text(self.duration),
                "tags": ", ".join(f"{key}: {value}" for key, value in self.tags.items()) or None,
            },
            link=self.url,
        )


class RunClient(Protocol):
    """The methods that a run needs from its client."""

    async def run(self, run_id: RunsLike) -> AsyncRun:
        """Return one run."""

    async def steps(self, runs: RunsLike) -> pd.DataFrame:
        """Return the steps of the given runs."""

    async def events(self, runs: RunsLike) -> pd.DataFrame:
        """Return the events of the given runs."""

    async def failures(self, runs: RunsLike) -> pd.DataFrame:
        """Return the failures that ended the given runs."""

    async def compute_logs(
        self,
        run: RunsLike,
        step: str | None = None,
        *,
        max_bytes: int | None = MAX_LOG_BYTES,
        after: ComputeLogs | None = None,
    ) -> ComputeLogs:
        """Return the captured output of a run."""

    def follow(
        self, run: RunsLike, *, new_only: bool = False, heartbeat: float | None = None
    ) -> AsyncIterator[pd.DataFrame]:
        """Yield the events of a run as they happen."""

    async def terminate(self, runs: RunsLike, *, force: bool = False) -> pd.DataFrame:
        """Stop some runs."""

    async def reexecute(
        self,
        run: RunsLike,
        *,
        strategy: Strategy = "from_failure",
        run_config: RunConfigLike | None = None,
        tags: Mapping[str, Any] | None = None,
    ) -> AsyncRun:
        """Re-execute a run."""

    async def daemons(self) -> pd.DataFrame:
        """Return the daemons."""

    def _run_page(self, run_id: str) -> str:
        """Return the address of a run's page."""

    def _progress_bar(
        self, description: str, *, unit: str | None = None, total: int | None = None
    ) -> AbstractContextManager[ProgressBar]:
        """Show a progress bar for the duration of a ``with`` block."""


class AsyncRun(RunFacts):
    """A run from an `AsyncDagsterClient`. The properties have the values of the last `refresh`.

    Runs are equal if they have the same id. Runs can be copied and pickled, but an unpickled run has no client.

    Parameters
    ----------
    client
        The client that the run comes from.
    record
        The server's ``Run``.
    """

    def __init__(self, client: RunClient, record: dict[str, Any]):
        super().__init__(record, client._run_page(record["runId"]))
        self._client: RunClient | None = client

    @property
    def client(self) -> RunClient:
        """The client that the run comes from."""
        return cast("RunClient", require_client(self._client, self.run_id))

    async def refresh(self) -> AsyncRun:
        """Read the run again and return it.

        Raises
        ------
        RunNotFoundError
            If the run was deleted.

        Examples
        --------
        >>> run.refresh().status  # doctest: +SKIP
        """
        self._update((await self.client.run(self.run_id))._record)
        return self

    async def wait(self, timeout: float | None = None) -> AsyncRun:  # noqa: ASYNC109 - the name that waiting has in Python
        """Wait until the run has finished and return it.

        Issues a warning if the run stays queued because no daemon is running, if it stays ``CANCELING`` for a minute,
        or if it is ``CANCELED`` while a step has not ended, because such a run may still become ``SUCCESS``.

        Parameters
        ----------
        timeout
            The maximum number of seconds to wait; None means no limit.

        Raises
        ------
        WaitTimeoutError
            If the run has not finished within ``timeout``. The run itself continues.
        RunNotFoundError
            If the run is deleted while waiting.

        Examples
        --------
        >>> client.launch("nightly").wait(timeout=600).status  # doctest: +SKIP
        """
        if timeout is not None and not timeout >= 0:
            raise ValueError(f"timeout must be a non-negative number of seconds or None, not {timeout!r}.")
        started_at = time.monotonic()
        daemon_checked = False
        canceling_since: float | None = None
        name = self._record.get("jobName", self.run_id)
        with self.client._progress_bar(f"{name}: {self.status}") as bar:
            while not (await self.refresh()).is_finished:
                bar.description = f"{name}: {self.status}"
                waited = time.monotonic() - started_at
                if timeout is not None and waited >= timeout:
                    raise WaitTimeoutError(
                        f"run {self.run_id} is still {self.status} after {timeout:g} s, and continues. Wait again, or "
                        f"stop it with .terminate()."
                    )
                if not daemon_checked and self.status == "QUEUED" and waited >= _SECONDS_BEFORE_DAEMON_CHECK:
                    daemon_checked = await self._warn_without_daemon()
                if self.status == "CANCELING" and canceling_since is None:
                    canceling_since = waited
                if canceling_since is not None and waited - canceling_since >= _SECONDS_TO_CANCEL:
                    canceling_since = float("inf")
                    warn(_stuck_message(self.run_id))
                bar.advance()
                remaining = _POLL_SECONDS if timeout is None else max(0.0, timeout - waited)
                await anyio.sleep(min(_POLL_SECONDS, remaining))
        if self.status == "CANCELED":
            await self._warn_if_a_step_has_not_ended()
        return self

    async def steps(self) -> pd.DataFrame:
        """Return the steps of the run; see `AsyncDagsterClient.steps`."""
        return await self.client.steps(self.run_id)

    async def events(self) -> pd.DataFrame:
        """Return the events of the run; see `AsyncDagsterClient.events`."""
        return await self.client.events(self.run_id)

    async def failures(self) -> pd.DataFrame:
        """Return the failures that ended the run; see `AsyncDagsterClient.failures`.

        A notebook shows the frame as stack traces, with collapsed library code. If you select columns or rows, as in
        ``failures[["step_key", "error_class"]]``, the result is an ordinary frame.
        """
        return RunFailures(await self.client.failures(self.run_id))

    async def compute_logs(
        self, step: str | None = None, *, max_bytes: int | None = MAX_LOG_BYTES, after: ComputeLogs | None = None
    ) -> ComputeLogs:
        """Return the captured output of the run; see `AsyncDagsterClient.compute_logs`."""
        return await self.client.compute_logs(self.run_id, step=step, max_bytes=max_bytes, after=after)

    def follow(self, *, new_only: bool = False, heartbeat: float | None = None) -> AsyncIterator[pd.DataFrame]:
        """Yield the events of the run as they happen; see `AsyncDagsterClient.follow`."""
        return self.client.follow(self.run_id, new_only=new_only, heartbeat=heartbeat)

    async def terminate(self, *, force: bool = False) -> TerminateOutcome:
        """Stop the run and return the outcome, such as ``"canceled"``.

        Parameters
        ----------
        force
            As in `AsyncDagsterClient.terminate`, which explains all outcomes, and also returns the reason for each
            outcome.

        Examples
        --------
        >>> run.terminate()  # doctest: +SKIP
        'canceling'
        """
        outcomes = await self.client.terminate(self.run_id, force=force)
        return cast("TerminateOutcome", outcomes["outcome"].iloc[0])

    async def reexecute(
        self,
        *,
        strategy: Strategy = "from_failure",
        run_config: RunConfigLike | None = None,
        tags: Mapping[str, Any] | None = None,
    ) -> AsyncRun:
        """Re-execute the run; see `AsyncDagsterClient.reexecute`."""
        return await self.client.reexecute(self.run_id, strategy=strategy, run_config=run_config, tags=tags)

    async def _warn_without_daemon(self) -> bool:
        """Warn if no daemon is running that starts queued runs. Return False if the check should be repeated later."""
        try:
            daemons = await self.client.daemons()
        except UnsupportedServerError:
            return True
        queue = daemons[daemons["daemon"] == "QUEUED_RUN_COORDINATOR"]
        if queue["healthy"].fillna(value=True).any():
            return False
        warn(
            f"run {self.run_id} stays queued, because no daemon is running that would start it. Start one next to the "
            f"webserver: `dagster-daemon run`."
        )
        return True

    async def _warn_if_a_step_has_not_ended(self) -> None:
        """Warn if the process of a canceled run may still be running."""
        try:
            steps = await self.client.steps(self.run_id)
        except DagsterNbError:
            # The run has been canceled, so `wait` can return even if its steps cannot be read.
            return
        for step in steps.loc[steps["status"].eq("IN_PROGRESS").fillna(value=False), "step_key"].head(1):
            warn(
                f"run {self.run_id} is CANCELED, but its step {step!r} has not ended. The run's process may still be "
                "running, and the run may even become SUCCESS. run.refresh().status shows the latest status."
            )


def _stuck_message(run_id: str) -> str:
    return (
        f"run {run_id} has been CANCELING for {_SECONDS_TO_CANCEL:g} s, so its process may be gone or may ignore the "
        f"request. run.terminate(force=True) marks the run as canceled, but does not stop its process."
    )


def require_client(client: Any, run_id: str) -> Any:  # noqa: ANN401 - of a run or an asynchronous run
    """Return the client of a run, or raise an error if the run was unpickled."""
    if client is None:
        raise DagsterNbError(
            f"run {run_id} has no client, because it was unpickled. Read it again: client.run({run_id!r})."
        )
    return client
