"""The explorer's model reads only what it needs and keeps the selection."""

import pandas as pd
import pytest

from dagster_nb.errors import ConnectionFailedError
from dagster_nb.frames.runs import runs_frame
from tests.unit.panels.conftest import NOW, make_run, make_runs, many_runs


def ids(model):
    return model.runs["run_id"].tolist()


def of(*numbers):
    return [f"{number:08d}-0000-4000-8000-000000000000" for number in numbers]


def test_all_runs_are_read_once_and_then_filtered_in_memory(bench):
    frame = make_runs(1200)
    frame.loc[::3, "status"] = "FAILURE"
    one = bench(frame)
    model = one.load()
    assert model.is_complete
    assert ids(model) == frame["run_id"].tolist()
    before = len(one.source.readings)
    model.change_filters(status=("FAILURE",))
    assert ids(model) == frame["run_id"][frame["status"] == "FAILURE"].tolist()
    assert model.status_counts()["SUCCESS"] == (frame["status"] == "SUCCESS").sum()
    assert len(one.source.readings) == before


def test_an_empty_source_has_an_empty_frame(bench):
    model = bench(make_runs(0)).load()
    assert model.is_complete
    assert len(model.runs) == 0
    assert model.runs["duration"].dtype == "timedelta64[us]"


def test_filtering_by_time_also_reads_the_previous_period(bench):
    one = bench(make_runs(100), filters={"created_after": "24h"})
    model = one.load()
    assert len(model.runs) == 24
    assert one.source.readings[0]["created_after"] == NOW - pd.Timedelta("48h")
    before = model.previous_period_runs()
    assert before["run_id"].tolist() == one.source.frame["run_id"][25:48].tolist()


def test_a_longer_time_range_is_read_from_the_source(bench):
    one = bench(make_runs(100), filters={"created_after": "5h"})
    model = one.load()
    one.source.gate.clear()
    model.change_filters(created_after=None)
    assert len(model.runs) == 10, "runs in memory must be shown immediately"
    one.source.gate.set()
    one.settle()
    assert len(model.runs) == 100


def test_runs_are_shown_page_by_page(bench):
    one = bench(make_runs(3000))
    one.source.gate.clear()
    seen = []
    one.model.changes.on("runs", lambda: seen.append(len(one.model.runs)))
    one.model.load()
    assert one.source.waiting.wait(5)
    assert one.background.wait(lambda: one.model.reading.total == 3000, 5)
    one.source.gate.set()
    one.settle()
    assert seen[0] == 100
    assert seen[-1] == 3000
    assert one.model.reading is None


def test_only_the_newest_request_has_an_effect(bench):
    one = bench(make_runs(300), filters={"created_after": "10h"})
    one.source.gate.clear()
    one.model.load()
    assert one.source.waiting.wait(5)
    one.model.change_filters(created_after="3h", job=("other",))
    one.model.change_filters(created_after="100h", job=None)
    one.source.gate.set()
    one.settle()
    assert len(one.model.runs) == 100
    assert one.model.is_complete


def test_a_stale_response_is_ignored(bench):
    one = bench(make_runs(50))
    one.source.gate.clear()
    one.model.load()
    assert one.source.waiting.wait(5)
    old, one.source.frame = one.source.frame, make_runs(3)
    one.model.load()
    one.source.gate.set()
    one.settle()
    assert len(old) == 50
    assert len(one.model.runs) == 3


def test_stopping_keeps_the_runs_read_so_far_and_the_rest_can_be_read_later(bench):
    one = bench(make_runs(1000), page=100)
    one.source.gate.clear()
    one.model.load()
    assert one.source.waiting.wait(5)
    one.model.stop()
    one.source.gate.set()
    assert one.model.reading is None
    one.settle()
    count = len(one.model.runs)
    assert count < 1000
    assert not one.model.is_complete
    assert one.model.was_stopped
    one.model.refresh()
    one.settle()
    assert len(one.model.runs) < 1000, "a refresh must not continue a stopped read"
    one.load()
    assert len(one.model.runs) == 1000
    assert one.model.is_complete
    assert not one.model.was_stopped


def test_filters_are_sent_to_the_source_if_not_all_runs_are_in_memory(bench):
    frame = make_runs(500)
    frame.loc[400:, "job_name"] = "rare"
    one = bench(frame, max_runs=100)
    model = one.load()
    assert model.is_capped
    assert len(model.runs) == 100
    model.change_filters(job=("rare",))
    assert len(model.runs) == 0
    one.settle()
    assert one.source.readings[-1]["job"] == ["rare"]
    assert len(model.runs) == 100
    assert model.is_complete


def test_reading_can_be_retried_after_an_error(bench):
    one = bench(make_runs(10))
    one.source.error = ConnectionFailedError("nothing there")
    model = one.load()
    assert isinstance(model.error, ConnectionFailedError)
    assert model.reading is None
    one.source.error = None
    model.refresh()
    one.settle()
    assert model.error is None
    assert len(model.runs) == 10


def test_the_runs_are_kept_if_a_refresh_fails(bench):
    one = bench(make_runs(10))
    model = one.load()
    one.source.error = ConnectionFailedError("gone")
    model.refresh()
    one.settle()
    assert len(model.runs) == 10
    assert model.error is not None


