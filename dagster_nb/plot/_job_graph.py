"""The chart `job_graph`: the ops of a job and their dependencies."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
from matplotlib.collections import PatchCollection

from dagster_nb.analysis.read_columns import column, strings
from dagster_nb.plot._artist_options import artist_options
from dagster_nb.plot._chart_parts import current_axes, empty_chart
from dagster_nb.plot._graph_drawing import as_list, draw_graph

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["job_graph"]


def job_graph(ops: pd.DataFrame, *, ax: Axes | None = None, **kwargs: object) -> Axes:
    """Draw the ops of a job and their dependencies, with each op to the right of all ops that it depends on.

    A box with the graph's name surrounds the ops of each graph. Boxes can be nested. Names that do not fit are
    shortened. If there are too many ops for readable names, the chart shows no names, and the caption says so.

    Parameters
    ----------
    ops
        The ops of one job from ``client.ops()``, with the columns ``op``, ``graph`` and ``depends_on`` (lists of ops).
    ax
        The axes to draw on. The default is pyplot's current axes.
    **kwargs
        Properties of `matplotlib.collections.PatchCollection` for the ops.

    Returns
    -------
    matplotlib.axes.Axes
        The axes, with the columns of the layout on the x axis and its rows on the y axis.

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
    options = artist_options(job_graph, PatchCollection, kwargs)
    ax = current_axes(ax)
    if ops.empty:
        return empty_chart(ax, "no ops")
    names = strings(ops, "op")
    graph_of = {op: graph for op, graph in zip(names, strings(ops, "graph"), strict=True) if pd.notna(graph)}
    depends_on = {op: as_list(others) for op, others in zip(names, column(ops, "depends_on"), strict=True)}
    draw_graph(ax, depends_on, graph_of, options=options, noun="ops")
    return ax
