"""Time filters agree with the times in the server's database to the microsecond."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.compat.served.past_runs import PAST

pytestmark = pytest.mark.capability("times")

US = timedelta(microseconds=1)
# Run 13 was created at the same time as two others, and run 16 was updated later than newer runs.
NUMBERS = (13, 16)
ON_A_SECOND = 34
SQLITE_SECONDS = (
    "on SQLite, `created_before` and `updated_before` also match runs at exactly that time if it is a whole second, "
    "because SQLite compares strings"
)


def past(stored):
    """Return the history's rows in the database, newest first, and a dict from run number to row."""
    numbers = {run.run_id: number for number, run in enumerate(PAST)}
    rows = [row for row in stored() if row.run_id in numbers]
    return rows, {numbers[row.run_id]: row for row in rows}


@pytest.fixture
def check(client, stored):
    def check(wanted, **bounds):
        bounds["tags"] = {"kind": "past"}
        expected = [row.run_id for row in past(stored)[0] if wanted(row)]
        assert client.runs(**bounds)["run_id"].tolist() == expected
        assert client.count_runs(**bounds) == len(expected)
        return len(expected)

    return check


def test_the_database_contains_the_times_that_the_tests_wrote(stored):
    _, rows = past(stored)
    for number, run in enumerate(PAST):
        assert round(rows[number].created.timestamp() * 1e6) == run.created
        assert round(rows[number].updated.timestamp() * 1e6) == run.updated


@pytest.mark.parametrize("number", NUMBERS)
def test_bounds_are_exact_to_the_microsecond(check, stored, number):
    row = past(stored)[1][number]
    counts = set()
    for bound in (row.created - US, row.created, row.created + US):
        counts.add(check(lambda row, bound=bound: row.created > bound, created_after=bound))
        check(lambda row, bound=bound: row.created < bound, created_before=bound)
    assert len(counts) == 2, "some bounds should exclude the run and some should include it"
    counts = set()
    for bound in (row.updated - US, row.updated, row.updated + US):
        counts.add(check(lambda row, bound=bound: row.updated > bound, updated_after=bound.isoformat()))
        check(lambda row, bound=bound: row.updated < bound, updated_before=bound)
    assert len(counts) == 2, "some bounds should exclude the run and some should include it"


def test_bounds_at_whole_seconds_are_exact(dagster, check, stored, note):
    row = past(stored)[1][ON_A_SECOND]
    assert row.created.microsecond == row.updated.microsecond == 0
    for bound in (row.created, row.created + US):
        check(lambda row, bound=bound: row.created > bound, created_after=bound)
    check(lambda row, bound=row.created + US: row.created < bound, created_before=row.created + US)
    for bound in (row.updated, row.updated + US):
        check(lambda row, bound=bound: row.updated > bound, updated_after=bound)
    check(lambda row, bound=row.updated + US: row.updated < bound, updated_before=row.updated + US)
    # In SQLite, "12:00:00" < "12:00:00.000000".
    sqlite = not dagster.target.postgres
    reach = row.created + sqlite * US
    check(lambda row, reach=reach: row.created < reach, created_before=row.created)
    # If the server lacks this filter, the client excludes the runs that match the opposite filter. The result is exact.
    reach = row.updated + (sqlite and dagster.target.since(7)) * US
    check(lambda row, reach=reach: row.updated < reach, updated_before=row.updated)
    if sqlite:
        note(SQLITE_SECONDS)


def test_all_four_bounds_can_be_combined(check, stored):
    _, rows = past(stored)
    low, high = rows[14].created, rows[37].created
    since, until = rows[13].updated, rows[32].updated
    assert check(
        lambda row: low < row.created < high and since < row.updated < until,
        created_after=low,
        created_before=high,
        updated_after=since,
        updated_before=until,
    )


def test_times_and_other_filters_can_be_combined(client, stored):
    _, rows = past(stored)
    low = rows[12].created
    wanted = [rows[n].run_id for n in range(44, -1, -1) if rows[n].created > low and PAST[n].status == "FAILURE"]
    for others in ({}, {"job": ["quick", "bygone", "fragile"]}, {"tags": {"kind": ["past", "none"]}}):
        filters = {"tags": {"kind": "past"}, "status": "FAILURE", "created_after": low, **others}
        assert client.runs(**filters)["run_id"].tolist() == wanted
        assert client.runs(limit=2, **filters)["run_id"].tolist() == wanted[:2]
        assert [len(page) for page in client.iter_runs(page_size=3, **filters)] == [3] * (len(wanted) // 3) + (
            [len(wanted) % 3] if len(wanted) % 3 else []
        )


def test_the_times_of_new_runs_match_the_database(dagster, client, stored, stage):
    client.run(stage["quick"]).wait(timeout=240)
    row = next(row for row in stored() if row.run_id == stage["quick"])
    row_of_client = client.runs(run_ids=stage["quick"]).iloc[0]
    assert row_of_client["update_time"] == row.updated
    assert round(row_of_client["start_time"].timestamp() * 1e6) == round(row.started * 1e6)
    assert round(row_of_client["end_time"].timestamp() * 1e6) == round(row.ended * 1e6)
    if dagster.target.since(7):
        assert row_of_client["creation_time"] == row.created
    ids = {"run_ids": stage["quick"]}
    assert client.runs(**ids, created_after=row.created).empty
    assert len(client.runs(**ids, created_after=row.created - US, updated_after=row.updated - US)) == 1
    assert client.runs(**ids, updated_after=row.updated).empty
    assert len(client.runs(**ids, created_after="1h")) == 1
    assert client.runs(**ids, created_before="1h").empty
