"""`History`: the runs of a deployment, read from disk as a client reads them from a server."""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, datetime
from html import escape
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from dagster_nb.errors import DagsterNbError, HistoryError
from dagster_nb.filters import RunFilters, whole_number
from dagster_nb.frames.columns import categories
from dagster_nb.frames.runs import included_columns
from dagster_nb.history.conditions import run_condition
from dagster_nb.history.location import table_path
from dagster_nb.history.refresh import SYNCED_AT, Refresh, RefreshResult
from dagster_nb.history.run_pages import page_conditions, sort_newest_first
from dagster_nb.history.runs_table import LIVE, RunsTable
from dagster_nb.history.schema import RUNS, read_columns, to_frame
from dagster_nb.history.table import Table
from dagster_nb.run_ids import run_ids_of
from dagster_nb.statuses import RUN_STATUSES
from dagster_nb.times import to_seconds
from dagster_nb.words import plural, time_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from dagster_nb.history.source import HistorySource
    from dagster_nb.run_ids import RunsLike
    from dagster_nb.times import Moment

__all__ = ["History"]

_RUNS_PER_PAGE = 50_000


class History:
    """The run history of one deployment in Delta tables; `DagsterClient.history` and `open_history` return one.

    ``path/runs`` is a table with one row per run and the columns of `DagsterClient.runs`, except that ``tags`` and
    ``run_config`` are JSON text there and durations are seconds. Any engine that knows Delta can read it.

    Parameters
    ----------
    path
        An absolute path, or the URL of an object storage.
    table
        The table of runs; None if it does not exist yet.
    source
        The deployment; None to read only.
    storage_options
        The options for object storage.
    """

    def __init__(
        self,
        path: str,
        table: Table | None,
        *,
        source: HistorySource | None = None,
        storage_options: Mapping[str, str] | None = None,
    ):
        self._path = path
        self._table = table
        self._source = source
        self._storage_options = storage_options

    @property
    def path(self) -> str:
        """The folder or the URL that contains the table ``runs``."""
        return self._path

    @property
    def url(self) -> str:
        """The address of the deployment; when the history was created, if there is no client."""
        if self._source is not None:
            return self._source.url
        return self._table.deployment if self._table is not None else ""

    @property
    def synced_at(self) -> pd.Timestamp | None:
        """When the last refresh that finished began (datetime, UTC); None before the first one has finished."""
        if self._table is None:
            return None
        self._table.update()
        micros = self._table.marker(SYNCED_AT)
        return None if micros is None else pd.Timestamp(micros, unit="us", tz="UTC")

    def refresh(self, *, overlap: Moment = "1h", all_deleted: bool = False) -> RefreshResult:
        """Bring the history up to date. Only what may have changed is read.

        The first refresh reads all runs, in commits of 20,000 runs; if it is interrupted, the next one continues where
        it ended. Every later refresh reads

        - the runs with an update time after the last known change, minus the overlap,
        - all runs that were not finished yet,
        - the number of runs. Only if that differs from the number of runs in the history, all ids are listed. A run
          that is no longer there is kept, with the time of this refresh as ``deleted_at``; a run that is missing in the
          history is read.

        Afterwards the history equals what `DagsterClient.runs` returned at that time, under two assumptions. The clocks
        of all processes that write to Dagster's storage, and of this machine, differ by less than the overlap. And an
        event of a finished run is stored less than the overlap after the time that it carries, because that time
        becomes the update time of the run. An unfinished run is read in any case.

        Several processes may refresh the same history at once. If one is killed, nothing that it has committed is lost.

        Parameters
        ----------
        overlap
            A timedelta, or a string such as ``"1h"``. More reads more runs again.
        all_deleted
            Whether it is fine that the server has none of the runs of the history. Without it, such a server is taken
            for another Dagster at the same address, and refused.

        Returns
        -------
        RefreshResult
            ``.added``, ``.updated`` and ``.deleted``: how many runs.

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
        return result

    def runs(
        self,
        *,
        job: str | Iterable[str] | None = None,
        status: str | Iterable[str] | None = None,
        tags: Mapping[str, str | Iterable[str]] | None = None,
        run_ids: RunsLike | None = None,
        location: str | Iterable[str] | None = None,
        created_after: Moment | None = None,
        created_before: Moment | None = None,
        updated_after: Moment | None = None,
        updated_before: Moment | None = None,
        include: str | Iterable[str] = (),
        limit: int | None = None,
        deleted: bool = False,
    ) -> pd.DataFrame:
        """Return all runs that match, newest first by creation time, without asking the server.

        Parameters
        ----------
        job, status, tags, run_ids, location, created_after, created_before, updated_after, updated_before
            As in `DagsterClient.runs`. A time ago, such as ``"7d"``, counts from now.
        include, limit
            As in `DagsterClient.runs`.
        deleted
            Whether to return also the runs that Dagster has deleted, and a column ``deleted_at``.

        Returns
        -------
        pandas.DataFrame
            The columns and dtypes of `DagsterClient.runs`; with ``deleted=True`` also ``deleted_at`` (datetime64[us,
            UTC]), the time of the refresh that noticed it, NaT for the others. ``frame.attrs["dagster_nb"]`` holds the
            path, the url, the filters and, as ``fetched_at``, the time of the last refresh.

        Raises
        ------
        ValueError, TypeError
            If an argument is invalid.
        HistoryError
            If the history was never refreshed, or cannot be read.

        Examples
        --------
        >>> history.runs(status="FAILURE", created_after="7d")  # doctest: +SKIP
        """
        filters = self._parse_filters(locals())
        included, limit = included_columns(include), whole_number(limit, "limit")
        table = self._read(read_columns(included, deleted=deleted), filters, deleted=deleted, limit=limit)
        return self._finish(table, filters, limit)

    def iter_runs(
        self,
        *,
        job: str | Iterable[str] | None = None,
        status: str | Iterable[str] | None = None,
        tags: Mapping[str, str | Iterable[str]] | None = None,
        run_ids: RunsLike | None = None,
        location: str | Iterable[str] | None = None,
        created_after: Moment | None = None,
        created_before: Moment | None = None,
        updated_after: Moment | None = None,
        updated_before: Moment | None = None,
        include: str | Iterable[str] = (),
        limit: int | None = None,
        page_size: int | None = None,
        deleted: bool = False,
    ) -> Iterator[pd.DataFrame]:
        """Read all runs that match in pages, so that a history of any size fits into memory.

        Parameters
        ----------
        job, status, tags, run_ids, location, created_after, created_before, updated_after, updated_before
            As in `runs`.
        include, limit, deleted
            As in `runs`.
        page_size
            About how many runs a page has; 50,000 by default.

        Yields
        ------
        pandas.DataFrame
            A page of runs, with the columns and dtypes of `runs`. No page is empty.

        Raises
        ------
        As `runs`.

        Examples
        --------
        >>> sum(len(page) for page in history.iter_runs())  # doctest: +SKIP
        """
        filters = self._parse_filters(locals())
        included, limit = included_columns(include), whole_number(limit, "limit")
        size = whole_number(page_size, "page_size")
        if size == 0:
            raise ValueError("page_size must be at least 1, not 0.")
        self._open_table()

        # A function of its own, so that an invalid argument raises at the call and not at the first page.
        def pages() -> Iterator[pd.DataFrame]:
            left = limit
            times = self._select(["creation_time"], filters, deleted=deleted)["creation_time"]
            for condition in page_conditions(times, size or _RUNS_PER_PAGE):
                if left == 0:
                    return
                columns = read_columns(included, deleted=deleted)
                page = self._read(columns, filters, deleted=deleted, limit=left, also=condition)
                left = None if left is None else left - len(page)
                if len(page):
                    yield self._finish(page, filters, limit)

        return pages()

    def count_runs(
        self,
        *,
        job: str | Iterable[str] | None = None,
        status: str | Iterable[str] | None = None,
        tags: Mapping[str, str | Iterable[str]] | None = None,
        run_ids: RunsLike | None = None,
        location: str | Iterable[str] | None = None,
        created_after: Moment | None = None,
        created_before: Moment | None = None,
        updated_after: Moment | None = None,
        updated_before: Moment | None = None,
        deleted: bool = False,
    ) -> int:
        """Count the runs that match.

        Parameters
        ----------
        job, status, tags, run_ids, location, created_after, created_before, updated_after, updated_before, deleted
            As in `runs`.

        Raises
        ------
        As `runs`.

        Examples
        --------
        >>> history.count_runs(status="FAILURE")  # doctest: +SKIP
        """
        filters = self._parse_filters(locals())
        table = self._open_table()
        return 0 if filters.matches_nothing else table.count(run_condition(filters, deleted=deleted))

    def compact(self) -> None:
        """Join small files, and remove files that have not been part of the tables for a day.

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

    def facts(self) -> dict[str, str]:
        """Return how many runs of which deployment there are, since when, and how fresh they are, as text.

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

    def _open_table(self) -> Table:
        if self._table is None:
            self._table = Table.open(table_path(self._path, "runs"), self._storage_options)
        if self._table is None:
            raise HistoryError(f"there is no history at {self._path} yet. Use client.history(path).refresh().")
        self._table.update()
        return self._table

    def _parse_filters(self, arguments: Mapping[str, Any]) -> RunFilters:
        filters = {field.name: arguments[field.name] for field in fields(RunFilters)}
        if filters["run_ids"] is not None:
            filters["run_ids"] = run_ids_of(filters["run_ids"])
        parsed = RunFilters.parse(**filters).at()
        if not set(parsed.status or ()) <= set(RUN_STATUSES):
            # A status that this package does not know is valid if a run has it.
            RunFilters.parse(known_statuses=self._statuses, status=parsed.status)
        return parsed

    @property
    def _statuses(self) -> list[str]:
        found = self._open_table().read(["status"])["status"].unique().drop_null().to_pylist()
        return categories(found)

    def _select(
        self, columns: list[str], filters: RunFilters, *, deleted: bool, also: pc.Expression | None = None
    ) -> pa.Table:
        table = self._open_table()
        if filters.matches_nothing:
            return RUNS.empty_table().select(columns)
        condition = run_condition(filters, deleted=deleted)
        if also is not None:
            condition = also if condition is None else condition & also
        return table.read(columns, condition)

    def _read(
        self,
        columns: list[str],
        filters: RunFilters,
        *,
        deleted: bool,
        limit: int | None,
        also: pc.Expression | None = None,
    ) -> pa.Table:
        return sort_newest_first(self._select(columns, filters, deleted=deleted, also=also), limit)

    def _finish(self, table: pa.Table, filters: RunFilters, limit: int | None) -> pd.DataFrame:
        frame = to_frame(table)
        described = filters.as_json() if limit is None else {**filters.as_json(), "limit": limit}
        synced_at = self.synced_at
        frame.attrs["dagster_nb"] = {
            "path": self._path,
            "url": self.url,
            "filters": described,
            "fetched_at": None if synced_at is None else synced_at.isoformat(),
        }
        return frame
