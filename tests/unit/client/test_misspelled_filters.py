"""A misspelled job, location or tag key in a filter causes a warning. The check needs no request if any run matches."""

import asyncio
import warnings

import pandas as pd
import pytest

import dagster_nb as dnb
from dagster_nb.panels.explorer import RunExplorer
from dagster_nb.similar_names import unchecked_names
from tests.unit.fake import FakeDagster, make_run

TAGS = [{"key": "team", "value": "data"}]


@pytest.fixture
def dagster():
    with FakeDagster() as fake:
        fake.runs = [make_run(number, jobName="ingest_orders", tags=TAGS) for number in (2, 1, 0)]
        jobs = [
            {"name": name, "description": None, "isAssetJob": False, "tags": []}
            for name in ("ingest_orders", "train_forecast")
        ]
        node = {"name": "repo", "location": {"name": "etl"}, "pipelines": jobs}
        fake.answers = {
            "repositoriesOrError": {"__typename": "RepositoryConnection", "nodes": [node]},
            "workspaceOrError": {
                "__typename": "Workspace",
                "locationEntries": [
                    {"name": "etl", "loadStatus": "LOADED", "updatedTimestamp": 1.0, "locationOrLoadError": None}
                ],
            },
        }
        yield fake


METHODS = {
    "runs": lambda client, **filters: client.runs(**filters).empty,
    "iter_runs": lambda client, **filters: not list(client.iter_runs(**filters)),
    "count_runs": lambda client, **filters: client.count_runs(**filters) == 0,
}


@pytest.mark.parametrize("is_empty", METHODS.values(), ids=METHODS)
@pytest.mark.parametrize(
    ("filters", "problem", "similar"),
    [
        ({"job": "ingest_ordres"}, "There is no job 'ingest_ordres'", "ingest_orders"),
        ({"job": "Train_Forecast"}, "There is no job 'Train_Forecast'", "train_forecast"),
        ({"location": "elt1"}, "There is no code location 'elt1'", None),
        ({"location": "etll"}, "There is no code location 'etll'", "etl"),
        ({"tags": {"taem": "data"}}, "None of the newest runs has a tag with the key 'taem'", "team"),
    ],
)
def test_a_misspelled_name_causes_a_warning(dagster, filters, problem, similar, is_empty):
    with dagster.connect() as client, warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert is_empty(client, **filters)
    messages = [str(one.message) for one in caught if issubclass(one.category, dnb.DagsterNbWarning)]
    expected = [] if similar is None else [f"{problem}. Did you mean {similar!r}?"]
    assert messages == expected


@pytest.mark.parametrize("is_empty", METHODS.values(), ids=METHODS)
def test_an_existing_name_without_runs_causes_no_warning(dagster, is_empty):
    with dagster.connect() as client:
        assert is_empty(client, job="train_forecast")
        assert is_empty(client, tags={"team": "ml"})
        assert is_empty(client, location="etl", status="FAILURE")


def test_tags_added_by_dagster_cause_no_warning(dagster):
    dagster.runs[0]["tags"] = [{"key": "dagster/schedule_name", "value": "hourly"}]
    with dagster.connect() as client:
        assert client.runs(tags={"dagster/sensor_name": "s"}).empty


def test_a_deleted_job_with_runs_causes_no_warning(dagster):
    dagster.runs.append(make_run(3, jobName="ingest_order"))
    with dagster.connect() as client:
        assert client.runs(job="ingest_order", status="FAILURE").empty


def test_a_result_with_runs_needs_no_further_requests(dagster):
    filters = {"job": ["ingest_orders", "ingest_ordres"], "tags": {"team": ["data", "mll"]}}
    with dagster.connect() as client:
        dagster.requests.clear()
        assert len(client.runs(**filters)) == 3
        assert len(pd.concat(client.iter_runs(**filters))) == 3
        assert client.count_runs(**filters) == 3
        assert "Repositories" not in dagster.operations
        dagster.requests.clear()
        assert client.runs(job=[]).empty
        assert client.count_runs(job=[]) == 0
        assert not list(client.iter_runs(job="ingest_ordres", limit=0))
        assert dagster.operations == []
        assert client.count_runs(tags={"dagster/partition": "2026-01-01"}) == 0
        assert client.count_runs(status="CANCELED") == 0
        assert dagster.operations == ["RunCount", "RunCount"]


def test_there_is_no_warning_if_the_names_cannot_be_read(dagster):
    with dagster.connect() as client:
        dagster.answer(None, operation="Repositories", status=500)
        assert client.runs(job="ingest_ordres").empty


def test_no_further_requests_are_sent_if_names_are_not_checked(dagster):
    with dagster.connect() as client, unchecked_names():
        for is_empty in METHODS.values():
            assert is_empty(client, job="ingest_ordres", tags={"taem": "data"})
        assert not {"Repositories", "Locations"} & set(dagster.operations)


def test_an_explorer_looks_for_misspelled_names_once_and_warns_only_in_the_panel(dagster):
    with dagster.connect() as client:
        explorer = RunExplorer(client, job="ingest_ordres").wait(30)
        assert [one.similar for one in explorer._misspelled.found] == ["ingest_orders"]
        assert dagster.operations.count("Repositories") == 1
        explorer.refresh()
        explorer.wait(30)
        assert dagster.operations.count("Repositories") == 1
        explorer.close()


def test_the_asynchronous_client_warns_too(dagster):
    async def count():
        async with dagster.async_client() as client:
            return await client.count_runs(job="ingest_ordres")

    with pytest.warns(dnb.DagsterNbWarning, match="Did you mean 'ingest_orders'"):
        assert asyncio.run(count()) == 0


@pytest.mark.parametrize("is_empty", METHODS.values(), ids=METHODS)
def test_a_history_warns_without_a_request(dagster, tmp_path, is_empty):
    with dagster.connect() as client:
        history = client.history(tmp_path)
        history.refresh()
        dagster.requests.clear()
        for filters, problem in (
            ({"job": "ingest_ordres"}, "There is no job 'ingest_ordres'. Did you mean 'ingest_orders'?"),
            ({"location": "etll"}, "There is no code location 'etll'. Did you mean 'etl'?"),
            (
                {"tags": {"taem": "data"}},
                "None of the newest runs has a tag with the key 'taem'. Did you mean 'team'?",
            ),
        ):
            with pytest.warns(dnb.DagsterNbWarning) as caught:
                assert is_empty(history, **filters)
            assert [str(one.message) for one in caught] == [problem]
            assert caught[0].filename == __file__
        assert is_empty(history, job="ingest_orders", status="FAILURE")
        assert is_empty(history, job=[])
        with unchecked_names():
            assert is_empty(history, job="ingest_ordres")
        assert dagster.operations == []
