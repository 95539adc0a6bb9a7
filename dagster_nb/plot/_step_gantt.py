"""The chart `step_gantt`: when each step of one run was executed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from matplotlib.collections import PolyCollection

from dagster_nb.analysis import read_columns
from dagster_nb.plot._artist_options import artist_options
from dagster_nb.plot._chart_parts import (
    bar_note,
    current_axes,
    draw_grid,
    draw_legend,
    empty_chart,
    max_names,
    set_caption,
    set_lanes,
)
from dagster_nb.plot._duration_axes import set_elapsed_axis
from dagster_nb.plot._labels import disable_math, label
from dagster_nb.plot._mark_positions import ChartIndex, group_lanes, run_marks, set_chart_index
from dagster_nb.plot._theme import text_color
from dagster_nb.statuses import STATUSES, status_of
from dagster_nb.time_zones import time_zone, zone_name
from dagster_nb.words import count_text, duration_text, time_text

if TYPE_CHECKING:
    from datetime import tzinfo

    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["step_gantt"]

_HALF_HEIGHT = 0.36  # of a bar


def step_gantt(
    steps: pd.DataFrame,
    *,
    as_of: pd.Timestamp | None = None,
    tz: str | tzinfo = "UTC",
    ax: Axes | None = None,
    **kwargs: object,
) -> Axes:
    """Draw the steps of one run as bars from start to end, one below the other.

    Each bar has the color and hatch of the step's status, and the text beside the bar shows the duration. The bar of a
    running step ends in an arrow. Steps that have not started are at the bottom, with their status as text. If there is
    not enough room for all names, the chart shows the names of the longest steps.

    Parameters
    ----------
    steps
        The steps of one run from ``client.steps()``, with the columns ``step_key``, ``status``, ``start_time``,
        ``end_time`` and ``attempts``.
    as_of
        The assumed end time of steps in progress. By default, the time when the frame was fetched
        (``attrs["dagster_nb"]["fetched_at"]``) or, if the frame does not contain it, the current time.
    tz
        The time zone of the start time in the caption, such as ``"Europe/Paris"``.
    ax
        The axes to draw on. The default is pyplot's current axes.
    **kwargs
        Properties of `matplotlib.collections.PolyCollection` for the bars.

    Returns
    -------
    matplotlib.axes.Axes
        The axes, with seconds since the start of the first step on the x axis.

    Raises
    ------
    ValueError
        If the frame contains the steps of several runs.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> steps = pd.DataFrame({
    ...     "run_id": "a",
    ...     "step_key": ["load", "train"],
    ...     "status": ["SUCCESS", "FAILURE"],
    ...     "start_time": pd.to_datetime(["2026-01-01 10:00:00", "2026-01-01 10:00:30"], utc=True),
    ...     "end_time": pd.to_datetime(["2026-01-01 10:00:30", "2026-01-01 10:02:00"], utc=True),
    ... })
    >>> ax = step_gantt(steps, ax=Figure().subplots())
    >>> [text.get_text() for text in ax.texts]
    ['30 s', '1 min 30 s']
    """
    options = artist_options(step_gantt, PolyCollection, kwargs)
    ax, zone = current_axes(ax), time_zone(tz)
    n_runs = len(steps["run_id"].unique()) if "run_id" in steps.columns else 1
    if n_runs > 1:
        raise ValueError(
            f"step_gantt draws the steps of one run, but the frame contains the steps of {n_runs} runs. "
            "Select one run, for example with steps[steps['run_id'] == run_id]."
        )
    started = read_columns.times(steps, "start_time")
    if not started.notna().any():
        return empty_chart(ax, "no steps" if steps.empty else "no step has started")

    order = _order(started)
    steps = steps.iloc[order]
    started, ended = read_columns.times(steps, "start_time"), read_columns.times(steps, "end_time")
    has_started = started.notna().to_numpy(dtype=bool)
    running = has_started & ended.isna().to_numpy(dtype=bool)
    now = max(read_columns.as_of_time(steps, as_of), started.max())
    first = started.iloc[0]
    start, end = read_columns.seconds(started - first), read_columns.seconds(ended.fillna(now) - first)
    codes, statuses = read_columns.status_codes(steps)
    lanes = np.arange(len(steps))

    last = max(float(np.nanmax(end[has_started])), 1e-3)
    draw_grid(ax, "x")
    ax.set_xlim(-last * 0.01, last * 1.12)
    for code in np.unique(codes[has_started]):
        own = has_started & (codes == code)
        status = status_of(statuses[code])
        left, right, top, bottom = start[own], end[own], lanes[own] - _HALF_HEIGHT, lanes[own] + _HALF_HEIGHT
        corners = np.stack([left, top, right, top, right, bottom, left, bottom], axis=1).reshape(-1, 4, 2)
        properties: dict[str, Any] = {"facecolor": status.color, "edgecolor": status.color, "linewidth": 0.8}
        bars = PolyCollection(list(corners), label=label(statuses[code]), **(properties | options))
        bars.set_hatch(status.hatch)
        ax.add_collection(bars, autolim=False)
    if running.any():
        arrows = ax.plot(end[running], lanes[running], linestyle="none", color=text_color(), label="still running")[0]
        arrows.set(marker=">", markersize=6.0, markeredgewidth=0.0, zorder=3)

    names = read_columns.strings(steps, "step_key").fillna("(no step)").tolist()
    n_names = max_names(ax)
    if len(names) <= n_names:
        set_lanes(ax, [label(name) for name in names])
        attempts = steps["attempts"].tolist() if "attempts" in steps.columns else [1] * len(steps)
        for lane in range(len(steps)):
            took = duration_text(end[lane] - start[lane]) + (" so far" if running[lane] else "")
            words = took if has_started[lane] else _status_word(statuses[codes[lane]])
            again = f" · {attempts[lane]:.0f} attempts" if attempts[lane] > 1 else ""
            bar_note(ax, end[lane] if has_started[lane] else 0.0, lane, words + again)
    else:
        _name_longest(ax, names, np.where(has_started, end - start, 0.0), n_names)
    set_elapsed_axis(ax)
    set_caption(
        ax,
        f"since {time_text(first.tz_convert(zone))} ({zone_name(zone)})",
        f"{count_text(len(steps))} steps, some named" if len(names) > n_names else "",
    )
    draw_legend(ax)
    left, right = (np.where(has_started, limit, 0.0) for limit in (start, end))
    marks = run_marks(order, left, lanes - _HALF_HEIGHT, x_max=right, y_max=lanes + _HALF_HEIGHT)
    set_chart_index(ax, ChartIndex("elapsed", marks, group_lanes(names)))
    return ax


def _order(started: pd.Series) -> NDArray[np.intp]:
    """Return the positions of the steps, sorted by start time. Steps that have not started come last."""
    return np.argsort(started.fillna(pd.Timestamp.max.tz_localize("UTC").as_unit("us")).to_numpy(), kind="stable")


def _status_word(name: str) -> str:
    return status_of(name).word if name in STATUSES else name.lower().replace("_", " ")


def _name_longest(ax: Axes, names: list[str], length: Floats, n_names: int) -> None:
    """Write the names of the longest steps, and those of other steps if there is room between them."""
    distance = len(names) / n_names
    named: list[int] = []
    for row in np.argsort(-length, kind="stable"):
        if all(abs(row - other) >= distance for other in named):
            named.append(int(row))
    ax.set_yticks(sorted(named), [label(names[row]) for row in sorted(named)])
    disable_math(ax.get_yticklabels())
    ax.set_ylim(len(names) - 0.5, -0.5)
