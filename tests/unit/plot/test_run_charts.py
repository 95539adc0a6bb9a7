"""The artists in charts of runs show the right data."""

import numpy as np
import pandas as pd
import pytest
from matplotlib import dates
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from dagster_nb import analysis
from dagster_nb.plot import duration_trend, durations, queue_durations, status_counts, success_rate, timeline

NOW = pd.Timestamp("2026-01-10", tz="UTC")


def history(*rows):
    """Return runs. Each row has the job, the status, the start in hours, and the duration in seconds or None."""
    frame = pd.DataFrame(rows, columns=["job_name", "status", "start", "seconds"])
    start = NOW - pd.Timedelta(days=9) + pd.to_timedelta(frame["start"], unit="h")
    length = pd.to_timedelta(frame["seconds"].astype(float), unit="s")
    return pd.DataFrame(
        {
            "job_name": frame["job_name"],
            "status": frame["status"],
            "creation_time": start - pd.Timedelta("10s"),
            "start_time": start,
            "end_time": start + length,
            "duration": length,
            "queue_duration": pd.Timedelta("10s"),
        }
    )


def lines(ax):
    return {line.get_label(): line for line in ax.lines if not line.get_label().startswith("_")}


def ticks(ax):
    return [text.get_text() for text in ax.get_yticklabels()]


def words(ax):
    return [text.get_text() for text in ax.texts]


# durations


def test_durations_are_drawn_at_their_values(ax):
    runs = history(("etl", "SUCCESS", 0, 60), ("etl", "FAILURE", 1, 20), ("train", "SUCCESS", 2, 3600))
    durations(runs, ax=ax)
    assert ticks(ax) == ["train", "etl"]
    marks = lines(ax)
    assert sorted(marks["SUCCESS"].get_xdata()) == [60, 3600]
    assert marks["FAILURE"].get_xdata().tolist() == [20]
    assert round(marks["FAILURE"].get_ydata()[0]) == 1
    assert (marks["FAILURE"].get_color(), marks["FAILURE"].get_marker()) == ("#D55E00", "X")
    assert marks["SUCCESS"].get_marker() == "o"
    assert words(ax) == ["median · runs", "1 h · 1", "40 s · 2"]
    assert ax.get_xscale() == "log"
    low, high = ax.get_xlim()
    assert low < 20
    assert high > 3600


def test_the_box_of_a_lane_shows_the_quantiles_of_the_durations(ax, runs):
    one = runs[runs["job_name"] == "report"]
    durations(one, ax=ax)
    seconds = one["duration"].dropna().dt.total_seconds()
    outer, inner = (segments.get_segments()[0][:, 0] for segments in ax.collections[1:3])
    assert outer == pytest.approx(seconds.quantile([0.05, 0.95]))
    assert inner == pytest.approx(seconds.quantile([0.25, 0.75]))
    median = next(line for line in ax.lines if line.get_marker() == "|")
    assert median.get_xdata()[0] == pytest.approx(seconds.median())


def test_the_violin_shape_is_computed_from_all_runs(ax, many_runs):
    durations(many_runs, ax=ax)
    shapes = ax.collections[0].get_paths()
    assert len(shapes) == 4
    for lane, shape in enumerate(shapes):
        inside = shape.vertices[:, 1]
        assert inside.max() == pytest.approx(lane - 0.05)
        assert inside.min() == pytest.approx(lane - 0.47)
    assert "marks: every 34th of 99,998 runs" in ax.get_xlabel()


def test_unfinished_runs_are_hollow_markers_at_their_duration_so_far(ax):
    runs = history(("etl", "SUCCESS", 0, 60), ("etl", "STARTED", 9 * 24 - 1, None), ("etl", "QUEUED", 9 * 24, None))
    runs.loc[2, "start_time"] = pd.NaT
    durations(runs, as_of=NOW, ax=ax)
    going_on = lines(ax)["still running, so far"]
    assert going_on.get_xdata().tolist() == [3600]
    assert going_on.get_markerfacecolor() == "none"
    # The statistics ignore the unfinished run.
    assert "1 min · 1" in words(ax)
    assert "not shown: 1 run without a duration" in ax.get_xlabel()


