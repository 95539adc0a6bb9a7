"""``ChartPixels``: the index of a chart in pixels, for the script that makes the picture interactive."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dagster_nb.plot import chart_index

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.text import Text
    from matplotlib.transforms import Bbox
    from numpy.typing import ArrayLike, NDArray

    from dagster_nb.plot._mark_positions import ChartIndex, XAxis

    Floats = NDArray[np.float32]
    Box = tuple[float, float, float, float]

__all__ = ["MAX_POSITIONS", "ChartPixels", "chart_pixels"]

MAX_POSITIONS = 5_000
"""The maximum number of marks. A chart draws a sample of about 3,000 finished runs, and all runs in progress."""

# The script receives one point of a line for every three pixels, regardless of the number of runs.
_PIXELS_BETWEEN_POINTS = 3.0


@dataclass(frozen=True)
class ChartPixels:
    """The positions of marks, lanes, lines and names in the picture of a chart.

    Positions are CSS pixels from the top left corner of the picture.

    A box is ``(left, top, right, bottom)``.

    Parameters
    ----------
    width, height
        The size of the picture.
    plot
        The box of the area between the axes.
    x_axis
        The meaning of x: see `dagster_nb.plot.chart_index`.
    x_limits
        The values of x at the left and right edges of `plot`.
    is_log
        Whether x has a logarithmic scale.
    rows
        For each mark, the position of its run or step in the chart's frame. Shape (n,).
    marks
        The box of each mark. Shape (n, 4), float32.
    periods
        The period of each mark, with the columns of ``ChartIndex.periods``, in a chart of periods. Such a chart has no
        `rows`. None in other charts.
    line_names
        The names of the groups that have lines.
    line_points
        The points of the lines, with x, y, and the position of the name in `line_names`. Shape (m, 3), float32.
    lanes
        The name, top and bottom of each lane.
    group_labels
        The names next to lanes and lines, each with the box of the text that shows it. The text can be a shortened
        name.
    legend
        The entries of the legend, each with its box.
    """

    width: int
    height: int
    plot: Box
    x_axis: XAxis
    x_limits: tuple[float, float]
    is_log: bool
    rows: NDArray[np.int64]
    marks: Floats
    periods: pd.DataFrame | None
    line_names: list[str]
    line_points: Floats
    lanes: list[tuple[str, float, float]]
    group_labels: list[tuple[str, Box]]
    legend: list[tuple[str, Box]]

    @property
    def group_names(self) -> set[str]:
        """The names of all groups that have a lane, a line or a label."""
        return {*self.line_names, *(name for name, *_ in self.lanes), *(name for name, _ in self.group_labels)}

    def x_value(self, x: float) -> float:
        """Return the value of the x axis at a position. A position outside the axes has the value at their edge."""
        left, _, right, _ = self.plot
        share = min(max((float(x) - left) / (right - left), 0.0), 1.0)
        first, last = self.x_limits
        return float(first * (last / first) ** share if self.is_log else first + (last - first) * share)


class _Converter:
    """Convert positions on the axes of a drawn figure to CSS pixels."""

    def __init__(self, ax: Axes, scale: float):
        self._ax = ax
        self._scale = scale
        self._height = float(ax.figure.bbox.height)

    def points(self, x: ArrayLike, y: ArrayLike) -> NDArray[np.float64]:
        pixels = np.asarray(self._ax.transData.transform(np.column_stack([x, y])), dtype=np.float64).reshape(-1, 2)
        return np.column_stack([pixels[:, 0], self._height - pixels[:, 1]]) / self._scale

    def box(self, extent: Bbox, *, wider_left: float = 0.0) -> Box:
        left, right = extent.x0 - wider_left, extent.x1
        top, bottom = self._height - extent.y1, self._height - extent.y0
        scale = self._scale
        return float(left) / scale, float(top) / scale, float(right) / scale, float(bottom) / scale


def chart_pixels(ax: Axes, *, scale: float = 1.0) -> ChartPixels | None:
    """Return the index of a chart in pixels, or None if the chart has no index.

    Parameters
    ----------
    ax
        Axes of a figure that has already been drawn, so that its layout is final.
    scale
        The number of pixels of the figure per CSS pixel.
    """
    index = chart_index(ax)
    if index is None:
        return None
    convert = _Converter(ax, scale)
    has_periods = not index.periods.empty
    every = _inside(ax, index.periods if has_periods else index.marks)
    shown = every.iloc[:: max(1, -(-len(every) // MAX_POSITIONS))]
    one, other = (convert.points(shown[f"x_{edge}"], shown[f"y_{edge}"]) for edge in ("min", "max"))
    marks = np.hstack([np.minimum(one, other), np.maximum(one, other)]).astype(np.float32)
    figure = ax.figure.bbox
    return ChartPixels(
        width=round(figure.width / scale),
        height=round(figure.height / scale),
        plot=convert.box(ax.get_window_extent()),
        x_axis=index.x_axis,
        x_limits=(float(ax.get_xlim()[0]), float(ax.get_xlim()[1])),
        is_log=ax.get_xscale() == "log",
        rows=np.empty(0, dtype=np.int64) if has_periods else shown["row"].to_numpy(dtype=np.int64),
        marks=marks,
        periods=shown if has_periods else None,
        line_names=list(dict.fromkeys(index.lines["name"])),
        line_points=_line_points(index, convert),
        lanes=_lanes(ax, index, convert),
        group_labels=[(name, convert.box(shown.get_window_extent())) for name, shown in _group_texts(ax, index)],
        legend=_legend_entries(ax, convert),
    )


def _inside(ax: Axes, marks: pd.DataFrame) -> pd.DataFrame:
    """Return the marks inside the limits of the x axis. Cut off the part of a mark that is outside."""
    low, high = sorted(ax.get_xlim())
    is_inside = (marks["x_max"] >= low) & (marks["x_min"] <= high)
    return marks[is_inside].assign(**{name: marks[name].clip(low, high) for name in ("x_min", "x_max")})


def _line_points(index: ChartIndex, convert: _Converter) -> Floats:
    parts = [np.empty((0, 3))]
    for position, (_, line) in enumerate(index.lines.groupby("name", sort=False)):
        # Replace missing y values during the conversion, because otherwise x would become NaN too.
        points = convert.points(line["x"], line["y"].fillna(1.0))
        points[line["y"].isna(), 1] = np.nan
        if not len(points):
            continue
        x = np.arange(points[:, 0].min(), points[:, 0].max() + _PIXELS_BETWEEN_POINTS, _PIXELS_BETWEEN_POINTS)
        y = np.interp(x, points[:, 0], points[:, 1])
        parts.append(np.column_stack([x, y, np.full(len(x), position)])[np.isfinite(y)])
    return np.vstack(parts).astype(np.float32)


def _lanes(ax: Axes, index: ChartIndex, convert: _Converter) -> list[tuple[str, float, float]]:
    lanes = index.lanes
    if lanes.empty:
        return []
    left = np.full(len(lanes), ax.get_xlim()[0])
    edges = [convert.points(left, lanes[name])[:, 1] for name in ("y_min", "y_max")]
    tops, bottoms = np.minimum(*edges), np.maximum(*edges)
    return [
        (str(name), float(top), float(bottom)) for name, top, bottom in zip(lanes["name"], tops, bottoms, strict=True)
    ]


def _group_texts(ax: Axes, index: ChartIndex) -> list[tuple[str, Text]]:
    """Return the names of lanes and lines, each with the matplotlib text that shows the name."""
    texts = list(index.labels.items())
    if len(index.lanes):
        names = index.lanes["name"].tolist()
        for tick, shown in zip(ax.get_yticks(), ax.get_yticklabels(), strict=True):
            texts.append((str(names[round(tick)]), shown))
    return texts


def _legend_entries(ax: Axes, convert: _Converter) -> list[tuple[str, Box]]:
    legend = ax.get_legend()
    if legend is None:
        return []
    # The symbol is to the left of the text. Its width is a multiple of the font size.
    widths = legend.handlelength + legend.handletextpad
    return [
        (shown.get_text(), convert.box(shown.get_window_extent(), wider_left=widths * _font_pixels(shown)))
        for shown in legend.get_texts()
    ]


def _font_pixels(shown: Text) -> float:
    figure = shown.get_figure()
    return float(shown.get_fontsize()) * (72.0 if figure is None else float(figure.dpi)) / 72.0
