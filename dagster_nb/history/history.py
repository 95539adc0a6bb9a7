"""The class `History`: the runs and steps of a deployment, stored on disk."""

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
from dagster_nb.history.steps_cache import StoredSteps
from dagster_nb.history.stored_runs import StoredRuns
from dagster_nb.history.table import Table
from dagster_nb.parse_run_ids import run_ids_of
from dagster_nb.parse_time import to_seconds
from dagster_nb.words import plural, time_text

if TYPE_CHECKING:
    from dagster_nb.parse_run_ids import RunsLike
    from dagster_nb.parse_time import Moment

__all__ = ["History"]


class History(StoredRuns):
    """The run history of one deployment in Delta tables, as returned by `DagsterClient.history` and `open_history`.

    ``path/runs`` is a table with one row per run and the columns of `DagsterClient.runs`. In this table, ``tags`` and
    ``run_config`` are JSON strings, and durations are in seconds. ``path/steps`` contains the steps of finished runs,
    if they were read. Any engine that supports Delta can read both tables.

    Parameters
    ----------
    path
        An absolute path or an object storage URL.
    source
        The deployment; None for a history that is only read.
    storage_options
        The options for object storage.
    """

    def refresh(self, *, steps: bool = False, overlap: Moment = "1h", all_deleted: bool = False) -> RefreshResult:
        """Update the history, reading only runs that may have changed.

        The first refresh reads all runs, in commits of 20,000 runs. If it is interrupted, the next refresh continues at
        the same point. Every later refresh reads

        - the runs that were updated since the last known change, minus the overlap,
        - the runs that were unfinished at the last refresh,
        - the most recently added ids, until a page contains only known ids, and the runs with new ids, and
        - the number of all runs. If the history has more runs than the server, deleted runs are found by counting the
          runs
        that were created before certain times. If the deleted runs cannot be found in this way, all ids are listed. The
        history keeps deleted runs, with the time of this refresh as ``deleted_at``.

        After a refresh, the history contains the same runs as `DagsterClient.runs` returned at that time, under two
        assumptions. First, the clocks of this machine and of all processes that write to Dagster's storage differ by
        less than the overlap. Second, every event is stored no later than one overlap after its timestamp, which
        becomes the update time of the run. Even if these assumptions do not hold, new and unfinished runs are always
        read.

        Several processes can refresh the same history at the same time. If a process is killed, its earlier commits are
        kept.

        Parameters
        ----------
        steps
            Whether to also read the steps of finished runs, unless they are already stored. For each run, the server
            queries its event log once.
        overlap
            A timedelta, or a string such as ``"1h"``. The longer the overlap, the more runs are read again.
        all_deleted
            Whether to accept a server that has none of the history's runs. By default, this is an error, because the
            server is probably a different Dagster at the same address.

        Returns
        -------
        RefreshResult
            The numbers of added, updated and deleted runs, as ``.added``, ``.updated`` and ``.deleted``.

        Raises
        ------
        HistoryError
            If the history belongs to another deployment, or could not be written. Its existing data is unchanged.
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
            As in `DagsterClient.steps`. An id may be shortened to its first 8 or more characters.

        Returns
        -------
        pandas.DataFrame
            The columns and dtypes of `DagsterClient.steps`. If the history has no client, a `DagsterNbWarning` is
            issued for runs without stored steps.

        Raises
        ------
        RunNotFoundError
            If a run is not in the history, if Dagster deleted the run before its steps were read, or if a shortened id
            matches several runs. The message lists these ids.
        TypeError, ValueError
            If `runs` does not identify runs.
        ConnectionFailedError, RequestTimeoutError, UnauthorizedError

        Examples
        --------
        >>> history.steps(history.runs(job="nightly", limit=20))  # doctest: +SKIP
        """
        return self._steps().of(list(self._full_ids(run_ids_of(runs), deleted=True)))

    def compact(self) -> None:
        """Merge small files, and delete files that have not been part of the tables for a day.

        `refresh` does this automatically if there are many small files.

        Raises
        ------
        HistoryError
            If the history could not be written.

        Examples
        --------
        >>> history.compact()  # doctest: +SKIP
        """
        self._open_table().compact()
        self._steps().compact()

    def facts(self) -> dict[str, str]:
        """Return the number of runs, the deployment, and the times of the oldest run and the last refresh, as text.

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
            "refreshed": "not completed yet" if synced_at is None else f"{time_text(synced_at)} UTC",
        }

    def __repr__(self) -> str:
        # A traceback may show a history that could not be opened.
        if "_table" not in vars(self):
            return f"<{type(self).__name__}, not open>"
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
