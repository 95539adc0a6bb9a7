"""Draw a mark for each run, with the color and shape of its status."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from dagster_nb.plot._labels import label
from dagster_nb.statuses import status_of
from dagster_nb.words import count_text, ordinal_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Integers = NDArray[np.int64]

__all__ = ["MAX_MARKS", "draw_status_marks", "sample_words", "spread_offsets"]

MAX_MARKS = 3000
"""The approximate maximum number of marks in a chart. If there are more runs, the chart shows an even sample."""

_GOLDEN_RATIO = 0.6180339887498949


def sample_words(step: int, count: int, noun: str = "runs") -> str:
    """Say how many of the runs or other items have a mark. Return an empty string if all of them do.

    Examples
    --------
    >>> sample_words(34, 100_000)
    'marks: every 34th of 100,000 runs'
    """
    return "" if step == 1 else f"marks: every {ordinal_text(step)} of {count_text(count)} {noun}"


def spread_offsets(count: int) -> Floats:
    """Return offsets from 0 to 1, which move neighboring marks apart. Every call returns the same offsets."""
    offsets: Floats = (np.arange(count, dtype=np.float64) * _GOLDEN_RATIO) % 1.0
    return offsets


def draw_status_marks(
    ax: Axes,
    x: Floats,
    y: Floats,
    codes: Integers,
    statuses: Sequence[str],
    options: Mapping[str, Any],
) -> list[Line2D]:
    """Draw one mark per run and return one artist per status.

    Parameters
    ----------
    ax
        The axes to draw on.
    x, y
        The position of each mark.
    codes
        For each run, the index of its status in `statuses`.
    statuses
        The names of the statuses.
    options
        Properties of `matplotlib.lines.Line2D` that override the defaults.
    """
    drawn = []
    for code in np.unique(codes):
        status = status_of(statuses[code])
        properties: dict[str, Any] = {
            "color": status.color,
            "marker": status.marker,
            "markersize": 4.0,
            "markeredgewidth": 0.0,
            "linestyle": "none",
            "rasterized": True,
            # Draw successful runs in a fainter color, so that other runs stand out.
            "alpha": 0.55 if status.name == "SUCCESS" else 0.9,
            "label": label(statuses[code]),
        }
        drawn += ax.plot(x[codes == code], y[codes == code], **(properties | dict(options)))
    return drawn
