"""Actions on automation, backfills and assets send the right requests. They have an outcome even without a response."""

from __future__ import annotations

import json

import pandas as pd
import pytest

import dagster_nb as dnb
from dagster_nb.client import request_tag
from tests.unit import altered_schemas
from tests.unit.fake import FakeDagster, make_run

STATE = "instigationStateOrError"


@pytest.fixture(autouse=True)
def _look_for_lost_launches_once(monkeypatch):
    monkeypatch.setattr(request_tag, "_PAUSES_SECONDS", (0.0,))


def asset(path, **fields):
    return {
        "assetKey": {"path": path}, "repository": {"name": "repo", "location": {"name": "etl"}}, "isExecutable": True,
        "isPartitioned": False, "jobNames": ["__ASSET_JOB", "all"], "partitionKeys": [], **fields,
    }  # fmt: skip


def backfill(**fields):
    return {
        "__typename": "PartitionBackfill", "id": "abc", "status": "REQUESTED", "jobName": None,
        "partitionSetName": None, "assetSelection": [{"path": ["daily"]}], "numPartitions": 2,
        "partitionNames": ["1", "2"], "timestamp": 1.0, "endTimestamp": None, "tags": [], "error": None, **fields,
    }  # fmt: skip


@pytest.fixture
def status():
    return {"nightly": "STOPPED", "files": "STOPPED"}


@pytest.fixture
def client(fake, status):
    repository = {
        "name": "repo", "location": {"name": "etl"}, "schedules": [{"name": "nightly"}], "sensors": [{"name": "files"}],
        "pipelines": [{"name": "by_day", "description": None, "isAssetJob": False, "tags": []}],
    }  # fmt: skip
    nodes = [asset(["orders"]), asset(["daily"], isPartitioned=True, partitionKeys=["1", "2", "3"])]

    def start(_info, scheduleSelector):  # noqa: N803 - the schema's name
        status[scheduleSelector["scheduleName"]] = "RUNNING"
        return {"__typename": "ScheduleStateResult"}

    fake.answers |= {
        "repositoriesOrError": {"__typename": "RepositoryConnection", "nodes": [repository]},
        STATE: lambda _info, instigationSelector: {  # noqa: N803 - the schema's name
            "__typename": "InstigationState", "id": "id", "selectorId": "selector",
            "status": status[instigationSelector["name"]],
        },
        "startSchedule": start,
        "startSensor": {"__typename": "UnauthorizedError", "message": "not you"},
        "assetsOrError": {"__typename": "AssetConnection", "nodes": [{"key": node["assetKey"]} for node in nodes]},
        "assetNodes": lambda _info, assetKeys, loadMaterializations: [  # noqa: N803, ARG005 - the schema's names
            node for node in nodes if node["assetKey"] in assetKeys
        ],
        "partitionSetsOrError": {"__typename": "PartitionSets", "results": [
            {"name": "the_set", "partitionsOrError": {"__typename": "Partitions", "results": [{"name": "1"}]}},
        ]},
        "launchPartitionBackfill": {"__typename": "LaunchBackfillSuccess", "backfillId": "abc"},
        "partitionBackfillOrError": backfill(),
        "launchRun": {"__typename": "LaunchRunSuccess", "run": make_run(1)},
    }  # fmt: skip
    with fake.connect(timeout=1) as client:
        fake.requests.clear()
        yield client


def sent(fake, operation):
    return [variables for name, variables in fake.requests if name == operation]


def sent_backfill(fake):
    """Return the parameters of the launched backfill without the tag that identifies the request."""
    [parameters] = [variables["parameters"] for variables in sent(fake, "LaunchBackfill")]
    tags = [tag for tag in parameters["tags"] if tag["key"] != request_tag.REQUEST_TAG]
    assert len(parameters["tags"]) == len(tags) + 1
    return {**parameters, "tags": tags}


def lose(fake, operation, after=lambda: None):
    fake.drop(operation=operation, after=after)


def test_if_the_response_to_a_start_is_lost_the_outcome_is_read_from_the_status(fake, client, status):
    lose(fake, "StartSchedule", after=lambda: status.update(nightly="RUNNING"))
    outcomes = client.start("nightly")
    assert outcomes[["outcome", "status"]].to_numpy().tolist() == [["started", "RUNNING"]]
    assert "the response was lost" in outcomes["message"][0]
    assert len(sent(fake, "StartSchedule")) == 1


