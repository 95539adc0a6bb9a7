"""The table of runs, which a refresh reads and writes."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from dagster_nb.chunks import in_chunks
from dagster_nb.history.conditions import is_one_of
from dagster_nb.history.schema import COMPARED, RUNS
from dagster_nb.statuses import FINISHED

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from dagster_nb.history.table import Table

__all__ = ["LIVE", "RunsTable"]

_IDS_PER_COMMIT = 20_000

LIVE = pc.field("deleted_at").is_null()
"""The condition for runs that Dagster still had at the last refresh."""


class RunsTable:
    """The runs of a deployment.

    Parameters
    ----------
    table
        The Delta table, with the schema `RUNS`.
    """

    def __init__(self, table: Table):
        self.table = table

    def live(self) -> pa.Table:
        """Return the ids and the creation times of the runs that Dagster has not deleted."""
        return self.table.read(["run_id", "creation_time"], LIVE)

    def creation_times(self, run_ids: Sequence[str]) -> dict[str, int | None]:
        """Return the creation times, in microseconds since 1970, of the given runs that Dagster has not deleted."""
        found = self.table.read(["run_id", "creation_time"], LIVE & is_one_of("run_id", run_ids))
        times = found["creation_time"].cast(pa.int64()).to_pylist()
        return dict(zip(found["run_id"].to_pylist(), times, strict=True))

    def unfinished_ids(self) -> set[str]:
        """Return the ids of the runs with a status that can still change."""
        unfinished = ~is_one_of("status", sorted(FINISHED)) | pc.field("status").is_null()
        return set(self.table.read(["run_id"], LIVE & unfinished)["run_id"].to_pylist())

    def count_live(self) -> int:
        """Return the number of runs that Dagster has not deleted."""
        return self.table.count(LIVE)

    def recent_ids(self, count: int) -> list[str]:
        """Return the ids of the newest runs that Dagster has not deleted, up to a maximum number."""
        return list(self.table.head(["run_id"], LIVE, count)["run_id"].to_pylist())

    def oldest_creation_time(self) -> int | None:
        """Return the earliest creation time in microseconds since 1970; None if no creation time is known."""
        times = self.table.read(["creation_time"])["creation_time"]
        return None if times.null_count or not len(times) else pc.min(times).cast(pa.int64()).as_py()

    def upsert(self, rows: pa.Table, markers: Mapping[str, int] | None = None) -> tuple[int, int]:
        """Insert new runs and update changed runs, in one commit. Unchanged runs are not written.

        Parameters
        ----------
        rows
            The runs in their current states on the server, without duplicates, with the schema `RUNS`.
        markers
            Markers to commit together with new runs, as numbers. Markers are allowed only if none of the ``rows`` is
            stored yet.

        Returns
        -------
        tuple of int
            The numbers of inserted and updated runs.
        """
        counts = (0, 0)

        def write() -> None:
            nonlocal counts
            stored = self._stored(rows)
            new, changed = _new_and_changed(rows, stored)
            counts = (len(new), len(changed))
            if len(changed):
                self.table.replace(pa.concat_tables([new, changed]), _creation_range(rows))
            elif len(new) or markers:
                self.table.append(new, markers)

        self.table.write(write)
        return counts

    def mark_deleted(self, run_ids: Collection[str], now: int) -> None:
        """Mark runs as deleted, with the time in microseconds since 1970."""
        for ids in in_chunks(sorted(run_ids), _IDS_PER_COMMIT):
            self.table.write(partial(self._mark_deleted, ids, now))

    def set_markers(self, markers: Mapping[str, int]) -> None:
        """Commit some numbers."""
        self.table.write(lambda: self.table.append(RUNS.empty_table(), markers))

    def _mark_deleted(self, run_ids: list[str], now: int) -> None:
        condition = LIVE & is_one_of("run_id", run_ids)
        # Read the creation times first: with them, most files can be skipped when all columns are read.
        times = self.table.read(["creation_time"], condition)["creation_time"]
        rows = self.table.read(RUNS.names, condition & _created_with(times))
        if len(rows):
            deleted_at = pa.array([now] * len(rows), RUNS.field("deleted_at").type)
            position = RUNS.get_field_index("deleted_at")
            rows = rows.set_column(position, RUNS.field(position), deleted_at)
            self.table.replace(rows, _creation_range(rows))

    def _stored(self, rows: pa.Table) -> pa.Table:
        # The creation time of a run never changes, so most files can be skipped.
        condition = is_one_of("run_id", rows["run_id"].combine_chunks()) & _created_with(rows["creation_time"])
        return self.table.read(["run_id", *COMPARED], condition)


def _new_and_changed(rows: pa.Table, stored: pa.Table) -> tuple[pa.Table, pa.Table]:
    """Return the rows that are not stored yet, and the rows that are stored with different values."""
    position = pc.index_in(rows["run_id"], value_set=stored["run_id"].combine_chunks())
    new = rows.filter(position.is_null())
    known = rows.filter(position.is_valid())
    before = stored.take(position.drop_null())
    differs = pa.array([False] * len(known), pa.bool_())
    for name in COMPARED:
        ours, theirs = known[name].combine_chunks(), before[name].combine_chunks()
        equal = pc.or_(
            pc.fill_null(pc.equal(ours, theirs), fill_value=False), pc.and_(ours.is_null(), theirs.is_null())
        )
        differs = pc.or_(differs, pc.invert(equal))
    return new, known.filter(differs)


def _created_with(times: pa.ChunkedArray) -> pc.Expression:
    """Return the condition that a creation time is unknown, or within the range of the given times."""
    time = pc.field("creation_time")
    if times.null_count or not len(times):  # Old servers do not provide creation times.
        return pc.scalar(True)
    return ((time >= pc.min(times)) & (time <= pc.max(times))) | time.is_null()


def _creation_range(rows: pa.Table) -> str:
    """Return the SQL condition for runs that were created in the same period as the given rows."""
    times = rows["creation_time"]
    if times.null_count or not len(times):
        return ""
    low, high = (
        f"arrow_cast({bound(times).cast(pa.int64()).as_py()}, 'Timestamp(Microsecond, Some(\"UTC\"))')"
        for bound in (pc.min, pc.max)
    )
    time = "creation_time"
    return f" AND (({time} >= {low} AND {time} <= {high}) OR {time} IS NULL)"
