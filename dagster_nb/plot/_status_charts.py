"""The charts `status_counts` and `success_rate`: the results of runs over time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from matplotlib.lines import Line2D
from matplotlib.patches import StepPatch
from matplotlib.ticker import MaxNLocator, PercentFormatter

from dagster_nb import analysis
from dagster_nb.analysis import read_columns
from dagster_nb.analysis.group_rows import check_max_groups, named_groups
from dagster_nb.analysis.time_buckets import FREQUENCIES, usual_frequency
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
from dagster_nb.plot._labels import label
from dagster_nb.plot._mark_positions import ChartIndex, group_lines, period_marks, set_chart_index
from dagster_nb.plot._theme import group_colors
from dagster_nb.plot._time_axes import date_numbers, set_time_axis
from dagster_nb.statuses import BLUE, FINISHED, status_of
from dagster_nb.time_zones import time_zone, zone_name
from dagster_nb.words import plural

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import tzinfo

    from matplotlib.axes import Axes

__all__ = ["status_counts", "success_rate"]


def status_counts(
    runs: pd.DataFrame,
    *,
    freq: str | None = None,
    tz: str | tzinfo = "UTC",
    ax: Axes | None = None,
    **kwargs: object,
) -> Axes:
    """Show how many runs were created in each hour, day or other interval, as bars that are stacked by status.

    Parameters
    ----------
    runs
        Runs from ``client.runs()``, with the columns ``status`` and ``creation_time``.
    freq
        The length of each bar's interval: ``"1min"``, ``"5min"``, ``"15min"``, ``"1h"``, ``"6h"``, ``"1D"``, ``"1W"``
        or ``"1MS"`` (a month). By default, the shortest interval that needs at most 100 bars. The caption shows the
        interval.
    tz
        The time zone of the x axis, such as ``"Europe/Paris"``. Days start at midnight in this time zone.
    ax
        The axes to draw on. The default is pyplot's current axes.
    **kwargs
        Properties of `matplotlib.patches.StepPatch` for the bars.

    Returns
    -------
    matplotlib.axes.Axes
        The axes, with one `matplotlib.patches.StepPatch` per status, in its color and hatch.
        `dagster_nb.analysis.status_counts` returns the same numbers.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> runs = pd.DataFrame({
    ...     "status": ["SUCCESS", "FAILURE", "SUCCESS"],
    ...     "creation_time": pd.to_datetime(["2026-01-01", "2026-01-01", "2026-01-02"], utc=True),
    ... })
    >>> ax = status_counts(runs, freq="1D", ax=Figure().subplots())
    >>> [(patch.get_label(), patch.get_data().values.tolist()) for patch in ax.patches]
    [('SUCCESS', [1.0, 1.0]), ('FAILURE', [2.0, 1.0])]
    """
    options = artist_options(status_counts, StepPatch, kwargs)
    ax, zone = current_axes(ax), time_zone(tz)
    created = read_columns.creation_times(runs)
    freq = freq or usual_frequency(created.min(), created.max())
    counts = analysis.status_counts(runs, freq=freq, tz=zone)
    if counts.empty:
        return empty_chart(ax, "no runs")
    left, right = date_numbers(counts["time"]), date_numbers(counts["end"])
    set_time_axis(ax, zone)
    draw_grid(ax, "y")
    bottom = np.zeros(len(counts))
    periods = []
    names = [str(name) for name in counts if name not in ("time", "end")]
    # Put successful runs at the bottom, and stack the runs with other statuses on top of them.
    for name in sorted(names, key=lambda name: name != "SUCCESS"):
        status = status_of(name)
        top = bottom + counts[name].to_numpy()
        # Draw a single outline per status, because a hundred hatched bars per status would take half a second.
        properties: dict[str, Any] = {
            "fill": True,
            "color": status.color,
            "hatch": status.hatch or None,
            "linewidth": 0.0,
            "label": label(name),
        }
        ax.stairs(top, np.append(left, right[-1:]), baseline=bottom, **(properties | options))
        succeeded = counts[name] * (name == "SUCCESS")
        periods.append(
            period_marks(counts, status=name, y_min=bottom, y_max=top, runs=counts[name], succeeded=succeeded)
        )
        bottom = top
    ax.set_ylim(0, bottom.max() * 1.05)
    ax.set_xlim(left[0], right[-1])
    ax.yaxis.set_major_locator(MaxNLocator(nbins=6, integer=True))
    ax.set_ylabel("runs")
    set_caption(ax, f"creation ({zone_name(zone)})", f"each bar: {FREQUENCIES[freq]}", plural(int(bottom.sum()), "run"))
    draw_legend(ax)
    set_chart_index(ax, ChartIndex("time", periods=pd.concat(periods, ignore_index=True)))
    return ax


def success_rate(
    runs: pd.DataFrame,
    *,
    by: str | Sequence[str] | None = None,
    freq: str | None = None,
    max_groups: int = 6,
    tz: str | tzinfo = "UTC",
    ax: Axes | None = None,
    **kwargs: object,
) -> Axes:
    """Show how the share of finished runs that succeeded changes over time.

    If there is only one line, a band shows Wilson's 95 % confidence interval. If only a few runs finished in an
    interval, the band is wide, and a dip in the line means little.

    Parameters
    ----------
    runs
        Runs from ``client.runs()``, with the columns ``status`` and ``creation_time`` and the columns in `by`.
    by
        The column or columns to group by. Each group gets a line. By default, there is one line for all runs.
    freq
        The length of each point's interval, as in `status_counts`.
    max_groups
        The maximum number of lines. If there are more groups, only the busiest are drawn, and the caption says so.
    tz
        The time zone of the x axis, such as ``"Europe/Paris"``.
    ax
        The axes to draw on. The default is pyplot's current axes.
    **kwargs
        Properties of `matplotlib.lines.Line2D` for the lines.

    Returns
    -------
    matplotlib.axes.Axes
        The axes, with rates from 0 to 1 on the y axis. Finished runs have succeeded, failed or been canceled. Each run
        is counted in the interval in which it was created. If no run of an interval has finished, the line has a gap.
        `dagster_nb.analysis.success_rate` returns the same numbers.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> runs = pd.DataFrame({
    ...     "status": ["SUCCESS", "FAILURE", "SUCCESS"],
    ...     "creation_time": pd.to_datetime(["2026-01-01", "2026-01-01", "2026-01-02"], utc=True),
    ... })
    >>> ax = success_rate(runs, freq="1D", ax=Figure().subplots())
    >>> ax.lines[0].get_ydata().tolist()
    [0.5, 1.0]
    """
    options = artist_options(success_rate, Line2D, kwargs)
    check_max_groups(max_groups)
    ax, zone = current_axes(ax), time_zone(tz)
    created = read_columns.creation_times(runs)
    finished = read_columns.has_status(runs, *FINISHED) & created.notna().to_numpy(dtype=bool)
    if not finished.any():
        return empty_chart(ax, "no runs" if runs.empty else "no run has finished")
    freq = freq or usual_frequency(created.min(), created.max())
    every = named_groups(runs[finished], by)
    groups = every.selected(range(min(max_groups, len(every.names))))
    drawn = groups.codes >= 0
    table = pd.DataFrame(
        {
            "group": groups.codes[drawn],
            "status": read_columns.strings(runs, "status")[finished][drawn].reset_index(drop=True),
            "creation_time": created[finished][drawn].reset_index(drop=True),
        }
    )
    rates = analysis.success_rate(table, "group", freq=freq, tz=zone)
    set_time_axis(ax, zone)
    draw_grid(ax, "y")
    ax.set_ylim(0, 1.03)
    alone, colors = len(groups.names) == 1, group_colors(groups.names)
    ends = []
    lines: dict[str, tuple[Any, Any]] = {}
    periods = []
    for group, name in enumerate(groups.names):
        own = rates[rates["group"] == group]
        x = (date_numbers(own["time"]) + date_numbers(own["end"])) / 2
        properties: dict[str, Any] = {
            "color": BLUE if alone else colors[name],
            "marker": "o",
            "markersize": 3.5 if alone else 2.5,
            "label": "success rate" if alone else "",
        }
        ax.plot(x, own["rate"].to_numpy(), **(properties | options))
        if alone:
            low, high = own["ci_low"], own["ci_high"]
            ax.fill_between(x, low, high, color=BLUE, alpha=0.2, linewidth=0, label="95 % interval")
        else:
            lines[name] = x, own["rate"]
        rate = own["rate"]
        periods.append(
            period_marks(own, status="", y_min=rate, y_max=rate, runs=own["finished"], succeeded=own["succeeded"])
        )
        ends.append((float(own["rate"].dropna().iloc[-1]), label(name, 24), colors[name]))
    labels = dict(zip(groups.names, label_line_ends(ax, ends), strict=True)) if not alone else {}
    ax.set_xlim(date_numbers(rates["time"]).min(), date_numbers(rates["end"]).max())
    ax.yaxis.set_major_formatter(PercentFormatter(1.0))
    ax.set_ylabel("succeeded")
    set_caption(
        ax,
        f"creation ({zone_name(zone)})",
        f"each point: {FREQUENCIES[freq]}",
        plural(len(table), "finished run"),
        share_words(len(groups.names), len(every.names), every.noun, "busiest"),
    )
    draw_legend(ax)
    every_period = pd.concat(periods, ignore_index=True)
    set_chart_index(ax, ChartIndex("time", periods=every_period, lines=group_lines(lines), labels=labels))
    return ax
