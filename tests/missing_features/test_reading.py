"""Runs can be read from a server that lacks a feature of newer versions, or that has an unknown feature."""

from __future__ import annotations

from typing import Any

import anyio
import pandas as pd
import pytest
from graphql import build_schema, print_ast
from hypothesis import given, settings
from hypothesis import strategies as st

import dagster_nb as dnb
from tests.unit import altered_schemas
from tests.unit.fake import FakeDagster, make_run

HALF_A_SECOND = 500_000
START = 1_700_000_000_000_000
JOBS = ["ingest", "nightly"]
STATUSES = ["QUEUED", "STARTED", "SUCCESS", "FAILURE", "SUSPENDED"]
TEAMS = ["data", "ml"]
LOCATIONS = ["etl", "web"]
INCLUDE = ["run_config", "asset_selection", "op_selection"]

# The columns that are NA if a field is missing
COLUMNS = {
    "Run.jobName": ["job_name"],
    "Run.status": ["status"],
    "Run.creationTime": ["creation_time", "queue_duration"],
    "Run.startTime": ["start_time", "queue_duration", "duration"],
    "Run.endTime": ["end_time", "duration"],
    "Run.updateTime": ["update_time"],
    "Run.repositoryOrigin": ["location", "repository"],
    "RepositoryOrigin.repositoryLocationName": ["location"],
    "RepositoryOrigin.repositoryName": ["repository"],
    "Run.tags": ["tags", "partition_key", "launched_by"],
    "PipelineTag.key": ["tags", "partition_key", "launched_by"],
    "PipelineTag.value": ["tags", "partition_key", "launched_by"],
    "Run.rootRunId": ["root_run_id"],
    "Run.parentRunId": ["parent_run_id"],
    "Run.runConfig": ["run_config"],
    "Run.assetSelection": ["asset_selection"],
    "AssetKey.path": ["asset_selection"],
    "Run.solidSelection": ["op_selection"],
}
ABOUT_RUNS = altered_schemas.losses(
    *("Query", "Run", "RunIds", "Runs", "RunsFilter", "RunStatus", "ExecutionTag", "PipelineTag", "RepositoryOrigin"),
    *("AssetKey", "Error", "PythonError", "Repository", "RepositoryConnection", "RepositoryLocation"),
)

moments = st.integers(0, 5).map(lambda number: START + number * HALF_A_SECOND)
histories = st.lists(
    st.fixed_dictionaries(
        {
            "jobName": st.sampled_from(JOBS),
            "status": st.sampled_from(STATUSES),
            "creationTime": moments,
            "updateTime": moments,
            "tags": st.sampled_from([[], *([{"key": "team", "value": team}] for team in TEAMS)]),
            "location": st.sampled_from(LOCATIONS),
        }
    ),
    max_size=7,
)


def some(of):
    return st.lists(st.sampled_from(of), unique=True)


choices = {
    "job": some(JOBS),
    "status": some(STATUSES),
    "tags": st.sampled_from([{"team": ["data"]}, {"team": ["ml", "data"]}]),
    "run_ids": st.lists(st.integers(0, 8).map(lambda number: make_run(number)["runId"]), unique=True, max_size=5),
    "location": some(LOCATIONS),
    "created_after": moments,
    "created_before": moments,
    "updated_after": moments,
    "updated_before": moments,
}
filter_sets = st.fixed_dictionaries({}, optional=choices)


def make_history(history, *, never=None):
    """Return runs with the given random values, newest first, none of which has the status ``never``."""
    return [
        make_run(
            number,
            jobName=facts["jobName"],
            status=next(status for status in (facts["status"], *STATUSES) if status != never),
            creationTime=facts["creationTime"] / 1_000_000,
            updateTime=facts["updateTime"] / 1_000_000,
            tags=facts["tags"],
            repositoryOrigin={"repositoryLocationName": facts["location"], "repositoryName": "repo"},
            runConfig={"ops": {"load": {"config": number}}},
            assetSelection=[{"path": ["mart", "orders"]}],
            solidSelection=["load"],
        )
        for number, facts in reversed(list(enumerate(history)))
    ]


