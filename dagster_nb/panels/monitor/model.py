"""The state of a monitor: its run, the events and the output of the run, and the requested actions."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, Protocol

import pandas as pd

from dagster_nb.errors import DagsterNbError
from dagster_nb.panels.changes import Changes
from dagster_nb.panels.reason_forbidden import reason_forbidden
from dagster_nb.panels.run_view.event_log import EventFilter, EventLog
from dagster_nb.panels.run_view.pending_steps import planned_steps, with_pending
from dagster_nb.statuses import FINISHED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from dagster_nb.client.compute_logs import ComputeLogs
    from dagster_nb.client.run import RunFacts
    from dagster_nb.panels.background import Background, Task

__all__ = ["MonitorModel", "RunClient", "RunState", "Strategy"]

Strategy = Literal["from_failure", "all_steps"]

# The number of seconds to wait for an event before checking whether the monitor has been closed.
_HEARTBEAT_SECONDS = 0.5
_SECONDS_BETWEEN_READS = 0.7
# The number of seconds for which a run can stay queued before the monitor checks whether a daemon is running.
_MAX_SECONDS_QUEUED = 4.0
_SECONDS_BETWEEN_DAEMON_CHECKS = 10.0
_SECONDS_BETWEEN_OUTPUT_READS = 5.0


class RunClient(Protocol):
    """The methods that a monitor needs from a client."""

    url: Any
    read_only: Any
    forbidden_actions: Any

    def follow(self, run: str, *, heartbeat: float) -> Iterator[pd.DataFrame]:
        """Yield a run's events as they happen."""

    def run(self, run_id: str) -> RunFacts:
        """Return a run."""

    def steps(self, runs: str) -> pd.DataFrame:
        """Return a run's steps."""

    def failures(self, runs: str) -> pd.DataFrame:
        """Return the failures that ended a run."""

    def compute_logs(self, run: str, step: str | None = None, *, after: ComputeLogs | None = None) -> ComputeLogs:
        """Return the captured output of a run, reading only what was added since an earlier call."""

    def daemons(self) -> pd.DataFrame:
        """Return the daemons."""

    def terminate(self, runs: str, *, force: bool = False) -> pd.DataFrame:
        """Terminate a run."""

    def reexecute(self, run: str, *, strategy: str) -> RunFacts:
        """Re-execute a run."""

    def graphql_document(self, name: str) -> str:
        """Return a GraphQL document."""

    def query(self, document: str, variables: Mapping[str, Any]) -> dict[str, Any]:
        """Send a GraphQL document."""


@dataclass(frozen=True, slots=True)
class RunState:
    """The state of a run at the time of the last read.

    Parameters
    ----------
    status
        The status of the run.
    creation_time, start_time, end_time
        The times when the run was created, started and ended.
    steps
        The steps, with the columns of `DagsterClient.steps`. Steps that have not started have the status
        ``NOT_STARTED``.
    failures
        The failures that ended the run, with the columns of `DagsterClient.failures`, or None if the run has not
        failed.
    lacks_daemon
        Whether the run is queued but no daemon is running to start it.
    """

    status: str
    creation_time: pd.Timestamp
    start_time: pd.Timestamp
    end_time: pd.Timestamp
    steps: pd.DataFrame = field(default_factory=pd.DataFrame)
    failures: pd.DataFrame | None = None
    lacks_daemon: bool = False

    @classmethod
    def of(cls, run: RunFacts, steps: pd.DataFrame | None = None) -> RunState:
        """Return the state of a run."""
        steps = pd.DataFrame() if steps is None else steps
        return cls(run.status, run.creation_time, run.start_time, run.end_time, steps)

    @property
    def is_finished(self) -> bool:
        """Whether the run has ended."""
        return self.status in FINISHED

    @property
    def has_running_step(self) -> bool:
        """Whether a step is running. While a step is running, the chart must be redrawn as time passes."""
        if self.is_finished or self.steps.empty:
            return False
        return bool((self.steps["start_time"].notna() & self.steps["end_time"].isna()).any())


