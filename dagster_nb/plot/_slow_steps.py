"""The chart `slow_steps`: which steps take the most time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.patches import Rectangle

from dagster_nb import analysis
from dagster_nb.analysis import read_columns
from dagster_nb.plot._artist_options import artist_options
from dagster_nb.plot._chart_parts import (
    available_width,
    bar_note,
    current_axes,
    draw_grid,
    draw_legend,
    empty_chart,
    set_caption,
    set_lanes,
    share_words,
)
from dagster_nb.plot._labels import label
from dagster_nb.plot._mark_positions import ChartIndex, group_lanes, run_marks, set_chart_index
from dagster_nb.plot._time_axes import period_text
from dagster_nb.statuses import BLUE, status_of
from dagster_nb.time_zones import time_zone
from dagster_nb.words import duration_text, plural

if TYPE_CHECKING:
    from datetime import tzinfo

    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["slow_steps"]

_MIN_SLOWDOWN = 1.25
# Half the height of a bar.
_HALF_HEIGHT = 0.35
# The maximum width of the text beside a bar, as a fraction of the axes' width.
_MAX_WORDS_SHARE = 0.6


def slow_steps(
    steps: pd.DataFrame,
    *,
    max_steps: int = 12,
    tz: str | tzinfo = "UTC",
    ax: Axes | None = None,
    **kwargs: object,
) -> Axes:
    """Show which steps take the most time, with the largest share on top.

    The text beside each bar shows the median and the 95th percentile of the step's duration. If the later executions of
    a step took at least 25 % longer than its earlier executions, the bar has a different color and a hatch, and the
    text shows the factor.

    Parameters
    ----------
    steps
        Steps of one or more runs from ``client.steps()``, with the columns ``step_key``, ``start_time`` and
        ``duration``.
    max_steps
        The maximum number of bars. If there are more steps, the caption gives their number.
    tz
        The time zone of the dates in the caption, such as ``"Europe/Paris"``.
    ax
        The axes to draw on. The default is pyplot's current axes.
    **kwargs
        Properties of `matplotlib.patches.Rectangle` for the bars.

    Returns
    -------
    matplotlib.axes.Axes
        The axes, with the share of the total time of all steps, from 0 to 1, on the x axis.
        `dagster_nb.analysis.slow_steps` returns the same numbers.

    Examples
    --------
    >>> import pandas as pd
    >>> from matplotlib.figure import Figure
    >>> steps = pd.DataFrame({
    ...     "step_key": ["load", "train"],
    ...     "start_time": pd.to_datetime(["2026-01-01", "2026-01-01"], utc=True),
    ...     "duration": pd.to_timedelta([25, 75], unit="s"),
    ... })
    >>> ax = slow_steps(steps, ax=Figure().subplots())
    >>> [(text.get_text(), float(bar.get_width())) for text, bar in zip(ax.get_yticklabels(), ax.patches)]
    [('train', 0.75), ('load', 0.25)]
    """
    options = artist_options(slow_steps, Rectangle, kwargs)
    ax, zone = current_axes(ax), time_zone(tz)
    every = analysis.slow_steps(steps)
    if every.empty:
        return empty_chart(ax, "no steps" if steps.empty else "no step has finished")
    table = every.head(max_steps)
    slower = (table["slowdown"] >= _MIN_SLOWDOWN).to_numpy(dtype=bool)
    draw_grid(ax, "x")
    failure = status_of("FAILURE")
    kinds = (~slower, BLUE, None, ""), (slower, failure.color, failure.hatch, "slower in later runs")
    for own, color, hatch, words in kinds:
        if own.any():
            properties: dict[str, Any] = {"color": color, "hatch": hatch, "linewidth": 0.0, "height": 2 * _HALF_HEIGHT}
            ax.barh(np.flatnonzero(own), table["share"][own].tolist(), label=words, **(properties | options))
    columns = ["share", "p50", "p95", "slowdown"]
    for lane, (share, p50, p95, slowdown) in enumerate(table[columns].itertuples(index=False)):
        factor = f" · \N{MULTIPLICATION SIGN}{slowdown:.2g}" if slower[lane] else ""
        bar_note(ax, share, lane, f"median {duration_text(p50)}, p95 {duration_text(p95)}{factor}")
    set_lanes(ax, [label(name) for name in table["step_key"]])
    ax.xaxis.set_major_formatter(lambda share, _place: f"{share * 100:.3g}%")
    ax.set_xlim(0, _upper_limit(ax, table["share"].tolist()))
    # Draw no ticks beyond 100 %, because that part of the chart contains only text.
    ax.set_xticks([tick for tick in ax.get_xticks() if tick <= 1.0])
    started = read_columns.times(steps, "start_time")
    set_caption(
        ax,
        "share of the total time of all steps",
        f"{plural(int(every['count'].sum()), 'execution')}, {period_text(started, zone)}",
        share_words(len(table), len(every), "steps"),
    )
    draw_legend(ax)
    lanes = np.arange(len(table))
    left = np.zeros(len(table))
    marks = run_marks(lanes, left, lanes - _HALF_HEIGHT, x_max=table["share"].to_numpy(), y_max=lanes + _HALF_HEIGHT)
    set_chart_index(ax, ChartIndex("share", marks, group_lanes(table["step_key"].tolist())))
    return ax


def _upper_limit(ax: Axes, shares: list[float]) -> float:
    """Return an upper limit for the x axis that leaves enough room for the text beside the bars."""
    width = available_width(ax)
    if max(words.get_window_extent().width for words in ax.texts) > width * _MAX_WORDS_SHARE:
        for words in ax.texts:
            words.set_text(words.get_text().replace(", ", ",\n"))
    gap = 12 / 72 * ax.figure.dpi
    parts = [min((words.get_window_extent().width + gap) / width, _MAX_WORDS_SHARE) for words in ax.texts]
    return max(share / (1 - part) for share, part in zip(shares, parts, strict=True))