def matches(run, filters):
    """Return whether a run matches, with a simple, independent implementation of the filters."""
    created, updated = round(run["creationTime"] * 1_000_000), round(run["updateTime"] * 1_000_000)
    team = run["tags"][0]["value"] if run["tags"] else None
    return (
        run["jobName"] in filters.get("job", JOBS)
        and run["status"] in filters.get("status", [run["status"]])
        and ("tags" not in filters or team in filters["tags"]["team"])
        and run["runId"] in filters.get("run_ids", [run["runId"]])
        and run["repositoryOrigin"]["repositoryLocationName"] in filters.get("location", LOCATIONS)
        and filters.get("created_after", 0) < created < filters.get("created_before", created + 1)
        and filters.get("updated_after", 0) < updated < filters.get("updated_before", updated + 1)
    )


@pytest.fixture(scope="module")
def shared():
    repositories = [{"name": "repo", "location": {"name": location}, "jobs": []} for location in LOCATIONS]
    # Request only a few ids at a time, so that even a short history needs several requests.
    with FakeDagster() as fake, pytest.MonkeyPatch.context() as patch:
        patch.setattr("dagster_nb.graphql.run_paging._IDS_PER_REQUEST", 2)
        fake.answers["repositoriesOrError"] = {"__typename": "RepositoryConnection", "nodes": repositories}
        yield fake


def read(fake, filters, **options: Any):
    """Return all matching runs, and their number according to the server."""
    arguments = {
        key: pd.Timestamp(value, unit="us", tz="UTC") if key.endswith(("_after", "_before")) else value
        for key, value in filters.items()
    }

    async def ask():
        async with fake.async_client() as client:
            frame = await client.runs(**arguments, include=INCLUDE, page_size=3, **options)
            return frame, await client.count_runs(**arguments)

    return anyio.run(ask)


# The features that Dagster 1.5 and 1.6 lack
BEFORE_1_7 = ("RunsFilter.createdAfter", "RunsFilter.updatedBefore", "Run.creationTime")


@pytest.mark.parametrize("bound", ["created_after", "updated_before"])
def test_a_missing_time_filter_is_replaced_by_the_opposite_filter(shared, bound):
    @given(history=histories, filters=filter_sets, value=moments, limit=st.none() | st.integers(0, 5))
    def check(history, filters, value, limit):
        shared.runs, filters = make_history(history), {**filters, bound: value}
        shared.schema = altered_schemas.without(*BEFORE_1_7)
        frame, count = read(shared, filters, limit=limit)
        expected = [run["runId"] for run in shared.runs if matches(run, filters)]
        assert frame["run_id"].tolist() == expected[:limit]
        assert count == len(expected)

    check()


OTHER_FILTERS = {
    "pipelineName": {"job": "nightly"},
    "statuses": {"status": "SUCCESS"},
    "tags": {"tags": {"team": "data"}},
    "runIds": {"run_ids": ["x"]},
    "createdBefore": {"created_before": "2026-01-01"},
    "updatedAfter": {"updated_after": "2026-01-01"},
}


@pytest.mark.parametrize("missing", OTHER_FILTERS)
def test_any_other_filter_that_the_server_lacks_raises_an_error_before_the_first_request(shared, missing):
    shared.runs = [make_run(0)]
    shared.schema = altered_schemas.without(f"RunsFilter.{missing}")
    with shared.connect() as client:
        for ask in (client.runs, client.count_runs):
            with pytest.raises(dnb.UnsupportedServerError, match=missing):
                ask(**OTHER_FILTERS[missing])
        assert len(client.runs()) == 1


# Features that are required for all reads, for reads with filters, or for reads of several pages
NEEDED = (
    "Query.runsOrError", "Query.runIdsOrError", "Query.repositoriesOrError", "Run.runId", "Runs.results", "Runs.count",
    "RunIds.results", "RunsFilter.", "ExecutionTag.", "Repository.", "RepositoryConnection.", "RepositoryLocation.",
)  # fmt: skip


