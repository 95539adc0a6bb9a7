"""If a server lacks a feature, actions are sent completely or not at all."""

from __future__ import annotations

import pytest

import dagster_nb as dnb
from dagster_nb.client import request_tag
from dagster_nb.client.request_tag import REQUEST_TAG
from dagster_nb.graphql.responses import config_problems
from tests.unit import altered_schemas
from tests.unit.fake import FakeDagster, make_run

CONFIG = {"ops": {"load": {"config": {"rows": 1}}}}
OTHER_CONFIG = {"ops": {"load": {"config": {"rows": 2}}}}
CHECKS = [{"name": "fresh", "assetKey": {"path": ["mart", "orders"]}}]
PARENT = make_run(
    7,
    status="FAILURE",
    tags=[{"key": "team", "value": "data"}],
    rootRunId="root",
    runConfig=CONFIG,
    solidSelection=["load"],
    assetSelection=[{"path": ["mart", "orders"]}],
    assetCheckSelection=CHECKS,
)
STARTED_RUN = make_run(8, status="STARTED")
SELECTOR = {"pipelineName": "nightly", "repositoryName": "repo", "repositoryLocationName": "etl"}
SELECTIONS = {
    "solidSelection": ["load"],
    "assetSelection": [{"path": ["mart", "orders"]}],
    "assetCheckSelection": CHECKS,
}

ABOUT_ACTING = altered_schemas.losses(
    *("AssetCheckHandleInput", "AssetKeyInput", "ExecutionMetadata", "ExecutionParams", "ExecutionTag", "Mutation"),
    *("PipelineSelector", "JobOrPipelineSelector", "ReexecutionParams", "ReexecutionStrategy", "TerminateRunPolicy"),
    *("AssetCheckhandle", "AssetKey", "LaunchRunSuccess", "Query", "Run", "RunsFilter", "TerminateRunsResult"),
    *("PipelineTag", "RepositoryOrigin", "TerminateRunSuccess", "DeletePipelineRunSuccess", "Error", "PythonError"),
)


@pytest.fixture(scope="module")
def fake():
    job = {"name": "nightly", "description": None, "isAssetJob": False, "tags": []}
    nodes = [{"name": "repo", "location": {"name": "etl"}, "pipelines": [job]}]
    with FakeDagster() as fake:

        def launched(_info, **inputs):
            fake.received.append(inputs)
            return {"__typename": "LaunchRunSuccess", "run": make_run(9, status="QUEUED")}

        def stopped(_info, **inputs):
            fake.received.append(inputs)
            results = [{"__typename": "TerminateRunSuccess"} for _ in inputs.get("runIds", ())]
            return {"__typename": "TerminateRunsResult", "terminateRunResults": results}

        def deleted(_info, **inputs):
            fake.received.append(inputs)
            return {"__typename": "DeletePipelineRunSuccess"}

        fake.answers.update(
            repositoriesOrError={"__typename": "RepositoryConnection", "nodes": nodes},
            assetsOrError={"__typename": "AssetConnection", "nodes": []},
            workspaceOrError={"__typename": "Workspace", "locationEntries": []},
            launchRun=launched,
            launchRunReexecution=launched,
            terminateRuns=stopped,
            deleteRun=deleted,
        )
        yield fake


def act(fake, client, action):
    """Run an action, and return what the server received.

    The list is empty if the client refused to send the action.
    """
    fake.received = []
    try:
        action(client)
    except dnb.UnsupportedServerError:
        assert not fake.received
    return fake.received


def tags_of(tags):
    """Return the tags as a dict, without the id of the request. Fail if there is no such id."""
    found = {tag["key"]: tag["value"] for tag in tags}
    assert found.pop(REQUEST_TAG)
    return found


def assert_launch(inputs):
    parameters = inputs["executionParams"]
    selections = {"solidSelection": ["load"], "assetSelection": [{"path": ["mart", "orders"]}]}
    assert parameters["selector"] == {**SELECTOR, **selections}
    assert parameters["runConfigData"] == CONFIG
    assert tags_of(parameters["executionMetadata"]["tags"]) == {"why": "late"}


def assert_reexecution(inputs, strategy):
    if "executionParams" in inputs:
        assert_in_full(inputs, strategy, CONFIG)
    else:
        parameters = inputs["reexecutionParams"]
        assert tags_of(parameters.pop("extraTags")) == LATE
        assert parameters == {"parentRunId": PARENT["runId"], "strategy": strategy.upper()}


