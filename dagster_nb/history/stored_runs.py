"""The class `StoredRuns`, which reads runs from disk with the methods of a client."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa

from dagster_nb.errors import HistoryError
from dagster_nb.filters import RunFilters, parse_page_size, whole_number
from dagster_nb.frames.columns import categories
from dagster_nb.frames.runs import included_columns
from dagster_nb.history.conditions import begins_with, run_condition
from dagster_nb.history.location import table_path
from dagster_nb.history.misspelled_filters import warn_about_misspelled_filters
from dagster_nb.history.newest_first_pages import page_conditions, sort_newest_first
from dagster_nb.history.refresh import SYNCED_AT
from dagster_nb.history.runs_table import LIVE
from dagster_nb.history.schema import RUNS, read_columns, to_frame
from dagster_nb.history.table import Table
from dagster_nb.short_run_ids import full_ids_of_filter, is_shortened
from dagster_nb.statuses import RUN_STATUSES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    import pyarrow.compute as pc

    from dagster_nb.frames.runs import IncludedColumn
    from dagster_nb.history.client_protocol import HistorySource
    from dagster_nb.parse_run_ids import RunsLike
    from dagster_nb.parse_time import Moment

__all__ = ["StoredRuns"]

_RUNS_PER_PAGE = 50_000


class StoredRuns:
    """The part of `History` that reads runs from disk.

    Parameters
    ----------
    path, source, storage_options
        As in `History`.
    """

    def __init__(
        self, path: str, *, source: HistorySource | None = None, storage_options: Mapping[str, str] | None = None
    ):
        self._path = path
        self._source = source
        self._storage_options = storage_options
        self._table = Table.open(table_path(path, "runs"), storage_options)

    @property
    def path(self) -> str:
        """The folder or URL with the tables ``runs`` and ``steps``."""
        return self._path

    @property
    def url(self) -> str:
        """The address of the deployment. Without a client, this is the address when the history was created."""
        if self._source is not None:
            return self._source.url
        return self._table.deployment if self._table is not None else ""

    @property
    def synced_at(self) -> pd.Timestamp | None:
        """The start time (UTC) of the last completed refresh; None if no refresh has completed."""
        if self._table is None:
            return None
        self._table.update()
        return _synced_at(self._table)

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
        include: IncludedColumn | Iterable[IncludedColumn] = (),
        limit: int | None = None,
        deleted: bool = False,
    ) -> pd.DataFrame:
        """Return all runs that match, without a request to the server.

        The runs are sorted by creation time, newest first.

        Parameters
        ----------
        job, status, tags, run_ids, location, created_after, created_before, updated_after, updated_before
            As in `DagsterClient.runs`. A time such as ``"7d"`` is relative to the current time.
        include, limit
            As in `DagsterClient.runs`.
        deleted
            Whether to include runs that Dagster has deleted, and a column ``deleted_at``.

        Returns
        -------
        pandas.DataFrame
            The columns and dtypes of `DagsterClient.runs`. With ``deleted=True``, there is also a column ``deleted_at``
            (datetime64[us, UTC]): the time of the refresh that found the run deleted, or NaT.
            ``frame.attrs["dagster_nb"]`` contains the path, the url, the filters and, as ``fetched_at``, the time of
            the last refresh.

        Warns
        -----
        DagsterNbWarning
            If no run matches, and a job, code location or tag key in the filters may be misspelled.

        Raises
        ------
        ValueError, TypeError
            If an argument is invalid.
        RunNotFoundError
            If a shortened id matches several runs. The message lists these ids.
        HistoryError
            If the history has never been refreshed, or cannot be read.

        Examples
        --------
        >>> history.runs(status="FAILURE", created_after="7d")  # doctest: +SKIP
        """
        filters = self._parse_filters(locals())
        included, limit = included_columns(include), whole_number(limit, "limit")
        table = self._read(read_columns(included, deleted=deleted), filters, deleted=deleted, limit=limit)
        if not len(table) and limit != 0:
            warn_about_misspelled_filters(self._open_table(), filters, stacklevel=2)
        frame = self._finish(table, filters, limit)
        del table
        # Arrow keeps memory that it no longer needs. This can be half as much memory as the frame itself needs.
        pa.default_memory_pool().release_unused()
        return frame

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
        include: IncludedColumn | Iterable[IncludedColumn] = (),
        limit: int | None = None,
        page_size: int | None = None,
        deleted: bool = False,
    ) -> Iterator[pd.DataFrame]:
        """Yield all runs that match, in pages, so that the runs do not all have to fit into memory.

        Parameters
        ----------
        job, status, tags, run_ids, location, created_after, created_before, updated_after, updated_before
            As in `runs`.
        include, limit, deleted
            As in `runs`.
        page_size
            The approximate number of runs per page; 50,000 by default.

        Yields
        ------
        pandas.DataFrame
            A page of runs, with the columns and dtypes of `runs`. No page is empty.

        Warns
        -----
        DagsterNbWarning
            As `runs`.

        Raises
        ------
        As `runs`.

        Examples
        --------
        >>> sum(len(page) for page in history.iter_runs())  # doctest: +SKIP
        """
        filters = self._parse_filters(locals())
        included, limit = included_columns(include), whole_number(limit, "limit")
        size = parse_page_size(page_size)
        self._open_table()

        # Only the inner function is a generator, so an invalid argument raises an error when the method is called, not
        # when the first page is read.
        def pages() -> Iterator[pd.DataFrame]:
            left, is_empty = limit, True
            times = self._select(["creation_time"], filters, deleted=deleted)["creation_time"]
            for condition in page_conditions(times, size or _RUNS_PER_PAGE):
                if left == 0:
                    return
                columns = read_columns(included, deleted=deleted)
                page = self._read(columns, filters, deleted=deleted, limit=left, also=condition)
                left = None if left is None else left - len(page)
                if len(page):
                    is_empty = False
                    yield self._finish(page, filters, limit)
            if is_empty and limit != 0:
                warn_about_misspelled_filters(self._open_table(), filters, stacklevel=2)

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
        """Return the number of runs that match.

        Parameters
        ----------
        job, status, tags, run_ids, location, created_after, created_before, updated_after, updated_before, deleted
            As in `runs`.

        Warns
        -----
        DagsterNbWarning
            As `runs`.

        Raises
        ------
        As `runs`.

        Examples
        --------
        >>> history.count_runs(status="FAILURE")  # doctest: +SKIP
        """
        filters = self._parse_filters(locals())
        table = self._open_table()
        count = 0 if filters.matches_nothing else table.count(run_condition(filters, deleted=deleted))
        if not count:
            warn_about_misspelled_filters(table, filters, stacklevel=2)
        return count

    def _open_table(self) -> Table:
        if self._table is None:
            self._table = Table.open(table_path(self._path, "runs"), self._storage_options)
        if self._table is None:
            raise HistoryError(
                f"there is no history at {self._path} yet. Create it with client.history(path).refresh()."
            )
        self._table.update()
        return self._table

    def _parse_filters(self, arguments: Mapping[str, Any]) -> RunFilters:
        parsed = RunFilters.from_arguments(arguments)
        if not set(parsed.status or ()) <= set(RUN_STATUSES):
            # A status that this package does not know is valid if a stored run has it.
            RunFilters.parse(known_statuses=self._statuses, status=parsed.status)
        if parsed.run_ids is not None:
            parsed = replace(parsed, run_ids=self._full_ids(parsed.run_ids, deleted=bool(arguments["deleted"])))
        return parsed

    def _full_ids(self, run_ids: Sequence[str], *, deleted: bool) -> tuple[str, ...]:
        """Return full ids in place of shortened ids. Ids that belong to no run are returned unchanged."""
        short = [run_id for run_id in run_ids if is_shortened(run_id)]
        if not short:
            return tuple(run_ids)
        condition = begins_with("run_id", short)
        found = self._open_table().read(["run_id"], condition if deleted else LIVE & condition)
        return full_ids_of_filter(run_ids, found["run_id"].to_pylist())

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
        # Use the time of the table that was read, because another process may have refreshed the history since then.
        synced_at = None if self._table is None else _synced_at(self._table)
        frame.attrs["dagster_nb"] = {
            "path": self._path,
            "url": self.url,
            "filters": filters.as_json(limit),
            "fetched_at": None if synced_at is None else synced_at.isoformat(),
        }
        return frame


def _synced_at(table: Table) -> pd.Timestamp | None:
    micros = table.marker(SYNCED_AT)
    return None if micros is None else pd.Timestamp(micros, unit="us", tz="UTC")
