"""One run, as an object."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, cast

import anyio
import pandas as pd

from dagster_nb.client.pages import in_browser
from dagster_nb.client.progress import tell
from dagster_nb.client.reprs import facts_html
from dagster_nb.errors import UnsupportedServerError, WaitTimeoutError
from dagster_nb.frames.columns import FINISHED
from dagster_nb.frames.runs import runs_frame, tag_dict

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from dagster_nb.client.aio import AsyncDagsterClient
    from dagster_nb.client.details import ComputeLogs

__all__ = ["AsyncRun", "RunFacts"]

_SECONDS_BETWEEN_LOOKS = 0.5
# How long a run may stay queued before someone waiting for it is told that no daemon will take it.
_PATIENCE_SECONDS = 10.0


class RunFacts:
    """What is known of a run, as it was when last looked at.

    Parameters
    ----------
    record
        The server's ``Run``.
    page
        The address of the run's page in Dagster.
    """

    def __init__(self, record: dict[str, Any], page: str):
        self._page = page
        self._see(record)

    def _told(self, field: str) -> Any:  # noqa: ANN401 - what the server tells is of many kinds
        if field not in self._record:
            raise UnsupportedServerError(
                f"this server's Dagster does not tell Run.{field}; if it is newer than your dagster_nb, update that."
            )
        return self._record[field]

    def _see(self, record: dict[str, Any]) -> None:
        self._record = record
        self._row = runs_frame([record]).iloc[0]

    @property
    def run_id(self) -> str:
        """The id (``Run.runId``)."""
        return str(self._record["runId"])

    @property
    def job_name(self) -> str:
        """The job's name (``Run.jobName``)."""
        return str(self._told("jobName"))

    @property
    def status(self) -> str:
        """The status (``Run.status``) when last looked at, such as ``"SUCCESS"``."""
        return str(self._told("status"))

    @property
    def is_finished(self) -> bool:
        """Whether the run had ended when last looked at."""
        return self.status in FINISHED

    @property
    def tags(self) -> dict[str, str]:
        """The tags (``Run.tags``)."""
        return tag_dict(self._told("tags"))

    @property
    def run_config(self) -> dict[str, Any]:
        """The config that the run was launched with (``Run.runConfig``)."""
        return dict(self._told("runConfig") or {})

    @property
    def creation_time(self) -> pd.Timestamp:
        """When the run was made (``Run.creationTime``), UTC."""
        return cast("pd.Timestamp", self._row["creation_time"])

    @property
    def start_time(self) -> pd.Timestamp:
        """When the run began (``Run.startTime``), UTC; NaT if it has not."""
        return cast("pd.Timestamp", self._row["start_time"])

    @property
    def end_time(self) -> pd.Timestamp:
        """When the run ended (``Run.endTime``), UTC; NaT if it has not."""
        return cast("pd.Timestamp", self._row["end_time"])

    @property
    def duration(self) -> pd.Timedelta:
        """How long the run took, from start to end; NaT until it has ended."""
        return cast("pd.Timedelta", self._row["duration"])

    @property
    def url(self) -> str:
        """The address of the run's page in Dagster, as the reader's browser finds it."""
        return self._page

    def __repr__(self) -> str:
        took = "" if pd.isna(self.duration) else f" in {_seconds(self.duration)}"
        job, status = self._record.get("jobName"), self._record.get("status")
        return f"<{type(self).__name__} {self.run_id} of {job}: {status}{took}>"

    def _repr_html_(self) -> str:
        return facts_html(
            "Run",
            {
                "run": self.run_id,
                "job": self._record.get("jobName"),
                "status": self._record.get("status"),
                "created": _moment(self.creation_time),
                "started": _moment(self.start_time),
                "took": None if pd.isna(self.duration) else _seconds(self.duration),
                "tags": ", ".join(f"{key}: {value}" for key, value in self.tags.items()) or None,
            },
            link=self.url,
        )


