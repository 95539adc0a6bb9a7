"""What a run did with its time, and what runs do with theirs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from matplotlib.collections import PolyCollection
from matplotlib.patches import Rectangle

from dagster_nb import analysis
from dagster_nb.analysis.columns import column, micros, statuses_of, text, times
from dagster_nb.analysis.over_time import as_zone
from dagster_nb.plot._axes import (
    axes,
    caption,
    grid,
    lanes,
    legend,
    look,
    moment,
    nothing,
    room,
    rows_of_text,
    zone_name,
)
from dagster_nb.plot._scale import DurationFormatter, ElapsedLocator, spell
from dagster_nb.plot._text import label, plain
from dagster_nb.plot._theme import BLUE, ink, status_style

if TYPE_CHECKING:
    from datetime import tzinfo

    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["slow_steps", "step_gantt"]

_SLOWER = 1.25
_MOST_WORDS = 0.6


def step_gantt(
    steps: pd.DataFrame,
    *,
    as_of: pd.Timestamp | None = None,
    tz: str | tzinfo = "UTC",
    ax: Axes | None = None,
    **kwargs: object,
) -> Axes:
    """Draw the steps of one run, one below the other, each from its start to its end.

    The bars are in the colour and the hatch of their status, and their length is written beside them. A step that is
    still going on has an arrow where it is cut off; one that never started stands at the bottom with its status in
    words. Of more steps than there is room for names, only some are named, the longest first.

    Parameters
    ----------
    steps
        The steps of one run, with the columns ``step_key``, ``status``, ``start_time``, ``end_time`` and ``attempts``
        of ``client.steps()``.
    as_of
        Until when the steps that go on have gone on. By default when the frame was fetched
        (``attrs["dagster_nb"]["fetched_at"]``), else the present.
    tz
        The time zone in which the axis names the start of the first step.
    ax
        Where to draw; by default on pyplot's current axes.
    **kwargs
        For the bars: properties of `matplotlib.collections.PolyCollection`.

    Returns
    -------
    matplotlib.axes.Axes
        With seconds since the start of the first step along x.

    Raises
    ------
    ValueError
        If the frame holds the steps of several runs.

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
    ax, zone = axes(ax), as_zone(tz)
    runs = len(steps["run_id"].unique()) if "run_id" in steps.columns else 1
    if runs > 1:
        raise ValueError(
            f"a Gantt chart shows one run, and these steps are of {runs}; "
            "pick one, as in steps[steps['run_id'] == run_id]"
        )
    started, ended = times(steps, "start_time"), times(steps, "end_time")
    if not started.notna().any():
        return nothing(ax, "no steps" if steps.empty else "no step has started")

    first = started.min()
    ordered = np.argsort(started.fillna(pd.Timestamp.max.tz_localize("UTC").as_unit("us")).to_numpy(), kind="stable")
    steps, started, ended = steps.iloc[ordered], started.iloc[ordered], ended.iloc[ordered]
    has_begun, going_on = started.notna().to_numpy(), (started.notna() & ended.isna()).to_numpy()
    until = ended.fillna(max(moment(steps, as_of), started.max()))
    start = micros(started - first).to_numpy() / 1e6
    end = micros(until - first).to_numpy() / 1e6
    codes, statuses = statuses_of(steps)
    lane = np.arange(len(steps))

    last = max(float(np.nanmax(end[has_begun])), 1e-3)
    grid(ax, "x")
    ax.set_xlim(-last * 0.01, last * 1.12)
    for code in np.unique(codes[has_begun]):
        own = has_begun & (codes == code)
        style = status_style(statuses[code])
        left, right, top, bottom = start[own], end[own], lane[own] - 0.36, lane[own] + 0.36
        corners = np.stack([left, top, right, top, right, bottom, left, bottom], axis=1).reshape(-1, 4, 2)
        usual = {"facecolor": style.color, "edgecolor": style.color, "linewidth": 0.8}
        bars = PolyCollection(list(corners), label=label(statuses[code]), **look(kwargs, PolyCollection, **usual))
        bars.set_hatch(style.hatch)
        ax.add_collection(bars, autolim=False)
    if going_on.any():
        arrows = ax.plot(end[going_on], lane[going_on], linestyle="none", color=ink(), label="still running")[0]
        arrows.set(marker=">", markersize=6.0, markeredgewidth=0.0, zorder=3)

    names = text(steps, "step_key").fillna("(no step)").tolist()
    most = rows_of_text(ax)
    if len(names) <= most:
        lanes(ax, [label(name) for name in names])
        words = [statuses[code].lower().replace("_", " ") for code in codes]
        attempts = column(steps, "attempts") if "attempts" in steps.columns else pd.Series(1, index=steps.index)
        for row, tries in enumerate(attempts):
            spelled = spell(end[row] - start[row]) if has_begun[row] else words[row]
            so_far = " so far" if going_on[row] else ""
            again = f" · {tries:.0f} attempts" if tries > 1 else ""
            _beside(ax, end[row] if has_begun[row] else 0.0, row, spelled + so_far + again)
    else:
        _name_some(ax, names, np.where(has_begun, end - start, 0.0), most)
    ax.xaxis.set_major_locator(ElapsedLocator())
    ax.xaxis.set_major_formatter(DurationFormatter())
    begun = first.tz_convert(zone).strftime("%Y-%m-%d %H:%M:%S")
    caption(ax, f"since {begun} ({zone_name(zone)})", f"{len(steps):,} steps, some named" if len(names) > most else "")
    legend(ax)
    return ax


