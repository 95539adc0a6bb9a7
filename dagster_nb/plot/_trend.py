"""How durations and queue times move over time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from matplotlib.lines import Line2D

from dagster_nb.analysis.columns import durations, micros, statuses_of, text, times
from dagster_nb.analysis.over_time import as_zone, rolling_quantiles, usual_window
from dagster_nb.plot._axes import (
    axes,
    caption,
    days,
    grid,
    legend,
    line_labels,
    look,
    moment,
    nothing,
    time_axis,
    zone_name,
)
from dagster_nb.plot._groups import jobs_of
from dagster_nb.plot._points import said, status_marks, thin
from dagster_nb.plot._scale import SHORTEST, log_durations, spell
from dagster_nb.plot._text import label, plain
from dagster_nb.plot._theme import BLUE, SERIES, ink, status_style

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import timedelta, tzinfo

    from matplotlib.axes import Axes

__all__ = ["duration_trend", "queue_durations"]

_WAITING = ("QUEUED", "NOT_STARTED")


def duration_trend(
    runs: pd.DataFrame,
    *,
    regressions: pd.DataFrame | None = None,
    window: str | timedelta | None = None,
    max_jobs: int = 6,
    tz: str | tzinfo = "UTC",
    ax: Axes | None = None,
    **kwargs: object,
) -> Axes:
    """Draw how the durations of each job move over time.

    A solid line is the median of the successful runs in the window that ends at each point, a dashed one their 95th
    percentile; a line pauses where a window holds fewer than 5. The marks are the single finished runs, of any outcome:
    in the colour of their status if there is one job, else in that of their job, always in the shape of their status;
    beyond 3,000 every so many-th in time, and the axis says so. A run without a duration is not drawn.

    Parameters
    ----------
    runs
        Runs, with the columns ``job_name``, ``status``, ``start_time`` and ``duration`` of ``client.runs()``.
    regressions
        Changes to mark with an arrow from the old to the new median, as `dagster_nb.analysis.regressions` finds them.
    window
        How much of the past each point of a line looks back on; by default about a fifteenth of the history.
    max_jobs
        The most jobs, busiest first. Others are not drawn, since a mixture of jobs has no trend; the axis says so.
    tz
        The time zone of the axis, an IANA name.
    ax
        Where to draw; by default on pyplot's current axes.
    **kwargs
        For the solid lines: properties of `matplotlib.lines.Line2D`.

    Returns
    -------
    matplotlib.axes.Axes
        With the start of the runs along x and durations in seconds along y, on a logarithmic scale.

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
    'start (Europe/Paris) · lines: successes of the last 3 d'
    """
    ax, zone = axes(ax), as_zone(tz)
    started, length = times(runs, "start_time"), durations(runs, "duration")
    jobs, every = jobs_of(runs)
    names = every[:max_jobs]
    known = (started.notna() & length.notna()).to_numpy() & (jobs < len(names))
    if not known.any():
        return nothing(ax, "no runs" if runs.empty else "no run has finished")

    codes, statuses = statuses_of(runs)
    started, length, jobs, codes = started[known], length[known], jobs[known], codes[known]
    seconds = (micros(length).to_numpy() / 1e6).clip(SHORTEST)
    x = days(started)
    time_axis(ax, zone)
    log_durations(ax, "y", float(seconds.min()), float(seconds.max()))
    grid(ax, "y")

    alone = len(names) == 1
    chosen, step = thin(jobs * len(statuses) + codes, x)
    span = usual_window(started) if window is None else pd.Timedelta(window)
    succeeded = codes == statuses.index("SUCCESS")
    # By name, so that a job keeps its colour when a filter makes another the busiest.
    colors = {name: SERIES[place % len(SERIES)] for place, name in enumerate(sorted(names))}
    ends = []
    for job, name in enumerate(names):
        own = chosen[jobs[chosen] == job]
        color = ink() if alone else colors[name]
        tint = {"markersize": 4.0} if alone else {"markersize": 3.0, "color": color, "alpha": 0.35}
        marks = status_marks(ax, x[own], seconds[own], statuses, codes[own], **tint)
        if not alone:
            _unname(marks)
        rolled = rolling_quantiles(started[succeeded & (jobs == job)], length[succeeded & (jobs == job)], span)
        _lines(ax, rolled, color, named=alone or job == 0, **kwargs)
        last = rolled["p50"].dropna()
        # A job without a line is told by its last mark.
        end = last.iloc[-1] if len(last) else seconds[jobs == job][np.argmax(x[jobs == job])]
        ends.append((max(end, SHORTEST), label(name, 24), color))
    if not alone:
        line_labels(ax, ends)
    if regressions is not None:
        _mark(ax, regressions[text(regressions, "job_name").isin(names).to_numpy(dtype=bool)])
    plain([ax.set_ylabel(f"duration of {label(names[0], 24)}" if alone else "duration")])
    caption(
        ax,
        f"start ({zone_name(zone)})",
        f"lines: successes of the last {spell(span.total_seconds())}",
        said(step, len(x)),
        f"the {len(names)} busiest of {len(every)} jobs" if len(every) > len(names) else "",
    )
    legend(ax)
    return ax


def queue_durations(
    runs: pd.DataFrame,
    *,
    window: str | timedelta | None = None,
    as_of: pd.Timestamp | None = None,
    tz: str | tzinfo = "UTC",
    ax: Axes | None = None,
    **kwargs: object,
) -> Axes:
    """Draw how long runs wait between creation and start, over time.

    The solid line is the median of the runs created in the window that ends at each point, the dashed one their 95th
    percentile; the marks are the single runs, beyond 3,000 every so many-th in time. A run that waits still is hollow:
    it has waited that long so far, and the lines do not count it.

    Parameters
    ----------
    runs
        Runs, with the columns ``status``, ``creation_time`` and ``queue_duration`` of ``client.runs()``.
    window
        How much of the past each point of a line looks back on; by default about a fifteenth of the history.
    as_of
        Until when the runs that wait have waited. By default when the frame was fetched
        (``attrs["dagster_nb"]["fetched_at"]``), else the present.
    tz
        The time zone of the axis, an IANA name.
    ax
        Where to draw; by default on pyplot's current axes.
    **kwargs
        For the solid line: properties of `matplotlib.lines.Line2D`.

    Returns
    -------
    matplotlib.axes.Axes
        With the creation of the runs along x and seconds along y, on a logarithmic scale; shorter than a millisecond is
        drawn as one.

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
    ax, zone = axes(ax), as_zone(tz)
    created, waited = times(runs, "creation_time"), durations(runs, "queue_duration")
    codes, statuses = statuses_of(runs)
    so_far = micros(moment(runs, as_of) - created).to_numpy() / 1e6
    waiting = waited.isna().to_numpy() & np.isin(codes, [statuses.index(name) for name in _WAITING]) & (so_far >= 0)
    known = (created.notna() & waited.notna()).to_numpy()
    if not (known | waiting).any():
        return nothing(ax, "no runs" if runs.empty else "no run with a time in the queue")

    seconds = np.where(waiting, so_far, micros(waited).to_numpy() / 1e6).clip(SHORTEST)
    x = days(created)
    time_axis(ax, zone)
    log_durations(ax, "y", float(seconds[known | waiting].min()), float(seconds[known | waiting].max()))
    grid(ax, "y")
    chosen, step = thin(np.zeros(int(known.sum()), dtype=np.int64), x[known])
    chosen = np.flatnonzero(known)[chosen]
    if len(chosen):
        marks = ax.plot(x[chosen], seconds[chosen], color=BLUE, alpha=0.45, linestyle="none", label="runs")[0]
        marks.set(marker="o", markersize=3.0, markeredgewidth=0.0, rasterized=True)
    if waiting.any():
        style = status_style("QUEUED")
        marks = ax.plot(x[waiting], seconds[waiting], color=style.color, label="still waiting, so far")[0]
        marks.set(linestyle="none", marker=style.marker, markerfacecolor="none", markersize=6.0)
    span = usual_window(created[known]) if window is None else pd.Timedelta(window)
    _lines(ax, rolling_quantiles(created[known], waited[known], span), ink(), named=True, **kwargs)
    ax.set_ylabel("time in the queue")
    caption(
        ax,
        f"creation ({zone_name(zone)})",
        f"lines: the last {spell(span.total_seconds())}",
        said(step, int(known.sum())),
    )
    legend(ax)
    return ax


