"""With any filter, cursor and limit, the fake Dagster returns the same runs as the installed Dagster."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from dagster import DagsterInstance, DagsterRun, DagsterRunStatus
from dagster._core.storage.runs.schema import RunsTable
from dagster_graphql.schema import create_schema
from graphql import graphql_sync
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.unit.fake import FakeDagster, make_run
from tests.unit.fake.execute_graphql import execute

JOBS = ["ingest", "nightly"]
STATUSES = ["CANCELED", "STARTED", "SUCCESS", "FAILURE"]
TIMES = [1_700_000_000 + number * 0.5 for number in range(4)]
TAGS = [
    [],
    [{"key": "team", "value": "data"}],
    [{"key": "team", "value": "ml"}],
    [{"key": "team", "value": "data"}, {"key": "late", "value": ""}],
]
RUNS = [
    make_run(
        number,
        jobName=JOBS[number % 2],
        status=STATUSES[number % 4],
        creationTime=TIMES[number % 4],
        updateTime=TIMES[number // 3] + 0.000001 * (number % 2),
        tags=TAGS[number // 2 % 4],
        repositoryOrigin={"repositoryLocationName": ["etl", "web"][number // 5 % 2], "repositoryName": "repo"},
    )
    for number in reversed(range(12))
]
ANSWERS = """\
query Answers($filter: RunsFilter, $cursor: String, $limit: Int) {
  runsOrError(filter: $filter, cursor: $cursor, limit: $limit) { ... on Runs { count results { runId } } }
  runIdsOrError(filter: $filter, cursor: $cursor, limit: $limit) { ... on RunIds { results } }
  runsFeedCountOrError(filter: $filter, view: RUNS) { ... on RunsFeedCount { count } }
}"""

ids = st.sampled_from([*(run["runId"] for run in RUNS), "never existed", ""])
bounds = st.sampled_from([0, 1_600_000_000, *TIMES, TIMES[1] + 0.0000004, TIMES[1] + 0.000001])
tag = st.sampled_from(
    [("team", "data"), ("team", "ml"), ("late", ""), (".dagster/repository", "repo@etl"), ("no", "x")]
)
filters = st.fixed_dictionaries(
    {},
    optional={
        "runIds": st.lists(ids, max_size=4),
        "pipelineName": st.sampled_from([*JOBS, "unknown", ""]),
        "statuses": st.lists(st.sampled_from(STATUSES), max_size=3),
        "tags": st.lists(tag.map(lambda pair: {"key": pair[0], "value": pair[1]}), max_size=3),
        "snapshotId": st.just(""),
        "mode": st.sampled_from(["default", "unknown"]),
        "createdAfter": bounds,
        "createdBefore": bounds,
        "updatedAfter": bounds,
        "updatedBefore": bounds,
    },
)


@pytest.fixture(scope="module")
def answer_of_dagster():
    """Return a function that executes the query on the same runs, but with the resolvers of the installed Dagster."""
    schema = create_schema().graphql_schema
    with DagsterInstance.ephemeral() as instance:
        for run in reversed(RUNS):
            add(instance, run)
        context = SimpleNamespace(instance=instance)

        def answer(variables):
            result = graphql_sync(schema, ANSWERS, context_value=context, variable_values=variables)
            assert result.errors is None
            return result.data

        yield answer


def add(instance, run):
    origin = run["repositoryOrigin"]
    instance.add_run(
        DagsterRun(
            run_id=run["runId"],
            job_name=run["jobName"],
            status=DagsterRunStatus(run["status"]),
            tags={
                **{tag["key"]: tag["value"] for tag in run["tags"]},
                ".dagster/repository": f"{origin['repositoryName']}@{origin['repositoryLocationName']}",
            },
        )
    )
    times = {
        column: datetime.fromtimestamp(run[field], UTC).replace(tzinfo=None)
        for column, field in {"create_timestamp": "creationTime", "update_timestamp": "updateTime"}.items()
    }
    with instance.run_storage.connect() as connection:
        connection.execute(RunsTable.update().where(RunsTable.c.run_id == run["runId"]).values(**times))


@settings(max_examples=3 * settings.default.max_examples)
@given(filter_=st.none() | filters, cursor=st.none() | ids, limit=st.none() | st.integers(-1, 13))
@example(filter_={"statuses": [], "runIds": [], "tags": []}, cursor=None, limit=0)
@example(filter_={"tags": [{"key": "team", "value": "ml"}, {"key": "team", "value": "data"}]}, cursor=None, limit=None)
@example(filter_={"pipelineName": "", "snapshotId": "", "createdBefore": 0, "updatedBefore": 0}, cursor="", limit=-1)
@example(filter_=None, cursor="never existed", limit=5)
def test_the_fake_responds_like_the_installed_dagster(answer_of_dagster, filter_, cursor, limit):
    variables = {"filter": filter_, "cursor": cursor, "limit": limit}
    fake = FakeDagster()
    fake.runs = RUNS
    root = {
        "runsOrError": fake.answer_runs,
        "runIdsOrError": fake.answer_run_ids,
        "runsFeedCountOrError": fake.answer_count,
    }
    answer = execute(fake.schema, {"query": ANSWERS, "variables": variables}, root)
    assert answer == {"data": answer_of_dagster(variables)}
