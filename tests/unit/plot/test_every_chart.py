"""All charts behave in the same way."""

import subprocess
import sys
import time

import matplotlib as mpl
import pandas as pd
import pytest
from matplotlib.figure import Figure

from dagster_nb import plot
from dagster_nb.plot import (
    asset_graph,
    duration_trend,
    durations,
    job_graph,
    metadata,
    partitions,
    queue_durations,
    slow_steps,
    status_counts,
    step_gantt,
    success_rate,
    theme,
    ticks,
    timeline,
)

OF_RUNS = [durations, duration_trend, timeline, status_counts, success_rate, queue_durations]
OF_STEPS = [step_gantt, slow_steps]
OF_ASSETS = [asset_graph, partitions, metadata, ticks]
EVERY = [*OF_RUNS, *OF_STEPS, job_graph, *OF_ASSETS]
ON_A_TIME_AXIS = [duration_trend, timeline, status_counts, success_rate, queue_durations]
EMPTY = {
    "job_graph": "no ops", "step_gantt": "no steps", "slow_steps": "no steps", "asset_graph": "no assets",
    "partitions": "no partitions", "metadata": "no materializations", "ticks": "no ticks",
}  # fmt: skip
GROUPED = [durations, duration_trend, timeline, success_rate, queue_durations]

HOSTILE = [
    "$x_1^2$ and $",
    r"\$x\$ 100%",
    "<script>alert(1)</script>",
    "__a_b__",
    "שלום_עולם",
    "مرحبا",
    "deploy 🚀 now",
    "👩🏽‍🚀",
    "日本語のジョブ",
    "a" * 200,
    "tab\tnew\nline",
    "\u202eevil",
    "",
]


@pytest.fixture
def frame_for(runs, steps, ops, of_assets):
    frames = {job_graph: ops, **dict.fromkeys(OF_STEPS, steps), **of_assets}
    return lambda chart: frames.get(chart, runs)


@pytest.fixture
def of_assets(assets, daily_partitions, materializations, sensor_ticks):
    frames = [assets, daily_partitions, materializations, sensor_ticks]
    return dict(zip(OF_ASSETS, frames, strict=True))


def texts(ax):
    """Return all text artists of the axes that are not empty."""
    labels = [*ax.get_xticklabels(), *ax.get_yticklabels(), ax.xaxis.label, ax.yaxis.label, *ax.texts]
    labels += [ax.title, ax._left_title, ax._right_title]
    labels += ax.get_legend().get_texts() if ax.get_legend() else []
    return [label for label in labels if label.get_text()]


def written(ax):
    return [text.get_text() for text in texts(ax)]


def test_these_tests_cover_all_charts():
    assert sorted([chart.__name__ for chart in EVERY] + ["ChartIndex", "chart_index", "theme"]) == plot.__all__


@pytest.mark.parametrize("chart", EVERY)
def test_a_chart_returns_the_given_axes_and_can_be_saved(chart, frame_for, ax, render):
    assert chart(frame_for(chart), ax=ax) is ax
    assert len(render(ax)) > 3000


@pytest.mark.parametrize("chart", EVERY)
def test_the_frame_is_not_changed(chart, frame_for, ax):
    frame = frame_for(chart)
    before = frame.copy(deep=True)
    chart(frame, ax=ax)
    pd.testing.assert_frame_equal(frame, before)


