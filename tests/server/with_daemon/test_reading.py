"""The client's runs match those of the Dagster instance."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import uuid
from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest

import dagster_nb as dnb
from dagster_nb.sandbox.history.write import write_history
from dagster_nb.sandbox.local_dagster import LocalDagster
from tests.server.conftest import DEFINITIONS

HIDDEN = ".dagster/"
SOME = 2_500


@pytest.fixture(scope="module")
def some(tmp_path_factory):
    """A server with enough runs for several pages, but few enough for each test to read all of them."""
    home = tmp_path_factory.mktemp("some")
    write_history(home, runs=SOME, seed=2)
    with LocalDagster(home, python_file=DEFINITIONS, location="shop", daemon=False) as server:
        yield server


@pytest.fixture(scope="module")
def client(some):
    with dnb.connect(some.url, progress=False) as client:
        yield client


@pytest.fixture(scope="module")
def frame(client):
    return client.runs()


def micros(moment):
    """Convert a time from the instance to whole microseconds. It is a float in seconds, or a naive datetime in UTC."""
    if moment is None:
        return None
    if isinstance(moment, float):
        return round(moment * 1_000_000)
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return (aware - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def columns_of_instance(records):
    """Convert the instance's run records to the columns of `client.runs`, as plain Python values."""
    rows = []
    for record in records:
        run = record.dagster_run
        tags = {key: value for key, value in run.tags.items() if not key.startswith(HIDDEN)}
        origin = run.remote_job_origin
        rows.append(
            {
                "run_id": run.run_id,
                "job_name": run.job_name,
                "status": run.status.value,
                "creation_time": micros(record.create_timestamp),
                "start_time": micros(record.start_time),
                "end_time": micros(record.end_time),
                "update_time": micros(record.update_timestamp),
                "location": origin.repository_origin.code_location_origin.location_name if origin else None,
                "repository": origin.repository_origin.repository_name if origin else None,
                "partition_key": tags.get("dagster/partition"),
                "root_run_id": run.root_run_id,
                "parent_run_id": run.parent_run_id,
                "tags": tags,
                "run_config": run.run_config,
            }
        )
    return rows


def as_plain(frame):
    """Convert the columns of a frame to plain Python values, with times in microseconds."""
    plain = {}
    for name in frame.columns:
        column = frame[name]
        if str(column.dtype) == "datetime64[us, UTC]":
            plain[name] = [None if pd.isna(value) else micros(value.to_pydatetime()) for value in column]
        else:
            plain[name] = [None if value is pd.NA or value is pd.NaT else value for value in column.tolist()]
    return plain


def test_all_runs_match_the_instance_in_every_column(client, some):
    from dagster import DagsterInstance

    frame = client.runs(include="run_config")
    with DagsterInstance.from_config(str(some.home)) as instance:
        expected = columns_of_instance(instance.get_run_records())
    plain = as_plain(frame)
    assert len(frame) == len(expected) == SOME
    for name in expected[0]:
        assert plain[name] == [row[name] for row in expected], name


def test_new_runs_of_a_live_server_match_the_instance(server):
    from dagster import DagsterInstance

    with dnb.connect(server.url, progress=False) as client:
        client.launch("quick").wait(timeout=240)
        # Try again if the daemon has already dequeued the run and is starting it.
        for _ in range(5):
            canceled = client.launch("quick")
            canceled.terminate(force=True)
            if canceled.wait(timeout=240).status == "CANCELED":
                break
        frame = client.runs(include="run_config", limit=50, status=["SUCCESS", "FAILURE", "CANCELED"])
    with DagsterInstance.from_config(str(server.home)) as instance:
        records = {record.dagster_run.run_id: record for record in instance.get_run_records()}
    expected = columns_of_instance([records[run_id] for run_id in frame["run_id"]])
    plain = as_plain(frame)
    assert "SUCCESS" in plain["status"]
    for name in expected[0]:
        assert plain[name] == [row[name] for row in expected], name
    assert pd.isna(frame.set_index("run_id")["start_time"][canceled.run_id])


