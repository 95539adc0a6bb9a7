"""How long the runs of each job take."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.collections import PolyCollection
from matplotlib.lines import Line2D

from dagster_nb.analysis.columns import durations as durations_of
from dagster_nb.analysis.columns import micros, statuses_of, times
from dagster_nb.plot._axes import axes, caption, grid, lanes, legend, look, margin_note, moment, nothing
from dagster_nb.plot._groups import gathered, jobs_of
from dagster_nb.plot._points import said, spread, status_marks, thin
from dagster_nb.plot._scale import SHORTEST, log_durations, spell
from dagster_nb.plot._text import label
from dagster_nb.plot._theme import BLUE, ink, status_style

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["durations"]

_BINS = 120
_FEWEST_FOR_SHAPE = 8
_SMOOTHING = np.array([1, 2, 3, 2, 1]) / 9
_RUNNING = ("STARTED", "CANCELING")


def durations(
    runs: pd.DataFrame,
    *,
    max_jobs: int = 12,
    as_of: pd.Timestamp | None = None,
    ax: Axes | None = None,
    **kwargs: object,
) -> Axes:
    """Draw how long the runs of each job take: a lane a job, the slowest on top.

    In the upper half of a lane stands the distribution of the durations, all of them counted. Across its middle lies a
    thin line from the 5th to the 95th percentile, a thick one from the 25th to the 75th, and a tick at the median,
    which is also written to the right. Below are the single runs, in the colour and the shape of their status; beyond
    3,000 every so many-th by duration, and the axis says so. A run that is still going on is hollow and has an arrow:
    it has taken that long so far. A run that has not started has no duration and is not drawn.

    Parameters
    ----------
    runs
        Runs, with the columns ``job_name``, ``status``, ``start_time`` and ``duration`` of ``client.runs()``.
    max_jobs
        The most lanes. The busiest jobs have their own; the others share the last.
    as_of
        Until when the runs that go on have gone on. By default when the frame was fetched
        (``attrs["dagster_nb"]["fetched_at"]``), else the present.
    ax
        Where to draw; by default on pyplot's current axes.
    **kwargs
        For the marks: properties of `matplotlib.lines.Line2D`.

    Returns
    -------
    matplotlib.axes.Axes
        With durations in seconds along x, on a logarithmic scale; shorter than a millisecond is drawn as one.

    Examples
    --------
    >>> import pandas as pd
    >>> from matplotlib.figure import Figure
    >>> runs = pd.DataFrame({
    ...     "job_name": ["etl", "etl", "train"],
    ...     "status": ["SUCCESS", "FAILURE", "SUCCESS"],
    ...     "start_time": pd.Timestamp("2026-01-01", tz="UTC"),
    ...     "duration": pd.to_timedelta([60, 20, 3600], unit="s"),
    ... })
    >>> ax = durations(runs, ax=Figure().subplots())
    >>> [text.get_text() for text in ax.get_yticklabels()]
    ['train', 'etl']
    """
    ax = axes(ax)
    seconds = micros(durations_of(runs, "duration")).to_numpy() / 1e6
    so_far = micros(moment(runs, as_of) - times(runs, "start_time")).to_numpy() / 1e6
    codes, statuses = statuses_of(runs)
    running = np.isnan(seconds) & np.isin(codes, [statuses.index(name) for name in _RUNNING]) & (so_far >= 0)
    finished = ~np.isnan(seconds)
    if not (finished | running).any():
        return nothing(ax, "no runs" if runs.empty else "no run has started")

    shown = np.where(running, so_far, seconds).clip(SHORTEST)
    jobs, names = gathered(*jobs_of(runs), max_jobs)
    medians = np.array([_quantile(seconds[finished & (jobs == job)], 0.5) for job in range(len(names))])
    drawn = [
        job
        for job in np.argsort(-np.nan_to_num(medians, nan=-1.0), kind="stable")
        if (jobs[finished | running] == job).any()
    ]
    lane = np.full(len(names), -1)
    lane[drawn] = np.arange(len(drawn))
    at = lane[jobs]

    visible = shown[finished | running]
    log_durations(ax, "x", float(visible.min()), float(visible.max()))
    grid(ax, "x")
    _shapes(ax, shown[finished], at[finished], len(drawn))
    chosen, step = thin(at[finished] * len(statuses) + codes[finished], shown[finished])
    chosen = np.flatnonzero(finished)[chosen]
    status_marks(ax, shown[chosen], at[chosen] + 0.1 + 0.33 * spread(len(chosen)), statuses, codes[chosen], **kwargs)
    _still_running(ax, shown[running], at[running], **kwargs)
    _spreads(ax, shown[finished], at[finished], len(drawn))
    margin_note(ax, -0.5, "median · runs", va="bottom")
    for place, job in enumerate(drawn):
        if not np.isnan(medians[job]):
            margin_note(ax, place, f"{spell(medians[job])} · {(finished & (jobs == job)).sum():,}")
    lanes(ax, [label(names[job]) for job in drawn])
    waiting = int((~(finished | running)).sum())
    caption(
        ax,
        "duration",
        said(step, int(finished.sum())),
        f"{waiting:,} runs without a duration not drawn" if waiting else "",
    )
    legend(ax)
    return ax


def _shapes(ax: Axes, seconds: Floats, at: NDArray[np.int64], count: int) -> None:
    """Draw the distribution of each lane, as high as its highest point allows."""
    low, high = np.log(ax.get_xlim())
    width = (high - low) / _BINS
    bins = ((np.log(seconds) - low) / width).astype(np.int64).clip(0, _BINS - 1)
    counts = np.bincount(at * _BINS + bins, minlength=count * _BINS).reshape(count, _BINS)
    outlines = []
    middles = np.exp(low + width * (np.arange(_BINS) + 0.5))
    for lane, heights in enumerate(counts):
        if heights.sum() < _FEWEST_FOR_SHAPE:
            continue
        smooth = np.convolve(heights, _SMOOTHING, mode="same")
        top = lane - 0.05 - 0.42 * smooth / smooth.max()
        some = np.flatnonzero(smooth)
        part = slice(some[0], some[-1] + 1)
        line = np.column_stack([middles[part], top[part]])
        base = lane - 0.05
        outlines.append(np.vstack([[line[0, 0], base], line, [line[-1, 0], base]]))
    ax.add_collection(PolyCollection(outlines, facecolor=BLUE, alpha=0.35, linewidth=0), autolim=False)


def _spreads(ax: Axes, seconds: Floats, at: NDArray[np.int64], count: int) -> None:
    """Draw the quantiles of each lane."""
    own = [seconds[at == lane] for lane in range(count)]
    some = [lane for lane in range(count) if len(own[lane])]
    if some:
        p5, p25, p50, p75, p95 = np.array([np.quantile(own[lane], [0.05, 0.25, 0.5, 0.75, 0.95]) for lane in some]).T
        ax.hlines(some, p5, p95, color=BLUE, linewidth=1.2)
        ax.hlines(some, p25, p75, color=BLUE, linewidth=4)
        ax.plot(p50, some, color=ink(), linestyle="none", marker="|", markersize=9, markeredgewidth=1.8)


def _still_running(ax: Axes, seconds: Floats, at: NDArray[np.int64], **kwargs: object) -> None:
    if not len(seconds):
        return
    style = status_style("STARTED")
    usual = {"marker": style.marker, "color": style.color, "markerfacecolor": "none", "markersize": 5.0}
    y = at + 0.1 + 0.33 * spread(len(seconds))
    ax.plot(seconds, y, label="still running, so far", **look(kwargs, Line2D, linestyle="none", **usual))


def _quantile(values: Floats, q: float) -> float:
    return float(np.quantile(values, q)) if len(values) else float("nan")