def test_if_the_request_to_start_is_lost_the_outcome_is_unknown(fake, client):
    lose(fake, "StartSchedule")
    outcomes = client.start("nightly")
    assert outcomes[["outcome", "status"]].to_numpy().tolist() == [["unknown", "STOPPED"]]
    assert len(sent(fake, "StartSchedule")) == 1


def test_a_rejected_start_does_not_stop_the_others(client):
    outcomes = client.start(["files", "nightly"])
    assert outcomes["name"].tolist() == ["files", "nightly"]
    assert outcomes["outcome"].tolist() == ["unauthorized", "started"]
    assert outcomes["status"].tolist() == ["STOPPED", "RUNNING"]
    assert "not you" in outcomes["message"][0]


def test_an_action_has_failed_if_the_server_reports_success_but_the_status_is_unchanged(fake, client):
    fake.answers["startSchedule"] = {"__typename": "ScheduleStateResult"}
    outcomes = client.start("nightly")
    assert outcomes["outcome"].tolist() == ["failed"]
    assert "the status is STOPPED" in outcomes["message"][0]


def test_no_mutation_is_sent_for_an_empty_list_or_a_running_schedule(fake, client, status):
    assert client.start([]).empty
    assert client.stop(pd.DataFrame({"schedule": []})).empty
    assert fake.requests == []
    status["nightly"] = "RUNNING"
    assert client.start("nightly")["outcome"].tolist() == ["already_started"]
    assert sent(fake, "StartSchedule") == []


def test_frames_of_another_server_are_rejected(fake, client):
    schedules = pd.DataFrame({"schedule": ["nightly"], "location": ["etl"], "repository": ["repo"]})
    assets = pd.DataFrame({"asset": ["orders"], "asset_path": [["orders"]]})
    for frame in (schedules, assets):
        frame.attrs["dagster_nb"] = {"url": "http://staging:3000"}
    for act in (
        lambda: client.start(schedules),
        lambda: client.stop(schedules),
        lambda: client.materialize(assets),
        lambda: client.backfill(assets, "1"),
    ):
        with pytest.raises(ValueError, match="come from http://staging:3000"):
            act()
    with pytest.raises(ValueError, match="not on this client's server, http://fake:3000"):
        client.cancel_backfill(dnb.Backfill(backfill(), "http://staging:3000/runs/b/abc"))
    assert fake.requests == []


def test_a_job_can_be_backfilled(fake, client):
    client.backfill("by_day", "1", tags={"why": 3})
    assert sent_backfill(fake) == {
        "selector": {
            "partitionSetName": "the_set",
            "repositorySelector": {"repositoryName": "repo", "repositoryLocationName": "etl"},
        },
        "partitionNames": ["1"],
        "tags": [{"key": "why", "value": "3"}],
    }


def test_a_launched_backfill_that_cannot_be_read_is_not_reported_as_a_failed_launch(fake, client):
    fake.answers["partitionBackfillOrError"] = {"__typename": "PythonError", "message": "busy", "stack": []}
    with pytest.raises(dnb.OutcomeUnknownError, match=r"backfill abc was launched, .*busy.* Do not launch it again"):
        client.backfill("daily", ["1", "2"])


def test_assets_can_be_backfilled(fake, client):
    made = client.backfill("daily", pd.Series(["2", "1"]))
    assert sent_backfill(fake) == {
        "assetSelection": [{"path": ["daily"]}], "partitionNames": ["2", "1"], "tags": []
    }  # fmt: skip
    assert repr(made) == "<Backfill abc of daily, REQUESTED>"
    assert made == dnb.Backfill(backfill(), made.url)


def test_a_name_shared_by_a_job_and_an_asset_is_ambiguous(fake, client):
    fake.answers["assetsOrError"]["nodes"].append({"key": {"path": ["by_day"]}})
    with pytest.raises(dnb.AmbiguousNameError, match=r"To select the asset, pass \[\['by_day'\]\]"):
        client.backfill("by_day", "1")
    client.backfill("by_day", "1", location="etl")
    assert "selector" in sent(fake, "LaunchBackfill")[0]["parameters"]