class TestFilters:
    """Each filter returns the same runs as filtering the complete frame with pandas."""

    def check(self, client, expected, **filters):
        read = client.runs(**filters)
        assert read["run_id"].tolist() == expected["run_id"].tolist()
        assert 0 < len(expected) < SOME
        assert client.count_runs(**filters) == len(expected)
        assert sum(len(page) for page in client.iter_runs(page_size=777, **filters)) == len(expected)

    def test_a_filter_by_job_matches_only_this_job(self, client, frame):
        self.check(client, frame[frame["job_name"] == "sync_crm"], job="sync_crm")

    def test_a_filter_by_several_jobs_matches_all_of_them(self, client, frame):
        jobs = ["sync_crm", "build_warehouse", "no such job"]
        self.check(client, frame[frame["job_name"].isin(jobs)], job=jobs)

    def test_a_filter_by_several_statuses_matches_all_of_them(self, client, frame):
        self.check(client, frame[frame["status"].isin(["FAILURE", "CANCELED"])], status=["FAILURE", "CANCELED"])

    def test_a_filter_by_tag_matches_only_this_value(self, client, frame):
        team = frame["tags"].map(lambda tags: tags.get("team"))
        self.check(client, frame[team == "finance"], tags={"team": "finance"})

    def test_a_filter_with_a_list_of_values_matches_any_of_them(self, client, frame):
        team = frame["tags"].map(lambda tags: tags.get("team"))
        wanted = frame[team.isin(["finance", "crm"]) & (frame["status"] == "FAILURE")]
        self.check(client, wanted, tags={"team": ["finance", "crm"]}, status="FAILURE")

    def test_a_filter_by_run_ids_keeps_the_order_of_all_runs(self, client, frame):
        wanted = frame.iloc[[5, 17, SOME - 1, 4]].sort_index()
        self.check(client, wanted, run_ids=[*wanted["run_id"][::-1], str(uuid.uuid4())])

    def test_a_filter_can_contain_more_than_a_thousand_run_ids(self, client, frame):
        wanted = frame.sample(1200, random_state=0).sort_index()
        self.check(client, wanted, run_ids=wanted["run_id"].sample(frac=1, random_state=1))

    def test_filters_by_time_have_exclusive_bounds(self, client, frame):
        after, before = frame["creation_time"].iloc[2_000], frame["creation_time"].iloc[1_000]
        created = frame["creation_time"]
        self.check(client, frame[created > after], created_after=after)
        self.check(client, frame[created < before], created_before=before)
        self.check(client, frame[(created > after) & (created < before)], created_after=after, created_before=before)
        updated = frame["update_time"]
        self.check(client, frame[updated > after], updated_after=after.isoformat())
        self.check(client, frame[updated < before], updated_before=before.to_pydatetime())

    def test_a_filter_by_location_matches_only_its_runs(self, client):
        assert client.count_runs(location="shop") == SOME
        assert client.runs(location="elsewhere").empty
        assert client.runs(location=["elsewhere", "shop"], limit=7)["location"].tolist() == ["shop"] * 7

    def test_a_limit_returns_exactly_the_newest_runs(self, client, frame):
        for limit in (1, 500, 501, 2_345):
            assert client.runs(limit=limit)["run_id"].tolist() == frame["run_id"].tolist()[:limit]
        jobs = ["sync_crm", "build_warehouse"]
        wanted = frame[frame["job_name"].isin(jobs)]["run_id"].tolist()[:600]
        assert client.runs(job=jobs, limit=600)["run_id"].tolist() == wanted


class TestDeletedCursors:
    """A client that reads while runs are deleted returns every remaining run once and in order."""

    @pytest.fixture
    def small(self, tmp_path):
        write_history(tmp_path, runs=1_000, seed=3)
        with LocalDagster(tmp_path, python_file=DEFINITIONS, location="shop", daemon=False) as server:
            yield server

    def test_no_other_run_is_lost_if_runs_are_deleted_while_reading(self, small, monkeypatch):
        from dagster import DagsterInstance, DagsterRun, DagsterRunStatus

        # Request few ids at a time, so that the test also deletes runs that serve as cursors in the list of ids.
        monkeypatch.setattr("dagster_nb.graphql.run_paging._IDS_PER_REQUEST", 200)
        with (
            dnb.connect(small.url, progress=False) as client,
            DagsterInstance.from_config(str(small.home)) as instance,
        ):
            storage = instance.run_storage
            for in_a_row in (1, 20):
                before = client.runs()["run_id"].tolist()
                deleted, added, read = set(), set(), []
                for page in client.iter_runs(page_size=100):
                    read += page["run_id"].tolist()
                    # Delete the last runs of the page, including the run whose id is the next cursor. At every second
                    # page, this run is also the cursor of the next request for ids.
                    for run_id in read[-in_a_row:]:
                        storage.delete_run(run_id)
                        deleted.add(run_id)
                    fresh = str(uuid.uuid4())
                    storage.add_run(DagsterRun("quick", fresh, status=DagsterRunStatus.SUCCESS))
                    added.add(fresh)
                assert len(deleted) >= 8 * in_a_row
                assert len(read) == len(set(read))
                assert set(before) - deleted <= set(read) <= set(before)
                assert read == [run_id for run_id in before if run_id in set(read)]
                assert not added & set(read)


def test_concatenated_pages_equal_the_whole_frame(client, frame):
    pages = list(client.iter_runs(page_size=800))
    assert [len(page) for page in pages[:3]] == [800, 800, 800]
    pd.testing.assert_frame_equal(pd.concat(pages, ignore_index=True), frame)


def test_one_process_can_read_two_servers_several_times(some, server):
    for _ in range(3):
        with dnb.connect(some.url) as first, dnb.connect(server.url) as second:
            assert first.count_runs() == SOME
            assert second.count_runs() < SOME


def test_the_asynchronous_client_returns_the_same_frame(some, frame):
    async def read():
        async with dnb.AsyncDagsterClient(some.url) as client:
            pages = [page async for page in client.iter_runs(limit=1_500)]
            return await client.runs(limit=1_500), pages

    whole, pages = asyncio.run(read())
    pd.testing.assert_frame_equal(whole, frame.head(1_500))
    pd.testing.assert_frame_equal(pd.concat(pages, ignore_index=True), whole)


def test_the_client_works_in_the_kernel_of_a_notebook(some):
    import nbformat
    from nbclient import NotebookClient

    cells = [
        "import dagster_nb as dnb\nclient = dnb.connect()",
        "runs = client.runs()\nprint(len(runs))",
        "client",
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    ran = NotebookClient(notebook, timeout=240, kernel_name="python3")
    ran.execute(env={**__import__("os").environ, "DAGSTER_NB_URL": some.url})
    assert notebook.cells[1].outputs[-1]["text"] == f"{SOME}\n"
    assert some.url in notebook.cells[2].outputs[0]["data"]["text/html"]


def test_the_client_works_in_plain_python(some):
    code = f"import dagster_nb as dnb; print(dnb.connect({some.url!r}).count_runs())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=240)
    assert (done.stdout, done.stderr) == (f"{SOME}\n", "")
