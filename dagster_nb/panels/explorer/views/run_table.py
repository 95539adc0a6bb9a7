"""``RunTableView``: one page of the runs as a table. Rows are identified by their run, not by their position."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anywidget
import ipywidgets as widgets
import numpy as np
import pandas as pd
import traitlets

from dagster_nb.panels.explorer.model import ROWS_PER_PAGE
from dagster_nb.panels.viewport import STATIC
from dagster_nb.statuses import status_of
from dagster_nb.words import count_text, duration_text, plural, relative_time_text, short_id, time_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dagster_nb.panels.explorer.model import ExplorerModel

__all__ = ["COLUMNS", "RunTable", "RunTableView", "table_rows"]

# "filters" says what a click on a value filters by: see `filter_by_cell`.
# "first" is the direction of the first click on the header; a column without it cannot be sorted.
COLUMNS = (
    {"key": "status", "name": "Status", "kind": "status", "first": "ascending"},
    {"key": "job", "name": "Job", "kind": "text", "filters": "job", "first": "ascending"},
    {"key": "started", "name": "Started", "kind": "time", "first": "ascending"},
    {"key": "duration", "name": "Duration", "kind": "span", "first": "descending"},
    {"key": "partition_key", "name": "Partition", "kind": "text", "first": "ascending"},
    {"key": "tags", "name": "Tags", "kind": "tags"},
    {"key": "by", "name": "Launched by", "kind": "text", "filters": "launched_by", "first": "ascending"},
    {"key": "short", "name": "Run", "kind": "id", "first": "ascending"},
)
_SORT_COLUMNS = {
    "status": "status",
    "job": "job_name",
    "started": "start_time",
    "duration": "duration",
    "partition_key": "partition_key",
    "by": "launched_by",
    "short": "run_id",
}
_MAX_TAGS = 12
_MAX_CELL_LENGTH = 200
# These tags are shown in other columns.
_TAGS_IN_COLUMNS = frozenset(
    {"dagster/partition", "dagster/schedule_name", "dagster/sensor_name", "user", "dagster/backfill"}
)


class RunTable(anywidget.AnyWidget):
    """The table in the browser.

    Attributes
    ----------
    columns, rows : list of dict
        The columns and the rows. Each row has the key ``id``.
    selected : list of str
        The ids of the selected runs.
    active : str
        The id of the run whose details are shown.
    sort : list of str
        A column, and ``"ascending"``, ``"descending"`` or ``"none"``.
    resets : int
        Increases when the table shows other runs, so that it scrolls to its top.
    empty : str
        The message to show if there are no rows.
    """

    _esm = STATIC / "run_table.js"

    columns: Any = traitlets.List().tag(sync=True)
    rows: Any = traitlets.List().tag(sync=True)
    selected = traitlets.List(traitlets.Unicode()).tag(sync=True)
    active = traitlets.Unicode("").tag(sync=True)
    sort = traitlets.List(["", "none"]).tag(sync=True)
    resets = traitlets.Int(0).tag(sync=True)
    empty = traitlets.Unicode("").tag(sync=True)


def table_rows(runs: pd.DataFrame, now: pd.Timestamp) -> list[dict[str, Any]]:
    """Return runs as the rows of the table in the browser.

    Parameters
    ----------
    runs
        The runs of one page.
    now
        The time when the runs were read, for "3 h ago" and for the duration so far of a run in progress.
    """
    in_progress = runs["start_time"].notna() & runs["end_time"].isna()
    durations = runs["duration"].mask(in_progress, now - runs["start_time"])
    rows = []
    columns = ["run_id", "job_name", "status", "start_time", "creation_time", "partition_key", "tags", "launched_by"]
    for values, duration, bar, is_in_progress in zip(
        runs[columns].itertuples(index=False, name=None),
        durations,
        _bar_lengths(durations.dt.total_seconds().to_numpy()),
        in_progress,
        strict=True,
    ):
        run_id, job, status, start, created, partition, tags, launched_by = values
        since = created if pd.isna(start) else start
        shown = f"{duration_text(duration.floor('s'))} so far" if is_in_progress else duration_text(duration)
        known = status_of(status)
        rows.append(
            {
                "id": run_id,
                "short": short_id(run_id),
                "status": status,
                "hue": known.name,
                "mark": known.symbol,
                "job": _text(job),
                "started": [("queued " if pd.isna(start) else "") + relative_time_text(since, now), time_text(since)],
                "duration": [shown, bar],
                "partition_key": _text(partition),
                "by": _text(launched_by),
                "tags": [
                    [key[:_MAX_CELL_LENGTH], str(value)[:_MAX_CELL_LENGTH]]
                    for key, value in sorted(tags.items(), key=_users_tags_first)
                    if key not in _TAGS_IN_COLUMNS
                ][:_MAX_TAGS],
            }
        )
    return rows


def _text(value: Any) -> str:  # noqa: ANN401 - a cell
    return "" if pd.isna(value) else str(value)[:_MAX_CELL_LENGTH]


def _users_tags_first(tag: tuple[str, str]) -> tuple[bool, str]:
    return tag[0].startswith("dagster/"), tag[0]


def _bar_lengths(seconds: np.ndarray[Any, np.dtype[np.float64]]) -> list[float]:
    """Return the length of each bar, from 0 to 1, on a log scale: durations differ by orders of magnitude."""
    known = seconds[np.isfinite(seconds)]
    if not len(known):
        return [0.0] * len(seconds)
    logs = np.log1p(np.nan_to_num(seconds, nan=0.0).clip(0))
    longest = logs.max() or 1.0
    return [round(float(value), 3) for value in logs / longest]


class RunTableView:
    """Draws the table, and below it the range of runs that it shows.

    Parameters
    ----------
    model
        The explorer's model.
    """

    def __init__(self, model: ExplorerModel):
        self._model = model
        self.table = RunTable(columns=list(COLUMNS))
        self._shown_part: tuple[Any, ...] = (model.filters, model.page, model.sort)
        self._shown = widgets.HTML()
        self._newer = widgets.Button(description="◀ Newer", layout=widgets.Layout(width="auto"))
        self._older = widgets.Button(description="Older ▶", layout=widgets.Layout(width="auto"))
        background = model.background
        background.on_click(self._newer, lambda: model.go_to_page(model.page - 1))
        background.on_click(self._older, lambda: model.go_to_page(model.page + 1))
        background.on_change(self.table, self._select, name="selected")
        background.on_change(self.table, lambda run_id: model.open_run(run_id or None), name="active")
        background.on_change(self.table, self._sort, name="sort")
        foot = widgets.HBox([self._shown, self._newer, self._older])
        foot.add_class("dnb-wrap")
        foot.add_class("dnb-foot")
        self.widget: Any = widgets.VBox([self.table, foot], layout=widgets.Layout(width="100%", overflow="visible"))

    def draw(self) -> None:
        """Draw the current page. Data that the browser already has is not sent again."""
        model = self._model
        rows = table_rows(model.page_runs, model.as_of)
        part = (model.filters, model.page, model.sort)
        # All changes are sent in one message, so that the browser draws once.
        with self.table.hold_sync():
            self.table.empty = self._empty_message()
            if rows != self.table.rows:
                self.table.rows = rows
            if part != self._shown_part:
                self._shown_part = part
                self.table.resets += 1
            self._draw_sort()
            self.draw_selection()
        self._draw_foot()

    def draw_selection(self) -> None:
        """Mark the selected rows and the open run."""
        if list(self._model.selection) != self.table.selected:
            self.table.selected = list(self._model.selection)
        if (self._model.open_run_id or "") != self.table.active:
            self.table.active = self._model.open_run_id or ""

    def _draw_sort(self) -> None:
        sort = ["", "none"]
        if self._model.sort is not None:
            column, ascending = self._model.sort
            key = next(key for key, name in _SORT_COLUMNS.items() if name == column)
            sort = [key, "ascending" if ascending else "descending"]
        if sort != self.table.sort:
            self.table.sort = sort

    def _draw_foot(self) -> None:
        model = self._model
        count = len(model.runs)
        has_pages = model.page_count > 1
        for button in (self._newer, self._older):
            button.layout.display = "" if has_pages else "none"
        self._newer.disabled = model.page == 0
        self._older.disabled = model.page >= model.page_count - 1
        if has_pages:
            first = model.page * ROWS_PER_PAGE
            last = min(first + ROWS_PER_PAGE, count)
            which = f"{count_text(first + 1)} to {count_text(last)}"
            words = f"showing {count_text(last - first)} of {count_text(count)} runs ({which})"
        else:
            words = f"showing all {plural(count, 'run')}" if count else "no runs"
        self._shown.value = f'<span class="dnb-muted" role="status">{words} · times in UTC</span>'

    def _empty_message(self) -> str:
        model = self._model
        if model.reading is not None:
            return "Loading runs…"
        if model.error is not None and not len(model.cache):
            return "No runs could be read."
        if model.filters.is_empty:
            return "This Dagster has no runs yet."
        return "No run matches these filters."

    def _select(self, run_ids: Sequence[str]) -> None:
        self._model.select(run_ids)
        self.draw_selection()

    def _sort(self, sort: Sequence[str]) -> None:
        key, direction = sort
        self._model.sort_by(_SORT_COLUMNS.get(key), ascending=direction == "ascending")
        self._draw_sort()
