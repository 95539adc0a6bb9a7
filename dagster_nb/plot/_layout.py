"""Where to put the ops of a job: columns from left to right along the dependencies, graphs in boxes of their own.

Each op stands one column to the right of the last op that it waits for. A dependency that leaps over columns gets a
slot in each of them, so that it runs between the ops and not behind them. Within a graph the vertical order follows
the neighbours (the barycentre method of Sugiyama and others, 1981); then everything moves as near to its neighbours as
the others in its column allow. A graph is laid out by itself and takes part in the layout around it as one block.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = ["Layout", "arrange"]

_SLOT = 0.4
_GAP = 0.25
_TITLE = 0.45
_SWEEPS = 6

Node = str | tuple[str, str, int]
"""An op, or the slot in a column of the dependency of the second on the first."""


@dataclass
class Layout:
    """A job laid out.

    Parameters
    ----------
    column
        The column of each op, from 0.
    row
        The middle of each op and slot, downwards; an op is 1 high.
    routes
        The nodes that each dependency passes, from the op waited for, through its slots, to the op that waits.
    boxes
        Of each graph: its first and its last column, its top and its bottom.
    """

    column: dict[str, int] = field(default_factory=dict)
    row: dict[Node, float] = field(default_factory=dict)
    routes: list[list[Node]] = field(default_factory=list)
    boxes: dict[str, tuple[int, int, float, float]] = field(default_factory=dict)

    def column_of(self, node: Node) -> int:
        return self.column[node] if isinstance(node, str) else node[2]


def arrange(depends_on: Mapping[str, Iterable[str]], graph_of: Mapping[str, str]) -> Layout:
    """Lay out a job.

    Parameters
    ----------
    depends_on
        What each op waits for; ops that are not keys are passed over.
    graph_of
        The dotted handle of the graph around an op, for those that are in one.

    Examples
    --------
    >>> layout = arrange({"load": [], "clean": ["load"], "train": ["clean", "load"]}, {})
    >>> layout.column
    {'load': 0, 'clean': 1, 'train': 2}
    >>> layout.routes
    [['load', 'clean'], ['clean', 'train'], ['load', ('load', 'train', 1), 'train']]
    """
    known = {op: [other for other in dict.fromkeys(others) if other in depends_on] for op, others in depends_on.items()}
    layout = Layout(column=_columns(known))
    members: dict[str, list[Node]] = defaultdict(list)
    for op in known:
        members[graph_of.get(op, "")].append(op)
    for op, others in known.items():
        for other in others:
            between = range(layout.column[other] + 1, layout.column[op])
            slots: list[Node] = [(other, op, column) for column in between]
            members[_common(graph_of.get(op, ""), graph_of.get(other, ""))] += slots
            layout.routes.append([other, *slots, op])
    neighbours: dict[Node, list[Node]] = defaultdict(list)
    for route in layout.routes:
        for left, right in pairwise(route):
            neighbours[left].append(right)
            neighbours[right].append(left)
    _Arranger(layout, members, neighbours).graph("")
    return layout


def _columns(depends_on: Mapping[str, Sequence[str]]) -> dict[str, int]:
    columns: dict[str, int] = {}
    waiting = dict(depends_on)
    while waiting:
        ready = [op for op, others in waiting.items() if all(other in columns for other in others)]
        # A job has no cycles; whatever comes in a frame, this ends.
        for op in ready or list(waiting)[:1]:
            columns[op] = max((columns[other] + 1 for other in waiting.pop(op) if other in columns), default=0)
    return {op: columns[op] for op in depends_on}


def _common(one: str, other: str) -> str:
    shared = []
    for a, b in zip(one.split("."), other.split("."), strict=False):
        if a != b:
            break
        shared.append(a)
    return ".".join(shared)


class _Arranger:
    """The state of one layout while its graphs are laid out, the inner before the outer."""

    def __init__(
        self, layout: Layout, members: Mapping[str, list[Node]], neighbours: Mapping[Node, list[Node]]
    ) -> None:
        self.layout = layout
        self.members = members
        self.neighbours = neighbours
        self.inside: dict[str, set[str]] = defaultdict(set)
        for graph in list(members):
            parts = graph.split(".") if graph else []
            for depth in range(len(parts)):
                self.inside[".".join(parts[:depth])].add(".".join(parts[: depth + 1]))

    def graph(self, name: str) -> tuple[list[Node], list[str]]:
        """Lay out what is in a graph, with 0 as its top; return all nodes and graphs in it."""
        nodes, graphs = list(self.members.get(name, ())), []
        taken = self._rows(nodes)
        for inner in sorted(self.inside.get(name, ()), key=self._first_column):
            own, deeper = self.graph(inner)
            self._fit(inner, own, deeper, taken)
            nodes += own
            graphs += [inner, *deeper]
        top = min((self._top(node) for node in nodes), default=0.0)
        top = min([top, *(self.layout.boxes[graph][2] for graph in graphs)])
        self._move(nodes, graphs, -top)
        return nodes, graphs

    def _first_column(self, graph: str) -> tuple[int, str]:
        within = [node for name, nodes in self.members.items() if f"{name}.".startswith(f"{graph}.") for node in nodes]
        return min(map(self.layout.column_of, within)), graph

    def _rows(self, nodes: list[Node]) -> dict[int, list[tuple[float, float]]]:
        """Give nodes their rows; return what is taken of each column."""
        columns: dict[int, list[Node]] = defaultdict(list)
        for node in nodes:
            columns[self.layout.column_of(node)].append(node)
        row = self.layout.row
        for stack in columns.values():
            row.update(zip(stack, _spaced(stack, [0.0] * len(stack)), strict=True))
        ahead = sorted(columns)
        for sweep in range(_SWEEPS):
            for column in ahead if sweep % 2 == 0 else reversed(ahead):
                stack = columns[column]
                wish = {node: self._wish(node, column + (-1 if sweep % 2 == 0 else 1)) for node in stack}
                stack.sort(key=lambda node: (wish[node], row[node]))
                row.update(zip(stack, _spaced(stack, [wish[node] for node in stack]), strict=True))
        return {column: [_extent(node, row[node]) for node in stack] for column, stack in columns.items()}

    def _wish(self, node: Node, column: int) -> float:
        """Return the middle of the neighbours of a node in a column, as far as they have rows already."""
        row, of = self.layout.row, self.layout.column_of
        there = [row[other] for other in self.neighbours[node] if other in row and of(other) == column]
        return sum(there) / len(there) if there else row[node]

    def _fit(
        self, graph: str, nodes: list[Node], deeper: list[str], taken: dict[int, list[tuple[float, float]]]
    ) -> None:
        """Put a graph that is laid out as near to its neighbours as what is taken already allows."""
        columns = [self.layout.column_of(node) for node in nodes]
        span = range(min(columns), max(columns) + 1)
        bottoms = [self._top(node) + (1.0 if isinstance(node, str) else _SLOT) for node in nodes]
        height = _TITLE + max([*bottoms, *(self.layout.boxes[inner][3] for inner in deeper)]) + _GAP
        own = set(nodes)
        outside = [
            self.layout.row[other]
            for node in nodes
            for other in self.neighbours[node]
            if other not in own and other in self.layout.row
        ]
        wish = sum(outside) / len(outside) - height / 2 if outside else 0.0
        blocked = sorted(part for column in span for part in taken.get(column, ()))
        free = [wish, *(low - height - _GAP for low, _ in blocked), *(high + _GAP for _, high in blocked)]
        top = min(
            (place for place in free if all(place + height <= low or place >= high for low, high in blocked)),
            key=lambda place: abs(place - wish),
        )
        self._move(nodes, deeper, top + _TITLE)
        self.layout.boxes[graph] = (span[0], span[-1], top, top + height)
        for column in span:
            taken.setdefault(column, []).append((top - _GAP, top + height + _GAP))

    def _move(self, nodes: list[Node], graphs: list[str], by: float) -> None:
        for node in nodes:
            self.layout.row[node] += by
        for graph in graphs:
            first, last, top, bottom = self.layout.boxes[graph]
            self.layout.boxes[graph] = (first, last, top + by, bottom + by)

    def _top(self, node: Node) -> float:
        return _extent(node, self.layout.row[node])[0]


def _extent(node: Node, row: float) -> tuple[float, float]:
    half = 0.5 if isinstance(node, str) else _SLOT / 2
    return row - half, row + half


def _spaced(stack: list[Node], wishes: list[float]) -> list[float]:
    """Return the rows nearest to the wishes, in the sense of least squares, that keep the order and the distances."""
    offsets = [0.0]
    for above, below in pairwise(stack):
        offsets.append(offsets[-1] + _extent(above, 0.0)[1] - _extent(below, 0.0)[0])
    # Without the distances this is isotonic regression: neighbours that got in each other's way share their mean.
    pools: list[list[float]] = []
    for wish, offset in zip(wishes, offsets, strict=True):
        pools.append([wish - offset])
        while len(pools) > 1 and sum(pools[-2]) * len(pools[-1]) > sum(pools[-1]) * len(pools[-2]):
            last = pools.pop()
            pools[-1] += last
    means = [sum(pool) / len(pool) for pool in pools for _ in pool]
    return [mean + offset for mean, offset in zip(means, offsets, strict=True)]
