"""Choose an evenly spaced sample of runs, for charts that cannot show all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Integers = NDArray[np.int64]

__all__ = ["even_sample"]

_MAX_WHOLE_GROUP = 20


def even_sample(groups: Integers, values: Floats, max_size: int) -> tuple[Integers, int]:
    """Choose about `max_size` rows, evenly spaced by value within each group. Small groups stay visible.

    Parameters
    ----------
    groups
        The group of each row, from 0 to 65,535.
    values
        The value of each row. The smallest and the largest value of a group are always chosen.
    max_size
        The approximate number of rows to choose. From a group of 20 or fewer rows, all rows are chosen.

    Returns
    -------
    chosen
        The positions of the chosen rows, sorted by group and value.
    step
        The step is 1 if all rows are chosen. Otherwise, every `step`-th row of a group is chosen.

    Examples
    --------
    >>> chosen, step = even_sample(np.zeros(100, dtype=int), np.arange(100.0), max_size=10)
    >>> step, chosen.tolist()
    (10, [0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 99])
    """
    ranked = np.argsort(values, kind="stable")
    # This is ten times as fast as lexsort and gives the same result, because numpy sorts small integers with a radix
    # sort.
    ranked = ranked[np.argsort(groups[ranked].astype(np.uint16), kind="stable")]
    step = -(-len(ranked) // max_size) if len(ranked) else 1
    if step == 1:
        return ranked, 1
    starts, sizes = np.unique(groups[ranked], return_index=True, return_counts=True)[1:]
    position = np.arange(len(ranked)) - np.repeat(starts, sizes)
    size = np.repeat(sizes, sizes)
    return ranked[(position % step == 0) | (position == size - 1) | (size <= _MAX_WHOLE_GROUP)], step
