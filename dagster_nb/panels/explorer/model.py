"""The state of an explorer: filters, runs, selection. It knows no widgets, and it alone talks to the source."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from dagster_nb.panels.explorer.fetching import Arrived, Fetched, fetch_all, fetch_changes
from dagster_nb.panels.explorer.filters import RunFilters, matches
from dagster_nb.panels.explorer.signals import Signals
from dagster_nb.panels.explorer.store import RunStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from dagster_nb.panels.background import Background, Task
    from dagster_nb.panels.explorer.source import RunSource

__all__ = ["WINDOW", "ExplorerModel", "Progress"]

WINDOW = 1_000
"""The most rows that a table shows at once."""

MOST_RUNS = 100_000
"""The most runs that are kept in memory unasked."""


class Progress:
    """How far a reading is.

    Attributes
    ----------
    count, total : int
        Runs that have come, and runs there are.
    """

    def __init__(self) -> None:
        self.count = 0
        self.total = 0


class ExplorerModel:
    """What an explorer shows.

    Events, to be heard of with ``signals.on``: ``filters``, ``runs`` (the runs in view changed), ``window`` (which of
    them the table shows), ``selection``, ``active``, ``progress``, ``error``.

    Parameters
    ----------
    source
        Where runs come from.
    background
        Where to wait for it.
    filters
        What to show first.
    most
        The most runs to keep in memory.
    clock
        What time it is.
    """

    def __init__(
        self,
        source: RunSource,
        background: Background,
        filters: RunFilters | None = None,
        *,
        most: int = MOST_RUNS,
        clock: Callable[[], pd.Timestamp] = lambda: pd.Timestamp.now("UTC"),
    ):
        self.source = source
        self.background = background
        self.signals = Signals()
        self.filters = filters or RunFilters()
        self.most = most
        self.clock = clock
        self.store = RunStore()
        self.view: pd.DataFrame = self.store.frame
        self.page = 0
        self.sort: tuple[str, bool] | None = None
        self.selection: tuple[str, ...] = ()
        self.active: str | None = None
        self.progress: Progress | None = None
        self.error: Exception | None = None
        self.refreshed_at: pd.Timestamp | None = None
        self.was_stopped = False
        self.capped = False
        self._asked: RunFilters | None = None
        self._asked_at: pd.Timestamp | None = None
        self._asked_for: RunFilters | None = None
        self._order: pd.DataFrame | None = None

    # What is in view

    @property
    def complete(self) -> bool:
        """Whether the runs in view are all that the source has."""
        return self.store.holds_all(self._question(self.filters))

    @property
    def loading(self) -> bool:
        """Whether runs are being read."""
        return self.progress is not None

    @property
    def window(self) -> pd.DataFrame:
        """The rows of the table: a bounded part of the runs in view, in the table's order."""
        start = self.page * WINDOW
        return self._sorted().iloc[start : start + WINDOW]

    @property
    def pages(self) -> int:
        """How many windows there are; at least one."""
        return max(1, -(-len(self.view) // WINDOW))

    def counts(self) -> dict[str, int]:
        """Return how many runs each status has among those that the other filters let through."""
        mask = matches(self.store.frame, self.filters.but(status=None), self.clock())
        return {
            str(name): int(count) for name, count in self.store.frame["status"][mask].value_counts(sort=False).items()
        }

    def before(self) -> pd.DataFrame | None:
        """Return the runs of the period before; None where there is no such period, or they are not here."""
        filters = self.filters.before(self.clock())
        if filters is None or not self.store.holds_all(self._question(filters)):
            return None
        return self.store.frame[matches(self.store.frame, filters, self.clock())]

    # What a person does

    def set_filters(self, filters: RunFilters) -> None:
        """Show other runs: at once what is in memory, and the rest as it comes."""
        if filters == self.filters:
            return
        self.filters = filters
        self.page = 0
        self.signals.emit("filters")
        self._look()
        self._read_what_is_missing()

    def change(self, **changes: Any) -> None:  # noqa: ANN401 - the fields of RunFilters
        """Change some of the filters."""
        self.set_filters(self.filters.but(**changes))

    def sort_by(self, column: str | None, *, ascending: bool = True) -> None:
        """Put the table in an order; None is the source's own, newest first."""
        self.sort = None if column is None else (column, ascending)
        self._order = None
        self.page = 0
        self.signals.emit("window")

    def turn_to(self, page: int) -> None:
        """Show another window."""
        page = min(max(page, 0), self.pages - 1)
        if page != self.page:
            self.page = page
            self.signals.emit("window")

    def select(self, ids: Iterable[str]) -> None:
        """Select runs; those that are not in view cannot be."""
        wanted = set(ids)
        here = self.view["run_id"]
        chosen = tuple(here[here.isin(wanted)]) if wanted else ()
        if chosen != self.selection:
            self.selection = chosen
            self.signals.emit("selection")

    def open(self, run_id: str | None) -> None:
        """Look at one run closely."""
        if run_id != self.active:
            self.active = run_id
            self.signals.emit("active")

    def load(self) -> None:
        """Read the runs that match, all of them."""
        self._start(self._wanted())

    def refresh(self) -> None:
        """Look what the source has now."""
        asked = self._wanted()
        if self.loading and self._asked is not None and self._asked.covers(asked):
            return
        if self.error is not None or not (self.store.holds_all(asked) or self.capped or self.was_stopped):
            self._start(asked)
        else:
            self._start(asked, since=self.refreshed_at)

    def stop(self) -> None:
        """Stop reading; what has come stays."""
        if self.loading:
            self.background.stop("runs")
            self.was_stopped = True
            self.progress = None
            self.refreshed_at = self.refreshed_at or self._asked_at
            self.signals.emit("progress")

    def take_in(self, pages: list[pd.DataFrame], *, gone: Iterable[str] = ()) -> None:
        """Take runs as they are now, and forget others."""
        self.store.add(pages)
        gone = set(gone)
        if gone:
            self.store.drop(gone)
        self._look()

    # How it comes about

    def _question(self, filters: RunFilters) -> RunFilters:
        return filters.at(self.clock()).source_part()

    def _wanted(self) -> RunFilters:
        """Return what to ask the source for: what is in view, and the period before it to compare with."""
        asked = self._question(self.filters)
        before = self.filters.before(self.clock())
        return asked if before is None else asked.but(created_after=before.created_after)

    def _read_what_is_missing(self) -> None:
        asked = self._wanted()
        if self.store.holds_all(asked):
            self._give_up_what_nobody_wants()
            return
        under_way = self._asked if self.loading else None
        if under_way is not None and under_way.covers(asked) and self._ends_soon():
            return
        self._start(asked)

    def _ends_soon(self) -> bool:
        return self.progress is not None and self.progress.total <= self.most

    def _give_up_what_nobody_wants(self) -> None:
        if self.loading and not self._ends_soon():
            self.stop()

    def _start(self, asked: RunFilters, *, since: pd.Timestamp | None = None) -> None:
        now = self.clock()
        known = self.store.frame
        exact = self.store.holds_all(asked)
        self._asked, self._asked_at, self._asked_for = asked, now, self.filters
        self.progress = Progress()
        self.was_stopped = self.was_stopped and since is not None
        source, most = self.source, self.most

        def work(task: Task[Fetched]) -> Fetched:
            if since is None:
                return fetch_all(task, source, asked, most)
            matching = known[matches(known, asked, now)]
            return fetch_changes(task, source, asked, matching, since, most, exact=exact)

        def done(result: Fetched) -> None:
            if result.exact:
                self.capped = result.capped
                if not result.capped:
                    self.store.finish(asked, result.seen, known, now)
            self.progress = None
            self.refreshed_at = now
            self._fail(None)
            self._look()
            if self._asked_for != self.filters:
                # Chosen while this went on, in the hope that it would bring those runs too.
                self._read_what_is_missing()
            self.signals.emit("progress")

        def failed(error: Exception) -> None:
            self.progress = None
            self._fail(error)
            self.signals.emit("progress")

        self.background.start("runs", work, done=done, failed=failed, on_progress=self._arrived)
        self.signals.emit("progress")

    def _arrived(self, arrived: Arrived) -> None:
        if self.progress is None:
            return
        self.progress.count, self.progress.total = arrived.count, arrived.total
        if arrived.pages:
            self.store.add(arrived.pages)
            self._look()
        self.signals.emit("progress")

    def _fail(self, error: Exception | None) -> None:
        if error is not self.error:
            self.error = error
            self.signals.emit("error")

    def _look(self) -> None:
        frame = self.store.frame
        view = frame[matches(frame, self.filters, self.clock())].reset_index(drop=True)
        view.attrs["dagster_nb"] = self._provenance()
        self.view = view
        self._order = None
        self.page = min(self.page, self.pages - 1)
        self.signals.emit("runs")
        if self.selection:
            self.select(self.selection)

    def _provenance(self) -> dict[str, Any]:
        asked = self.filters.at(self.clock())
        filters = {
            name: value.isoformat() if isinstance(value, pd.Timestamp) else value
            for name, value in asked.question().items()
        }
        fetched = self.refreshed_at or self.clock()
        return {"url": getattr(self.source, "url", None), "filters": filters, "fetched_at": fetched.isoformat()}

    def _sorted(self) -> pd.DataFrame:
        if self._order is None:
            self._order = self.view if self.sort is None else sort_runs(self.view, *self.sort)
        return self._order


def sort_runs(runs: pd.DataFrame, column: str, ascending: bool) -> pd.DataFrame:  # noqa: FBT001 - stored as a pair
    """Return runs by a column, those without a value last; ties stay in the order given."""
    values = runs[column]
    codes = values.cat.codes if isinstance(values.dtype, pd.CategoricalDtype) else values
    order = codes.reset_index(drop=True).sort_values(ascending=ascending, kind="stable", na_position="last").index
    return runs.iloc[np.asarray(order)]