# Use three times as many examples as usual, because there are about ninety features to remove.
@settings(max_examples=3 * settings.default.max_examples)
@given(loss=st.sampled_from(ABOUT_RUNS), history=histories, filters=filter_sets, limit=st.none() | st.integers(0, 5))
def test_a_missing_feature_changes_no_runs_or_is_named_in_an_error(shared, loss, history, filters, limit):
    shared.runs = make_history(history, never=loss.removeprefix("RunStatus."))
    expected = [run["runId"] for run in shared.runs if matches(run, filters)]
    shared.schema = altered_schemas.without()
    complete, _ = read(shared, filters, limit=limit)
    shared.schema = altered_schemas.without(loss)
    try:
        frame, count = read(shared, filters, limit=limit)
    except dnb.UnsupportedServerError as error:
        assert loss.startswith(NEEDED)
        assert loss.rpartition(".")[2].partition("(")[0] in str(error)  # noqa: PT017 - one of two valid outcomes
        return
    assert frame["run_id"].tolist() == expected[:limit]
    assert count == len(expected)
    missing = COLUMNS.get(loss, [])
    assert frame[missing].isna().all(axis=None)
    pd.testing.assert_frame_equal(frame.drop(columns=missing), complete.drop(columns=missing))
    assert frame.dtypes.equals(complete.dtypes)


# Features that disappear together with a type
TYPES = {
    "AssetKey": ["Run.assetSelection"],
    "Error": [],
    "ExecutionTag": [],
    "PipelineTag": ["Run.tags"],
    "PythonError": [],
    "Repository": [],
    "RepositoryConnection": [],
    "RepositoryLocation": [],
    "RepositoryOrigin": ["Run.repositoryOrigin"],
    "RunStatus": ["Run.status"],
}


@pytest.mark.parametrize("kind", TYPES)
def test_a_missing_type_does_not_change_which_runs_are_read(shared, kind):
    shared.runs = [make_run(number) for number in reversed(range(5))]
    shared.schema = altered_schemas.without()
    complete, _ = read(shared, {})
    shared.schema = altered_schemas.without_type(kind)
    frame, count = read(shared, {})
    assert count == 5
    missing = [column for field in TYPES[kind] for column in COLUMNS[field]]
    assert frame[missing].isna().all(axis=None)
    pd.testing.assert_frame_equal(frame.drop(columns=missing), complete.drop(columns=missing))
    assert frame.dtypes.equals(complete.dtypes)


@pytest.mark.parametrize("kind", ["Run", "Runs", "RunsFilter"])
def test_a_schema_without_a_type_for_runs_causes_a_clear_error(shared, kind):
    shared.runs = [make_run(0)]
    shared.schema = altered_schemas.without_type(kind)
    with pytest.raises(dnb.UnsupportedServerError, match="lacks a required feature"):
        read(shared, {})


@pytest.mark.parametrize("loss", [loss for loss in ABOUT_RUNS if not loss.startswith(NEEDED)])
def test_a_deleted_cursor_hides_no_run_if_a_feature_is_missing(shared, loss):
    status = "FAILURE" if loss == "RunStatus.SUCCESS" else "SUCCESS"
    shared.runs = [make_run(number, status=status) for number in reversed(range(6))]
    shared.schema = altered_schemas.without(loss)

    def delete_the_cursor(operation):
        if operation == "Runs" and len(shared.runs) == 6 and shared.requests[-1][1].get("cursor"):
            shared.delete(shared.requests[-1][1]["cursor"])

    shared.before = delete_the_cursor
    try:
        frame, _ = read(shared, {})
    finally:
        shared.before = lambda _: None
    assert len(shared.runs) == 5
    assert frame["run_id"].tolist()[-3:] == shared.ids[-3:]
    assert set(shared.ids) <= set(frame["run_id"])


@given(history=histories, filters=filter_sets, places=st.sets(st.integers(0, 6)))
def test_an_unknown_status_can_be_read_and_used_as_a_filter(shared, history, filters, places):
    shared.runs = make_history(history)
    for place in places & set(range(len(history))):
        shared.runs[place]["status"] = "HIBERNATING"
    shared.schema = altered_schemas.with_status("HIBERNATING")
    expected = [run["runId"] for run in shared.runs if matches(run, filters)]
    frame, _ = read(shared, filters)
    assert frame["run_id"].tolist() == expected
    asleep, count = read(shared, {"status": ["HIBERNATING"]})
    assert asleep["run_id"].tolist() == [run["runId"] for run in shared.runs if run["status"] == "HIBERNATING"]
    assert count == len(asleep)


