"""All runs are read while other runs are created and deleted, with only the necessary requests."""

from __future__ import annotations

import asyncio

import anyio
import pandas as pd
import pytest
from graphql import build_schema, print_schema

import dagster_nb as dnb
from dagster_nb.graphql.page_size import PageSize
from tests.unit.fake import FakeDagster, make_run


@pytest.fixture
def server():
    with FakeDagster(runs=1000) as server:
        yield server


@pytest.fixture
def client(server):
    with server.connect() as client:
        server.requests.clear()
        yield client


def test_all_runs_are_returned_with_the_newest_first(client, server):
    assert client.runs(page_size=70)["run_id"].tolist() == server.ids
    assert client.runs()["run_id"].tolist() == server.ids


def cursor_of(server):
    """Return the cursor of the latest request."""
    return server.requests[-1][1].get("cursor")


@pytest.mark.parametrize("in_a_row", [1, 20, 150])
def test_deleting_the_cursor_hides_no_other_run(client, server, in_a_row):
    before = server.ids
    deleted: list[str] = []

    def delete_the_runs_read_last(operation):
        if operation == "Runs" and (cursor := cursor_of(server)) and len(deleted) < 300:
            end = before.index(cursor) + 1
            gone = [run_id for run_id in before[max(0, end - in_a_row) : end] if run_id in server.ids]
            deleted.extend(gone)
            server.delete(*gone)

    server.before = delete_the_runs_read_last
    read = client.runs(page_size=100)["run_id"].tolist()
    assert len(deleted) >= min(9 * in_a_row, 300)
    assert len(read) == len(set(read))
    assert set(before) - set(deleted) <= set(read)
    assert read == [run_id for run_id in before if run_id in set(read)]


@pytest.mark.parametrize("gone", [slice(99, 100), slice(80, 100), slice(0, 100), slice(50, 150)])
def test_deleting_several_runs_hides_no_other_run(client, server, gone):
    before = server.ids

    def delete_once(operation):
        if operation == "Runs" and server.operations.count("Runs") == 2:
            server.delete(*before[gone])

    server.before = delete_once
    read = client.runs(page_size=100)["run_id"].tolist()
    assert len(read) == len(set(read))
    assert set(server.ids) <= set(read)
    assert read == [run_id for run_id in before if run_id in set(read)]


def test_reading_ends_if_the_last_run_is_deleted_after_a_full_page(client, server):
    before = server.ids

    def delete_the_last(operation):
        if operation == "Runs" and cursor_of(server) == before[-1]:
            server.delete(before[-1])

    server.before = delete_the_last
    assert client.runs(page_size=100)["run_id"].tolist() == before


def test_no_run_is_lost_if_the_server_limits_its_pages(client, server):
    answer_all = server.answer_runs

    def capped(info, limit=None, **arguments):
        return answer_all(info, limit=min(limit, 250), **arguments)

    server.answers["runsOrError"] = capped
    # The first page of 200 runs is complete, and the server shortens the next pages.
    assert client.runs()["run_id"].tolist() == server.ids
    sizes = [variables["limit"] for operation, variables in server.requests if operation == "Runs"]
    assert max(sizes) > 250


def test_new_runs_do_not_repeat_or_hide_other_runs(client, server):
    before = server.ids

    def arrive(operation):
        if operation == "Runs" and cursor_of(server):
            server.runs.insert(0, make_run(5000 + len(server.runs)))

    server.before = arrive
    assert client.runs(page_size=100)["run_id"].tolist() == before


@pytest.mark.parametrize("limit", [1, 99, 100, 101, 250, 1000, 2000])
@pytest.mark.parametrize("page_size", [100, None])
def test_a_limit_is_exact(client, server, limit, page_size):
    assert client.runs(limit=limit, page_size=page_size)["run_id"].tolist() == server.ids[:limit]


