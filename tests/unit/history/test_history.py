"""A history returns the same data as a client, and a refresh reads only what has changed."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor

import pandas as pd
import pytest

import dagster_nb as dnb
from dagster_nb.frames.runs import runs_frame
from dagster_nb.history import refresh as refresh_module
from dagster_nb.history.location import default_path
from dagster_nb.history.opening import history_of
from tests.unit.fake import FakeDagster, make_run
from tests.unit.history.frame_source import FrameSource

INCLUDE = ("run_config", "asset_selection", "op_selection")
ODD = 'a,"b\\"}\n{"team":"data"} \ud83d 名前'.encode("utf-8", "replace").decode()


@pytest.fixture
def fake():
    with FakeDagster() as server:
        server.runs = [make_run(number) for number in reversed(range(500))]
        server.runs[0].update(status="STARTED", endTime=None, runConfig={"ops": {"a": {"config": {"n": 1}}}})
        server.runs[1].update(status="FAILURE", jobName=ODD, solidSelection=["a", "b"])
        server.runs[2].update(status="CANCELED", startTime=1_700_000_500.0, endTime=1_700_000_500.0)
        server.runs[3].update(repositoryOrigin=None, assetSelection=[{"path": ["a", "b"]}])
        server.runs[4]["tags"] = [{"key": "team", "value": "data"}, {"key": ODD, "value": ODD}]
        server.runs[5]["tags"] = [{"key": "xteam", "value": "data"}, {"key": 'x"team', "value": "data"}]
        server.runs[6]["tags"] = [{"key": "note", "value": '","team":"data"'}, {"key": "team", "value": 'data"'}]
        server.runs[7]["tags"] = [{"key": "team", "value": "ml"}, {"key": "env", "value": "prod"}]
        yield server


@pytest.fixture
def client(fake):
    with fake.connect() as client:
        yield client


@pytest.fixture
def history(client, tmp_path):
    history = client.history(tmp_path / "history")
    history.refresh()
    return history


def assert_equals_a_full_read(history, client):
    pd.testing.assert_frame_equal(history.runs(include=INCLUDE), client.runs(include=INCLUDE))


def test_a_history_has_the_same_runs_as_the_client(history, client):
    assert_equals_a_full_read(history, client)
    assert history.count_runs() == 500
    attrs = history.runs(job="nightly", limit=3).attrs["dagster_nb"]
    assert attrs["url"] == client.url
    assert attrs["filters"] == {"job": ["nightly"], "limit": 3}
    assert attrs["fetched_at"] == history.synced_at.isoformat()


@pytest.mark.parametrize(
    "filters",
    [
        {"job": ODD},
        {"job": ["nightly", "other"], "limit": 7},
        {"status": ["FAILURE", "CANCELED"]},
        {"location": "etl"},
        {"location": "elsewhere"},
        {"tags": {"team": "data"}},
        {"tags": {"team": ["data", "ml"], "env": "prod"}},
        {"tags": {ODD: ODD}},
        {"tags": {"team": 'data"'}},
        {"tags": {".dagster/repository": "repo@etl"}},
        {"created_after": "2023-11-14T22:20:00", "created_before": "2023-11-14T22:21:00"},
        {"updated_after": "2023-11-14T22:20:00", "updated_before": "2023-11-14T22:21:00"},
        {"created_before": "1960-01-01"},
        {"created_after": "1960-01-01", "limit": 0},
        {"run_ids": []},
        {"include": "run_config", "limit": 2},
    ],
    ids=str,
)
def test_filters_select_the_same_runs_as_the_filters_of_the_client(history, client, fake, filters):
    from tests.unit.fake.runs import matching

    fake.answers["repositoriesOrError"] = {
        "__typename": "RepositoryConnection",
        "nodes": [{"name": "repo", "location": {"name": "etl"}}],
    }
    if "location" in filters:
        label = {"key": ".dagster/repository", "value": f"repo@{filters['location']}"}
        expected = [run["runId"] for run in matching(fake.runs, {"tags": [label]})]
    else:
        expected = client.runs(**filters)["run_id"].tolist()
    found = history.runs(**filters)
    assert found["run_id"].tolist() == expected
    if "limit" not in filters:
        assert history.count_runs(**filters) == len(expected)
    if "include" not in filters:
        pages = list(history.iter_runs(page_size=50, **filters))
        assert [run_id for page in pages for run_id in page["run_id"]] == expected
        assert all(len(page) <= 50 for page in pages)
    assert found.dtypes.equals(client.runs(limit=0, include=filters.get("include", ())).dtypes)


def test_numbers_in_a_run_config_are_exact(client, fake, tmp_path):
    fake.runs[0]["runConfig"] = {"big": 2**70, "small": 1e-05, "ratio": 0.1}
    history = client.history(tmp_path / "numbers")
    history.refresh()
    kept = history.runs(include="run_config", run_ids=fake.runs[0]["runId"])["run_config"].iloc[0]
    assert kept == {"big": 2**70, "small": 1e-05, "ratio": 0.1}
    assert isinstance(kept["big"], int)


def test_a_history_accepts_the_same_run_ids_as_a_client(history, client):
    run = client.run(client.runs(limit=1))
    for runs in (run, run.run_id, [run], client.runs(limit=1)):
        assert history.runs(run_ids=runs)["run_id"].tolist() == [run.run_id]


def test_invalid_arguments_are_rejected(history):
    with pytest.raises(ValueError, match="'NOPE' is not a run status"):
        history.runs(status="NOPE")
    with pytest.raises(ValueError, match="not a point in time"):
        history.count_runs(created_after="yesterday")
    with pytest.raises(ValueError, match="must not be negative"):
        history.runs(limit=-1)
    with pytest.raises(ValueError, match="include does not accept"):
        history.iter_runs(include="config")
    with pytest.raises(ValueError, match="page_size"):
        history.iter_runs(page_size=0)


def test_the_statuses_of_stored_runs_can_be_used_as_filters(fake, client, history):
    assert history.runs(status="FAILURE")["status"].cat.categories.tolist()[-1] == "CANCELED"
    with pytest.raises(ValueError, match="NOT_YET_KNOWN"):
        history.runs(status="NOT_YET_KNOWN")


def test_a_refresh_reads_only_changed_and_unfinished_runs_and_one_page_of_ids(fake, client, history):
    fake.runs[300].update(status="FAILURE", updateTime=1_700_009_000.0)
    fake.runs[301]["tags"] = [{"key": "new", "value": "tag"}]
    fake.runs[301]["updateTime"] = 1_700_009_000.5
    # This run has an old update time, because its last event was stored late.
    fake.runs[0].update(status="SUCCESS", endTime=1_700_000_600.0, updateTime=1_600_000_000.0)
    fake.runs.insert(0, make_run(500, updateTime=1_700_009_001.0))
    fake.requests.clear()
    result = history.refresh(overlap="1s")
    assert (result.added, result.updated, result.deleted) == (1, 3, 0)
    assert str(result) == "1 new run, 3 changed, 0 deleted"
    # All new runs are on one page of ids, and the number of runs shows that none was deleted. A request for the next
    # page may already have been sent.
    cursors = [variables["cursor"] for name, variables in fake.requests if name == "RunIds"]
    assert cursors[0] is None
    assert len(cursors) <= 2
    assert_equals_a_full_read(history, client)


def test_the_first_refresh_reads_each_run_once(fake, client, tmp_path):
    for run in fake.runs[10:]:
        run["updateTime"] -= 100_000
    client.history(tmp_path).refresh()
    filters = [variables["filter"] for name, variables in fake.requests if name == "Runs" and not variables["cursor"]]
    assert filters[0] == {}
    assert all("updatedAfter" in one or "runIds" in one for one in filters[1:])


def test_a_refresh_without_changes_writes_no_files(history, tmp_path):
    before = sorted((tmp_path / "history" / "runs").glob("*.parquet"))
    result = history.refresh()
    assert (result.added, result.updated, result.deleted) == (0, 0, 0)
    assert sorted((tmp_path / "history" / "runs").glob("*.parquet")) == before


def test_deleted_runs_are_kept_and_can_reappear(fake, client, history):
    deleted, run = fake.ids[10], fake.runs[10]
    fake.delete(deleted)
    assert history.refresh().deleted == 1
    assert_equals_a_full_read(history, client)
    assert history.count_runs(deleted=True) == 500
    kept = history.runs(deleted=True).set_index("run_id")["deleted_at"]
    assert kept.dropna().index.tolist() == [deleted]
    assert kept[deleted] == history.synced_at
    assert "1 of them deleted by Dagster" in repr(history)
    fake.runs.insert(10, run)
    history.refresh()
    assert history.runs(deleted=True)["deleted_at"].isna().all()
    assert_equals_a_full_read(history, client)


def test_a_new_run_with_an_old_update_time_is_found_by_counting(fake, client, history):
    fake.runs.insert(100, make_run(9_000, creationTime=1_700_000_399.5, updateTime=1_500_000_000.0))
    assert history.refresh(overlap="1s").added == 1
    assert history.count_runs() == client.count_runs()


def test_an_interrupted_first_refresh_is_continued(fake, client, tmp_path, monkeypatch):
    monkeypatch.setattr(refresh_module, "_RUNS_PER_COMMIT", 100)
    history = client.history(tmp_path)
    pages = client.iter_runs(include=INCLUDE, page_size=100)

    def interrupted(**_):
        yield next(pages)
        yield next(pages)
        raise KeyboardInterrupt

    monkeypatch.setattr(history._source, "iter_runs", interrupted)
    with pytest.raises(KeyboardInterrupt):
        history.refresh()
    monkeypatch.undo()
    stored = dnb.open_history(tmp_path)
    assert stored.synced_at is None
    assert stored.count_runs() == 200
    assert "not completed yet" in repr(stored)
    history = client.history(tmp_path)
    # When the first refresh continues, it does not read this run again, but it must still notice the change.
    fake.runs[5].update(status="FAILURE", updateTime=1_700_009_000.0)
    fake.requests.clear()
    history.refresh(overlap="1s")
    filters = [variables["filter"] for name, variables in fake.requests if name == "Runs"]
    assert "createdBefore" in filters[0]
    assert_equals_a_full_read(history, client)


def test_two_refreshes_can_run_concurrently(fake, tmp_path, monkeypatch):
    monkeypatch.setattr(refresh_module, "_RUNS_PER_COMMIT", 50)
    with fake.connect() as first, fake.connect() as second, ThreadPoolExecutor() as threads:
        for round_number in range(3):
            fake.runs.insert(0, make_run(1_000 + round_number))
            fake.delete(fake.ids[20])
            histories = [one.history(tmp_path) for one in (first, second)]
            for future in [threads.submit(one.refresh) for one in histories]:
                future.result()
            assert histories[0].runs()["run_id"].is_unique
            histories[1].refresh()
            assert_equals_a_full_read(histories[0], first)


def test_a_history_rejects_the_runs_of_another_deployment(fake, client, history, tmp_path):
    with FakeDagster() as other:
        other.runs = [make_run(number) for number in range(9_000, 9_010)]
        with other.connect() as other_client:
            same_address = other_client.history(tmp_path / "history")
            with pytest.raises(dnb.HistoryError, match=r"none of the 500 runs.*Nothing was changed"):
                same_address.refresh()
            assert_equals_a_full_read(history, client)
            result = same_address.refresh(all_deleted=True)
    assert (result.added, result.deleted) == (10, 500)


def test_an_empty_history_belongs_to_the_address_of_its_deployment(tmp_path):
    with FakeDagster() as fake, fake.connect() as client, dnb.connect(fake.url, progress=False) as elsewhere:
        client.history(tmp_path).refresh()
        with pytest.raises(dnb.HistoryError, match="connect to http://fake:3000"):
            elsewhere.history(tmp_path).refresh()


def test_a_deployment_may_change_its_address(fake, history, tmp_path):
    with dnb.connect(fake.url, progress=False) as elsewhere:
        moved = elsewhere.history(tmp_path / "history")
        moved.refresh()
        assert_equals_a_full_read(moved, elsewhere)


def test_a_history_opens_without_a_server(history, client, tmp_path):
    opened = dnb.open_history(tmp_path / "history")
    pd.testing.assert_frame_equal(opened.runs(), client.runs())
    assert opened.url == client.url
    assert opened.path == str(tmp_path / "history")
    with pytest.raises(dnb.DagsterNbError, match=r"opened without a client.*dnb.connect\('http://fake:3000'\)"):
        opened.refresh()


def test_the_repr_gives_the_number_of_runs_and_the_last_refresh(history):
    assert "500 runs" in repr(history)
    assert "since: 2023-11-14 22:13:20" in repr(history)
    html = history._repr_html_()
    assert "500 runs" in html
    assert f"{history.synced_at:%Y-%m-%d %H:%M:%S} UTC" in html


def test_a_history_without_runs_is_empty(tmp_path):
    with FakeDagster() as fake, fake.connect() as client:
        history = client.history(tmp_path)
        assert "call refresh()" in repr(history)
        with pytest.raises(dnb.HistoryError, match="no history at"):
            history.runs()
        history.refresh()
        assert_equals_a_full_read(history, client)
        assert list(history.iter_runs()) == []
        fake.runs = [make_run(1)]
        history.refresh()
        assert_equals_a_full_read(history, client)


def test_compacting_joins_files_and_keeps_all_runs(fake, client, history, tmp_path, monkeypatch):
    monkeypatch.setattr("dagster_nb.history.table._MAX_SMALL_FILES", 3)
    for number in range(501, 508):
        fake.runs.insert(0, make_run(number))
        history.refresh()
        assert history._table.file_count <= 5
    history.compact()
    assert history._table.file_count == 1
    assert_equals_a_full_read(history, client)


def test_a_history_works_without_creation_times(tmp_path):
    source = FrameSource([make_run(number, creationTime=None) for number in reversed(range(20))])
    history = history_of(source, tmp_path, None)

    def check():
        history.refresh()
        expected = runs_frame(source.records, include=INCLUDE)
        pd.testing.assert_frame_equal(history.runs(include=INCLUDE), expected)

    check()
    del source.records[3]
    source.records[0] = make_run(19, creationTime=None, status="FAILURE", updateTime=1_800_000_000.0)
    check()
    assert sum(map(len, history.iter_runs(page_size=5))) == 19
    # After an upgrade, the server provides creation times. A refresh must add them to the runs that it reads again.
    source.records = [{**one, "creationTime": one["startTime"] - 1} for one in source.records]
    history.refresh()
    assert sorted(history.runs()["run_id"]) == sorted(one["runId"] for one in source.records)
    assert history.runs(limit=1)["creation_time"].notna().all()


def test_the_error_for_a_missing_extra_contains_the_pip_command(client, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "deltalake", None)
    for use in (client.history, lambda: dnb.open_history(tmp_path)):
        with pytest.raises(dnb.MissingExtraError, match=r"dagster_nb\[history\]"):
            use()


def test_each_deployment_has_its_own_default_path():
    paths = {default_path(url) for url in ("http://a:3000", "https://a:3000", "http://a:3000/x", "http://a:30/00/x")}
    assert len(paths) == 4
