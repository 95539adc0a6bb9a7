"""Actions on unsuitable runs, on outdated selections, and on runs with every status have the right outcome."""

from __future__ import annotations

import warnings

import pytest

import dagster_nb as dnb
from dagster_nb.client import run as run_module
from dagster_nb.statuses import FINISHED, RUN_STATUSES
from tests.unit.fake import FakeDagster, make_run

RUN_ID = make_run(1)["runId"]
ACTIONS = ["terminate", "delete", "reexecute_many", "reexecute"]


@pytest.fixture
def client(fake):
    fake.runs = [make_run(1, status="FAILURE")]
    fake.answers["launchRunReexecution"] = {"__typename": "LaunchRunSuccess", "run": make_run(9)}
    fake.answers["deleteRun"] = lambda _info, runId: {"__typename": "DeletePipelineRunSuccess", "runId": runId}  # noqa: N803
    with fake.connect() as client:
        fake.requests.clear()
        yield client


@pytest.mark.parametrize("act", ACTIONS)
@pytest.mark.parametrize(
    "select",
    [
        lambda client: client.runs(),
        lambda client: client.runs()["run_id"],
        lambda client: client.runs().iloc[0],
        lambda client: client.runs().query("status == 'FAILURE'")[["run_id"]],
        lambda client: client.run(RUN_ID),
        lambda client: [client.run(RUN_ID)],
    ],
    ids=["frame", "column", "row", "query", "run", "runs"],
)
def test_runs_of_another_deployment_are_rejected(fake, client, act, select):
    with FakeDagster() as staging:
        staging.runs = [make_run(1, status="FAILURE")]
        with dnb.connect(staging.url, progress=False) as other:
            wrong, own = select(other), select(client)
            fake.requests.clear()
            with pytest.raises(
                ValueError, match=f"come from {staging.url}, but this client is connected to http://fake:3000"
            ):
                getattr(client, act)(wrong)
            assert fake.requests == []
            getattr(client, act)(own)
            assert fake.requests


@pytest.mark.parametrize("force", [False, True])
@pytest.mark.parametrize("status", RUN_STATUSES)
def test_every_status_has_an_outcome_and_duplicate_runs_have_one_row(fake, client, status, force):
    run = make_run(1, status=status)
    fake.runs = [run]
    fake.answers["terminateRuns"] = {
        "__typename": "TerminateRunsResult",
        "terminateRunResults": [{"__typename": "TerminateRunFailure", "run": run, "message": f"it is {status}"}],
    }
    outcomes = client.terminate([run["runId"]] * 3, force=force)
    assert len(outcomes) == 1
    sent = fake.operations.count("TerminateRuns")
    assert sent == (status not in FINISHED and (force or status != "CANCELING"))
    expected = "already_finished" if status in FINISHED else "canceling" if status == "CANCELING" else None
    assert outcomes["outcome"][0] == (expected or ("failed" if force else "not_cancelable"))
    deleted = client.delete([run["runId"]] * 3, force=force)
    assert deleted["outcome"].tolist() == ["deleted" if force or status in FINISHED else "not_finished"]


def test_a_run_that_finished_after_its_selection_is_reported_and_not_stopped(fake, client):
    fake.runs = [make_run(2, status="STARTED"), make_run(1, status="STARTED")]
    selected = client.runs(status="STARTED")
    for run in fake.runs:
        run["status"] = "SUCCESS"
    outcomes = client.terminate(selected)
    assert outcomes["outcome"].tolist() == ["already_finished"] * 2
    assert "TerminateRuns" not in fake.operations


def test_runs_with_many_ids_are_read_in_pages_without_duplicates(fake, client):
    ids = [f"{number:08d}-0000-4000-8000-000000000000" for number in range(50_000)]
    outcomes = client.terminate([*ids, *ids])
    assert outcomes["run_id"].tolist() == ids
    assert outcomes["outcome"].value_counts().to_dict() == {"not_found": 49_999, "already_finished": 1}
    assert fake.operations == ["RunStates"] * 100


@pytest.mark.parametrize(("status", "is_warned"), [("STARTED", True), ("CANCELING", True), ("QUEUED", False)])
def test_the_outcome_explains_that_a_run_is_only_marked_as_canceled(fake, client, status, is_warned):
    fake.runs = [make_run(1, status=status)]

    def mark(_info, runIds, terminatePolicy):  # noqa: N803 - the schema's names
        fake.runs[0]["status"] = "CANCELED"
        return {"__typename": "TerminateRunsResult", "terminateRunResults": []}

    fake.answers["terminateRuns"] = mark
    outcome = client.terminate(fake.ids, force=True).iloc[0]
    assert outcome["outcome"] == "canceled"
    assert ("may even succeed" in str(outcome["message"])) == is_warned


def test_waiting_for_a_run_that_remains_in_canceling_warns_once(fake, client, monkeypatch):
    monkeypatch.setattr(run_module, "_SECONDS_TO_CANCEL", 0.1)
    monkeypatch.setattr(run_module, "_POLL_SECONDS", 0.05)
    fake.runs = [make_run(1, status="CANCELING")]
    run = client.run(fake.ids[0])
    with (
        pytest.warns(dnb.DagsterNbWarning, match="CANCELING for .*force=True") as warned,
        pytest.raises(dnb.WaitTimeoutError),
    ):
        run.wait(timeout=1)
    assert len(warned) == 1


@pytest.mark.parametrize(("step_status", "n_warnings"), [("IN_PROGRESS", 1), ("FAILURE", 0), (None, 0)])
def test_waiting_for_a_canceled_run_warns_if_a_step_has_not_ended(fake, client, step_status, n_warnings):
    step = {"stepKey": "load", "status": step_status, "startTime": 1.0, "endTime": None, "attempts": []}
    fake.runs = [make_run(1, status="CANCELED", stepStats=[step])]
    with warnings.catch_warnings(record=True, action="always") as warned:
        assert client.run(fake.ids[0]).wait().status == "CANCELED"
    assert len(warned) == n_warnings
    assert all("its step 'load' has not ended" in str(one.message) for one in warned)


def test_waiting_for_a_canceled_run_succeeds_if_its_steps_cannot_be_read(fake, client):
    fake.runs = [make_run(1, status="CANCELED")]
    run = client.run(fake.ids[0])
    fake.answer(requests=None, operation="Steps", status=500, text="broken")
    assert run.wait().status == "CANCELED"
