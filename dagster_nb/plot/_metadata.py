"""The chart `metadata`: the numbers that an asset reports in its metadata, over time or by partition."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter

from dagster_nb.analysis import read_columns
from dagster_nb.filters import as_strings
from dagster_nb.plot._artist_options import artist_options
from dagster_nb.plot._chart_parts import current_axes, draw_grid, empty_chart, label_line_ends, set_caption
from dagster_nb.plot._labels import disable_math, label
from dagster_nb.plot._theme import group_colors
from dagster_nb.plot._time_axes import date_numbers, set_time_axis
from dagster_nb.statuses import BLUE
from dagster_nb.time_zones import time_zone, zone_name
from dagster_nb.words import plural

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import tzinfo

    from matplotlib.axes import Axes
    from numpy.typing import NDArray

__all__ = ["metadata"]

_PREFIX = "metadata."
_MAX_MARKED = 200
_MAX_NAMES = 24


def metadata(
    materializations: pd.DataFrame,
    labels: str | Iterable[str] | None = None,
    *,
    x: Literal["timestamp", "partition_key"] = "timestamp",
    tz: str | tzinfo = "UTC",
    ax: Axes | None = None,
    **kwargs: object,
) -> Axes:
    """Draw the numbers in the metadata of an asset's materializations, with one line per label.

    Parameters
    ----------
    materializations
        Materializations of one asset from ``client.materializations()``, with the column ``timestamp`` or
        ``partition_key``, and the columns ``metadata.<label>``.
    labels
        The label or labels of the metadata to plot. By default, only the label with the most numbers is plotted, and
        the caption gives the number of other labels.
    x
        ``"timestamp"`` shows all materializations over time. ``"partition_key"`` shows the last materialization of
        each partition, on a time axis if the keys begin with a date.
    tz
        The time zone of the x axis, such as ``"Europe/Paris"``.
    ax
        The axes to draw on. The default is pyplot's current axes.
    **kwargs
        Properties of `matplotlib.lines.Line2D` for the lines.

    Returns
    -------
    matplotlib.axes.Axes
        The axes, with time or partitions on the x axis and the numbers on the y axis.

    Raises
    ------
    ValueError
        If the metadata does not contain one of the labels, or if the values of a label are not numbers.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> frame = pd.DataFrame({
    ...     "timestamp": pd.to_datetime(["2026-01-02", "2026-01-01"], utc=True),
    ...     "metadata.rows": [3, 5],
    ... })
    >>> ax = metadata(frame, ax=Figure().subplots())
    >>> ax.get_ylabel(), ax.lines[0].get_ydata().tolist()
    ('rows', [5.0, 3.0])
    """
    options = artist_options(metadata, Line2D, kwargs)
    if x not in {"timestamp", "partition_key"}:
        raise ValueError(f"x must be 'timestamp' or 'partition_key', not {x!r}.")
    ax, zone = current_axes(ax), time_zone(tz)
    numeric = _numeric_labels(materializations)
    chosen = _chosen(materializations, numeric, labels)
    if materializations.empty:
        return empty_chart(ax, "no materializations")
    if not chosen:
        return empty_chart(ax, "no numeric metadata")
    rows, positions, meaning = _positions(materializations, x, ax, zone)
    draw_grid(ax, "y")
    colors = group_colors(chosen)
    ends = []
    for name in chosen:
        values = rows[f"{_PREFIX}{name}"].astype("Float64").to_numpy(dtype=np.float64, na_value=np.nan)
        known = ~np.isnan(values)
        properties: dict[str, Any] = {
            "color": BLUE if len(chosen) == 1 else colors[name],
            "linewidth": 1.4,
            "marker": "o" if known.sum() <= _MAX_MARKED else "",
            "markersize": 3.0,
        }
        ax.plot(positions[known], values[known], **(properties | options))
        if known.any():
            ends.append((float(values[known][-1]), label(name, 24), colors[name]))
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))
    if len(chosen) == 1:
        disable_math([ax.set_ylabel(label(chosen[0], 40))])
    else:
        label_line_ends(ax, ends)
    others = len(numeric) - len(chosen) if labels is None else 0
    count = plural(len(rows), "partition" if x == "partition_key" else "materialization")
    set_caption(ax, meaning, count, plural(others, "more numeric label") if others > 0 else "")
    return ax


def _numeric_labels(frame: pd.DataFrame) -> list[str]:
    names = [str(name) for name in frame.columns if str(name).startswith(_PREFIX)]
    is_number = pd.api.types.is_numeric_dtype
    return [
        name.removeprefix(_PREFIX)
        for name in names
        if is_number(frame[name]) and not pd.api.types.is_bool_dtype(frame[name])
    ]


def _chosen(frame: pd.DataFrame, numeric: list[str], labels: str | Iterable[str] | None) -> list[str]:
    if labels is None:
        return sorted(numeric, key=lambda name: (-int(frame[f"{_PREFIX}{name}"].notna().sum()), name))[:1]
    chosen = list(dict.fromkeys(name.removeprefix(_PREFIX) for name in as_strings(labels, "labels") or ()))
    if wrong := [name for name in chosen if name not in numeric]:
        missing = ", ".join(map(repr, wrong))
        if not numeric:
            raise ValueError(
                f"cannot plot {missing}, because the frame contains no numeric metadata. Pass a frame from "
                "client.materializations() with numbers in its metadata columns."
            )
        raise ValueError(f"there is no numeric metadata {missing}. Use one of: {', '.join(map(repr, numeric))}.")
    return chosen


def _positions(frame: pd.DataFrame, x: str, ax: Axes, zone: tzinfo) -> tuple[pd.DataFrame, NDArray[np.float64], str]:
    """Return the rows in the order of the x axis, their positions on the axis, and the label of the axis."""
    if x == "timestamp":
        times = read_columns.times(frame, "timestamp")
        order = np.argsort(times.to_numpy(), kind="stable")
        order = order[times.notna().to_numpy(dtype=bool)[order]]
        set_time_axis(ax, zone)
        return frame.iloc[order], date_numbers(times.iloc[order]), f"materialization ({zone_name(zone)})"
    rows = frame[read_columns.strings(frame, "partition_key").notna()]
    if "timestamp" in rows:
        rows = rows.sort_values("timestamp", kind="stable")
    rows = rows.drop_duplicates("partition_key", keep="last").sort_values("partition_key", kind="stable")
    keys = read_columns.strings(rows, "partition_key")
    dates = pd.to_datetime(keys.str.slice(0, 10), format="%Y-%m-%d", errors="coerce", utc=True)
    if len(rows) and dates.notna().all() and dates.is_unique:
        # The date of a partition does not depend on the time zone, so do not convert it.
        set_time_axis(ax, time_zone("UTC"))
        return rows, date_numbers(dates.astype("datetime64[us, UTC]")), "partition"
    step = -(-max(len(rows), 1) // _MAX_NAMES)
    names = [label(str(key), 12) for key in keys.iloc[::step]]
    ax.set_xticks(list(range(0, len(rows), step)), names, rotation=30, ha="right")
    disable_math(ax.get_xticklabels())
    return rows, np.arange(len(rows), dtype=np.float64), "partition"