class MonitorModel:
    """The state of a monitor, which changes only in the kernel's thread.

    The model emits the changes ``run`` (another status or another run), ``steps``, ``events``, ``output``, ``actions``
    and ``action_error``.

    Parameters
    ----------
    client
        The client, which reads from the server and acts on runs.
    run
        The run to follow.
    background
        The panel's background tasks, which send the requests.
    """

    def __init__(self, client: RunClient, run: RunFacts, background: Background):
        self.client = client
        self.changes = Changes()
        self.log = EventLog()
        self.mode: str | None = None
        self.output: ComputeLogs | None = None
        self.output_error: Exception | None = None
        self.error: Exception | None = None
        self.action_error: Exception | None = None
        self.termination: dict[Any, Any] | None = None
        self._background = background
        self._runs = [run]
        self._reads_output = False
        self._cancel_output_read: Callable[[], None] = lambda: None
        self.state = RunState.of(run)

    @property
    def run(self) -> RunFacts:
        """The run, with the state that it had when the monitor began to follow it."""
        return self._runs[-1]

    @property
    def previous_run(self) -> RunFacts | None:
        """The previous run, if the current run is a re-execution of it that was started in this monitor."""
        return self._runs[-2] if len(self._runs) > 1 else None

    @property
    def following(self) -> bool:
        """Whether more events may arrive."""
        return self._background.busy("follow")

    @property
    def terminating(self) -> bool:
        """Whether a request to terminate the run is in progress."""
        return self._background.busy("terminate")

    @property
    def reexecuting(self) -> bool:
        """Whether a request to re-execute the run is in progress."""
        return self._background.busy("reexecute")

    @property
    def can_terminate(self) -> bool:
        """Whether the run can be terminated."""
        return not self.state.is_finished and self.reason_forbidden("terminate") is None

    def reason_forbidden(self, action: str) -> str | None:
        """Return why the client refuses ``"terminate"`` or ``"reexecute"``, or None if it permits the action."""
        return reason_forbidden(self.client, action)

    def can_reexecute(self, strategy: Strategy) -> bool:
        """Return whether the run can now be re-executed with a strategy."""
        return self.is_reexecutable(strategy) and self.reason_forbidden("reexecute") is None

    def is_reexecutable(self, strategy: Strategy) -> bool:
        """Return whether the run has a status in which it can be re-executed with a strategy."""
        return self.state.status in (FINISHED if strategy == "all_steps" else {"FAILURE", "CANCELED"})

    def follow(self) -> None:
        """Follow the run from its first to its last event. A second call starts again at the first event."""
        self.error = None
        self.log.clear()
        self._background.start(
            "follow",
            partial(self._follow, self.run.run_id),
            done=self._finish,
            failed=self._fail,
            on_progress=self._receive,
        )
        self._emit("run", "events")

    def set_filter(self, **changes: Any) -> None:  # noqa: ANN401 - see EventFilter
        """Change the filter of the events.

        Parameters
        ----------
        **changes
            The new ``level``, ``step`` or ``text`` of the `EventFilter`.
        """
        changed: EventFilter = replace(self.log.filter, **changes)
        previous = self.log.filter
        if changed != previous:
            self.log.set_filter(changed)
            self._emit("events")
        if changed.step != previous.step and self._reads_output:
            self.read_output()

    def read_output(self) -> None:
        """Read the output of the run or the chosen step. Read again every few seconds until the run has ended."""
        self._reads_output = True
        self._cancel_output_read()
        run_id, step = self.run.run_id, self.log.filter.step
        previous = self.output if self.output is not None and self.output.step == step else None
        self._background.start(
            "output",
            lambda _task: self.client.compute_logs(run_id, step=step, after=previous),
            done=self._show_output,
            failed=self._fail_output,
        )

    def stop_reading_output(self) -> None:
        """Stop reading the run's output."""
        self._reads_output = False
        self._cancel_output_read()
        self._background.stop("output")

    def terminate(self, *, force: bool) -> None:
        """Terminate the run. Do nothing while a request to terminate the run is in progress."""
        if self.terminating:
            return
        self.action_error = self.termination = None
        run_id = self.run.run_id

        def terminate(_task: Task[dict[Any, Any]]) -> dict[Any, Any]:
            return self.client.terminate(run_id, force=force).iloc[0].to_dict()

        self._background.start("terminate", terminate, done=self._show_termination, failed=self._fail_action)
        self._emit("actions")

    def reexecute(self, strategy: Strategy) -> None:
        """Re-execute the run and follow the new run. Do nothing while another re-execution is being requested."""
        if self.reexecuting or not self.can_reexecute(strategy):
            return
        self.action_error = None
        run_id = self.run.run_id
        self._background.start(
            "reexecute",
            lambda _task: self.client.reexecute(run_id, strategy=strategy),
            done=lambda run: self._turn_to([*self._runs, run]),
            failed=self._fail_action,
        )
        self._emit("actions")

    def show_previous_run(self) -> None:
        """Follow the previous run again, of which the current run is a re-execution."""
        if len(self._runs) > 1:
            self._turn_to(self._runs[:-1])

    def _turn_to(self, runs: list[RunFacts]) -> None:
        for kind in ("terminate", "reexecute"):
            self._background.stop(kind)
        self._runs = runs
        self.state = RunState.of(self.run)
        self.mode = self.output = self.output_error = self.action_error = self.termination = None
        self.set_filter(step=None)
        self.follow()
        if self._reads_output:
            self.read_output()
        self._emit("steps", "output", "actions")

    # The following methods run in the thread that follows the run.

    def _follow(self, run_id: str, task: Task[None]) -> None:
        planned = self._read_plan(run_id)
        read_at, check_daemons_at = float("-inf"), time.monotonic() + _MAX_SECONDS_QUEUED
        state, is_outdated = self._read_state(run_id, planned), True
        for events in self.client.follow(run_id, heartbeat=_HEARTBEAT_SECONDS):
            if task.stopped:
                return
            task.report(events)
            now = time.monotonic()
            is_outdated = is_outdated or len(events) > 0
            if is_outdated and now - read_at >= _SECONDS_BETWEEN_READS:
                is_outdated, read_at = False, now
                state = self._read_state(run_id, planned)
                task.report(state)
            elif state.status == "QUEUED" and now >= check_daemons_at:
                check_daemons_at = now + _SECONDS_BETWEEN_DAEMON_CHECKS
                state = replace(self._read_state(run_id, planned), lacks_daemon=self._lacks_daemon())
                task.report(state)
        state = self._read_state(run_id, planned)
        if state.status == "FAILURE":
            state = replace(state, failures=self.client.failures(run_id))
        task.report(state)

    def _read_state(self, run_id: str, planned: list[str]) -> RunState:
        return RunState.of(self.client.run(run_id), with_pending(self.client.steps(run_id), run_id, planned))

    def _read_plan(self, run_id: str) -> list[str]:
        try:
            return planned_steps(self.client.query(self.client.graphql_document("run_plan"), {"runId": run_id}))
        except DagsterNbError:
            # Continue without the plan, because only the steps that have not started will be missing. `follow` will
            # show the error if the connection has a problem.
            return []

    def _lacks_daemon(self) -> bool:
        daemons = self.client.daemons()
        return not daemons.loc[daemons["daemon"] == "QUEUED_RUN_COORDINATOR", "healthy"].any()

    # The following methods run in the kernel's thread.

    def _receive(self, news: pd.DataFrame | RunState) -> None:
        if isinstance(news, RunState):
            self.state = news
            self._emit("run", "steps", "actions")
            return
        self.mode = news.attrs["dagster_nb"]["mode"]
        if len(news):
            self.log.add(news)
            self._emit("events")
        self._emit("run")

    def _finish(self, _result: None) -> None:
        self._emit("run", "steps", "actions", "events")
        if self._reads_output:
            self.read_output()

    def _fail(self, error: Exception) -> None:
        self.error = error
        self._emit("run")

    def _show_output(self, output: ComputeLogs) -> None:
        self.output, self.output_error = output, None
        self._read_output_later()

    def _fail_output(self, error: Exception) -> None:
        self.output_error = error
        self._read_output_later()

    def _read_output_later(self) -> None:
        if self.following:
            self._cancel_output_read = self._background.later(_SECONDS_BETWEEN_OUTPUT_READS, self.read_output)
        self._emit("output")

    def _show_termination(self, outcome: dict[Any, Any]) -> None:
        self.termination = outcome
        if not pd.isna(outcome["status"]):
            self.state = replace(self.state, status=outcome["status"])
        self._emit("run", "actions")

    def _fail_action(self, error: Exception) -> None:
        self.action_error = error
        self._emit("actions", "action_error")

    def _emit(self, *names: str) -> None:
        for name in names:
            self.changes.emit(name)
