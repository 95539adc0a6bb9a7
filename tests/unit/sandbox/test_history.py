"""The demo's planned history is reproducible, has the requested number of runs, and agrees with its ground truth."""

from __future__ import annotations

import datetime as dt
import json
import math
import statistics
from collections import Counter

import pytest

from dagster_nb.sandbox.history.ground_truth import GroundTruth
from dagster_nb.sandbox.history.incidents import DAYS, midnight
from dagster_nb.sandbox.history.job_profiles import JOB_PROFILES
from dagster_nb.sandbox.history.plan import last_full_hour, plan_history
from dagster_nb.sandbox.history.step_errors import FAILURES

UNTIL = dt.datetime(2026, 11, 25, 14, tzinfo=dt.UTC)


@pytest.fixture(scope="module")
def history():
    return plan_history(2000, seed=0, until=UNTIL)


def test_only_the_same_seed_gives_the_same_history(history):
    assert plan_history(2000, seed=0, until=UNTIL) == history
    assert plan_history(2000, seed=1, until=UNTIL).runs != history.runs


@pytest.mark.parametrize("count", [0, 1, 7, 60, 400, 5000])
def test_the_number_of_runs_is_exact_and_every_parent_exists(count):
    runs = plan_history(count, seed=3, until=UNTIL).runs
    assert len({run.run_id for run in runs}) == count
    assert {run.parent_run_id for run in runs} - {None} <= {run.run_id for run in runs}


@pytest.mark.parametrize("count", [-1, 100_001])
def test_a_number_of_runs_out_of_range_is_rejected(count):
    with pytest.raises(ValueError, match=f"got {count:,}"):
        plan_history(count, until=UNTIL)


@pytest.mark.parametrize("day", range(7))
def test_incidents_are_on_working_days_regardless_of_the_current_weekday(day):
    truth = plan_history(300, until=UNTIL + dt.timedelta(days=day)).truth
    first, second = (dt.date.fromisoformat(broken) for broken in truth.broken_days)
    assert second - first == dt.timedelta(days=1)
    assert second.weekday() < 5
    assert truth.slower_since.weekday() < 5


def test_times_are_in_order_and_within_the_period(history):
    begin, end = UNTIL.timestamp() - DAYS * 86_400, UNTIL.timestamp()
    assert [run.created for run in history.runs] == sorted(run.created for run in history.runs)
    for run in history.runs:
        assert begin <= run.created < run.ended < end
        if run.started is not None:
            moments = [
                run.created,
                run.dequeued,
                run.started,
                *(t for s in run.steps for t in (s.start, s.end)),
                run.ended,
            ]
            assert moments == sorted(moments)
            assert [step.key for step in run.steps] == list(run.selection or JOB_PROFILES[run.job].steps)[
                : len(run.steps)
            ]


def test_the_history_has_daily_and_weekly_patterns(history):
    by_hand = [run for run in history.runs if "user" in run.tags and "dagster/backfill" not in run.tags]
    moments = [dt.datetime.fromtimestamp(run.created, dt.UTC) for run in by_hand if not run.parent_run_id]
    assert sum(8 <= moment.hour < 18 for moment in moments) > 0.7 * len(moments)
    assert all(moment.weekday() < 5 for moment in moments)
    per_day = Counter(dt.datetime.fromtimestamp(run.created, dt.UTC).weekday() for run in history.runs)
    assert max(per_day[5], per_day[6]) < min(per_day[day] for day in range(5))


def test_durations_depend_on_the_size_of_the_input(history):
    orders = [run for run in history.runs if run.job == "ingest_orders" and run.status == "SUCCESS"]
    rows = [math.log(run.rows) for run in orders]
    seconds = [math.log(run.ended - run.started) for run in orders]
    assert statistics.correlation(rows, seconds) > 0.6
    assert all(run.tags["shop/rows"] == str(run.rows) for run in orders)


def test_the_slower_job_has_the_documented_slowdown_from_the_documented_day(history):
    truth = history.truth
    since = truth.slower_since.timestamp()
    runs = [r for r in history.runs if r.job == truth.slower_job and r.status == "SUCCESS" and not r.parent_run_id]
    before = statistics.median(run.ended - run.started for run in runs if run.created < since)
    after = statistics.median(run.ended - run.started for run in runs if run.created >= since)
    assert after / before == pytest.approx(truth.slower_factor, rel=0.12)
    key, old, new = truth.slower_tag
    assert all(run.tags[key] == (new if run.created >= since else old) for run in runs)


