"""The chart `partitions`: the status of each partition of a job or an asset."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from matplotlib.collections import PolyCollection

from dagster_nb.analysis import read_columns
from dagster_nb.plot._artist_options import artist_options
from dagster_nb.plot._chart_parts import current_axes, draw_legend, empty_chart, max_names, set_caption
from dagster_nb.plot._labels import disable_math, label
from dagster_nb.plot._theme import text_color
from dagster_nb.statuses import GREY, UNKNOWN, Status, status_of
from dagster_nb.words import count_text, plural

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    Integers = NDArray[np.int64]

__all__ = ["partitions"]

# The statuses of an asset's partitions, with the colors and hatches of similar run statuses. The statuses of a job's
# partitions are run statuses.
_OF_ASSETS = {
    "MATERIALIZED": replace(status_of("SUCCESS"), word="materialized"),
    "FAILED": status_of("FAILURE"),
    "MATERIALIZING": replace(status_of("STARTED"), word="materializing"),
    "MISSING": Status("MISSING", "missing", GREY, "○", "o", "", "waiting"),
}
_ORDER = ("MATERIALIZED", "SUCCESS", "MATERIALIZING", "FAILED", "FAILURE", "MISSING")
# The gap between cells.
_GAP = 0.06
# The maximum number of missing or failed partitions that the caption names.
_MAX_NAMED = 4
_DAYS_OF_MONTH = 31
_X_CHARACTERS = 9


@dataclass(frozen=True)
class _Grid:
    """The row and column of each partition, and the names of the rows and columns."""

    rows: Integers
    columns: Integers
    row_names: list[str]
    column_names: list[str]
    meaning: str


def partitions(frame: pd.DataFrame, *, ax: Axes | None = None, **kwargs: object) -> Axes:
    """Draw each partition of a job or an asset as a cell with the color and hatch of its status.

    A missing partition is an empty cell with a border, so that gaps are visible. Daily partitions are arranged with one
    row per month and one column per day. Partitions with two dimensions are arranged with one dimension on each axis.
    Other partitions fill row after row, from left to right.

    Parameters
    ----------
    frame
        Partitions from ``client.partitions()``, with the columns ``partition_key``, ``status`` and, if there are
        several dimensions, ``dimension.<name>``.
    ax
        The axes to draw on. The default is pyplot's current axes.
    **kwargs
        Properties of `matplotlib.collections.PolyCollection` for the cells.

    Returns
    -------
    matplotlib.axes.Axes
        The axes, with one `matplotlib.collections.PolyCollection` per status. The caption shows the number of
        partitions and, if only a few are missing or failed, their names.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> frame = pd.DataFrame({
    ...     "partition_key": ["2026-01-30", "2026-01-31", "2026-02-01"],
    ...     "status": ["MATERIALIZED", "MISSING", "MATERIALIZED"],
    ... })
    >>> ax = partitions(frame, ax=Figure().subplots())
    >>> [text.get_text() for text in ax.get_yticklabels()]
    ['2026-01', '2026-02']
    """
    options = artist_options(partitions, PolyCollection, kwargs)
    ax = current_axes(ax)
    if frame.empty:
        return empty_chart(ax, "no partitions")
    status = read_columns.strings(frame, "status").fillna("MISSING").to_numpy(dtype=object)
    keys = read_columns.strings(frame, "partition_key").fillna("").tolist()
    grid = _grid(frame, keys, ax)
    names = sorted(set(status), key=lambda name: _ORDER.index(name) if name in _ORDER else len(_ORDER))
    for name in names:
        appearance = _OF_ASSETS.get(name) or status_of(name)
        own = status == name
        properties: dict[str, Any] = {
            "facecolor": "none" if name == "MISSING" else appearance.color,
            "edgecolor": text_color() if name == "MISSING" or appearance.hatch else appearance.color,
            "linewidth": 1.0 if name == "MISSING" else 0.0,
            "hatch": appearance.hatch or None,
            "label": f"{label(name) if appearance is UNKNOWN else appearance.word} ({count_text(int(own.sum()))})",
        }
        ax.add_collection(
            PolyCollection(_cells(grid.columns[own], grid.rows[own]), **(properties | options)), autolim=False
        )
    _set_axes(ax, grid)
    set_caption(ax, grid.meaning, plural(len(keys), "partition"), *_gap_words(keys, status))
    draw_legend(ax)
    return ax


def _grid(frame: pd.DataFrame, keys: Sequence[str], ax: Axes) -> _Grid:
    dimensions = [str(name) for name in frame.columns if str(name).startswith("dimension.")]
    if len(dimensions) > 1:
        return _grid_of_dimensions(frame, dimensions[:2])
    days = pd.to_datetime(pd.Series(keys), format="%Y-%m-%d", errors="coerce")
    if days.notna().all() and len(keys) > 1:
        return _grid_of_days(days)
    return _grid_of_lines(keys, ax)


def _grid_of_dimensions(frame: pd.DataFrame, dimensions: Sequence[str]) -> _Grid:
    codes, names = [], []
    for dimension in dimensions:
        code, values = pd.factorize(read_columns.strings(frame, dimension))
        codes.append(code.astype(np.int64))
        names.append([str(value) for value in values])
    # Put the dimension with more keys on the x axis.
    across = 0 if len(names[0]) >= len(names[1]) else 1
    down = 1 - across
    meaning = f"{dimensions[across].removeprefix('dimension.')} by {dimensions[down].removeprefix('dimension.')}"
    return _Grid(codes[down], codes[across], names[down], names[across], meaning)


def _grid_of_days(days: pd.Series) -> _Grid:
    months = days.dt.strftime("%Y-%m")
    codes, names = pd.factorize(months, sort=True)
    columns = days.dt.day.to_numpy(dtype=np.int64) - 1
    numbers = [str(day) for day in range(1, _DAYS_OF_MONTH + 1)]
    return _Grid(codes.astype(np.int64), columns, [str(name) for name in names], numbers, "day of the month")


def _grid_of_lines(keys: Sequence[str], ax: Axes) -> _Grid:
    width, height = ax.get_window_extent().size
    n_columns = max(math.ceil(math.sqrt(len(keys) * float(width) / max(float(height), 1.0))), 1)
    if len(keys) <= n_columns * 2:
        n_columns = len(keys)
    positions = np.arange(len(keys), dtype=np.int64)
    rows, columns = np.divmod(positions, n_columns)
    names = [keys[start] for start in range(0, len(keys), n_columns)]
    one_line = len(names) == 1
    return _Grid(
        rows, columns, [""] if one_line else names, list(keys) if one_line else [], "" if one_line else "row by row"
    )


def _cells(columns: Integers, rows: Integers) -> list[NDArray[np.float64]]:
    side = 0.5 - _GAP
    corners = np.array([[-side, -side], [side, -side], [side, side], [-side, side]])
    return list(np.stack([columns, rows], axis=1)[:, None, :] + corners[None])


def _set_axes(ax: Axes, grid: _Grid) -> None:
    ax.spines[:].set_visible(False)
    ax.tick_params(length=0)
    n_rows, n_columns = int(grid.rows.max()) + 1, max(int(grid.columns.max()) + 1, len(grid.column_names))
    ax.set_xlim(-0.5, n_columns - 0.5)
    ax.set_ylim(n_rows - 0.5, -0.5)
    step = -(-n_rows // max_names(ax))
    ax.set_yticks(range(0, n_rows, step), [label(name, 24) for name in grid.row_names[::step]])
    longest = max((len(name) for name in grid.column_names), default=1)
    points = ax.get_window_extent().width / ax.figure.dpi * 72
    fitting = max(int(points / (min(longest, 2 * _X_CHARACTERS) * 0.75 * float(ax.xaxis.label.get_fontsize()))), 1)
    across = -(-max(len(grid.column_names), 1) // fitting)
    shown = [label(name, 2 * _X_CHARACTERS) for name in grid.column_names[::across]]
    ax.set_xticks(range(0, len(grid.column_names), across), shown)
    disable_math([*ax.get_xticklabels(), *ax.get_yticklabels()])


def _gap_words(keys: Sequence[str], status: NDArray[np.object_]) -> list[str]:
    """Name the missing and the failed partitions, if there are only a few."""
    words = []
    for names, word in ((("MISSING",), "missing"), (("FAILED", "FAILURE"), "failed")):
        own = [key for key, one in zip(keys, status, strict=True) if one in names]
        if 0 < len(own) <= _MAX_NAMED:
            words.append(f"{word}: {', '.join(label(key, 20) for key in own)}")
    return words
