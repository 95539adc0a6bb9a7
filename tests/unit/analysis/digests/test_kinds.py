"""A digest finds each kind of problem in handwritten frames."""

from __future__ import annotations

import ast
import re

import pandas as pd
import pytest

from dagster_nb.analysis.current_slowdowns import current_slowdowns
from dagster_nb.analysis.digests.automation import find_failed_ticks, find_stopped_automations
from dagster_nb.analysis.digests.daemons import find_daemons
from dagster_nb.analysis.digests.digest import Digest
from dagster_nb.analysis.digests.evidence import Evidence, runs_as_of
from dagster_nb.analysis.digests.failures import find_new_failures, find_open_failures
from dagster_nb.analysis.digests.missing_partitions import partition_gaps
from dagster_nb.analysis.digests.overdue_assets import find_overdue_assets
from dagster_nb.analysis.digests.queue_times import find_queue_times
from dagster_nb.analysis.digests.slow_jobs import find_slow_jobs, runs_to_compare
from dagster_nb.analysis.digests.stuck_runs import find_stuck_runs
from tests.unit.analysis.digests.every_kind import AS_OF, START, USUAL, findings_of_every_kind, runs

WEEK = pd.Timedelta("7D")


def evidence(frame, **other):
    return Evidence(START, AS_OF, frame, **other)


@pytest.mark.parametrize(
    ("later", "severity"),
    [
        ([], "error"),
        ([("SUCCESS", 1, 5, 60)], "warning"),
        ([("SUCCESS", 1, 5, 60, {"root_run_id": "run 40"})], "note"),
        ([("CANCELED", 1, 5, 60)], "error"),
        ([("STARTED", 1, 5, None)], "error"),
    ],
)
def test_a_later_success_makes_a_new_failure_less_severe(later, severity):
    [found] = find_new_failures(evidence(runs(*USUAL, ("FAILURE", 2, 5, 60), *later)))
    assert (found.severity, found.run_ids) == (severity, ["run 40"])


def test_failures_are_grouped_by_cause():
    failed = runs(*USUAL, *[("FAILURE", hours, 5, 60) for hours in (5, 4, 3)])
    causes = pd.DataFrame(
        {
            "run_id": ["run 40", "run 41", "run 42"],
            "step_key": "load",
            "timestamp": AS_OF,
            "error_class": ["KeyError", "TimeoutError", "TimeoutError"],
            "error_message": ["'x'", "no answer after 3 s", "no answer after 4 s"],
        }
    )
    first, second = find_new_failures(evidence(failed, failures=causes))
    assert (first.run_ids, second.run_ids) == (["run 40"], ["run 41", "run 42"])
    assert "failed in load with TimeoutError: no answer after 3 s" in second.what


@pytest.mark.parametrize("hours", [24.5, 23.5])
def test_every_failure_is_reported_as_either_new_or_older(hours):
    frame = runs(*USUAL, ("FAILURE", hours, 5, 60))
    assert len(find_new_failures(evidence(frame))) == (hours < 24)
    assert len(find_open_failures(evidence(frame))) == (hours > 24)


def test_an_older_failure_of_a_partition_is_only_a_warning():
    one = ("FAILURE", 26, 5, 60, {"partition_key": "2026-11-23"})
    [found] = find_open_failures(evidence(runs(*USUAL, one, ("SUCCESS", 2, 5, 60))))
    assert (found.severity, found.next_step) == ("warning", "client.reexecute_many(['run 40'])")


@pytest.mark.parametrize(
    ("status", "hours", "queued", "is_stuck"),
    [
        ("STARTED", 3, 5, True),
        ("STARTED", 0.4, 5, False),
        ("QUEUED", 3, None, True),
        ("QUEUED", 0.4, None, False),
        ("CANCELING", 0.3, 5, True),
        ("CANCELING", 0.1, 5, False),
        ("STARTING", 0.6, 5, True),
        ("STARTING", 0.4, 5, False),
    ],
)
def test_a_run_that_takes_much_longer_than_usual_is_reported_as_stuck(status, hours, queued, is_stuck):
    found = find_stuck_runs(evidence(runs(*USUAL, (status, hours, queued, None))))
    assert [one.run_ids for one in found] == [["run 40"]] * is_stuck


def test_a_run_is_not_reported_as_stuck_if_its_job_has_no_earlier_runs():
    assert not find_stuck_runs(evidence(runs(("STARTED", 90, 5, None))))


def test_queue_times_are_compared_with_earlier_queue_times():
    slow = [("SUCCESS", hours, 300, 60) for hours in range(1, 10)]
    [found] = find_queue_times(evidence(runs(*USUAL, *slow)))
    assert found.what.startswith("half of the 9 runs of etl waited 5 min or longer in the queue")
    assert not find_queue_times(evidence(runs(*USUAL, *slow[:7])))
    of_a_backfill = [(*row, {"tags": {"dagster/backfill": "b"}}) for row in slow]
    assert not find_queue_times(evidence(runs(*USUAL, *of_a_backfill)))
    assert not find_queue_times(evidence(runs(*USUAL, *[("SUCCESS", hours, 6, 60) for hours in range(1, 10)])))


