"""Draw a graph of ops or assets from left to right, as boxes that are connected by arrows."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.collections import PatchCollection
from matplotlib.figure import Figure, SubFigure
from matplotlib.patches import FancyBboxPatch, PathPatch
from matplotlib.path import Path

from dagster_nb.plot._chart_parts import set_caption
from dagster_nb.plot._job_graph_layout import job_layout
from dagster_nb.plot._labels import disable_math, label
from dagster_nb.plot._theme import text_color
from dagster_nb.statuses import BLUE
from dagster_nb.words import count_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from matplotlib.axes import Axes

    from dagster_nb.plot._job_graph_layout import JobLayout

__all__ = ["as_list", "draw_graph"]

_HALF_WIDTH, _HALF_HEIGHT = 0.41, 0.36
# The estimated width of a character, as a fraction of the font size.
_CHARACTER_WIDTH = 0.66
# The maximum width of a column and the maximum height of a row, in points.
_MAX_CELL = (180.0, 60.0)
_MIN_FONT_SIZE = 4.5


def draw_graph(
    ax: Axes,
    depends_on: Mapping[str, Sequence[str]],
    graph_of: Mapping[str, str],
    *,
    options: Mapping[str, Any],
    noun: str,
    colors: Mapping[str, str] | None = None,
    notes: Mapping[str, str] | None = None,
) -> None:
    """Draw nodes, their dependencies, and a box around the nodes of each graph.

    Parameters
    ----------
    ax
        The axes to draw on.
    depends_on
        The dependencies of each node. Dependencies on nodes that are not keys of this mapping are ignored.
    graph_of
        For each node that is in a graph, the dotted name of the graph.
    options
        Properties of `matplotlib.collections.PatchCollection` for the nodes.
    noun
        The plural noun for the nodes, such as "ops".
    colors
        The color of each node. By default, all nodes have the same color.
    notes
        The notes to write below the names of some nodes.
    """
    layout = job_layout(depends_on, graph_of)
    cell = _fit_axes(ax, layout)
    font = min(cell[1] * 0.5, float(ax.xaxis.label.get_fontsize()))
    _draw_boxes(ax, layout, font, cell[0])
    routes = [layout.route(other, op) for op, others in depends_on.items() for other in others if other in depends_on]
    _draw_arrows(ax, routes)
    shapes = [_rounded_box(layout.columns[op], layout.rows[op], _HALF_WIDTH, _HALF_HEIGHT) for op in depends_on]
    fill = BLUE if colors is None else [colors[op] for op in depends_on]
    properties: dict[str, Any] = {"facecolor": fill, "edgecolor": fill, "linewidth": 0.0, "zorder": 3}
    ax.add_collection(PatchCollection(shapes, **(properties | dict(options))), autolim=False)
    if font < _MIN_FONT_SIZE:
        set_caption(ax, f"{count_text(len(depends_on))} {noun}, too many to name")
        return
    width = max(int(2 * _HALF_WIDTH * cell[0] / (_CHARACTER_WIDTH * font)), 3)
    n_lines = max(int(2 * _HALF_HEIGHT * cell[1] / (1.2 * font)), 1)
    for op in depends_on:
        own = op.removeprefix(f"{graph_of[op]}.") if op in graph_of else op
        note = (notes or {}).get(op)
        name = _wrapped(own, width, n_lines if note is None else max(n_lines - 1, 1))
        lines = name if note is None else f"{name}\n{label(f'({note})', width)}"
        text = ax.text(layout.columns[op], layout.rows[op], lines)
        text.set(ha="center", va="center", fontsize=font, color="white", zorder=4)
        disable_math([text])


def as_list(value: Any) -> list[str]:  # noqa: ANN401
    """Convert a cell to a list.

    In a frame that was read from a Parquet file, the cell may be an array. A missing value becomes an empty list.
    """
    return [str(item) for item in value] if isinstance(value, list | tuple | np.ndarray) else []


def _fit_axes(ax: Axes, layout: JobLayout) -> tuple[float, float]:
    """Set the limits of the axes, and return the width of a column and the height of a row in points."""
    ax.set(xticks=[], yticks=[])
    ax.spines[:].set_visible(False)
    # The size of the axes determines how much of a name fits into its box, so compute the layout first.
    if engine := ax.figure.get_layout_engine():
        engine.execute(_root_figure(ax))
    points = np.array(ax.get_window_extent().size) / ax.figure.dpi * 72
    last = max(layout.columns.values())
    bottom = max([row + 0.5 for row in layout.rows.values()] + [box[3] for box in layout.boxes.values()])
    n_columns, n_rows = np.maximum([last + 1.1, bottom + 0.3], points / _MAX_CELL)
    ax.set_xlim((last - n_columns) / 2, (last + n_columns) / 2)
    ax.set_ylim((bottom + n_rows) / 2, (bottom - n_rows) / 2)
    return float(points[0] / n_columns), float(points[1] / n_rows)


def _root_figure(ax: Axes) -> Figure:
    figure = ax.figure
    while isinstance(figure, SubFigure):
        figure = figure.figure
    return figure


def _wrapped(name: str, width: int, max_lines: int) -> str:
    """Break a long name into lines between its words, and shorten the name if it still does not fit."""
    lines = [""]
    for word in re.findall(r"[^_./\- ]*[_./\- ]?", label(name, 200)):
        if len(lines[-1] + word) <= width:
            lines[-1] += word
        else:
            lines.append(word)
    fits = len(lines) <= max_lines and all(len(line) <= width for line in lines)
    return "\n".join(filter(None, lines)) if fits else label(name, width)


def _rounded_box(x: float, y: float, half_width: float, half_height: float) -> FancyBboxPatch:
    style = "round,pad=0,rounding_size=0.06"
    return FancyBboxPatch((x - half_width, y - half_height), 2 * half_width, 2 * half_height, boxstyle=style)


def _draw_boxes(ax: Axes, layout: JobLayout, font: float, column_width: float) -> None:
    for graph, (first, last, top, bottom) in layout.boxes.items():
        half_width = (last - first) / 2 + 0.47 - 0.03 * graph.count(".")
        center = (first + last) / 2
        for style in (
            {"facecolor": text_color(), "alpha": 0.07, "linewidth": 0},
            {"fill": False, "edgecolor": text_color(), "alpha": 0.45, "linewidth": 0.8, "linestyle": "--"},
        ):
            box = _rounded_box(center, (top + bottom) / 2, half_width, (bottom - top) / 2)
            box.set(zorder=1, **style)
            ax.add_patch(box)
        if font >= _MIN_FONT_SIZE:
            width = max(int(2 * half_width * column_width / (_CHARACTER_WIDTH * font)), 3)
            name = ax.text(center - half_width + 0.05, top + 0.08, label(graph.rpartition(".")[2], width))
            name.set(va="top", fontsize=font * 0.9, alpha=0.9, zorder=4)
            disable_math([name])


def _draw_arrows(ax: Axes, routes: Iterable[list[tuple[int, float]]]) -> None:
    """Draw each dependency as a line that is curved between columns and straight inside a column."""
    vertices: list[tuple[float, float]] = []
    codes: list[np.uint8] = []
    tips = []
    for route in routes:
        x, y = route[0][0] + _HALF_WIDTH, route[0][1]
        vertices.append((x, y))
        codes.append(Path.MOVETO)
        for place, next_y in route[1:]:
            left = place - _HALF_WIDTH
            bend = (left - x) / 2
            vertices += [(x + bend, y), (left - bend, next_y), (left, next_y)]
            codes += [Path.CURVE4] * 3
            if (place, next_y) != route[-1]:
                x, y = left + 2 * _HALF_WIDTH, next_y
                vertices.append((x, y))
                codes.append(Path.LINETO)
        tips.append(vertices[-1])
    if tips:
        path = PathPatch(Path(vertices, codes), fill=False, edgecolor=text_color(), linewidth=1.0, alpha=0.55, zorder=2)
        ax.add_patch(path)
        heads = ax.plot(*np.array(tips).T, linestyle="none", color=text_color(), alpha=0.75, zorder=2)[0]
        heads.set(marker=">", markersize=4.0, markeredgewidth=0.0)
