"""Actions have the right outcomes in situations that a real server cannot easily produce."""

from __future__ import annotations

import json

import pytest

import dagster_nb as dnb
from dagster_nb.client import request_tag
from tests.unit.fake import make_run

SUCCESS, FAILURE, PERMISSION = "TerminateRunSuccess", "TerminateRunFailure", "You do not have permission"


@pytest.fixture(autouse=True)
def _look_for_lost_launches_once(monkeypatch):
    monkeypatch.setattr(request_tag, "_PAUSES_SECONDS", (0.0,))


@pytest.fixture
def client(fake):
    with fake.connect(timeout=1) as client:
        fake.requests.clear()
        yield client


def stopping(fake, changes):
    """Make the fake terminate runs. ``changes`` maps a run's status to its new status and the type of response."""

    def terminate(_info, runIds, terminatePolicy):  # noqa: N803 - the schema's names
        results = []
        for run_id in runIds:
            run = next(run for run in fake.runs if run["runId"] == run_id)
            run["status"], typename = changes[run["status"]]
            results.append({"__typename": typename, "run": run, "message": f"could not, it is {run['status']}"})
        return {"__typename": "TerminateRunsResult", "terminateRunResults": results}

    fake.answers["terminateRuns"] = terminate


def test_terminate_returns_one_row_per_run_in_the_order_given(fake, client):
    states = ["SUCCESS", "QUEUED", "STARTED", "STARTING", "CANCELING", "MANAGED"]
    fake.runs = [make_run(number, status=status) for number, status in enumerate(states)]
    stopping(
        fake,
        {
            "QUEUED": ("CANCELED", SUCCESS),
            "STARTED": ("STARTED", SUCCESS),
            "STARTING": ("STARTING", FAILURE),
            "MANAGED": ("CANCELING", FAILURE),
        },
    )
    ids = fake.ids[::-1]
    outcomes = client.terminate([*ids, "unknown", ids[0]])
    assert outcomes["run_id"].tolist() == [*ids, "unknown"]
    assert outcomes["outcome"].tolist() == [
        "canceling", "canceling", "not_cancelable", "canceling", "canceled", "already_finished", "not_found",
    ]  # fmt: skip
    assert outcomes["status"].tolist()[:-1] == ["CANCELING", "CANCELING", "STARTING", "STARTED", "CANCELED", "SUCCESS"]
    assert "Try again when it is STARTED. force=True marks" in outcomes["message"][2]
    assert fake.operations == ["RunStates", "TerminateRuns", "RunStates"]
    assert set(fake.requests[1][1]["runIds"]) == {ids[0], ids[2], ids[3], ids[4]}
    assert fake.requests[1][1]["policy"] == "SAFE_TERMINATE"


def test_force_also_marks_runs_that_are_already_canceling(fake, client):
    fake.runs = [make_run(1, status="CANCELING")]
    stopping(fake, {"CANCELING": ("CANCELED", SUCCESS)})
    assert client.terminate(fake.ids, force=True)["outcome"].tolist() == ["canceled"]
    assert fake.requests[1][1]["policy"] == "MARK_AS_CANCELED_IMMEDIATELY"


def test_terminate_reports_that_a_run_has_just_finished(fake, client):
    fake.runs = [make_run(1, status="STARTED")]
    stopping(fake, {"STARTED": ("SUCCESS", FAILURE)})
    outcomes = client.terminate(fake.ids).iloc[0]
    assert (outcomes["outcome"], outcomes["status"]) == ("already_finished", "SUCCESS")


@pytest.mark.parametrize("status", ["STARTED", "NOT_STARTED"])
def test_the_error_suggests_no_retry_unless_the_run_is_starting(fake, client, status):
    fake.runs = [make_run(1, status=status)]
    stopping(fake, {status: (status, FAILURE)})
    outcomes = client.terminate(fake.ids).iloc[0]
    assert outcomes["outcome"] == "not_cancelable"
    assert "force=True" in outcomes["message"]
    assert "try again" not in outcomes["message"]


def test_a_request_without_permission_is_not_sent(fake, client):
    fake.runs = [make_run(1, status="STARTED", hasTerminatePermission=False, hasDeletePermission=False)]
    assert client.terminate(fake.ids)["outcome"].tolist() == ["unauthorized"]
    assert client.delete(fake.ids, force=True)["outcome"].tolist() == ["unauthorized"]
    assert set(fake.operations) == {"RunStates"}


def lose_response(fake, operation, act=lambda: None):
    """Make the fake execute this operation, but drop the connection before it responds."""
    fake.drop(operation=operation, after=act)


