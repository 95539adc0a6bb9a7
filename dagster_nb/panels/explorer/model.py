"""``ExplorerModel``: the filters, runs and selection of an explorer, without widgets."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from dagster_nb.analysis import regressions
from dagster_nb.errors import RunNotFoundError
from dagster_nb.panels.changes import Changes
from dagster_nb.panels.explorer.columns import column_values
from dagster_nb.panels.explorer.fetching import FetchProgress, FetchResult, fetch_all, fetch_changes
from dagster_nb.panels.explorer.filters import ExplorerFilters, matching_runs
from dagster_nb.panels.explorer.runs_in_memory import RunsInMemory
from dagster_nb.panels.explorer.view_settings import ExplorerView
from dagster_nb.short_run_ids import full_ids_of_filter, is_shortened

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from dagster_nb.panels.background import Background, Task
    from dagster_nb.panels.explorer.source import RunSource

__all__ = ["MAX_RUNS", "ROWS_PER_PAGE", "ExplorerModel", "Reading"]

ROWS_PER_PAGE = 50
"""The number of rows on a page of the table, few enough to render all of them without a delay."""

MAX_RUNS = 100_000
"""The default maximum number of runs in memory."""


@dataclass
class Reading:
    """The state of a read that is in progress.

    Parameters
    ----------
    filters
        The filters that were sent, with absolute time bounds.
    shown_filters
        The filters of the explorer at the time of the request.
    started_at
        The time of the request.
    count, total
        The number of runs that have arrived and the number of runs that match.
    """

    filters: ExplorerFilters
    shown_filters: ExplorerFilters
    started_at: pd.Timestamp
    count: int = 0
    total: int = 0


class ExplorerModel:
    """The state of an explorer. Call all methods in the kernel's thread.

    The model emits these `changes`, so that the views can draw its new state: ``filters``, ``runs`` (the matching
    runs), ``page`` (the page of the table), ``view`` (the chart and the columns of the table), ``selection``,
    ``open_run``, ``sought_run`` (the run that the table should scroll to), ``reading`` (the progress of a read) and
    ``error``.

    Parameters
    ----------
    source
        The source of the runs.
    background
        The panel's background tasks.
    filters
        The initial filters.
    view
        The initial view.
    max_runs
        The maximum number of runs to keep in memory.
    clock
        A function that returns the current time.
    """

    def __init__(
        self,
        source: RunSource,
        background: Background,
        filters: ExplorerFilters | None = None,
        *,
        view: ExplorerView | None = None,
        max_runs: int = MAX_RUNS,
        clock: Callable[[], pd.Timestamp] = lambda: pd.Timestamp.now("UTC"),
    ):
        self.source = source
        self.background = background
        self.changes = Changes()
        self.filters = filters or ExplorerFilters()
        self.view = view or ExplorerView()
        self.max_runs = max_runs
        self.clock = clock
        self.cache = RunsInMemory()
        self.runs: pd.DataFrame = self.cache.frame
        self.page = 0
        self.selection: tuple[str, ...] = ()
        self.open_run_id: str | None = None
        self.sought_run_id: str | None = None
        self.reading: Reading | None = None
        self.error: Exception | None = None
        self.refreshed_at: pd.Timestamp | None = None
        # The time when runs last arrived. Views use this time to compute the current durations of runs in progress.
        self.as_of = clock()
        self.was_stopped = False
        self.is_capped = False
        self._sorted: pd.DataFrame | None = None
        self._slowdowns: pd.DataFrame | None = None

    # The state that the views draw.

    @property
    def is_complete(self) -> bool:
        """Whether all matching runs of the source are in memory."""
        return self.cache.is_complete_for(self._source_filters(self.filters))

    @property
    def has_no_runs_yet(self) -> bool:
        """Whether runs are being read, and no matching run has arrived."""
        return self.reading is not None and self.runs.empty

    @property
    def page_runs(self) -> pd.DataFrame:
        """The runs on the current page of the table, in the order of the table."""
        start = self.page * ROWS_PER_PAGE
        return self._sorted_runs().iloc[start : start + ROWS_PER_PAGE]

    def table_frame(self) -> pd.DataFrame:
        """Return all matching runs, with the columns and the order of the table."""
        runs = self._sorted_runs()
        frame = pd.DataFrame({key: column_values(runs, key) for key in self.view.columns}).reset_index(drop=True)
        frame.attrs = dict(self.runs.attrs)
        return frame

    @property
    def slowdowns(self) -> pd.DataFrame:
        """The slowdowns among the matching runs: see `dagster_nb.analysis.regressions`."""
        # If there are many runs, the search takes a second, and several views need its result.
        if self._slowdowns is None:
            self._slowdowns = regressions(self.runs)
        return self._slowdowns

    @property
    def page_count(self) -> int:
        """The number of pages, which is at least one."""
        return max(1, -(-len(self.runs) // ROWS_PER_PAGE))

    def status_counts(self) -> dict[str, int]:
        """Return the number of runs with each status, counting the runs that match all filters except the status."""
        frame = self.cache.frame
        counts = frame["status"][matching_runs(frame, self.filters.replace(status=None), self.clock())].value_counts(
            sort=False
        )
        return {str(name): int(count) for name, count in counts.items()}

    def previous_period_runs(self) -> pd.DataFrame | None:
        """Return the runs of the previous period, or None if there is no such period or its runs have not been read."""
        filters = self.filters.previous_period(self.clock())
        if filters is None or not self.cache.is_complete_for(self._source_filters(filters)):
            return None
        frame = self.cache.frame
        return frame[matching_runs(frame, filters, self.clock())]

    # User actions

    def set_filters(self, filters: ExplorerFilters) -> None:
        """Change all filters. Show the matching runs in memory immediately, and other matching runs as they arrive."""
        if filters == self.filters:
            return
        self.filters = filters
        self.page = 0
        if isinstance(self.error, RunNotFoundError):
            self._set_error(None)
        self.changes.emit("filters")
        self._update_runs()
        self._read_missing()

    def change_filters(self, **changes: Any) -> None:  # noqa: ANN401 - the fields of ExplorerFilters
        """Change some filters."""
        self.set_filters(self.filters.replace(**changes))

    def sort_by(self, column: str | None, *, ascending: bool = True) -> None:
        """Sort the table by a column. None restores the order of the source, newest first."""
        sort = None if column is None else (column, ascending)
        if sort != self.view.sort:
            self.view = replace(self.view, sort=sort)
            self._sorted = None
            self.page = 0
            self.changes.emit("page")

    def change_view(self, **changes: Any) -> None:  # noqa: ANN401 - the fields of ExplorerView
        """Show another chart or other columns."""
        view = replace(self.view, **changes)
        if view != self.view:
            self.view = view
            self.changes.emit("view")

    def go_to_page(self, page: int) -> None:
        """Show another page of the table."""
        page = min(max(page, 0), self.page_count - 1)
        if page != self.page:
            self.page = page
            self.changes.emit("page")

    def go_to_run(self, run_id: str) -> None:
        """Show a run in the table, on any page, if the run matches the filters."""
        places = np.flatnonzero(self._sorted_runs()["run_id"].eq(run_id).to_numpy(dtype=bool))
        if len(places):
            self.go_to_page(int(places[0]) // ROWS_PER_PAGE)
            self.sought_run_id = run_id
            self.changes.emit("sought_run")

    def select(self, run_ids: Iterable[str]) -> None:
        """Select runs. Ids that do not match the filters are ignored."""
        wanted = set(run_ids)
        matching = self.runs["run_id"]
        selection = tuple(matching[matching.isin(wanted)]) if wanted else ()
        if selection != self.selection:
            self.selection = selection
            self.changes.emit("selection")

    def select_range(self, begin: str, end: str) -> None:
        """Add the runs from one row of the table to another, on any page, to the selection."""
        run_ids = self._sorted_runs()["run_id"]
        places = np.flatnonzero(run_ids.isin([begin, end]).to_numpy(dtype=bool))
        if len(places):
            self.select([*self.selection, *run_ids.iloc[places[0] : places[-1] + 1]])

    def open_run(self, run_id: str | None) -> None:
        """Show the details of a run. None closes the details."""
        if run_id != self.open_run_id:
            self.open_run_id = run_id
            self.changes.emit("open_run")

    def load(self) -> None:
        """Read all matching runs."""
        self._start(self._wanted_filters())

    def refresh(self) -> None:
        """Read the changes since the last read."""
        wanted = self._wanted_filters()
        if self.reading is not None and self.reading.filters.covers(wanted):
            return
        has_base = self.cache.is_complete_for(wanted) or self.is_capped or self.was_stopped
        self._start(wanted, since=self.refreshed_at if has_base and self.error is None else None)

    def stop(self) -> None:
        """Stop reading. The runs that have already arrived are kept."""
        if self.reading is not None:
            self.background.stop("runs")
            self.was_stopped = True
            self.refreshed_at = self.refreshed_at or self.reading.started_at
            self._end_early()

    def update(self, pages: list[pd.DataFrame], *, deleted: Iterable[str] = ()) -> None:
        """Update the state of some runs, and remove deleted runs."""
        self.as_of = self.clock()
        self.cache.add(pages)
        deleted = set(deleted)
        if deleted:
            self.cache.drop(deleted)
        self._update_runs()

    # Fetching

    def _source_filters(self, filters: ExplorerFilters) -> ExplorerFilters:
        return filters.at(self.clock()).without_local()

    def _wanted_filters(self) -> ExplorerFilters:
        """Return the filters for the source. For comparisons, the filters also include the previous period."""
        filters = self._source_filters(self.filters)
        previous = self.filters.previous_period(self.clock())
        return filters if previous is None else filters.replace(created_after=previous.created_after)

    def _read_missing(self) -> None:
        wanted, reading = self._wanted_filters(), self.reading
        ends_soon = reading is not None and reading.total <= self.max_runs
        if self.cache.is_complete_for(wanted):
            if reading is not None and not ends_soon:
                self.stop()
        elif reading is None or not (ends_soon and reading.filters.covers(wanted)):
            self._start(wanted)

    def _start(self, filters: ExplorerFilters, *, since: pd.Timestamp | None = None) -> None:
        now, before = self.clock(), self.cache.frame
        reading = self.reading = Reading(filters, self.filters, now)
        self.was_stopped = self.was_stopped and since is not None
        source, max_runs = self.source, self.max_runs
        is_complete = self.cache.is_complete_for(filters)

        def work(task: Task[FetchResult]) -> FetchResult:
            if since is None:
                return fetch_all(task, source, filters, max_runs)
            known = before[matching_runs(before, filters, now)]
            return fetch_changes(task, source, filters, known, since, max_runs, is_complete=is_complete)

        self.background.start(
            "runs", work, done=partial(self._finish, reading, before), failed=self._fail, on_progress=self._add
        )
        self.changes.emit("reading")

    def _add(self, progress: FetchProgress) -> None:
        if self.reading is None:
            return
        self.reading.count, self.reading.total = progress.count, progress.total
        if progress.pages:
            self.as_of = self.clock()
            self.cache.add(progress.pages)
            self._update_runs()
        self.changes.emit("reading")

    def _finish(self, reading: Reading, before: pd.DataFrame, result: FetchResult) -> None:
        if result.is_full:
            self.is_capped = result.is_capped
            if not result.is_capped:
                self.cache.mark_complete(reading.filters, result.run_ids, before, reading.started_at)
        self.reading = None
        self.refreshed_at = reading.started_at
        self.as_of = self.clock()
        self._set_error(None)
        self._update_runs()
        if reading.shown_filters != self.filters:
            # The filters changed while runs were being read, so some matching runs may be missing.
            self._read_missing()
        self.changes.emit("reading")

    def _fail(self, error: Exception) -> None:
        self._set_error(error)
        self._end_early()

    def _end_early(self) -> None:
        """Stop reading, although not all runs have been read."""
        self.reading = None
        # The views of the runs also show whether all of them have been read.
        self.changes.emit("runs")
        self.changes.emit("reading")

    def _set_error(self, error: Exception | None) -> None:
        if error is not self.error:
            self.error = error
            self.changes.emit("error")

    def _update_runs(self) -> None:
        frame = self.cache.frame
        runs = frame[matching_runs(frame, self.filters, self.clock())].reset_index(drop=True)
        runs.attrs["dagster_nb"] = self._attrs()
        self.runs = runs
        self._sorted = self._slowdowns = None
        self.page = min(self.page, self.page_count - 1)
        self.changes.emit("runs")
        if self.selection:
            self.select(self.selection)
        self._report_ambiguous_ids()

    def _report_ambiguous_ids(self) -> None:
        """Report a shortened run id that several runs match, like a read from the source."""
        run_ids = self.filters.run_ids or ()
        if not any(map(is_shortened, run_ids)):
            return
        try:
            full_ids_of_filter(run_ids, self.cache.frame["run_id"])
        except RunNotFoundError as error:
            if str(error) != str(self.error):
                self._set_error(error)

    def _sorted_runs(self) -> pd.DataFrame:
        """Return all matching runs in the order of the table.

        Sort them again only if the runs or the order have changed.
        """
        if self._sorted is None:
            self._sorted = self.runs if self.view.sort is None else sort_runs(self.runs, *self.view.sort)
        return self._sorted

    def _attrs(self) -> dict[str, Any]:
        """Return the server, the filters and the time of the last read as plain JSON."""
        url = getattr(self.source, "url", None)
        filters = self.filters.at(self.clock()).as_json()
        return {"url": url, "filters": filters, "fetched_at": self.as_of.isoformat()}


def sort_runs(runs: pd.DataFrame, column: str, ascending: bool) -> pd.DataFrame:  # noqa: FBT001 - stored as a pair
    """Return runs sorted by a column. Missing values come last, and runs with equal values keep their order."""
    values = column_values(runs, column)
    keys = values.cat.codes if isinstance(values.dtype, pd.CategoricalDtype) else values
    order = keys.reset_index(drop=True).sort_values(ascending=ascending, kind="stable", na_position="last").index
    return runs.iloc[np.asarray(order)]
