"""What a job is made of."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from matplotlib.collections import PatchCollection
from matplotlib.figure import Figure, SubFigure
from matplotlib.patches import FancyBboxPatch, PathPatch
from matplotlib.path import Path

from dagster_nb.analysis.columns import column, text
from dagster_nb.plot._axes import axes, caption, look, nothing
from dagster_nb.plot._layout import Layout, arrange
from dagster_nb.plot._text import label, plain
from dagster_nb.plot._theme import BLUE, ink

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["job_graph"]

_HALF_WIDTH = 0.41
_HALF_HEIGHT = 0.36
_CHARACTER = 0.66
_LARGEST = (180.0, 60.0)  # points that a column and a row have at most
_SMALLEST_FONT = 4.5


def job_graph(ops: pd.DataFrame, *, ax: Axes | None = None, **kwargs: object) -> Axes:
    """Draw the ops of a job from left to right, each after all that it depends on.

    Ops of a graph stand in a box with its name, and boxes may hold boxes. Names that do not fit their box are cut;
    where there are so many ops that no name could be read, there are none, and the axis says so.

    Parameters
    ----------
    ops
        The ops of one job, with the columns ``op``, ``graph`` and ``depends_on`` (lists of ops) of ``client.ops()``.
    ax
        Where to draw; by default on pyplot's current axes.
    **kwargs
        For the ops: properties of `matplotlib.collections.PatchCollection`.

    Returns
    -------
    matplotlib.axes.Axes
        With columns along x and rows, downwards, along y.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> ops = pd.DataFrame({
    ...     "op": ["load", "halves.split", "halves.join"],
    ...     "graph": pd.array([None, "halves", "halves"], dtype="string"),
    ...     "depends_on": [[], ["load"], ["halves.split"]],
    ... })
    >>> ax = job_graph(ops, ax=Figure().subplots())
    >>> [text.get_text() for text in ax.texts]
    ['halves', 'load', 'split', 'join']
    """
    ax = axes(ax)
    if ops.empty:
        return nothing(ax, "no ops")
    names, graphs = text(ops, "op"), text(ops, "graph")
    waits = {name: _listed(others) for name, others in zip(names, column(ops, "depends_on"), strict=True)}
    layout = arrange(waits, {name: graph for name, graph in zip(names, graphs, strict=True) if pd.notna(graph)})

    places = np.array([(layout.column[name], layout.row[name]) for name in waits])
    edges = [top for *_, top, _ in layout.boxes.values()] + [bottom for *_, bottom in layout.boxes.values()]
    top, bottom = min([*edges, places[:, 1].min() - 0.5]), max([*edges, places[:, 1].max() + 0.5])
    ax.set(xticks=[], yticks=[])
    ax.spines[:].set_visible(False)
    # Names are cut to the size of the boxes, so what the axes get of the figure has to be settled first.
    if engine := ax.figure.get_layout_engine():
        engine.execute(_root(ax))
    points = np.array(ax.get_window_extent().size) / ax.figure.dpi * 72
    columns, rows = np.maximum([places[:, 0].max() + 1.1, bottom - top + 0.3], points / _LARGEST)
    ax.set_xlim(np.array([-columns, columns]) / 2 + places[:, 0].max() / 2)
    ax.set_ylim(np.array([rows, -rows]) / 2 + (top + bottom) / 2)
    width, height = points / [columns, rows]
    font = min(height * 0.5, float(ax.xaxis.label.get_fontsize()))
    _boxes(ax, layout, font, width)
    _arrows(ax, layout)
    shapes = [_rounded(x, y, _HALF_WIDTH, _HALF_HEIGHT) for x, y in places]
    usual = {"facecolor": BLUE, "edgecolor": BLUE, "linewidth": 0.0, "zorder": 3}
    ax.add_collection(PatchCollection(shapes, **look(kwargs, PatchCollection, **usual)), autolim=False)
    if font >= _SMALLEST_FONT:
        room = max(int(2 * _HALF_WIDTH * width / (_CHARACTER * font)), 3)
        lines = max(int(2 * _HALF_HEIGHT * height / (1.2 * font)), 1)
        for (x, y), name, graph in zip(places, names, graphs, strict=True):
            own = name.removeprefix(f"{graph}.") if pd.notna(graph) else name
            words = {"ha": "center", "va": "center", "fontsize": font, "color": "white", "zorder": 4}
            plain([ax.text(x, y, _wrapped(own, room, lines), **words)])
    else:
        caption(ax, f"{len(ops):,} ops, too many to name")
    return ax


def _root(ax: Axes) -> Figure:
    figure = ax.figure
    while isinstance(figure, SubFigure):
        figure = figure.figure
    return figure


def _listed(value: Any) -> list[str]:  # noqa: ANN401
    """Return a cell of lists as a list: Parquet gives an array, and a missing one means none."""
    return [str(item) for item in value] if isinstance(value, list | tuple | np.ndarray) else []


def _wrapped(name: str, room: int, most: int) -> str:
    """Break a name that is too long for one line where its words end; cut it if that does not make it fit."""
    lines = [""]
    for word in re.findall(r"[^_.\- ]*[_.\- ]?", label(name, 200)):
        if len(lines[-1] + word) <= room:
            lines[-1] += word
        else:
            lines.append(word)
    fits = len(lines) <= most and all(len(line) <= room for line in lines)
    return "\n".join(filter(None, lines)) if fits else label(name, room)


def _rounded(x: float, y: float, half_width: float, half_height: float) -> FancyBboxPatch:
    return FancyBboxPatch(
        (x - half_width, y - half_height), 2 * half_width, 2 * half_height, boxstyle="round,pad=0,rounding_size=0.06"
    )


def _boxes(ax: Axes, layout: Layout, font: float, width: float) -> None:
    for graph, (first, last, top, bottom) in layout.boxes.items():
        depth = graph.count(".")
        half = (last - first) / 2 + 0.47 - 0.03 * depth
        box = _rounded((first + last) / 2, (top + bottom) / 2, half, (bottom - top) / 2)
        box.set(facecolor=ink(), alpha=0.07, linewidth=0, zorder=1)
        outline = _rounded((first + last) / 2, (top + bottom) / 2, half, (bottom - top) / 2)
        outline.set(fill=False, edgecolor=ink(), alpha=0.45, linewidth=0.8, linestyle="--", zorder=1)
        ax.add_patch(box)
        ax.add_patch(outline)
        if font >= _SMALLEST_FONT:
            room = max(int(2 * half * width / (_CHARACTER * font)), 3)
            name = ax.text((first + last) / 2 - half + 0.05, top + 0.08, label(graph.rpartition(".")[2], room))
            name.set(va="top", fontsize=font * 0.9, alpha=0.9, zorder=4)
            plain([name])


def _arrows(ax: Axes, layout: Layout) -> None:
    """Draw the dependencies, as one line each through all of its slots."""
    vertices: list[tuple[float, float]] = []
    codes: list[np.uint8] = []
    tips = []
    for route in layout.routes:
        here = (layout.column_of(route[0]) + _HALF_WIDTH, layout.row[route[0]])
        vertices.append(here)
        codes.append(Path.MOVETO)
        for node in route[1:]:
            there = (layout.column_of(node) - _HALF_WIDTH, layout.row[node])
            bend = (there[0] - here[0]) / 2
            vertices += [(here[0] + bend, here[1]), (there[0] - bend, there[1]), there]
            codes += [Path.CURVE4] * 3
            if node != route[-1]:
                here = (there[0] + 2 * _HALF_WIDTH, there[1])
                vertices.append(here)
                codes.append(Path.LINETO)
        tips.append(vertices[-1])
    if tips:
        path = PathPatch(Path(vertices, codes), fill=False, edgecolor=ink(), linewidth=1.0, alpha=0.55, zorder=2)
        ax.add_patch(path)
        heads = ax.plot(*np.array(tips).T, linestyle="none", color=ink(), alpha=0.75, zorder=2)[0]
        heads.set(marker=">", markersize=4.0, markeredgewidth=0.0)
