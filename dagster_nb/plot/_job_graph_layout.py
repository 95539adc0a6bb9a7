"""Arrange the ops of a job in columns, with the ops of each graph in a box.

Each op is one column to the right of the last op that it depends on. Within a column, ops are sorted by the mean row of
the ops that they depend on. The boxes inside a graph are stacked. If an op shares a column with a box, the op is above
the box. In all other columns, ops are centered vertically.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["JobLayout", "job_layout"]

_TITLE, _PADDING = 0.45, 0.15  # The height of a box's title and the padding of the box, in rows.


@dataclass
class JobLayout:
    """The positions of the ops and graphs of a job.

    Parameters
    ----------
    columns
        The column of each op, from 0.
    rows
        The vertical center of each op, measured downward from 0. Each op has a height of 1.
    boxes
        The first column, last column, top and bottom of each graph's box.
    """

    columns: dict[str, int]
    rows: dict[str, float] = field(default_factory=dict)
    boxes: dict[str, tuple[int, int, float, float]] = field(default_factory=dict)

    def route(self, start: str, end: str) -> list[tuple[int, float]]:
        """Return the points (column, row) of the line for a dependency. The line passes between the ops."""
        first, last = self.columns[start], self.columns[end]
        points = [(first, self.rows[start])]
        for column in range(first + 1, last):
            direct = points[-1][1] + (self.rows[end] - points[-1][1]) / (last - column + 1)
            taken = [self.rows[op] for op, own in self.columns.items() if own == column]
            gaps = [direct, *(row + side for row in taken for side in (-0.5, 0.5))]
            free = [gap for gap in gaps if all(abs(gap - row) >= 0.5 - 1e-9 for row in taken)]
            points.append((column, min(free, key=lambda gap: abs(gap - direct))))
        return [*points, (last, self.rows[end])]


def job_layout(depends_on: Mapping[str, Iterable[str]], graph_of: Mapping[str, str]) -> JobLayout:
    """Lay out a job.

    Parameters
    ----------
    depends_on
        The dependencies of each op. Dependencies on ops that are not keys of this mapping are ignored.
    graph_of
        For each op that is in a graph, the dotted handle of the graph.

    Examples
    --------
    >>> layout = job_layout({"load": [], "clean": ["load"], "train": ["clean", "load"]}, {})
    >>> layout.columns
    {'load': 0, 'clean': 1, 'train': 2}
    >>> layout.route("load", "train")
    [(0, 0.5), (1, 0.0), (2, 0.5)]
    """
    layout = JobLayout(_columns(depends_on))
    paths = {op: graph_of[op].split(".") if op in graph_of else [] for op in depends_on}
    # The first pass can use only the rows of ops that it has already placed. The second pass uses the rows of all ops.
    for _ in range(2):
        _place(layout, [], 0.0, paths, depends_on)
    return layout


def _columns(depends_on: Mapping[str, Iterable[str]]) -> dict[str, int]:
    waiting = {op: [other for other in others if other in depends_on] for op, others in depends_on.items()}
    columns: dict[str, int] = {}
    while waiting:
        ready = [op for op, others in waiting.items() if all(other in columns for other in others)]
        # A job cannot have cycles, but a frame can contain one. If it does, place the first remaining op.
        for op in ready or list(waiting)[:1]:
            columns[op] = max((columns[other] + 1 for other in waiting.pop(op) if other in columns), default=0)
    return {op: columns[op] for op in depends_on}


def _place(
    layout: JobLayout,
    graph: list[str],
    top: float,
    paths: Mapping[str, list[str]],
    depends_on: Mapping[str, Iterable[str]],
) -> float:
    """Assign rows to the ops and boxes in a graph that begins at row `top`. Return the row where the graph ends."""
    depth = len(graph)
    stacks: dict[int, list[str]] = {}
    inner: dict[str, list[int]] = {}
    for op, path in paths.items():
        if path == graph:
            stacks.setdefault(layout.columns[op], []).append(op)
        elif path[:depth] == graph:
            inner.setdefault(path[depth], []).append(layout.columns[op])
    boxed = {column for columns in inner.values() for column in range(min(columns), max(columns) + 1)}
    above = top + max((len(stack) for column, stack in stacks.items() if column in boxed), default=0)
    bottom = above
    for name, columns in inner.items():
        box_top = bottom + _PADDING
        bottom = _place(layout, [*graph, name], box_top + _TITLE, paths, depends_on) + _PADDING
        layout.boxes[".".join([*graph, name])] = (min(columns), max(columns), box_top, bottom)
    bottom = max(bottom, top + max((len(stack) for stack in stacks.values()), default=0))
    for column in sorted(stacks):
        stack = sorted(stacks[column], key=lambda op: _mean_row(layout, depends_on[op]))
        middle = (top + (above if column in boxed else bottom)) / 2
        for place, op in enumerate(stack):
            layout.rows[op] = middle + place - (len(stack) - 1) / 2
    return bottom


def _mean_row(layout: JobLayout, ops: Iterable[str]) -> float:
    rows = [layout.rows[op] for op in ops if op in layout.rows]
    return sum(rows) / len(rows) if rows else 0.0
