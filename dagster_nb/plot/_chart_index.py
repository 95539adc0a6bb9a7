"""The index of a chart: which mark, lane and line on the axes belongs to which run, step or group."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal
from weakref import WeakKeyDictionary

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.axes import Axes
    from matplotlib.text import Text
    from numpy.typing import ArrayLike

__all__ = ["ChartIndex", "chart_index", "group_lanes", "group_lines", "run_marks", "set_chart_index"]

XAxis = Literal["time", "duration", "elapsed"]

_POSITIONS = ["x_min", "x_max", "y_min", "y_max"]


def _no_marks() -> pd.DataFrame:
    return run_marks([], [], [])


def _no_lanes() -> pd.DataFrame:
    return group_lanes([])


def _no_lines() -> pd.DataFrame:
    return group_lines({})


@dataclass(frozen=True)
class ChartIndex:
    """Where a chart shows which row of its frame. Positions are in data coordinates: see ``ax.transData``.

    Parameters
    ----------
    x_axis
        The meaning of x: ``"time"`` for matplotlib's dates (days since 1970), ``"duration"`` for seconds on a
        logarithmic scale, and ``"elapsed"`` for seconds since the start of the first step.
    marks
        One row per point or bar, in no particular order: ``row`` (int64), the position in the frame of the run or step
        that it shows, and ``x_min``, ``x_max``, ``y_min``, ``y_max`` (float64). The limits of a point are equal. A
        chart that shows a sample of the runs has only the marks of the sample.
    lanes
        One row per lane: ``name``, that of its group, and ``y_min``, ``y_max``. Empty for a chart without lanes.
    lines
        The points of the lines, one line after the other: ``name``, that of the group, ``x`` and ``y``, which is NaN
        where the line is interrupted. Empty for a chart without lines.
    labels
        The name of a group at the end of its line, and the matplotlib text that shows it.
    """

    x_axis: XAxis
    marks: pd.DataFrame = field(default_factory=_no_marks)
    lanes: pd.DataFrame = field(default_factory=_no_lanes)
    lines: pd.DataFrame = field(default_factory=_no_lines)
    labels: Mapping[str, Text] = field(default_factory=dict)


_indexes: WeakKeyDictionary[Axes, ChartIndex] = WeakKeyDictionary()


def chart_index(ax: Axes) -> ChartIndex | None:
    """Return which mark, lane and line on the axes belongs to which row of the chart's frame.

    Use it to find the run at a position, for example in a handler of matplotlib's mouse events.

    Parameters
    ----------
    ax
        Axes that a chart of `dagster_nb.plot` has drawn on.

    Returns
    -------
    ChartIndex or None
        The index of the last chart on these axes. None if the chart has no index, or nothing to show. `durations`,
        `duration_trend`, `timeline`, `queue_durations`, `status_counts`, `success_rate` and `step_gantt` have one.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> from dagster_nb import plot
    >>> runs = pd.DataFrame({
    ...     "run_id": ["a", "b"],
    ...     "job_name": ["etl", "train"],
    ...     "status": ["SUCCESS", "FAILURE"],
    ...     "start_time": pd.Timestamp("2026-01-01", tz="UTC"),
    ...     "duration": pd.to_timedelta([60, 3600], unit="s"),
    ... })
    >>> marks = plot.chart_index(plot.durations(runs, ax=Figure().subplots())).marks
    >>> slowest = marks["x_max"].argmax()
    >>> runs["run_id"].iloc[marks["row"].iloc[slowest]]
    'b'
    """
    return _indexes.get(ax)


def set_chart_index(ax: Axes, index: ChartIndex | None) -> None:
    """Set the index of the chart that was drawn last; None if the chart is empty."""
    if index is None:
        _indexes.pop(ax, None)
    else:
        _indexes[ax] = index


def run_marks(
    rows: ArrayLike, x: ArrayLike, y: ArrayLike, *, x_max: ArrayLike | None = None, y_max: ArrayLike | None = None
) -> pd.DataFrame:
    """Return the `ChartIndex.marks` of points, or of bars if `x_max` and `y_max` are given.

    Examples
    --------
    >>> run_marks([7], [1.0], [2.0], x_max=[3.0], y_max=[2.5]).to_dict("records")
    [{'row': 7, 'x_min': 1.0, 'x_max': 3.0, 'y_min': 2.0, 'y_max': 2.5}]
    """
    positions = [x, x if x_max is None else x_max, y, y if y_max is None else y_max]
    columns = {name: np.asarray(values, dtype=np.float64) for name, values in zip(_POSITIONS, positions, strict=True)}
    return pd.DataFrame({"row": np.asarray(rows, dtype=np.int64), **columns})


def group_lanes(names: Sequence[str]) -> pd.DataFrame:
    """Return the `ChartIndex.lanes` of groups that have lanes of height 1, as `set_lanes` makes them."""
    centers = np.arange(len(names), dtype=np.float64)
    return pd.DataFrame({"name": list(names), "y_min": centers - 0.5, "y_max": centers + 0.5})


def group_lines(lines: Mapping[str, tuple[ArrayLike, ArrayLike]]) -> pd.DataFrame:
    """Return the `ChartIndex.lines` of groups with the x and y values of their lines."""
    parts = [
        pd.DataFrame({"name": name, "x": np.asarray(x, dtype=np.float64), "y": np.asarray(y, dtype=np.float64)})
        for name, (x, y) in lines.items()
    ]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame({"name": [], "x": [], "y": []})
