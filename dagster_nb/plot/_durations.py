"""The chart `durations`: how long the runs of each job take."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.collections import PolyCollection
from matplotlib.lines import Line2D

from dagster_nb.analysis import read_columns
from dagster_nb.analysis.even_sample import even_sample
from dagster_nb.analysis.group_rows import named_groups
from dagster_nb.analysis.quantiles_and_densities import group_quantiles, log_densities
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
from dagster_nb.plot._duration_axes import MIN_SECONDS, log_duration_axis
from dagster_nb.plot._labels import label
from dagster_nb.plot._mark_positions import ChartIndex, group_lanes, run_marks, set_chart_index
from dagster_nb.plot._run_marks import MAX_MARKS, draw_status_marks, sample_words, spread_offsets
from dagster_nb.plot._theme import text_color
from dagster_nb.plot._time_axes import period_text
from dagster_nb.statuses import BLUE, status_of
from dagster_nb.time_zones import time_zone
from dagster_nb.words import count_text, duration_text, plural

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import tzinfo

    import pandas as pd
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Integers = NDArray[np.int64]

__all__ = ["durations"]

_QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
_MEDIAN = _QUANTILES.index(0.5)
_RUNNING = ("STARTED", "CANCELING")


def durations(
    runs: pd.DataFrame,
    *,
    by: str | Sequence[str] | None = "job_name",
    max_groups: int = 12,
    as_of: pd.Timestamp | None = None,
    tz: str | tzinfo = "UTC",
    ax: Axes | None = None,
    **kwargs: object,
) -> Axes:
    """Show how long the runs of each job take, with one lane per job and the slowest job on top.

    The upper half of a lane shows the distribution of all durations. In the middle, a thin line extends from the 5th to
    the 95th percentile, a thick line extends from the 25th to the 75th percentile, and a tick marks the median. The
    median is also written to the right of the lane. The lower half has a mark for each run, with the color and shape
    of its status. If there are more than 3,000 runs, the chart shows marks for an even sample, and the caption says so.
    The mark of a run in progress is a hollow arrow at its current duration. Runs that have not started are not drawn.

    Parameters
    ----------
    runs
        Runs from ``client.runs()``, with the columns ``status``, ``start_time`` and ``duration`` and the columns in
        `by`.
    by
        The column or columns to group by. Each group gets a lane. None draws all runs in one lane.
    max_groups
        The maximum number of lanes. If there are more groups, the less busy groups share the last lane.
    as_of
        The assumed end time of runs in progress. By default, the time when the frame was fetched
        (``attrs["dagster_nb"]["fetched_at"]``) or, if the frame does not contain it, the current time.
    tz
        The time zone of the dates in the caption, such as ``"Europe/Paris"``.
    ax
        The axes to draw on. The default is pyplot's current axes.
    **kwargs
        Properties of `matplotlib.lines.Line2D` for the marks.

    Returns
    -------
    matplotlib.axes.Axes
        The axes, with durations in seconds on the x axis, on a logarithmic scale. Durations of less than a millisecond
        are drawn as one millisecond.

    Examples
    --------
    >>> import pandas as pd
    >>> from matplotlib.figure import Figure
    >>> runs = pd.DataFrame({
    ...     "job_name": ["etl", "etl", "train"],
    ...     "status": ["SUCCESS", "FAILURE", "SUCCESS"],
    ...     "start_time": pd.Timestamp("2026-01-01", tz="UTC"),
    ...     "duration": pd.to_timedelta([60, 20, 3600], unit="s"),
    ... })
    >>> ax = durations(runs, ax=Figure().subplots())
    >>> [text.get_text() for text in ax.get_yticklabels()]
    ['train', 'etl']
    """
    options = artist_options(durations, Line2D, kwargs)
    ax, zone = current_axes(ax), time_zone(tz)
    started = read_columns.times(runs, "start_time")
    length = read_columns.seconds(read_columns.durations(runs, "duration"))
    so_far = read_columns.seconds(read_columns.as_of_time(runs, as_of) - started)
    finished = ~np.isnan(length)
    running = ~finished & read_columns.has_status(runs, *_RUNNING) & (so_far >= 0)
    shown = finished | running
    if not shown.any():
        return empty_chart(ax, "no runs" if runs.empty else "no run has started")

    length = np.where(running, so_far, length).clip(MIN_SECONDS)
    groups = named_groups(runs, by).merged(max_groups)
    quantiles = group_quantiles(length[finished], groups.codes[finished], len(groups.names), _QUANTILES)
    slowest_first = np.argsort(-np.nan_to_num(quantiles[:, _MEDIAN], nan=-1.0), kind="stable")
    order = [group for group in slowest_first if (groups.codes[shown] == group).any()]
    groups = groups.selected(order)
    lanes = groups.codes
    codes, statuses = read_columns.status_codes(runs)

    log_duration_axis(ax, "x", float(length[shown].min()), float(length[shown].max()))
    draw_grid(ax, "x")
    _draw_shapes(ax, length[finished], lanes[finished], len(groups.names))
    sample, step = even_sample((lanes * len(statuses) + codes)[finished], length[finished], MAX_MARKS)
    sample = np.flatnonzero(finished)[sample]
    y = lanes[sample] + 0.1 + 0.33 * spread_offsets(len(sample))
    draw_status_marks(ax, length[sample], y, codes[sample], statuses, options)
    running_rows = np.flatnonzero(running)
    running_y = lanes[running] + 0.1 + 0.33 * spread_offsets(len(running_rows))
    _draw_running(ax, length[running], running_y, options)
    _draw_quantiles(ax, quantiles[order], np.bincount(lanes[finished], minlength=len(order)))
    set_lanes(ax, [label(name) for name in groups.names])
    n_left_out = int((~shown).sum())
    set_caption(
        ax,
        "duration",
        f"started {period_text(started[shown], zone)}",
        sample_words(step, int(finished.sum())),
        f"not shown: {plural(n_left_out, 'run')} without a duration" if n_left_out else "",
    )
    draw_legend(ax)
    rows = np.concatenate([sample, running_rows])
    marks = run_marks(rows, length[rows], np.concatenate([y, running_y]))
    set_chart_index(ax, ChartIndex("duration", marks, group_lanes(groups.names)))
    return ax


def _draw_shapes(ax: Axes, length: Floats, lanes: Integers, n_lanes: int) -> None:
    centers, densities = log_densities(length, lanes, n_lanes, ax.get_xlim())
    outlines = []
    for lane in np.flatnonzero(densities.any(axis=1)):
        base = lane - 0.05
        nonzero = np.flatnonzero(densities[lane])
        part = slice(nonzero[0], nonzero[-1] + 1)
        top = np.column_stack([centers[part], base - 0.42 * densities[lane][part]])
        outlines.append(np.vstack([[top[0, 0], base], top, [top[-1, 0], base]]))
    ax.add_collection(PolyCollection(outlines, facecolor=BLUE, alpha=0.35, linewidth=0), autolim=False)


def _draw_quantiles(ax: Axes, quantiles: Floats, counts: Integers) -> None:
    known = np.flatnonzero(~np.isnan(quantiles[:, 0]))
    p5, p25, p50, p75, p95 = quantiles[known].T
    ax.hlines(known, p5, p95, color=BLUE, linewidth=1.2)
    ax.hlines(known, p25, p75, color=BLUE, linewidth=4)
    ax.plot(p50, known, color=text_color(), linestyle="none", marker="|", markersize=9, markeredgewidth=1.8)
    margin_note(ax, -0.5, "median · runs", va="bottom")
    for lane, median in zip(known.tolist(), p50, strict=True):
        margin_note(ax, lane, f"{duration_text(median)} · {count_text(counts[lane])}")


def _draw_running(ax: Axes, length: Floats, y: Floats, options: Mapping[str, Any]) -> None:
    if not len(length):
        return
    status = status_of("STARTED")
    properties: dict[str, Any] = {
        "color": status.color,
        "marker": status.marker,
        "markerfacecolor": "none",
        "markersize": 5.0,
        "linestyle": "none",
        "label": "still running, so far",
    }
    ax.plot(length, y, **(properties | dict(options)))
