"""How many runs, and how many of them succeed, by the day or whatever stretch of time suits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.patches import StepPatch
from matplotlib.ticker import MaxNLocator, PercentFormatter

from dagster_nb import analysis
from dagster_nb.analysis.columns import began
from dagster_nb.analysis.over_time import FREQUENCIES, as_zone, usual_frequency
from dagster_nb.plot._axes import axes, caption, days, grid, legend, look, nothing, time_axis, zone_name
from dagster_nb.plot._text import label
from dagster_nb.plot._theme import BLUE, status_style

if TYPE_CHECKING:
    from datetime import tzinfo

    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["status_counts", "success_rate"]

_WORDS = dict(zip(FREQUENCIES, ("1 min", "5 min", "15 min", "1 h", "6 h", "1 day", "1 week", "1 month"), strict=True))


def status_counts(
    runs: pd.DataFrame,
    *,
    freq: str | None = None,
    tz: str | tzinfo = "UTC",
    ax: Axes | None = None,
    **kwargs: object,
) -> Axes:
    """Draw how many runs were created in each stretch of time, stacked by status.

    Parameters
    ----------
    runs
        Runs, with the columns ``status`` and ``creation_time`` of ``client.runs()``.
    freq
        The stretch a bar stands for: ``"1min"``, ``"5min"``, ``"15min"``, ``"1h"``, ``"6h"``, ``"1D"``, ``"1W"`` or
        ``"1MS"`` (a month); by default the shortest that needs at most 100 bars. The axis says which.
    tz
        The time zone of the axis, an IANA name; a day goes from midnight to midnight there.
    ax
        Where to draw; by default on pyplot's current axes.
    **kwargs
        For the bars: properties of `matplotlib.patches.StepPatch`.

    Returns
    -------
    matplotlib.axes.Axes
        With a `matplotlib.patches.StepPatch` a status, in the status's colour and hatch, each on top of the one before.
        The numbers are those of `dagster_nb.analysis.status_counts`.

    Examples
    --------
    >>> import pandas as pd
    >>> from matplotlib.figure import Figure
    >>> runs = pd.DataFrame({
    ...     "status": ["SUCCESS", "FAILURE", "SUCCESS"],
    ...     "creation_time": pd.to_datetime(["2026-01-01", "2026-01-01", "2026-01-02"], utc=True),
    ... })
    >>> ax = status_counts(runs, freq="1D", ax=Figure().subplots())
    >>> [(patch.get_label(), patch.get_data().values.tolist()) for patch in ax.patches]
    [('SUCCESS', [1.0, 1.0]), ('FAILURE', [2.0, 1.0])]
    """
    ax, zone = axes(ax), as_zone(tz)
    freq = freq or usual_frequency(began(runs))
    counts = analysis.status_counts(runs, freq=freq, tz=zone)
    if counts.empty:
        return nothing(ax, "no runs")
    left, right = days(counts["time"]), days(counts["until"])
    time_axis(ax, zone)
    grid(ax, "y")
    bottom = np.zeros(len(counts))
    names = [str(name) for name in counts if name not in ("time", "until")]
    # What went well lies at the bottom, so that all else stands on a common ground.
    for name in sorted(names, key=lambda name: name != "SUCCESS"):
        style = status_style(name)
        top = bottom + counts[name].to_numpy()
        # One outline a status: a hundred hatched bars each would take half a second to draw.
        usual = {"fill": True, "color": style.color, "hatch": style.hatch or None, "linewidth": 0.0}
        ax.stairs(
            top, np.append(left, right[-1:]), baseline=bottom, label=label(name), **look(kwargs, StepPatch, **usual)
        )
        bottom = top
    ax.set_ylim(0, bottom.max() * 1.05)
    ax.set_xlim(left[0], right[-1])
    ax.yaxis.set_major_locator(MaxNLocator(nbins=6, integer=True))
    ax.set_ylabel("runs")
    caption(ax, f"creation ({zone_name(zone)})", f"a bar: {_WORDS[freq]}", f"{int(bottom.sum()):,} runs")
    legend(ax)
    return ax


def success_rate(
    runs: pd.DataFrame,
    *,
    freq: str | None = None,
    tz: str | tzinfo = "UTC",
    ax: Axes | None = None,
    **kwargs: object,
) -> Axes:
    """Draw which share of the finished runs succeeded, over time.

    The band is Wilson's 95 % interval: where few runs finished it is wide, and a dip in the line means little.

    Parameters
    ----------
    runs, freq, tz, ax
        As for `status_counts`.
    **kwargs
        For the line: properties of `matplotlib.lines.Line2D`.

    Returns
    -------
    matplotlib.axes.Axes
        With rates from 0 to 1 along y. Finished runs are those that succeeded, failed or were canceled, counted where
        they were created; a stretch without any interrupts the line. The numbers are those of
        `dagster_nb.analysis.success_rate`.

    Examples
    --------
    >>> import pandas as pd
    >>> from matplotlib.figure import Figure
    >>> runs = pd.DataFrame({
    ...     "status": ["SUCCESS", "FAILURE", "SUCCESS"],
    ...     "creation_time": pd.to_datetime(["2026-01-01", "2026-01-01", "2026-01-02"], utc=True),
    ... })
    >>> ax = success_rate(runs, freq="1D", ax=Figure().subplots())
    >>> ax.lines[0].get_ydata().tolist()
    [0.5, 1.0]
    """
    ax, zone = axes(ax), as_zone(tz)
    freq = freq or usual_frequency(began(runs))
    rates = analysis.success_rate(runs, freq=freq, tz=zone)
    if not rates["finished"].any():
        return nothing(ax, "no runs" if runs.empty else "no run has finished")
    left, right = days(rates["time"]), days(rates["until"])
    middle = (left + right) / 2
    time_axis(ax, zone)
    grid(ax, "y")
    usual = {"color": BLUE, "marker": "o", "markersize": 3.5, "label": "success rate"}
    ax.plot(middle, rates["rate"].to_numpy(), **look(kwargs, Line2D, **usual))
    ax.fill_between(middle, rates["low"], rates["high"], color=BLUE, alpha=0.2, linewidth=0, label="95 % interval")
    ax.set_ylim(0, 1.03)
    ax.set_xlim(left[0], right[-1])
    ax.yaxis.set_major_formatter(PercentFormatter(1.0))
    ax.set_ylabel("succeeded")
    caption(
        ax,
        f"creation ({zone_name(zone)})",
        f"a point: {_WORDS[freq]}",
        f"{int(rates['finished'].sum()):,} finished runs",
    )
    legend(ax)
    return ax
