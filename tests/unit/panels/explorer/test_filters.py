"""Filtering in memory selects the same runs as filtering on the server."""

import datetime as dt

import pandas as pd
import pytest

from dagster_nb.panels.explorer.filters import ExplorerFilters, matching_runs, parse_duration
from tests.unit.panels.conftest import NOW, make_runs


@pytest.fixture
def frame():
    frame = make_runs(48)
    frame.loc[::2, "job_name"] = "hourly"
    frame.loc[::3, "status"] = "FAILURE"
    frame.loc[::5, "location"] = "ml"
    frame.loc[10, "duration"] = pd.NaT
    frame.loc[11, "duration"] = pd.Timedelta(minutes=10)
    for number in range(0, 48, 4):
        # Use .at, because .loc would treat the dict as several values.
        frame.at[number, "tags"] = {"team": "data" if number % 8 else "ml", "env": "prod"}  # noqa: PD008
    return frame


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({}, lambda f: f.index == f.index),
        ({"status": "FAILURE"}, lambda f: f["status"] == "FAILURE"),
        ({"status": []}, lambda f: f.index < 0),
        ({"job": ["hourly", "x"]}, lambda f: f["job_name"] == "hourly"),
        ({"location": "ml"}, lambda f: f["location"] == "ml"),
        ({"tags": {"team": "data"}}, lambda f: f["tags"].map(lambda tags: tags.get("team") == "data")),
        ({"tags": {"team": ["data", "ml"], "env": "prod"}}, lambda f: f["tags"].map(bool)),
        ({"tags": {"team": []}}, lambda f: f.index < 0),
        ({"created_after": "5h"}, lambda f: f["creation_time"] > NOW - pd.Timedelta("5h")),
        ({"created_before": "2026-03-01T02:00"}, lambda f: f["creation_time"] < pd.Timestamp("2026-03-01 02:00Z")),
        ({"run_ids": ["00000007-0000-4000-8000-000000000000"]}, lambda f: f.index == 7),
        ({"run_ids": ["00000007", "00000009-0000-4000-8000-000000000000"]}, lambda f: f.index.isin([7, 9])),
        ({"run_ids": ["0000000"]}, lambda f: f.index < 0),
        ({"run_id_contains": "00000007"}, lambda f: f.index == 7),
        ({"min_duration": "5min"}, lambda f: f["duration"] >= pd.Timedelta("5min")),
        ({"max_duration": "5min"}, lambda f: f["duration"] <= pd.Timedelta("5min")),
    ],
)
def test_filters_match_the_same_runs_as_pandas(frame, filters, expected):
    assert matching_runs(frame, ExplorerFilters.parse(**filters), NOW).tolist() == list(expected(frame))


def test_runs_excluded_by_filters_can_resolve_failures(frame):
    frame.loc[2, ["root_run_id", "status"]] = [frame.loc[3, "run_id"], "SUCCESS"]
    mask = matching_runs(frame, ExplorerFilters.parse(only_unresolved=True, job="nightly"), NOW)
    assert not mask[3]
    assert mask[9]
    assert mask.sum() == ((frame["status"] == "FAILURE") & (frame["job_name"] == "nightly")).sum() - 1


@pytest.mark.parametrize("words", ["2 parsecs", "-5 s", "1h 30", "min", "5m", pd.Timedelta(-1), pd.NaT])
def test_an_invalid_duration_raises_a_value_error(words):
    with pytest.raises(ValueError, match="is not a duration"):
        parse_duration(words)


def test_durations_can_be_typed_in_many_forms():
    assert parse_duration("90") == pd.Timedelta(seconds=90)
    assert parse_duration("1d 2h") == pd.Timedelta(hours=26)
    assert parse_duration(dt.timedelta(minutes=1)) == pd.Timedelta(minutes=1)


def test_invalid_filters_are_rejected():
    with pytest.raises(TypeError, match="no filter 'stauts'"):
        ExplorerFilters.parse(stauts="FAILURE")
    with pytest.raises(ValueError, match="created_after"):
        ExplorerFilters.parse(created_after="yesterday")
    with pytest.raises(ValueError, match="job"):
        ExplorerFilters.parse(job="")


def test_filters_match_all_runs_that_narrower_filters_match():
    everything = ExplorerFilters()
    week = ExplorerFilters.parse(created_after="7d").at(NOW)
    day = ExplorerFilters.parse(created_after="1d").at(NOW)
    failed = ExplorerFilters.parse(status="FAILURE", created_after="1d").at(NOW)
    assert everything.covers(week)
    assert week.covers(day)
    assert not day.covers(week)
    assert day.covers(failed)
    assert not failed.covers(day)
    assert ExplorerFilters.parse(tags={"a": ["1", "2"]}).covers(ExplorerFilters.parse(tags={"a": "1", "b": "2"}))
    assert not ExplorerFilters.parse(tags={"a": "1"}).covers(ExplorerFilters.parse(tags={"a": ["1", "2"]}))
    assert ExplorerFilters.parse(created_before="1d").at(NOW).covers(ExplorerFilters.parse(created_before="2d").at(NOW))


def test_the_previous_period_has_the_same_length():
    before = ExplorerFilters.parse(created_after="2d", created_before="1d").previous_period(NOW)
    assert before.created_after == NOW - pd.Timedelta(days=3)
    assert before.created_before == NOW - pd.Timedelta(days=2)
    assert ExplorerFilters().previous_period(NOW) is None
