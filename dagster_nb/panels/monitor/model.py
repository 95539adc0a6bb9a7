"""What a monitor knows of its run, and how it comes to know it."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

import pandas as pd

from dagster_nb.frames.columns import FINISHED
from dagster_nb.panels.explorer.signals import Signals
from dagster_nb.panels.log_window import LogFilter, LogWindow

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dagster_nb.client.run import RunFacts
    from dagster_nb.panels.background import Background, Task

__all__ = ["Look", "MonitorModel", "RunWatcher"]

# How often the log is looked away from, to see whether anybody still wants it.
_TICK_SECONDS = 0.5
_SECONDS_BETWEEN_LOOKS = 0.7
# How long a run may stay queued before it is looked whether anything will take it.
_PATIENCE_SECONDS = 4.0
_SECONDS_BETWEEN_DAEMONS = 10.0


class RunWatcher(Protocol):
    """What a monitor needs of a client."""

    url: Any
    read_only: Any

    def follow(self, run: str, *, heartbeat: float) -> Iterator[pd.DataFrame]:
        """Yield a run's events as they happen."""

    def run(self, run_id: str) -> RunFacts:
        """Return a run."""

    def steps(self, runs: str) -> pd.DataFrame:
        """Return a run's steps."""

    def failures(self, runs: str) -> pd.DataFrame:
        """Return what made a run fail."""

    def daemons(self) -> pd.DataFrame:
        """Return the daemons."""

    def terminate(self, runs: str, *, force: bool = False) -> pd.DataFrame:
        """Stop a run."""


@dataclass(frozen=True, slots=True)
class Look:
    """A run, looked at.

    Parameters
    ----------
    status
        Its status.
    creation_time, start_time, end_time
        When it was made, began and ended.
    steps
        Its steps, with the columns of `DagsterClient.steps`.
    failures
        What made it fail; None unless it failed.
    stranded
        Whether it is queued and no daemon is alive to take it.
    """

    status: str
    creation_time: pd.Timestamp
    start_time: pd.Timestamp
    end_time: pd.Timestamp
    steps: pd.DataFrame
    failures: pd.DataFrame | None = None
    stranded: bool = False

    @property
    def is_finished(self) -> bool:
        """Whether the run has ended."""
        return self.status in FINISHED


class MonitorModel:
    """The state of a monitor.

    Parameters
    ----------
    client
        Whom to ask.
    run
        The run, as it is known already.
    background
        Where the asking goes on.
    """

    def __init__(self, client: RunWatcher, run: RunFacts, background: Background):
        self.client = client
        self.run_id = run.run_id
        self.job_name = run.job_name
        self.url = run.url
        self.signals = Signals()
        self.log = LogWindow()
        self.look = _seen(run, pd.DataFrame())
        self.mode: str | None = None
        self.error: Exception | None = None
        self.stop_error: Exception | None = None
        self.stop_outcome: dict[Any, Any] | None = None
        self._background = background

    @property
    def following(self) -> bool:
        """Whether more may come."""
        return self._background.busy("follow")

    @property
    def stopping(self) -> bool:
        """Whether the server was asked to stop the run, and has not answered."""
        return self._background.busy("terminate")

    def start(self) -> None:
        """Follow the run from its first event to its last; again, where that was broken off."""
        self.error = None
        self.log.clear()
        self._background.start("follow", self._follow, done=self._over, failed=self._broke, on_progress=self._hear)
        self._emit("head", "log")

    def choose(self, **changed: Any) -> None:  # noqa: ANN401 - see LogFilter
        """Change what of the log is shown.

        Parameters
        ----------
        **changed
            ``level``, ``step`` or ``text`` of `LogFilter`.
        """
        chosen: LogFilter = replace(self.log.filter, **changed)
        if chosen != self.log.filter:
            self.log.choose(chosen)
            self._emit("log")

    def terminate(self, *, force: bool) -> None:
        """Ask the server to stop the run, unless it is being asked."""
        if self.stopping:
            return
        self.stop_error = self.stop_outcome = None

        def stop(_task: Task[dict[Any, Any]]) -> dict[Any, Any]:
            return self.client.terminate(self.run_id, force=force).iloc[0].to_dict()

        self._background.start("terminate", stop, done=self._stopped, failed=self._not_stopped)
        self._emit("stop")

    # In the thread

    def _follow(self, task: Task[None]) -> None:
        looked, ask_at = float("-inf"), time.monotonic() + _PATIENCE_SECONDS
        look, stale = self.look, True
        for events in self.client.follow(self.run_id, heartbeat=_TICK_SECONDS):
            if task.stopped:
                return
            task.report(events)
            now = time.monotonic()
            stale = stale or len(events) > 0
            if stale and now - looked >= _SECONDS_BETWEEN_LOOKS:
                stale, looked = False, now
                look = self._seen_now()
                task.report(look)
            elif look.status == "QUEUED" and now >= ask_at:
                ask_at = now + _SECONDS_BETWEEN_DAEMONS
                look = replace(self._seen_now(), stranded=self._is_stranded())
                task.report(look)
        look = self._seen_now()
        if look.status == "FAILURE":
            look = replace(look, failures=self.client.failures(self.run_id))
        task.report(look)

    def _seen_now(self) -> Look:
        return _seen(self.client.run(self.run_id), self.client.steps(self.run_id))

    def _is_stranded(self) -> bool:
        daemons = self.client.daemons()
        return not daemons.loc[daemons["daemon"] == "QUEUED_RUN_COORDINATOR", "healthy"].any()

    # At home

    def _hear(self, news: pd.DataFrame | Look) -> None:
        if isinstance(news, Look):
            self.look = news
            self._emit("head", "steps", "stop")
            return
        self.mode = news.attrs["dagster_nb"]["mode"]
        if len(news):
            self.log.add(news)
            self._emit("log")
        self._emit("head")

    def _over(self, _result: None) -> None:
        self._emit("head", "steps", "stop", "log")

    def _broke(self, error: Exception) -> None:
        self.error = error
        self._emit("head")

    def _stopped(self, outcome: dict[Any, Any]) -> None:
        self.stop_outcome = outcome
        if not pd.isna(outcome["status"]):
            self.look = replace(self.look, status=outcome["status"])
        self._emit("head", "stop")

    def _not_stopped(self, error: Exception) -> None:
        self.stop_error = error
        self._emit("stop")

    def _emit(self, *names: str) -> None:
        for name in names:
            self.signals.emit(name)


def _seen(run: RunFacts, steps: pd.DataFrame) -> Look:
    return Look(run.status, run.creation_time, run.start_time, run.end_time, steps)
