"""In the layout of a job, ops do not overlap, and lines pass between them."""

import numpy as np
import pytest

from dagster_nb.plot._job_graph_layout import job_layout


def boxes_overlap(layout):
    """Return the ops that overlap another op, or the box of a graph that does not contain them."""
    graph_of = {op: op.rpartition(".")[0] for op in layout.columns}
    wrong = []
    for op, column in layout.columns.items():
        row = layout.rows[op]
        for other, at in layout.columns.items():
            if op < other and column == at and abs(row - layout.rows[other]) < 1 - 1e-9:
                wrong.append((op, other))
        for graph, (first, last, top, bottom) in layout.boxes.items():
            inside = f"{graph_of[op]}.".startswith(f"{graph}.")
            over = first <= column <= last and row + 0.5 > top + 1e-9 and row - 0.5 < bottom - 1e-9
            within = first <= column <= last and row - 0.5 >= top - 1e-9 and row + 0.5 <= bottom + 1e-9
            if (inside and not within) or (not inside and over):
                wrong.append((op, graph))
    return wrong


def test_a_chain_is_a_straight_line():
    layout = job_layout({"a": [], "b": ["a"], "c": ["b"]}, {})
    assert layout.columns == {"a": 0, "b": 1, "c": 2}
    assert len(set(layout.rows.values())) == 1


def test_a_fork_is_symmetrical():
    layout = job_layout({"a": [], "b": ["a"], "c": ["a"], "d": ["b", "c"]}, {})
    assert layout.rows["a"] == layout.rows["d"] == (layout.rows["b"] + layout.rows["c"]) / 2


def test_an_op_is_in_the_same_row_as_its_upstream_op():
    layout = job_layout({"a": [], "b": [], "x": ["b"], "y": ["a"]}, {})
    assert layout.rows["x"] == layout.rows["b"]
    assert layout.rows["y"] == layout.rows["a"]


def test_lines_pass_between_the_ops():
    layout = job_layout({"a": [], "b": ["a"], "c": ["b", "a"]}, {})
    assert layout.route("a", "b") == [(0, layout.rows["a"]), (1, layout.rows["b"])]
    (_, row) = layout.route("a", "c")[1]
    assert abs(row - layout.rows["b"]) >= 0.5


def test_no_op_overlaps_the_box_of_another_graph():
    depends_on = {"a": [], "g.b": ["a"], "g.h.c": ["g.b"], "g.h.d": ["g.b"], "g.e": ["g.h.c"], "f": ["a"]}
    depends_on["z"] = ["g.e", "f"]
    layout = job_layout(depends_on, {op: op.rpartition(".")[0] for op in depends_on if "." in op})
    assert set(layout.boxes) == {"g", "g.h"}
    assert boxes_overlap(layout) == []


def _some(random, ops):
    return [ops[i] for i in random.choice(len(ops), min(len(ops), random.integers(0, 3)), replace=False)]


@pytest.mark.parametrize("seed", range(20))
def test_no_ops_or_lines_overlap_in_any_job(seed):
    random = np.random.default_rng(seed)
    graphs = ["", "", "g", "g.h", "k"]
    ops = [f"{graphs[random.integers(5)]}.op{i}".lstrip(".") for i in range(40)]
    depends_on = {op: _some(random, ops[:i]) for i, op in enumerate(ops)}
    layout = job_layout(depends_on, {op: op.rpartition(".")[0] for op in ops if "." in op})
    assert boxes_overlap(layout) == []
    for op, others in depends_on.items():
        assert all(layout.columns[other] < layout.columns[op] for other in others)
        for other in others:
            for column, row in layout.route(other, op)[1:-1]:
                beside = [layout.rows[name] for name, own in layout.columns.items() if own == column]
                assert all(abs(row - taken) >= 0.5 - 1e-9 for taken in beside)


def test_the_layout_terminates_for_a_cycle_and_an_unknown_op():
    layout = job_layout({"a": ["b"], "b": ["a"], "c": ["nobody", "c"]}, {})
    assert set(layout.columns) == {"a", "b", "c"}