def test_pyplot_is_not_imported_until_it_is_needed():
    code = """
import sys
import pandas as pd
from dagster_nb import plot
from matplotlib.figure import Figure
runs = pd.DataFrame({"job_name": ["a"], "status": ["SUCCESS"], "duration": [pd.Timedelta("1s")],
                     "start_time": [pd.Timestamp("2026-01-01", tz="UTC")]})
assert "matplotlib.pyplot" not in sys.modules
plot.durations(runs, ax=Figure().subplots())
assert "matplotlib.pyplot" not in sys.modules
import matplotlib
matplotlib.use("agg")
ax = plot.durations(runs)
import matplotlib.pyplot as plt
assert plt.gcf() is ax.figure and plt.gca() is ax
other = plt.figure().add_subplot()
assert plot.durations(runs) is other
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


@pytest.mark.parametrize("chart", EVERY)
def test_charts_do_not_change_the_state_of_pyplot(chart, frame_for, ax):
    plt = pytest.importorskip("matplotlib.pyplot")
    mpl.use("agg")
    others = plt.get_fignums()
    mine = plt.figure()
    settings = dict(mpl.rcParams)
    chart(frame_for(chart), ax=ax)
    assert plt.get_fignums() == [*others, mine.number]
    assert not mine.axes
    assert dict(mpl.rcParams) == settings
    plt.close(mine)


@pytest.mark.parametrize("chart", EVERY)
@pytest.mark.parametrize("empty", [lambda frame: frame.iloc[:0], lambda _: pd.DataFrame()])
def test_a_chart_of_an_empty_frame_shows_a_message(chart, empty, frame_for, ax, render):
    chart(empty(frame_for(chart)), ax=ax)
    assert written(ax) == [EMPTY.get(chart.__name__, "no runs")]
    assert ax.get_legend() is None
    render(ax)


@pytest.mark.parametrize("chart", OF_RUNS)
def test_runs_that_have_not_started_can_be_drawn(chart, runs, ax, render):
    fresh = runs.head(20).assign(status="QUEUED", start_time=pd.NaT, end_time=pd.NaT, duration=pd.NaT)
    chart(fresh.assign(queue_duration=pd.NaT), ax=ax)
    assert written(ax)
    render(ax)


@pytest.mark.parametrize("chart", OF_RUNS)
def test_a_chart_of_a_single_run_can_be_drawn(chart, runs, ax, render):
    chart(runs.iloc[[5]], ax=ax)
    render(ax)


def with_names(chart, runs, names):
    """Return a frame for this chart that contains these unusual names."""
    if chart is job_graph:
        return pd.DataFrame({"op": names, "graph": None, "depends_on": [[]] + [[name] for name in names[:-1]]})
    if chart is asset_graph:
        depends_on = [[]] + [[name] for name in names[:-1]]
        return pd.DataFrame({"asset": names, "group": names, "depends_on": depends_on, "stale_status": "STALE"})
    if chart is partitions:
        return pd.DataFrame({"partition_key": names, "status": ["MISSING", "$NEW_<b>$ 🚀"] * 6 + ["FAILED"]})
    if chart is metadata:
        return pd.DataFrame({"partition_key": names, **{f"metadata.{name}": range(len(names)) for name in names}})
    if chart is ticks:
        times = pd.date_range("2026-01-01", periods=len(names), freq="h", tz="UTC")
        return pd.DataFrame({"name": names, "status": "$NEW_<b>$ 🚀", "timestamp": times})
    if chart in OF_STEPS:
        part = runs.iloc[2 : 2 + len(names)].reset_index(drop=True)
        return part.assign(step_key=names, run_id="a")
    part = runs.head(20 * len(names)).reset_index(drop=True)
    status = part["status"].astype(str).where(part.index % 7 != 0, "$NEW_<b>$ 🚀")
    return part.assign(job_name=[names[i % len(names)] for i in range(len(part))], status=status)


@pytest.mark.parametrize("chart", EVERY)
def test_names_with_special_characters_are_drawn_as_text(chart, runs, ax, render):
    options = {"x": "partition_key"} if chart is metadata else {}
    chart(with_names(chart, runs, HOSTILE), ax=ax, **options)
    assert not any(text.get_parse_math() for text in texts(ax) if "$" in text.get_text())
    render(ax)


@pytest.mark.parametrize("chart", [durations, timeline, step_gantt, slow_steps])
def test_lane_names_are_drawn_unchanged(chart, runs, ax):
    names = HOSTILE[:6]
    chart(with_names(chart, runs, names), ax=ax)
    assert sorted(label.get_text() for label in ax.get_yticklabels()) == sorted(names)


@pytest.mark.parametrize("chart", ON_A_TIME_AXIS)
def test_charts_use_and_name_the_given_time_zone(chart, runs, ax):
    chart(runs, ax=ax)
    assert "(UTC)" in ax.get_xlabel()
    other = chart(runs, ax=Figure().subplots(), tz="Asia/Kolkata")
    assert "(Asia/Kolkata)" in other.get_xlabel()
    assert other.xaxis.get_major_formatter()._tz.key == "Asia/Kolkata"
    assert other.xaxis.get_major_locator().tz.key == "Asia/Kolkata"
    with pytest.raises(ValueError, match="there is no time zone 'Nowhere'"):
        chart(runs, ax=ax, tz="Nowhere")


@pytest.mark.parametrize(
    ("chart", "keywords", "properties_of"),
    [
        (
            durations,
            {"ms": 9, "alpha": 0.1},
            lambda ax: {(m.get_markersize(), m.get_alpha()) for m in ax.lines[:3]},
        ),
        (duration_trend, {"lw": 9, "alpha": 0.1}, lambda ax: _of(ax, "median")),
        (queue_durations, {"linewidth": 9, "alpha": 0.1}, lambda ax: _of(ax, "median")),
        (success_rate, {"lw": 9, "alpha": 0.1}, lambda ax: _of(ax, "success rate")),
        (status_counts, {"lw": 9, "alpha": 0.1}, lambda ax: {(p.get_linewidth(), p.get_alpha()) for p in ax.patches}),
        (timeline, {"lw": 9, "alpha": 0.1}, lambda ax: _collected(ax.collections)),
        (step_gantt, {"lw": 9, "alpha": 0.1}, lambda ax: _collected(ax.collections)),
        (slow_steps, {"lw": 9, "alpha": 0.1}, lambda ax: {(p.get_linewidth(), p.get_alpha()) for p in ax.patches}),
        (job_graph, {"lw": 9, "alpha": 0.1}, lambda ax: _collected(ax.collections)),
        (asset_graph, {"lw": 9, "alpha": 0.1}, lambda ax: _collected(ax.collections)),
        (partitions, {"lw": 9, "alpha": 0.1}, lambda ax: _collected(ax.collections)),
        (metadata, {"lw": 9, "alpha": 0.1}, lambda ax: {(line.get_linewidth(), line.get_alpha()) for line in ax.lines}),
        (ticks, {"ms": 9, "alpha": 0.1}, lambda ax: {(m.get_markersize(), m.get_alpha()) for m in ax.lines}),
    ],
)
def test_additional_keywords_are_passed_to_the_main_artist(chart, keywords, properties_of, frame_for, ax):
    chart(frame_for(chart), ax=ax, **keywords)
    assert properties_of(ax) == {(9.0, 0.1)}


def _of(ax, label):
    return {(line.get_linewidth(), line.get_alpha()) for line in ax.lines if line.get_label() == label}


def _collected(collections):
    return {(float(item.get_linewidth()[0]), item.get_alpha()) for item in collections}


@pytest.mark.parametrize("chart", EVERY)
def test_an_unknown_keyword_raises_a_readable_type_error(chart, frame_for, ax):
    for frame in (frame_for(chart), pd.DataFrame()):
        with pytest.raises(
            TypeError, match=rf"^{chart.__name__}\(\) got an unexpected keyword argument 'colour'"
        ) as error:
            chart(frame, ax=ax, colour="red")
        assert "ax" in str(error.value)
        assert "a property of matplotlib." in str(error.value)


def test_the_error_for_a_misspelled_keyword_contains_a_suggestion(runs, ax):
    with pytest.raises(TypeError, match="Did you mean 'max_groups'"):
        durations(runs, max_group=3, ax=ax)


@pytest.mark.parametrize("chart", [*OF_RUNS, *OF_STEPS, metadata, ticks])
def test_all_charts_with_times_accept_a_time_zone(chart, frame_for, ax):
    chart(frame_for(chart), tz="Asia/Kolkata", ax=ax)
    assert "(Asia/Kolkata)" in ax.get_xlabel()


@pytest.mark.parametrize("chart", GROUPED)
def test_the_runs_can_be_grouped_by_any_column(chart, runs, ax, render):
    places = runs.assign(location=["north", "south", "east"] * 666 + ["north", None])
    chart(places, by="location", ax=ax)
    assert {"north", "south", "east", "(no location)"} <= set(written(ax))
    render(ax)


@pytest.mark.parametrize("chart", GROUPED)
def test_the_runs_can_be_grouped_by_several_columns(chart, runs, ax):
    places = runs.assign(location=["north", "south"] * 1000)
    chart(places, by=["job_name", "location"], max_groups=20, ax=ax)
    assert {"report · north", "ingest · south"} <= set(written(ax))


@pytest.mark.parametrize("chart", GROUPED)
def test_all_runs_can_form_one_group(chart, runs, ax):
    chart(runs.drop(columns="job_name"), by=None, ax=ax)
    assert not {"report", "ingest"} & set(written(ax))


@pytest.mark.parametrize("chart", GROUPED)
def test_the_caption_or_a_lane_names_the_omitted_groups(chart, runs, ax):
    chart(runs, by="job_name", max_groups=2, ax=ax)
    assert "the 2 busiest of 4 jobs" in ax.get_xlabel() or "3 other jobs" in written(ax)
    with pytest.raises(ValueError, match="max_groups must be at least 1, not 0"):
        chart(runs, by="job_name", max_groups=0, ax=ax)


@pytest.mark.parametrize("chart", OF_RUNS)
def test_a_hundred_thousand_runs_can_be_drawn(chart, many_runs, ax, render):
    began = time.process_time()
    chart(many_runs, ax=ax)
    render(ax)
    # The limit is ten times the usual time. It only detects a chart that draws every single run.
    assert time.process_time() - began < 2
    drawn = sum(len(line.get_xdata()) for line in ax.lines)
    assert drawn < 5000
    assert any(f"{count:,}" in ax.get_xlabel() for count in range(99_990, 100_001)) or chart is duration_trend


@pytest.mark.parametrize("chart", EVERY)
def test_a_theme_applies_to_all_artists(chart, frame_for, render):
    with mpl.rc_context(theme("dark", background="none")):
        ax = chart(frame_for(chart), ax=Figure(figsize=(7, 3.5)).subplots())
    assert {mpl.colors.to_hex(text.get_color()) for text in texts(ax)} <= {"#e3e3e3", "#ffffff"}
    assert ax.get_facecolor()[3] == 0
    assert ax.figure.get_facecolor()[3] == 0
    render(ax)


def test_a_theme_is_light_or_dark_with_a_background():
    assert theme()["axes.facecolor"] == "#FFFFFF"
    assert theme("dark", background="#222233")["figure.facecolor"] == "#222233"
    with pytest.raises(ValueError, match="'light' or 'dark', not 'solarized'"):
        theme("solarized")
    with mpl.rc_context(theme("dark")):
        assert mpl.rcParams["text.color"] == "#E3E3E3"
