"""`History`: the runs and steps of a deployment, kept on disk."""

from __future__ import annotations

from datetime import UTC, datetime
from html import escape
from typing import TYPE_CHECKING

import pandas as pd
import pyarrow.compute as pc

from dagster_nb.errors import DagsterNbError
from dagster_nb.history.location import table_path
from dagster_nb.history.refresh import Refresh, RefreshResult
from dagster_nb.history.runs_table import LIVE, RunsTable
from dagster_nb.history.schema import RUNS
from dagster_nb.history.stored_runs import StoredRuns
from dagster_nb.history.stored_steps import StoredSteps
from dagster_nb.history.table import Table
from dagster_nb.parse_time import to_seconds
from dagster_nb.run_ids import run_ids_of
from dagster_nb.words import plural, time_text

if TYPE_CHECKING:
    from dagster_nb.parse_time import Moment
    from dagster_nb.run_ids import RunsLike

__all__ = ["History"]


class History(StoredRuns):
    """The run history of one deployment in Delta tables; `DagsterClient.history` and `open_history` return one.

    ``path/runs`` is a table with one row per run and the columns of `DagsterClient.runs`, except that ``tags`` and
    ``run_config`` are JSON text there and durations are seconds. ``path/steps`` has the steps of those finished runs
    whose steps were read. Any engine that supports Delta can read both tables.

    Parameters
    ----------
    path
        An absolute path, or the URL of an object storage.
    source
        The deployment; None for a history that is only read.
    storage_options
        The options for object storage.
    """

    def refresh(self, *, steps: bool = False, overlap: Moment = "1h", all_deleted: bool = False) -> RefreshResult:
        """Bring the history up to date; read only what may have changed.

        The first refresh reads all runs, in commits of 20,000 runs; if it is interrupted, the next refresh continues
        where it stopped. Every later refresh reads

        - the runs with an update time after the last known change, minus the overlap,
        - all runs that were not finished yet,
        - the most recently added ids, until all ids of a page are known, and the runs with unknown ids,
        - the number of runs. If the history has more runs, deleted runs are found by counting the runs that were
          created before certain times. If that does not explain the difference, all ids are listed. Deleted runs are
          kept, with the time of this refresh as ``deleted_at``.

        Afterwards the history equals what `DagsterClient.runs` returned at that time, under two assumptions. The clocks
        of all processes that write to Dagster's storage, and of this machine, differ by less than the overlap. And each
        event is stored less than the overlap after its own timestamp, which becomes the update time of the run. Runs
        that the history lacks, and runs that it has as unfinished, are always read.

        Several processes may refresh the same history at once. If one of them is killed, everything that it has
        committed is kept.

        Parameters
        ----------
        steps
            Whether to also read the steps of all finished runs whose steps are not stored yet. The server needs one
            query of its event log per run.
        overlap
            A timedelta, or a string such as ``"1h"``. A longer overlap reads more runs again.
        all_deleted
            Whether to accept a server that has none of the runs of the history. By default, such a server is refused,
            because it is probably another Dagster at the same address.

        Returns
        -------
        RefreshResult
            ``.added``, ``.updated`` and ``.deleted``: the numbers of runs.

        Raises
        ------
        HistoryError
            If the history belongs to another deployment, or cannot be written. What was written before is unchanged.
        DagsterNbError
            If the history was opened without a client.
        ConnectionFailedError, RequestTimeoutError, UnauthorizedError

        Examples
        --------
        >>> client.history().refresh()  # doctest: +SKIP
        RefreshResult(added=3, updated=1, deleted=0)
        """
        if self._source is None:
            raise DagsterNbError(
                f"this history was opened without a client, so it cannot be refreshed. Use "
                f"dnb.connect({self.url!r}).history({self.path!r}).refresh()."
            )
        now = datetime.now(UTC)
        length = now - datetime.fromtimestamp(to_seconds(overlap, "overlap", now=now) or 0.0, UTC)
        if self._table is None:
            self._table = Table.create(
                table_path(self._path, "runs"),
                RUNS,
                deployment=self._source.url,
                storage_options=self._storage_options,
            )
        result = Refresh(RunsTable(self._table), self._source, overlap=length, all_deleted=all_deleted).run()
        self._table.compact(only_if_needed=True)
        if steps:
            self._steps().read_all()
        return result

    def steps(self, runs: RunsLike) -> pd.DataFrame:
        """Return the steps of some runs. The steps of a finished run are read from the server once and then stored.

        Parameters
        ----------
        runs
            As in `DagsterClient.steps`, with full ids.

        Returns
        -------
        pandas.DataFrame
            The columns and dtypes of `DagsterClient.steps`. Without a client, steps that are not stored are missing,
            and a `DagsterNbWarning` says so.

        Raises
        ------
        RunNotFoundError
            If the history does not have one of the runs, or if Dagster has deleted one before its steps were read.
        TypeError, ValueError
            If the argument does not identify runs.
        ConnectionFailedError, RequestTimeoutError, UnauthorizedError

        Examples
        --------
        >>> history.steps(history.runs(job="nightly", limit=20))  # doctest: +SKIP
        """
        return self._steps().of(run_ids_of(runs))

    def compact(self) -> None:
        """Join small files and remove files that have not been part of the tables for a day.

        `refresh` does this by itself when there are many small files.

        Raises
        ------
        HistoryError
            If the history cannot be written.

        Examples
        --------
        >>> history.compact()  # doctest: +SKIP
        """
        self._open_table().compact()
        self._steps().compact()

    def facts(self) -> dict[str, str]:
        """Return as text the number of runs, the deployment, and the times of the oldest run and of the last refresh.

        Examples
        --------
        >>> history.facts()["runs"]  # doctest: +SKIP
        '48,213 runs, 1,204 of them deleted by Dagster'
        """
        if self._table is None:
            return {"path": self._path, "deployment": self.url, "runs": "none; call refresh()"}
        synced_at = self.synced_at
        times = self._table.read(["creation_time"])["creation_time"]
        oldest = pc.min(times).as_py()
        kept = self._table.count(~LIVE)
        return {
            "path": self._path,
            "deployment": self._table.deployment,
            "runs": plural(len(times), "run") + (f", {kept:,} of them deleted by Dagster" if kept else ""),
            **({"since": time_text(pd.Timestamp(oldest))} if oldest is not None else {}),
            "refreshed": "never completely" if synced_at is None else f"{time_text(synced_at)} UTC",
        }

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {', '.join(f'{name}: {value}' for name, value in self.facts().items())}>"

    def _repr_html_(self) -> str:
        cells = "".join(
            f'<tr><th style="text-align:left">{escape(name)}</th><td style="text-align:left">{escape(value)}</td></tr>'
            for name, value in self.facts().items()
        )
        return f"<div><strong>{type(self).__name__}</strong><table>{cells}</table></div>"

    def _steps(self) -> StoredSteps:
        return StoredSteps(
            RunsTable(self._open_table()),
            table_path(self._path, "steps"),
            source=self._source,
            storage_options=self._storage_options,
        )
