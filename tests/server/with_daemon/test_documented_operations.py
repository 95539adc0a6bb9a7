"""Each operation in Dagster's documentation of its GraphQL API, compared with the method that replaces it."""

from __future__ import annotations

import pytest

RUNS = """
query PaginatedRunsQuery($cursor: String) {
  runsOrError(cursor: $cursor, limit: 10) {
    __typename
    ... on Runs { results { runId jobName status runConfigYaml startTime endTime } }
  }
}
"""
FILTERED = """
query FilteredRunsQuery($cursor: String) {
  runsOrError(filter: { statuses: [FAILURE] }, cursor: $cursor, limit: 10) {
    __typename
    ... on Runs { results { runId jobName status runConfigYaml startTime endTime } }
  }
}
"""
REPOSITORIES = """
query RepositoriesQuery {
  repositoriesOrError { ... on RepositoryConnection { nodes { name location { name } } } }
}
"""
JOBS = """
query JobsQuery($repositoryLocationName: String!, $repositoryName: String!) {
  repositoryOrError(
    repositorySelector: { repositoryLocationName: $repositoryLocationName, repositoryName: $repositoryName }
  ) { ... on Repository { jobs { name } } }
}
"""
LAUNCH = """
mutation LaunchRunMutation(
  $repositoryLocationName: String!, $repositoryName: String!, $jobName: String!, $runConfigData: RunConfigData!,
  $tags: [ExecutionTag!]
) {
  launchRun(
    executionParams: {
      selector: {
        repositoryLocationName: $repositoryLocationName, repositoryName: $repositoryName, jobName: $jobName
      }
      runConfigData: $runConfigData
      executionMetadata: { tags: $tags }
    }
  ) {
    __typename
    ... on LaunchRunSuccess { run { runId } }
    ... on RunConfigValidationInvalid { errors { message reason } }
    ... on PythonError { message }
  }
}
"""
TERMINATE = """
mutation TerminateRun($runId: String!) {
  terminateRun(runId: $runId) {
    __typename
    ... on TerminateRunSuccess { run { runId } }
    ... on TerminateRunFailure { message }
    ... on RunNotFoundError { runId }
    ... on PythonError { message stack }
  }
}
"""


@pytest.fixture(scope="module")
def where(client):
    repository = client.repositories().iloc[0]
    return {"repositoryLocationName": repository["location"], "repositoryName": repository["repository"]}


@pytest.fixture(scope="module")
def runs(client):
    frame = client.launch_many([{"job": "quick", "tags": {"n": str(number)}} for number in range(12)])
    client.terminate(frame, force=True)
    return frame


@pytest.mark.usefixtures("runs")
def test_runs_page_by_page(client):
    first = client.query(RUNS, {"cursor": None})["runsOrError"]["results"]
    second = client.query(RUNS, {"cursor": first[-1]["runId"]})["runsOrError"]["results"]
    assert [run["runId"] for run in first + second] == client.runs(limit=20)["run_id"].tolist()[: len(first + second)]
    assert len(second) >= 2


@pytest.mark.usefixtures("runs")
def test_filtered_runs(client):
    found = client.query(FILTERED, {"cursor": None})["runsOrError"]["results"]
    assert [run["runId"] for run in found] == client.runs(status="FAILURE", limit=10)["run_id"].tolist()


def test_repositories(client):
    nodes = client.query(REPOSITORIES)["repositoriesOrError"]["nodes"]
    frame = client.repositories()
    assert [(node["name"], node["location"]["name"]) for node in nodes] == list(
        zip(frame["repository"], frame["location"], strict=True)
    )


def test_jobs_of_a_repository(client, where):
    jobs = client.query(JOBS, where)["repositoryOrError"]["jobs"]
    visible = {job["name"] for job in jobs if not job["name"].startswith("__")}
    assert visible == set(client.jobs()["job_name"]) >= {"quick", "strict"}


def test_a_launch_with_a_valid_config_and_its_termination(client, where):
    variables = {
        **where,
        "jobName": "hang",
        "runConfigData": {},
        "tags": [{"key": "from", "value": "the documentation"}],
    }
    answer = client.query(LAUNCH, variables)["launchRun"]
    assert answer["__typename"] == "LaunchRunSuccess"
    run = client.run(answer["run"]["runId"])
    assert run.tags["from"] == "the documentation"
    stopped = client.query(TERMINATE, {"runId": run.run_id})["terminateRun"]
    assert stopped == {"__typename": "TerminateRunSuccess", "run": {"runId": run.run_id}}
    assert run.wait(timeout=240).status == "CANCELED"


def test_a_launch_with_an_invalid_config(client, where):
    config = {"ops": {"load": {"config": {"rows": "many"}}}}
    answer = client.query(LAUNCH, {**where, "jobName": "quick", "runConfigData": config, "tags": []})["launchRun"]
    assert answer["__typename"] == "RunConfigValidationInvalid"
    assert answer["errors"][0]["reason"] == "RUNTIME_TYPE_MISMATCH"


def test_the_schema_is_read_once(client):
    schema = client.graphql_schema()
    assert schema is client.graphql_schema()
    assert "runId" in schema.type_map["Run"].fields
    assert schema.type_map["Run"].fields["canTerminate"].type is not None
