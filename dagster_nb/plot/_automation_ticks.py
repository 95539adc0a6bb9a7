"""The chart `ticks`: the evaluations of schedules and sensors over time, and their results."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.lines import Line2D

from dagster_nb.analysis import read_columns
from dagster_nb.analysis.even_sample import even_sample
from dagster_nb.analysis.group_rows import named_groups
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
from dagster_nb.plot._run_marks import MAX_MARKS, sample_words
from dagster_nb.plot._time_axes import date_numbers, set_time_axis
from dagster_nb.statuses import status_of
from dagster_nb.time_zones import time_zone, zone_name
from dagster_nb.words import count_text, plural

if TYPE_CHECKING:
    from datetime import tzinfo

    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["ticks"]

# Draw the most important statuses last, so that they are on top of the others.
_ORDER = ("SKIPPED", "SUCCESS", "STARTED", "FAILURE")
_HEIGHTS = {"SKIPPED": 0.22, "FAILURE": -0.22}
_WORDS = {"SKIPPED": "skipped", "SUCCESS": "launched runs", "STARTED": "in progress", "FAILURE": "failed"}


def ticks(
    frame: pd.DataFrame,
    *,
    max_groups: int = 15,
    tz: str | tzinfo = "UTC",
    ax: Axes | None = None,
    **kwargs: object,
) -> Axes:
    """Draw the ticks of schedules and sensors over time, with one lane per schedule or sensor.

    Each status has its own mark. Within a lane, skipped ticks are at the bottom and failed ticks are at the top. A note
    to the right of a lane shows the number of failed ticks. If there are more than 3,000 ticks, the chart shows all
    failed ticks and an even sample of the other ticks.

    Parameters
    ----------
    frame
        Ticks from ``client.ticks()``, with the columns ``name``, ``status`` and ``timestamp``. To draw several
        schedules and sensors, concatenate their frames.
    max_groups
        The maximum number of lanes. If there are more schedules and sensors, those with the fewest ticks share the last
        lane.
    tz
        The time zone of the x axis, such as ``"Europe/Paris"``.
    ax
        The axes to draw on. The default is pyplot's current axes.
    **kwargs
        Properties of `matplotlib.lines.Line2D` for the marks.

    Returns
    -------
    matplotlib.axes.Axes
        The axes, with time on the x axis and the names on the y axis.

    Examples
    --------
    >>> import pandas as pd
    >>> from matplotlib.figure import Figure
    >>> frame = pd.DataFrame({
    ...     "name": "hourly",
    ...     "status": ["SUCCESS", "FAILURE"],
    ...     "timestamp": pd.to_datetime(["2026-01-01 10:00", "2026-01-01 11:00"], utc=True),
    ... })
    >>> ax = ticks(frame, ax=Figure().subplots())
    >>> [line.get_label() for line in ax.lines]
    ['launched runs', 'failed']
    """
    options = artist_options(ticks, Line2D, kwargs)
    ax, zone = current_axes(ax), time_zone(tz)
    times = read_columns.times(frame, "timestamp")
    known = times.notna().to_numpy(dtype=bool)
    if not known.any():
        return empty_chart(ax, "no ticks")
    groups = named_groups(frame[known], "name").merged(max_groups)
    status = read_columns.strings(frame, "status")[known].fillna("UNKNOWN").to_numpy(dtype=object)
    x = date_numbers(times[known])
    set_time_axis(ax, zone)
    draw_grid(ax, "x")
    set_lanes(ax, [label(name, 32) for name in groups.names])
    failed = status == "FAILURE"
    others = np.flatnonzero(~failed)
    sample, step = even_sample(groups.codes[others], x[others], MAX_MARKS)
    drawn = np.zeros(len(x), dtype=bool)
    drawn[others[sample]] = True
    drawn |= failed
    for name in sorted(set(status), key=lambda one: _ORDER.index(one) if one in _ORDER else -1):
        own = drawn & (status == name)
        appearance = status_of(name)
        properties: dict[str, Any] = {
            "color": appearance.color,
            "linestyle": "none",
            "marker": appearance.marker,
            "markersize": 7.0 if name == "FAILURE" else 4.5,
            "markeredgewidth": 0.0,
            "alpha": 0.5 if name == "SKIPPED" else 0.9,
            "label": _WORDS.get(name, label(name)),
        }
        ax.plot(x[own], groups.codes[own] + _HEIGHTS.get(name, 0.0), **(properties | options))
    for lane in range(len(groups.names)):
        n_failed = int((failed & (groups.codes == lane)).sum())
        if n_failed:
            margin_note(ax, lane, f"{count_text(n_failed)} failed")
    set_caption(ax, f"time ({zone_name(zone)})", plural(len(x), "tick"), sample_words(step, len(others), "ticks"))
    draw_legend(ax)
    return ax