def test_the_durations_of_unfinished_runs_end_at_the_fetch_time(ax):
    runs = history(("etl", "STARTED", 0, None))
    runs.attrs["dagster_nb"] = {"fetched_at": (runs["start_time"].iloc[0] + pd.Timedelta("90s")).isoformat()}
    durations(runs, ax=ax)
    assert lines(ax)["still running, so far"].get_xdata().tolist() == [90]


def test_a_duration_of_zero_is_drawn_as_a_millisecond(ax, render):
    durations(history(("etl", "SUCCESS", 0, 0), ("etl", "SUCCESS", 1, 10)), ax=ax)
    assert sorted(lines(ax)["SUCCESS"].get_xdata()) == [0.001, 10]
    render(ax)


def test_less_busy_jobs_share_a_lane(ax):
    rows = [(f"job {i:02}", "SUCCESS", i, 10 * (i + 1)) for i in range(20)] * 2 + [("busy", "SUCCESS", 0, 1)] * 5
    durations(history(*rows), max_groups=3, ax=ax)
    assert sorted(ticks(ax)) == ["19 other jobs", "busy", "job 00"]
    assert any(text.endswith("· 38") for text in words(ax))
    with pytest.raises(ValueError, match="max_groups"):
        durations(history(*rows), max_groups=0, ax=ax)


def test_runs_without_a_job_have_a_lane(ax):
    durations(history((None, "SUCCESS", 0, 10)), ax=ax)
    assert ticks(ax) == ["(no job)"]


# duration_trend


def test_the_trend_of_one_job_is_drawn(ax):
    runs = history(*[("etl", "SUCCESS", 24 * i / 10, 60 if i < 50 else 120) for i in range(91)])
    duration_trend(runs, window="2D", ax=ax)
    median = lines(ax)["median"]
    assert median.get_ydata()[20] == 60
    assert median.get_ydata()[-1] == 120
    assert np.isnan(median.get_ydata()[0])
    assert median.get_xdata()[-1] == pytest.approx(dates.date2num(runs["start_time"].iloc[-1]))
    assert "lines: successful runs of the last 2 d" in ax.get_xlabel()
    assert ax.get_ylabel() == "duration of etl"
    assert ax.get_yscale() == "log"


def test_failed_runs_are_markers_and_do_not_affect_the_line(ax):
    runs = history(*[("etl", "FAILURE" if i % 2 else "SUCCESS", i, 1 if i % 2 else 100) for i in range(100)])
    duration_trend(runs, window="1D", ax=ax)
    assert np.nanmin(lines(ax)["median"].get_ydata()) == 100
    assert set(lines(ax)["FAILURE"].get_ydata()) == {1}


def test_jobs_keep_their_colors_when_other_jobs_grow(make_runs):
    def colors(runs):
        ax = duration_trend(runs, ax=Figure().subplots())
        names = [text for text in words(ax) if text]
        dashes = [line for line in ax.lines if line.get_transform() is ax.transAxes]
        return dict(zip(names, (line.get_color() for line in dashes), strict=True))

    runs = make_runs(500)
    fewer = runs[(runs["job_name"] != "ingest") | (runs.index % 5 == 0)]
    assert colors(runs) == colors(fewer)
    assert len(set(colors(runs).values())) == 4


def test_only_the_busiest_jobs_have_a_trend_and_the_caption_explains_this(ax):
    rows = [(f"job {i % 9}", "SUCCESS", i, 10) for i in range(300)]
    duration_trend(history(*rows), ax=ax)
    assert "the 6 busiest of 9 jobs" in ax.get_xlabel()
    assert len(words(ax)) == 6


def test_an_arrow_marks_the_factor_of_a_regression(ax):
    runs = history(*[("etl", "SUCCESS", 2 * i, 60 if i < 60 else 180) for i in range(100)])
    found = analysis.regressions(runs)
    duration_trend(runs, regressions=found, ax=ax)
    arrow, factor = ax.texts[-2:]
    assert factor.get_text() == "\N{MULTIPLICATION SIGN}3"
    assert arrow.xy == (pytest.approx(dates.date2num(found["changed_at"].iloc[0])), 180)
    assert arrow.get_position()[1] == 60
    other = duration_trend(runs.assign(job_name="other"), regressions=found, ax=Figure().subplots())
    assert words(other) == []