def _lines(ax: Axes, rolled: pd.DataFrame, color: str, *, named: bool, **kwargs: object) -> None:
    """Draw the median and the 95th percentile."""
    x = days(rolled["time"])
    solid = look(kwargs, Line2D, color=color, linewidth=2.0, label="median" if named else "")
    ax.plot(x, rolled["p50"].clip(lower=SHORTEST), **solid)
    dashed = look({}, Line2D, linewidth=1.2, linestyle=(0, (3, 2)), label="95th percentile" if named else "")
    ax.plot(x, rolled["p95"].clip(lower=SHORTEST), color=color, **dashed)


def _unname(marks: Sequence[Line2D]) -> None:
    """Take the marks of one of several jobs out of the legend, where they would stand once a job."""
    for mark in marks:
        mark.set_label("")


def _mark(ax: Axes, changes: pd.DataFrame) -> None:
    """Draw an arrow from the old to the new median of each change, and the factor beside it."""
    x = days(times(changes, "changed_at"))
    before, after = (micros(durations(changes, name)).to_numpy() / 1e6 for name in ("before", "after"))
    for place, factor in enumerate(changes["factor"]):
        ends = (x[place], max(before[place], SHORTEST)), (x[place], max(after[place], SHORTEST))
        ax.annotate("", ends[1], ends[0], arrowprops={"arrowstyle": "-|>", "color": ink(), "linewidth": 1.6})
        ax.annotate(
            f"\N{MULTIPLICATION SIGN}{factor:.2g}",
            ends[1],
            xytext=(5, 2),
            textcoords="offset points",
            fontweight="bold",
            bbox={"facecolor": ax.get_facecolor(), "alpha": 0.7, "edgecolor": "none", "pad": 1},
        )
