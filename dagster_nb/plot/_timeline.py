"""What ran when."""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.collections import PolyCollection

from dagster_nb.analysis.columns import statuses_of, times
from dagster_nb.analysis.over_time import as_zone
from dagster_nb.plot._axes import (
    axes,
    caption,
    days,
    grid,
    lanes,
    legend,
    look,
    margin_note,
    moment,
    nothing,
    time_axis,
    zone_name,
)
from dagster_nb.plot._groups import gathered, jobs_of
from dagster_nb.plot._scale import spell
from dagster_nb.plot._text import label
from dagster_nb.plot._theme import BLUE, ink, status_style

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import tzinfo

    import pandas as pd
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Integers = NDArray[np.int64]

__all__ = ["pack", "running", "timeline"]

_MOST_BARS = 1500
_MOST_ROWS = 10
_BINS = 300
_HEIGHT = 0.8
_FAILURES = "twice the usual failures"


def timeline(
    runs: pd.DataFrame,
    *,
    max_jobs: int = 15,
    as_of: pd.Timestamp | None = None,
    tz: str | tzinfo = "UTC",
    ax: Axes | None = None,
    **kwargs: object,
) -> Axes:
    """Draw what ran when: a lane a job.

    Up to 1,500 runs are a bar each, from start to end, in the colour and the hatch of their status; runs of a job that
    overlap lie below each other in its lane. A run that is still going on has an arrow where it is cut off.

    Beyond, or where more than 10 runs of a job overlap, a lane is a curve instead: as high as the mean number of the
    job's runs going on at once in each of 300 equal stretches, its highest value being written to the right; a cross
    marks a stretch in which at least twice as many runs failed as usual for that job (one that seldom fails: any). The
    axis says how long the stretches are.

    Parameters
    ----------
    runs
        Runs, with the columns ``job_name``, ``status``, ``start_time`` and ``end_time`` of ``client.runs()``. One that
        has not started is not drawn; the axis says how many those are.
    max_jobs
        The most lanes. The busiest jobs have their own; the others share the last.
    as_of
        Until when the runs that go on have gone on. By default when the frame was fetched
        (``attrs["dagster_nb"]["fetched_at"]``), else the present.
    tz
        The time zone of the axis, an IANA name.
    ax
        Where to draw; by default on pyplot's current axes.
    **kwargs
        For the bars or curves: properties of `matplotlib.collections.PolyCollection`.

    Returns
    -------
    matplotlib.axes.Axes
        With time along x and the jobs along y, by name.

    Examples
    --------
    >>> import pandas as pd
    >>> from matplotlib.figure import Figure
    >>> runs = pd.DataFrame({
    ...     "job_name": ["etl", "train"],
    ...     "status": ["SUCCESS", "FAILURE"],
    ...     "start_time": pd.to_datetime(["2026-01-01 10:00", "2026-01-01 11:00"], utc=True),
    ...     "end_time": pd.to_datetime(["2026-01-01 10:30", "2026-01-01 12:00"], utc=True),
    ... })
    >>> ax = timeline(runs, ax=Figure().subplots())
    >>> ax.get_xlabel()
    'time (UTC) · 2 runs'
    """
    ax, zone = axes(ax), as_zone(tz)
    started, ended = times(runs, "start_time"), times(runs, "end_time")
    known = started.notna().to_numpy()
    if not known.any():
        return nothing(ax, "no runs" if runs.empty else "no run has started")

    every = jobs_of(runs)
    jobs, names = gathered(*every, max_jobs)
    others = max_jobs - 1 if len(every[1]) > max_jobs else None
    order = sorted(set(jobs[known].tolist()), key=lambda job: (job == others, names[job]))
    lane = np.full(len(names), -1)
    lane[order] = np.arange(len(order))
    codes, statuses = statuses_of(runs)
    going_on = ended.isna().to_numpy()[known]
    # A clock that is behind the server's must not make a bar run backwards.
    until = started[known].where(started[known] > moment(runs, as_of), moment(runs, as_of))
    start, at, codes = days(started[known]), lane[jobs][known], codes[known]
    end = np.where(going_on, days(until), days(ended[known]))

    time_axis(ax, zone)
    grid(ax, "x")
    room = max((end.max() - start.min()) * 0.02, 1e-9)
    ax.set_xlim(start.min() - room, end.max() + room)
    rows = pack(at, start, end, len(order)) if len(start) <= _MOST_BARS else None
    if rows is not None and rows.max() < _MOST_ROWS:
        _bars(ax, (start, end, at, rows), going_on, statuses, codes, **kwargs)
        how = ""
    else:
        width = _curves(ax, start, end, at, codes == statuses.index("FAILURE"), len(order), **kwargs)
        how = f"height: runs at once, averaged over {spell(width * 86400)}"
    lanes(ax, [label(names[job]) for job in order])
    waiting = len(runs) - len(start)
    caption(ax, f"time ({zone_name(zone)})", f"{len(start):,} runs", how, f"{waiting:,} not started" if waiting else "")
    legend(ax)
    return ax