@pytest.mark.parametrize(("background", "alpha"), [("none", 0.0), ("white", 0.7)])
def test_the_box_behind_a_factor_is_transparent_on_transparent_axes(make_runs, ax, background, alpha):
    runs = make_runs(400, jobs={"slow": 60})
    changed = pd.DataFrame({"job_name": ["slow"], "factor": [2.0], "changed_at": runs["start_time"].median()})
    changed["before"], changed["after"] = pd.Timedelta("60s"), pd.Timedelta("120s")
    ax.set_facecolor(background)
    duration_trend(runs, regressions=changed, ax=ax)
    box = next(text for text in ax.texts if "2" in text.get_text() and text.get_bbox_patch() is not None)
    assert box.get_bbox_patch().get_facecolor()[3] == pytest.approx(alpha)


def test_a_job_that_slowed_down_is_drawn_before_busier_jobs(ax):
    rows = [(f"busy {i % 9}", "SUCCESS", i / 5, 10) for i in range(900)]
    rows += [("rare", "SUCCESS", 4 * i, 60 if i < 25 else 180) for i in range(50)]
    runs = history(*rows)
    duration_trend(runs, regressions=analysis.regressions(runs), max_groups=3, ax=ax)
    labels = [text for text in words(ax) if text]
    assert "rare" in labels
    assert "\N{MULTIPLICATION SIGN}3" in labels
    assert "3 of 10 jobs: slowdowns first, then the busiest" in ax.get_xlabel()
    alphas = {
        line.get_alpha() for line in ax.lines if line.get_linestyle() == "-" and line.get_transform() is ax.transData
    }
    assert alphas == {1.0, 0.45}


def test_the_worst_regressions_are_first(ax):
    rows = [(name, "SUCCESS", i, 60 if i < 60 else slow) for i in range(120) for name, slow in (("a", 120), ("b", 600))]
    runs = history(*rows, *[("busy", "SUCCESS", i / 10, 10) for i in range(1000)])
    duration_trend(runs, regressions=analysis.regressions(runs), max_groups=1, ax=ax)
    assert ax.get_ylabel() == "duration of b"


def test_regressions_of_groups_by_another_column_are_marked(ax):
    runs = history(*[("etl", "SUCCESS", 2 * i, 60 if i < 60 else 180) for i in range(100)]).assign(location="north")
    found = analysis.regressions(runs, by="location")
    duration_trend(runs, by="location", regressions=found, ax=ax)
    assert ax.texts[-1].get_text() == "\N{MULTIPLICATION SIGN}3"


def test_a_job_without_finished_runs_has_no_line(ax, render):
    runs = history(*[("etl", "SUCCESS", i, 60) for i in range(20)], *[("new", "STARTED", i, None) for i in range(30)])
    duration_trend(runs, max_groups=2, ax=ax)
    assert ax.get_ylabel() == "duration of etl"
    render(ax)


# queue_durations


def test_queue_times_have_a_line_and_a_mark_per_waiting_run(ax):
    runs = history(*[("etl", "SUCCESS", i, 5) for i in range(100)], ("etl", "QUEUED", 9 * 24, None))
    runs.loc[100, ["start_time", "queue_duration"]] = pd.NaT
    queue_durations(runs, as_of=NOW, ax=ax)
    assert set(lines(ax)["runs"].get_ydata()) == {10}
    assert len(lines(ax)["runs"].get_ydata()) == 100
    waiting = lines(ax)["still waiting, so far"]
    assert waiting.get_ydata().tolist() == [10]
    assert (waiting.get_marker(), waiting.get_markerfacecolor()) == ("v", "none")
    assert np.nanmax(lines(ax)["95th percentile"].get_ydata()) == 10


# timeline


