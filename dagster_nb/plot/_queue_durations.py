"""The chart `queue_durations`: how the waiting times of runs change over time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from matplotlib.lines import Line2D

from dagster_nb.analysis import read_columns
from dagster_nb.analysis.even_sample import even_sample
from dagster_nb.analysis.group_rows import check_max_groups, named_groups
from dagster_nb.analysis.rolling_quantiles import rolling_quantiles, usual_window
from dagster_nb.plot._artist_options import artist_options
from dagster_nb.plot._chart_parts import (
    current_axes,
    draw_grid,
    draw_legend,
    empty_chart,
    label_line_ends,
    set_caption,
    share_words,
)
from dagster_nb.plot._duration_axes import MIN_SECONDS, log_duration_axis
from dagster_nb.plot._labels import label
from dagster_nb.plot._mark_positions import ChartIndex, group_lines, run_marks, set_chart_index
from dagster_nb.plot._rolling_lines import draw_quantile_lines
from dagster_nb.plot._run_marks import MAX_MARKS, sample_words
from dagster_nb.plot._theme import group_colors, text_color
from dagster_nb.plot._time_axes import date_numbers, set_time_axis
from dagster_nb.statuses import BLUE, status_of
from dagster_nb.time_zones import time_zone, zone_name
from dagster_nb.words import duration_text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import timedelta, tzinfo

    from matplotlib.axes import Axes

__all__ = ["queue_durations"]

_WAITING = ("QUEUED", "NOT_STARTED")


def queue_durations(
    runs: pd.DataFrame,
    *,
    by: str | Sequence[str] | None = None,
    window: str | timedelta | None = None,
    max_groups: int = 6,
    as_of: pd.Timestamp | None = None,
    tz: str | tzinfo = "UTC",
    ax: Axes | None = None,
    **kwargs: object,
) -> Axes:
    """Show how long runs wait between their creation and their start, and how this changes over time.

    The solid line shows a rolling median of the waiting times, and the dashed line shows the rolling 95th percentile.
    Each run has a mark. If there are more than 3,000 runs, the chart shows marks for an even sample. The mark of a run
    that is still waiting is hollow, and shows its current waiting time. The lines do not include waiting runs.

    Parameters
    ----------
    runs
        Runs from ``client.runs()``, with the columns ``status``, ``creation_time`` and ``queue_duration`` and the
        columns in `by`.
    by
        The column or columns to group by. Each group gets a line. By default, there is one line for all runs.
    window
        The period that each point of a line covers. By default, this is about a fifteenth of the history.
    max_groups
        The maximum number of lines. If there are more groups, only the busiest are drawn, and the caption says so.
    as_of
        The assumed start time of waiting runs. By default, the time when the frame was fetched
        (``attrs["dagster_nb"]["fetched_at"]``) or, if the frame does not contain it, the current time.
    tz
        The time zone of the x axis, such as ``"Europe/Paris"``.
    ax
        The axes to draw on. The default is pyplot's current axes.
    **kwargs
        Properties of `matplotlib.lines.Line2D` for the solid lines.

    Returns
    -------
    matplotlib.axes.Axes
        The axes, with the creation times of the runs on the x axis and seconds on the y axis, on a logarithmic scale.
        Waiting times of less than a millisecond are drawn as one millisecond.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> runs = pd.DataFrame({
    ...     "status": "SUCCESS",
    ...     "creation_time": pd.date_range("2026-01-01", periods=30, freq="D", tz="UTC"),
    ...     "queue_duration": pd.to_timedelta(range(1, 31), unit="s"),
    ... })
    >>> queue_durations(runs, ax=Figure().subplots()).get_ylabel()
    'time in the queue'
    """
    options = artist_options(queue_durations, Line2D, kwargs)
    check_max_groups(max_groups)
    ax, zone = current_axes(ax), time_zone(tz)
    created, waited = read_columns.times(runs, "creation_time"), read_columns.durations(runs, "queue_duration")
    so_far = read_columns.seconds(read_columns.as_of_time(runs, as_of) - created)
    waiting = waited.isna().to_numpy() & read_columns.has_status(runs, *_WAITING) & (so_far >= 0)
    started = (created.notna() & waited.notna()).to_numpy(dtype=bool)
    shown = started | waiting
    if not shown.any():
        return empty_chart(ax, "no runs" if runs.empty else "no run has a waiting time")

    every = named_groups(runs[shown], by)
    groups = every.selected(range(min(max_groups, len(every.names))))
    of_group = np.full(len(runs), -1, dtype=np.int64)
    of_group[shown] = groups.codes
    started, waiting = started & (of_group >= 0), waiting & (of_group >= 0)
    x, y = date_numbers(created), np.where(waiting, so_far, read_columns.seconds(waited)).clip(MIN_SECONDS)
    set_time_axis(ax, zone)
    log_duration_axis(ax, "y", float(y[started | waiting].min()), float(y[started | waiting].max()))
    draw_grid(ax, "y")

    alone = len(groups.names) == 1
    colors = group_colors(groups.names)
    window = usual_window(created[started]) if window is None else pd.Timedelta(window)
    sample, step = even_sample(of_group[started], x[started], MAX_MARKS)
    sample = np.flatnonzero(started)[sample]
    ends = []
    lines: dict[str, tuple[Any, Any]] = {}
    for group, name in enumerate(groups.names):
        own = sample[of_group[sample] == group]
        if len(own):
            marks = ax.plot(x[own], y[own], color=BLUE if alone else colors[name], linestyle="none")[0]
            marks.set(marker="o", markersize=3.0, markeredgewidth=0.0, alpha=0.45, rasterized=True)
            marks.set_label("runs" if group == 0 else "")
        counted = started & (of_group == group)
        rolled = rolling_quantiles(created[counted], waited[counted], window)
        draw_quantile_lines(ax, rolled, text_color() if alone else colors[name], options, in_legend=group == 0)
        lines[name] = date_numbers(rolled["time"]), rolled["p50"].clip(lower=MIN_SECONDS)
        last = rolled["p50"].dropna().iloc[-1:].tolist() or y[(started | waiting) & (of_group == group)][:1].tolist()
        ends.append((max(last[0], MIN_SECONDS), label(name, 24), colors[name]))
    if waiting.any():
        queued = status_of("QUEUED")
        marks = ax.plot(x[waiting], y[waiting], color=queued.color, label="still waiting, so far")[0]
        marks.set(linestyle="none", marker=queued.marker, markerfacecolor="none", markersize=6.0)
    labels = dict(zip(groups.names, label_line_ends(ax, ends), strict=True)) if not alone else {}
    ax.set_ylabel("time in the queue")
    set_caption(
        ax,
        f"creation ({zone_name(zone)})",
        f"lines: runs of the last {duration_text(window)}",
        sample_words(step, int(started.sum())),
        share_words(len(groups.names), len(every.names), every.noun, "busiest"),
    )
    draw_legend(ax)
    rows = np.concatenate([sample, np.flatnonzero(waiting)])
    set_chart_index(ax, ChartIndex("time", run_marks(rows, x[rows], y[rows]), lines=group_lines(lines), labels=labels))
    return ax
