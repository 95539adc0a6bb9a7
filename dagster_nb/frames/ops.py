"""Ops: one row an op, and what it depends on, seen through the graphs between them."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from dagster_nb.frames import columns

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pandas as pd

__all__ = ["ops_frame"]

Node = dict[str, Any]

# Where an op declares no config, the schema has a field of this type that takes anything and is never read.
_UNDECLARED = "Any"


def ops_frame(handles: Sequence[Node]) -> pd.DataFrame:
    """Return the ops of a job as a frame.

    Parameters
    ----------
    handles
        All of a job's ``solidHandles``, those inside graphs included, as the document ``job_ops`` asks for them.

    Returns
    -------
    pandas.DataFrame
        The columns of `DagsterClient.ops`.

    Examples
    --------
    >>> ops_frame([])["has_config"].dtype
    dtype('bool')
    """
    wiring = _Wiring(handles)
    ops = [handle for handle in handles if not _is_graph(handle)]
    definitions = [op["solid"]["definition"] for op in ops]
    return columns.frame(
        {
            "op": columns.strings(op["handleID"] for op in ops),
            "definition": columns.strings(definition["name"] for definition in definitions),
            "graph": columns.strings(_parent(op) for op in ops),
            "inputs": columns.objects(_names(op["solid"]["inputs"]) for op in ops),
            "outputs": columns.objects(_names(op["solid"]["outputs"]) for op in ops),
            "depends_on": columns.objects(wiring.upstream_of(op) for op in ops),
            "has_config": columns.flags(_has_config(definition) for definition in definitions),
            "description": columns.strings(definition.get("description") for definition in definitions),
        }
    )


class _Wiring:
    """Who hands whom a value, when graphs are looked through.

    The server wires each graph by itself: what a node inside depends on ends at the graph's edge, where a mapping leads
    on. An input mapping leads outwards, from an input inside to the graph's own; an output mapping leads inwards, from
    the graph's output to the one inside that makes it.
    """

    def __init__(self, handles: Sequence[Node]):
        self._handles = {handle["handleID"]: handle for handle in handles}
        # Of each graph: the input of its own that feeds an input inside, and the output inside that is one of its own.
        self._outwards: dict[str, dict[tuple[str, str], list[str]]] = {}
        self._inwards: dict[str, dict[str, tuple[str, str]]] = {}
        for handle in filter(_is_graph, handles):
            definition = handle["solid"]["definition"]
            outwards: dict[tuple[str, str], list[str]] = defaultdict(list)
            for mapping in definition["inputMappings"]:
                outwards[_end(mapping["mappedInput"])].append(mapping["definition"]["name"])
            self._outwards[handle["handleID"]] = outwards
            self._inwards[handle["handleID"]] = {
                mapping["definition"]["name"]: _end(mapping["mappedOutput"]) for mapping in definition["outputMappings"]
            }

    def upstream_of(self, op: Node) -> list[str]:
        """Return the handles of the ops that an op takes values from, each once, in the order of its inputs."""
        sources = (source for one in op["solid"]["inputs"] for source in self._sources(op, one["definition"]["name"]))
        return list(dict.fromkeys(sources))

    def _sources(self, handle: Node, name: str) -> Iterator[str]:
        """Yield the ops that feed an input of a node."""
        parent = _parent(handle)
        for one in handle["solid"]["inputs"]:
            if one["definition"]["name"] == name:
                for output in one["dependsOn"]:
                    yield self._maker(parent, *_end(output))
        if parent is not None:
            for outer in self._outwards[parent].get((handle["solid"]["name"], name), ()):
                yield from self._sources(self._handles[parent], outer)

    def _maker(self, scope: str | None, node: str, output: str) -> str:
        """Return the op that makes an output of a node within a graph, or of the job where the scope is None."""
        handle_id = node if scope is None else f"{scope}.{node}"
        while handle_id in self._inwards:
            node, output = self._inwards[handle_id][output]
            handle_id = f"{handle_id}.{node}"
        return handle_id


def _has_config(definition: Node) -> bool | None:
    if "configField" not in definition:
        return None
    field = definition["configField"]
    return field is not None and field["configTypeKey"] != _UNDECLARED


def _is_graph(handle: Node) -> bool:
    return bool(handle["solid"]["definition"]["__typename"] == "CompositeSolidDefinition")


def _parent(handle: Node) -> str | None:
    return None if handle["parent"] is None else handle["parent"]["handleID"]


def _names(ends: Sequence[Node]) -> list[str]:
    return [end["definition"]["name"] for end in ends]


def _end(end: Node) -> tuple[str, str]:
    """Return which node an input or output is of, and its name."""
    return end["solid"]["name"], end["definition"]["name"]
