import numpy as np
import pandas as pd
import pytest

from dagster_nb.analysis import duration_stats, slow_steps


def seconds(*values):
    return pd.Series(pd.to_timedelta(values, unit="s")).astype("timedelta64[us]")


@pytest.fixture
def runs():
    return pd.DataFrame(
        {
            "job_name": pd.array(["b", "a", "a", "a", "a", None], dtype="string"),
            "status": pd.Categorical(["SUCCESS", "SUCCESS", "FAILURE", "CANCELED", "STARTED", "NEW"]),
            "duration": seconds(7, 10, 20, None, None, None),
            "queue_duration": seconds(1, 2, 4, None, 6, None),
        }
    )


def test_duration_stats_has_one_row_per_job(runs):
    stats = duration_stats(runs)
    assert list(stats) == ["job_name", "count", "success_rate", "p50", "p95", "max", "queue_p50", "queue_p95"]
    assert stats["job_name"].tolist()[:2] == ["a", "b"]
    assert pd.isna(stats["job_name"].iloc[2])
    assert stats["count"].tolist() == [4, 1, 1]
    # One of the three finished runs succeeded. The unfinished run does not count.
    assert stats["success_rate"].iloc[0] == pytest.approx(1 / 3)
    assert pd.isna(stats["success_rate"].iloc[2])
    a = stats.iloc[0]
    assert (a["p50"], a["p95"], a["max"]) == (pd.Timedelta("15s"), pd.Timedelta("19.5s"), pd.Timedelta("20s"))
    assert (a["queue_p50"], a["queue_p95"]) == (pd.Timedelta("4s"), pd.Timedelta("5.8s"))
    assert stats[["p50", "max", "queue_p95"]].iloc[2].isna().all()


def test_duration_stats_can_group_by_a_category_or_several_columns(runs):
    assert duration_stats(runs, by="status")["status"].tolist() == ["CANCELED", "FAILURE", "NEW", "STARTED", "SUCCESS"]
    both = duration_stats(runs, by=["job_name", "status"])
    assert list(both)[:3] == ["job_name", "status", "count"]
    assert both["count"].tolist() == [1] * 6


@pytest.mark.parametrize("make", [lambda f: f.iloc[:0], lambda f: f.assign(duration=pd.NaT, queue_duration=pd.NaT)])
def test_duration_stats_keeps_its_dtypes_without_runs_or_durations(runs, make):
    dtypes = duration_stats(make(runs)).dtypes
    assert dtypes["job_name"] == pd.StringDtype()
    assert dtypes["count"] == np.int64
    assert dtypes["success_rate"] == np.float64
    assert {str(dtypes[name]) for name in ("p50", "p95", "max", "queue_p50", "queue_p95")} == {"timedelta64[us]"}


def test_the_error_of_duration_stats_names_a_missing_column(runs):
    with pytest.raises(ValueError, match=r"no column 'duration'; its columns are job_name, status, queue_duration"):
        duration_stats(runs.drop(columns="duration"))


def test_slow_steps_computes_shares_and_slowdowns():
    start = pd.date_range("2026-01-01", periods=6, freq="D", tz="UTC")
    steps = pd.DataFrame(
        {
            "step_key": ["slower"] * 6 + ["few", "going_on"],
            "start_time": [*start[::-1], start[0], start[0]],
            # The steps are sorted newest first, as the client returns them.
            "duration": seconds(40, 40, 40, 20, 20, 20, 20, None),
        }
    )
    table = slow_steps(steps)
    assert list(table) == ["step_key", "count", "p50", "p95", "share", "slowdown"]
    assert table["step_key"].tolist() == ["slower", "few"]
    assert table["count"].tolist() == [6, 1]
    assert table["share"].tolist() == [0.9, 0.1]
    assert table["slowdown"].iloc[0] == 2.0
    assert np.isnan(table["slowdown"].iloc[1])
    assert table["p50"].tolist() == [pd.Timedelta("30s"), pd.Timedelta("20s")]


def test_slow_steps_of_an_empty_frame_is_empty():
    table = slow_steps(pd.DataFrame(columns=["step_key", "start_time", "duration"]))
    assert table.empty
    assert [str(dtype) for dtype in table.dtypes] == [
        "string",
        "int64",
        "timedelta64[us]",
        "timedelta64[us]",
        "float64",
        "float64",
    ]


def test_steps_with_no_duration_have_a_share_of_zero():
    steps = pd.DataFrame({"step_key": ["a"], "start_time": [pd.Timestamp("2026", tz="UTC")], "duration": seconds(0)})
    assert slow_steps(steps)["share"].tolist() == [0.0]