def test_a_slower_job_is_reported_with_the_tags_and_config_that_changed_at_the_same_time():
    rows = [
        ("SUCCESS", 200 - 2 * number, 5, 600 + number % 7 + 900 * (number >= 70), {
            "tags": {"rows": str(number), "team": "data", **({"image": "new"} if number >= 70 else {"image": "old"})}
        })
        for number in range(100)
    ]  # fmt: skip
    frame = runs(*rows)
    configs = {
        f"run {number}": {"ops": {"load": {"config": {"rows": number, "batch": 10 if number >= 70 else 500}}}}
        for number in range(100)
    }
    slowdowns = current_slowdowns(frame).assign(is_new=True)
    ids = runs_to_compare(frame, slowdowns)
    assert {"run 69", "run 70"} < set(ids) < set(configs)
    [found] = find_slow_jobs(evidence(frame, slowdowns=slowdowns, run_configs={one: configs[one] for one in ids}))
    assert found.what.endswith(
        "when the tag image changed from old to new and the config entry ops.load.config.batch changed from 500 to 10"
    )
    assert found.certainty == "very likely"
    assert found.run_ids == [f"run {number}" for number in range(70, 100)]


def test_a_required_daemon_that_is_not_running_is_reported_as_an_error():
    daemons = pd.DataFrame(
        {
            "daemon": ["QUEUED_RUN_COORDINATOR", "SENSOR", "SCHEDULER"],
            "required": [True, False, True],
            "healthy": [False, False, True],
            "last_heartbeat": AS_OF,
        }
    )
    [found] = find_daemons(evidence(runs(*USUAL, ("QUEUED", 1, None, None)), daemons=daemons))
    assert (found.severity, found.run_ids) == ("error", ["run 40"])
    assert found.what == "the daemon QUEUED_RUN_COORDINATOR is not running, and 1 run waits for it"


def ticks(*rows):
    frame = pd.DataFrame(rows, columns=["status", "hours"])
    return pd.DataFrame(
        {
            "name": "hourly", "location": "shop", "repository": "repo", "status": frame["status"],
            "timestamp": AS_OF - pd.to_timedelta(frame["hours"], unit="h"), "error_class": "OSError",
            "error_message": "no route",
        }
    )  # fmt: skip


@pytest.mark.parametrize(("newest", "severity"), [("SUCCESS", "warning"), ("SKIPPED", "warning"), ("FAILURE", "error")])
def test_a_failed_tick_is_only_a_warning_if_a_later_tick_did_not_fail(newest, severity):
    [found] = find_failed_ticks(evidence(runs(*USUAL), ticks=ticks(("FAILURE", 30), ("FAILURE", 3), (newest, 1))))
    assert found.severity == severity
    assert "with OSError: no route" in found.what


@pytest.mark.parametrize(("status", "hours", "count"), [("RUNNING", 5, 1), ("RUNNING", 1, 0), ("STOPPED", 5, 0)])
def test_a_running_schedule_without_recent_ticks_is_reported(status, hours, count):
    automations = pd.DataFrame(
        {
            "name": ["hourly"], "kind": "schedule", "location": "shop", "repository": "repo", "status": status,
            "last_tick": AS_OF - pd.Timedelta(hours=hours), "min_interval": pd.NaT,
        }
    )  # fmt: skip
    own = ticks(*[("SUCCESS", hours + one) for one in range(8)])
    assert len(find_stopped_automations(evidence(runs(*USUAL), automations=automations, ticks=own))) == count


@pytest.mark.parametrize(
    ("last", "weeks", "found"),
    [
        ("2026-11-24 17:00", 3, []),
        ("2026-11-23 12:00", 3, [("very likely", "a week earlier, it ticked 14 times in the same hours")]),
        ("2026-11-23 12:00", 1.3, [("very likely", "a week earlier, it ticked 14 times in the same hours")]),
        ("2026-11-24 14:00", 0.1, [("likely", "the previous 6 ticks were at most 1 h apart")]),
    ],
)
def test_a_schedule_is_compared_with_the_same_hours_of_previous_weeks(last, weeks, found):
    last = pd.Timestamp(last, tz="UTC")
    hours = pd.date_range(AS_OF - pd.Timedelta(days=30), last, freq="h")
    when = hours[(hours.day_of_week < 5) & (hours.hour >= 9) & (hours.hour <= 17) & (hours > last - weeks * WEEK)]
    place = {"name": "office_hours", "location": "shop", "repository": "repo"}
    automations = pd.DataFrame(
        {**place, "kind": ["schedule"], "status": "RUNNING", "last_tick": last, "min_interval": pd.NaT}
    )
    own = pd.DataFrame({**place, "status": "SUCCESS", "timestamp": when})
    stopped = find_stopped_automations(evidence(runs(*USUAL), automations=automations, ticks=own))
    assert [(one.certainty, one.evidence) for one in stopped] == found


