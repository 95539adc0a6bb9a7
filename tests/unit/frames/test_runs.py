from __future__ import annotations

import io
import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import dagster_nb as dnb
from dagster_nb.frames.columns import RUN_STATUSES, times
from dagster_nb.frames.runs import runs_frame
from tests.unit.fake import make_run

DTYPES = {
    "run_id": pd.StringDtype(),
    "job_name": pd.StringDtype(),
    "status": pd.CategoricalDtype(list(RUN_STATUSES)),
    "creation_time": "datetime64[us, UTC]",
    "start_time": "datetime64[us, UTC]",
    "end_time": "datetime64[us, UTC]",
    "update_time": "datetime64[us, UTC]",
    "queue_duration": "timedelta64[us]",
    "duration": "timedelta64[us]",
    "location": pd.StringDtype(),
    "repository": pd.StringDtype(),
    "partition_key": pd.StringDtype(),
    "launched_by": pd.StringDtype(),
    "root_run_id": pd.StringDtype(),
    "parent_run_id": pd.StringDtype(),
    "tags": np.dtype(object),
}


def tags(**values):
    return [{"key": key.replace("__", "/"), "value": value} for key, value in values.items()]


@pytest.mark.parametrize("count", [0, 1, 1000])
def test_columns_and_dtypes_do_not_depend_on_the_number_of_runs(count):
    frame = runs_frame([make_run(number) for number in range(count)])
    assert list(frame.columns) == list(DTYPES)
    for name, dtype in DTYPES.items():
        assert frame[name].dtype == dtype, name
    assert frame.index.equals(pd.RangeIndex(count))


def test_concat_keeps_columns_and_dtypes():
    pages = [runs_frame([]), runs_frame([make_run(1, startTime=None, endTime=None)]), runs_frame([make_run(2)])]
    joined = pd.concat(pages, ignore_index=True)
    pd.testing.assert_series_equal(joined.dtypes, pages[0].dtypes)


def test_a_row_contains_all_values_of_its_run():
    record = make_run(
        1,
        creationTime=1.0, startTime=3.5, endTime=10.25, updateTime=11.0, rootRunId="root", parentRunId="parent",
        tags=tags(team="data", dagster__partition="2026-01-01", dagster__schedule_name="hourly"),
    )  # fmt: skip
    row = runs_frame([record]).iloc[0]
    assert row["run_id"] == record["runId"]
    assert row["creation_time"] == pd.Timestamp(1, unit="s", tz="UTC")
    assert row["queue_duration"] == pd.Timedelta(seconds=2.5)
    assert row["duration"] == pd.Timedelta(seconds=6.75)
    assert (row["location"], row["repository"]) == ("etl", "repo")
    assert (row["partition_key"], row["launched_by"]) == ("2026-01-01", "hourly")
    assert (row["root_run_id"], row["parent_run_id"]) == ("root", "parent")
    assert row["tags"] == {"team": "data", "dagster/partition": "2026-01-01", "dagster/schedule_name": "hourly"}


@pytest.mark.parametrize(
    ("given_tags", "launched_by"),
    [
        ({"dagster__sensor_name": "s", "user": "u"}, "s"),
        ({"dagster__backfill": "b", "user": "u"}, "b"),
        ({"user": "u"}, "u"),
        ({"dagster__schedule_name": "h", "dagster__backfill": "b"}, "h"),
        ({}, pd.NA),
    ],
)
def test_the_column_launched_by_is_read_from_the_tags(given_tags, launched_by):
    assert runs_frame([make_run(1, tags=tags(**given_tags))])["launched_by"].iloc[0] is launched_by or (
        runs_frame([make_run(1, tags=tags(**given_tags))])["launched_by"].iloc[0] == launched_by
    )


def test_the_duration_of_an_unfinished_run_is_missing():
    row = runs_frame([make_run(1, status="STARTED", endTime=None)]).iloc[0]
    assert row["duration"] is pd.NaT
    assert row["end_time"] is pd.NaT
    queued = runs_frame([make_run(1, status="QUEUED", startTime=None, endTime=None)]).iloc[0]
    assert queued["queue_duration"] is pd.NaT


@pytest.mark.parametrize("status", ["CANCELED", "FAILURE"])
def test_a_run_that_ended_before_it_started_has_no_start(status):
    row = runs_frame([make_run(1, status=status, startTime=5.0, endTime=5.0)]).iloc[0]
    assert row["start_time"] is pd.NaT
    assert row["duration"] is pd.NaT
    assert row["end_time"] == pd.Timestamp(5, unit="s", tz="UTC")


def test_without_a_status_equal_start_and_end_times_mean_that_the_run_never_started():
    record = make_run(1, startTime=1_700_000_050.0, endTime=1_700_000_050.0)
    del record["status"]
    (row,) = runs_frame([record]).itertuples()
    assert row.start_time is pd.NaT
    assert row.duration is pd.NaT


