"""Reading all runs while others come and go, on a server whose every request can be watched."""

from __future__ import annotations

import pandas as pd
import pytest

import dagster_nb as dnb
from tests.unit.fake import FakeDagster, make_run


@pytest.fixture
def server():
    with FakeDagster(runs=1000) as server:
        yield server


@pytest.fixture
def client(server):
    with dnb.connect(server.url, progress=False) as client:
        server.requests.clear()
        yield client


def test_all_runs_come_newest_first(client, server):
    assert client.runs(page_size=70)["run_id"].tolist() == server.ids
    assert client.runs()["run_id"].tolist() == server.ids


@pytest.mark.parametrize("in_a_row", [1, 20])
def test_runs_deleted_between_pages_hide_no_other(client, server, in_a_row):
    before = server.ids
    deleted: list[str] = []

    def delete_the_last_of_each_page(operation):
        if operation == "Runs" and len(server.runs) > 200:
            read = 100 * (1 + sum(name == "Runs" for name in server.operations[:-1]))
            gone = [run_id for run_id in before[read - in_a_row : read] if run_id in server.ids]
            deleted.extend(gone)
            server.delete(*gone)

    server.before = delete_the_last_of_each_page
    read = client.runs(page_size=100)["run_id"].tolist()
    assert len(deleted) >= 5 * in_a_row
    assert set(before) - set(deleted) <= set(read)
    assert read == [run_id for run_id in before if run_id in set(read)]


@pytest.mark.parametrize("gone", [slice(99, 100), slice(80, 100), slice(0, 100), slice(50, 150)])
def test_a_cursor_deleted_while_ids_are_listed_loses_nothing(client, server, monkeypatch, gone):
    monkeypatch.setattr("dagster_nb.graphql.paging._IDS_PER_REQUEST", 100)
    before = server.ids

    def delete_once(operation):
        if operation == "RunIds" and server.operations.count("RunIds") == 2:
            server.delete(*before[gone])

    server.before = delete_once
    read = client.runs(page_size=100)["run_id"].tolist()
    left = set(server.ids)
    assert len(read) == len(set(read))
    assert left <= set(read)
    assert read == [run_id for run_id in before if run_id in set(read)]


def test_runs_that_arrive_meanwhile_neither_repeat_nor_shift(client, server):
    before = server.ids

    def arrive(operation):
        if operation == "Runs":
            server.runs.insert(0, make_run(5000 + len(server.runs)))

    server.before = arrive
    assert client.runs(page_size=100)["run_id"].tolist() == before


@pytest.mark.parametrize("limit", [1, 99, 100, 101, 250, 1000, 2000])
@pytest.mark.parametrize("page_size", [100, None])
def test_a_limit_is_exact(client, server, limit, page_size):
    assert client.runs(limit=limit, page_size=page_size)["run_id"].tolist() == server.ids[:limit]


def test_a_limit_is_exact_though_runs_vanish(client, server):
    def delete(operation):
        if operation == "Runs" and server.operations.count("Runs") == 1:
            server.delete(*server.ids[10:30])

    server.before = delete
    read = client.runs(limit=300, page_size=100)["run_id"].tolist()
    assert len(read) == 300
    assert read[10:] == server.ids[10:300]


def test_a_limit_within_a_page_is_one_request(client, server):
    client.runs(limit=50)
    assert server.operations == ["Runs"]


@pytest.mark.parametrize(
    "nothing",
    [{"job": []}, {"status": []}, {"run_ids": []}, {"tags": {"a": []}}, {"limit": 0}, {"created_before": "1970-01-01"}],
)
def test_nothing_asked_for_sends_nothing(client, server, nothing):
    frame = client.runs(**nothing)
    assert server.requests == []
    assert frame.empty
    pd.testing.assert_series_equal(frame.dtypes, client.runs(limit=5).dtypes)
    assert list(client.iter_runs(**nothing)) == []
    if "limit" not in nothing:
        assert client.count_runs(**nothing) == 0