def answer_feed(fake):
    """Make the fake find launched backfills by their tags, as Dagster does."""

    def feed(_info, filter, **_more):  # noqa: A002 - the schema's name
        launched = [variables["parameters"]["tags"] for variables in sent(fake, "LaunchBackfill")]
        found = [backfill()] if any(tag in tags for tag in filter["tags"] for tags in launched) else []
        return {"__typename": "RunsFeedConnection", "results": found}

    fake.answers["runsFeedOrError"] = feed


@pytest.mark.parametrize(
    "launch",
    [
        lambda client: client.backfill("daily", ["1", "2"]),
        lambda client: client.backfill("by_day", "1"),
        lambda client: client.materialize("daily", partition_keys=["1", "2"]),
    ],
)
def test_if_the_response_is_lost_the_backfill_is_found_by_its_tag(fake, client, launch):
    answer_feed(fake)
    lose(fake, "LaunchBackfill")
    assert launch(client).backfill_id == "abc"
    assert len(sent(fake, "LaunchBackfill")) == 1


def test_a_backfill_that_appears_late_is_found(fake, client, monkeypatch):
    monkeypatch.setattr(request_tag, "_PAUSES_SECONDS", (0.0, 0.0, 0.0))
    fake.answers["runsFeedOrError"] = {"__typename": "RunsFeedConnection", "results": []}

    def appear(operation):
        if operation == "RequestedBackfills" and len(sent(fake, operation)) == 3:
            answer_feed(fake)

    fake.before = appear
    lose(fake, "LaunchBackfill")
    assert client.backfill("daily", ["1", "2"]).backfill_id == "abc"


def test_if_the_request_for_a_backfill_is_lost_the_outcome_is_unknown(fake, client):
    fake.answers["runsFeedOrError"] = {"__typename": "RunsFeedConnection", "results": []}
    lose(fake, "LaunchBackfill")
    with pytest.raises(dnb.OutcomeUnknownError, match=r"Check client\.backfills\(\) for a new one") as error:
        client.backfill("daily", ["1", "2"])
    assert "client.runs(tags={'.dagster/dagster_nb_request_id': '" in str(error.value)
    assert len(sent(fake, "LaunchBackfill")) == 1


def test_on_a_server_that_cannot_find_a_backfill_the_outcome_is_unknown(fake, client):
    fake.schema = altered_schemas.without("Query.runsFeedOrError")
    lose(fake, "LaunchBackfill")
    with pytest.raises(dnb.OutcomeUnknownError, match=r"Check client\.backfills\(\) for a new one"):
        client.backfill("daily", ["1", "2"])
    assert len(sent(fake, "LaunchBackfill")) == 1


@pytest.mark.parametrize(("after", "outcome"), [("CANCELED", "canceled"), ("CANCELING", "canceling")])
def test_if_the_response_to_a_cancellation_is_lost_the_outcome_is_read_from_the_status(fake, client, after, outcome):
    lose(fake, "CancelBackfill", after=lambda: fake.answers.update(partitionBackfillOrError=backfill(status=after)))
    assert client.cancel_backfill("abc") == outcome
    assert len(sent(fake, "CancelBackfill")) == 1


def test_if_the_request_to_cancel_is_lost_the_outcome_is_unknown(fake, client):
    lose(fake, "CancelBackfill")
    with pytest.raises(dnb.OutcomeUnknownError, match="status of the backfill is REQUESTED"):
        client.cancel_backfill("abc")
    assert len(sent(fake, "CancelBackfill")) == 1


ACTIONS = {
    "LaunchBackfill": ("launchPartitionBackfill", lambda client: client.backfill("daily", ["1", "2"])),
    "LaunchRun": ("launchRun", lambda client: client.materialize("orders")),
    "CancelBackfill": ("cancelPartitionBackfill", lambda client: client.cancel_backfill("abc")),
    "StartSchedule": ("startSchedule", lambda client: client.start("nightly")),
    "StartSensor": ("startSensor", lambda client: client.start("files")),
    "StopSchedule": ("stopRunningSchedule", lambda client: client.stop("nightly")),
    "StopSensor": ("stopSensor", lambda client: client.stop("files")),
}


