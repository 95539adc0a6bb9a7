"""A handwritten response becomes a frame of ops with their dependencies."""

import pandas as pd

from dagster_nb.frames.ops import ops_frame


def end(node, name):
    return {"solid": {"name": node}, "definition": {"name": name}}


def node(handle, inputs=(), outputs=("result",), *, config="Any", graph=None):
    """Return the handle of an op. ``inputs`` has one list of (node, output) pairs per input."""
    parent, _, name = handle.rpartition(".")
    definition = {"__typename": "SolidDefinition", "name": name, "description": None}
    if graph is None:
        definition["configField"] = {"configTypeKey": config}
    else:
        input_mappings, output_mappings = graph
        definition |= {
            "__typename": "CompositeSolidDefinition",
            "inputMappings": [
                {"definition": {"name": outer}, "mappedInput": end(*inner)} for outer, inner in input_mappings
            ],
            "outputMappings": [
                {"definition": {"name": outer}, "mappedOutput": end(*inner)} for outer, inner in output_mappings
            ],
        }
    return {
        "handleID": handle,
        "parent": {"handleID": parent} if parent else None,
        "solid": {
            "name": name,
            "definition": definition,
            "inputs": [
                {"definition": {"name": one}, "dependsOn": [end(*output) for output in outputs]}
                for one, outputs in dict(inputs).items()
            ],
            "outputs": [{"definition": {"name": one}} for one in outputs],
        },
    }


def test_an_empty_frame_has_the_same_dtypes():
    assert len(ops_frame([])) == 0
    pd.testing.assert_series_equal(ops_frame([]).dtypes, ops_frame([node("a")]).dtypes)
    assert ops_frame([]).dtypes.astype(str).to_dict() == {
        "op": "string",
        "definition": "string",
        "graph": "string",
        "inputs": "object",
        "outputs": "object",
        "depends_on": "object",
        "has_config": "bool",
        "description": "string",
    }


def depends_on(*handles):
    return ops_frame(handles).set_index("op")["depends_on"].to_dict()


def test_dependencies_cross_graph_boundaries_at_any_depth():
    found = depends_on(
        node("source"),
        node("outer", {"x": [("source", "result")]}, graph=([("x", ("inner", "y"))], [("out", ("inner", "made"))])),
        node("outer.inner", {"y": []}, graph=([("y", ("work", "z"))], [("made", ("work", "result"))])),
        node("outer.inner.work", {"z": []}),
        node("sink", {"value": [("outer", "out")]}),
    )
    assert found == {"source": [], "outer.inner.work": ["source"], "sink": ["outer.inner.work"]}


def test_a_graph_can_depend_on_another_graph():
    graph = ([("x", ("work", "x"))], [("out", ("work", "result"))])
    found = depends_on(
        node("a", {"x": []}, graph=graph),
        node("a.work", {"x": []}),
        node("b", {"x": [("a", "out")]}, graph=graph),
        node("b.work", {"x": []}),
    )
    assert found == {"a.work": [], "b.work": ["a.work"]}


def test_inputs_can_have_several_consumers_and_several_producers():
    found = depends_on(
        node("p"),
        node("q"),
        node("g", {"x": [("p", "result"), ("q", "result")]}, graph=([("x", ("m", "a")), ("x", ("n", "b"))], [])),
        node("g.m", {"a": []}),
        node("g.n", {"b": [], "c": [("m", "result")]}),
    )
    assert found == {"p": [], "q": [], "g.m": ["p", "q"], "g.n": ["p", "q", "g.m"]}


def test_each_output_of_a_graph_is_traced_to_its_op():
    graph = ([], [("low", ("left", "result")), ("high", ("right", "result"))])
    found = depends_on(
        node("g", graph=graph),
        node("g.left"),
        node("g.right"),
        node("uses_high", {"x": [("g", "high")]}),
        node("uses_both", {"x": [("g", "low")], "y": [("g", "high")]}),
    )
    assert found["uses_high"] == ["g.right"]
    assert found["uses_both"] == ["g.left", "g.right"]


def test_an_op_that_feeds_several_inputs_is_listed_once():
    found = depends_on(node("a"), node("b", {"x": [("a", "result")], "y": [("a", "result")]}))
    assert found["b"] == ["a"]


def test_op_names_inside_a_graph_include_the_graph():
    found = depends_on(
        node("load"),
        node("g", {"x": []}, graph=([("x", ("write", "y"))], [])),
        node("g.load"),
        node("g.write", {"y": [], "x": [("load", "result")]}),
    )
    assert found["g.write"] == ["g.load"]


def test_ops_with_a_config_schema_are_marked():
    frame = ops_frame([node("none"), node("some", config="Shape.1")])
    assert frame["has_config"].tolist() == [False, True]
