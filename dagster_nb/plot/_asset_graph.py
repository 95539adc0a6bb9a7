"""The chart `asset_graph`: assets and the assets that they depend on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
from matplotlib.collections import PatchCollection

from dagster_nb.analysis.read_columns import column, strings
from dagster_nb.plot._artist_options import artist_options
from dagster_nb.plot._chart_parts import current_axes, draw_legend, empty_chart
from dagster_nb.plot._graph_drawing import as_list, draw_graph
from dagster_nb.statuses import BLUE, GREY, ORANGE, PURPLE

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["asset_graph"]

# The color and the label for each stale status. The legend shows the labels. If an asset is not fresh, the label is
# also shown below its name.
_STATUSES = {"FRESH": (BLUE, "fresh"), "STALE": (ORANGE, "stale"), "MISSING": (GREY, "never materialized")}
_UNKNOWN = (PURPLE, "unknown status")


def asset_graph(assets: pd.DataFrame, *, ax: Axes | None = None, **kwargs: object) -> Axes:
    r"""Draw assets and their dependencies, with each asset to the right of all assets that it depends on.

    The color of an asset shows its stale status. If there are several groups, a box with the group's name surrounds
    the assets of each group. If there are too many assets for readable names, the chart shows no names, and the caption
    says so.

    Parameters
    ----------
    assets
        Assets from ``client.assets()``, with the columns ``asset``, ``group``, ``depends_on`` and ``stale_status``.
        The chart omits dependencies on assets that are not in the frame.
    ax
        The axes to draw on. The default is pyplot's current axes.
    **kwargs
        Properties of `matplotlib.collections.PatchCollection` for the assets.

    Returns
    -------
    matplotlib.axes.Axes
        The axes, with the columns of the layout on the x axis and its rows on the y axis.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> assets = pd.DataFrame({
    ...     "asset": ["raw", "shop/orders"],
    ...     "group": "sales",
    ...     "depends_on": [[], ["raw"]],
    ...     "stale_status": ["FRESH", "STALE"],
    ... })
    >>> ax = asset_graph(assets, ax=Figure().subplots())
    >>> [text.get_text() for text in ax.texts]
    ['raw', 'shop/orders\n(stale)']
    """
    options = artist_options(asset_graph, PatchCollection, kwargs)
    ax = current_axes(ax)
    if assets.empty:
        return empty_chart(ax, "no assets")
    names = strings(assets, "asset")
    statuses = [_STATUSES.get(status, _UNKNOWN) for status in strings(assets, "stale_status").fillna("")]
    groups = strings(assets, "group")
    graph_of = dict(zip(names, groups, strict=True)) if len(set(groups.dropna())) > 1 else {}
    graph_of = {name: group.replace(".", "_") for name, group in graph_of.items() if pd.notna(group)}
    depends_on = {name: as_list(others) for name, others in zip(names, column(assets, "depends_on"), strict=True)}
    draw_graph(
        ax,
        depends_on,
        graph_of,
        options=options,
        noun="assets",
        colors={name: color for name, (color, _) in zip(names, statuses, strict=True)},
        notes={
            name: words for name, (color, words) in zip(names, statuses, strict=True) if color not in {BLUE, PURPLE}
        },
    )
    for color, words in (*_STATUSES.values(), _UNKNOWN):
        if (color, words) in statuses:
            # A line that has no points appears only in the legend.
            ax.plot([], [], color=color, marker="s", markersize=8.0, linestyle="none", label=words)
    draw_legend(ax)
    return ax
