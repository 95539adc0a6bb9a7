import numpy as np
import pandas as pd
import pytest

from dagster_nb.analysis import status_counts, success_rate
from dagster_nb.analysis.time_buckets import FREQUENCIES


def created(*times, status="SUCCESS"):
    return pd.DataFrame({"status": status, "creation_time": pd.to_datetime(list(times), utc=True, format="ISO8601")})


def test_days_begin_at_midnight_in_the_given_time_zone():
    runs = created("2026-01-01T23:30Z", "2026-01-02T00:30Z")
    utc = status_counts(runs, freq="1D")
    paris = status_counts(runs, freq="1D", tz="Europe/Paris")
    assert utc["SUCCESS"].tolist() == [1, 1]
    assert paris["SUCCESS"].tolist() == [2]
    assert paris["time"].iloc[0] == pd.Timestamp("2026-01-02", tz="Europe/Paris")
    assert str(paris["time"].dtype) == "datetime64[us, Europe/Paris]"


def test_a_day_has_23_hours_when_clocks_go_forward():
    counts = status_counts(created("2026-03-28T12:00Z", "2026-03-30T12:00Z"), freq="1D", tz="Europe/Paris")
    assert (counts["end"] - counts["time"]).tolist() == [
        pd.Timedelta(hours=24),
        pd.Timedelta(hours=23),
        pd.Timedelta(hours=24),
    ]


@pytest.mark.parametrize("tz", ["UTC", "Europe/Paris", "Asia/Kolkata", "Australia/Lord_Howe", "America/New_York"])
@pytest.mark.parametrize("freq", FREQUENCIES)
def test_every_run_is_in_exactly_one_bucket_when_clocks_change(freq, tz):
    # Dates of clock changes in the northern and southern hemispheres.
    for day in ("2026-03-08", "2026-03-29", "2026-04-05", "2026-10-25", "2026-11-01"):
        random = np.random.default_rng(0)
        at = pd.Timestamp(day, tz="UTC") + pd.to_timedelta(random.integers(-86400, 2 * 86400, 200), unit="s")
        counts = status_counts(pd.DataFrame({"status": "SUCCESS", "creation_time": at}), freq=freq, tz=tz)
        assert counts["SUCCESS"].sum() == 200
        assert (counts["end"] > counts["time"]).all()
        assert counts["time"].iloc[1:].tolist() == counts["end"].iloc[:-1].tolist()
        for start, end, count in zip(counts["time"], counts["end"], counts["SUCCESS"], strict=True):
            assert ((at >= start) & (at < end)).sum() == count


def test_a_day_with_two_midnights_begins_at_the_first():
    counts = status_counts(created("2026-11-01T04:30Z", "2026-11-01T05:30Z"), freq="1D", tz="America/Havana")
    assert counts["SUCCESS"].tolist() == [2]


def test_weeks_begin_on_monday_and_months_on_the_first():
    runs = created("2026-01-15T12:00Z")
    assert status_counts(runs, freq="1W")["time"].iloc[0] == pd.Timestamp("2026-01-12", tz="UTC")
    assert status_counts(runs, freq="1MS")["time"].iloc[0] == pd.Timestamp("2026-01-01", tz="UTC")
    assert status_counts(runs, freq="1MS")["end"].iloc[0] == pd.Timestamp("2026-02-01", tz="UTC")


def test_empty_buckets_are_included_and_unknown_statuses_are_last():
    runs = created("2026-01-01", "2026-01-03", "2026-01-03")
    runs["status"] = pd.Categorical(["FAILURE", "NEW", None])
    counts = status_counts(runs, freq="1D")
    assert list(counts) == ["time", "end", "FAILURE", "NEW", "unknown"]
    assert counts["FAILURE"].tolist() == [1, 0, 0]
    assert counts["unknown"].tolist() == [0, 0, 1]


def test_statuses_that_are_not_categories_have_the_same_order():
    runs = created("2026-01-01", "2026-01-01", "2026-01-01")
    runs["status"] = ["CANCELED", "SUCCESS", "QUEUED"]
    assert list(status_counts(runs))[2:] == ["QUEUED", "SUCCESS", "CANCELED"]


def test_the_start_time_replaces_a_missing_creation_time():
    runs = created("2026-01-05", None)
    runs["start_time"] = pd.to_datetime(["2026-02-01", "2026-01-06"], utc=True)
    assert status_counts(runs, freq="1D")["SUCCESS"].tolist() == [1, 1]


@pytest.mark.parametrize("function", [status_counts, success_rate])
@pytest.mark.parametrize("runs", [created(), created(None)])
def test_runs_without_times_are_not_counted(function, runs):
    result = function(runs, tz="Europe/Paris")
    assert result.empty
    assert str(result["time"].dtype) == "datetime64[us, Europe/Paris]"


def test_the_success_rate_has_a_confidence_interval():
    runs = created(*["2026-01-01"] * 10, "2026-01-02", "2026-01-03")
    runs["status"] = ["SUCCESS"] * 7 + ["FAILURE", "FAILURE", "CANCELED"] + ["STARTED", "SUCCESS"]
    rates = success_rate(runs, freq="1D")
    assert rates["finished"].tolist() == [10, 0, 1]
    assert rates["succeeded"].tolist() == [7, 0, 1]
    assert rates["rate"].tolist()[::2] == [0.7, 1.0]
    assert np.isnan(rates["rate"].iloc[1])
    # The expected values come from a table of Wilson intervals, for 7 out of 10.
    assert rates["ci_low"].iloc[0] == pytest.approx(0.3968, abs=1e-4)
    assert rates["ci_high"].iloc[0] == pytest.approx(0.8922, abs=1e-4)


def test_an_unknown_frequency_is_rejected():
    with pytest.raises(ValueError, match=r"freq must be one of 1min, .*, not '2D'"):
        status_counts(created("2026-01-01"), freq="2D")


def test_all_groups_have_the_same_buckets():
    runs = created("2026-01-01", "2026-01-03", "2026-01-03", "2026-01-03").assign(job_name=["b", "a", "b", None])
    counts = status_counts(runs, "job_name", freq="1D")
    assert list(counts) == ["job_name", "time", "end", "SUCCESS"]
    assert counts["job_name"].tolist()[:6] == ["a"] * 3 + ["b"] * 3
    assert counts["job_name"].iloc[6:].isna().all()
    assert counts["SUCCESS"].tolist() == [0, 0, 1, 1, 0, 1, 0, 0, 1]
    assert counts["time"].tolist()[:3] == counts["time"].tolist()[3:6]


def test_each_group_has_its_own_success_rate():
    runs = created(*["2026-01-01"] * 4).assign(job_name=["a", "a", "b", "b"], location=["x", "y", "x", "x"])
    runs["status"] = ["SUCCESS", "FAILURE", "SUCCESS", "STARTED"]
    assert success_rate(runs, "job_name")["rate"].tolist() == [0.5, 1.0]
    both = success_rate(runs, ["job_name", "location"])
    assert both[["job_name", "location"]].to_numpy().tolist() == [["a", "x"], ["a", "y"], ["b", "x"]]
    assert both["rate"].tolist() == [1.0, 0.0, 1.0]


@pytest.mark.parametrize("function", [status_counts, success_rate])
def test_an_empty_result_has_the_group_column(function):
    result = function(created().assign(job_name=pd.array([], dtype="string")), "job_name")
    assert result.empty
    assert list(result)[:3] == ["job_name", "time", "end"]
