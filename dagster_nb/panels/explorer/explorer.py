"""``RunExplorer``: a panel for exploring runs and acting on them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dagster_nb.errors import RunNotFoundError
from dagster_nb.panels.explorer.actions import ActionsModel
from dagster_nb.panels.explorer.attention import Attention
from dagster_nb.panels.explorer.daemons_and_queue import ServerState, read_server_state
from dagster_nb.panels.explorer.filter_by_cell import filter_by_cell
from dagster_nb.panels.explorer.filters import ExplorerFilters, parse_duration
from dagster_nb.panels.explorer.misspelled_filters import MisspelledFilters
from dagster_nb.panels.explorer.model import MAX_RUNS, ExplorerModel
from dagster_nb.panels.explorer.open_run import OpenRun
from dagster_nb.panels.explorer.python_code import source_text, view_text
from dagster_nb.panels.explorer.source import has_methods
from dagster_nb.panels.explorer.static_output import static_html, static_text
from dagster_nb.panels.explorer.view_settings import DEFAULT_CHART, ExplorerView
from dagster_nb.panels.explorer.views.action_bar import ActionBar
from dagster_nb.panels.explorer.views.attention_view import AttentionView
from dagster_nb.panels.explorer.views.charts import Charts, chart_names
from dagster_nb.panels.explorer.views.code_view import CodeView
from dagster_nb.panels.explorer.views.failure_groups_html import REEXECUTE_UNRESOLVED, SELECT_RUNS
from dagster_nb.panels.explorer.views.filter_bar import FilterBar
from dagster_nb.panels.explorer.views.header import Header
from dagster_nb.panels.explorer.views.launchpad_area import LaunchpadArea
from dagster_nb.panels.explorer.views.misspelled_view import MisspelledView
from dagster_nb.panels.explorer.views.reports import Drawing
from dagster_nb.panels.explorer.views.run_details import RunDetailsView
from dagster_nb.panels.explorer.views.run_table import RunTableView
from dagster_nb.panels.explorer.views.summary_tiles import Tiles
from dagster_nb.panels.panel import Panel
from dagster_nb.time_zones import zone_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import tzinfo

    import pandas as pd

    from dagster_nb.panels.explorer.source import RunSource

__all__ = ["RunExplorer"]

_STATIC_WIDTH = 900
# The kinds of tasks that `wait` waits for. They do not include "follow", because runs can take hours to finish.
_AWAITED = ("runs", "server", "attention", "misspelled", "details", "related", "events", "output", "report", "action")


class RunExplorer(Panel):
    """A panel for exploring runs and acting on them.

    The panel shows filters, statistics and how they compare with the previous period, charts, a table of runs, the
    details of a run, and code that returns the same runs. You can select runs in the table to terminate, re-execute or
    delete them.

    In a chart, hover over a mark to see its run. Click the mark to open the run, or click a job or a status to filter
    by it. Drag along the x axis to filter by time or duration. Press Escape to undo the last filter that you set in a
    chart.

    The table shows 50 runs per page. Sorting applies to all pages, and so do selecting all runs and selecting a range
    with Shift. The browser's find-in-page finds the runs of the current page. Use the filters, such as "Run id", to
    search all runs.

    A saved notebook shows the numbers, the chart and the first rows of the last view, but not the details of the open
    run, the selection, the launchpad or the code.

    The panel reads runs in the background, so you can run other cells in the meantime. The panel is an ipywidgets
    widget, so you can put it into a ``Tab`` or a ``GridBox``.

    Parameters
    ----------
    source
        A client or a history.
    tz
        The time zone for displayed times, such as ``"Europe/Paris"``. None means the time zone of the browser. Times
        without a zone that users type into a filter are in this time zone too.
    max_runs
        The maximum number of runs to keep in memory. If there are more runs, the panel reads only the newest runs that
        match the filters, and reads again when you change the filters.
    chart
        The name on the tab of the initial chart, such as ``"Trend"``.
    sort
        The column to sort the table by, such as ``"job_name"``. ``"-duration"`` sorts in descending order. None
        shows the newest runs first.
    columns
        The columns of the table, by their names in `frame`. ``"tags.<key>"`` shows the values of one tag. None shows
        the default columns.
    **filters
        The initial filters. These are the filters of `DagsterClient.runs` (``job``, ``status``, ``tags``, ``location``,
        ``run_ids``, ``created_after``, …), and ``run_id_contains``, ``min_duration``, ``max_duration`` and
        ``only_unresolved``.

    Attributes
    ----------
    frame : pandas.DataFrame
        The runs that match the filters, with the columns of `DagsterClient.runs`.
    table : pandas.DataFrame
        The same runs, with the columns and the order of the table.
    selection : list of str
        The ids of the selected runs.
    code : str
        A line of Python code that opens this view again.

    Raises
    ------
    TypeError, ValueError
        If the source is neither a client nor a history, or if a filter, a chart, a column or the time zone is
        unknown or invalid.

    Examples
    --------
    >>> explorer = dnb.RunExplorer(client, created_after="7d")  # doctest: +SKIP
    >>> explorer  # doctest: +SKIP
    >>> explorer.frame.groupby("job_name")["duration"].median()  # doctest: +SKIP
    """

    def __init__(
        self,
        source: RunSource,
        *,
        chart: str = DEFAULT_CHART,
        sort: str | None = None,
        columns: Iterable[str] | str | None = None,
        tz: str | tzinfo | None = None,
        max_runs: int = MAX_RUNS,
        **filters: Any,  # noqa: ANN401
    ):
        if not has_methods(source, "iter_runs", "count_runs"):
            raise TypeError(
                f"RunExplorer needs a client, for example from dnb.connect(url), or a history, but got "
                f"{type(source).__name__}."
            )
        parsed = ExplorerFilters.parse(**filters)
        view = ExplorerView.parse(chart=chart, sort=sort, columns=columns, chart_names=chart_names(source))
        super().__init__(tz=tz)
        self.model = ExplorerModel(source, self.background, parsed, view=view, max_runs=max_runs)
        self._open_run = OpenRun(self.model)
        self._actions = ActionsModel(self.model)
        self._attention = Attention(self.model)
        self._misspelled = MisspelledFilters(self.model)
        self._header = Header(self.model, self.refresh, self.viewport)
        self._filters = FilterBar(self.model, self.viewport)
        self._tiles = Tiles(self.model)
        self._charts = Charts(self.model, self.viewport)
        self._attention_view = AttentionView(self.model, self._attention, self.viewport, self._charts.show_trend)
        self._misspelled_view = MisspelledView(self.model, self._misspelled)
        self._action_bar = ActionBar(self.model, self._actions)
        self._table = RunTableView(self.model, self.viewport, self._actions, self._action_bar.ask)
        self._details = RunDetailsView(self.model, self._open_run, self.viewport)
        self._launchpad = LaunchpadArea(self.model, self.viewport)
        if has_methods(source, "launch", "run_config_schema"):
            self._details.open_launchpad = self._launchpad.open
        self._code = CodeView(self.model, lambda: self.code)
        views = (
            self._header, self._attention_view, self._filters, self._misspelled_view, self._tiles, self._charts,
            self._action_bar, self._table, self._details, self._launchpad, self._code,
        )  # fmt: skip
        self._fill(*(view.widget for view in views))
        self.add_class("dnb-explorer")
        self._listen()
        self._watch_connection(source)
        # Start to read first, so that the views say that runs are being read.
        self.model.load()
        self._filters.draw()
        self._draw_runs()
        self._action_bar.draw()
        self._read_server_state()

    @property
    def frame(self) -> pd.DataFrame:
        """The runs in memory that match the filters, newest first."""
        return self.model.runs

    @property
    def table(self) -> pd.DataFrame:
        """The runs that match the filters, with the columns and the order of the table, as in the CSV file.

        A column ``tags.<key>`` contains the values of one tag, as in `dagster_nb.expand_tags`.
        """
        return self.model.table_frame()

    @property
    def selection(self) -> list[str]:
        """The ids of the selected runs, newest first."""
        return list(self.model.selection)

    @property
    def filters(self) -> dict[str, Any]:
        """The current filters as arguments of `RunExplorer`."""
        return self.model.filters.explorer_arguments()

    @property
    def code(self) -> str:
        """A line of Python code that opens this view again, with the same filters, chart, sort order and columns.

        The code assumes ``import dagster_nb as dnb``. The code does not contain a token: see `dagster_nb.connect`.
        """
        arguments = {**self.filters, **self.model.view.arguments()}
        if self.viewport.tz is not None:
            arguments["tz"] = zone_name(self.viewport.tz)
        if self.model.max_runs != MAX_RUNS:
            arguments["max_runs"] = self.model.max_runs
        return view_text(source_text(self.model.source), arguments)

    def set_filters(self, **filters: Any) -> None:  # noqa: ANN401 - see ExplorerFilters.parse
        """Replace all filters.

        Parameters
        ----------
        **filters
            The new filters, as in `RunExplorer`. All other filters are removed.

        Raises
        ------
        TypeError, ValueError
            If a filter is unknown or invalid.
        """
        parsed = ExplorerFilters.parse(**filters)
        self.background.call(lambda: self.model.set_filters(parsed))

    def refresh(self) -> None:
        """Read new and changed runs, and keep the selection."""
        self.background.call(self.model.refresh)
        self.background.call(self._read_server_state)

    def on_open_launchpad(self, open_launchpad: Callable[[pd.Series, str], object]) -> None:
        """Set the action of the "Open in Launchpad" button. The default action opens a launchpad below the explorer.

        Parameters
        ----------
        open_launchpad
            A function to call with the run (a row of `frame` and its ``op_selection``) and its run config as YAML.
        """
        self._details.open_launchpad = open_launchpad
        self.background.call(self._details.draw)

    def _is_busy(self) -> bool:
        return self.background.busy(*_AWAITED)

    def _is_ready_to_show(self) -> bool:
        return self.model.reading is None and not self.background.busy("report")

    def _static_text(self) -> str:
        return static_text(self.model, self.viewport.zone)

    def _static_html(self) -> str:
        drawing = Drawing(self.viewport.zone, _STATIC_WIDTH, background="white", is_live=False)
        return static_html(self.model, self._charts.static_html(drawing), self.viewport.zone)

    def _filter_by_cell(self, run_id: str, kind: str, key: str = "") -> None:
        run = self.model.cache.run(run_id)
        if run is not None:
            self.model.set_filters(filter_by_cell(self.model.filters, run, kind, key))

    def _ask_to_reexecute_unresolved(self) -> None:
        self.model.change_filters(only_unresolved=True)
        self.model.select(self.model.runs["run_id"])
        self._action_bar.ask("from_failure")

    def _listen(self) -> None:
        self._on_action("filter", self._filter_by_cell)
        self._on_action("filter_status", lambda status: self.model.change_filters(status=(status,)))
        self._on_action(
            "filter_min_duration", lambda duration: self.model.change_filters(min_duration=parse_duration(duration))
        )
        self._on_action("open_related", self._open_run.open_related)
        self._on_action(SELECT_RUNS, lambda *run_ids: self.model.select(run_ids))
        self._on_action(REEXECUTE_UNRESOLVED, self._ask_to_reexecute_unresolved)
        on = self.model.changes.on
        on("filters", self._filters.draw)
        on("filters view page", self._code.draw)
        on("view", self._charts.draw_choice)
        on("attention", self._attention_view.draw)
        on("misspelled", self._misspelled_view.draw)
        on("runs", self._draw_runs)
        on("runs reading", self._misspelled.update)
        on("page view", self._table.draw)
        on("selection open_run", self._table.draw_selection)
        on("page selection", self._action_bar.draw)
        on("selection", self._charts.draw)
        on("sought_run", self._table.reveal_sought_run)
        on("open_run runs", self._open_run.update)
        on("details", self._details.draw)
        on("log", self._details.draw_tab)
        on("actions", self._action_bar.draw_outcomes)
        on("reading", self._draw_reading)
        on("filters page view", self._update_static_output)
        on("runs", self._update_data_of_static_output)
        on("error", self._show_error_of_model)
        self._on_resize(self._charts.draw)
        for redraw in (self._table.draw, self._header.draw, self._details.draw, self._attention_view.draw):
            self._on_time_zone(redraw)
        self._on_resize(self._details.draw_tab)

    def _show_error_of_model(self) -> None:
        error = self.model.error
        # Reading again cannot resolve an ambiguous run id.
        self._show_error(error, None if isinstance(error, RunNotFoundError) else self.refresh)

    def _draw_runs(self) -> None:
        # Draw the table and the chart first, because users look there first.
        self._table.draw()
        self._charts.draw()
        self._tiles.draw()
        self._filters.draw_choices()

    def _draw_reading(self) -> None:
        self._header.draw()
        if self.model.runs.empty:
            self._table.draw()  # it says why it is empty
        if self.model.reading is None:
            self._attention.update()

    def _read_server_state(self) -> None:
        source = self.model.source
        self.background.start(
            "server",
            lambda _task: read_server_state(source),
            done=self._set_server_state,
            failed=self._set_server_error,
        )

    def _set_server_state(self, state: ServerState) -> None:
        self._header.set_server_state(state)
        self._attention.set_server_state(state)

    def _set_server_error(self, error: Exception) -> None:
        self._header.set_server_error(error)
        self._attention.set_server_state(None)
