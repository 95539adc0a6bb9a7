"""The frame of ops, with the ops that each op depends on, directly or through graphs."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from dagster_nb.frames import columns

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pandas as pd

__all__ = ["ops_frame"]

Node = dict[str, Any]

# Every op has a config field in the schema. If the op declares no config, the field has this type.
_UNDECLARED_CONFIG_TYPE = "Any"


def ops_frame(handles: Sequence[Node]) -> pd.DataFrame:
    """Return the ops of a job as a frame.

    Parameters
    ----------
    handles
        All ``solidHandles`` of a job, including those inside graphs, as requested by the document ``job_ops``.

    Returns
    -------
    pandas.DataFrame
        The columns of `DagsterClient.ops`.

    Examples
    --------
    >>> ops_frame([])["has_config"].dtype
    dtype('bool')
    """
    dependencies = _Dependencies(handles)
    ops = [handle for handle in handles if not _is_graph(handle)]
    definitions = [op["solid"]["definition"] for op in ops]
    return columns.frame(
        {
            "op": columns.strings(op["handleID"] for op in ops),
            "definition": columns.strings(definition["name"] for definition in definitions),
            "graph": columns.strings(_parent(op) for op in ops),
            "inputs": columns.objects(_names(op["solid"]["inputs"]) for op in ops),
            "outputs": columns.objects(_names(op["solid"]["outputs"]) for op in ops),
            "depends_on": columns.objects(dependencies.upstream_of(op) for op in ops),
            "has_config": columns.flags(_has_config(definition) for definition in definitions),
            "description": columns.strings(definition.get("description") for definition in definitions),
        }
    )


class _Dependencies:
    """The dependencies between ops, including dependencies that pass through graphs.

    The server describes each graph separately. A dependency that crosses the border of a graph therefore consists of
    several parts, which mappings connect. An input mapping connects the input of a graph with the input of a node
    inside it. An output mapping connects the output of a graph with the output of the node that produces it.
    """

    def __init__(self, handles: Sequence[Node]):
        self._handles = {handle["handleID"]: handle for handle in handles}
        # Two dicts per graph: from inner inputs to the inputs of the graph, and from the outputs of the graph to inner
        # outputs.
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
        """Return the handles of the ops whose outputs an op uses, in the order of its inputs, without duplicates."""
        sources = (source for one in op["solid"]["inputs"] for source in self._sources(op, one["definition"]["name"]))
        return list(dict.fromkeys(sources))

    def _sources(self, handle: Node, name: str) -> Iterator[str]:
        """Yield the handles of the ops that provide an input of a node."""
        parent = _parent(handle)
        for one in handle["solid"]["inputs"]:
            if one["definition"]["name"] == name:
                for output in one["dependsOn"]:
                    yield self._producer(parent, *_end(output))
        if parent is not None:
            for outer in self._outwards[parent].get((handle["solid"]["name"], name), ()):
                yield from self._sources(self._handles[parent], outer)

    def _producer(self, graph: str | None, node: str, output: str) -> str:
        """Return the op that produces an output of a node in a graph, or in the job itself if `graph` is None."""
        handle_id = node if graph is None else f"{graph}.{node}"
        while handle_id in self._inwards:
            node, output = self._inwards[handle_id][output]
            handle_id = f"{handle_id}.{node}"
        return handle_id


def _has_config(definition: Node) -> bool | None:
    if "configField" not in definition:
        return None
    field = definition["configField"]
    return field is not None and field["configTypeKey"] != _UNDECLARED_CONFIG_TYPE


def _is_graph(handle: Node) -> bool:
    return bool(handle["solid"]["definition"]["__typename"] == "CompositeSolidDefinition")


def _parent(handle: Node) -> str | None:
    return None if handle["parent"] is None else handle["parent"]["handleID"]


def _names(ends: Sequence[Node]) -> list[str]:
    return [end["definition"]["name"] for end in ends]


def _end(end: Node) -> tuple[str, str]:
    """Return the node that an input or output belongs to, and its name."""
    return end["solid"]["name"], end["definition"]["name"]
