"""The class `StoredSteps`, which reads the steps of runs from the table or from the server."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa

from dagster_nb.chunks import in_chunks
from dagster_nb.errors import DagsterNbWarning, RunNotFoundError
from dagster_nb.frames.steps import steps_frame
from dagster_nb.history.conditions import is_one_of
from dagster_nb.history.runs_table import LIVE
from dagster_nb.history.steps_table import STEPS, StepsTable, in_order
from dagster_nb.history.table import Table
from dagster_nb.statuses import FINISHED
from dagster_nb.words import plural

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import pyarrow.compute as pc

    from dagster_nb.history.client_protocol import HistorySource
    from dagster_nb.history.runs_table import RunsTable

__all__ = ["StoredSteps"]

_RUNS_PER_COMMIT = 500


class StoredSteps:
    """The steps of a history's runs.

    Parameters
    ----------
    runs
        The runs of the history.
    uri
        The path of the steps table. The table is created when the first steps are stored.
    source
        The deployment; None for a history that is only read.
    storage_options
        The options for object storage.
    """

    def __init__(
        self,
        runs: RunsTable,
        uri: str,
        *,
        source: HistorySource | None,
        storage_options: Mapping[str, str] | None,
    ):
        self._runs = runs
        self._uri = uri
        self._source = source
        self._storage_options = storage_options
        table = Table.open(uri, storage_options)
        self._table = None if table is None else StepsTable(table)

    def of(self, run_ids: list[str]) -> pd.DataFrame:
        """Return the steps of some runs, like `History.steps`."""
        runs = self._facts(is_one_of("run_id", run_ids))
        if unknown := [run_id for run_id in run_ids if run_id not in runs]:
            raise RunNotFoundError(
                f"the history has no run {unknown[0]!r}. Refresh the history if the run is new, or check the id."
            )
        stored = self._stored_times(run_ids)
        missing = [run_id for run_id in run_ids if run_id not in stored or stored[run_id] != runs[run_id][1]]
        if self._source is None:
            if absent := [run_id for run_id in missing if run_id not in stored]:
                warnings.warn(
                    f"the steps of {plural(len(absent), 'run')} are not in the history. To read them, use a history "
                    f"with a client: client.history(path).",
                    DagsterNbWarning,
                    stacklevel=3,
                )
            missing = []
        read = self._source.steps(missing) if self._source is not None and missing else steps_frame([])
        self._store(read, {run_id: runs[run_id][1] for run_id in missing if runs[run_id][0] in FINISHED})
        kept = sorted(set(stored) - set(missing))
        frames = [read, *([self._table.read(kept)] if self._table is not None and kept else [])]
        return in_order(pd.concat([one for one in frames if len(one)] or frames[:1], ignore_index=True), run_ids)

    def read_all(self) -> None:
        """Read and store the missing steps of all finished runs."""
        assert self._source is not None  # noqa: S101 - `History.refresh` checks it
        runs = self._facts(LIVE & is_one_of("status", sorted(FINISHED)))
        stored = self._stored_times(None)
        missing = {run_id: time for run_id, (_, time) in runs.items() if run_id not in stored or stored[run_id] != time}
        with self._source.progress_bar("reading steps", unit="runs", total=missing.__len__) as bar:
            for chunk in in_chunks(missing, _RUNS_PER_COMMIT):
                for frame, found in _existing_steps(self._source, chunk):
                    self._store(frame, {run_id: missing[run_id] for run_id in found})
                bar.advance(len(chunk))

    def compact(self) -> None:
        """Merge small files, if any steps are stored."""
        if self._table is not None:
            self._table.table.compact()

    def _facts(self, condition: pc.Expression) -> dict[str, tuple[str, Any]]:
        """Return the status and the update time, in microseconds since 1970, of some runs."""
        found = self._runs.table.read(["run_id", "status", "update_time"], condition)
        times = found["update_time"].cast(pa.int64())
        columns = (column.to_pylist() for column in (found["run_id"], found["status"], times))
        return {run_id: (status, time) for run_id, status, time in zip(*columns, strict=True)}

    def _stored_times(self, run_ids: list[str] | None) -> dict[str, Any]:
        return {} if self._table is None else self._table.update_times(run_ids)

    def _store(self, steps: pd.DataFrame, update_times: dict[str, Any]) -> None:
        if not update_times:
            return
        if self._table is None:
            deployment = self._runs.table.deployment
            table = Table.create(self._uri, STEPS, deployment=deployment, storage_options=self._storage_options)
            self._table = StepsTable(table)
        self._table.write(steps[steps["run_id"].isin(list(update_times))], update_times)


def _existing_steps(source: HistorySource, run_ids: list[str]) -> Iterator[tuple[pd.DataFrame, list[str]]]:
    """Yield the steps of runs from the server. Runs that were deleted in the meantime are left out."""
    try:
        yield source.steps(run_ids), run_ids
    except RunNotFoundError:
        middle = len(run_ids) // 2
        for half in (run_ids[:middle], run_ids[middle:]) if middle else ():
            yield from _existing_steps(source, half)
