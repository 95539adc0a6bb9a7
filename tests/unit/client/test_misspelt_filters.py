"""A misspelt job, location or tag key in a filter causes a warning. The check needs no request if any run matches."""

import warnings

import pytest

import dagster_nb as dnb
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
def test_a_misspelt_name_causes_a_warning(dagster, filters, problem, similar):
    with dagster.connect() as client, warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert client.runs(**filters).empty
    messages = [str(one.message) for one in caught if issubclass(one.category, dnb.DagsterNbWarning)]
    expected = [] if similar is None else [f"{problem}. Did you mean {similar!r}?"]
    assert messages == expected


def test_an_existing_name_without_runs_causes_no_warning(dagster):
    with dagster.connect() as client:
        assert client.runs(job="train_forecast").empty
        assert client.runs(tags={"team": "ml"}).empty
        assert client.runs(location="etl", status="FAILURE").empty


def test_tags_added_by_dagster_cause_no_warning(dagster):
    dagster.runs[0]["tags"] = [{"key": "dagster/schedule_name", "value": "hourly"}]
    with dagster.connect() as client:
        assert client.runs(tags={"dagster/sensor_name": "s"}).empty


def test_a_deleted_job_with_runs_causes_no_warning(dagster):
    dagster.runs.append(make_run(3, jobName="ingest_order"))
    with dagster.connect() as client:
        assert client.runs(job="ingest_order", status="FAILURE").empty


def test_a_result_with_runs_needs_no_further_requests(dagster):
    with dagster.connect() as client:
        dagster.requests.clear()
        assert len(client.runs(job=["ingest_orders", "ingest_ordres"], tags={"team": ["data", "mll"]})) == 3
        assert "Repositories" not in dagster.operations
        dagster.requests.clear()
        assert client.runs(job=[]).empty
        assert dagster.operations == []


def test_there_is_no_warning_if_the_names_cannot_be_read(dagster):
    with dagster.connect() as client:
        dagster.answer(None, operation="Repositories", status=500)
        assert client.runs(job="ingest_ordres").empty