def test_a_refresh_shows_new_and_changed_and_deleted_runs(bench):
    one = bench(make_runs(20, status="STARTED", endTime=None))
    model = one.load()
    one.source.frame = pd.concat([runs_frame([make_run(-1)]), one.source.frame], ignore_index=True)
    one.source.change(3, status="CANCELED")
    model.refresh()
    one.settle()
    assert ids(model)[:2] == of(-1, 0)
    assert model.runs["status"].tolist()[3] == "CANCELED"
    one.source.frame = one.source.frame.drop(index=5).reset_index(drop=True)
    model.refresh()
    one.settle()
    assert ids(model) == one.source.frame["run_id"].tolist()


def test_a_refresh_reads_only_changed_runs(bench):
    one = bench(make_runs(2000))
    model = one.load()
    before = len(one.source.readings)
    model.refresh()
    one.settle()
    assert [set(question) for question in one.source.readings[before:]] == [{"updated_after", "page_size"}]


def test_selected_runs_stay_selected_after_a_refresh(bench):
    one = bench(make_runs(10))
    model = one.load()
    model.select(of(2, 4))
    one.source.frame = pd.concat([runs_frame([make_run(-2), make_run(-1)]), one.source.frame], ignore_index=True)
    model.refresh()
    one.settle()
    assert len(model.runs) == 12
    assert list(model.selection) == of(2, 4)


def test_a_run_excluded_by_filters_is_not_selected(bench):
    frame = make_runs(10)
    frame.loc[2, "status"] = "FAILURE"
    one = bench(frame)
    model = one.load()
    model.select([*of(2, 4), "unknown"])
    assert list(model.selection) == of(2, 4)
    model.change_filters(status=("FAILURE",))
    assert list(model.selection) == of(2)


def test_the_table_is_divided_into_pages(bench):
    one = bench(make_runs(240))
    model = one.load()
    assert model.page_count == 5
    assert len(model.page_runs) == 50
    model.go_to_page(99)
    assert model.page == 4
    assert model.page_runs["run_id"].tolist() == ids(model)[200:]
    model.change_filters(created_after="5h")
    assert model.page == 0


def test_a_range_of_rows_on_several_pages_is_added_to_the_selection(bench):
    frame = make_runs(250)
    frame["job_name"] = [f"job_{number % 7}" for number in range(250)]
    model = bench(frame).load()
    model.sort_by("job_name")
    rows = model.table_frame()["run_id"].tolist()
    model.select(rows[:1])
    model.select_range(rows[201], rows[98])
    assert set(model.selection) == {rows[0], *rows[98:202]}
    model.select_range("a run that no longer matches", rows[3])
    assert set(model.selection) == {rows[0], rows[3], *rows[98:202]}


@pytest.mark.parametrize("ascending", [True, False])
@pytest.mark.parametrize("column", ["status", "job_name", "duration", "start_time", "partition_key"])
def test_sorting_keeps_missing_values_last_and_ties_in_order(bench, column, ascending):
    frame = make_runs(40)
    frame.loc[::2, "job_name"] = "other"
    frame.loc[::5, "status"] = "QUEUED"
    frame.loc[::7, ["start_time", "duration"]] = pd.NaT
    model = bench(frame).load()
    model.sort_by(column, ascending=ascending)
    expected = frame.sort_values(column, ascending=ascending, kind="stable")
    assert model.page_runs["run_id"].tolist() == expected["run_id"].tolist()
    model.sort_by(None)
    assert model.page_runs["run_id"].tolist() == frame["run_id"].tolist()


def test_the_frame_records_where_it_comes_from(bench):
    model = bench(make_runs(3), filters={"created_after": "24h"}).load()
    about = model.runs.attrs["dagster_nb"]
    assert about["url"] == "http://localhost:3000"
    assert about["filters"] == {"created_after": pd.Timestamp("2026-02-28T12:00:00Z").timestamp()}


def test_a_hundred_thousand_runs_can_be_filtered(bench):
    frame = many_runs(100_000)
    model = bench(frame, page=10_000).load()
    assert len(model.runs) == 100_000
    model.change_filters(status=("FAILURE",), job=("job_3",))
    expected = frame[(frame["status"] == "FAILURE") & (frame["job_name"] == "job_3")]
    assert ids(model) == expected["run_id"].tolist()


def test_a_filter_set_while_too_many_runs_arrive_is_applied_afterwards(bench):
    frame = make_runs(500)
    frame.loc[400:, "job_name"] = "rare"
    one = bench(frame, max_runs=100)
    one.source.gate.clear()
    one.model.load()
    one.model.change_filters(job=("rare",))
    one.source.gate.set()
    one.settle()
    assert len(one.model.runs) == 100
    assert one.model.is_complete


def test_a_filter_set_during_a_refresh_is_applied_afterwards(bench):
    frame = make_runs(500)
    frame.loc[400:, "job_name"] = "rare"
    one = bench(frame, max_runs=100)
    one.load()
    one.model.refresh()
    one.model.change_filters(job=("rare",))
    one.settle()
    assert len(one.model.runs) == 100
    assert one.model.is_complete
