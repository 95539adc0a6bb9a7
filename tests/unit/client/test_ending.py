"""Outcomes of stopping and deleting, in the cases that a real server cannot be made to show."""

from __future__ import annotations

import pytest

from tests.unit.fake import make_run

SUCCESS, FAILURE, PERMISSION = "TerminateRunSuccess", "TerminateRunFailure", "You do not have permission"


@pytest.fixture
def client(fake):
    with fake.connect(timeout=1) as client:
        fake.requests.clear()
        yield client


def stopping(fake, becomes):
    """Answer terminateRuns: for each run the status that it then has, and how the server answers."""

    def terminate(_info, runIds, terminatePolicy):  # noqa: N803 - the schema's names
        results = []
        for run_id in runIds:
            run = next(run for run in fake.runs if run["runId"] == run_id)
            run["status"], typename = becomes[run["status"]]
            results.append({"__typename": typename, "run": run, "message": f"could not, it is {run['status']}"})
        return {"__typename": "TerminateRunsResult", "terminateRunResults": results}

    fake.answers["terminateRuns"] = terminate


def test_a_row_a_run_in_the_order_given(fake, client):
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
    told = client.terminate([*ids, "unknown", ids[0]])
    assert told["run_id"].tolist() == [*ids, "unknown"]
    assert told["outcome"].tolist() == [
        "canceling", "canceling", "not_cancelable", "canceling", "canceled", "already_finished", "not_found",
    ]  # fmt: skip
    assert told["status"].tolist()[:-1] == ["CANCELING", "CANCELING", "STARTING", "STARTED", "CANCELED", "SUCCESS"]
    assert "ask again once it is STARTED. force=True marks" in told["message"][2]
    assert fake.operations == ["RunStates", "TerminateRuns", "RunStates"]
    assert set(fake.requests[1][1]["runIds"]) == {ids[0], ids[2], ids[3], ids[4]}
    assert fake.requests[1][1]["policy"] == "SAFE_TERMINATE"


def test_force_marks_what_is_canceling_too(fake, client):
    fake.runs = [make_run(1, status="CANCELING")]
    stopping(fake, {"CANCELING": ("CANCELED", SUCCESS)})
    assert client.terminate(fake.ids, force=True)["outcome"].tolist() == ["canceled"]
    assert fake.requests[1][1]["policy"] == "MARK_AS_CANCELED_IMMEDIATELY"


def test_a_run_that_ended_by_itself_is_told_so(fake, client):
    fake.runs = [make_run(1, status="STARTED")]
    stopping(fake, {"STARTED": ("SUCCESS", FAILURE)})
    told = client.terminate(fake.ids).iloc[0]
    assert (told["outcome"], told["status"]) == ("already_finished", "SUCCESS")


@pytest.mark.parametrize("status", ["STARTED", "NOT_STARTED"])
def test_a_run_that_is_not_about_to_start_is_not_to_be_asked_again(fake, client, status):
    fake.runs = [make_run(1, status=status)]
    stopping(fake, {status: (status, FAILURE)})
    told = client.terminate(fake.ids).iloc[0]
    assert told["outcome"] == "not_cancelable"
    assert "force=True" in told["message"]
    assert "ask again" not in told["message"]


def test_what_is_not_permitted_is_not_sent(fake, client):
    fake.runs = [make_run(1, status="STARTED", hasTerminatePermission=False, hasDeletePermission=False)]
    assert client.terminate(fake.ids)["outcome"].tolist() == ["unauthorized"]
    assert client.delete(fake.ids, force=True)["outcome"].tolist() == ["unauthorized"]
    assert set(fake.operations) == {"RunStates"}


def lose_the_answer_of(fake, operation, act=lambda: None):
    """Drop the connection when this operation comes, after it took effect."""
    fake.drop(operation=operation, after=act)


def test_a_stop_whose_answer_is_lost_is_told_by_what_the_server_says_then(fake, client):
    fake.runs = [make_run(1, status="STARTED"), make_run(2, status="QUEUED")]
    lose_the_answer_of(fake, "TerminateRuns", lambda: fake.runs[1].update(status="CANCELED"))
    told = client.terminate(fake.ids)
    assert told["outcome"].tolist() == ["unknown", "canceled"]
    assert fake.operations.count("TerminateRuns") == 1