class AsyncRun(RunFacts):
    """A run of an `AsyncDagsterClient`; what it tells is as of the last `refresh`.

    Parameters
    ----------
    client
        The client that it came from.
    record
        The server's ``Run``.
    """

    def __init__(self, client: AsyncDagsterClient, record: dict[str, Any]):
        super().__init__(record, in_browser(client._address.run_page(record["runId"])))
        self._client = client

    async def refresh(self) -> AsyncRun:
        """Look at the run again, and return it.

        Raises
        ------
        RunNotFoundError
            If it was deleted.

        Examples
        --------
        >>> run.refresh().status  # doctest: +SKIP
        """
        self._see((await self._client.run(self.run_id))._record)
        return self

    async def wait(self, timeout: float | None = None) -> AsyncRun:  # noqa: ASYNC109 - the name that waiting has in Python
        """Wait until the run has ended, and return it.

        Warns once when it stays queued and no daemon lives that would take it.

        Parameters
        ----------
        timeout
            Seconds to wait at most; None waits as long as it takes.

        Raises
        ------
        WaitTimeoutError
            If it has not ended by then; the run itself goes on.
        RunNotFoundError
            If it is deleted meanwhile.

        Examples
        --------
        >>> client.launch("nightly").wait(timeout=600).status  # doctest: +SKIP
        """
        if timeout is not None and timeout < 0:
            raise ValueError(f"timeout takes seconds, not {timeout!r}.")
        began = time.monotonic()
        warned = False
        name = self._record.get("jobName", self.run_id)
        with self._client._watching(f"{name}: {self.status}") as bar:
            while not (await self.refresh()).is_finished:
                bar.description = f"{name}: {self.status}"
                waited = time.monotonic() - began
                if timeout is not None and waited >= timeout:
                    raise WaitTimeoutError(
                        f"run {self.run_id} is still {self.status} after {timeout:g} s. It goes on; wait again, or "
                        f"stop it with .terminate()."
                    )
                if not warned and self.status == "QUEUED" and waited >= _PATIENCE_SECONDS:
                    warned = await self._warn_without_daemon()
                bar.advance()
                left = _SECONDS_BETWEEN_LOOKS if timeout is None else max(0.0, timeout - waited)
                await anyio.sleep(min(_SECONDS_BETWEEN_LOOKS, left))
        return self

    async def steps(self) -> pd.DataFrame:
        """Return the run's steps; see `AsyncDagsterClient.steps`."""
        return await self._client.steps(self.run_id)

    async def events(self) -> pd.DataFrame:
        """Return the run's events; see `AsyncDagsterClient.events`."""
        return await self._client.events(self.run_id)

    async def failures(self) -> pd.DataFrame:
        """Return what made the run fail; see `AsyncDagsterClient.failures`."""
        return await self._client.failures(self.run_id)

    async def compute_logs(self, step: str | None = None) -> ComputeLogs:
        """Return what the run printed; see `AsyncDagsterClient.compute_logs`."""
        return await self._client.compute_logs(self.run_id, step=step)

    def follow(self, *, new_only: bool = False, heartbeat: float | None = None) -> AsyncIterator[pd.DataFrame]:
        """Read the run's events as they happen; see `AsyncDagsterClient.follow`."""
        return self._client.follow(self.run_id, new_only=new_only, heartbeat=heartbeat)

    async def terminate(self, *, force: bool = False) -> pd.DataFrame:
        """Stop the run; see `AsyncDagsterClient.terminate`."""
        return await self._client.terminate(self.run_id, force=force)

    async def reexecute(
        self,
        *,
        strategy: str = "from_failure",
        run_config: Mapping[str, Any] | str | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> AsyncRun:
        """Run it again; see `AsyncDagsterClient.reexecute`."""
        return await self._client.reexecute(self.run_id, strategy=strategy, run_config=run_config, tags=tags)

    async def _warn_without_daemon(self) -> bool:
        try:
            daemons = await self._client.daemons()
        except UnsupportedServerError:
            return True
        queue = daemons[daemons["daemon"] == "QUEUED_RUN_COORDINATOR"]
        if queue["healthy"].fillna(value=True).any():
            return False
        tell(
            f"run {self.run_id} stays queued, and no daemon is alive to take it. Start one beside the webserver: "
            f"`dagster-daemon run`."
        )
        return True


def _moment(time: pd.Timestamp) -> str | None:
    return None if pd.isna(time) else f"{time:%Y-%m-%d %H:%M:%S} UTC"


def _seconds(duration: pd.Timedelta) -> str:
    return f"{duration.total_seconds():.3g} s" if duration < pd.Timedelta(minutes=2) else str(duration.round("s"))
