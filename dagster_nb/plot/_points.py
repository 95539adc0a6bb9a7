"""Marks: one a run while they can be told apart, and an even selection of them beyond."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.lines import Line2D

from dagster_nb.plot._axes import look
from dagster_nb.plot._text import label
from dagster_nb.plot._theme import status_style

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Integers = NDArray[np.int64]

__all__ = ["said", "spread", "status_marks", "thin"]

MOST_MARKS = 3000
_WHOLE_GROUP = 20
_GOLDEN = 0.6180339887498949


def thin(groups: Integers, order: Floats, most: int = MOST_MARKS) -> tuple[Integers, int]:
    """Choose about `most` of many marks, evenly within each group, so that what is rare stays to be seen.

    Parameters
    ----------
    groups
        The group of each mark.
    order
        What the marks of a group are ordered by; its first and its last are always chosen.

    Returns
    -------
    chosen
        The positions of the chosen marks, by group and order.
    step
        1 if all are chosen, else that every `step`-th of a group is; small groups are kept whole.

    Examples
    --------
    >>> chosen, step = thin(np.zeros(100, dtype=int), np.arange(100.0), most=10)
    >>> step, chosen.tolist()
    (10, [0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 99])
    """
    ranked = np.argsort(order, kind="stable")
    # The same as a lexsort; small integers are sorted by radix, in a tenth of the time.
    ranked = ranked[np.argsort(groups[ranked].astype(np.uint16), kind="stable")]
    step = -(-len(ranked) // most) if len(ranked) else 1
    if step == 1:
        return ranked, 1
    starts, sizes = np.unique(groups[ranked], return_index=True, return_counts=True)[1:]
    position = np.arange(len(ranked)) - np.repeat(starts, sizes)
    size = np.repeat(sizes, sizes)
    return ranked[(position % step == 0) | (position == size - 1) | (size <= _WHOLE_GROUP)], step


def said(step: int, total: int) -> str:
    """Say in words what `thin` did.

    Examples
    --------
    >>> said(34, 100_000)
    'marks: every 34th of 100,000 runs'
    """
    if step == 1:
        return ""
    ending = "th" if step % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(step % 10, "th")
    return f"marks: every {step}{ending} of {total:,} runs"


def spread(count: int) -> Floats:
    """Return offsets from 0 to 1 that keep neighbours apart; the same every time."""
    offsets: Floats = (np.arange(count, dtype=np.float64) * _GOLDEN) % 1.0
    return offsets


def status_marks(
    ax: Axes,
    x: Floats,
    y: Floats,
    statuses: Sequence[str],
    codes: Integers,
    **kwargs: object,
) -> list[Line2D]:
    """Draw a mark a run in the colour and the shape of its status; return a line of marks a status."""
    drawn = []
    for code in np.unique(codes):
        style = status_style(statuses[code])
        usual = {"color": style.color, "marker": style.marker, "markersize": 4.0, "markeredgewidth": 0.0}
        # What went well is the ground on which the rest has to stand out.
        usual["alpha"] = 0.55 if statuses[code] == "SUCCESS" else 0.9
        drawn += ax.plot(
            x[codes == code],
            y[codes == code],
            label=label(statuses[code]),
            **look(kwargs, Line2D, linestyle="none", rasterized=True, **usual),
        )
    return drawn