def assert_in_full(inputs, strategy, config):
    parameters = inputs["executionParams"]
    assert parameters["selector"] == {**SELECTOR, **SELECTIONS}
    assert parameters["runConfigData"] == config
    metadata = parameters["executionMetadata"]
    assert (metadata["parentRunId"], metadata["rootRunId"]) == (PARENT["runId"], "root")
    assert tags_of(parameters["executionMetadata"]["tags"]) == {
        "team": "data",
        "why": "late",
        "dagster/parent_run_id": PARENT["runId"],
        "dagster/root_run_id": "root",
        **({"dagster/is_resume_retry": "true"} if strategy == "from_failure" else {}),
    }


def assert_stop(inputs):
    assert inputs == {"runIds": [STARTED_RUN["runId"]], "terminatePolicy": "MARK_AS_CANCELED_IMMEDIATELY"}


def assert_deletion(inputs):
    assert inputs == {"runId": PARENT["runId"]}


LATE = {"why": "late"}
ACTIONS = {
    "launch": (
        lambda client: client.launch(
            "nightly", run_config=CONFIG, tags=LATE, op_selection="load", asset_selection="mart/orders"
        ),
        assert_launch,
    ),
    "from failure": (
        lambda client: client.reexecute(PARENT["runId"], tags=LATE),
        lambda inputs: assert_reexecution(inputs, "from_failure"),
    ),
    "all steps": (
        lambda client: client.reexecute(PARENT["runId"], strategy="all_steps", tags=LATE),
        lambda inputs: assert_reexecution(inputs, "all_steps"),
    ),
    "another config": (
        lambda client: client.reexecute(PARENT["runId"], run_config=OTHER_CONFIG, tags=LATE),
        lambda inputs: assert_in_full(inputs, "from_failure", OTHER_CONFIG),
    ),
    "stop": (lambda client: client.terminate(STARTED_RUN["runId"], force=True), assert_stop),
    "delete": (lambda client: client.delete(PARENT["runId"]), assert_deletion),
}


@pytest.mark.parametrize("loss", ["", *ABOUT_ACTING])
def test_a_mutation_is_sent_completely_or_not_at_all(fake, loss):
    fake.runs, fake.schema = [STARTED_RUN, PARENT], altered_schemas.without(*[loss] * bool(loss))
    with fake.connect() as client:
        for name, (action, check) in ACTIONS.items():
            received = act(fake, client, action)
            assert len(received) == 1 or loss, name
            for inputs in received:
                check(inputs)


def test_a_reexecution_without_extra_tags_can_use_the_older_input(fake):
    fake.runs, fake.schema = [PARENT], altered_schemas.without("ReexecutionParams.extraTags")
    with fake.connect() as client:
        (inputs,) = act(fake, client, ACTIONS["all steps"][0])
    assert_in_full(inputs, "all_steps", CONFIG)


def test_the_error_for_a_missing_strategy_names_the_required_version(fake):
    fake.runs, fake.received = [PARENT], []
    fake.schema = altered_schemas.without("ReexecutionStrategy.FROM_ASSET_FAILURE")
    with (
        fake.connect() as client,
        pytest.raises(dnb.UnsupportedServerError, match=r"FROM_ASSET_FAILURE.*needs Dagster 1\.10\.15 or newer"),
    ):
        client.reexecute(PARENT["runId"], strategy="from_asset_failure")
    assert fake.received == []


def test_a_mutation_rejected_because_of_a_response_field_is_executed_once(fake):
    fake.schema = altered_schemas.without("Run.creationTime")
    with fake.connect() as client:
        assert len(act(fake, client, ACTIONS["launch"][0])) == 1


def test_a_mutation_rejected_for_another_reason_is_sent_once(fake):
    fake.runs, fake.received = [PARENT], []
    fake.schema = altered_schemas.without("Run.creationTime")
    refusal = {"status": 400, "text": '{"errors": [{"message": "not today"}]}', "content_type": "application/json"}
    fault = fake.answer(requests=None, operation="DeleteRun", **refusal)
    with fake.connect() as client:
        assert client.delete(PARENT["runId"])["outcome"].tolist() == ["failed"]
    assert len(fault.met) == 1
    fake.faults.clear()
    assert fake.received == []


@pytest.mark.parametrize(
    ("loss", "act"),
    [
        ("DeletePipelineRunSuccess.runId", lambda client: client.delete(PARENT["runId"])),
        ("TerminateRunSuccess.run", lambda client: client.terminate(STARTED_RUN["runId"], force=True)),
        ("TerminateRunFailure.run", lambda client: client.terminate(STARTED_RUN["runId"], force=True)),
    ],
)
def test_unused_response_fields_can_be_missing(fake, loss, act):
    fake.runs, fake.schema, fake.received = [STARTED_RUN, PARENT], altered_schemas.without(loss), []
    with fake.connect() as client:
        assert act(client)["outcome"].tolist() != ["failed"]
    assert len(fake.received) == 1


