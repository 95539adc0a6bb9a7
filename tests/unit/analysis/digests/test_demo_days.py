"""Digests of the demo's history find each planned problem on its day, and no other important problems."""

from __future__ import annotations

import datetime as dt

import pandas as pd
import pytest

from dagster_nb import analysis
from dagster_nb.sandbox.history.plan import plan_history
from dagster_nb.statuses import RED
from tests.unit.analysis.digests.expected_findings import check_findings
from tests.unit.analysis.digests.planned_source import PlannedSource

UNTIL = dt.datetime(2026, 11, 25, 14, tzinfo=dt.UTC)


@pytest.fixture(scope="module")
def history():
    return plan_history(2000, seed=0, until=UNTIL)


@pytest.fixture(scope="module")
def source(history):
    return PlannedSource(history)


def of_kind(digest, kind):
    return digest.findings[digest.findings["kind"] == kind]


# Days before UNTIL with failed ticks (3.3 and 12.2), backfills (25 and 61), a missing partition (42), or no incident.
@pytest.mark.parametrize("days", [0, 3.3, 12.2, 15.8, 25, 42, 61])
def test_a_digest_finds_exactly_what_the_ground_truth_contains(source, history, days):
    digest = analysis.digest(source, as_of=UNTIL - dt.timedelta(days=days))
    assert digest._summary.not_checked == ()
    check_findings(digest, history)


@pytest.mark.parametrize("day", [0, 1])
def test_only_the_broken_job_is_reported_as_an_error_on_a_broken_day(source, history, day):
    digest = analysis.digest(source, as_of=f"{history.truth.broken_days[day]}T18:00")
    check_findings(digest, history)
    errors = digest.findings[digest.findings["severity"] == "error"]
    assert set(errors["subject"]) == {history.truth.broken_job}
    new = errors[errors["kind"] == "new failure"]
    assert len(new) == 1
    failed = {
        run.run_id
        for run in history.runs
        if run.job == history.truth.broken_job
        and run.status == "FAILURE"
        and run.ended > (digest._summary.start).timestamp()
        and run.ended <= digest._summary.as_of.timestamp()
    }
    assert set(new["run_ids"].iloc[0]) == failed
    first = min((run for run in history.runs if run.run_id in failed), key=lambda run: run.created)
    successes = [run for run in history.runs if run.job == first.job and run.status == "SUCCESS"]
    last = max((run for run in successes if run.ended < first.created), key=lambda run: run.created)
    assert f"First: {first.run_id[:8]}" in new["what"].iloc[0]
    assert f"last success before: {last.run_id[:8]}" in new["what"].iloc[0]
    assert f"run_ids={[last.run_id, first.run_id]!r}" in new["next_step"].iloc[0]
    assert digest.has_problems


def test_the_slowdown_is_found_with_its_time_and_size_and_reported_as_new_only_once(source, history):
    truth = history.truth
    reports = []
    for days in range(5, 12):
        digest = analysis.digest(source, as_of=truth.slower_since + dt.timedelta(days=days))
        found = of_kind(digest, "slower job")
        assert set(found["subject"]) <= {truth.slower_job}
        reports += [(digest, one) for one in found.itertuples()]
    assert [one.severity for _, one in reports].count("warning") == 1
    assert reports[0][1].severity == "warning"
    key, before, after = truth.slower_tag
    for digest, one in reports:
        assert abs(one.since - pd.Timestamp(truth.slower_since)) < pd.Timedelta("1D")
        assert f"tag {key} changed from {before} to {after}" in one.what
        factor = float(one.what.split(", ")[1].split(" times")[0])
        assert factor == pytest.approx(truth.slower_factor, rel=0.15)
        assert f'aria-label="{truth.slower_job}: durations: median ' in digest._repr_html_()


def test_the_unresolved_failures_match_the_ground_truth(source, history):
    digest = analysis.digest(source, as_of=UNTIL, lookback="91d")
    failures = digest.findings[digest.findings["kind"].isin(["new failure", "open failure"])]
    found = {run_id for ids in failures["run_ids"] for run_id in ids}
    resolved = {run_id for ids in of_kind(digest, "new failure")["run_ids"] for run_id in ids}
    assert found - resolved <= set(history.truth.unresolved_failures) <= found


def test_the_missing_partition_is_reported_as_a_note_from_the_next_day_on(source, history):
    truth = history.truth
    missing = dt.datetime.fromisoformat(truth.missing_partition).replace(tzinfo=dt.UTC)
    for days, severity in [(2, None), (2.5, "warning"), (44, "note")]:
        digest = analysis.digest(source, as_of=missing + dt.timedelta(days=days))
        found = of_kind(digest, "missing partition")
        if severity is None:
            assert found.empty
            continue
        assert found["subject"].tolist() == [truth.missing_job]
        assert found["severity"].tolist() == [severity]
        assert found["next_step"].tolist() == [
            f"client.launch({truth.missing_job!r}, partition_key={truth.missing_partition!r})"
        ]
        [picture] = [one.picture for one in digest._found if one.kind == "missing partition"]
        assert picture.count(f'color:{RED}">█<') == 1


def test_the_failing_sensor_is_found_only_on_its_day(source, history):
    [failed] = [tick for tick in history.ticks if tick.error and tick.name == "crm_changes"]
    day = dt.datetime.fromtimestamp(failed.at, dt.UTC)
    for shift, count in [(-1, 0), (1, 1), (30, 0)]:
        found = of_kind(analysis.digest(source, as_of=day + dt.timedelta(hours=shift)), "failed tick")
        assert found["subject"].tolist() == ["crm_changes"] * count