def test_if_the_response_to_a_termination_is_lost_the_outcome_is_read_from_the_status(fake, client):
    fake.runs = [make_run(1, status="STARTED"), make_run(2, status="QUEUED")]
    lose_response(fake, "TerminateRuns", lambda: fake.runs[1].update(status="CANCELED"))
    outcomes = client.terminate(fake.ids)
    assert outcomes["outcome"].tolist() == ["unknown", "canceled"]
    assert fake.operations.count("TerminateRuns") == 1


def test_every_run_has_an_outcome_if_the_server_stops_during_a_termination(fake, client):
    fake.runs = [make_run(1, status="STARTED"), make_run(2)]
    stopping(fake, {"STARTED": ("CANCELING", SUCCESS)})

    def gone(operation):
        if operation == "TerminateRuns":
            fake.answer(requests=50, status=503)

    fake.before = gone
    assert client.terminate(fake.ids)["outcome"].tolist() == ["unknown", "already_finished"]


def test_if_the_response_to_a_deletion_is_lost_the_outcomes_are_read_from_the_remaining_runs(fake, client):
    fake.runs = [make_run(1), make_run(2)]
    first, second = fake.ids
    lose_response(fake, "DeleteRun", lambda: fake.delete(first))
    lose_response(fake, "DeleteRun")
    outcomes = client.delete([first, second])
    assert sorted(outcomes["outcome"]) == ["deleted", "unknown"]
    assert fake.operations.count("DeleteRun") == 2


def test_every_run_has_an_outcome_if_the_server_stops_during_a_deletion(fake, client):
    fake.runs = [make_run(1), make_run(2)]
    first, second = fake.ids
    fake.answers["deleteRun"] = lambda _info, runId: {"__typename": "DeletePipelineRunSuccess", "runId": runId}  # noqa: N803
    lose_response(fake, "DeleteRun", lambda: fake.answer(requests=50, status=503))
    outcomes = client.delete([first, second])
    assert outcomes["run_id"].tolist() == [first, second]
    assert "unknown" in set(outcomes["outcome"])


def test_a_rejected_termination_of_a_canceling_run_is_explained(fake, client):
    fake.runs = [make_run(1, status="STARTED")]
    stopping(fake, {"STARTED": ("CANCELING", FAILURE)})
    outcomes = client.terminate(fake.ids).iloc[0]
    assert outcomes["outcome"] == "canceling"
    assert "force=True" in outcomes["message"]


class TestLaunchMany:
    """An error in one launch is raised before any launch is sent, or becomes the outcome of that launch."""

    @pytest.fixture(autouse=True)
    def _one_job(self, fake):
        fake.answers["repositoriesOrError"] = {
            "__typename": "RepositoryConnection",
            "nodes": [
                {
                    "name": "repo",
                    "location": {"name": "etl"},
                    "pipelines": [{"name": "a", "description": None, "isAssetJob": False, "tags": []}],
                }
            ],
        }
        fake.answers["workspaceOrError"] = {"__typename": "Workspace", "locationEntries": []}
        fake.answers["launchRun"] = {"__typename": "LaunchRunSuccess", "run": make_run(1)}

    @pytest.mark.parametrize(
        "wrong",
        [
            {"run_config": 5}, {"op_selection": 5}, {"op_selection": []}, {"asset_selection": []}, {"location": 5},
            {"partition_key": 5}, {"tags": {"a": {1}}}, {"repository": ""},
        ],
    )  # fmt: skip
    def test_an_invalid_argument_launches_nothing(self, fake, client, wrong):
        with pytest.raises((TypeError, ValueError)):
            client.launch_many([{"job": "a"}] * 8 + [{"job": "a", **wrong}])
        with pytest.raises((TypeError, ValueError)):
            client.launch("a", **wrong)
        assert fake.requests == []

    def test_a_config_that_cannot_be_parsed_affects_only_its_own_launch(self, client):
        outcomes = client.launch_many([{"job": "a"}, {"job": "a", "run_config": "a: [b"}, {"job": "b"}])
        assert outcomes["outcome"].tolist() == ["launched", "invalid", "not_found"]

    def test_jobs_are_requested_only_once(self, fake, client):
        outcomes = client.launch_many([{"job": "a"}] * 10)
        assert outcomes[["outcome", "message"]].drop_duplicates()["outcome"].tolist() == ["launched"], outcomes[
            "message"
        ].tolist()
        assert fake.operations.count("Repositories") == 1
        assert fake.operations.count("LaunchRun") == 10


def test_an_empty_list_of_runs_sends_no_request(fake, client):
    for nothing in ([], client.runs(limit=0)):
        assert client.terminate(nothing).columns.tolist() == ["run_id", "outcome", "status", "message"]
        assert client.delete(nothing).columns.tolist() == ["run_id", "outcome", "message"]
        assert client.reexecute_many(nothing).columns.tolist() == ["parent_run_id", "run_id", "outcome", "message"]
    assert client.launch_many([]).columns.tolist() == ["job_name", "run_id", "outcome", "message"]
    assert fake.requests == []