def test_a_run_with_a_duration_of_zero_has_a_start_time():
    row = runs_frame([make_run(1, status="SUCCESS", startTime=5.0, endTime=5.0)]).iloc[0]
    assert row["duration"] == pd.Timedelta(0)


def test_an_unknown_status_is_kept_and_sorted_last():
    frame = runs_frame([make_run(1, status="HIBERNATING"), make_run(2)])
    assert frame["status"].tolist() == ["HIBERNATING", "SUCCESS"]
    assert list(frame["status"].cat.categories) == [*RUN_STATUSES, "HIBERNATING"]


@given(st.integers(min_value=0, max_value=4_102_444_800_000_000))
def test_times_are_exact_to_the_microsecond(micros):
    assert times([micros / 1_000_000]).asi8[0] == micros


def test_included_columns_are_added_to_the_frame():
    record = make_run(1, runConfig={"ops": {}}, assetSelection=[{"path": ["a", "b"]}], solidSelection=["*load"])
    frame = runs_frame([record, make_run(2)], include=["run_config", "asset_selection", "op_selection"])
    assert frame["run_config"].tolist() == [{"ops": {}}, {}]
    assert frame["asset_selection"].tolist() == [["a/b"], None]
    assert frame["op_selection"].tolist() == [["*load"], None]


def test_expand_tags_adds_one_column_per_key():
    frame = runs_frame([make_run(2, tags=tags(team="data", n="1")), make_run(1, tags=tags(team="ml"))])
    frame.attrs["dagster_nb"] = {"url": "x"}
    expanded = dnb.expand_tags(frame)
    assert expanded.columns.tolist()[-2:] == ["tags.n", "tags.team"]
    assert expanded["tags.team"].tolist() == ["data", "ml"]
    assert expanded["tags.n"].isna().tolist() == [False, True]
    assert expanded["tags.n"].dtype == pd.StringDtype()
    assert expanded.attrs == frame.attrs
    assert list(frame.columns) == list(DTYPES)


def test_expand_tags_accepts_keys_and_rows_in_any_order():
    frame = runs_frame([make_run(2, tags=tags(team="data")), make_run(1, tags=tags(team="ml"))]).iloc[::-1]
    assert dnb.expand_tags(frame, "team")["tags.team"].tolist() == ["ml", "data"]
    assert dnb.expand_tags(frame, ["team", "none"]).columns.tolist()[-2:] == ["tags.team", "tags.none"]
    assert "tags.team" in dnb.expand_tags(frame.iloc[:0], ["team"])
    twice = dnb.expand_tags(dnb.expand_tags(frame))
    assert twice.columns.is_unique
    with pytest.raises(ValueError, match="no column 'tags'"):
        dnb.expand_tags(frame.drop(columns="tags"))


def test_a_frame_records_where_it_comes_from_and_can_be_written_to_parquet(fake):
    pytest.importorskip("pyarrow")
    fake.runs = [make_run(2), make_run(1, startTime=None, endTime=None, status="QUEUED")]
    with fake.connect() as client:
        frame = client.runs(job="nightly", created_after="2020-01-01")
    recorded = frame.attrs["dagster_nb"]
    assert recorded["url"] == client.url
    assert recorded["filters"] == {"job": ["nightly"], "created_after": 1577836800.0}
    assert abs(pd.Timestamp(recorded["fetched_at"]) - pd.Timestamp.now("UTC")) < pd.Timedelta(minutes=1)
    assert json.loads(json.dumps(recorded)) == recorded
    buffer = io.BytesIO()
    plain = frame.drop(columns="tags")
    plain.to_parquet(buffer)
    back = pd.read_parquet(buffer)
    pd.testing.assert_frame_equal(back, plain)
    assert back.attrs == frame.attrs


def test_expanded_tags_survive_a_parquet_file():
    pytest.importorskip("pyarrow")
    frame = runs_frame([make_run(0, tags=[{"key": "a", "value": "1"}]), make_run(1, tags=[{"key": "b", "value": "2"}])])
    buffer = io.BytesIO()
    dnb.expand_tags(frame).drop(columns="tags").to_parquet(buffer)
    back = pd.read_parquet(buffer)
    assert back["tags.a"].fillna("").tolist() == ["1", ""]
    assert back["tags.b"].fillna("").tolist() == ["", "2"]


def test_runs_with_equal_tags_share_one_string():
    record = make_run(0, tags=[{"key": "a team", "value": "of data engineers"}])
    first, second = (json.loads(json.dumps(record)) for _ in range(2))
    one, other = (dict_of_tags.popitem() for dict_of_tags in runs_frame([first, second])["tags"])
    assert one == other
    assert all(left is right for left, right in zip(one, other, strict=True))


def test_grouping_by_a_category_raises_no_warning():
    frame = runs_frame([make_run(number, status=status) for number, status in enumerate(["SUCCESS", "FAILURE"] * 3)])
    assert frame.groupby("status", observed=True)["duration"].median().notna().all()
    assert frame["status"].value_counts()["SUCCESS"] == 3
