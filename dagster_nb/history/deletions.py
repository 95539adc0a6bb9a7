"""Where the server has other runs than a history: found by counting runs, so that few ids have to be listed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dagster_nb.history.source import HistorySource

__all__ = ["Difference", "differences"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# So few ids are listed as fast as runs are counted: both take a server about 0.15 s.
_MAX_IDS_TO_LIST = 10_000
# Deletions all over the history differ everywhere. Then listing all ids is faster than counting more.
_MAX_COUNTS = 16


@dataclass(frozen=True, slots=True)
class Difference:
    """Runs that were created within some time, of which the server has more or fewer than the history.

    Parameters
    ----------
    stored
        The ids in the history.
    listed
        The ids on the server.
    """

    stored: frozenset[str]
    listed: frozenset[str]


def differences(source: HistorySource, stored: pa.Table, count: int) -> Iterator[Difference]:
    """Yield where the server has other runs than the history.

    Parameters
    ----------
    source
        The deployment.
    stored
        The columns ``run_id`` and ``creation_time`` of the runs that the history has.
    count
        How many runs the server has.
    """
    times = stored["creation_time"]
    if times.null_count:
        yield _difference(source, stored["run_id"], {})
        return
    stored = stored.sort_by("creation_time")
    search = _Search(source, stored["creation_time"].cast(pa.int64()).to_numpy())
    for first, last in search.ranges(count):
        yield _difference(source, stored["run_id"][first:last], search.bounds(first, last))


def _difference(source: HistorySource, stored: pa.ChunkedArray, bounds: dict[str, datetime]) -> Difference:
    listed = frozenset(run_id for ids in source.iter_run_ids(**bounds) for run_id in ids)
    return Difference(frozenset(stored.to_pylist()), listed)


class _Search:
    """The search for the positions, among all sorted creation times, where the counts differ."""

    def __init__(self, source: HistorySource, times: np.ndarray[tuple[int], np.dtype[np.int64]]):
        self._source = source
        self._times = times

    def ranges(self, count: int) -> list[tuple[int, int]]:
        """Return where the counts differ, as pairs of a first position and the one after the last."""
        found = [(0, len(self._times), count)]
        for _ in range(_MAX_COUNTS):
            first, last, count = max(found, key=lambda one: one[1] - one[0])
            middle = self._middle(first, last)
            if last - first <= _MAX_IDS_TO_LIST or middle is None:
                break
            found.remove((first, last, count))
            older = self._source.count_runs(**self.bounds(first, middle))
            halves = [(first, middle, older), (middle, last, count - older)]
            found += [(start, end, number) for start, end, number in halves if number != end - start]
            if not found:
                break
        return sorted((first, last) for first, last, _ in found)

    def bounds(self, first: int, last: int) -> dict[str, datetime]:
        """Return the exclusive bounds of creation times. The first and the last range have only one."""
        bounds = {}
        if first > 0:
            bounds["created_after"] = _moment(int(self._times[first - 1]))
        if last < len(self._times):
            bounds["created_before"] = _moment(int(self._times[last - 1]) + 1)
        return bounds

    def _middle(self, first: int, last: int) -> int | None:
        """Return a position that does not separate runs of the same microsecond; None if there is none."""
        middle = (first + last) // 2
        later = int(np.searchsorted(self._times, self._times[middle], side="right"))
        return later if first < later < last else None


def _moment(micros: int) -> datetime:
    return _EPOCH + timedelta(microseconds=micros)
