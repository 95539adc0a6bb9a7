import numpy as np
import pandas as pd
import pytest

from dagster_nb.analysis import current_slowdowns, regressions


def history(seconds, tags=None, job="etl"):
    """Return twelve runs per day. All runs of a day have the same tags and similar durations."""
    count = 12 * len(seconds)
    noise = np.exp(0.2 * np.random.default_rng(0).standard_normal(count))
    return pd.DataFrame(
        {
            "job_name": pd.array([job] * count, dtype="string"),
            "status": pd.Categorical(["SUCCESS"] * count),
            "start_time": pd.date_range("2026-01-01", periods=count, freq="2h", tz="UTC").as_unit("us"),
            "duration": pd.to_timedelta(np.repeat(seconds, 12) * noise, unit="s").astype("timedelta64[us]"),
            "tags": [{}] * count if tags is None else [one for one in tags for _ in range(12)],
        }
    )


SLOWER = [100] * 40 + [200] * 20


def test_an_ongoing_slowdown_is_current():
    runs = history(SLOWER)
    found = current_slowdowns(runs)
    pd.testing.assert_frame_equal(found[list(regressions(runs))], regressions(runs))
    assert found[["tag", "value_before", "value_after"]].isna().all(axis=None)


def test_a_past_slowdown_is_not_current():
    assert len(regressions(history([*SLOWER, *[100] * 20]))) == 1
    assert current_slowdowns(history([*SLOWER, *[100] * 20])).empty


def test_only_the_latest_slowdown_of_a_job_is_current():
    runs = history([100] * 40 + [200] * 40 + [400] * 40)
    assert len(regressions(runs)) == 2
    assert current_slowdowns(runs)["changed_at"].tolist() == [regressions(runs)["changed_at"].max()]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({"version": "1"}, {"version": "2"}, ("version", "1", "2")),
        ({"team": "a", "version": "1"}, {"team": "a", "version": "2"}, ("version", "1", "2")),
        ({}, {"version": "2"}, ("version", None, "2")),
        ({"version": "1"}, {}, ("version", "1", None)),
        ({"dagster/image": "a", "z": "1"}, {"dagster/image": "b", "z": "2"}, ("z", "1", "2")),
        ({"team": "a"}, {"team": "a"}, (None, None, None)),
    ],
)
def test_the_result_names_the_tag_that_changed_at_the_time_of_the_slowdown(before, after, expected):
    found = current_slowdowns(history(SLOWER, [before] * 40 + [after] * 20)).iloc[0]
    assert tuple(None if pd.isna(found[name]) else found[name] for name in ("tag", "value_before", "value_after")) == (
        expected
    )


def test_a_tag_that_differs_in_every_run_is_ignored():
    partitions = [{"dagster/partition": str(day), "mixed": str(day % 2)} for day in range(60)]
    assert current_slowdowns(history(SLOWER, partitions))["tag"].isna().all()


def test_the_slowdowns_are_sorted_with_the_worst_first():
    runs = pd.concat(
        [history(SLOWER, job="a"), history([100] * 40 + [300] * 20, job="b"), history([100] * 60, job="c")]
    )
    assert current_slowdowns(runs)["job_name"].tolist() == ["b", "a"]


def test_an_empty_result_keeps_its_dtypes():
    none, one = current_slowdowns(history([100] * 60)), current_slowdowns(history(SLOWER))
    assert none.empty
    pd.testing.assert_series_equal(none.dtypes, one.dtypes)
    pd.testing.assert_series_equal(current_slowdowns(history([])).dtypes, one.dtypes)
