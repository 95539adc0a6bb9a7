import numpy as np
import pandas as pd
import pytest

from dagster_nb.analysis import regressions

START = pd.Timestamp("2026-01-01", tz="UTC")


def history(seed, per_day, *, days=90, change=1.0, at=0.6, weekly=0.3, job="etl"):
    """Return runs with lognormal durations around five minutes, a daily pattern, and slower weekends."""
    random = np.random.default_rng(seed)
    day = np.sort(random.uniform(0, days, int(per_day * days)))
    level = np.log(300) + 0.35 * random.standard_normal(len(day)) + 0.25 * np.sin(2 * np.pi * day)
    level += weekly * ((np.floor(day) + 3) % 7 >= 5)
    level[day >= at * days] += np.log(change)
    return pd.DataFrame(
        {
            "job_name": pd.array([job] * len(day), dtype="string"),
            "status": "SUCCESS",
            "start_time": START + pd.to_timedelta((day * 86400e6).astype("int64"), unit="us"),
            "duration": pd.to_timedelta((np.exp(level) * 1e6).astype("int64"), unit="us"),
        }
    )


def test_a_change_in_handwritten_runs_is_found():
    lengths = [100, 102, 98, 101, 99] * 6 + [200, 204, 196, 202, 198] * 4
    runs = pd.DataFrame(
        {
            "job_name": pd.array(["etl"] * 50, dtype="string"),
            "status": "SUCCESS",
            "start_time": pd.date_range(START, periods=50, freq="D"),
            "duration": pd.to_timedelta(lengths, unit="s"),
        }
    )
    # Pass the runs newest first, as the client returns them.
    found = regressions(runs.iloc[::-1])
    assert list(found) == ["job_name", "changed_at", "before", "after", "factor", "p_value", "n_before", "n_after"]
    row = found.iloc[0]
    assert len(found) == 1
    assert (row["before"], row["after"], row["factor"]) == (pd.Timedelta("100s"), pd.Timedelta("200s"), 2.0)
    assert row["changed_at"] == START + pd.Timedelta(days=30)
    assert (row["n_before"], row["n_after"]) == (30, 20)
    assert 0 < row["p_value"] <= 0.01
    assert [str(dtype) for dtype in found.dtypes] == [
        "string",
        "datetime64[us, UTC]",
        "timedelta64[us]",
        "timedelta64[us]",
        "float64",
        "float64",
        "int64",
        "int64",
    ]


@pytest.mark.parametrize("per_day", [1, 3, 24])
def test_an_unchanged_history_has_no_regressions(per_day):
    jobs = pd.concat([history(seed, per_day, job=f"job {seed}") for seed in range(40)])
    assert len(regressions(jobs)) <= 1
    alone = [len(regressions(history(seed, per_day))) for seed in range(40)]
    assert sum(alone) <= 2


@pytest.mark.parametrize("per_day", [1, 3, 24])
def test_a_slowdown_by_80_percent_is_found(per_day):
    found = [regressions(history(seed, per_day, change=1.8)) for seed in range(30)]
    assert sum(len(rows) > 0 for rows in found) >= 28
    right = START + pd.Timedelta(days=54)
    near = [abs(rows["changed_at"].iloc[0] - right) < pd.Timedelta(days=5) for rows in found if len(rows)]
    assert sum(near) >= 0.8 * len(near)
    assert np.median([rows["factor"].iloc[0] for rows in found if len(rows)]) == pytest.approx(1.8, rel=0.12)


def test_the_result_does_not_depend_on_the_order_of_the_runs():
    runs = history(1, 24, change=1.8)
    shuffled = runs.sample(frac=1, random_state=0)
    pd.testing.assert_frame_equal(regressions(runs), regressions(shuffled))


def test_a_speedup_is_not_a_regression():
    assert regressions(history(0, 24, change=1 / 1.8)).empty


def test_a_fixed_slowdown_is_reported_with_its_own_medians():
    runs = history(0, 24, change=2.0, at=0.3, weekly=0)
    mended = runs["start_time"] > START + pd.Timedelta(days=60)
    runs.loc[mended, "duration"] /= 2
    found = regressions(runs)
    assert len(found) == 1
    assert found["factor"].iloc[0] == pytest.approx(2.0, rel=0.1)
    assert found["n_after"].iloc[0] == pytest.approx(33 * 24, rel=0.1)


def test_small_changes_are_omitted():
    runs = history(0, 100, change=1.15)
    assert regressions(runs).empty
    assert len(regressions(runs, min_factor=1.05)) == 1


def test_failed_runs_do_not_cause_regressions():
    runs = history(0, 24)
    slow = runs.assign(duration=runs["duration"] * 3, status="FAILURE")
    late = slow[slow["start_time"] > START + pd.Timedelta(days=60)]
    assert regressions(pd.concat([runs, late])).empty


@pytest.mark.parametrize(
    "change",
    [
        lambda f: f.iloc[:0],
        lambda f: f.assign(duration=pd.NaT),
        lambda f: f.assign(start_time=pd.NaT),
        lambda f: f.head(15),
        lambda f: f.assign(duration=pd.Timedelta(0)),
        lambda f: f.assign(duration=pd.Timedelta("5s")),
    ],
)
def test_an_empty_result_keeps_its_dtypes(change):
    found = regressions(change(history(0, 3, change=1.8)))
    assert found.empty
    assert str(found["changed_at"].dtype) == "datetime64[us, UTC]"
    assert str(found["n_before"].dtype) == "int64"
    assert found["job_name"].dtype == pd.StringDtype()


def test_runs_can_be_grouped_by_another_column():
    runs = history(0, 24, change=1.8)
    runs["location"] = pd.Categorical(["here"] * len(runs))
    assert regressions(runs, by="location")["location"].tolist() == ["here"]
    with pytest.raises(ValueError, match="no column 'nowhere'"):
        regressions(runs, by="nowhere")


@pytest.mark.parametrize(("option", "value"), [("min_factor", 0.5), ("min_runs", 1)])
def test_invalid_options_raise_a_value_error(option, value):
    with pytest.raises(ValueError, match=option):
        regressions(history(0, 1), **{option: value})
