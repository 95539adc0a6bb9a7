"""The index of a chart: the run, step or group of each mark, lane and line on the axes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal
from weakref import WeakKeyDictionary

import numpy as np
import pandas as pd

from dagster_nb.plot._time_axes import date_numbers

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.axes import Axes
    from matplotlib.text import Text
    from numpy.typing import ArrayLike

__all__ = [
    "ChartIndex",
    "chart_index",
    "group_lanes",
    "group_lines",
    "period_marks",
    "run_marks",
    "set_chart_index",
]

XAxis = Literal["time", "duration", "elapsed", "share"]

_POSITIONS = ["x_min", "x_max", "y_min", "y_max"]


def _no_marks() -> pd.DataFrame:
    return run_marks([], [], [])


def _no_lanes() -> pd.DataFrame:
    return group_lanes([])


def _no_lines() -> pd.DataFrame:
    return group_lines({})


def _no_periods() -> pd.DataFrame:
    no_times = pd.DatetimeIndex([], dtype="datetime64[us, UTC]")
    table = pd.DataFrame({"time": no_times, "end": no_times})
    return period_marks(table, status="", y_min=[], y_max=[], runs=[], succeeded=[])


@dataclass(frozen=True)
class ChartIndex:
    """The positions of the rows and groups of a frame in a chart, in data coordinates: see ``ax.transData``.

    Parameters
    ----------
    x_axis
        The meaning of x: ``"time"`` for matplotlib's dates (days since 1970), ``"duration"`` for seconds on a
        logarithmic scale, ``"elapsed"`` for seconds since the start of the first step, and ``"share"`` for a share of
        the total time.
    marks
        One row per point or bar, in any order. ``row`` (int64) is the position of the run or step in the frame or, in
        `slow_steps`, in the result of `dagster_nb.analysis.slow_steps`. ``x_min``, ``x_max``, ``y_min`` and ``y_max``
        (float64) are the limits of the point or bar, and equal for a point. If the chart shows a sample of the runs,
        there are only the marks of the sample.
    lanes
        One row per lane, with ``name`` (the name of the group), ``y_min`` and ``y_max``. The frame is empty if the
        chart has no lanes.
    lines
        The points of all lines, one line after the other, with ``name`` (the name of the group), ``x`` and ``y``. A gap
        in a line has a ``y`` of NaN. The frame is empty if the chart has no lines.
    labels
        The names of the groups at the ends of lines, each with the matplotlib ``Text`` that shows the name.
    periods
        One row per bar of `status_counts` or point of `success_rate`. ``start`` and ``end`` are the limits of its
        period of creation time, in the time zone of the chart. ``status`` is the status of the bar's runs, and "" in
        `success_rate`. ``runs`` (int64) is the number of runs or, in `success_rate`, of finished runs. ``succeeded``
        (int64) is the number of these runs that succeeded. ``x_min``, ``x_max``, ``y_min`` and ``y_max`` are as in
        `marks`; along x, a point has the limits of its period. Empty in other charts.
    """

    x_axis: XAxis
    marks: pd.DataFrame = field(default_factory=_no_marks)
    lanes: pd.DataFrame = field(default_factory=_no_lanes)
    lines: pd.DataFrame = field(default_factory=_no_lines)
    labels: Mapping[str, Text] = field(default_factory=dict)
    periods: pd.DataFrame = field(default_factory=_no_periods)


_indexes: WeakKeyDictionary[Axes, ChartIndex] = WeakKeyDictionary()


def chart_index(ax: Axes) -> ChartIndex | None:
    """Return the run, step or group of each mark, lane and line in a chart.

    Use the index to find the run at a position, for example in a handler of matplotlib's mouse events.

    Parameters
    ----------
    ax
        The axes of a chart from `dagster_nb.plot`.

    Returns
    -------
    ChartIndex or None
        The index of the last chart on these axes. None if the chart is empty or has no index. The charts `durations`,
        `duration_trend`, `timeline`, `queue_durations`, `status_counts`, `success_rate`, `step_gantt` and `slow_steps`
        have an index.

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
    """Record the index of the chart that was drawn last on the axes. None means that the chart is empty."""
    if index is None:
        _indexes.pop(ax, None)
    else:
        _indexes[ax] = index


def run_marks(
    rows: ArrayLike, x: ArrayLike, y: ArrayLike, *, x_max: ArrayLike | None = None, y_max: ArrayLike | None = None
) -> pd.DataFrame:
    """Return the `ChartIndex.marks` of points or, if `x_max` and `y_max` are given, of bars.

    Examples
    --------
    >>> run_marks([7], [1.0], [2.0], x_max=[3.0], y_max=[2.5]).to_dict("records")
    [{'row': 7, 'x_min': 1.0, 'x_max': 3.0, 'y_min': 2.0, 'y_max': 2.5}]
    """
    positions = [x, x if x_max is None else x_max, y, y if y_max is None else y_max]
    columns = {name: np.asarray(values, dtype=np.float64) for name, values in zip(_POSITIONS, positions, strict=True)}
    return pd.DataFrame({"row": np.asarray(rows, dtype=np.int64), **columns})


def period_marks(
    table: pd.DataFrame,
    *,
    status: str,
    y_min: ArrayLike,
    y_max: ArrayLike,
    runs: ArrayLike,
    succeeded: ArrayLike,
) -> pd.DataFrame:
    """Return the `ChartIndex.periods` of bars or points. Those without runs are left out.

    Parameters
    ----------
    table
        The ``time`` and ``end`` of each period.
    status
        The status of the runs, or "" if the runs have different statuses.
    y_min, y_max, runs, succeeded
        See `ChartIndex.periods`.
    """
    x_min, x_max = date_numbers(table["time"]), date_numbers(table["end"])
    marks = pd.DataFrame(
        {
            "start": table["time"].array,
            "end": table["end"].array,
            "status": pd.array([status] * len(table), dtype="string"),
            "runs": np.asarray(runs, dtype=np.int64),
            "succeeded": np.asarray(succeeded, dtype=np.int64),
        }
    )
    for name, values in zip(_POSITIONS, (x_min, x_max, y_min, y_max), strict=True):
        marks[name] = np.asarray(values, dtype=np.float64)
    return marks[marks["runs"] > 0].reset_index(drop=True)


def group_lanes(names: Sequence[str]) -> pd.DataFrame:
    """Return the `ChartIndex.lanes` of groups with lanes of height 1, as in `set_lanes`."""
    centers = np.arange(len(names), dtype=np.float64)
    return pd.DataFrame({"name": list(names), "y_min": centers - 0.5, "y_max": centers + 0.5})


def group_lines(lines: Mapping[str, tuple[ArrayLike, ArrayLike]]) -> pd.DataFrame:
    """Return the `ChartIndex.lines` of groups. The argument contains the x and y values of the line of each group."""
    parts = [
        pd.DataFrame({"name": name, "x": np.asarray(x, dtype=np.float64), "y": np.asarray(y, dtype=np.float64)})
        for name, (x, y) in lines.items()
    ]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame({"name": [], "x": [], "y": []})
