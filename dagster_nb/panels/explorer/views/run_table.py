"""``RunTableView``: one page of the runs table. Rows are identified by run ids, not by positions."""

from __future__ import annotations

from dataclasses import asdict
from functools import partial
from html import escape
from typing import TYPE_CHECKING, Any

import anywidget
import ipywidgets as widgets
import traitlets

from dagster_nb.export_runs import csv_text
from dagster_nb.panels.explorer.actions import ACTIONS
from dagster_nb.panels.explorer.columns import DEFAULT_COLUMNS, column_of, tag_key
from dagster_nb.panels.explorer.filter_by_cell import filter_by_cell
from dagster_nb.panels.explorer.model import ROWS_PER_PAGE
from dagster_nb.panels.explorer.views.column_menu import ColumnMenu
from dagster_nb.panels.explorer.views.table_rows import table_rows
from dagster_nb.panels.viewport import STATIC
from dagster_nb.time_zones import zone_name
from dagster_nb.words import count_text, plural

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from dagster_nb.panels.explorer.actions import ActionsModel
    from dagster_nb.panels.explorer.model import ExplorerModel
    from dagster_nb.panels.viewport import Viewport

__all__ = ["MENU_ACTIONS", "RunTable", "RunTableView"]

_SCRIPTS = ("column_widths.js", "row_menu.js", "run_table.js")

_PAGER = (("First", "first"), ("◀ Previous", "previous"), ("Next ▶", "next"), ("Last", "last"))

MENU_ACTIONS = ("from_failure", "all_steps", "terminate", "delete")
"""The actions in the context menu of a row."""


class RunTable(anywidget.AnyWidget):
    """The table in the browser.

    Attributes
    ----------
    columns, rows : list of dict
        The columns (see `Column`; ``tag`` is the key of a tag) and the rows (see `table_rows`).
    widths : dict
        The widths in CSS pixels of the columns that the user has resized. Only the browser uses these widths.
    start, count : int
        The position of the page's first row among all matching runs, and the number of matching runs.
    selected : list of str
        The ids of the selected runs, on all pages. Only the kernel changes this attribute.
    active : str
        The id of the open run.
    sort : list of str
        A column, and ``"ascending"``, ``"descending"`` or ``"none"``.
    resets : int
        A counter. When it increases, the table scrolls to the top, because it shows other runs.
    empty : str
        The message to show if there are no rows.
    """

    _esm = "\n".join((STATIC / name).read_text("utf-8") for name in _SCRIPTS)

    columns: Any = traitlets.List().tag(sync=True)
    rows: Any = traitlets.List().tag(sync=True)
    start = traitlets.Int(0).tag(sync=True)
    count = traitlets.Int(0).tag(sync=True)
    widths: Any = traitlets.Dict().tag(sync=True)
    selected = traitlets.List(traitlets.Unicode()).tag(sync=True)
    active = traitlets.Unicode("").tag(sync=True)
    sort = traitlets.List(["", "none"]).tag(sync=True)
    resets = traitlets.Int(0).tag(sync=True)
    empty = traitlets.Unicode("").tag(sync=True)


