"""``RunExplorer``: everything about runs in one cell."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from dagster_nb.panels.background import Background
from dagster_nb.panels.explorer.acting import Actions
from dagster_nb.panels.explorer.action_bar import ActionBar
from dagster_nb.panels.explorer.charts import Charts
from dagster_nb.panels.explorer.code import Code
from dagster_nb.panels.explorer.detail import Detail
from dagster_nb.panels.explorer.filter_bar import FilterBar
from dagster_nb.panels.explorer.filters import RunFilters
from dagster_nb.panels.explorer.header import Header, look_at_server
from dagster_nb.panels.explorer.launching import LaunchpadPlace
from dagster_nb.panels.explorer.looking import Look
from dagster_nb.panels.explorer.model import MOST_RUNS, ExplorerModel
from dagster_nb.panels.explorer.source import can
from dagster_nb.panels.explorer.static_face import static_html, static_text
from dagster_nb.panels.explorer.table import Table
from dagster_nb.panels.explorer.tiles import Tiles
from dagster_nb.panels.notices import ErrorBox
from dagster_nb.panels.stage import Stage, dispose, faces, panel

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from dagster_nb.panels.explorer.source import RunSource

__all__ = ["RunExplorer"]

_PATIENCE_SECONDS = 2.0
# Following runs until they have ended is not waited for: that can take hours.
_AWAITED = ("runs", "server", "closeup", "log", "steps", "action")


class RunExplorer:
    """A panel to understand runs, and to act on them.

    Filters, numbers against the period before, charts, a table whose selection can be terminated, re-executed or
    deleted, a closer look at one run, and the code that gives the same runs. Reading goes on in the background; the
    kernel stays free.

    Parameters
    ----------
    source
        A client, or a history.
    max_runs
        The most runs to read into memory; of more, the newest. A filter then asks the source for those that match.
    **filters
        What to show first: those of `DagsterClient.runs` (``job``, ``status``, ``tags``, ``location``, ``run_ids``,
        ``created_after``, …), and ``run_id`` (a part of an id), ``min_duration``, ``max_duration``, ``unresolved``.

    Attributes
    ----------
    frame : pandas.DataFrame
        The runs in view, with the columns of `DagsterClient.runs`.
    selection : list of str
        The ids of the selected runs.

    Raises
    ------
    TypeError, ValueError
        If a filter cannot be meant.

    Examples
    --------
    >>> explorer = dnb.RunExplorer(client, created_after="7d")  # doctest: +SKIP
    >>> explorer  # doctest: +SKIP
    >>> explorer.frame.groupby("job_name")["duration"].median()  # doctest: +SKIP
    """

    def __init__(self, source: RunSource, *, max_runs: int = MOST_RUNS, **filters: Any):  # noqa: ANN401 - see RunFilters.of
        wanted = RunFilters.of(**filters)
        self._background = Background(self._crashed)
        self.model = ExplorerModel(source, self._background, wanted, most=max_runs)
        self._stage = Stage()
        self._look = Look(self.model)
        self._actions = Actions(self.model)
        self._error = ErrorBox(dismissable=False)
        self._crash = ErrorBox()
        self._header = Header(self.model, self.refresh)
        self._filters = FilterBar(self.model)
        self._tiles = Tiles(self.model)
        self._charts = Charts(self.model, self._stage)
        self._table = Table(self.model)
        self._bar = ActionBar(self.model, self._actions)
        self._detail = Detail(self.model, self._look, self._stage)
        self._launchpad = LaunchpadPlace(self.model)
        if can(source, "launch", "run_config_schema"):
            self._detail.launchpad = self._launchpad.open
        self._code = Code(self.model)
        self.widget: Any = panel(
            self._stage,
            [
                self._header.widget,
                self._error.widget,
                self._crash.widget,
                self._filters.widget,
                self._tiles.widget,
                self._charts.widget,
                self._bar.widget,
                self._table.widget,
                self._detail.widget,
                self._launchpad.widget,
                self._code.widget,
            ],
        )
        self.widget.add_class("dnb-explorer")
        self._closed = False
        self._listen()
        self._header.draw()
        self._filters.draw()
        self._draw_runs()
        self._bar.draw()
        self.model.load()
        self._ask_server()

    @property
    def frame(self) -> pd.DataFrame:
        """The runs in view: those in memory that match the filters, newest first."""
        return self.model.view

    @property
    def selection(self) -> list[str]:
        """The ids of the selected runs, in the order of the table."""
        return list(self.model.selection)

    @property
    def filters(self) -> dict[str, Any]:
        """What the runs in view were asked for, as arguments of `RunExplorer`."""
        filters = self.model.filters
        asked = filters.question()
        for name in ("run_id", "min_duration", "max_duration", "unresolved"):
            if value := getattr(filters, name):
                asked[name] = value
        return asked

    def set_filters(self, **filters: Any) -> None:  # noqa: ANN401 - see RunFilters.of
        """Show other runs.

        Parameters
        ----------
        **filters
            As of `RunExplorer`; those that are not named are taken away.
        """
        self.model.set_filters(RunFilters.of(**filters))

    def refresh(self) -> None:
        """Look what the source has now; what is selected stays selected."""
        self.model.refresh()
        self._ask_server()

    def wait(self, timeout: float = 60.0) -> Self:
        """Wait until the runs are there, and return the explorer; for scripts and notebooks that run by themselves.

        Parameters
        ----------
        timeout
            Seconds to wait at most.
        """
        self._background.wait(lambda: not any(map(self._background.busy, _AWAITED)), timeout)
        return self

    def on_open_launchpad(self, launchpad: Callable[[pd.Series, str], object]) -> None:
        """Say what the button "Open in Launchpad" does, in place of opening one under the explorer.

        Parameters
        ----------
        launchpad
            Called with the run, a row of `frame`, and its config as YAML.
        """
        self._detail.launchpad = launchpad
        self._detail.draw()

    def close(self) -> None:
        """End all that goes on, and take the panel away."""
        if self._closed:
            return
        self._closed = True
        self._header.close()
        self._background.close()
        self._launchpad.close()
        self.model.signals.clear()
        dispose(self)

    def __repr__(self) -> str:
        return static_text(self.model)

    def _repr_mimebundle_(self, **options: Any) -> Any:  # noqa: ANN401 - what IPython passes and takes
        self._background.wait(lambda: not self.model.loading, _PATIENCE_SECONDS)
        widget = None if self._closed else self.widget
        return faces(widget, options, plain=static_text(self.model), html=static_html(self.model))

    def _listen(self) -> None:
        on = self.model.signals.on
        on("filters", self._filters.draw)
        on("filters", self._code.draw)
        on("runs", self._draw_runs)
        on("window", self._table.draw)
        on("window selection", self._bar.draw)
        on("selection", self._table.draw_selection)
        on("active", self._table.draw_selection)
        on("active runs", self._look.follow)
        on("closeup", self._detail.draw)
        on("log", self._detail.draw_part)
        on("acting", self._bar.draw_outcomes)
        on("progress", self._draw_progress)
        on("error", self._draw_error)

    def _draw_runs(self) -> None:
        self._table.draw()
        self._tiles.draw()
        self._filters.draw_counts()
        self._charts.draw()

    def _draw_progress(self) -> None:
        self._header.draw()
        self._header.draw_progress()
        if not self.model.loading:
            self._draw_runs()

    def _draw_error(self) -> None:
        if self.model.error is None:
            self._error.clear()
        else:
            self._error.show(self.model.error, self.refresh)

    def _ask_server(self) -> None:
        source = self.model.source
        self._background.start(
            "server", lambda _task: look_at_server(source), done=self._header.see, failed=self._header.lose
        )

    def _crashed(self, error: Exception) -> None:
        self._crash.show(error)