def test_bars_show_the_start_and_end_of_runs(ax):
    runs = history(("b", "SUCCESS", 0, 3600), ("b", "FAILURE", 0.5, 3600), ("a", "SUCCESS", 2, 7200))
    timeline(runs, ax=ax)
    assert ticks(ax) == ["a", "b"]
    bars = {item.get_label(): item for item in ax.collections}
    first = bars["SUCCESS"].get_paths()[0].vertices
    hour = 1 / 24
    assert np.ptp(first[:, 0]) == pytest.approx(hour)
    assert first[:, 0].min() == pytest.approx(dates.date2num(runs["start_time"].iloc[0]))
    # The two runs of job b overlap in time, so their bars must not overlap vertically.
    failed = bars["FAILURE"].get_paths()[0].vertices
    assert failed[:, 1].min() > first[:, 1].max()
    assert np.round(failed[:, 1]).tolist() == [1] * 5
    assert to_hex(bars["FAILURE"].get_facecolor()[0]).upper() == "#D55E00"
    assert bars["FAILURE"].get_hatch() == "////"
    assert ax.get_xlabel().startswith("time (UTC)")


def test_the_bar_of_a_run_in_progress_ends_in_an_arrow(ax):
    runs = history(("a", "STARTED", 9 * 24 - 2, None), ("a", "QUEUED", 9 * 24, None))
    runs.loc[1, "start_time"] = pd.NaT
    timeline(runs, as_of=NOW, ax=ax)
    bar = ax.collections[0].get_paths()[0].vertices[:, 0]
    assert bar.max() == pytest.approx(dates.date2num(NOW))
    assert lines(ax)["still running"].get_marker() == ">"
    assert "1 not started" in ax.get_xlabel()


def columns(ax):
    """Return the outlines of the columns by status and lane."""
    return {
        item.get_label(): {round(path.vertices[:, 1].mean()): path.vertices for path in item.get_paths()}
        for item in ax.collections
    }


def test_many_runs_become_columns_that_show_the_peak_of_concurrent_runs(ax):
    # Job a has only one run at a time, but job b once has three runs at the same time.
    rows = [("a", "SUCCESS", hour / 10, 300) for hour in range(2000)] + [("b", "SUCCESS", 50, 7200)] * 3
    timeline(history(*rows), ax=ax)
    assert words(ax) == ["at once", "up to 1", "up to 3"]
    lanes = columns(ax)["SUCCESS"]
    assert np.ptp(lanes[0][:, 1]) == pytest.approx(0.8 * 0.35)
    assert np.ptp(lanes[1][:, 1]) == pytest.approx(0.8)
    assert "2,003 runs" in ax.get_xlabel()
    assert "each column: 6 h; height: most simultaneous runs" in ax.get_xlabel()


def test_columns_of_days_begin_at_midnight_in_the_time_zone(ax, many_runs):
    timeline(many_runs, tz="Asia/Tokyo", ax=ax)
    edges = pd.to_datetime(dates.num2date(np.unique(columns(ax)["SUCCESS"][0][:, 0])), utc=True)
    assert set(edges.tz_convert("Asia/Tokyo").strftime("%H:%M")) == {"00:00"}
    assert "each column: 1 day" in ax.get_xlabel()


def test_columns_have_the_colors_of_the_statuses(ax):
    rows = [("a", "SUCCESS" if i % 4 else "FAILURE", i / 10, 60) for i in range(2000)] + [("b", "CANCELED", 3, 60)]
    timeline(history(*rows), ax=ax)
    drawn = columns(ax)
    assert {text.get_text() for text in ax.get_legend().get_texts()} == {"SUCCESS", "FAILURE", "CANCELED"}
    assert list(drawn) == ["SUCCESS", "FAILURE", "CANCELED"]
    # A quarter of the runs failed, so the top quarter of each column is red.
    success, failure = drawn["SUCCESS"][0], drawn["FAILURE"][0]
    assert np.ptp(failure[:, 1]) == pytest.approx(0.8 / 4, rel=0.2)
    assert failure[:, 1].min() == pytest.approx(-0.4)
    assert success[:, 1].max() == pytest.approx(0.4)
    assert set(drawn["CANCELED"]) == {1}
    (marks,) = ax.lines
    assert marks.get_marker() == "X"


