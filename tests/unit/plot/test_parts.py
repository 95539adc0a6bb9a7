"""The parts that charts are made of."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from dagster_nb.plot._layout import arrange
from dagster_nb.plot._points import said, spread, thin
from dagster_nb.plot._scale import ElapsedLocator, log_durations, spell
from dagster_nb.plot._text import label
from dagster_nb.plot._theme import SERIES, status_style
from dagster_nb.plot._timeline import pack, running


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (0.0012345, "1.23 ms"),
        (0.9999, "1 s"),
        (12.345, "12.3 s"),
        (59.99, "1 min"),
        (61, "1 min 1 s"),
        (3599.7, "1 h"),
        (3600, "1 h"),
        (5025, "1 h 24 min"),
        (86399, "1 d"),
        (90000, "1 d 1 h"),
        (86400 * 400, "400 d"),
    ],
)
def test_durations_are_spelled_as_people_do(seconds, words):
    assert spell(seconds) == words


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (0.5, 200_000, ["1 s", "10 s", "1 min", "10 min", "1 h", "1 d"]),
        (20, 50, ["20 s", "30 s"]),
        (55, 500, ["1 min", "2 min", "5 min"]),
        (1e-9, 1e-9, ["1 ms"]),
    ],
)
def test_ticks_of_a_duration_axis(low, high, ticks):
    ax = Figure().subplots()
    log_durations(ax, "x", low, high)
    ax.figure.draw_without_rendering()
    shown = [text.get_text() for text in ax.get_xticklabels()]
    assert set(ticks) <= set(shown)
    assert 2 <= len(shown) <= 9
    assert ax.get_xscale() == "log"


@pytest.mark.parametrize("low", [0.002, 12.0, 3000.0, 90_000.0])
@pytest.mark.parametrize("ratio", [1.0001, 1.01, 1.5, 40, 1e5])
def test_ticks_never_lie_and_never_repeat(low, ratio):
    ax = Figure().subplots()
    log_durations(ax, "y", low, low * ratio)
    ax.figure.draw_without_rendering()
    shown = [text.get_text() for text in ax.get_yticklabels()]
    assert len(shown) == len(set(shown)) >= 2


@pytest.mark.parametrize("high", [0.01, 7, 100, 5000, 1e5, 1e8])
def test_a_linear_axis_of_seconds_has_round_ticks(high):
    ticks = ElapsedLocator().tick_values(0, high)
    assert 3 <= len(ticks) <= 9
    assert ticks[0] == 0


@pytest.mark.parametrize(
    ("text", "drawn"),
    [
        ("$x_1^2$", "$x_1^2$"),
        ("a\n\tb", "a b"),
        ("deploy 🚀 now", "deploy □ now"),
        ("日本", "□□"),
        ("\u202eevil\u2066", "evil"),
        ("x" * 50, "x" * 17 + "…" + "x" * 12),
        ("שלום", "שלום"),
        ("", ""),
    ],
)
def test_labels(text, drawn):
    assert label(text) == drawn


@pytest.mark.parametrize("width", range(3, 30))
def test_labels_keep_to_their_width(width):
    assert len(label("warehouse.customers.refresh_nightly", width)) == width


def test_thinning_keeps_what_is_rare_and_the_ends():
    groups = np.array([0] * 10_000 + [1] * 15)
    order = np.random.default_rng(0).random(10_015)
    chosen, step = thin(groups, order, most=500)
    assert step == 21
    assert (groups[chosen] == 1).sum() == 15
    assert {order[:10_000].argmin(), order[:10_000].argmax()} <= set(chosen)
    assert (groups[chosen] == 0).sum() == pytest.approx(10_000 / 21, abs=2)
    assert thin(groups[:0], order[:0])[0].tolist() == []


def test_thinning_is_said_in_english():
    assert said(1, 10) == ""
    words = [said(step, 9).split()[2] for step in (2, 3, 11, 12, 21, 34)]
    assert words == ["2nd", "3rd", "11th", "12th", "21st", "34th"]


def test_spreading_keeps_neighbours_apart():
    offsets = spread(1000)
    assert offsets.min() >= 0
    assert offsets.max() < 1
    assert np.abs(np.diff(offsets)).min() > 0.3


def test_packing_never_lets_two_runs_overlap():
    random = np.random.default_rng(0)
    lanes, start = random.integers(0, 3, 300), random.random(300) * 100
    end = start + random.random(300) * 10
    rows = pack(lanes, start, end, 3)
    for lane in range(3):
        for row in range(rows.max() + 1):
            own = np.flatnonzero((lanes == lane) & (rows == row))
            own = own[np.argsort(start[own])]
            assert (start[own][1:] >= end[own][:-1]).all()
    assert rows.max() + 1 <= max(((start <= at) & (end > at)).sum() for at in start)


def test_running_is_the_exact_mean():
    random = np.random.default_rng(0)
    start = random.random(50) * 10
    end = start + random.random(50) * 5
    edges = np.linspace(-1, 16, 30)
    overlap = np.clip(np.minimum(end, edges[1:, None]) - np.maximum(start, edges[:-1, None]), 0, None).sum(axis=1)
    assert running(start, end, edges) == pytest.approx(overlap / np.diff(edges))


def test_no_two_statuses_look_alike():
    known = ["QUEUED", "NOT_STARTED", "MANAGED", "STARTING", "STARTED", "SUSPENDED", "SUCCESS", "FAILURE", "CANCELING"]
    looks = [status_style(name) for name in [*known, "CANCELED", "never heard of"]]
    assert len({look.marker for look in looks}) == len(looks)
    assert len({look.hatch for look in looks}) == len(looks)
    assert len(set(SERIES)) == len(SERIES)


def boxes_overlap(layout):
    """Return the pairs of ops and foreign boxes that overlap."""
    graph_of = {op: op.rpartition(".")[0] for op in layout.column}
    wrong = []
    for op, column in layout.column.items():
        row = layout.row[op]
        for other, at in layout.column.items():
            if op < other and column == at and abs(row - layout.row[other]) < 1 - 1e-9:
                wrong.append((op, other))
        for graph, (first, last, top, bottom) in layout.boxes.items():
            inside = f"{graph_of[op]}.".startswith(f"{graph}.")
            over = first <= column <= last and row + 0.5 > top + 1e-9 and row - 0.5 < bottom - 1e-9
            within = first <= column <= last and row - 0.5 >= top - 1e-9 and row + 0.5 <= bottom + 1e-9
            if (inside and not within) or (not inside and over):
                wrong.append((op, graph))
    return wrong


def test_a_chain_is_a_straight_line():
    layout = arrange({"a": [], "b": ["a"], "c": ["b"]}, {})
    assert layout.column == {"a": 0, "b": 1, "c": 2}
    assert len(set(layout.row.values())) == 1


def test_a_fork_lies_around_its_stem():
    layout = arrange({"a": [], "b": ["a"], "c": ["a"], "d": ["b", "c"]}, {})
    assert layout.row["a"] == layout.row["d"] == (layout.row["b"] + layout.row["c"]) / 2


def test_neighbours_lie_side_by_side():
    layout = arrange({"a": [], "b": [], "x": ["b"], "y": ["a"]}, {})
    assert layout.row["x"] == layout.row["b"]
    assert layout.row["y"] == layout.row["a"]


def test_dependencies_run_between_the_ops():
    layout = arrange({"a": [], "b": ["a"], "c": ["b", "a"]}, {})
    assert ["a", ("a", "c", 1), "c"] in layout.routes
    assert abs(layout.row[("a", "c", 1)] - layout.row["b"]) >= 0.7 - 1e-9


def test_graphs_have_room_of_their_own():
    depends_on = {"a": [], "g.b": ["a"], "g.h.c": ["g.b"], "g.h.d": ["g.b"], "g.e": ["g.h.c"], "f": ["a"]}
    depends_on["z"] = ["g.e", "f"]
    layout = arrange(depends_on, {op: op.rpartition(".")[0] for op in depends_on if "." in op})
    assert set(layout.boxes) == {"g", "g.h"}
    assert boxes_overlap(layout) == []


def _some(random, ops):
    return [ops[i] for i in random.choice(len(ops), min(len(ops), random.integers(0, 3)), replace=False)]


@pytest.mark.parametrize("seed", range(20))
def test_nothing_overlaps_in_any_job(seed):
    random = np.random.default_rng(seed)
    graphs = ["", "", "g", "g.h", "k"]
    ops = [f"{graphs[random.integers(5)]}.op{i}".lstrip(".") for i in range(40)]
    depends_on = {op: _some(random, ops[:i]) for i, op in enumerate(ops)}
    layout = arrange(depends_on, {op: op.rpartition(".")[0] for op in ops if "." in op})
    assert boxes_overlap(layout) == []
    for op, others in depends_on.items():
        assert all(layout.column[other] < layout.column[op] for other in others)


def test_a_circle_and_a_stranger_do_not_hang():
    layout = arrange({"a": ["b"], "b": ["a"], "c": ["nobody", "c"]}, {})
    assert set(layout.column) == {"a", "b", "c"}
