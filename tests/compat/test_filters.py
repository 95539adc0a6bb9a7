"""Each filter returns the expected runs of the history."""

from __future__ import annotations

import uuid

import pytest

from tests.compat.served.past_runs import LOCATION, PAST, run_id_of

pytestmark = pytest.mark.capability("filters")

PAST_ONLY = {"tags": {"kind": "past"}}


def matching(condition):
    return [run.run_id for run in reversed(PAST) if condition(run)]


def check(client, condition, **filters):
    wanted = matching(condition)
    assert 0 < len(wanted) < len(PAST)
    filters["tags"] = {"kind": "past", **filters.get("tags", {})}
    assert client.runs(**filters)["run_id"].tolist() == wanted
    assert client.count_runs(**filters) == len(wanted)
    assert [run_id for page in client.iter_runs(page_size=4, **filters) for run_id in page["run_id"]] == wanted
    assert client.runs(limit=5, **filters)["run_id"].tolist() == wanted[:5]


def test_a_filter_by_jobs_matches_the_runs_of_these_jobs(client):
    check(client, lambda run: run.job == "quick", job="quick")
    check(client, lambda run: run.job in {"quick", "bygone"}, job=["bygone", "no such job", "quick"])


def test_a_filter_by_statuses_matches_the_runs_with_these_statuses(client):
    check(client, lambda run: run.status == "FAILURE", status="FAILURE")
    for several in (["FAILURE", "CANCELED", "NOT_STARTED"], ["STARTED", "STARTING", "CANCELING"]):
        check(client, lambda run, several=several: run.status in several, status=several)


def test_a_status_without_runs_matches_nothing_and_an_unknown_status_raises_an_error(client):
    assert client.runs(status="SUSPENDED").empty
    assert client.count_runs(status="SUSPENDED") == 0
    check(client, lambda run: run.status == "FAILURE", status=["SUSPENDED", "FAILURE"])
    with pytest.raises(ValueError, match="'ASLEEP' is not a run status"):
        client.runs(status="ASLEEP")


def test_a_filter_by_tags_matches_the_runs_with_these_tags(client):
    check(client, lambda run: run.tags.get("team") == "data", tags={"team": "data"})
    check(client, lambda run: run.tags.get("team") in {"data", "web"}, tags={"team": ["web", "data", "no such"]})
    check(
        client,
        lambda run: run.tags.get("team") in {"data", "ml"} and "user" in run.tags,
        tags={"team": ["data", "ml"], "user": "someone, with a comma=and=signs"},
    )
    assert client.runs(tags={"kind": "past", "team": "no such"}).empty


def test_a_filter_by_run_ids_matches_the_existing_runs(client):
    numbers = {3, 17, 41}
    ids = [run_id_of(f"past {number}") for number in sorted(numbers)]
    check(client, lambda run: int(run.tags["number"]) in numbers, run_ids=[*ids, str(uuid.uuid4())])


def test_a_filter_by_locations_matches_the_runs_of_these_locations(client):
    check(client, lambda run: run.placed, location=LOCATION)
    check(client, lambda run: run.placed, location=["elsewhere", LOCATION])
    assert client.runs(location="elsewhere").empty


def test_all_filters_can_be_combined(client):
    check(
        client,
        lambda run: run.job != "bygone" and run.status == "SUCCESS" and run.placed and run.created > PAST[11].created,
        job=["quick", "fragile"],
        status="SUCCESS",
        location=LOCATION,
        created_after="2026-01-02T03:30",
        created_before="2027-01-01",
        updated_after="2026-01-02T00:00:00",
    )


@pytest.mark.parametrize("nothing", [{"job": []}, {"status": []}, {"run_ids": []}, {"tags": {"team": []}}])
def test_an_empty_list_matches_no_run(client, nothing):
    assert client.runs(**nothing).empty
    assert client.count_runs(**nothing) == 0
