"""The table: a bounded window of the runs in view, whose rows are known by their run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anywidget
import ipywidgets as widgets
import numpy as np
import pandas as pd
import traitlets

from dagster_nb.panels.explorer.model import WINDOW
from dagster_nb.panels.markup import MARKS, ago, moment, number, plural, span
from dagster_nb.panels.stage import STATIC

if TYPE_CHECKING:
    from dagster_nb.panels.explorer.model import ExplorerModel

__all__ = ["COLUMNS", "RunTable", "Table", "table_rows"]

COLUMNS = (
    {"key": "status", "name": "Status", "kind": "status", "first": "ascending"},
    {"key": "job", "name": "Job", "kind": "text", "first": "ascending"},
    {"key": "started", "name": "Started", "kind": "time", "first": "ascending"},
    {"key": "duration", "name": "Duration", "kind": "span", "first": "descending"},
    {"key": "partition_key", "name": "Partition", "kind": "text", "first": "ascending"},
    {"key": "tags", "name": "Tags", "kind": "tags", "first": "ascending"},
    {"key": "by", "name": "Launched by", "kind": "text", "first": "ascending"},
    {"key": "short", "name": "Run", "kind": "id", "first": "ascending"},
)
_SORTS = {
    "status": "status",
    "job": "job_name",
    "started": "start_time",
    "duration": "duration",
    "partition_key": "partition_key",
    "by": "launched_by",
    "short": "run_id",
}
_TAGS_SENT = 12
_LONGEST = 200
# Tags that other columns say already.
_SHOWN_ELSEWHERE = frozenset(
    {"dagster/partition", "dagster/schedule_name", "dagster/sensor_name", "user", "dagster/backfill"}
)


class RunTable(anywidget.AnyWidget):
    """The table in the browser.

    Attributes
    ----------
    columns, rows : list of dict
        What to show; each row has an ``id``.
    selected : list of str
        The ids of the selected runs.
    active : str
        The id of the run that is looked at closely.
    sort : list of str
        A column and ``"ascending"`` or ``"descending"``.
    empty : str
        What to say where there are no rows.
    """

    _esm = STATIC / "table.js"
    _css = STATIC / "explorer.css"

    columns: Any = traitlets.List().tag(sync=True)
    rows: Any = traitlets.List().tag(sync=True)
    selected = traitlets.List(traitlets.Unicode()).tag(sync=True)
    active = traitlets.Unicode("").tag(sync=True)
    sort = traitlets.List(["", "none"]).tag(sync=True)
    empty = traitlets.Unicode("").tag(sync=True)


def table_rows(runs: pd.DataFrame, now: pd.Timestamp) -> list[dict[str, Any]]:
    """Return runs as the rows that the browser shows.

    Parameters
    ----------
    runs
        The window.
    now
        For "3 h ago", and for how long a run has been going on.
    """
    going_on = runs["start_time"].notna() & runs["end_time"].isna()
    took = runs["duration"].mask(going_on, now - runs["start_time"])
    seconds = took.dt.total_seconds().to_numpy()
    shares = _shares(seconds)
    rows = []
    for values, length, share, unfinished in zip(
        runs[
            ["run_id", "job_name", "status", "start_time", "creation_time", "partition_key", "tags", "launched_by"]
        ].itertuples(index=False, name=None),
        took,
        shares,
        going_on,
        strict=True,
    ):
        run_id, job, status, start, created, partition, tags, launched_by = values
        began = created if pd.isna(start) else start
        said = span(length) if not unfinished else f"{span(length.floor('s'))} so far"
        rows.append(
            {
                "id": run_id,
                "short": run_id[:8],
                "status": status,
                "hue": status if status in MARKS else "unknown",
                "mark": MARKS.get(status, "✱"),
                "job": _text(job),
                "started": [("queued " if pd.isna(start) else "") + ago(began, now), moment(began)],
                "duration": [said, share],
                "partition_key": _text(partition),
                "by": _text(launched_by),
                "tags": [
                    [key[:_LONGEST], str(value)[:_LONGEST]]
                    for key, value in sorted(tags.items(), key=_own_first)
                    if key not in _SHOWN_ELSEWHERE
                ][:_TAGS_SENT],
            }
        )
    return rows


def _text(value: Any) -> str:  # noqa: ANN401 - a cell
    return "" if pd.isna(value) else str(value)[:_LONGEST]


def _own_first(tag: tuple[str, str]) -> tuple[bool, str]:
    return tag[0].startswith("dagster/"), tag[0]


def _shares(seconds: np.ndarray[Any, np.dtype[np.float64]]) -> list[float]:
    """Return how long each bar is: durations differ by orders of magnitude, so by their logarithm."""
    known = seconds[np.isfinite(seconds)]
    if not len(known):
        return [0.0] * len(seconds)
    logs = np.log1p(np.nan_to_num(seconds, nan=0.0).clip(0))
    top = logs.max() or 1.0
    return [round(float(value), 3) for value in logs / top]


class Table:
    """Draws the table, and what says how much of the runs it shows.

    Parameters
    ----------
    model
        Whose runs.
    """

    def __init__(self, model: ExplorerModel):
        self._model = model
        self.table = RunTable(columns=list(COLUMNS))
        self._shown = widgets.HTML()
        self._earlier = widgets.Button(description="◀ Newer", layout=widgets.Layout(width="auto"))
        self._later = widgets.Button(description="Older ▶", layout=widgets.Layout(width="auto"))
        self._earlier.on_click(lambda _button: model.turn_to(model.page - 1))
        self._later.on_click(lambda _button: model.turn_to(model.page + 1))
        self.table.observe(lambda change: model.select(change["new"]), names="selected")
        self.table.observe(lambda change: model.open(change["new"] or None), names="active")
        self.table.observe(lambda change: self._sort(*change["new"]), names="sort")
        foot = widgets.HBox([self._shown, self._earlier, self._later])
        foot.add_class("dnb-wrap")
        foot.add_class("dnb-foot")
        self.widget: Any = widgets.VBox([self.table, foot], layout=widgets.Layout(width="100%", overflow="visible"))

    def draw(self) -> None:
        """Draw the rows as they are now; nothing is sent that the browser has already."""
        model = self._model
        rows = table_rows(model.window, model.clock())
        self.table.empty = self._why_empty()
        if rows != self.table.rows:
            self.table.rows = rows
        self.draw_selection()
        self._draw_foot()

    def draw_selection(self) -> None:
        """Draw which rows are selected, and which run is looked at closely."""
        if list(self._model.selection) != self.table.selected:
            self.table.selected = list(self._model.selection)
        if (self._model.active or "") != self.table.active:
            self.table.active = self._model.active or ""

    def _draw_foot(self) -> None:
        model = self._model
        count = len(model.view)
        several = model.pages > 1
        for button in (self._earlier, self._later):
            button.layout.display = "" if several else "none"
        self._earlier.disabled = model.page == 0
        self._later.disabled = model.page >= model.pages - 1
        if several:
            first = model.page * WINDOW
            last = min(first + WINDOW, count)
            words = f"showing {number(last - first)} of {number(count)} runs ({number(first + 1)} to {number(last)})"
        else:
            words = f"showing all {plural(count, 'run')}" if count else "no runs"
        self._shown.value = f'<span class="dnb-muted" role="status">{words} · times in UTC</span>'

    def _why_empty(self) -> str:
        model = self._model
        if model.loading:
            return "Loading runs…"
        if model.error is not None and not len(model.store):
            return "No runs could be read."
        if model.filters.is_empty:
            return "This Dagster has no runs yet."
        return "No run matches these filters."

    def _sort(self, key: str, direction: str) -> None:
        column = _SORTS.get(key)
        if column is None and key:
            self.table.sort = ["", "none"]
            return
        self._model.sort_by(column, ascending=direction == "ascending")
