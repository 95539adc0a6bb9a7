"""The artists in charts of steps and ops show the right data."""

import pandas as pd
import pytest
from matplotlib.figure import Figure

from dagster_nb.plot import job_graph, slow_steps, step_gantt

NOW = pd.Timestamp("2026-03-31 10:05", tz="UTC")


def ticks(ax):
    return [text.get_text() for text in ax.get_yticklabels()]


def words(ax):
    return [text.get_text() for text in ax.texts]


def test_the_bars_of_the_gantt_chart_show_when_steps_ran(steps, ax):
    step_gantt(steps, as_of=NOW, ax=ax)
    assert ticks(ax)[:4] == ["load", "clean", "train", "score"]
    assert sorted(ticks(ax)[4:]) == ["notify", "report"]
    bars = {item.get_label(): [path.vertices for path in item.get_paths()] for item in ax.collections}
    assert [(bar[:, 0].min(), bar[:, 0].max()) for bar in bars["SUCCESS"]] == [(0, 30), (30, 60)]
    assert (bars["FAILURE"][0][:, 0].min(), bars["FAILURE"][0][:, 0].max()) == (60, 120)
    assert bars["IN_PROGRESS"][0][:, 0].max() == 300
    assert bars["FAILURE"][0][:, 1].mean() == pytest.approx(2, abs=0.1)
    assert words(ax) == ["30 s", "30 s", "1 min · 3 attempts", "3 min so far", "skipped", "skipped"]
    assert ax.get_xlabel() == "since 2026-03-31 10:00:00 (UTC)"
    # The first step is on top.
    assert ax.get_ylim()[0] > ax.get_ylim()[1]


def test_the_gantt_chart_uses_the_given_time_zone(steps, ax):
    assert step_gantt(steps, as_of=NOW, tz="Asia/Tokyo", ax=ax).get_xlabel() == "since 2026-03-31 19:00:00 (Asia/Tokyo)"


def test_the_gantt_chart_accepts_a_current_time_before_the_start(steps, ax):
    step_gantt(steps, as_of=NOW - pd.Timedelta("1h"), ax=ax)
    bars = {item.get_label(): item.get_paths()[0].vertices for item in ax.collections}
    assert bars["IN_PROGRESS"][:, 0].tolist() == [120] * 5


def test_the_gantt_chart_accepts_the_steps_of_only_one_run(steps, ax):
    with pytest.raises(ValueError, match=r"the frame contains the steps of 2 runs\. Select one run"):
        step_gantt(pd.concat([steps, steps.assign(run_id="b")]), ax=ax)


def test_the_gantt_chart_accepts_steps_that_have_not_started(steps, ax):
    step_gantt(steps.assign(start_time=pd.NaT, end_time=pd.NaT), ax=ax)
    assert words(ax) == ["no step has started"]


def test_the_gantt_chart_labels_only_some_of_many_steps(ax, render):
    start = pd.Timestamp("2026-01-01", tz="UTC") + pd.to_timedelta(range(400), unit="s")
    length = pd.to_timedelta([100 if i == 207 else 1 for i in range(400)], unit="s")
    steps = pd.DataFrame({"step_key": [f"step_{i}" for i in range(400)], "status": "SUCCESS", "start_time": start})
    steps["end_time"] = steps["start_time"] + length
    step_gantt(steps, ax=ax)
    assert len(ax.collections[0].get_paths()) == 400
    assert "step_207" in ticks(ax)
    assert 5 < len(ticks(ax)) < 30
    assert "400 steps, some named" in ax.get_xlabel()
    render(ax)


def test_the_bars_of_slow_steps_show_shares_and_slowdowns(ax):
    start = pd.Timestamp("2026-01-01", tz="UTC") + pd.to_timedelta(range(10), unit="D")
    lengths = pd.to_timedelta([10] * 5 + [20] * 5 + [2] * 10, unit="s")
    steps = pd.DataFrame({"step_key": ["a"] * 10 + ["b"] * 10, "start_time": [*start, *start], "duration": lengths})
    slow_steps(steps, ax=ax)
    assert ticks(ax) == ["a", "b"]
    bars = {round(bar.get_y() + bar.get_height() / 2): bar for bar in ax.patches}
    assert [bars[lane].get_width() for lane in (0, 1)] == pytest.approx([150 / 170, 20 / 170])
    assert words(ax)[0] == "median 15 s, p95 20 s · \N{MULTIPLICATION SIGN}2"
    assert words(ax)[1] == "median 2 s, p95 2 s"
    assert bars[0].get_hatch() == "////"
    assert bars[1].get_hatch() is None
    assert ax.get_legend().get_texts()[0].get_text() == "slower in later runs"
    assert [tick.get_text() for tick in ax.get_xticklabels()][:3] == ["0%", "20%", "40%"]


