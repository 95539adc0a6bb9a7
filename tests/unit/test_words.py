"""Durations, counts and times are formatted as readable text."""

import pandas as pd
import pytest

from dagster_nb.words import duration_text, ordinal_text, plural, relative_time_text, time_text

NOW = pd.Timestamp("2026-03-01 12:00", tz="UTC")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (0.0005, "0.5 ms"),
        (0.9996, "1 s"),
        (59.96, "1 min"),
        (60, "1 min"),
        (3599.6, "1 h"),
        (3600 * 23 + 59 * 60 + 31, "1 d"),
        (90_000, "1 d 1 h"),
        (40 * 86_400, "40 d"),
        (-90, "-1 min 30 s"),
        (float("nan"), "—"),
    ],
)
def test_durations_have_at_most_two_units(seconds, text):
    assert duration_text(seconds) == text


def test_a_timedelta_is_formatted_like_its_seconds():
    assert duration_text(pd.Timedelta(seconds=5025)) == duration_text(5025)
    assert duration_text(pd.NaT) == "—"


def test_more_digits_distinguish_close_durations():
    assert duration_text(12.3456) == "12.3 s"
    assert duration_text(12.3456, digits=5) == "12.346 s"


def test_a_noun_is_plural_unless_its_count_is_one():
    assert [plural(count, "run") for count in (0, 1, 2_000)] == ["0 runs", "1 run", "2,000 runs"]
    assert plural(2, "entry", "entries") == "2 entries"


def test_ordinals_from_11_to_13_end_in_th():
    assert [ordinal_text(number) for number in (11, 12, 13, 21, 112)] == ["11th", "12th", "13th", "21st", "112th"]


@pytest.mark.parametrize(
    ("before", "text"),
    [("59s", "just now"), ("-1h", "just now"), ("1min", "1 min ago"), ("36h", "1 d ago"), ("15D", "2 w ago")],
)
def test_relative_times_use_the_largest_suitable_unit(before, text):
    assert relative_time_text(NOW - pd.Timedelta(before), NOW) == text


def test_a_missing_time_is_shown_as_a_dash():
    assert relative_time_text(pd.NaT, NOW) == time_text(pd.NaT) == "—"
