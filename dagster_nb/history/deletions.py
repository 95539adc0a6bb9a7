"""Find the runs that Dagster has deleted by counting, so that few ids have to be listed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from dagster_nb.chunks import in_chunks

if TYPE_CHECKING:
    from dagster_nb.history.source import HistorySource

__all__ = ["deleted_ids"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Listing this many ids takes about as long as counting.
_MAX_IDS_TO_LIST = 2_000
# If deleted runs are spread over the whole history, listing all ids is faster than more counting.
_MAX_COUNTS = 24
_IDS_PER_CHECK = 500


def deleted_ids(source: HistorySource, live: pa.Table, count: int) -> set[str] | None:
    """Return the runs that the server no longer has; None if only a list of all ids can show them.

    Parameters
    ----------
    source
        The deployment.
    live
        The columns ``run_id`` and ``creation_time`` of the runs that the server had at the last refresh. The server is
        assumed to have no other runs. If it has, the result is either None or still correct for the runs in ``live``.
    count
        The number of runs that the server has now.
    """
    expected = len(live) - count
    if live["creation_time"].null_count or not 0 < expected <= _MAX_COUNTS * _IDS_PER_CHECK:
        return None
    live = live.sort_by("creation_time")
    search = _Search(source, live["creation_time"].cast(pa.int64()).to_numpy())
    found: set[str] = set()
    for first, last in search.ranges(count):
        listed = {run_id for ids in source.iter_run_ids(**search.bounds(first, last)) for run_id in ids}
        found |= set(live["run_id"][first:last].to_pylist()) - listed
    # This check is needed because a server may round times, and runs may have been added or deleted since the count.
    exist = any(source.count_runs(run_ids=ids) for ids in in_chunks(sorted(found), _IDS_PER_CHECK))
    return None if exist or len(found) != expected else found


class _Search:
    """Searches the sorted creation times for positions where the server has fewer runs than the history.

    Parameters
    ----------
    source
        The deployment.
    times
        The creation times in microseconds since 1970, sorted.
    """

    def __init__(self, source: HistorySource, times: np.ndarray[tuple[int], np.dtype[np.int64]]):
        self._source = source
        self._times = times

    def ranges(self, count: int) -> list[tuple[int, int]]:
        """Return the ranges in which runs are missing, as pairs of a first position and the position after the last."""
        # Each range has its first and last position, and the number of the server's runs before each of them.
        ranges = [(0, len(self._times), 0, count)]
        for number in range(_MAX_COUNTS):
            widest = max(ranges, key=lambda one: one[1] - one[0], default=(0, 0, 0, 0))
            first, last, before_first, before_last = widest
            # A retention policy deletes the oldest runs, so these are searched first.
            middle = self._cut(first, last, near=_MAX_IDS_TO_LIST if number == 0 else (first + last) // 2)
            if last - first <= _MAX_IDS_TO_LIST or middle is None:
                break
            before_middle = self._source.count_runs(created_before=self._end(middle))
            halves = [(first, middle, before_first, before_middle), (middle, last, before_middle, before_last)]
            ranges.remove(widest)
            ranges += [half for half in halves if half[3] - half[2] != half[1] - half[0]]
        return [(first, last) for first, last, _, _ in ranges]

    def bounds(self, first: int, last: int) -> dict[str, Any]:
        """Return the exclusive bounds of the creation times of a range; only one for the first and the last range."""
        bounds: dict[str, Any] = {}
        if first > 0:
            bounds["created_after"] = self._end(first) - timedelta(microseconds=1)
        if last < len(self._times):
            bounds["created_before"] = self._end(last)
        return bounds

    def _end(self, position: int) -> datetime:
        """Return a time just after the creation of the last run before a position."""
        return _EPOCH + timedelta(microseconds=int(self._times[position - 1]) + 1)

    def _cut(self, first: int, last: int, *, near: int) -> int | None:
        """Return a position in a range that does not separate runs created in the same microsecond, or None."""
        if not first < near < last:
            return None
        position = int(np.searchsorted(self._times, self._times[near], side="right"))
        return position if position < last else None