@pytest.mark.parametrize(
    "wrong", [{"limit": -1}, {"page_size": 0}, {"page_size": -5}, {"include": "stats"}, {"job": ""}]
)
def test_a_wrong_argument_is_told_at_the_call_and_sends_nothing(client, server, wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        client.runs(**wrong)
    with pytest.raises(ValueError, match=next(iter(wrong))):
        client.iter_runs(**wrong)
    assert server.requests == []


class TestMerged:
    """Several jobs, or several values of a tag: more than one filter can say."""

    @pytest.fixture(autouse=True)
    def _varied(self, server):
        for place, run in enumerate(server.runs):
            run["jobName"] = "abc"[place % 3]
            run["tags"] = [{"key": "team", "value": "xyz"[place // 7 % 3]}]

    def expected(self, server, jobs, teams):
        return [run["runId"] for run in server.runs if run["jobName"] in jobs and run["tags"][0]["value"] in teams]

    def test_they_come_in_the_servers_order_each_once(self, client, server):
        read = client.runs(job=["b", "a"], tags={"team": ["z", "x"]}, page_size=50)
        assert read["run_id"].tolist() == self.expected(server, "ab", "xz")
        assert client.count_runs(job=["b", "a"], tags={"team": ["z", "x"]}) == len(read)

    @pytest.mark.parametrize("limit", [1, 49, 50, 51, 200])
    def test_a_limit_takes_the_newest_of_all(self, client, server, limit):
        read = client.runs(job=["b", "a"], tags={"team": ["z", "x"]}, page_size=50, limit=limit)
        assert read["run_id"].tolist() == self.expected(server, "ab", "xz")[:limit]

    def test_a_limit_holds_though_more_vanish_than_were_spared(self, client, server):
        expected = self.expected(server, "ab", "xyz")

        def delete(operation):
            if operation == "Runs" and server.operations.count("Runs") == 1:
                server.delete(*expected[:80])

        server.before = delete
        read = client.runs(job=["b", "a"], page_size=20, limit=60)["run_id"].tolist()
        assert len(read) == 60
        left = [run_id for run_id in expected if run_id in set(server.ids) | set(read)]
        assert read == left[:60]

    def test_many_run_ids_come_in_the_servers_order(self, client, server):
        wanted = server.ids[::-1][:700]
        assert client.runs(run_ids=wanted)["run_id"].tolist() == server.ids[300:]


def test_a_run_that_stops_matching_is_left_out(client, server):
    for run in server.runs:
        run["status"] = "STARTED"
    finished = server.runs[150]

    def finish(operation):
        if operation == "Runs":
            finished["status"] = "SUCCESS"

    server.before = finish
    frame = client.runs(status="STARTED", page_size=100)
    assert set(frame["status"]) == {"STARTED"}
    assert len(frame) == 999


def test_a_server_that_contradicts_its_own_list_is_told(client, server):
    lost = server.ids[250]
    server.hidden = {lost}
    with pytest.raises(dnb.IncompleteHistoryError, match=lost) as caught:
        client.runs(page_size=100)
    read = caught.value.frame
    assert lost not in set(read["run_id"])
    assert read["run_id"].tolist() == [run_id for run_id in server.ids[:300] if run_id != lost]
    assert server.requests[-1][1]["filter"]["runIds"] == [lost]


def test_a_run_that_is_handed_over_late_is_waited_for(client, server):
    late = server.ids[50]
    server.hidden = {late}

    def appear(operation):
        if server.operations.count("Runs") >= 5:
            server.hidden = set()

    server.before = appear
    assert client.runs(page_size=400)["run_id"].tolist() == server.ids


def test_runs_of_a_location_include_those_of_repositories_that_are_gone(client, server):
    server.runs[3]["repositoryOrigin"] = {"repositoryLocationName": "etl", "repositoryName": "renamed since"}
    server.runs[5]["repositoryOrigin"] = {"repositoryLocationName": "other", "repositoryName": "repo"}
    server.runs[7]["repositoryOrigin"] = None
    server.answers["repositoriesOrError"] = {
        "__typename": "RepositoryConnection",
        "nodes": [{"name": "repo", "location": {"name": "etl"}}],
    }
    expected = [run_id for place, run_id in enumerate(server.ids) if place not in {5, 7}]
    assert client.runs(location="etl")["run_id"].tolist() == expected
    assert client.count_runs(location=["etl", "other"]) == 999
    assert client.runs(location="nowhere").empty
