"""``OpenRun``: the open run and the data for its details."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import yaml

from dagster_nb.analysis.read_columns import creation_times
from dagster_nb.errors import RunNotFoundError
from dagster_nb.panels.explorer.fetching import fetch_by_id
from dagster_nb.panels.explorer.filters import ExplorerFilters
from dagster_nb.panels.explorer.open_run_events_and_output import OpenRunLog
from dagster_nb.panels.explorer.source import has_methods

if TYPE_CHECKING:
    from dagster_nb.panels.explorer.model import ExplorerModel
    from dagster_nb.panels.explorer.source import RunSource

__all__ = ["OpenRun", "RunDetails", "root_run_id"]

_ROOT_TAG = "dagster/root_run_id"
_MAX_RELATED_RUNS = 100

_WATCHED_COLUMNS = ("run_id", "status", "start_time", "end_time")


@dataclass(frozen=True)
class RunDetails:
    """Additional data about a run, which the frame of runs does not contain.

    Parameters
    ----------
    run_config
        The run config as YAML.
    op_selection
        The selected ops of the run, or None for all ops.
    steps, failures
        The results of `DagsterClient.steps` and `DagsterClient.failures`, or None if the source does not provide them.
    related
        The runs in the same re-execution group, as pages, if some of these runs may not be in memory.
    """

    run_config: str
    op_selection: list[str] | None
    steps: pd.DataFrame | None
    failures: pd.DataFrame | None
    related: list[pd.DataFrame]


class OpenRun:
    """The open run, whose details are visible.

    After each change, the explorer's model emits ``details``.

    Parameters
    ----------
    model
        The explorer's model.

    Attributes
    ----------
    way_back : list of str
        The ids of the runs that were open before, with the most recent run last.
    """

    def __init__(self, model: ExplorerModel):
        self._model = model
        self.run: pd.Series | None = None
        self.details: RunDetails | None = None
        self.error: Exception | None = None
        self.log = OpenRunLog(model)
        self.way_back: list[str] = []
        # The id of the related run that is being opened, and the value that `way_back` gets once the run is open.
        self._next: tuple[str, list[str]] | None = None

    @property
    def run_id(self) -> str | None:
        """The id of the open run, or None if no run is open."""
        return None if self.run is None else str(self.run["run_id"])

    def update(self) -> None:
        """Update the run from the model. If another run is open or the run has changed, read the details."""
        model = self._model
        run = None if model.open_run_id is None else model.cache.run(model.open_run_id)
        if _is_same(run, self.run):
            return
        if run is None or self.run is None or run["run_id"] != self.run["run_id"]:
            self._clear()
            is_related = self._next is not None and self._next[0] == model.open_run_id
            self.way_back = self._next[1] if self._next is not None and is_related else []
            self._next = None
        self.run = run
        model.changes.emit("details")
        if run is not None:
            self.read_details()

    def read_details(self) -> None:
        """Read the details."""
        source: Any = self._model.source
        run_id = self.run_id
        root = None if self.run is None else root_run_id(self.run)
        is_all_in_memory = self._model.cache.is_complete_for(ExplorerFilters())
        has_failed = self.run is not None and self.run["status"] == "FAILURE"

        def work(_task: Any) -> RunDetails:  # noqa: ANN401
            pages = list(source.iter_runs(run_ids=[run_id], include=("run_config", "op_selection")))
            found = pages[0].iloc[0].to_dict() if pages else {}
            config = found.get("run_config")
            return RunDetails(
                yaml.safe_dump(config, sort_keys=False, allow_unicode=True) if config else "",
                found.get("op_selection"),
                source.steps([run_id]) if has_methods(source, "steps") else None,
                source.failures([run_id]) if has_failed and has_methods(source, "failures") else None,
                [] if root is None or is_all_in_memory else _fetch_chain(source, root),
            )

        self._model.background.start("details", work, done=self._set_details, failed=self._fail)

    def open_related(self, run_id: str) -> None:
        """Open a related run, reading it first if it is not in memory.

        Remember the current run, so that `go_back` can return to it.
        """
        model = self._model
        if run_id == self.run_id:
            return
        if model.cache.run(run_id) is not None:
            self._open_related(run_id)
            return
        source = model.source
        model.background.start(
            "related",
            lambda _task: fetch_by_id(source, [run_id]),
            done=partial(self._open_fetched, run_id),
            failed=self._fail,
        )

    def go_back(self) -> None:
        """Return to the run that was open before."""
        if self.way_back:
            way_back, run_id = self.way_back[:-1], self.way_back[-1]
            self._next = (run_id, way_back)
            self._show(run_id)

    def chain(self) -> pd.DataFrame:
        """Return all runs in memory with the same root run as the open run, with the oldest run first."""
        frame = self._model.cache.frame
        if self.run is None:
            return frame.iloc[:0]
        root = root_run_id(self.run)
        is_related = (frame["root_run_id"] == root).fillna(value=False) | (frame["run_id"] == root)
        related = frame[is_related.to_numpy(dtype=bool)]
        return related.iloc[np.argsort(creation_times(related).to_numpy(), kind="stable")]

    def _open_fetched(self, run_id: str, pages: list[pd.DataFrame]) -> None:
        if not pages:
            self._fail(
                RunNotFoundError(f"the run {run_id} no longer exists. Refresh the explorer to see which runs exist.")
            )
            return
        self._model.update(pages)
        self._open_related(run_id)

    def _open_related(self, run_id: str) -> None:
        self._next = (run_id, [*self.way_back, *([] if self.run_id is None else [self.run_id])])
        self._show(run_id)

    def _show(self, run_id: str) -> None:
        self._model.go_to_run(run_id)
        self._model.open_run(run_id)

    def _set_details(self, details: RunDetails) -> None:
        self.details, self.error = details, None
        known = set(self._model.cache.frame["run_id"])
        if missing := [page for page in details.related if not known.issuperset(page["run_id"])]:
            self._model.update(missing)
        self.log.set_run(self.run_id)
        self._model.changes.emit("details")

    def _fail(self, error: Exception) -> None:
        self.error = error
        self._model.changes.emit("details")

    def _clear(self) -> None:
        self._model.background.stop("details")
        self.details = self.error = None
        self.log.set_run(None)


def root_run_id(run: pd.Series) -> str:
    """Return the id of the first run in the re-execution group of a run."""
    root = run["root_run_id"]
    return str(run["run_id"] if pd.isna(root) else root)


def _fetch_chain(source: RunSource, root: str) -> list[pd.DataFrame]:
    return [*fetch_by_id(source, [root]), *source.iter_runs(tags={_ROOT_TAG: root}, limit=_MAX_RELATED_RUNS)]


def _is_same(one: pd.Series | None, other: pd.Series | None) -> bool:
    if one is None or other is None:
        return one is other
    return one[list(_WATCHED_COLUMNS)].equals(other[list(_WATCHED_COLUMNS)])