@pytest.mark.parametrize("act", ["terminate", "delete", "reexecute_many"])
@pytest.mark.parametrize("wrong", [5, None, {"run_id": "a"}, [7]])
def test_an_argument_that_does_not_identify_runs_raises_an_error_before_any_request(fake, client, act, wrong):
    with pytest.raises(TypeError):
        getattr(client, act)(wrong)
    assert fake.requests == []


def test_if_the_response_lacks_runs_the_outcome_is_read_from_the_status(fake, client):
    fake.runs = [make_run(number, status="STARTED") for number in range(3)]

    def terminate(_info, runIds, terminatePolicy):  # noqa: N803 - the schema's names
        for run in fake.runs:
            run["status"] = "CANCELED"
        return {
            "__typename": "TerminateRunsResult",
            "terminateRunResults": [{"__typename": SUCCESS, "run": fake.runs[0]}],
        }

    fake.answers["terminateRuns"] = terminate
    outcomes = client.terminate(fake.ids)
    assert outcomes["run_id"].tolist() == fake.ids
    assert outcomes["outcome"].tolist() == ["canceled"] * 3


REPOSITORIES = {
    "__typename": "RepositoryConnection",
    "nodes": [
        {
            "name": repository,
            "location": {"name": "etl"},
            "pipelines": [
                {"name": name, "description": None, "isAssetJob": False, "tags": []}
                for name in ("nightly", "__ASSET_JOB", "__ASSET_JOB_0", "__anonymous_asset_job_hourly", "__mine")
            ],
        }
        for repository in ("repo", "other")
    ],
}


class TestReadsBeforeLaunching:
    """A launch reads only the data that it needs from the server."""

    @pytest.fixture(autouse=True)
    def _answers(self, fake):
        fake.answers["repositoriesOrError"] = REPOSITORIES
        fake.answers["workspaceOrError"] = {
            "__typename": "Workspace",
            "locationEntries": [
                {
                    "name": "etl",
                    "loadStatus": "LOADED",
                    "updatedTimestamp": 1.0,
                    "locationOrLoadError": {"__typename": "RepositoryLocation"},
                }
            ],
        }
        fake.answers["partitionSetsOrError"] = {"__typename": "PartitionSets", "results": []}

        def launch(_info, executionParams):  # noqa: N803 - the schema's name
            if executionParams["selector"]["pipelineName"] == "nightly":
                return {"__typename": "LaunchRunSuccess", "run": make_run(1)}
            return {"__typename": "PipelineNotFoundError", "message": "Could not find Pipeline"}

        fake.answers["launchRun"] = launch

    def test_a_launch_with_location_and_repository_needs_no_other_request(self, fake, client):
        client.launch("nightly", location="etl", repository="repo")
        assert fake.operations == ["LaunchRun"]

    def test_a_launch_without_location_and_repository_reads_all_repositories_once(self, fake, client):
        client.launch("nightly", repository="repo")
        assert fake.operations == ["Repositories", "LaunchRun"]

    def test_many_launches_with_location_and_repository_need_no_other_requests(self, fake, client):
        job = {"job": "nightly", "location": "etl", "repository": "repo"}
        assert client.launch_many([job] * 6)["outcome"].tolist() == ["launched"] * 6
        assert fake.operations == ["LaunchRun"] * 6

    def test_the_error_for_an_unknown_job_lists_similar_names(self, fake, client):
        with pytest.raises(dnb.JobNotFoundError, match="no job 'nihgtly' in repository.*\nDid you mean 'nightly'"):
            client.launch("nihgtly", location="etl", repository="repo")
        assert fake.operations.count("LaunchRun") == 1

    def test_launching_a_partition_of_a_missing_job_raises_an_error(self, client):
        with pytest.raises(dnb.JobNotFoundError, match="Did you mean 'nightly'"):
            client.launch("nihgtly", location="etl", repository="repo", partition_key="2026-01-31")
        with pytest.raises(ValueError, match="has no partitions"):
            client.launch("nightly", location="etl", repository="repo", partition_key="2026-01-31")

    def test_launching_in_a_missing_location_raises_an_error(self, client):
        with pytest.raises(dnb.LocationNotFoundError, match="no code location 'elt'. Use one of: 'etl'"):
            client.launch("nihgtly", location="elt", repository="repo")
        assert client.launch_many([{"job": "x", "location": "elt"}])["outcome"].tolist() == ["not_found"]

    def test_jobs_that_dagster_hides_are_not_listed(self, client):
        assert client.jobs()["job_name"].tolist() == ["nightly", "__mine"] * 2

    def test_non_string_tags_become_json_text(self, fake, client):
        tags = {"team": "data", "priority": 3, "owners": ["a", "b"], "urgent": True}
        client.launch("nightly", location="etl", repository="repo", tags=tags)
        sent = fake.requests[-1][1]["executionParams"]["executionMetadata"]["tags"]
        assert {tag["key"]: tag["value"] for tag in sent if tag["key"] != request_tag.REQUEST_TAG} == {
            "team": "data", "priority": "3", "owners": '["a", "b"]', "urgent": "true",
        }  # fmt: skip

    @pytest.mark.parametrize("value", [{1}, object(), float("nan"), (1, 2), b"a"])
    def test_tags_that_json_cannot_represent_exactly_raise_an_error(self, fake, client, value):
        with pytest.raises(TypeError, match="tag 'a' must be a string or JSON-encodable"):
            client.launch("nightly", tags={"a": value})
        assert fake.requests == []