def test_only_one_job_has_long_queue_times_right_after_a_full_hour(history):
    truth = history.truth

    def median_queue(job, *, busy):
        return statistics.median(
            run.started - run.created
            for run in history.runs
            if run.started and run.job == job and (run.created % 3600 < truth.queue_minutes * 60) is busy
        )

    assert median_queue(truth.queue_job, busy=True) > 8 * median_queue(truth.queue_job, busy=False)
    assert median_queue("ingest_orders", busy=True) < 10


def test_the_broken_job_fails_only_on_the_broken_days(history):
    truth = history.truth
    for run in history.runs:
        if run.job == truth.broken_job and run.started and not run.parent_run_id:
            day = dt.datetime.fromtimestamp(run.created, dt.UTC).date().isoformat()
            assert (run.status == "FAILURE") == (day in truth.broken_days)


def test_exactly_one_partition_is_missing(history):
    truth = history.truth
    done = {
        run.tags["dagster/partition"]
        for run in history.runs
        if run.job == truth.missing_job and run.status == "SUCCESS" and "dagster/partition" in run.tags
    }
    days = {(UNTIL.date() - dt.timedelta(days=ago)).isoformat() for ago in range(1, DAYS)}
    assert days - done - set(truth.failed_partitions) == {truth.missing_partition}


def test_the_flaky_job_fails_at_random(history):
    assert 0.1 < history.truth.flaky_share < 0.25
    errors = {f for run in history.runs if run.job == history.truth.flaky_job and run.failure for f in [run.failure[1]]}
    assert len(errors) >= 3


def test_one_job_has_some_very_long_durations(history):
    def spread(job):
        seconds = [run.ended - run.started for run in history.runs if run.job == job and run.status == "SUCCESS"]
        return statistics.quantiles(seconds, n=20)[18] / statistics.median(seconds)

    tail = history.truth.long_tail_job
    assert all(spread(tail) > 2 * spread(job) for job in JOB_PROFILES if job not in {tail, "watch_clickstream"})


def test_failures_and_unresolved_failures_in_the_ground_truth_agree_with_the_runs(history):
    truth = history.truth
    failed = {run.run_id: run for run in history.runs if run.status == "FAILURE"}
    assert set(truth.failures) == set(failed)
    for run_id, (step, outer, innermost) in truth.failures.items():
        key, failure = failed[run_id].failure
        assert (step, outer, innermost) == (key, FAILURES[failure].cls_name, FAILURES[failure].innermost.cls_name)
    assert Counter(innermost for *_, innermost in truth.failures.values()) == Counter(truth.error_classes)
    groups = {}
    for run in history.runs:
        groups.setdefault(run.root_run_id or run.run_id, []).append(run)
    unresolved = {
        run.run_id
        for group in groups.values()
        for at, run in enumerate(group)
        if run.status == "FAILURE" and all(later.status != "SUCCESS" for later in group[at:])
    }
    assert unresolved == set(truth.unresolved_failures)
    assert 5 < len(unresolved) < len(failed)


def test_there_are_two_backfills_and_one_has_failures(history):
    assert sorted(backfill.failed for backfill in history.backfills) == [False, True]
    for backfill in history.backfills:
        runs = [run for run in history.runs if run.tags.get("dagster/backfill") == backfill.backfill_id]
        first = [run for run in runs if not run.parent_run_id]
        assert [run.tags["dagster/partition"] for run in first] == list(backfill.partitions)
        assert sum(run.status == "FAILURE" for run in first) == history.truth.backfills[backfill.backfill_id]
        assert backfill.ended == max(run.ended for run in first)


def test_ticks_launch_runs_with_their_tags_and_some_ticks_skip_or_fail(history):
    launched = {run_id for tick in history.ticks for run_id in tick.run_ids}
    labelled = {
        run.run_id
        for run in history.runs
        if not run.parent_run_id and {"dagster/schedule_name", "dagster/sensor_name"} & set(run.tags)
    }
    assert launched == labelled
    assert {bool(tick.skip_reason) for tick in history.ticks} == {True, False}
    assert sum(tick.error is not None for tick in history.ticks) == 2


def test_the_ground_truth_survives_conversion_to_json(history):
    assert GroundTruth.from_json(json.loads(json.dumps(history.truth.to_json()))) == history.truth


def test_a_history_ends_at_a_full_hour():
    assert last_full_hour(midnight(dt.date(2026, 1, 2)) - 1) == dt.datetime(2026, 1, 1, 23, tzinfo=dt.UTC)
