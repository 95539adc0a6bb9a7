"""The GraphQL operations from Dagster's documentation work with `query` and in `%%dagster` cells."""

from __future__ import annotations

import pytest
from dagster import DagsterInstance, DagsterRun, DagsterRunStatus
from IPython.core.interactiveshell import InteractiveShell

from dagster_nb.playground.examples import examples
from tests.server.conftest import wait_until

RUNS, FILTERED, REPOSITORIES, JOBS, LAUNCH, LAUNCH_WITH_TAGS, TERMINATE = examples().values()


@pytest.fixture(scope="module")
def where(client):
    repository = client.repositories().iloc[0]
    return {"repositoryLocationName": repository["location"], "repositoryName": repository["repository"]}


@pytest.fixture(scope="module")
def runs(server):
    # Add the runs without launching them. If this fixture terminated runs that are about to end, Dagster's code server
    # could stop responding: it waits for a lock of the run's process, and the process can exit without releasing it.
    with DagsterInstance.from_config(str(server.home)) as instance:
        for number in range(12):
            status = DagsterRunStatus.FAILURE if number % 4 else DagsterRunStatus.SUCCESS
            instance.add_run(DagsterRun(job_name="quick", status=status))


def wait_until_started(client, run_id):
    """Wait, because Dagster cannot terminate a run that is starting."""
    wait_until(lambda: client.run(run_id).status == "STARTED")


@pytest.mark.usefixtures("runs")
def test_runs_can_be_queried_page_by_page(client):
    first = client.query(RUNS, {"cursor": None})["runsOrError"]["results"]
    second = client.query(RUNS, {"cursor": first[-1]["runId"]})["runsOrError"]["results"]
    assert [run["runId"] for run in first + second] == client.runs(limit=20)["run_id"].tolist()[: len(first + second)]
    assert len(second) >= 2


@pytest.mark.usefixtures("runs")
def test_failed_runs_can_be_queried_with_a_filter(client):
    found = client.query(FILTERED, {"cursor": None})["runsOrError"]["results"]
    assert [run["runId"] for run in found] == client.runs(status="FAILURE", limit=10)["run_id"].tolist()
    assert len(found) >= 9


def test_a_query_returns_all_repositories(client):
    nodes = client.query(REPOSITORIES)["repositoriesOrError"]["nodes"]
    frame = client.repositories()
    assert [(node["name"], node["location"]["name"]) for node in nodes] == list(
        zip(frame["repository"], frame["location"], strict=True)
    )


def test_a_query_returns_the_jobs_of_a_repository(client, where):
    jobs = client.query(JOBS, where)["repositoryOrError"]["jobs"]
    visible = {job["name"] for job in jobs if not job["name"].startswith("__")}
    assert visible == set(client.jobs()["job_name"]) >= {"quick", "strict"}


def test_a_query_can_launch_and_terminate_a_run(client, where):
    variables = {
        **where,
        "jobName": "hang",
        "runConfigData": {},
        "tags": [{"key": "from", "value": "the documentation"}],
    }
    answer = client.query(LAUNCH_WITH_TAGS, variables)["launchRun"]
    assert answer["__typename"] == "LaunchRunSuccess"
    run = client.run(answer["run"]["runId"])
    assert run.tags["from"] == "the documentation"
    wait_until_started(client, run.run_id)
    stopped = client.query(TERMINATE, {"runId": run.run_id})["terminateRun"]
    assert stopped == {"__typename": "TerminateRunSuccess", "run": {"runId": run.run_id}}
    assert run.wait(timeout=240).status == "CANCELED"


def test_an_invalid_config_is_reported_in_the_result_of_a_query(client, where):
    config = {"ops": {"load": {"config": {"rows": "many"}}}}
    answer = client.query(LAUNCH, {**where, "jobName": "quick", "runConfigData": config})["launchRun"]
    assert answer["__typename"] == "RunConfigValidationInvalid"
    assert answer["errors"][0]["reason"] == "RUNTIME_TYPE_MISMATCH"


def test_the_schema_is_read_once(client):
    schema = client.graphql_schema()
    assert schema is client.graphql_schema()
    assert "runId" in schema.type_map["Run"].fields
    assert schema.type_map["Run"].fields["canTerminate"].type is not None


@pytest.mark.usefixtures("runs")
def test_every_documented_operation_runs_unchanged_in_a_cell(client, where):
    shell = InteractiveShell()
    shell.run_line_magic("load_ext", "dagster_nb")
    shell.user_ns |= {"client": client, **where, "jobName": "hang", "runConfigData": {}}
    shell.run_line_magic("dagster", "client --allow-mutations")

    def cell(document, line=""):
        return shell.run_cell_magic("dagster", line, document)

    ids = client.runs(limit=10)["run_id"].tolist()
    assert cell(RUNS, "--frame runsOrError.results")["runId"].tolist() == ids
    assert "results" in cell(FILTERED)["runsOrError"]
    assert cell(REPOSITORIES, "--frame repositoriesOrError.nodes")["location.name"].tolist() == ["tests"]
    assert "quick" in cell(JOBS, "--frame repositoryOrError.jobs")["name"].tolist()
    for document in (LAUNCH, LAUNCH_WITH_TAGS):
        launched = cell(document)["launchRun"]
        assert launched["__typename"] == "LaunchRunSuccess"
        shell.user_ns["runId"] = launched["run"]["runId"]
        wait_until_started(client, launched["run"]["runId"])
        assert cell(TERMINATE)["terminateRun"]["__typename"] == "TerminateRunSuccess"
        assert client.run(shell.user_ns["runId"]).wait(timeout=240).status == "CANCELED"
