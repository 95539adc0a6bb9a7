"""``Attention``: find what needs attention, such as slower jobs, and the filters that select the affected runs."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd

from dagster_nb.analysis import current_slowdowns
from dagster_nb.analysis.read_columns import creation_times, has_status, times
from dagster_nb.analysis.slowdown_text import slowdown_text, value_change_text
from dagster_nb.panels.explorer.daemons_and_queue import WAITING, ServerState
from dagster_nb.panels.explorer.filters import ExplorerFilters, matching_runs
from dagster_nb.words import duration_text, plural, relative_time_text

if TYPE_CHECKING:
    from collections.abc import Collection, Hashable, Mapping, Sequence
    from datetime import tzinfo

    from dagster_nb.panels.explorer.model import ExplorerModel

__all__ = ["Attention", "Finding", "Problems", "find_in_queue", "find_in_runs"]

_MAX_SLOWDOWNS = 3
_MIN_CANCELING = pd.Timedelta("10min")
# Searching many runs takes about a second, so do not search again after every automatic refresh.
_SECONDS_BETWEEN_SEARCHES = 30.0


@dataclass(frozen=True)
class Finding:
    """Something that needs attention.

    Parameters
    ----------
    text
        A description that fits on one line.
    kind
        ``"error"`` or ``"warning"``.
    filters
        The filters that select the affected runs.
    shows_trend
        Whether the trend chart shows the problem.
    """

    text: str
    kind: Literal["error", "warning"]
    filters: ExplorerFilters
    shows_trend: bool = False


@dataclass(frozen=True)
class Problems:
    """The runs that need attention.

    Parameters
    ----------
    scope
        Filters that select the runs that were searched.
    failures
        The number of failures that are not resolved, and how long ago the oldest of them was created.
    slowdowns
        The jobs that became slower: see `current_slowdowns`.
    canceling
        The ids of the runs that have been CANCELING for a long time, and the longest time as text.
    succeeded_after_cancel
        The ids of the runs that were CANCELED but succeeded later.
    """

    scope: ExplorerFilters
    failures: tuple[int, str]
    slowdowns: pd.DataFrame
    canceling: tuple[list[str], str] = ([], "")
    succeeded_after_cancel: Sequence[str] = ()

    def findings(self, zone: tzinfo = UTC) -> list[Finding]:
        """Return the problems as findings, with times in a time zone."""
        found = []
        count, age = self.failures
        if count:
            are, oldest = ("is", "from") if count == 1 else ("are", "the oldest from")
            text = f"{plural(count, 'failure')} {are} not resolved, {oldest} {age}"
            found.append(Finding(text, "error", self.scope.replace(only_unresolved=True)))
        stuck, longest = self.canceling
        if stuck:
            have, their = (
                ("has", "for {}: its process") if len(stuck) == 1 else ("have", "for up to {}: their processes")
            )
            text = f"{plural(len(stuck), 'run')} {have} been CANCELING {their.format(longest)} may be gone or stuck"
            found.append(Finding(text, "warning", self.scope.replace(run_ids=tuple(stuck))))
        if succeeded := self.succeeded_after_cancel:
            were, their = ("was", "its process") if len(succeeded) == 1 else ("were", "their processes")
            text = f"{plural(len(succeeded), 'run')} {were} marked as canceled, but {their} continued and succeeded"
            found.append(Finding(text, "warning", self.scope.replace(run_ids=tuple(succeeded))))
        for change in self.slowdowns.head(_MAX_SLOWDOWNS).to_dict("records"):
            filters = self.scope.replace(job=(change["job_name"],))
            found.append(Finding(_slowdown_text(change, zone), "warning", filters, shows_trend=True))
        if len(self.slowdowns) > _MAX_SLOWDOWNS:
            jobs = tuple(self.slowdowns["job_name"][_MAX_SLOWDOWNS:])
            text = f"{plural(len(jobs), 'more job')} became slower: {', '.join(jobs)}"
            found.append(Finding(text, "warning", self.scope.replace(job=jobs), shows_trend=True))
        return found


class Attention:
    """Whenever runs have been fetched, find what needs attention in the background.

    After each change, the explorer's model emits ``attention``.

    Parameters
    ----------
    model
        The explorer's model.
    """

    def __init__(self, model: ExplorerModel):
        self._model = model
        self._searched: tuple[ExplorerFilters, pd.DataFrame] | None = None
        self._searched_at = float("-inf")
        self._in_runs: Problems | None = None
        self._in_queue: list[Finding] = []

    def findings(self, zone: tzinfo = UTC) -> list[Finding]:
        """Return what needs attention, the most urgent findings first, with times in a time zone."""
        return self._in_queue + ([] if self._in_runs is None else self._in_runs.findings(zone))

    def set_server_state(self, state: ServerState | None) -> None:
        """Update the findings about the server. None means that the state of the server is unknown."""
        self._in_queue = [] if state is None else find_in_queue(state)
        self._model.changes.emit("attention")

    def update(self) -> None:
        """Search the runs in memory. Do nothing while runs are still being read, or if a search has just finished."""
        model = self._model
        if model.reading is not None or model.error is not None:
            return
        scope, runs, now = self._scope(), model.cache.frame, model.as_of
        if self._searched is not None and self._searched[0] == scope:
            is_recent = time.monotonic() - self._searched_at < _SECONDS_BETWEEN_SEARCHES
            if is_recent or self._searched[1] is runs:
                return
        self._searched, self._searched_at = (scope, runs), time.monotonic()
        succeeded = frozenset(model.cache.succeeded_after_cancel)
        model.background.start("attention", lambda _task: find_in_runs(runs, scope, now, succeeded), done=self._set)

    def _scope(self) -> ExplorerFilters:
        """Return the broadest filters for which all matching runs are in memory.

        If there are none, return the current filters.
        """
        model = self._model
        filters, now = model.filters, model.clock()
        times = ExplorerFilters(created_after=filters.created_after, created_before=filters.created_before)
        complete = (scope for scope in (ExplorerFilters(), times) if model.cache.is_complete_for(scope.at(now)))
        return next(complete, filters.without_local())

    def _set(self, problems: Problems) -> None:
        self._in_runs = problems
        self._model.changes.emit("attention")


def find_in_queue(state: ServerState) -> list[Finding]:
    """Return a finding if runs are queued but the daemon that starts them is not running."""
    if not state.is_queue_stuck:
        return []
    are = "is" if state.queued == 1 else "are"
    text = f"{plural(state.queued, 'run')} {are} queued, but the daemon that starts queued runs is not running"
    return [Finding(text, "error", ExplorerFilters(status=tuple(WAITING)))]


def find_in_runs(
    runs: pd.DataFrame, scope: ExplorerFilters, now: pd.Timestamp, succeeded_after_cancel: Collection[str] = ()
) -> Problems:
    """Find unresolved failures, jobs that became slower, and runs that did not stop when they were asked to.

    Parameters
    ----------
    runs
        All runs in memory, with the columns of `DagsterClient.runs`.
    scope
        The filters that select the runs to search.
    now
        The current time.
    succeeded_after_cancel
        The ids of runs that were CANCELED but succeeded later.
    """
    failures = runs[matching_runs(runs, scope.replace(only_unresolved=True), now)]
    age = relative_time_text(creation_times(failures).min(), now)
    runs = runs[matching_runs(runs, scope, now)]
    succeeded = runs["run_id"][runs["run_id"].isin(succeeded_after_cancel).to_numpy(dtype=bool)].tolist()
    return Problems(scope, (len(failures), age), current_slowdowns(runs), _stuck_canceling(runs, now), succeeded)


def _stuck_canceling(runs: pd.DataFrame, now: pd.Timestamp) -> tuple[list[str], str]:
    canceling = runs[has_status(runs, "CANCELING")]
    # A run's update time is the time of its last event. A run that is being canceled normally has no further events.
    since = times(canceling, "update_time").fillna(creation_times(canceling))
    is_stuck = (now - since > _MIN_CANCELING).to_numpy(dtype=bool)
    if not is_stuck.any():
        return [], ""
    return canceling["run_id"][is_stuck].tolist(), duration_text((now - since.min()).floor("s"))


def _slowdown_text(slowdown: Mapping[Hashable, Any], zone: tzinfo) -> str:
    slowdown = {**slowdown, "changed_at": slowdown["changed_at"].tz_convert(zone)}
    if pd.isna(slowdown["tag"]):
        return slowdown_text(slowdown)
    before, after = (None if pd.isna(slowdown[name]) else slowdown[name] for name in ("value_before", "value_after"))
    return slowdown_text(slowdown, [value_change_text("tag", slowdown["tag"], before, after)])
