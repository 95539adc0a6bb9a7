"""Find the runs that Dagster has deleted. To avoid listing all ids, count runs first."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from dagster_nb.chunks import in_chunks

if TYPE_CHECKING:
    from dagster_nb.history.client_protocol import HistorySource

__all__ = ["deleted_ids"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Listing this many ids takes about as long as one count.
_MAX_IDS_TO_LIST = 2_000
# The maximum number of count queries. If more were needed, the deleted runs would probably be spread over the whole
# history, and listing all ids would be faster.
_MAX_COUNTS = 24
_IDS_PER_CHECK = 500


def deleted_ids(source: HistorySource, live: pa.Table, count: int) -> set[str] | None:
    """Return the ids of the runs that the server no longer has, or None if only a list of all ids can show this.

    Parameters
    ----------
    source
        The deployment.
    live
        The columns ``run_id`` and ``creation_time`` of the runs that the server had at the last refresh. If the server
        also has runs that are not in this frame, the result is either None or still correct for the runs in the frame.
    count
        The number of runs that the server has now.
    """
    expected = len(live) - count
    if live["creation_time"].null_count or not 0 < expected <= _MAX_COUNTS * _IDS_PER_CHECK:
        return None
    live = live.sort_by("creation_time")
    search = _Search(source, live["creation_time"].cast(pa.int64()).to_numpy())

    def listed(first: int, last: int) -> set[str]:
        return {run_id for ids in source.iter_run_ids(**search.bounds(first, last)) for run_id in ids}

    def stored(first: int, last: int) -> set[str]:
        return set(live["run_id"][first:last].to_pylist())

    # Retention policies delete the oldest runs, so the oldest ids are listed first.
    oldest = search.cut(0, len(live), near=_MAX_IDS_TO_LIST) or len(live)
    remaining = listed(0, oldest)
    found = stored(0, oldest) - remaining
    if len(found) < expected:
        for first, last in search.ranges(oldest, len(remaining), count):
            found |= stored(first, last) - listed(first, last)
    # The result can be wrong if the server rounds times, or if runs were added or deleted after the count.
    exist = any(source.count_runs(run_ids=ids) for ids in in_chunks(sorted(found), _IDS_PER_CHECK))
    return None if exist or len(found) != expected else found


class _Search:
    """Searches the sorted creation times for ranges in which the server has fewer runs than the history.

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

    def ranges(self, first: int, before_first: int, count: int) -> list[tuple[int, int]]:
        """Return the ranges with missing runs, as pairs of the first position and the position after the last one.

        Parameters
        ----------
        first
            The position where the search starts.
        before_first
            The number of runs on the server that were created before the run at this position.
        count
            The number of all runs on the server.
        """
        # Each range consists of two positions and, for each of them, the number of runs on the server before this
        # position.
        ranges = [(first, len(self._times), before_first, count)]
        for _ in range(_MAX_COUNTS):
            widest = max(ranges, key=lambda one: one[1] - one[0], default=(0, 0, 0, 0))
            first, last, before_first, before_last = widest
            middle = self.cut(first, last, near=(first + last) // 2)
            if last - first <= _MAX_IDS_TO_LIST or middle is None:
                break
            before_middle = self._source.count_runs(created_before=self._end(middle))
            halves = [(first, middle, before_first, before_middle), (middle, last, before_middle, before_last)]
            ranges.remove(widest)
            ranges += [half for half in halves if half[3] - half[2] != half[1] - half[0]]
        return [(first, last) for first, last, _, _ in ranges]

    def bounds(self, first: int, last: int) -> dict[str, Any]:
        """Return the exclusive bounds of a range's creation times. The first and the last range have only one bound."""
        bounds: dict[str, Any] = {}
        if first > 0:
            bounds["created_after"] = self._end(first) - timedelta(microseconds=1)
        if last < len(self._times):
            bounds["created_before"] = self._end(last)
        return bounds

    def cut(self, first: int, last: int, *, near: int) -> int | None:
        """Return a position that divides a range between two different creation times, or None if there is none."""
        if not first < near < last:
            return None
        position = int(np.searchsorted(self._times, self._times[near], side="right"))
        return position if position < last else None

    def _end(self, position: int) -> datetime:
        """Return a time just after the creation time of the run that precedes a position."""
        return _EPOCH + timedelta(microseconds=int(self._times[position - 1]) + 1)