@pytest.mark.parametrize(
    "empty", [lambda _: {}, lambda field: {field: None}, lambda field: {field: {}}], ids=["no data", "null", "no type"]
)
@pytest.mark.parametrize("operation", ACTIONS)
def test_an_empty_response_leaves_the_outcome_unknown(fake, client, status, operation, empty):
    fake.answers["runsFeedOrError"] = {"__typename": "RunsFeedConnection", "results": []}
    field, act = ACTIONS[operation]
    if operation.startswith("Stop"):
        status.update(nightly="RUNNING", files="RUNNING")
    text = json.dumps({"data": empty(field)})
    fault = fake.answer(None, operation=operation, text=text, content_type="application/json")
    if operation.startswith("St"):
        outcomes = act(client)
        assert outcomes["outcome"].tolist() == ["unknown"]
        assert outcomes["status"].tolist() == [status[outcomes["name"][0]]]
        assert "sent an incomplete response" in outcomes["message"][0]
    else:
        with pytest.raises(dnb.OutcomeUnknownError, match="not sent again"):
            act(client)
    assert len(fault.met) == 1


def test_a_backfill_response_without_an_id_leaves_the_outcome_unknown(fake, client):
    fake.answers["runsFeedOrError"] = {"__typename": "RunsFeedConnection", "results": []}
    text = json.dumps({"data": {"launchPartitionBackfill": {"__typename": "LaunchBackfillSuccess"}}})
    fake.answer(operation="LaunchBackfill", text=text, content_type="application/json")
    with pytest.raises(dnb.OutcomeUnknownError, match="did not return its id"):
        client.backfill("daily", ["1", "2"])


@pytest.mark.parametrize("status", ["COMPLETED_SUCCESS", "COMPLETED_FAILED", "FAILED", "CANCELED"])
def test_a_finished_backfill_is_not_canceled(fake, client, status):
    fake.answers["partitionBackfillOrError"] = backfill(status=status)
    assert client.cancel_backfill("abc") == "already_finished"
    assert sent(fake, "CancelBackfill") == []


def test_assets_are_materialized_in_one_run(fake, client):
    run = client.materialize("orders", tags={"why": "now"})
    assert isinstance(run, dnb.Run)
    [parameters] = [variables["executionParams"] for variables in sent(fake, "LaunchRun")]
    assert parameters["selector"] == {
        "pipelineName": "__ASSET_JOB", "repositoryName": "repo", "repositoryLocationName": "etl",
        "assetSelection": [{"path": ["orders"]}],
    }  # fmt: skip
    assert {"key": "why", "value": "now"} in parameters["executionMetadata"]["tags"]


def test_several_partitions_are_materialized_in_a_backfill(fake, client):
    assert isinstance(client.materialize(["daily"], partition_keys=["1", "2"]), dnb.Backfill)
    assert sent_backfill(fake)["partitionNames"] == ["1", "2"]
    assert sent(fake, "LaunchRun") == []


def test_a_materialization_whose_request_is_lost_has_an_unknown_outcome(fake, client):
    lose(fake, "LaunchRun")
    with pytest.raises(dnb.OutcomeUnknownError, match="No run has appeared"):
        client.materialize("orders")
    assert len(sent(fake, "LaunchRun")) == 1


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda client: client.materialize([]), ValueError),
        (lambda client: client.materialize("orders", partition_keys=[]), ValueError),
        (lambda client: client.materialize(3), TypeError),
        (lambda client: client.materialize("orders", tags="a"), TypeError),
        (lambda client: client.backfill("daily", []), ValueError),
        (lambda client: client.backfill([], ["1"]), ValueError),
        (lambda client: client.cancel_backfill(""), TypeError),
        (lambda client: client.start(3), TypeError),
    ],
)
def test_an_invalid_argument_sends_no_request(fake, client, call, error):
    with pytest.raises(error):
        call(client)
    assert fake.requests == []


def test_a_rejected_backfill_raises_an_error(fake, client):
    fake.answers["launchPartitionBackfill"] = {"__typename": "UnauthorizedError", "message": "not you"}
    with pytest.raises(dnb.UnauthorizedError, match="not you"):
        client.backfill("daily", "1")


def test_frames_contain_the_address_of_their_server(fake):
    with FakeDagster() as dagster:
        dagster.answers["repositoriesOrError"] = {"__typename": "RepositoryConnection", "nodes": []}
        dagster.answers["assetsOrError"] = {"__typename": "AssetConnection", "nodes": []}
        with dagster.connect() as client:
            for frame in (client.schedules(), client.sensors(), client.assets()):
                assert json.loads(json.dumps(frame.attrs)) == {"dagster_nb": {"url": "http://fake:3000"}}