@pytest.mark.parametrize("name", ["reload_location", "shutdown_location"])
def test_reloading_a_location_that_does_not_exist_raises_an_error(fake, client, name):
    fake.answers["workspaceOrError"] = {"__typename": "Workspace", "locationEntries": []}
    not_found = {"__typename": "RepositoryLocationNotFound", "message": "no such location"}
    fake.answers.update(reloadRepositoryLocation=not_found, shutdownRepositoryLocation=not_found)
    with pytest.raises(dnb.LocationNotFoundError, match="no code location 'shop'. It has no code locations at all"):
        getattr(client, name)("shop")


MUTATIONS = {
    "LaunchRun": lambda client, _: client.launch("nightly", location="etl", repository="repo"),
    "ReexecuteRun": lambda client, run_id: client.reexecute(run_id),
    "ReloadLocation": lambda client, _: client.reload_location("etl"),
    "ShutdownLocation": lambda client, _: client.shutdown_location("etl"),
}
MANY = {
    "LaunchRun": lambda client, _: client.launch_many([{"job": "nightly", "location": "etl", "repository": "repo"}]),
    "ReexecuteRun": lambda client, run_id: client.reexecute_many(run_id),
    "TerminateRuns": lambda client, run_id: client.terminate(run_id),
    "DeleteRun": lambda client, run_id: client.delete(run_id, force=True),
}
FIELDS = {
    "LaunchRun": "launchRun",
    "ReexecuteRun": "launchRunReexecution",
    "ReloadLocation": "reloadRepositoryLocation",
    "ShutdownLocation": "shutdownRepositoryLocation",
    "TerminateRuns": "terminateRuns",
    "DeleteRun": "deleteRun",
}


def respond_with_empty_result(fake, operation, data):
    """Make the fake respond to this mutation with an empty result. The mutation may have succeeded."""
    return fake.answer(None, operation=operation, text=json.dumps({"data": data}), content_type="application/json")


@pytest.mark.parametrize(
    "empty", [lambda _: {}, lambda field: {field: None}, lambda field: {field: {}}], ids=["no data", "null", "no type"]
)
class TestEmptyResponses:
    @pytest.mark.parametrize("operation", MUTATIONS)
    def test_an_empty_response_to_a_single_action_raises_an_outcome_unknown_error(self, fake, client, operation, empty):
        fake.runs = [make_run(1, status="FAILURE")]
        sent = respond_with_empty_result(fake, operation, empty(FIELDS[operation])).met
        with pytest.raises(dnb.OutcomeUnknownError, match="not sent again"):
            MUTATIONS[operation](client, fake.ids[0])
        assert len(sent) == 1

    @pytest.mark.parametrize("operation", MANY)
    def test_an_empty_response_to_one_of_many_actions_has_the_outcome_unknown(self, fake, client, operation, empty):
        status = "FAILURE" if operation == "ReexecuteRun" else "STARTED"
        fake.runs = [make_run(1, status=status)]
        sent = respond_with_empty_result(fake, operation, empty(FIELDS[operation])).met
        assert MANY[operation](client, fake.ids[0])["outcome"].tolist() == ["unknown"]
        assert len(sent) == 1


def test_a_launch_response_without_an_id_leaves_the_outcome_unknown(fake, client):
    fake.answers["repositoriesOrError"] = REPOSITORIES
    respond_with_empty_result(fake, "LaunchRun", {"launchRun": {"__typename": "LaunchRunSuccess", "run": None}})
    with pytest.raises(dnb.OutcomeUnknownError, match="did not return its id"):
        client.launch("nightly", location="etl", repository="repo")
