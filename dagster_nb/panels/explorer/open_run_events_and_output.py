"""``OpenRunLog``: the events and the output of the open run, which are read when they are first needed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from dagster_nb.panels.run_view.event_log import EventLog

if TYPE_CHECKING:
    import pandas as pd

    from dagster_nb.client.compute_logs import ComputeLogs
    from dagster_nb.panels.explorer.model import ExplorerModel

__all__ = ["OpenRunLog"]


class OpenRunLog:
    """The log of the open run.

    This class implements `dagster_nb.panels.run_view.log_view.LogModel`. After each change, the explorer's model emits
    ``log``.

    Parameters
    ----------
    model
        The explorer's model.
    """

    def __init__(self, model: ExplorerModel):
        self._model = model
        self._run_id: str | None = None
        self._reads_output = False
        self.log = EventLog()
        self.has_events = False
        self.events_error: Exception | None = None
        self.output: ComputeLogs | None = None
        self.output_error: Exception | None = None

    def set_run(self, run_id: str | None) -> None:
        """Discard the data of the previous run and show another run. Keep the filter, except for the chosen step."""
        self._model.background.stop("events")
        self._model.background.stop("output")
        if run_id != self._run_id:
            self.log.set_filter(replace(self.log.filter, step=None))
        self._run_id = run_id
        self.log.clear()
        self.has_events = False
        self.events_error = self.output = self.output_error = None

    def read(self) -> None:
        """Read the parts that are now needed and have not been read yet."""
        background = self._model.background
        if self._run_id is None:
            return
        # After an error, do not read again until the user clicks Retry.
        if not self.has_events and self.events_error is None and not background.busy("events"):
            self.read_events()
        if self._reads_output and self.output is None and self.output_error is None and not background.busy("output"):
            self.read_output()

    def read_events(self) -> None:
        """Read the events."""
        source: Any = self._model.source
        run_id, self.events_error = self._run_id, None
        self._model.background.start(
            "events", lambda _task: source.events(run_id), done=self._set_events, failed=self._fail_events
        )

    def set_filter(self, **changes: Any) -> None:  # noqa: ANN401 - the fields of EventFilter
        """Change the filter of the events and the output."""
        previous, changed = self.log.filter, replace(self.log.filter, **changes)
        if changed != previous:
            self.log.set_filter(changed)
            self._model.changes.emit("log")
            if changed.step != previous.step and self._reads_output:
                self.read_output()

    def read_output(self) -> None:
        """Read the output of the run or the chosen step."""
        self._reads_output = True
        source: Any = self._model.source
        run_id, step = self._run_id, self.log.filter.step
        self.output = self.output_error = None
        self._model.background.start(
            "output",
            lambda _task: source.compute_logs(run_id, step=step),
            done=self._set_output,
            failed=self._fail_output,
        )

    def stop_reading_output(self) -> None:
        """Stop reading the run's output."""
        self._reads_output = False
        self._model.background.stop("output")

    def _set_events(self, events: pd.DataFrame) -> None:
        self.has_events = True
        self.log.clear()
        self.log.add(events)
        self._model.changes.emit("log")

    def _fail_events(self, error: Exception) -> None:
        self.events_error = error
        self._model.changes.emit("log")

    def _set_output(self, output: ComputeLogs) -> None:
        self.output = output
        self._model.changes.emit("log")

    def _fail_output(self, error: Exception) -> None:
        self.output_error = error
        self._model.changes.emit("log")
