import numpy as np
import pandas as pd
import pytest

from dagster_nb.analysis import status_counts, success_rate
from dagster_nb.analysis.over_time import FREQUENCIES, as_zone, rolling_quantiles, usual_frequency, usual_window


def created(*times, status="SUCCESS"):
    return pd.DataFrame({"status": status, "creation_time": pd.to_datetime(list(times), utc=True, format="ISO8601")})


def test_days_are_those_of_the_zone():
    runs = created("2026-01-01T23:30Z", "2026-01-02T00:30Z")
    utc = status_counts(runs, freq="1D")
    paris = status_counts(runs, freq="1D", tz="Europe/Paris")
    assert utc["SUCCESS"].tolist() == [1, 1]
    assert paris["SUCCESS"].tolist() == [2]
    assert paris["time"].iloc[0] == pd.Timestamp("2026-01-02", tz="Europe/Paris")
    assert str(paris["time"].dtype) == "datetime64[us, Europe/Paris]"


def test_a_day_has_23_hours_once_a_year():
    counts = status_counts(created("2026-03-28T12:00Z", "2026-03-30T12:00Z"), freq="1D", tz="Europe/Paris")
    assert (counts["until"] - counts["time"]).tolist() == [
        pd.Timedelta(hours=24),
        pd.Timedelta(hours=23),
        pd.Timedelta(hours=24),
    ]


@pytest.mark.parametrize("tz", ["UTC", "Europe/Paris", "Asia/Kolkata", "Australia/Lord_Howe", "America/New_York"])
@pytest.mark.parametrize("freq", FREQUENCIES)
def test_every_run_is_in_one_bucket_whatever_the_clocks_do(freq, tz):
    # Both changes of the clocks of a year, in the north and in the south.
    for day in ("2026-03-08", "2026-03-29", "2026-04-05", "2026-10-25", "2026-11-01"):
        random = np.random.default_rng(0)
        at = pd.Timestamp(day, tz="UTC") + pd.to_timedelta(random.integers(-86400, 2 * 86400, 200), unit="s")
        counts = status_counts(pd.DataFrame({"status": "SUCCESS", "creation_time": at}), freq=freq, tz=tz)
        assert counts["SUCCESS"].sum() == 200
        assert (counts["until"] > counts["time"]).all()
        assert counts["time"].iloc[1:].tolist() == counts["until"].iloc[:-1].tolist()
        for start, until, count in zip(counts["time"], counts["until"], counts["SUCCESS"], strict=True):
            assert ((at >= start) & (at < until)).sum() == count


def test_a_midnight_that_comes_twice_begins_the_day_at_its_first():
    counts = status_counts(created("2026-11-01T04:30Z", "2026-11-01T05:30Z"), freq="1D", tz="America/Havana")
    assert counts["SUCCESS"].tolist() == [2]


def test_weeks_begin_on_monday_and_months_on_the_first():
    runs = created("2026-01-15T12:00Z")
    assert status_counts(runs, freq="1W")["time"].iloc[0] == pd.Timestamp("2026-01-12", tz="UTC")
    assert status_counts(runs, freq="1MS")["time"].iloc[0] == pd.Timestamp("2026-01-01", tz="UTC")
    assert status_counts(runs, freq="1MS")["until"].iloc[0] == pd.Timestamp("2026-02-01", tz="UTC")


def test_empty_buckets_are_there_and_unknown_statuses_come_last():
    runs = created("2026-01-01", "2026-01-03", "2026-01-03")
    runs["status"] = pd.Categorical(["FAILURE", "NEW", None])
    counts = status_counts(runs, freq="1D")
    assert list(counts) == ["time", "until", "FAILURE", "NEW", "unknown"]
    assert counts["FAILURE"].tolist() == [1, 0, 0]
    assert counts["unknown"].tolist() == [0, 0, 1]


def test_statuses_stand_in_the_order_of_a_run_even_from_a_file():
    runs = created("2026-01-01", "2026-01-01", "2026-01-01")
    runs["status"] = ["CANCELED", "SUCCESS", "QUEUED"]
    assert list(status_counts(runs))[2:] == ["QUEUED", "SUCCESS", "CANCELED"]


def test_where_no_creation_time_is_told_the_start_counts():
    runs = created("2026-01-05", None)
    runs["start_time"] = pd.to_datetime(["2026-02-01", "2026-01-06"], utc=True)
    assert status_counts(runs, freq="1D")["SUCCESS"].tolist() == [1, 1]


@pytest.mark.parametrize("function", [status_counts, success_rate])
@pytest.mark.parametrize("runs", [created(), created(None)])
def test_no_times_no_buckets(function, runs):
    answer = function(runs, tz="Europe/Paris")
    assert answer.empty
    assert str(answer["time"].dtype) == "datetime64[us, Europe/Paris]"


def test_success_rate_and_its_interval():
    runs = created(*["2026-01-01"] * 10, "2026-01-02", "2026-01-03")
    runs["status"] = ["SUCCESS"] * 7 + ["FAILURE", "FAILURE", "CANCELED"] + ["STARTED", "SUCCESS"]
    rates = success_rate(runs, freq="1D")
    assert rates["finished"].tolist() == [10, 0, 1]
    assert rates["succeeded"].tolist() == [7, 0, 1]
    assert rates["rate"].tolist()[::2] == [0.7, 1.0]
    assert np.isnan(rates["rate"].iloc[1])
    # Wilson's interval of 7 in 10, from a table.
    assert rates["low"].iloc[0] == pytest.approx(0.3968, abs=1e-4)
    assert rates["high"].iloc[0] == pytest.approx(0.8922, abs=1e-4)


@pytest.mark.parametrize(
    ("span", "freq"),
    [("90min", "1min"), ("24h", "15min"), ("4D", "1h"), ("20D", "6h"), ("90D", "1D"), ("9999D", "1MS")],
)
def test_the_usual_frequency(span, freq):
    start = pd.Timestamp("2000-01-01", tz="UTC")
    assert usual_frequency(pd.Series([start, start + pd.Timedelta(span)])) == freq


def test_wrong_arguments():
    with pytest.raises(ValueError, match=r"freq is one of 1min, .*; not '2D'"):
        status_counts(created("2026-01-01"), freq="2D")
    for name in ("Mars/Phobos", "", "../etc/passwd"):
        with pytest.raises(ValueError, match="no time zone"):
            as_zone(name)


def test_rolling_quantiles_look_back_and_agree_with_numpy():
    random = np.random.default_rng(0)
    when = pd.Series(pd.date_range("2026-01-01", periods=200, freq="h", tz="UTC"))
    values = random.lognormal(3, 1, 200).round(3)
    order = random.permutation(200)
    rolled = rolling_quantiles(when[order], pd.Series(pd.to_timedelta(values, unit="s"))[order], pd.Timedelta("24h"))
    assert len(rolled) == 100
    for time, count, p50, p95 in rolled.iloc[[3, 50, 99]].itertuples(index=False):
        window = values[(when > time - pd.Timedelta("24h")) & (when <= time)]
        assert count == len(window)
        assert p50 == pytest.approx(np.quantile(window, 0.5))
        assert p95 == pytest.approx(np.quantile(window, 0.95))


def test_rolling_quantiles_of_nothing():
    rolled = rolling_quantiles(
        pd.Series([], dtype="datetime64[us, UTC]"), pd.Series([], dtype="timedelta64[us]"), pd.Timedelta("1h")
    )
    assert rolled.empty
    assert usual_window(pd.Series([pd.NaT], dtype="datetime64[us, UTC]")) > pd.Timedelta(0)
