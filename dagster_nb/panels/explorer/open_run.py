"""``OpenRun``: the run whose details are shown, and the data that is read for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

from dagster_nb.panels.explorer.open_run_log import OpenRunLog
from dagster_nb.panels.explorer.source import has_methods

if TYPE_CHECKING:
    import pandas as pd

    from dagster_nb.panels.explorer.model import ExplorerModel

__all__ = ["OpenRun", "RunDetails"]

_WATCHED_COLUMNS = ("run_id", "status", "start_time", "end_time")


@dataclass(frozen=True)
class RunDetails:
    """The data about a run that the list of runs does not have.

    Parameters
    ----------
    run_config
        The run config as YAML.
    op_selection
        The selected ops of the run; None for all ops.
    steps, failures
        As `DagsterClient.steps` and `DagsterClient.failures` return them; None if the source does not have them.
    """

    run_config: str
    op_selection: list[str] | None
    steps: pd.DataFrame | None
    failures: pd.DataFrame | None


class OpenRun:
    """The run whose details are shown.

    It emits the change ``details`` of the explorer's model.

    Parameters
    ----------
    model
        The explorer's model.
    """

    def __init__(self, model: ExplorerModel):
        self._model = model
        self.run: pd.Series | None = None
        self.details: RunDetails | None = None
        self.error: Exception | None = None
        self.log = OpenRunLog(model)

    @property
    def run_id(self) -> str | None:
        """The id of the run; None if no run is open."""
        return None if self.run is None else str(self.run["run_id"])

    def update(self) -> None:
        """Take the run from the model and read its details if it is another run or has changed."""
        model = self._model
        run = None if model.open_run_id is None else model.cache.run(model.open_run_id)
        if _is_same(run, self.run):
            return
        if run is None or self.run is None or run["run_id"] != self.run["run_id"]:
            self._clear()
        self.run = run
        model.changes.emit("details")
        if run is not None:
            self.read_details()

    def read_details(self) -> None:
        """Read the details."""
        source: Any = self._model.source
        run_id = self.run_id
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
            )

        self._model.background.start("details", work, done=self._set_details, failed=self._fail)

    def related_runs(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Return the related runs in memory: the runs that this run re-executes, and the runs that re-execute it."""
        frame = self._model.cache.frame
        if self.run is None:
            return frame.iloc[:0], frame.iloc[:0]
        ancestors = {value for name in ("parent_run_id", "root_run_id") if isinstance(value := self.run[name], str)}
        ancestors.discard(str(self.run["run_id"]))
        is_child = (frame["parent_run_id"] == self.run["run_id"]).fillna(value=False).to_numpy(dtype=bool)
        return frame[frame["run_id"].isin(ancestors).to_numpy(dtype=bool)], frame[is_child]

    def _set_details(self, details: RunDetails) -> None:
        self.details, self.error = details, None
        self.log.set_run(self.run_id)
        self._model.changes.emit("details")

    def _fail(self, error: Exception) -> None:
        self.error = error
        self._model.changes.emit("details")

    def _clear(self) -> None:
        self._model.background.stop("details")
        self.details = self.error = None
        self.log.set_run(None)


def _is_same(one: pd.Series | None, other: pd.Series | None) -> bool:
    if one is None or other is None:
        return one is other
    return one[list(_WATCHED_COLUMNS)].equals(other[list(_WATCHED_COLUMNS)])