def test_a_failure_among_many_successes_is_marked(ax):
    rows = [("a", "SUCCESS", i / 10, 60) for i in range(2000)] + [("a", "FAILURE", 100, 60)]
    timeline(history(*rows), ax=ax)
    (marks,) = ax.lines
    at = dates.num2date(marks.get_xdata()[0])
    assert abs(pd.Timestamp(at) - (NOW - pd.Timedelta(days=9) + pd.Timedelta("100h"))) <= pd.Timedelta("3h")
    assert len(marks.get_xdata()) == 1


@pytest.mark.parametrize("width", [6, 7.6])
def test_the_legend_does_not_overlap_the_margin_heading(make_runs, render, width):
    ax = Figure(figsize=(width, 3), layout="constrained").subplots()
    timeline(make_runs(3000, jobs={f"warehouse.customers.refresh_{i}": 90_000 for i in range(3)}), ax=ax)
    render(ax)
    head = next(text for text in ax.texts if text.get_text() == "at once")
    assert {"SUCCESS", "FAILURE"} < {text.get_text() for text in ax.get_legend().get_texts()}
    assert not ax.get_legend().get_window_extent().overlaps(head.get_window_extent())


def test_many_overlapping_runs_become_columns_too(ax):
    timeline(history(*[("a", "SUCCESS", 0, 3600)] * 11), ax=ax)
    assert words(ax) == ["at once", "up to 11"]


def test_the_lane_of_other_jobs_is_last(ax):
    rows = [(f"job {i}", "SUCCESS", i, 10) for i in range(9)]
    timeline(history(*rows), max_groups=3, ax=ax)
    assert ticks(ax) == ["job 0", "job 1", "7 other jobs"]


# over time


def test_status_counts_are_stacked(ax, runs):
    status_counts(runs, freq="1W", ax=ax)
    counts = analysis.status_counts(runs, freq="1W")
    patches = {patch.get_label(): patch for patch in ax.patches}
    assert next(iter(patches)) == "SUCCESS"
    assert set(patches) == set(counts) - {"time", "end"}
    total = np.zeros(len(counts))
    for name, patch in patches.items():
        values, edges, baseline = patch.get_data()
        assert (values - baseline).tolist() == counts[name].tolist()
        assert baseline.tolist() == total.tolist()
        assert edges[:-1] == pytest.approx(dates.date2num(counts["time"]))
        total = values
    assert total.sum() == 2000
    assert patches["FAILURE"].get_hatch() == "////"
    assert ax.get_xlabel() == "creation (UTC) · each bar: 1 week · 2,000 runs"
    assert ax.get_ylim()[0] == 0


def test_the_success_rate_has_a_confidence_band(ax):
    rows = [("a", "SUCCESS" if i % 4 else "FAILURE", i, 1) for i in range(24)] + [("a", "STARTED", 30, None)]
    success_rate(history(*rows), freq="1D", ax=ax)
    line = lines(ax)["success rate"]
    # Runs are created ten seconds before they start, so the first one was created on the previous day.
    assert line.get_ydata()[:2].tolist() == [0.0, pytest.approx(18 / 23)]
    assert ax.get_ylim()[0] == 0
    band = ax.collections[0].get_paths()[0].vertices[:, 1]
    assert 0 <= band.min() <= np.nanmin(line.get_ydata()) < band.max() <= 1
    assert "24 finished runs" in ax.get_xlabel()


def test_the_success_rates_of_groups_have_no_confidence_bands(ax):
    rows = [("a", "SUCCESS", i, 1) for i in range(24)] + [("b", "FAILURE", i, 1) for i in range(12)]
    success_rate(history(*rows), by="job_name", freq="1D", ax=ax)
    rates = [line for line in ax.lines if line.get_transform() is ax.transData]
    assert [set(line.get_ydata()[~np.isnan(line.get_ydata())]) for line in rates] == [{1.0}, {0.0}]
    assert {"a", "b"} == set(words(ax))
    assert not ax.collections


def test_there_is_no_success_rate_without_finished_runs(ax):
    success_rate(history(("a", "STARTED", 0, None)), ax=ax)
    assert words(ax) == ["no run has finished"]