def slow_steps(steps: pd.DataFrame, *, max_steps: int = 12, ax: Axes | None = None, **kwargs: object) -> Axes:
    """Draw which steps the time goes to, the greatest share on top.

    Beside each bar stand the median and the 95th percentile of the step's duration. A step whose later executions took
    at least 25 % longer than its earlier ones is in another colour, hatched, and says by how much.

    Parameters
    ----------
    steps
        Steps, of as many runs as there are, with the columns ``step_key``, ``start_time`` and ``duration`` of
        ``client.steps()``.
    max_steps
        The most bars; the axis says of how many.
    ax
        Where to draw; by default on pyplot's current axes.
    **kwargs
        For the bars: properties of `matplotlib.patches.Rectangle`.

    Returns
    -------
    matplotlib.axes.Axes
        With shares of the time of all steps along x, from 0 to 1. The numbers are those of
        `dagster_nb.analysis.slow_steps`.

    Examples
    --------
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
    ax = axes(ax)
    every = analysis.slow_steps(steps)
    if every.empty:
        return nothing(ax, "no steps" if steps.empty else "no step has finished")
    table = every.head(max_steps)
    slower = (table["slowdown"] >= _SLOWER).to_numpy(dtype=bool)
    grid(ax, "x")
    worse = status_style("FAILURE")
    looks = (~slower, BLUE, None, ""), (slower, worse.color, worse.hatch, "slower of late")
    for own, color, hatch, words in looks:
        if own.any():
            usual = {"color": color, "hatch": hatch, "linewidth": 0.0, "height": 0.7}
            shares = table["share"][own].tolist()
            ax.barh(
                np.flatnonzero(own), shares, label=words if slower.any() else "", **look(kwargs, Rectangle, **usual)
            )
    for row, (share, p50, p95, slowdown) in enumerate(
        table[["share", "p50", "p95", "slowdown"]].itertuples(index=False)
    ):
        spelled = f"median {spell(p50.total_seconds())}, p95 {spell(p95.total_seconds())}"
        _beside(ax, share, row, spelled + (f" · \N{MULTIPLICATION SIGN}{slowdown:.2g}" if slower[row] else ""))
    lanes(ax, [label(name) for name in table["step_key"]])
    ax.xaxis.set_major_formatter(lambda share, _place: f"{share * 100:.3g}%")
    ax.set_xlim(0, _wide_enough(ax, table["share"].tolist()))
    # Beyond the whole there is room for words, and no share.
    ax.set_xticks([tick for tick in ax.get_xticks() if tick <= 1.0])
    caption(
        ax,
        f"share of the time of all steps ({every['count'].sum():,} executions)",
        f"the {len(table)} greatest of {len(every)} steps" if len(every) > len(table) else "",
    )
    legend(ax)
    return ax


def _beside(ax: Axes, x: float, lane: int, words: str) -> None:
    """Write to the right of the end of a bar."""
    plain([ax.annotate(words, (x, lane), (6, 0), textcoords="offset points", va="center", fontsize="small")])


def _wide_enough(ax: Axes, shares: list[float]) -> float:
    """Return where an axis has to end for the words beside its bars to fit, as far as bars remain."""
    width = room(ax)
    if max(words.get_window_extent().width for words in ax.texts) > width * _MOST_WORDS:
        for words in ax.texts:
            words.set_text(words.get_text().replace(", ", ",\n"))
    gap = 12 / 72 * ax.figure.dpi
    taken = [min((words.get_window_extent().width + gap) / width, _MOST_WORDS) for words in ax.texts]
    return max(share / (1 - part) for share, part in zip(shares, taken, strict=True))


def _name_some(ax: Axes, names: list[str], length: Floats, most: int) -> None:
    """Name the longest steps, and others as far as the names do not run into each other."""
    apart = len(names) / most
    named: list[int] = []
    for row in np.argsort(-length, kind="stable"):
        if all(abs(row - other) >= apart for other in named):
            named.append(int(row))
    ax.set_yticks(sorted(named), [label(names[row]) for row in sorted(named)])
    plain(ax.get_yticklabels())
    ax.set_ylim(len(names) - 0.5, -0.5)
