"""The pixel position of each mark in a picture corresponds to the values of its run."""

import io

import matplotlib.dates as mdates
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from dagster_nb import plot
from dagster_nb.panels import chart_pixels
from dagster_nb.panels.pictures import draw_picture
from dagster_nb.statuses import status_of
from tests.unit.panels.conftest import NOW, make_runs, many_runs

N_POINTS = 50


@pytest.fixture(scope="module")
def runs():
    return many_runs(1_000)


def draw(chart, frame, **options):
    return draw_picture(lambda ax: chart(frame, ax=ax, **options), width=900, height=400)


def pick(pixels):
    """Return the indexes of 50 random marks. If the number of marks is the same, so are the indexes."""
    return np.random.default_rng(7).choice(len(pixels.rows), N_POINTS, replace=False)


def days(times):
    return mdates.date2num(times.to_numpy(dtype="datetime64[us]"))


@pytest.mark.parametrize("name", ["durations", "duration_trend", "timeline", "queue_durations"])
def test_the_position_of_a_mark_corresponds_to_the_values_of_its_run(runs, name):
    pixels = draw(getattr(plot, name), runs).pixels
    chosen = pick(pixels)
    shown, boxes = runs.iloc[pixels.rows[chosen]], pixels.marks[chosen]
    values = {
        "durations": shown["duration"].dt.total_seconds(),
        "queue_durations": days(shown["creation_time"]),
    }.get(name, days(shown["start_time"]))
    # The position may be off by a hundredth of a pixel.
    higher = np.array([pixels.x_value(left + 0.01) for left in boxes[:, 0]])
    lower = np.array([pixels.x_value(left - 0.01) for left in boxes[:, 0]])
    assert (lower <= np.asarray(values)).all()
    assert (np.asarray(values) <= higher).all()
    assert (boxes[:, 0] >= pixels.plot[0]).all()
    assert (boxes[:, 2] <= pixels.plot[2] + 0.01).all()
    assert (boxes[:, 1] >= pixels.plot[1]).all()
    assert (boxes[:, 3] <= pixels.plot[3] + 0.01).all()
    tops = {name: (top, bottom) for name, top, bottom in pixels.lanes}
    for job, (_, top, _, bottom) in zip(shown["job_name"], boxes, strict=True):
        if tops:
            assert tops[job][0] < top <= bottom < tops[job][1]


def test_the_picture_has_the_color_of_the_status_at_each_mark():
    runs = make_runs(12)
    runs["job_name"] = [f"job{number}" for number in range(12)]
    runs["status"] = pd.Categorical(["FAILURE", "SUCCESS", "CANCELED"] * 4, categories=runs["status"].cat.categories)
    picture = draw(plot.timeline, runs)
    image = np.asarray(Image.open(io.BytesIO(picture.png)))
    for row, (left, top, right, bottom) in zip(picture.pixels.rows, picture.pixels.marks, strict=True):
        x, y = (left + right) / 2 * 1.5, (top + bottom) / 2 * 1.5
        color = status_of(runs["status"].iloc[row]).color
        expected = [int(color[place : place + 2], 16) for place in (1, 3, 5)]
        patch = image[int(y) - 3 : int(y) + 4, int(x) - 1 : int(x) + 2, :3].reshape(-1, 3).astype(int)
        assert abs(patch - expected).sum(axis=1).min() < 40, runs["status"].iloc[row]


def test_the_box_of_a_step_matches_its_bar():
    started = NOW + pd.to_timedelta([0, 30, 60], unit="s")
    steps = pd.DataFrame({"step_key": list("abc"), "status": "SUCCESS", "start_time": started, "attempts": 1})
    steps["end_time"] = started + pd.Timedelta("20s")
    pixels = draw(plot.step_gantt, steps).pixels
    assert pixels.x_axis == "elapsed"
    assert [pixels.x_value(left) for left in pixels.marks[:, 0]] == pytest.approx([0, 30, 60], abs=1e-3)
    assert [pixels.x_value(right) for right in pixels.marks[:, 2]] == pytest.approx([20, 50, 80], abs=1e-3)
    assert [name for name, _, _ in pixels.lanes] == ["a", "b", "c"]
    assert (np.diff(pixels.marks[:, 1]) > 0).all()


def test_names_are_beside_the_axes_and_the_legend_is_above(runs):
    pixels = draw(plot.durations, runs).pixels
    assert {name for name, _ in pixels.group_labels} == set(runs["job_name"])
    middles = {name: (top + bottom) / 2 for name, top, bottom in pixels.lanes}
    for name, (left, top, right, bottom) in pixels.group_labels:
        assert 0 <= left < right < pixels.plot[0]
        assert (top + bottom) / 2 == pytest.approx(middles[name], abs=3)
    assert {"SUCCESS", "FAILURE", "CANCELED"} <= {name for name, _ in pixels.legend}
    assert all(bottom <= pixels.plot[1] for _, (_, _, _, bottom) in pixels.legend)
    assert all(left >= 0 for _, (left, _, _, _) in pixels.legend)


def test_a_line_has_a_point_at_every_third_pixel(runs):
    pixels = draw(plot.duration_trend, runs).pixels
    assert set(pixels.line_names) == {name for name, _ in pixels.group_labels}
    for place, _ in enumerate(pixels.line_names):
        points = pixels.line_points[pixels.line_points[:, 2] == place]
        assert len(points) > 50
        assert np.diff(points[:, 0]).min() == pytest.approx(3, abs=0.01)
        assert points[:, 1].min() >= pixels.plot[1]
        assert points[:, 1].max() <= pixels.plot[3]
    assert all(left > pixels.plot[2] for _, (left, _, _, _) in pixels.group_labels)


def test_a_line_has_no_points_in_its_gaps():
    runs = many_runs(400)
    # No run started in the middle third.
    runs = runs[(runs.index < 130) | (runs.index > 270)].reset_index(drop=True)
    runs["job_name"] = "nightly"
    pixels = draw(plot.duration_trend, runs, window="30min").pixels
    left, right = (float(edge) for edge in np.quantile(pixels.marks[:, 0], [0, 1]))
    gap = (left + 0.45 * (right - left), left + 0.55 * (right - left))
    x = pixels.line_points[:, 0]
    assert len(x) > 100
    assert not ((x > gap[0]) & (x < gap[1])).any()


@pytest.mark.parametrize("name", ["status_counts", "success_rate"])
def test_a_bar_has_the_width_of_its_period(runs, name):
    pixels = draw(getattr(plot, name), runs).pixels
    assert len(pixels.periods) == len(pixels.marks) > 10
    assert len(pixels.rows) == 0
    for edge, times in ((0, pixels.periods["start"]), (2, pixels.periods["end"])):
        x = np.array([pixels.x_value(left) for left in pixels.marks[:, edge]])
        assert x == pytest.approx(days(times), abs=1e-6)


def test_the_number_of_marks_is_limited(runs, monkeypatch):
    monkeypatch.setattr(chart_pixels, "MAX_POSITIONS", 100)
    pixels = draw(plot.duration_trend, runs).pixels
    assert 50 <= len(pixels.rows) == len(pixels.marks) <= 100


def test_an_empty_chart_has_no_pixel_positions():
    assert draw(plot.durations, make_runs(0)).pixels is None


def test_a_position_outside_the_axes_has_the_value_at_their_edge(runs):
    pixels = draw(plot.durations, runs).pixels
    assert pixels.x_value(-100) == pytest.approx(pixels.x_limits[0])
    assert pixels.x_value(5_000) == pytest.approx(pixels.x_limits[1])
