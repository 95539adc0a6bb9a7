"""The chart `duration_trend`: how the durations of each job change over time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from matplotlib.colors import to_rgba
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
from dagster_nb.plot._labels import disable_math, label
from dagster_nb.plot._mark_positions import ChartIndex, group_lines, run_marks, set_chart_index
from dagster_nb.plot._rolling_lines import draw_quantile_lines
from dagster_nb.plot._run_marks import MAX_MARKS, draw_status_marks, sample_words
from dagster_nb.plot._theme import group_colors, text_color
from dagster_nb.plot._time_axes import date_numbers, set_time_axis
from dagster_nb.time_zones import time_zone, zone_name
from dagster_nb.words import duration_text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import timedelta, tzinfo

    from matplotlib.axes import Axes

    from dagster_nb.analysis.group_rows import Groups

__all__ = ["duration_trend"]

_NAME_WIDTH = 24


def duration_trend(
    runs: pd.DataFrame,
    *,
    by: str | Sequence[str] | None = "job_name",
    regressions: pd.DataFrame | None = None,
    window: str | timedelta | None = None,
    max_groups: int = 6,
    tz: str | tzinfo = "UTC",
    ax: Axes | None = None,
    **kwargs: object,
) -> Axes:
    """Show how the durations of each job change over time.

    The solid line shows a rolling median of the successful runs, and the dashed line shows their rolling 95th
    percentile. The lines have gaps if a window contains fewer than 5 runs. Each finished run has a mark, and the shape
    of the mark shows the run's status. If there is only one job, the color shows the status; if there are several, the
    color shows the job. If there are more than 3,000 runs, the chart shows marks for an even sample, and the caption
    says so. Runs without a duration are not drawn.

    Parameters
    ----------
    runs
        Runs from ``client.runs()``, with the columns ``status``, ``start_time`` and ``duration`` and the columns in
        `by`.
    by
        The column or columns to group by. Each group gets a line. None draws one line for all runs.
    regressions
        The slowdowns from `dagster_nb.analysis.regressions`, with the same `by`. An arrow from the old to the new
        median marks each slowdown, with its factor. Jobs without a slowdown are drawn fainter.
    window
        The period that each point of a line covers. By default, this is about a fifteenth of the history.
    max_groups
        The maximum number of jobs to draw. Jobs with a slowdown come first, starting with the worst, and then the
        busiest jobs. If the chart does not show all jobs, the caption says so.
    tz
        The time zone of the x axis, such as ``"Europe/Paris"``.
    ax
        The axes to draw on. The default is pyplot's current axes.
    **kwargs
        Properties of `matplotlib.lines.Line2D` for the solid lines.

    Returns
    -------
    matplotlib.axes.Axes
        The axes, with the start times of the runs on the x axis and durations in seconds on the y axis, on a
        logarithmic scale.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> runs = pd.DataFrame({
    ...     "job_name": "etl",
    ...     "status": "SUCCESS",
    ...     "start_time": pd.date_range("2026-01-01", periods=30, freq="D", tz="UTC"),
    ...     "duration": pd.to_timedelta(range(60, 90), unit="s"),
    ... })
    >>> duration_trend(runs, tz="Europe/Paris", ax=Figure(figsize=(9, 3.5)).subplots()).get_xlabel()
    'start (Europe/Paris) · lines: successful runs of the last 3 d'
    """
    options = artist_options(duration_trend, Line2D, kwargs)
    check_max_groups(max_groups)
    ax, zone = current_axes(ax), time_zone(tz)
    started, length = read_columns.times(runs, "start_time"), read_columns.durations(runs, "duration")
    finished = (started.notna() & length.notna()).to_numpy(dtype=bool)
    if not finished.any():
        return empty_chart(ax, "no runs" if runs.empty else "no run has finished")

    every = named_groups(runs[finished], by)
    changed = _changed_groups(regressions, every, by)
    groups = every.selected(
        [*changed, *(group for group in range(len(every.names)) if group not in changed)][:max_groups]
    )
    drawn = np.flatnonzero(finished)[groups.codes >= 0]
    started, length, of_group = started.iloc[drawn], length.iloc[drawn], groups.codes[groups.codes >= 0]
    codes, statuses = read_columns.status_codes(runs)
    codes, succeeded = codes[drawn], read_columns.has_status(runs, "SUCCESS")[drawn]
    x, y = date_numbers(started), read_columns.seconds(length).clip(MIN_SECONDS)
    set_time_axis(ax, zone)
    log_duration_axis(ax, "y", float(y.min()), float(y.max()))
    draw_grid(ax, "y")

    alone = len(groups.names) == 1
    colors = group_colors(groups.names)
    window = usual_window(started) if window is None else pd.Timedelta(window)
    sample, step = even_sample(of_group * len(statuses) + codes, x, MAX_MARKS)
    ends = []
    lines: dict[str, tuple[Any, Any]] = {}
    for group, name in enumerate(groups.names):
        color = text_color() if alone else colors[name]
        faint = bool(changed) and group >= len(changed)
        marks: dict[str, Any] = {"color": color, "markersize": 3.0, "alpha": 0.2 if faint else 0.35, "label": ""}
        own = sample[of_group[sample] == group]
        draw_status_marks(ax, x[own], y[own], codes[own], statuses, {} if alone else marks)
        counted = succeeded & (of_group == group)
        rolled = rolling_quantiles(started[counted], length[counted], window)
        draw_quantile_lines(ax, rolled, color, options, in_legend=group == 0, alpha=0.45 if faint else 1.0)
        lines[name] = date_numbers(rolled["time"]), rolled["p50"].clip(lower=MIN_SECONDS)
        medians = rolled["p50"].dropna()
        # If a job has no line, its label is next to its last run.
        last = medians.iloc[-1] if len(medians) else y[of_group == group][np.argmax(x[of_group == group])]
        ends.append((max(float(last), MIN_SECONDS), label(name, _NAME_WIDTH), color))
    labels = dict(zip(groups.names, label_line_ends(ax, ends), strict=True)) if not alone else {}
    if regressions is not None and changed:
        _draw_changes(ax, regressions[_row_names(regressions, by).isin(groups.names).to_numpy(dtype=bool)])
    disable_math([ax.set_ylabel(f"duration of {label(groups.names[0], _NAME_WIDTH)}" if alone else "duration")])
    set_caption(
        ax,
        f"start ({zone_name(zone)})",
        f"lines: successful runs of the last {duration_text(window)}",
        sample_words(step, len(x)),
        _caption_of_groups(len(groups.names), every, has_changes=bool(changed)),
    )
    draw_legend(ax)
    drawn_marks = run_marks(drawn[sample], x[sample], y[sample])
    set_chart_index(ax, ChartIndex("time", drawn_marks, lines=group_lines(lines), labels=labels))
    return ax


def _caption_of_groups(n_shown: int, every: Groups, *, has_changes: bool) -> str:
    if has_changes and n_shown < len(every.names):
        return f"{n_shown} of {len(every.names)} {every.noun}: slowdowns first, then the busiest"
    return share_words(n_shown, len(every.names), every.noun, "busiest")


def _row_names(frame: pd.DataFrame, by: str | Sequence[str] | None) -> pd.Series:
    groups = named_groups(frame, by)
    return pd.Series([groups.names[code] for code in groups.codes], dtype=object)


def _changed_groups(regressions: pd.DataFrame | None, groups: Groups, by: str | Sequence[str] | None) -> list[int]:
    """Return the positions of the groups with a slowdown, in the order of `regressions`."""
    if regressions is None or regressions.empty:
        return []
    position = {name: place for place, name in enumerate(groups.names)}
    return list(dict.fromkeys(position[name] for name in _row_names(regressions, by) if name in position))


def _draw_changes(ax: Axes, changes: pd.DataFrame) -> None:
    """Draw an arrow from the old to the new median of each change, with the factor next to the tip."""
    x = date_numbers(read_columns.times(changes, "changed_at"))
    before, after = (
        read_columns.seconds(read_columns.durations(changes, name)).clip(MIN_SECONDS) for name in ("before", "after")
    )
    # If the axes are transparent, the box behind the factor must be transparent too.
    background = to_rgba(ax.get_facecolor())
    for place, factor in enumerate(changes["factor"]):
        start, tip = (x[place], before[place]), (x[place], after[place])
        arrow = {"arrowstyle": "-|>", "color": text_color(), "linewidth": 1.6}
        ax.annotate("", tip, start, arrowprops=arrow)
        ax.annotate(
            f"\N{MULTIPLICATION SIGN}{factor:.2g}",
            tip,
            xytext=(5, 2),
            textcoords="offset points",
            fontweight="bold",
            bbox={"facecolor": (*background[:3], 0.7 * background[3]), "edgecolor": "none", "pad": 1},
        )
