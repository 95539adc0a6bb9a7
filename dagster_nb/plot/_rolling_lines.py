"""Draw lines that show the median and the 95th percentile of durations over time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dagster_nb.plot._duration_axes import MIN_SECONDS
from dagster_nb.plot._time_axes import date_numbers

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["draw_quantile_lines"]


def draw_quantile_lines(
    ax: Axes, rolled: pd.DataFrame, color: str, options: Mapping[str, Any], *, in_legend: bool, alpha: float = 1.0
) -> None:
    """Draw the median as a solid line and the 95th percentile as a dashed line.

    Parameters
    ----------
    ax
        Axes with dates on the x axis and seconds on the y axis.
    rolled
        The result of `dagster_nb.analysis.rolling_quantiles.rolling_quantiles`.
    color
        The color of both lines.
    options
        Properties of `matplotlib.lines.Line2D` for the solid line.
    in_legend
        Whether the legend has an entry for each line.
    alpha
        The opacity of both lines.
    """
    x = date_numbers(rolled["time"])
    solid: dict[str, Any] = {"color": color, "linewidth": 2.0, "alpha": alpha, "label": "median" if in_legend else ""}
    ax.plot(x, rolled["p50"].clip(lower=MIN_SECONDS), **(solid | dict(options)))
    ax.plot(
        x,
        rolled["p95"].clip(lower=MIN_SECONDS),
        color=color,
        linewidth=1.2,
        linestyle=(0, (3, 2)),
        alpha=alpha,
        label="95th percentile" if in_legend else "",
    )
