"""The index of a chart names the run, step or group of each mark on the axes."""

import matplotlib.dates as mdates
import numpy as np
import pandas as pd
import pytest

from dagster_nb import analysis
from dagster_nb.plot import (
    chart_index,
    duration_trend,
    durations,
    queue_durations,
    slow_steps,
    status_counts,
    step_gantt,
    success_rate,
    timeline,
)

N_POINTS = 50


def pick(marks):
    """Return 50 random marks, or all marks if there are fewer. Repeated calls return the same marks."""
    return marks.sample(min(N_POINTS, len(marks)), random_state=7)


def dates(times):
    return mdates.date2num(times.to_numpy(dtype="datetime64[us]"))


def drawn_points(ax):
    """Return the points that are drawn as markers without a connecting line, in data coordinates."""
    lines = [line for line in ax.lines if line.get_linestyle() == "None"]
    return {(float(x), float(y)) for line in lines for x, y in zip(line.get_xdata(), line.get_ydata(), strict=True)}


def lanes_of(index, names):
    lanes = index.lanes.set_index("name")
    return lanes.loc[[name if name in lanes.index else lanes.index[-1] for name in names]]


@pytest.mark.parametrize("name", ["runs", "many_runs"])
def test_the_marks_of_durations_have_the_values_of_their_runs(name, request, ax):
    runs = request.getfixturevalue(name)
    index = chart_index(durations(runs, ax=ax))
    marks = pick(index.marks)
    shown = runs.iloc[marks["row"]]
    as_of = pd.Timestamp(runs.attrs["dagster_nb"]["fetched_at"])
    seconds = shown["duration"].fillna(as_of - shown["start_time"]).dt.total_seconds()
    assert index.x_axis == "duration"
    assert marks["x_min"].to_numpy() == pytest.approx(seconds.to_numpy())
    lanes = lanes_of(index, shown["job_name"])
    assert (marks["y_min"].to_numpy() > lanes["y_min"].to_numpy()).all()
    assert (marks["y_max"].to_numpy() < lanes["y_max"].to_numpy()).all()
    assert index.lanes["name"].tolist() == [label.get_text() for label in ax.get_yticklabels()]
    assert set(zip(index.marks["x_min"], index.marks["y_min"], strict=True)) <= drawn_points(ax)
    # The run in progress has a mark too.
    assert 0 in index.marks["row"].to_numpy()


@pytest.mark.parametrize("name", ["runs", "many_runs"])
def test_the_marks_of_the_trend_have_the_values_of_their_runs(name, request, ax):
    runs = request.getfixturevalue(name)
    index = chart_index(duration_trend(runs, ax=ax))
    marks = pick(index.marks)
    shown = runs.iloc[marks["row"]]
    assert index.x_axis == "time"
    assert marks["x_min"].to_numpy() == pytest.approx(dates(shown["start_time"]))
    assert marks["y_min"].to_numpy() == pytest.approx(shown["duration"].dt.total_seconds().to_numpy())
    assert set(zip(index.marks["x_min"], index.marks["y_min"], strict=True)) <= drawn_points(ax)
    assert set(index.lines["name"]) == set(runs["job_name"])
    assert {name: text.get_text() for name, text in index.labels.items()} == {name: name for name in index.labels}
    for group, line in index.lines.groupby("name"):
        assert any(
            np.array_equal(drawn.get_xdata(), line["x"])
            and np.array_equal(drawn.get_ydata(), line["y"], equal_nan=True)
            for drawn in ax.lines
        ), group


def test_the_trend_has_no_marks_for_omitted_jobs(make_runs, ax):
    runs = make_runs(500, jobs={f"job{number}": 60 * number for number in range(1, 9)})
    index = chart_index(duration_trend(runs, max_groups=2, ax=ax))
    counts = runs.loc[runs["duration"].notna(), "job_name"].value_counts()
    busiest = sorted(counts.index, key=lambda job: (-counts[job], job))[:2]
    assert set(runs["job_name"].iloc[index.marks["row"]]) == set(busiest)


def test_the_marks_of_the_timeline_have_the_times_of_their_runs(runs, ax):
    part = runs.sample(300, random_state=1)
    index = chart_index(timeline(part, max_groups=3, ax=ax))
    marks = pick(index.marks)
    shown = part.iloc[marks["row"]]
    as_of = pd.Timestamp(runs.attrs["dagster_nb"]["fetched_at"])
    assert marks["x_min"].to_numpy() == pytest.approx(dates(shown["start_time"]))
    assert marks["x_max"].to_numpy() == pytest.approx(dates(shown["end_time"].fillna(as_of)))
    lanes = lanes_of(index, shown["job_name"])
    assert (marks["y_min"].to_numpy() > lanes["y_min"].to_numpy()).all()
    assert (marks["y_max"].to_numpy() < lanes["y_max"].to_numpy()).all()
    bars = {tuple(path.vertices[0]) for drawn in ax.collections for path in drawn.get_paths()}
    assert set(zip(index.marks["x_min"], index.marks["y_min"], strict=True)) <= bars


def test_a_timeline_of_columns_has_lanes_and_no_marks(many_runs, ax):
    index = chart_index(timeline(many_runs, ax=ax))
    assert index.marks.empty
    assert index.lanes["name"].tolist() == sorted(many_runs["job_name"].unique())