@pytest.mark.parametrize(("days", "certainties"), [(8, []), (15, ["likely"])])
def test_a_weekly_schedule_has_stopped_after_two_missed_ticks(days, certainties):
    last = AS_OF - pd.Timedelta(days=days)
    place = {"name": "weekly", "location": "shop", "repository": "repo"}
    automations = pd.DataFrame(
        {**place, "kind": ["schedule"], "status": "RUNNING", "last_tick": last, "min_interval": pd.NaT}
    )
    own = pd.DataFrame({**place, "status": "SUCCESS", "timestamp": [last - week * WEEK for week in range(3)]})
    stopped = find_stopped_automations(evidence(runs(*USUAL), automations=automations, ticks=own))
    assert [one.certainty for one in stopped] == certainties


@pytest.mark.parametrize(("hours", "count"), [(30, 0), (40, 1)])
def test_a_daily_asset_is_overdue_after_one_and_a_half_days(hours, count):
    when = [AS_OF - pd.Timedelta(hours=hours + 24 * day) for day in range(20)]
    materializations = pd.DataFrame({"asset": "orders", "timestamp": when})
    found = find_overdue_assets(evidence(runs(*USUAL), materializations=materializations))
    assert [one.subject for one in found] == ["orders"] * count
    assert not find_overdue_assets(evidence(runs(*USUAL), materializations=materializations.head(10)))


def test_a_job_that_never_runs_on_weekends_has_no_gaps():
    days = pd.bdate_range("2026-09-01", "2026-11-20", tz="UTC")
    built = pd.DataFrame({"job_name": "etl", "partition_key": days.strftime("%Y-%m-%d"), "creation_time": days})
    assert partition_gaps(built).empty
    assert partition_gaps(built.drop(index=30))["partition_key"].tolist() == [days[30].strftime("%Y-%m-%d")]


@pytest.mark.parametrize(("last", "count"), [("2026-09-22", 0), ("2026-09-20", 1)])
def test_a_run_of_a_partition_range_fills_the_gaps_in_the_range(last, count):
    days = pd.date_range("2026-09-01", "2026-11-20", tz="UTC").delete([20, 21])
    built = pd.DataFrame({"job_name": "assets", "partition_key": days.strftime("%Y-%m-%d"), "creation_time": days})
    built["tags"] = [{} for _ in days]
    assert partition_gaps(built)["partition_key"].tolist() == ["2026-09-21", "2026-09-22"]
    names = ("dagster/asset_partition_range_start", "dagster/asset_partition_range_end")
    of_a_range = {"job_name": "assets", "partition_key": None, "creation_time": AS_OF}
    tags = dict(zip(names, ("2026-09-02", last), strict=True))
    both = pd.concat([built, pd.DataFrame([{**of_a_range, "tags": tags}])])
    assert partition_gaps(both)["partition_key"].tolist() == ["2026-09-21", "2026-09-22"] * count
    of_another_job = pd.concat([built, pd.DataFrame([{**of_a_range, "job_name": "other", "tags": tags}])])
    assert len(partition_gaps(of_another_job)) == 2


def test_partitions_without_times_have_no_gaps():
    built = pd.DataFrame({"job_name": "etl", "partition_key": list("abcdefghijklmnopqr"), "creation_time": AS_OF})
    assert partition_gaps(built).empty


def test_runs_as_of_a_past_time_have_their_status_at_that_time():
    past = runs_as_of(runs(("SUCCESS", 5, 3600, 3600), ("FAILURE", 1, 5, 60)), AS_OF - pd.Timedelta("4.5h"))
    assert past["status"].tolist() == ["QUEUED"]
    assert past[["start_time", "end_time", "duration", "queue_duration"]].isna().all(axis=None)
    later = runs_as_of(runs(("SUCCESS", 5, 3600, 3600)), AS_OF - pd.Timedelta("3.5h"))
    assert later["status"].tolist() == ["STARTED"]
    assert later["start_time"].notna().all()


@pytest.fixture(scope="module")
def every_kind():
    name = 'it\'s "quoted" \\ and\nlong {x} \x1b[2J'
    return findings_of_every_kind(job=name, automation=name, asset=name)


def test_the_docstring_of_findings_lists_every_kind(every_kind):
    [row] = re.findall(r"^ *kind +string(.*?)^ *severity", Digest.findings.__doc__, flags=re.DOTALL | re.MULTILINE)
    assert {one.kind for one in every_kind} == set(re.findall(r'``"([^"]+)"``', row))


def test_every_next_step_is_one_python_expression_that_uses_only_the_client_and_the_package(every_kind):
    for one in every_kind:
        tree = ast.parse(one.next_step, mode="eval")
        bound = {node.target.id for node in ast.walk(tree) if isinstance(node, ast.comprehension)}
        names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)} - bound
        assert names <= {"client", "dnb"}, one.next_step
        assert "client" in names


def test_every_finding_has_a_certainty_and_says_what_it_is_based_on(every_kind):
    assert {one.certainty for one in every_kind} <= {"certain", "very likely", "likely"}
    for one in every_kind:
        assert one.evidence.strip()
    # The server reports failures and daemons; the other findings are inferred from the history.
    certain = {one.kind for one in every_kind if one.certainty == "certain"}
    assert certain == {"new failure", "open failure", "daemon", "failed tick", "stuck run"}
