"""The chart `timeline`: when each run was in progress."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.collections import PolyCollection

from dagster_nb.analysis import read_columns
from dagster_nb.analysis.group_rows import named_groups
from dagster_nb.analysis.lanes_and_concurrency import counts_in_progress, peak_counts, separate_rows
from dagster_nb.analysis.time_buckets import FREQUENCIES, bucket_edges, usual_frequency
from dagster_nb.plot._artist_options import artist_options
from dagster_nb.plot._chart_parts import (
    current_axes,
    draw_grid,
    draw_legend,
    empty_chart,
    margin_note,
    set_caption,
    set_lanes,
)
from dagster_nb.plot._labels import label
from dagster_nb.plot._mark_positions import ChartIndex, group_lanes, run_marks, set_chart_index
from dagster_nb.plot._theme import text_color
from dagster_nb.plot._time_axes import date_numbers, set_time_axis
from dagster_nb.statuses import status_of
from dagster_nb.time_zones import time_zone, zone_name
from dagster_nb.words import count_text, plural

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import tzinfo

    import pandas as pd
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Integers = NDArray[np.int64]

__all__ = ["timeline"]

_MAX_BARS = 1500
_MAX_ROWS = 10
_HEIGHT = 0.8
# The minimum height of a column, as a fraction of the lane's height. It makes a single run visible even if another lane
# has a hundred simultaneous runs.
_HEIGHT_OF_ONE = 0.35


def timeline(
    runs: pd.DataFrame,
    *,
    by: str | Sequence[str] | None = "job_name",
    max_groups: int = 15,
    as_of: pd.Timestamp | None = None,
    tz: str | tzinfo = "UTC",
    ax: Axes | None = None,
    **kwargs: object,
) -> Axes:
    """Show when each run was in progress, with one lane per job.

    Up to 1,500 runs are drawn as bars from start to end, in the color and hatch of their status. If runs of a job
    overlap, their bars are stacked in the lane. The bar of a run in progress ends in an arrow.

    If there are more runs, or if more than 10 runs of a job overlap, the chart shows one column per hour, day or other
    interval instead. The height of a column shows the maximum number of simultaneous runs of the job. All lanes have
    the same scale, and the text to the right shows the maximum of each lane. The colors show the statuses of the runs
    that were in progress during the interval, in proportion to their numbers. The caption shows the interval.

    Parameters
    ----------
    runs
        Runs from ``client.runs()``, with the columns ``status``, ``start_time`` and ``end_time`` and the columns in
        `by`. Runs that have not started are not drawn, but the caption gives their number.
    by
        The column or columns to group by. Each group gets a lane. None draws all runs in one lane.
    max_groups
        The maximum number of lanes. If there are more groups, the less busy groups share the last lane.
    as_of
        The assumed end time of runs in progress. By default, the time when the frame was fetched
        (``attrs["dagster_nb"]["fetched_at"]``) or, if the frame does not contain it, the current time.
    tz
        The time zone of the x axis, such as ``"Europe/Paris"``. Days start at midnight in this time zone.
    ax
        The axes to draw on. The default is pyplot's current axes.
    **kwargs
        Properties of `matplotlib.collections.PolyCollection` for the bars or columns.

    Returns
    -------
    matplotlib.axes.Axes
        The axes, with time on the x axis and the jobs, sorted by name, on the y axis.

    Examples
    --------
    >>> import pandas as pd
    >>> from matplotlib.figure import Figure
    >>> runs = pd.DataFrame({
    ...     "job_name": ["etl", "train"],
    ...     "status": ["SUCCESS", "FAILURE"],
    ...     "start_time": pd.to_datetime(["2026-01-01 10:00", "2026-01-01 11:00"], utc=True),
    ...     "end_time": pd.to_datetime(["2026-01-01 10:30", "2026-01-01 12:00"], utc=True),
    ... })
    >>> ax = timeline(runs, ax=Figure().subplots())
    >>> ax.get_xlabel()
    'time (UTC) · 2 runs'
    """
    options = artist_options(timeline, PolyCollection, kwargs)
    ax, zone = current_axes(ax), time_zone(tz)
    started, ended = read_columns.times(runs, "start_time"), read_columns.times(runs, "end_time")
    known = started.notna().to_numpy(dtype=bool)
    groups = named_groups(runs, by).merged(max_groups)
    if not known.any():
        return empty_chart(ax, "no runs" if runs.empty else "no run has started")

    rest = len(groups.names) - 1 if groups.has_rest else None
    drawn = np.unique(groups.codes[known]).tolist()
    groups = groups.selected(sorted(drawn, key=lambda group: (group == rest, groups.names[group])))
    codes, statuses = read_columns.status_codes(runs)
    lanes, codes, started, ended = groups.codes[known], codes[known], started[known], ended[known]
    running = ended.isna().to_numpy(dtype=bool)
    # The local clock can be behind the server's clock, but a run must not end before its start.
    now = read_columns.as_of_time(runs, as_of)
    ended = ended.fillna(started.where(started > now, now))
    start, end = date_numbers(started), date_numbers(ended)

    set_time_axis(ax, zone)
    draw_grid(ax, "x")
    margin = max((end.max() - start.min()) * 0.02, 1e-9)
    ax.set_xlim(start.min() - margin, end.max() + margin)
    rows = separate_rows(start, end, lanes) if len(start) <= _MAX_BARS else None
    bucket, marks = "", run_marks([], [], [])
    if rows is not None and rows.max() < _MAX_ROWS:
        top, bottom = _rows_limits(lanes, rows)
        _draw_bars(ax, start, end, top, bottom, running, codes, statuses, options)
        marks = run_marks(np.flatnonzero(known), start, top, x_max=end, y_max=bottom)
    else:
        freq = usual_frequency(started.min(), ended.max())
        edges = date_numbers(bucket_edges(started.min(), ended.max(), freq, zone).to_series())
        ax.set_xlim(edges[0] - margin, edges[-1] + margin)
        _draw_columns(ax, start, end, lanes, edges, codes, statuses, options)
        bucket = f"each column: {FREQUENCIES[freq]}; height: most simultaneous runs"
    set_lanes(ax, [label(name) for name in groups.names])
    n_waiting = len(runs) - len(start)
    set_caption(
        ax,
        f"time ({zone_name(zone)})",
        plural(len(start), "run"),
        bucket,
        f"{count_text(n_waiting)} not started" if n_waiting else "",
    )
    draw_legend(ax)
    set_chart_index(ax, ChartIndex("time", marks, group_lanes(groups.names)))
    return ax


def _rows_limits(lanes: Integers, rows: Integers) -> tuple[Floats, Floats]:
    """Return the upper and lower y values of the bars. Overlapping bars share the height of their lane."""
    n_rows = np.zeros(lanes.max() + 1, dtype=np.int64)
    np.maximum.at(n_rows, lanes, rows + 1)
    height = _HEIGHT / n_rows[lanes]
    top = lanes - _HEIGHT / 2 + rows * height
    return top, top + height * 0.88


def _draw_bars(
    ax: Axes,
    start: Floats,
    end: Floats,
    top: Floats,
    bottom: Floats,
    running: NDArray[np.bool_],
    codes: Integers,
    statuses: Sequence[str],
    options: Mapping[str, Any],
) -> None:
    corners = np.stack([start, top, end, top, end, bottom, start, bottom], axis=1).reshape(-1, 4, 2)
    for code in np.unique(codes):
        own = codes == code
        status = status_of(statuses[code])
        _add_polygons(ax, corners[own], statuses[code], options)
        if status.name not in ("SUCCESS", "STARTED"):
            # If a bar is too narrow for a hatch, the mark still shows the status.
            marks = ax.plot(end[own], bottom[own], linestyle="none", color=status.color)[0]
            marks.set(marker=status.marker, markersize=5.0, markeredgewidth=0.5, markeredgecolor=ax.get_facecolor())
    if running.any():
        middle = (top + bottom)[running] / 2
        arrows = ax.plot(end[running], middle, linestyle="none", color=text_color(), label="still running")[0]
        arrows.set(marker=">", markersize=5.0, markeredgewidth=0.0, clip_on=False, zorder=3)


def _draw_columns(
    ax: Axes,
    start: Floats,
    end: Floats,
    lanes: Integers,
    edges: Floats,
    codes: Integers,
    statuses: Sequence[str],
    options: Mapping[str, Any],
) -> None:
    n_lanes = lanes.max() + 1
    own = [lanes == lane for lane in range(n_lanes)]
    peaks = np.array([peak_counts(start[rows], end[rows], edges) for rows in own])
    counts = np.array([counts_in_progress(start[rows], end[rows], codes[rows], len(statuses), edges) for rows in own])
    above_one = (peaks - 1) / max(peaks.max() - 1, 1)
    of_one = _HEIGHT_OF_ONE if peaks.max() > 1 else 1.0
    heights = _HEIGHT * np.where(peaks > 0, of_one + (1 - of_one) * above_one, 0.0)
    shares = counts / np.maximum(counts.sum(axis=2, keepdims=True), 1)
    base = np.repeat(np.arange(n_lanes) + _HEIGHT / 2, len(edges) - 1).reshape(n_lanes, -1)
    bottom = base
    # Put successful runs at the bottom, as in `status_counts`.
    for code in sorted(np.unique(codes), key=lambda code: (statuses[code] != "SUCCESS", code)):
        top = bottom - heights * shares[:, :, code]
        outlines = [
            _steps(edges, top[lane], bottom[lane]) for lane in range(n_lanes) if (top[lane] < bottom[lane]).any()
        ]
        _add_polygons(ax, outlines, statuses[code], options, linewidth=0.0)
        bottom = top
    failure = status_of("FAILURE")
    failed_lanes, failed = np.nonzero(counts[:, :, statuses.index("FAILURE")])
    if len(failed):
        # The part of a column that shows failures can be too small to see, so mark the failures as well.
        marks = ax.plot(((edges[:-1] + edges[1:]) / 2)[failed], (base - heights)[failed_lanes, failed])[0]
        marks.set(linestyle="none", color=failure.color, marker=failure.marker, markersize=4.5)
        marks.set(markeredgewidth=0.5, markeredgecolor=ax.get_facecolor())
    margin_note(ax, -0.5, "at once", va="bottom")
    for lane, peak in enumerate(peaks.max(axis=1)):
        margin_note(ax, lane, f"up to {count_text(peak)}")


def _steps(edges: Floats, top: Floats, bottom: Floats) -> Floats:
    """Return the outline of the area between two step functions, as points."""
    x = np.repeat(edges, 2)[1:-1]
    there, back = np.column_stack([x, np.repeat(top, 2)]), np.column_stack([x, np.repeat(bottom, 2)])[::-1]
    return np.vstack([there, back])


def _add_polygons(
    ax: Axes, outlines: Sequence[Floats] | Floats, status_name: str, options: Mapping[str, Any], linewidth: float = 0.8
) -> None:
    status = status_of(status_name)
    # The outline makes a run of one second visible even if the axis covers months.
    properties: dict[str, Any] = {"facecolor": status.color, "edgecolor": status.color, "linewidth": linewidth}
    polygons = PolyCollection(list(outlines), label=label(status_name), **(properties | dict(options)))
    polygons.set_hatch(status.hatch)
    ax.add_collection(polygons, autolim=False)