def test_a_server_that_is_gone_after_a_stop_hides_no_run(fake, client):
    fake.runs = [make_run(1, status="STARTED"), make_run(2)]
    stopping(fake, {"STARTED": ("CANCELING", SUCCESS)})

    def gone(operation):
        if operation == "TerminateRuns":
            fake.answer(requests=50, status=503)

    fake.before = gone
    assert client.terminate(fake.ids)["outcome"].tolist() == ["unknown", "already_finished"]


def test_a_deletion_whose_answer_is_lost_is_told_by_what_is_left(fake, client):
    fake.runs = [make_run(1), make_run(2)]
    first, second = fake.ids
    lose_the_answer_of(fake, "DeleteRun", lambda: fake.delete(first))
    lose_the_answer_of(fake, "DeleteRun")
    told = client.delete([first, second])
    assert sorted(told["outcome"]) == ["deleted", "unknown"]
    assert fake.operations.count("DeleteRun") == 2


def test_a_server_that_is_gone_after_a_deletion_hides_no_run(fake, client):
    fake.runs = [make_run(1), make_run(2)]
    first, second = fake.ids
    fake.answers["deleteRun"] = lambda _info, runId: {"__typename": "DeletePipelineRunSuccess", "runId": runId}  # noqa: N803
    lose_the_answer_of(fake, "DeleteRun", lambda: fake.answer(requests=50, status=503))
    told = client.delete([first, second])
    assert told["run_id"].tolist() == [first, second]
    assert "unknown" in set(told["outcome"])


def test_a_refusal_is_told_though_the_run_says_that_it_is_ending(fake, client):
    fake.runs = [make_run(1, status="STARTED")]
    stopping(fake, {"STARTED": ("CANCELING", FAILURE)})
    told = client.terminate(fake.ids).iloc[0]
    assert told["outcome"] == "canceling"
    assert "force=True" in told["message"]


class TestLaunchMany:
    """What is wrong with one launch is known before any is sent, or is the outcome of that one."""

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
            {"partition_key": 5}, {"tags": {"a": 5}}, {"repository": ""},
        ],
    )  # fmt: skip
    def test_a_wrong_argument_launches_nothing(self, fake, client, wrong):
        with pytest.raises((TypeError, ValueError)):
            client.launch_many([{"job": "a"}] * 8 + [{"job": "a", **wrong}])
        with pytest.raises((TypeError, ValueError)):
            client.launch("a", **wrong)
        assert fake.requests == []

    def test_a_config_that_does_not_parse_is_the_outcome_of_one(self, client):
        told = client.launch_many([{"job": "a"}, {"job": "a", "run_config": "a: [b"}, {"job": "b"}])
        assert told["outcome"].tolist() == ["launched", "invalid", "not_found"]

    def test_the_jobs_are_asked_for_once(self, fake, client):
        told = client.launch_many([{"job": "a"}] * 10)
        assert told[["outcome", "message"]].drop_duplicates()["outcome"].tolist() == ["launched"], told[
            "message"
        ].tolist()
        assert fake.operations.count("Repositories") == 1
        assert fake.operations.count("LaunchRun") == 10


def test_nothing_chosen_sends_nothing(fake, client):
    for nothing in ([], client.runs(limit=0)):
        assert client.terminate(nothing).columns.tolist() == ["run_id", "outcome", "status", "message"]
        assert client.delete(nothing).columns.tolist() == ["run_id", "outcome", "message"]
        assert client.reexecute_many(nothing).columns.tolist() == ["parent_run_id", "run_id", "outcome", "message"]
    assert client.launch_many([]).columns.tolist() == ["job_name", "run_id", "outcome", "message"]
    assert fake.requests == []


@pytest.mark.parametrize("act", ["terminate", "delete", "reexecute_many"])
@pytest.mark.parametrize("wrong", [5, None, {"run_id": "a"}, [7]])
def test_what_is_no_run_sends_nothing(fake, client, act, wrong):
    with pytest.raises(TypeError):
        getattr(client, act)(wrong)
    assert fake.requests == []


def test_an_answer_for_fewer_runs_than_asked_loses_none(fake, client):
    fake.runs = [make_run(number, status="STARTED") for number in range(3)]

    def terminate(_info, runIds, terminatePolicy):  # noqa: N803 - the schema's names
        for run in fake.runs:
            run["status"] = "CANCELED"
        return {
            "__typename": "TerminateRunsResult",
            "terminateRunResults": [{"__typename": SUCCESS, "run": fake.runs[0]}],
        }

    fake.answers["terminateRuns"] = terminate
    told = client.terminate(fake.ids)
    assert told["run_id"].tolist() == fake.ids
    assert told["outcome"].tolist() == ["canceled"] * 3
