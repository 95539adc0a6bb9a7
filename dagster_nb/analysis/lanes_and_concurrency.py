"""Find runs that overlap in time, and count simultaneous runs."""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Integers = NDArray[np.int64]

__all__ = ["counts_in_progress", "peak_counts", "separate_rows"]


def separate_rows(start: Floats, end: Floats, groups: Integers) -> Integers:
    """Assign each run to the first free row of its group, so that the runs in a row do not overlap.

    Parameters
    ----------
    start, end
        The start and the end of each run, as numbers.
    groups
        The group of each run. Each group has its own rows, counted from 0.

    Examples
    --------
    >>> separate_rows(np.array([0.0, 1.0, 2.5]), np.array([2.0, 3.0, 4.0]), np.zeros(3, dtype=int)).tolist()
    [0, 1, 0]
    """
    rows = np.zeros(len(start), dtype=np.int64)
    free: dict[int, list[int]] = {group: [] for group in np.unique(groups)}
    busy: dict[int, list[tuple[float, int]]] = {group: [] for group in free}
    n_rows = dict.fromkeys(free, 0)
    for run in np.argsort(start, kind="stable"):
        group = groups[run]
        while busy[group] and busy[group][0][0] <= start[run]:
            heapq.heappush(free[group], heapq.heappop(busy[group])[1])
        if free[group]:
            rows[run] = heapq.heappop(free[group])
        else:
            rows[run] = n_rows[group]
            n_rows[group] += 1
        heapq.heappush(busy[group], (end[run], int(rows[run])))
    return rows


def peak_counts(start: Floats, end: Floats, edges: Floats) -> Integers:
    """Return the maximum number of simultaneous runs in each time bucket.

    Parameters
    ----------
    start, end
        The start and the end of each run, as numbers. If one run ends when another starts, the two runs do not overlap.
    edges
        The start of each bucket, and the end of the last bucket.

    Examples
    --------
    >>> peak_counts(np.array([0.0, 0.5, 2.0]), np.array([1.0, 3.0, 2.5]), np.array([0.0, 1.0, 2.0, 3.0])).tolist()
    [2, 1, 2]
    """
    # A run with a duration of zero is treated as if it ended just after its start.
    times = np.concatenate([start, np.maximum(end, np.nextafter(start, np.inf))])
    changes = np.repeat([1, -1], len(start))
    order = np.lexsort((changes, times))
    times, levels = times[order], np.concatenate([[0], np.cumsum(changes[order])])
    before = np.searchsorted(times, edges[:-1], side="right")
    after = np.searchsorted(times, edges[1:], side="left")
    return np.array([levels[low : max(low, high) + 1].max() for low, high in zip(before, after, strict=True)])


def counts_in_progress(start: Floats, end: Floats, codes: Integers, n_codes: int, edges: Floats) -> Integers:
    """Count the runs that were in progress during each time bucket, separately for each code (such as a status).

    Parameters
    ----------
    start, end
        The start and the end of each run, as numbers.
    codes
        The code of each run, from 0 to ``n_codes - 1``.
    n_codes
        The number of codes.
    edges
        The start of each bucket, and the end of the last bucket. Every run starts between the first and the last edge.

    Returns
    -------
    numpy.ndarray
        The counts, of shape (buckets, n_codes). A run is counted in every bucket in which it is in progress.

    Examples
    --------
    >>> edges = np.array([0.0, 1.0, 2.0])
    >>> counts_in_progress(np.array([0.0, 1.5]), np.array([1.5, 1.8]), np.array([0, 1]), 2, edges).tolist()
    [[1, 0], [1, 1]]
    """
    size = len(edges) - 1
    first = np.clip(np.searchsorted(edges, start, side="right") - 1, 0, size - 1)
    last = np.clip(np.searchsorted(edges, end, side="left") - 1, first, size - 1)
    changes = np.zeros((size + 1, n_codes), dtype=np.int64)
    np.add.at(changes, (first, codes), 1)
    np.add.at(changes, (last + 1, codes), -1)
    return np.cumsum(changes, axis=0)[:-1]