def test_the_marks_of_queue_durations_have_the_values_of_their_runs(runs, ax):
    index = chart_index(queue_durations(runs, by="job_name", ax=ax))
    marks = pick(index.marks)
    shown = runs.iloc[marks["row"]]
    as_of = pd.Timestamp(runs.attrs["dagster_nb"]["fetched_at"])
    waited = shown["queue_duration"].fillna(as_of - shown["creation_time"]).dt.total_seconds()
    assert marks["x_min"].to_numpy() == pytest.approx(dates(shown["creation_time"]))
    assert marks["y_min"].to_numpy() == pytest.approx(waited.to_numpy())
    assert set(index.labels) == set(index.lines["name"]) == set(runs["job_name"])
    # The run that is still waiting has a mark too.
    assert 1 in index.marks["row"].to_numpy()


def test_the_marks_of_the_gantt_chart_have_the_times_of_their_steps(steps, ax):
    index = chart_index(step_gantt(steps, as_of=pd.Timestamp("2026-03-31 10:03", tz="UTC"), ax=ax))
    shown = steps.iloc[index.marks["row"]]
    assert index.x_axis == "elapsed"
    assert shown["step_key"].tolist() == index.lanes["name"].tolist()
    assert shown["step_key"].tolist()[:4] == ["load", "clean", "train", "score"]
    assert index.marks["x_min"].tolist() == [0, 30, 60, 120, 0, 0]
    assert index.marks["x_max"].tolist() == [30, 60, 120, 180, 0, 0]
    assert (index.marks["y_min"] < index.marks["y_max"]).all()


def test_the_marks_of_many_steps_have_the_times_of_their_steps(ax):
    random = np.random.default_rng(3)
    began = pd.Timestamp("2026-03-31", tz="UTC") + pd.to_timedelta(random.integers(0, 3600, 200), unit="s")
    length = pd.to_timedelta(random.integers(1, 600, 200), unit="s")
    steps = pd.DataFrame({"step_key": [f"step{number}" for number in range(200)], "status": "SUCCESS"})
    steps["start_time"], steps["end_time"], steps["attempts"] = began, began + length, 1
    marks = pick(chart_index(step_gantt(steps, ax=ax)).marks)
    shown = steps.iloc[marks["row"]]
    first = steps["start_time"].min()
    assert marks["x_min"].to_numpy() == pytest.approx((shown["start_time"] - first).dt.total_seconds().to_numpy())
    assert marks["x_max"].to_numpy() == pytest.approx((shown["end_time"] - first).dt.total_seconds().to_numpy())


def test_the_marks_of_slow_steps_have_the_values_of_their_steps(steps, ax):
    index = chart_index(slow_steps(steps, ax=ax))
    table = analysis.slow_steps(steps).iloc[index.marks["row"]]
    assert index.x_axis == "share"
    assert index.lanes["name"].tolist() == table["step_key"].tolist()
    assert index.marks["x_max"].tolist() == table["share"].tolist()
    bars = [(bar.get_x(), bar.get_y(), bar.get_width(), bar.get_height()) for bar in ax.patches]
    for mark in index.marks.itertuples():
        sides = (mark.x_min, mark.y_min, mark.x_max - mark.x_min, mark.y_max - mark.y_min)
        assert any(sides == pytest.approx(bar) for bar in bars)


def runs_of(period, runs, zone="UTC"):
    created = runs["creation_time"].dt.tz_convert(zone)
    return runs[(created >= period.start) & (created < period.end)]


def test_the_bars_of_status_counts_have_the_runs_of_their_periods(many_runs, ax):
    index = chart_index(status_counts(many_runs, tz="Asia/Kolkata", ax=ax))
    assert index.x_axis == "time"
    assert index.marks.empty
    assert index.lanes.empty
    assert index.periods["runs"].sum() == len(many_runs)
    for period in pick(index.periods).itertuples():
        own = runs_of(period, many_runs, "Asia/Kolkata")
        assert period.runs == (own["status"] == period.status).sum() > 0
        assert period.succeeded == (period.runs if period.status == "SUCCESS" else 0)
        assert period.y_max - period.y_min == period.runs
        assert [period.x_min, period.x_max] == pytest.approx(dates(pd.Series([period.start, period.end])))
    tops = index.periods.groupby("start")["y_max"].max()
    assert tops.tolist() == index.periods.groupby("start")["runs"].sum().tolist()


@pytest.mark.parametrize("by", [None, "job_name"])
def test_the_points_of_success_rate_have_the_runs_of_their_periods(by, many_runs, ax):
    index = chart_index(success_rate(many_runs, by=by, max_groups=1_000, ax=ax))
    finished = many_runs[many_runs["status"].isin(["SUCCESS", "FAILURE", "CANCELED"])]
    assert index.x_axis == "time"
    assert index.periods["runs"].sum() == len(finished)
    assert (index.periods["y_min"] == index.periods["succeeded"] / index.periods["runs"]).all()
    # A line that shows all runs has no name.
    assert set(index.lines["name"]) == (set(many_runs["job_name"]) if by else set())
    for period in pick(index.periods).itertuples() if by is None else ():
        own = runs_of(period, finished)
        assert (period.runs, period.succeeded) == (len(own), (own["status"] == "SUCCESS").sum())


def test_the_index_belongs_to_the_last_chart(runs, ax):
    assert chart_index(ax) is None
    durations(runs, ax=ax)
    assert chart_index(ax) is not None
    durations(runs.head(0), ax=ax)
    assert chart_index(ax) is None
