import io

import pandas as pd
import pytest

from dagster_nb.analysis import duration_stats, failure_groups, regressions, status_counts, unresolved_failures
from dagster_nb.analysis.read_columns import durations, microseconds, status_codes, times


@pytest.fixture
def runs():
    start = pd.date_range("2026-01-01", periods=40, freq="D", tz="UTC").as_unit("us")
    length = pd.Series(pd.to_timedelta([60.000001] * 20 + [120.5] * 20, unit="s")).astype("timedelta64[us]")
    frame = pd.DataFrame(
        {
            "run_id": pd.array([f"r{i}" for i in range(40)], dtype="string"),
            "root_run_id": pd.array([None] * 40, dtype="string"),
            "job_name": pd.array(["etl"] * 40, dtype="string"),
            "status": pd.Categorical(["SUCCESS"] * 39 + ["FAILURE"], categories=["QUEUED", "SUCCESS", "FAILURE"]),
            "creation_time": start,
            "start_time": start,
            "duration": length,
            "queue_duration": pd.Series([pd.NaT] * 40, dtype="timedelta64[us]"),
        }
    )
    frame.loc[0, "duration"] = pd.NaT
    return frame


def through_csv(frame):
    return pd.read_csv(io.StringIO(frame.to_csv(index=False)))


def as_objects(frame):
    return frame.astype(object)


def in_nanoseconds(frame):
    return frame.astype({"duration": "timedelta64[ns]", "start_time": "datetime64[ns, UTC]"})


def without_zone(frame):
    return frame.assign(**{name: frame[name].dt.tz_localize(None) for name in ("start_time", "creation_time")})


def in_seconds(frame):
    return frame.assign(duration=frame["duration"].dt.total_seconds())


def through_arrow(frame):
    pyarrow = pytest.importorskip("pyarrow")
    table = pyarrow.Table.from_pandas(frame, preserve_index=False)
    return table.to_pandas(types_mapper=pd.ArrowDtype)


@pytest.mark.parametrize("origin", [through_csv, as_objects, in_nanoseconds, without_zone, in_seconds, through_arrow])
@pytest.mark.parametrize("function", [duration_stats, regressions, status_counts])
def test_results_do_not_depend_on_how_a_frame_was_made(runs, origin, function):
    pd.testing.assert_frame_equal(function(origin(runs)), function(runs), check_dtype=False, check_column_type=False)


@pytest.mark.parametrize("origin", [through_csv, as_objects, through_arrow])
def test_unresolved_failures_do_not_depend_on_how_a_frame_was_made(runs, origin):
    assert unresolved_failures(origin(runs))["run_id"].tolist() == ["r39"]


def test_functions_do_not_change_their_arguments(runs):
    before = runs.copy(deep=True)
    for function in (duration_stats, regressions, status_counts, unresolved_failures):
        function(runs)
    pd.testing.assert_frame_equal(runs, before)


def test_numeric_times_are_rejected():
    with pytest.raises(ValueError, match="contains numbers, not times. Convert it first"):
        times(pd.DataFrame({"start_time": [1.5]}), "start_time")


def test_a_column_with_only_missing_values_can_have_any_dtype():
    for values in ([pd.NaT], [None], [float("nan")], pd.to_datetime([None])):
        frame = pd.DataFrame({"x": values})
        assert str(durations(frame, "x").dtype) == "timedelta64[us]"
        assert str(times(frame, "x").dtype) == "datetime64[us, UTC]"


def test_an_empty_frame_may_lack_columns():
    assert duration_stats(pd.DataFrame()).empty
    assert failure_groups(pd.DataFrame()).empty


def test_long_durations_are_exact_to_the_microsecond():
    values = pd.Series(pd.to_timedelta(["100000 days 00:00:00.000001", None])).astype("timedelta64[us]")
    assert microseconds(values).iloc[0] == 100_000 * 86_400_000_000 + 1
    assert pd.isna(microseconds(values).iloc[1])


def test_unknown_and_missing_statuses_have_category_codes():
    frame = pd.DataFrame({"status": pd.Categorical(["NEW", None, "SUCCESS"], categories=["SUCCESS", "OTHER", "NEW"])})
    codes, names = status_codes(frame)
    assert [names[code] for code in codes] == ["NEW", "unknown", "SUCCESS"]
    assert names.index("QUEUED") < names.index("SUCCESS") < names.index("NEW")
