"""The parts that all charts share are drawn correctly."""

from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from matplotlib.dates import date2num
from matplotlib.figure import Figure

from dagster_nb.plot._chart_parts import label_line_ends
from dagster_nb.plot._duration_axes import ElapsedLocator, log_duration_axis
from dagster_nb.plot._labels import label
from dagster_nb.plot._run_marks import sample_words, spread_offsets
from dagster_nb.plot._theme import SERIES
from dagster_nb.plot._time_axes import date_numbers, period_text


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (0.5, 200_000, ["1 s", "10 s", "1 min", "10 min", "1 h", "1 d"]),
        (20, 50, ["20 s", "30 s"]),
        (55, 500, ["1 min", "2 min", "5 min"]),
        (1e-9, 1e-9, ["1 ms"]),
    ],
)
def test_the_ticks_of_a_duration_axis_are_at_round_values(low, high, ticks):
    ax = Figure().subplots()
    log_duration_axis(ax, "x", low, high)
    ax.figure.draw_without_rendering()
    shown = [text.get_text() for text in ax.get_xticklabels()]
    assert set(ticks) <= set(shown)
    assert 2 <= len(shown) <= 9
    assert ax.get_xscale() == "log"


@pytest.mark.parametrize("low", [0.002, 12.0, 3000.0, 90_000.0])
@pytest.mark.parametrize("ratio", [1.0001, 1.01, 1.5, 40, 1e5])
def test_no_two_ticks_have_the_same_text(low, ratio):
    ax = Figure().subplots()
    log_duration_axis(ax, "y", low, low * ratio)
    ax.figure.draw_without_rendering()
    shown = [text.get_text() for text in ax.get_yticklabels()]
    assert len(shown) == len(set(shown)) >= 2


@pytest.mark.parametrize("high", [0.01, 7, 100, 5000, 1e5, 1e8])
def test_a_linear_axis_in_seconds_has_round_ticks(high):
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
        ("\x1b[2Jevil\x07", "[2Jevil"),
        ("x" * 50, "x" * 17 + "…" + "x" * 12),
        ("שלום", "שלום"),
        ("", ""),
    ],
)
def test_labels_are_safe_to_draw_and_short(text, drawn):
    assert label(text) == drawn


@pytest.mark.parametrize("width", range(3, 30))
def test_labels_fit_into_the_given_width(width):
    assert len(label("warehouse.customers.refresh_nightly", width)) == width


def test_the_caption_explains_the_marked_runs():
    assert sample_words(1, 10) == ""
    words = [sample_words(step, 9).split()[2] for step in (2, 3, 11, 12, 21, 34)]
    assert words == ["2nd", "3rd", "11th", "12th", "21st", "34th"]


def test_spread_offsets_keep_neighboring_marks_apart():
    offsets = spread_offsets(1000)
    assert offsets.min() >= 0
    assert offsets.max() < 1
    assert np.abs(np.diff(offsets)).min() > 0.3


def test_groups_have_different_colors():
    assert len(set(SERIES)) == len(SERIES)


@pytest.mark.parametrize("value", [0.0, 0.5, 1.0])
def test_labels_of_lines_with_equal_ends_do_not_overlap(value):
    ax = Figure(figsize=(6, 4)).subplots()
    ax.set_ylim(0, 1)
    label_line_ends(ax, [(value, f"job {i}", "k") for i in range(6)])
    boxes = [text.get_window_extent() for text in ax.texts]
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])
    assert all(0 <= text.xy[1] <= 1 for text in ax.texts)


def test_a_period_uses_the_days_of_its_time_zone():
    times = pd.Series(pd.to_datetime(["2026-01-01 23:30", None], utc=True))
    assert period_text(times, ZoneInfo("Asia/Tokyo")) == "2026-01-02 (Asia/Tokyo)"
    assert period_text(times.iloc[1:], ZoneInfo("Asia/Tokyo")) == ""


def test_dates_are_converted_as_matplotlib_converts_them():
    times = pd.Series(pd.to_datetime(["2026-01-01 06:00", None], utc=True))
    assert date_numbers(times)[0] == date2num(times.iloc[0])
    assert np.isnan(date_numbers(times)[1])