def test_a_limit_is_exact_even_if_runs_are_deleted(client, server):
    def delete(operation):
        if operation == "Runs" and server.operations.count("Runs") == 1:
            server.delete(*server.ids[10:30])

    server.before = delete
    read = client.runs(limit=300, page_size=100)["run_id"].tolist()
    assert len(read) == 300
    assert read[10:] == server.ids[10:300]


def test_a_limit_smaller_than_a_page_needs_one_request(client, server):
    client.runs(limit=50)
    assert server.operations == ["Runs"]


@pytest.mark.parametrize(
    "nothing",
    [{"job": []}, {"status": []}, {"run_ids": []}, {"tags": {"a": []}}, {"limit": 0}, {"created_before": "1970-01-01"}],
)
def test_a_filter_that_matches_nothing_sends_no_request(client, server, nothing):
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
def test_an_invalid_argument_is_reported_immediately_and_sends_no_request(client, server, wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        client.runs(**wrong)
    with pytest.raises(ValueError, match=next(iter(wrong))):
        client.iter_runs(**wrong)
    assert server.requests == []


class TestMerged:
    """Filters with several jobs or tag values, for which the client needs several requests."""

    @pytest.fixture(autouse=True)
    def _varied(self, server):
        for place, run in enumerate(server.runs):
            run["jobName"] = "abc"[place % 3]
            run["tags"] = [{"key": "team", "value": "xyz"[place // 7 % 3]}]

    def expected(self, server, jobs, teams):
        return [run["runId"] for run in server.runs if run["jobName"] in jobs and run["tags"][0]["value"] in teams]

    def test_merged_runs_are_in_the_order_of_the_server_without_duplicates(self, client, server):
        read = client.runs(job=["b", "a"], tags={"team": ["z", "x"]}, page_size=50)
        assert read["run_id"].tolist() == self.expected(server, "ab", "xz")
        assert client.count_runs(job=["b", "a"], tags={"team": ["z", "x"]}) == len(read)

    @pytest.mark.parametrize("limit", [1, 49, 50, 51, 200])
    def test_a_limit_selects_the_newest_runs_that_match_any_filter(self, client, server, limit):
        read = client.runs(job=["b", "a"], tags={"team": ["z", "x"]}, page_size=50, limit=limit)
        assert read["run_id"].tolist() == self.expected(server, "ab", "xz")[:limit]

    def test_a_limit_is_exact_even_if_many_runs_are_deleted(self, client, server):
        expected = self.expected(server, "ab", "xyz")

        def delete(operation):
            if operation == "Runs" and server.operations.count("Runs") == 1:
                server.delete(*expected[:80])

        server.before = delete
        read = client.runs(job=["b", "a"], page_size=20, limit=60)["run_id"].tolist()
        assert len(read) == 60
        left = [run_id for run_id in expected if run_id in set(server.ids) | set(read)]
        assert read == left[:60]

    @pytest.mark.parametrize("limit", [None, 150])
    def test_deletions_between_requests_for_ids_hide_no_other_run(self, client, server, monkeypatch, limit):
        monkeypatch.setattr("dagster_nb.graphql.run_paging._IDS_PER_REQUEST", 60)
        expected = self.expected(server, "ab", "xyz")
        gone = expected[59:70] + server.ids[180:200]

        def delete(operation):
            if operation == "RunIds" and server.operations.count("RunIds") == 9:
                server.delete(*gone)

        server.before = delete
        read = client.runs(job=["b", "a"], page_size=50, limit=limit)["run_id"].tolist()
        left = [run_id for run_id in expected if run_id in set(server.ids)]
        kept = [run_id for run_id in read if run_id not in gone]
        assert kept == left[: len(kept)]
        assert len(read) == (limit or len(read))
        assert limit or kept == left

    def test_runs_with_many_ids_are_read_in_the_order_of_the_server(self, client, server):
        wanted = server.ids[::-1][:700]
        assert client.runs(run_ids=wanted)["run_id"].tolist() == server.ids[300:]


def test_a_run_that_stops_matching_is_omitted(client, server):
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


class TestListedButNotReturned:
    """A server may list the id of a run but not return the run."""

    @pytest.fixture(autouse=True)
    def _varied(self, server):
        for place, run in enumerate(server.runs):
            run["jobName"] = "ab"[place % 2]

    def test_the_error_is_raised_after_all_other_runs_are_returned(self, client, server):
        missing = server.ids[250]
        server.hidden = {missing}
        with pytest.raises(dnb.IncompleteHistoryError, match=missing) as caught:
            client.runs(job=["a", "b"], page_size=100)
        read = caught.value.frame
        assert read["run_id"].tolist() == [run_id for run_id in server.ids if run_id != missing]
        assert caught.value.frame.attrs["dagster_nb"]["url"] == client.url
        received = []
        with pytest.raises(dnb.IncompleteHistoryError, match="1 runs"):
            for page in client.iter_runs(job=["a", "b"], page_size=100):
                received += page["run_id"].tolist()
        assert received == read["run_id"].tolist()
        assert client.count_runs(job=["a", "b"]) == 1000

    def test_a_run_that_is_returned_late_is_included(self, client, server):
        server.hidden = {server.ids[50]}

        def appear(operation):
            if server.operations.count("Runs") >= 3:
                server.hidden = set()

        server.before = appear
        assert client.runs(job=["a", "b"], page_size=400)["run_id"].tolist() == server.ids


def test_an_unknown_status_keeps_the_dtype(client, server):
    server.schema = build_schema(
        print_schema(server.schema).replace("enum RunStatus {", "enum RunStatus {\n  HIBERNATING", 1)
    )
    server.runs[450]["status"] = "HIBERNATING"
    frame = client.runs(page_size=100)
    assert frame["status"][450] == "HIBERNATING"
    assert frame["status"].cat.categories[-1] == "HIBERNATING"
    assert client.runs(status="HIBERNATING")["run_id"].tolist() == [server.ids[450]]
    assert client.runs(limit=1)["status"].dtype == frame["status"].dtype


def test_the_filter_run_ids_accepts_anything_that_identifies_runs(client, server):
    frame = client.runs(limit=5)
    assert client.runs(run_ids=frame)["run_id"].tolist() == frame["run_id"].tolist()
    assert client.runs(run_ids=frame.iloc[2])["run_id"].tolist() == [server.ids[2]]
    assert client.runs(run_ids=client.run(server.ids[3]))["run_id"].tolist() == [server.ids[3]]
    with pytest.raises(TypeError, match="job must"):
        client.runs(job=frame)


def test_the_attrs_of_a_frame_record_the_filters_and_stay_small(client, server):
    assert client.runs(limit=5).attrs["dagster_nb"]["filters"] == {"limit": 5}
    assert client.runs(run_ids=server.ids[:500]).attrs["dagster_nb"]["filters"] == {"run_ids": "500 ids"}


def test_runs_of_a_removed_location_can_be_read(client, server):
    server.runs[7]["repositoryOrigin"] = None
    nodes = [{"name": "repo", "location": {"name": "etl"}}]
    server.answers["repositoriesOrError"] = {"__typename": "RepositoryConnection", "nodes": nodes}
    assert len(client.runs(location="etl")) == 999
    server.requests.clear()
    assert len(client.runs(location="etl", limit=5)) == 5
    assert server.operations.count("Runs") == 1
    gone = {"repositoryLocationName": "gone", "repositoryName": "repo"}
    server.runs[:0] = [make_run(number, repositoryOrigin=gone) for number in (2003, 2002, 2001)]
    assert len(client.runs(location="gone")) == 3


def test_runs_of_a_location_include_those_of_removed_repositories(client, server):
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


class TestPageSize:
    """The page size adapts to what the server can deliver."""

    def fail_above(self, server, largest, **response):
        """Make requests for larger pages fail."""
        self.fault = server.answer(None, operation="Runs", where=lambda filters: filters["limit"] > largest, **response)

    @property
    def failed(self):
        return [variables["limit"] for variables in self.fault.met]

    def sizes(self, server):
        return [variables["limit"] for operation, variables in server.requests if operation == "Runs"]

    def test_pages_start_small_and_grow(self, client, server):
        assert client.runs()["run_id"].tolist() == server.ids
        first, second, *_ = self.sizes(server)
        assert first == 200
        assert second > 400

    @pytest.mark.parametrize("status", [413, 502, 504])
    def test_after_a_page_that_is_too_large_the_client_keeps_reading_smaller_pages(self, client, server, status):
        self.fail_above(server, 30, status=status, text="<html>too large</html>", content_type="text/html")
        assert client.runs()["run_id"].tolist() == server.ids
        assert self.failed[:3] == [200, 100, 50]
        self.fault.met.clear()
        server.requests.clear()
        assert client.runs()["run_id"].tolist() == server.ids
        # The client only rarely tries a larger page again.
        assert len(self.failed) <= 4
        assert max(self.sizes(server)) <= 30

    def test_after_a_slow_page_the_client_reads_smaller_pages(self, server):
        self.fault = server.hang(None, operation="Runs", where=lambda filters: filters["limit"] > 60)
        with server.connect(timeout=1.5) as client:
            assert client.runs()["run_id"].tolist() == server.ids
        assert self.failed[:2] == [200, 100]

    def test_a_given_page_size_is_kept(self, client, server):
        self.fail_above(server, 99, status=502)
        with pytest.raises(dnb.ConnectionFailedError, match="502.*page_size="):
            client.runs(page_size=100)
        assert set(self.failed) == {100}
        assert client.runs(page_size=99)["run_id"].tolist() == server.ids

    def test_a_server_that_is_down_raises_an_error(self, client, server):
        self.fail_above(server, 0, status=502)
        with pytest.raises(dnb.ConnectionFailedError, match="502"):
            client.runs()
        assert len(self.failed) < 20

    def test_pages_grow_again_after_a_temporary_limit(self):
        size = PageSize()
        pages = [size.after_failure(200)]
        while pages[-1] > 10:
            pages.append(size.after_failure(pages[-1]))
        for _ in range(40):
            pages.append(size.after_page(pages[-1], seconds=0.01, latency=0.0))
        assert max(pages) == 2000

    def test_a_permanent_limit_is_tested_less_and_less_often(self):
        size, pages, failures = PageSize(), [200], []
        for number in range(1000):
            if pages[-1] > 300:
                failures.append(number)
                pages.append(size.after_failure(pages[-1]))
            else:
                pages.append(size.after_page(pages[-1], seconds=0.01, latency=0.0))
        assert len(failures) < 15

    def test_a_single_slow_page_has_no_lasting_effect(self):
        size = PageSize()
        assert size.after_page(200, seconds=0.02, latency=0.0) == 2000
        assert size.after_page(2000, seconds=0.2, latency=0.0) == 2000
        assert size.after_failure(2000) == 1000
        assert size.after_page(1000, seconds=0.1, latency=0.0) == 2000

    def test_pages_are_larger_if_the_network_is_slow(self):
        size = PageSize()
        # The time for 200 runs could be mostly latency, so the second page is larger, and the third is much larger.
        second = size.after_page(200, seconds=0.22, latency=0.2)
        assert size.after_page(second, seconds=0.2 + second / 10_000, latency=0.2) > 5_000
        assert PageSize().after_page(200, seconds=0.222, latency=0.002) < 2_000


class TestPageSizeOfMergedReadings:
    """The page size also adapts if runs are requested by id."""

    @pytest.fixture(autouse=True)
    def _varied(self, server):
        server.runs[:0] = [make_run(number) for number in range(2999, 999, -1)]
        for place, run in enumerate(server.runs):
            run["jobName"] = "ab"[place % 2]

    def test_a_page_that_is_too_large_is_split_and_the_smaller_size_is_remembered(self, client, server):
        fault = server.answer(None, operation="Runs", where=lambda values: values["limit"] > 30, status=502)
        assert client.runs(job=["a", "b"])["run_id"].tolist() == server.ids
        sizes = [values["limit"] for values in fault.met]
        assert sizes[:3] == [200, 100, 50]
        assert 500 not in sizes
        assert len(sizes) < 15

    def test_a_slow_page_is_split(self, server):
        server.hang(None, operation="Runs", where=lambda values: values["limit"] > 60)
        with server.connect(timeout=1.5) as client:
            assert client.runs(job=["a", "b"], limit=700)["run_id"].tolist() == server.ids[:700]

    def test_a_list_of_ids_that_is_too_large_is_split(self, client, server):
        server.answer(None, operation="RunIds", where=lambda values: values["limit"] > 1000, status=413)
        assert client.runs(job=["a", "b"])["run_id"].tolist() == server.ids


def test_small_reads_do_not_change_the_known_page_size():
    size = PageSize()
    for failed in (2000, 1000, 500):
        size.after_failure(failed)
    for _ in range(20):
        size.after_page(50, seconds=0.01, latency=0.001)
    assert size.ceiling == 250


def test_a_failure_never_increases_the_maximum_page_size():
    size = PageSize()
    for failed in (500, 250, 125, 62, 500):
        size.after_failure(failed)
    assert size.ceiling == 31


def test_deletions_during_a_read_cause_few_requests(client, server):
    server.runs[:0] = [make_run(number) for number in range(4999, 999, -1)]
    before, read = server.ids, []
    for page in client.iter_runs(page_size=100):
        read += page["run_id"].tolist()
        server.delete(*page["run_id"])
    assert read == before
    assert len(server.operations) < 200


def test_a_limit_is_exact_even_if_a_filter_for_runs_to_leave_out_matches_the_newest_runs(server):
    server.schema = build_schema(print_schema(server.schema).replace("  updatedBefore: Float\n", ""))
    for place, run in enumerate(server.runs):
        run["jobName"] = "b" if place < 600 or place % 2 else "a"
        # The newest runs of job b were updated last.
        run["updateTime"] = 1_900_000_000.0 if place < 600 else run["updateTime"]
    expected = server.ids[600:]
    with server.connect() as client:
        filters = {"job": ["a", "b"], "updated_before": "2026-01-01"}
        assert client.runs(**filters)["run_id"].tolist() == expected
        assert client.runs(**filters, limit=10)["run_id"].tolist() == expected[:10]


@pytest.mark.anyio
async def test_the_next_page_is_requested_before_a_page_is_yielded(server):
    async with dnb.AsyncDagsterClient(server.url, progress=False) as client:
        server.requests.clear()
        pages = client.iter_runs(page_size=100)
        await anext(pages)
        with anyio.fail_after(60):
            while server.operations.count("Runs") < 2:  # noqa: ASYNC110 - the server is in another thread
                await anyio.sleep(0.01)
        # The client requests only one page in advance.
        await anyio.sleep(0.1)
        assert server.operations.count("Runs") == 2
        await pages.aclose()


@pytest.mark.anyio
async def test_an_error_while_building_a_frame_leaves_no_request_running(server, monkeypatch):
    def fail(*_arguments, **_options):
        raise RuntimeError("no memory left")

    monkeypatch.setattr("dagster_nb.client.methods.runs.runs_frame", fail)
    async with server.async_client() as client:
        server.hang(None, operation="Runs", where=lambda values: values.get("cursor") is not None)
        with pytest.raises(RuntimeError, match="no memory") as kept:
            await client.runs(page_size=100)
        left = [task for task in asyncio.all_tasks() if "_next_page" in repr(task)]
    assert kept.value.__traceback__
    assert left == []