def pack(lanes: Integers, start: Floats, end: Floats, count: int) -> Integers:
    """Give each run the first row of its lane that is free when it starts.

    Examples
    --------
    >>> lane = np.zeros(3, dtype=int)
    >>> pack(lane, np.array([0.0, 1.0, 2.5]), np.array([2.0, 3.0, 4.0]), 1).tolist()
    [0, 1, 0]
    """
    rows = np.zeros(len(start), dtype=np.int64)
    free: list[list[int]] = [[] for _ in range(count)]
    busy: list[list[tuple[float, int]]] = [[] for _ in range(count)]
    opened = [0] * count
    for i in np.argsort(start, kind="stable"):
        lane = lanes[i]
        while busy[lane] and busy[lane][0][0] <= start[i]:
            heapq.heappush(free[lane], heapq.heappop(busy[lane])[1])
        if free[lane]:
            rows[i] = heapq.heappop(free[lane])
        else:
            rows[i] = opened[lane]
            opened[lane] += 1
        heapq.heappush(busy[lane], (end[i], int(rows[i])))
    return rows


def running(start: Floats, end: Floats, edges: Floats) -> Floats:
    """Return the mean number of runs going on at once between each edge and the next.

    Examples
    --------
    >>> running(np.array([0.0, 0.5]), np.array([1.0, 1.0]), np.array([0.0, 1.0, 2.0])).tolist()
    [1.5, 0.0]
    """
    # The time run up to an edge is the sum over the runs of how far it lies beyond their start, less beyond their end.
    mean: Floats = np.diff(_beyond(start, edges) - _beyond(end, edges)) / np.diff(edges)
    # Differences of large sums: what is left of a stretch without runs is rounding.
    return np.where(mean > 1e-6, mean, 0.0)  # noqa: PLR2004


def _beyond(points: Floats, edges: Floats) -> Floats:
    ordered = np.sort(points) - edges[0]
    sums = np.concatenate([[0.0], np.cumsum(ordered)])
    passed = np.searchsorted(ordered, edges - edges[0], side="right")
    beyond: Floats = passed * (edges - edges[0]) - sums[passed]
    return beyond


def _bars(
    ax: Axes,
    where: tuple[Floats, Floats, Integers, Integers],
    going_on: NDArray[np.bool_],
    statuses: Sequence[str],
    codes: Integers,
    **kwargs: object,
) -> None:
    start, end, at, rows = where
    deep = np.zeros(at.max() + 1, dtype=np.int64)
    np.maximum.at(deep, at, rows + 1)
    height = _HEIGHT / deep[at]
    top = at - _HEIGHT / 2 + rows * height
    bottom = top + height * 0.88
    corners = np.stack([start, top, end, top, end, bottom, start, bottom], axis=1).reshape(-1, 4, 2)
    for code in np.unique(codes):
        own = codes == code
        style = status_style(statuses[code])
        # The outline keeps a run of a second visible on an axis of months.
        usual = {"facecolor": style.color, "edgecolor": style.color, "linewidth": 0.8}
        bars = PolyCollection(corners[own], label=label(statuses[code]), **look(kwargs, PolyCollection, **usual))
        bars.set_hatch(style.hatch)
        ax.add_collection(bars, autolim=False)
        if statuses[code] not in ("SUCCESS", "STARTED"):
            # And a mark its status, where a bar is too narrow for a hatch.
            marks = ax.plot(end[own], bottom[own], linestyle="none", color=style.color)[0]
            marks.set(marker=style.marker, markersize=5.0, markeredgewidth=0.5, markeredgecolor=ax.get_facecolor())
    if going_on.any():
        style = status_style("STARTED")
        arrows = ax.plot(
            end[going_on], (top + bottom)[going_on] / 2, linestyle="none", color=ink(), label="still running"
        )[0]
        arrows.set(marker=style.marker, markersize=5.0, markeredgewidth=0.0, clip_on=False, zorder=3)


def _striking(bins: Integers) -> Integers:
    """Return the stretches with failures; of a job that fails all the time, those with twice as many as usual."""
    counts = np.bincount(bins, minlength=_BINS)
    return np.flatnonzero((counts > 0) & (counts >= 2 * counts.mean()))


def _curves(
    ax: Axes, start: Floats, end: Floats, at: Integers, failed: NDArray[np.bool_], count: int, **kwargs: object
) -> float:
    edges = np.linspace(start.min(), max(end.max(), start.min() + 1e-9), _BINS + 1)
    outlines, crosses = [], []
    margin_note(ax, -0.5, "at once", va="bottom")
    for lane in range(count):
        own = at == lane
        mean = running(start[own], end[own], edges)
        base = lane + _HEIGHT / 2
        top = base - _HEIGHT * mean / mean.max() if mean.any() else np.full(_BINS, base)
        steps = np.column_stack([np.repeat(edges, 2)[1:-1], np.repeat(top, 2)])
        outlines.append(np.vstack([[edges[0], base], steps, [edges[-1], base]]))
        margin_note(ax, lane, f"up to {mean.max():.2g}")
        bins = _striking(((end[own & failed] - edges[0]) / (edges[1] - edges[0])).astype(np.int64).clip(0, _BINS - 1))
        crosses.append(np.column_stack([(edges[bins] + edges[bins + 1]) / 2, np.full(len(bins), base)]))
    usual = {"facecolor": BLUE, "edgecolor": BLUE, "linewidth": 0.5}
    curves = PolyCollection(outlines, label="runs going on", **look(kwargs, PolyCollection, **usual))
    ax.add_collection(curves, autolim=False)
    marks = np.vstack(crosses)
    if len(marks):
        style = status_style("FAILURE")
        drawn = ax.plot(
            marks[:, 0],
            marks[:, 1],
            linestyle="none",
            color=style.color,
            label=_FAILURES,
        )[0]
        drawn.set(marker=style.marker, markersize=3.5, markeredgewidth=0.0)
    return float(edges[1] - edges[0])