class RunTableView:
    """The table, and below it the range of displayed runs and the buttons that change the page.

    Parameters
    ----------
    model
        The explorer's model.
    viewport
        The panel's viewport, which provides the time zone.
    actions
        The explorer's actions, which say why some of them are disabled.
    ask
        A function that asks the user to confirm an action. Its arguments are the action and a list of run ids.
    """

    def __init__(
        self,
        model: ExplorerModel,
        viewport: Viewport,
        actions: ActionsModel,
        ask: Callable[[str, Sequence[str]], None],
    ):
        self._model = model
        self._viewport = viewport
        self._actions = actions
        self._ask = ask
        self.table = RunTable(columns=_columns(model.view.columns))
        self._shown_part: tuple[Any, ...] = (model.filters, model.page, model.view.sort)
        self._shown = widgets.HTML()
        background = model.background
        self._to_first, self._to_previous, self._to_next, self._to_last = self._pager = [
            widgets.Button(description=name, tooltip=f"Show the {page} page", layout=widgets.Layout(width="auto"))
            for name, page in _PAGER
        ]
        background.on_click(self._to_first, lambda: model.go_to_page(0))
        background.on_click(self._to_previous, lambda: model.go_to_page(model.page - 1))
        background.on_click(self._to_next, lambda: model.go_to_page(model.page + 1))
        background.on_click(self._to_last, lambda: model.go_to_page(model.page_count - 1))
        background.on_change(self.table, lambda run_id: model.open_run(run_id or None), name="active")
        background.on_change(self.table, self._sort, name="sort")
        self.table.on_msg(lambda _table, content, _buffers: background.call(partial(self._receive, content)))
        self._columns = ColumnMenu(model)
        self._download = widgets.Button(
            description="Download CSV",
            tooltip="Download these runs, with the columns and in the order of the table",
            layout=widgets.Layout(width="auto"),
        )
        background.on_click(self._download, self._start_download)
        foot = widgets.HBox([self._shown, *self._pager, self._columns.button, self._download])
        foot.add_class("dnb-wrap")
        foot.add_class("dnb-foot")
        self.widget: Any = widgets.VBox(
            [self.table, foot, self._columns.widget], layout=widgets.Layout(width="100%", overflow="visible")
        )

    def draw(self) -> None:
        """Draw the current page. Send only changed data to the browser."""
        model = self._model
        columns = _columns(model.view.columns)
        rows = table_rows(model.page_runs, model.as_of, model.view.columns, self._viewport.zone)
        part = (model.filters, model.page, model.view.sort)
        # Send all changes in one message, so that the browser draws the table only once.
        with self.table.hold_sync():
            self.table.empty = self._empty_message()
            self.table.start, self.table.count = model.page * ROWS_PER_PAGE, len(model.runs)
            if columns != self.table.columns:
                self.table.columns = columns
            if rows != self.table.rows:
                self.table.rows = rows
            if part != self._shown_part:
                self._shown_part = part
                self.table.resets += 1
            self._draw_sort()
            self.draw_selection()
        self._columns.draw()
        self._draw_foot()

    def reveal_sought_run(self) -> None:
        """Scroll to the run that the model seeks."""
        self.table.send({"reveal": self._model.sought_run_id})

    def draw_selection(self) -> None:
        """Highlight the selected rows and the open run."""
        if list(self._model.selection) != self.table.selected:
            self.table.selected = list(self._model.selection)
        if (self._model.open_run_id or "") != self.table.active:
            self.table.active = self._model.open_run_id or ""

    def _draw_sort(self) -> None:
        sort = ["", "none"]
        if self._model.view.sort is not None:
            key, ascending = self._model.view.sort
            sort = [key, "ascending" if ascending else "descending"]
        if sort != self.table.sort:
            self.table.sort = sort

    def _draw_foot(self) -> None:
        model = self._model
        count = len(model.runs)
        self._download.disabled = count == 0
        has_pages = model.page_count > 1
        for button in self._pager:
            button.layout.display = "" if has_pages else "none"
        self._to_first.disabled = self._to_previous.disabled = model.page == 0
        self._to_next.disabled = self._to_last.disabled = model.page >= model.page_count - 1
        if has_pages:
            first = model.page * ROWS_PER_PAGE
            last = min(first + ROWS_PER_PAGE, count)
            words = f"showing runs {count_text(first + 1)} to {count_text(last)} of {count_text(count)}"
        elif count:
            words = f"showing all {plural(count, 'run')}"
        else:
            words = "no runs yet" if model.has_no_runs_yet else "no runs"
        zone = escape(zone_name(self._viewport.zone))
        self._shown.value = f'<span class="dnb-muted" role="status">{words} · times in {zone}</span>'

    def _empty_message(self) -> str:
        model = self._model
        if model.reading is not None:
            return "Loading runs…"
        if model.error is not None and not len(model.cache):
            return "No runs could be read."
        if model.filters.is_empty:
            return "There are no runs yet."
        return "No run matches these filters."

    def _receive(self, content: Mapping[str, Any]) -> None:
        """Handle a message from the browser: select or filter runs, turn the page, open the menu of a row, or act."""
        if "select" in content:
            self._select(*content["select"])
        elif "turn" in content:
            self._turn(content["turn"], content["start"])
        else:
            self._receive_of_row(str(content.get("menu") or content.get("run_id")), content)

    def _select(self, how: str, *run_ids: str) -> None:
        model = self._model
        if how == "range":
            model.select_range(*run_ids)
        elif how == "toggle":
            model.select({*model.selection} ^ {*run_ids})
        else:
            model.select({"only": run_ids, "all": model.runs["run_id"], "none": ()}[how])

    def _turn(self, step: int, start: int) -> None:
        """Show the next or the previous page, and focus its first or last row.

        Do nothing if the message is late and the table shows another page already.
        """
        page = self._model.page + step
        if start == self.table.start and 0 <= page < self._model.page_count:
            self._model.go_to_page(page)
            self.table.send({"enter": step})

    def _receive_of_row(self, run_id: str, content: Mapping[str, Any]) -> None:
        run = self._model.cache.run(run_id)
        if run is None:
            return
        if "menu" in content:
            self.table.send({"menu": run_id, "actions": self._menu_actions(run_id)})
        elif content.get("act") in MENU_ACTIONS:
            self._ask(content["act"], [run_id])
        elif "filter" in content:
            self._model.set_filters(filter_by_cell(self._model.filters, run, content["filter"]))

    def _menu_actions(self, run_id: str) -> list[list[str | None]]:
        """Return the name and the label of each action, and the reason why the action is disabled, or None."""
        return [
            [name, f"{ACTIONS[name].name}…", self._actions.reason_disabled(name, [run_id])] for name in MENU_ACTIONS
        ]

    def _start_download(self) -> None:
        frame = self._model.table_frame()
        self._download.disabled = True

        def finish(csv: str) -> None:
            self._download.disabled = False
            # Spreadsheet programs recognize UTF-8 by the byte order mark.
            self.table.send({"download": "runs.csv"}, buffers=[f"\ufeff{csv}".encode()])

        self._model.background.start("csv", lambda _task: csv_text(frame), done=finish)

    def _sort(self, sort: Sequence[str]) -> None:
        key, direction = sort
        self._model.sort_by(key or None, ascending=direction == "ascending")
        self._draw_sort()


def _columns(keys: Sequence[str]) -> list[dict[str, Any]]:
    """Return the columns for the browser. A narrow table hides ``optional`` columns."""
    usual = tuple(keys) == DEFAULT_COLUMNS
    return [{**asdict(column_of(key)), "tag": tag_key(key), "optional": usual and key == "run_id"} for key in keys]
