"""Sort runs, and divide them into pages that are read separately."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from dagster_nb.history.conditions import microseconds

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["page_conditions", "sort_newest_first"]

# If there are more pieces than this, sorting all rows is faster.
_MAX_PIECES = 1_000
_ORDER = [("creation_time", "descending"), ("start_time", "descending"), ("run_id", "ascending")]


def sort_newest_first(runs: pa.Table, limit: int | None) -> pa.Table:
    """Return at most ``limit`` runs, newest first. Runs without a creation time come last."""
    if not _is_sorted(runs["creation_time"]):
        runs = _with_sorted_pieces_in_order(runs)
    if not _is_sorted(runs["creation_time"]):
        order = pc.sort_indices(runs, sort_keys=_ORDER)[:limit]
        # Selecting many rows from many chunks is slow, so the chunks are combined first.
        runs = (runs.combine_chunks() if len(order) > len(runs) / 2 else runs).take(order)
    return runs if limit is None else runs.slice(0, limit)


def page_conditions(times: pa.ChunkedArray, size: int) -> Iterator[pc.Expression]:
    """Yield conditions, each of which selects a page of about ``size`` runs, newest first.

    Parameters
    ----------
    times
        The creation times of all runs.
    size
        The number of runs per page. A page can be larger if many runs were created in the same microsecond.
    """
    time = pc.field("creation_time")
    micros = np.sort(times.drop_null().cast(pa.int64()).to_numpy())[::-1]
    newest = None
    for start in range(0, len(micros), size):
        is_last = start + size >= len(micros)
        oldest = None if is_last else int(micros[start + size])
        if oldest is not None and oldest == newest:
            continue
        condition = time.is_valid()
        if newest is not None:
            condition &= time <= microseconds(newest)
        if oldest is not None:
            condition &= time > microseconds(oldest)
        newest = oldest
        yield condition
    if times.null_count:
        yield time.is_null()


def _is_sorted(times: pa.ChunkedArray) -> bool:
    """Return whether all times are known and are sorted from newest to oldest."""
    if times.null_count:
        return False
    return bool((np.diff(times.cast(pa.int64()).to_numpy()) < 0).all())


def _with_sorted_pieces_in_order(runs: pa.Table) -> pa.Table:
    """Sort the pieces of a table by their first rows, without copying the rows.

    The rows of each piece are already sorted.
    """
    times = runs["creation_time"]
    if times.null_count or not len(runs):
        return runs
    micros = times.cast(pa.int64()).to_numpy()
    starts = np.concatenate([[0], np.flatnonzero(np.diff(micros) >= 0) + 1])
    if len(starts) > _MAX_PIECES:
        return runs
    ends = np.append(starts[1:], len(micros))
    order = np.argsort(-micros[starts], kind="stable")
    return pa.concat_tables([runs.slice(starts[piece], ends[piece] - starts[piece]) for piece in order])
