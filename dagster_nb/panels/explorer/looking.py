"""Looking closely at one run: what of it has to be asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

from dagster_nb.panels.explorer.source import can

if TYPE_CHECKING:
    import pandas as pd

    from dagster_nb.panels.explorer.model import ExplorerModel

__all__ = ["Closeup", "Look"]


@dataclass(frozen=True)
class Closeup:
    """A run, closely.

    Parameters
    ----------
    run_id
        Which.
    config
        Its config as YAML.
    steps, failures
        As `DagsterClient.steps` and `DagsterClient.failures` have them; None where the source does not know.
    """

    run_id: str
    config: str
    steps: pd.DataFrame | None
    failures: pd.DataFrame | None


class Look:
    """The run that is looked at closely.

    Events of the model's signals: ``closeup``, ``log``.

    Parameters
    ----------
    model
        Whose run.
    """

    def __init__(self, model: ExplorerModel):
        self._model = model
        self.row: pd.Series | None = None
        self.closeup: Closeup | None = None
        self.error: Exception | None = None
        self.events: pd.DataFrame | None = None
        self.output: str | None = None
        self.log_error: Exception | None = None

    @property
    def run_id(self) -> str | None:
        """The run."""
        return None if self.row is None else str(self.row["run_id"])

    def follow(self) -> None:
        """Look at the run that the model says, as it is now."""
        model = self._model
        row = None if model.active is None else model.store.row(model.active)
        if _same(row, self.row):
            return
        if row is None or self.row is None or row["run_id"] != self.row["run_id"]:
            self._forget()
        self.row = row
        model.signals.emit("closeup")
        if row is not None:
            self.ask()

    def ask(self) -> None:
        """Ask for what the list of runs does not tell."""
        source: Any = self._model.source
        run_id = self.run_id
        failed = self.row is not None and self.row["status"] == "FAILURE"

        def work(_task: Any) -> Closeup:  # noqa: ANN401
            pages = list(source.iter_runs(run_ids=[run_id], include=("run_config",)))
            config = pages[0]["run_config"].iloc[0] if pages else None
            return Closeup(
                str(run_id),
                yaml.safe_dump(config, sort_keys=False, allow_unicode=True) if config else "",
                source.steps([run_id]) if can(source, "steps") else None,
                source.failures([run_id]) if failed and can(source, "failures") else None,
            )

        self._model.background.start("closeup", work, done=self._seen, failed=self._failed)

    def ask_for_log(self, *, output: bool) -> None:
        """Ask for the events, or for what the run printed.

        Parameters
        ----------
        output
            Whether for what it printed.
        """
        source: Any = self._model.source
        run_id = self.run_id

        def done(answer: Any) -> None:  # noqa: ANN401
            self.log_error = None
            if output:
                self.output = str(answer)
            else:
                self.events = answer
            self._model.signals.emit("log")

        def failed(error: Exception) -> None:
            self.log_error = error
            self._model.signals.emit("log")

        ask = source.compute_logs if output else source.events
        self._model.background.start("log", lambda _task: ask(run_id), done=done, failed=failed)

    def relatives(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Return the runs that this one re-executes, and those that re-execute it, of the runs in memory."""
        frame = self._model.store.frame
        if self.row is None:
            return frame.iloc[:0], frame.iloc[:0]
        above = {value for name in ("parent_run_id", "root_run_id") if isinstance(value := self.row[name], str)}
        above.discard(str(self.row["run_id"]))
        below = (frame["parent_run_id"] == self.row["run_id"]).fillna(value=False).to_numpy(dtype=bool)
        return frame[frame["run_id"].isin(above).to_numpy(dtype=bool)], frame[below]

    def _forget(self) -> None:
        self._model.background.stop("closeup")
        self._model.background.stop("log")
        self.closeup = self.error = self.events = self.output = self.log_error = None

    def _seen(self, closeup: Closeup) -> None:
        self.closeup, self.error = closeup, None
        self.events = self.output = None
        self._model.signals.emit("closeup")

    def _failed(self, error: Exception) -> None:
        self.error = error
        self._model.signals.emit("closeup")


def _same(one: pd.Series | None, other: pd.Series | None) -> bool:
    if one is None or other is None:
        return one is other
    return all(
        one[name] == other[name]
        or (one[name] is other[name])
        or (one[name] != one[name] and other[name] != other[name])
        for name in ("run_id", "status", "start_time", "end_time")
    )
