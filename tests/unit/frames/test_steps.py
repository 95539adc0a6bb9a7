"""Handwritten responses become frames of steps."""

import pandas as pd

from dagster_nb.frames.steps import steps_frame


def step(key, start=None, end=None, *, status="SUCCESS", attempts=1):
    attempt = {"startTime": start}
    return {"stepKey": key, "status": status, "startTime": start, "endTime": end, "attempts": [attempt] * attempts}


def test_an_empty_frame_has_the_same_dtypes():
    one = steps_frame([{"runId": "r", "stepStats": [step("a", 1.0, 2.0)]}])
    none = steps_frame([{"runId": "r", "stepStats": []}])
    assert (len(one), len(none)) == (1, 0)
    pd.testing.assert_series_equal(none.dtypes, one.dtypes)


def test_steps_are_sorted_by_start_within_their_run():
    frame = steps_frame(
        [
            {
                "runId": "r2",
                "stepStats": [step("skipped", status="SKIPPED", attempts=0), step("a", 2.0), step("b", 1.0)],
            },
            {"runId": "r1", "stepStats": [step("c", 0.5)]},
        ]
    )
    assert frame["run_id"].tolist() == ["r2", "r2", "r2", "r1"]
    assert frame["step_key"].tolist() == ["b", "a", "skipped", "c"]
    assert frame["attempts"].tolist() == [1, 1, 0, 1]


def test_times_are_exact_and_unfinished_steps_have_no_duration():
    stats = [step("a", 1_700_000_000.123457, 1_700_000_001.123456), step("b", 1_700_000_002.0)]
    frame = steps_frame([{"runId": "r", "stepStats": stats}])
    assert frame["start_time"][0] == pd.Timestamp("2023-11-14 22:13:20.123457", tz="UTC")
    assert frame["duration"][0] == pd.Timedelta(microseconds=999_999)
    assert pd.isna(frame["end_time"][1])
    assert pd.isna(frame["duration"][1])
