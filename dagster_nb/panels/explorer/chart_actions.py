"""``ChartActions``: the effects of clicks and drags in a chart, with undo."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from dagster_nb.analysis.read_columns import creation_times

if TYPE_CHECKING:
    from datetime import tzinfo

    from dagster_nb.panels.explorer.filters import ExplorerFilters
    from dagster_nb.panels.explorer.model import ExplorerModel

__all__ = ["ChartActions"]

_SECOND, _MICROSECOND = pd.Timedelta(seconds=1), pd.Timedelta(microseconds=1)


class ChartActions:
    """Open runs and change the filters, with undo.

    Parameters
    ----------
    model
        The explorer's model.
    """

    def __init__(self, model: ExplorerModel):
        self._model = model
        # The filters before and after each change, for undo.
        self._changes: list[tuple[ExplorerFilters, ExplorerFilters]] = []

    @property
    def can_go_back(self) -> bool:
        """Whether there is a change to undo and nothing else has changed the filters since then."""
        return bool(self._changes) and self._changes[-1][1] == self._model.filters

    def go_back(self) -> None:
        """Undo the last change, unless something else has changed the filters since then."""
        if self.can_go_back:
            before, _ = self._changes.pop()
            self._model.set_filters(before)

    def open_run(self, run_id: str) -> None:
        """Select a run, show the page of the table that contains it, and show its details."""
        self._model.go_to_run(run_id)
        self._model.select([run_id])
        self._model.open_run(run_id)

    def show_job(self, name: str) -> None:
        """Show only the runs of a job."""
        self._set_filters(self._model.filters.replace(job=(name,)))

    def show_status(self, name: str) -> None:
        """Show only the runs with a status."""
        self._set_filters(self._model.filters.replace(status=(name,)))

    def show_durations(self, shortest: float, longest: float) -> None:
        """Show only the finished runs with a duration in a range, in seconds."""
        # The bounds are inclusive, so round the lower bound down and the upper bound up.
        bounds = pd.Timedelta(seconds=shortest).floor("ms"), pd.Timedelta(seconds=longest).ceil("ms")
        self._set_filters(self._model.filters.replace(min_duration=bounds[0], max_duration=bounds[1]))

    def show_period(self, begin: pd.Timestamp, end: pd.Timestamp, column: str, zone: tzinfo) -> None:
        """Show only the runs in a period.

        Dagster filters by creation time. If the chart shows start times, the filter therefore begins at the creation
        time of the first run in the period, so that it does not exclude this run.

        Parameters
        ----------
        begin, end
            The start and the end of the period.
        column
            The name of the column that the x axis shows: ``"start_time"`` or ``"creation_time"``.
        zone
            The time zone of the filters.
        """
        runs = self._model.runs
        created = creation_times(runs)
        times = created if column == "creation_time" else runs[column]
        first = created[(times >= begin) & (times <= end)].min()
        begin = begin if pd.isna(first) else min(begin, first)
        # The bounds are exclusive, so move each bound outward to the next whole second.
        bounds = (begin.ceil("s") - _SECOND).tz_convert(zone), (end.floor("s") + _SECOND).tz_convert(zone)
        after, before = (bound.isoformat(sep=" ") for bound in bounds)
        self._set_filters(self._model.filters.replace(created_after=after, created_before=before))

    def show_bar(self, begin: pd.Timestamp, end: pd.Timestamp, status: str) -> None:
        """Show only the runs of a bar, which were created in the same period and have the same status.

        Parameters
        ----------
        begin, end
            The start of the period, and the time directly after it.
        status
            The status, or "" for the runs with any status.
        """
        filters = self._model.filters
        created = creation_times(self._model.runs)
        changes: dict[str, object] = {"status": (status,)} if status else {}
        # The current time filter may contain only a part of the first or last period. In that case, keep the bound that
        # is inside the period.
        if filters.created_after is None or begin > created.min():
            # The bound is exclusive.
            changes["created_after"] = (begin - _MICROSECOND).isoformat(sep=" ")
        if filters.created_before is None or end <= created.max():
            changes["created_before"] = end.isoformat(sep=" ")
        self._set_filters(filters.replace(**changes))

    def _set_filters(self, filters: ExplorerFilters) -> None:
        before = self._model.filters
        if filters != before:
            if not self.can_go_back:
                self._changes.clear()
            self._changes.append((before, filters))
            self._model.set_filters(filters)