def test_a_partially_failed_response_leaves_the_outcome_unknown(fake, monkeypatch):
    executed = []

    def launched(_info, **inputs):
        executed.append(inputs)
        return {"__typename": "LaunchRunSuccess", "run": make_run(9, status="QUEUED", runConfig=None)}

    fake.schema = altered_schemas.without()
    monkeypatch.setattr(request_tag, "_PAUSES_SECONDS", (0.0,))
    monkeypatch.setitem(fake.answers, "launchRun", launched)
    with fake.connect() as client:
        outcomes = client.launch_many([{"job": "nightly"}])
        assert outcomes["outcome"].tolist() == ["unknown"]
        assert len(executed) == 1
        with pytest.raises(dnb.OutcomeUnknownError, match="Check the runs before you repeat it"):
            client.launch("nightly")
        assert len(executed) == 2


ABOUT_CONFIG = [
    "RunConfigValidationInvalid.errors",
    *altered_schemas.losses("PipelineConfigValidationError", "EvaluationStack", "EvaluationStackPathEntry"),
    *altered_schemas.losses(
        "EvaluationStackListItemEntry", "EvaluationStackMapKeyEntry", "EvaluationStackMapValueEntry"
    ),
]


@pytest.mark.parametrize("loss", ["", *ABOUT_CONFIG])
def test_an_invalid_config_is_reported_even_without_details(fake, monkeypatch, loss):
    entries = [
        {"__typename": "EvaluationStackPathEntry", "fieldName": "ops"},
        {"__typename": "EvaluationStackListItemEntry", "listIndex": 1},
        {"__typename": "EvaluationStackMapKeyEntry", "mapKey": "k"},
    ]
    problem = {
        "__typename": "RuntimeMismatchConfigError",
        "message": "bad",
        "reason": "RUNTIME_TYPE_MISMATCH",
        "path": [],
        "stack": {"entries": entries},
    }
    monkeypatch.setitem(
        fake.answers,
        "isPipelineConfigValid",
        {"__typename": "RunConfigValidationInvalid", "pipelineName": "nightly", "errors": [problem]},
    )
    monkeypatch.setitem(
        fake.answers,
        "runConfigSchemaOrError",
        {
            "__typename": "RunConfigSchema",
            "rootDefaultYaml": "{}",
            "rootConfigType": {"__typename": "RegularConfigType", "key": "k"},
            "allConfigTypes": [],
        },
    )
    fake.schema = altered_schemas.without(*[loss] * bool(loss))
    with fake.connect() as client:
        (problem,) = client.run_config_schema("nightly").validate({"a": 1})
    assert problem.message
    if not loss:
        assert (problem.path, problem.reason, problem.message) == ("ops[1].k", "RUNTIME_TYPE_MISMATCH", "bad")


def test_path_entries_of_an_unknown_kind_are_included_in_the_path():
    entries = [{"__typename": "EvaluationStackPathEntry", "fieldName": "ops"}, {}]
    (problem,) = config_problems({"errors": [{"message": "bad", "reason": "x", "stack": {"entries": entries}}]})
    assert problem.path == "ops.?"


def test_wait_works_for_a_run_without_a_job_name(fake):
    fake.runs, fake.schema = [PARENT], altered_schemas.without("Run.jobName", "Run.tags")
    with fake.connect() as client:
        run = client.run(PARENT["runId"]).wait()
        assert run.status == "FAILURE"
        for ask in (lambda: run.job_name, lambda: run.tags):
            with pytest.raises(dnb.UnsupportedServerError):
                ask()


def test_a_missing_partition_does_not_stop_other_launches(fake, monkeypatch):
    keys = {"__typename": "Partitions", "results": [{"name": "2026-01-01"}]}
    found = {"partitionsOrError": keys, "partition": None}
    monkeypatch.setitem(fake.answers, "partitionSetsOrError", {"__typename": "PartitionSets", "results": [found]})
    fake.schema, fake.received = altered_schemas.without(), []
    with fake.connect() as client:
        outcomes = client.launch_many([{"job": "nightly", "partition_key": "2026-01-01"}, {"job": "nightly"}])
    assert outcomes["outcome"].tolist() == ["failed", "launched"]
    assert len(fake.received) == 1