def test_a_schema_change_during_a_read_does_not_repeat_any_run(shared):
    shared.runs = [make_run(number) for number in reversed(range(6))]
    shared.schema = altered_schemas.without()

    def change_it(operation):
        if operation == "Runs" and shared.operations.count("Runs") == 2:
            shared.schema = altered_schemas.without("RunsFilter.pipelineName")

    shared.requests.clear()
    shared.before = change_it
    try:
        with (
            shared.connect() as client,
            pytest.raises(dnb.UnsupportedServerError, match="pipelineName"),
        ):
            client.runs(job="nightly", page_size=3)
    finally:
        shared.before = lambda _: None


@pytest.mark.parametrize(
    ("was", "becomes", "column"),
    [
        ("updateTime: Float", "updateTime: PipelineTag", "update_time"),
        ("parentRunId: String", "parentRunId(of: Int!): String", "parent_run_id"),
    ],
)
def test_a_field_with_a_different_type_becomes_a_column_of_na(shared, was, becomes, column):
    others, run, runs = print_ast(altered_schemas.newest()).partition("\ntype Run ")
    assert was in runs
    shared.runs = [make_run(number) for number in reversed(range(3))]
    shared.schema = build_schema(others + run + runs.replace(was, becomes, 1), assume_valid=True)
    with shared.connect() as client:
        runs = client.runs()
    assert runs["run_id"].tolist() == shared.ids
    assert runs[column].isna().all()
    assert runs["job_name"].notna().all()


def test_a_deprecated_filter_is_still_used(shared):
    shared.runs = [make_run(number, jobName=JOBS[number % 2]) for number in reversed(range(6))]
    others, one, filters = print_ast(altered_schemas.newest()).partition("\ninput RunsFilter ")
    text = others + one + filters.replace("pipelineName: String", "pipelineName: String @deprecated", 1)
    shared.schema = build_schema(text, assume_valid=True)
    with shared.connect() as client:
        shared.requests.clear()
        assert client.count_runs(job="ingest") == 3
    assert shared.requests == [("RunCount", {"filter": {"pipelineName": "ingest"}})]


def test_a_server_with_all_features_gets_no_additional_requests(shared):
    shared.runs = make_history([])
    shared.schema = altered_schemas.without()
    shared.requests.clear()
    read(shared, {})
    assert shared.operations == ["Server", "Runs", "RunCount"]


def test_the_schema_is_requested_only_once(shared):
    shared.runs = [make_run(number) for number in reversed(range(9))]
    shared.schema = altered_schemas.without("Run.creationTime")
    shared.requests.clear()
    with shared.connect() as client:
        for _ in range(3):
            assert len(client.runs()) == 9
        assert shared.operations.count("IntrospectionQuery") == 1
        client.graphql_schema()
    assert shared.operations.count("IntrospectionQuery") == 1


def test_new_features_of_an_upgraded_server_are_used(shared):
    shared.runs = [make_run(1, status="SUSPENDED"), make_run(0)]
    shared.schema = altered_schemas.without("RunStatus.SUSPENDED")
    shared.answers["version"] = "1.12.22"
    with shared.connect() as client:
        shared.schema = altered_schemas.without()
        del shared.answers["version"]
        assert len(client.runs(status="SUSPENDED")) == 1
        assert client.version == "1.13.28"


def test_the_error_of_a_server_without_introspection_is_quoted(shared):
    shared.schema = altered_schemas.without("Run.creationTime")
    with shared.connect() as client:
        refusal = {"status": 400, "text": '{"errors": [{"message": "introspection is disabled"}]}'}
        shared.answer(requests=None, operation="IntrospectionQuery", content_type="application/json", **refusal)
        try:
            with pytest.raises(dnb.QueryError, match="Cannot query field 'creationTime'"):
                client.runs()
        finally:
            shared.faults.clear()