@pytest.mark.parametrize("layout", ["constrained", None])
@pytest.mark.parametrize("width", [5, 7.6, 12])
def test_the_label_of_the_slowest_step_fits(render, width, layout):
    lengths = pd.to_timedelta([*(2405 + 30 * i for i in range(6)), *[30] * 6], unit="s")
    names = ["train_the_model"] * 6 + ["warehouse.customers.refresh"] * 6
    start = pd.Timestamp("2026-01-01", tz="UTC") + pd.to_timedelta([*range(6), *range(6)], unit="D")
    ax = Figure(figsize=(width, 2), layout=layout).subplots()
    slow_steps(pd.DataFrame({"step_key": names, "start_time": start, "duration": lengths}), ax=ax)
    render(ax)
    assert words(ax)[0].replace(",\n", ", ").startswith("median 41 min 20 s, p95 ")
    assert all(text.get_window_extent().x1 <= ax.figure.bbox.x1 for text in ax.texts)
    assert max(ax.get_xticks()) <= 1
    # The bars must still fill a large part of the axes.
    assert ax.get_xlim()[1] < 3


def test_the_chart_of_slow_steps_mentions_the_omitted_steps(ax):
    steps = pd.DataFrame(
        {
            "step_key": [f"s{i:02}" for i in range(30)],
            "start_time": pd.Timestamp("2026-01-01", tz="UTC"),
            "duration": pd.to_timedelta(range(30, 0, -1), unit="s"),
        }
    )
    slow_steps(steps, max_steps=5, ax=ax)
    assert ticks(ax) == ["s00", "s01", "s02", "s03", "s04"]
    assert "the 5 largest of 30 steps" in ax.get_xlabel()


def test_the_job_graph_draws_ops_and_dependencies(ops, ax):
    job_graph(ops, ax=ax)
    assert sorted(words(ax)) == ["halves", "join", "load", "report", "split"]
    at = {text.get_text(): text.get_position() for text in ax.texts}
    assert at["load"][0] < at["split"][0] < at["join"][0] < at["report"][0]
    assert len(ax.collections[0].get_paths()) == 4
    # There are four arrowheads, one per dependency.
    assert len(ax.lines[0].get_xdata()) == 4


def test_the_job_graph_accepts_dependencies_that_were_read_from_parquet(ops, ax):
    numpy = pytest.importorskip("numpy")
    ops["depends_on"] = [None, *(numpy.array(others, dtype=object) for others in ops["depends_on"].iloc[1:])]
    job_graph(ops, ax=ax)
    assert len(ax.lines[0].get_xdata()) == 4


def test_names_are_wrapped_or_shortened_to_fit_their_boxes(ax, render):
    names = ["extract_customer_records", "x" * 100, *(f"op{i}" for i in range(3))]
    ops = pd.DataFrame({"op": names, "graph": None, "depends_on": [[], *([name] for name in names[:-1])]})
    job_graph(ops, ax=ax)
    assert "extract_\ncustomer_\nrecords" in words(ax)
    assert any("…" in text and len(text) < 25 for text in words(ax))
    render(ax)


def test_names_are_omitted_for_too_many_ops(ax, render):
    ops = pd.DataFrame({"op": [f"op{i}" for i in range(300)], "graph": None, "depends_on": [[]] * 300})
    job_graph(ops, ax=ax)
    assert words(ax) == []
    assert ax.get_xlabel() == "300 ops, too many to name"
    assert len(ax.collections[0].get_paths()) == 300
    render(ax)


def test_ops_without_dependencies_have_no_arrows(ax, render):
    job_graph(pd.DataFrame({"op": ["a", "b"], "graph": None, "depends_on": [[], []]}), ax=ax)
    assert not ax.lines
    render(ax)
