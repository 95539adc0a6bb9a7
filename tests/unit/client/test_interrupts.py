"""After Ctrl-C during an action on many runs, the outcomes are known, and repeating the call completes the action."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
from contextlib import contextmanager

import pytest

import dagster_nb as dnb
from dagster_nb.client import bulk, loop_thread
from tests.unit.fake import make_run

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="os.kill does not send Ctrl-C on Windows")

LAUNCH = {"job": "nightly", "location": "etl", "repository": "repo"}
LAUNCHES = [{**LAUNCH, "tags": {"n": n}} for n in range(30)]


@pytest.fixture
def client(fake):
    def launch(_info, executionParams):  # noqa: N803 - the schema's name
        run = make_run(len(fake.runs), tags=executionParams["executionMetadata"]["tags"])
        fake.runs.insert(0, run)
        return {"__typename": "LaunchRunSuccess", "run": run}

    def delete(_info, runId):  # noqa: N803 - the schema's name
        fake.delete(runId)
        return {"__typename": "DeletePipelineRunSuccess", "runId": runId}

    def terminate(_info, runIds, terminatePolicy):  # noqa: N803 - the schema's names
        stopped = [run for run in fake.runs if run["runId"] in runIds]
        for run in stopped:
            run["status"] = "CANCELED"
        results = [{"__typename": "TerminateRunSuccess", "run": run} for run in stopped]
        return {"__typename": "TerminateRunsResult", "terminateRunResults": results}

    def set_status(status):
        def act(_info, **variables):
            [argument] = variables.values()
            running[argument["scheduleName"]] = status
            return {"__typename": "ScheduleStateResult"}

        return act

    running = dict.fromkeys((f"s{number}" for number in range(20)), "STOPPED")
    schedules = [{"name": name} for name in running]
    backfill = {
        "__typename": "PartitionBackfill", "id": "abc", "status": "REQUESTED", "jobName": None,
        "partitionSetName": None, "assetSelection": [{"path": ["daily"]}], "numPartitions": 2,
        "partitionNames": ["1", "2"], "timestamp": 1.0, "endTimestamp": None, "tags": [], "error": None,
    }  # fmt: skip
    node = {
        "assetKey": {"path": ["daily"]}, "repository": {"name": "repo", "location": {"name": "etl"}},
        "isExecutable": True, "isPartitioned": True, "jobNames": ["__ASSET_JOB"], "partitionKeys": ["1", "2"],
    }  # fmt: skip
    partition = {
        "runConfigOrError": {"__typename": "PartitionRunConfig", "yaml": "{}"},
        "tagsOrError": {"__typename": "PartitionTags", "results": []},
    }
    keys = {"__typename": "Partitions", "results": [{"name": "1"}, {"name": "2"}]}
    fake.answers.update(
        launchRun=launch, deleteRun=delete, terminateRuns=terminate, startSchedule=set_status("RUNNING"),
        repositoriesOrError={"__typename": "RepositoryConnection", "nodes": [
            {"name": "repo", "location": {"name": "etl"}, "schedules": schedules, "sensors": [], "pipelines": []}
        ]},
        instigationStateOrError=lambda _info, instigationSelector: {  # noqa: N803 - the schema's name
            "__typename": "InstigationState", "id": "id", "selectorId": "selector",
            "status": running[instigationSelector["name"]],
        },
        assetsOrError={"__typename": "AssetConnection", "nodes": [{"key": {"path": ["daily"]}}]},
        assetNodes=[node],
        partitionSetsOrError={"__typename": "PartitionSets", "results": [
            {"name": "set", "partitionsOrError": keys, "partition": partition}
        ]},
        launchPartitionBackfill={"__typename": "LaunchBackfillSuccess", "backfillId": "abc"},
        partitionBackfillOrError=backfill,
    )  # fmt: skip
    fake.answers["launchRunReexecution"] = lambda _info, reexecutionParams: launch(  # noqa: N803 - the schema's name
        _info, {"executionMetadata": {"tags": reexecutionParams["extraTags"]}}
    )
    fake.running = running
    with fake.connect(timeout=60) as client:
        fake.requests.clear()
        yield client


@pytest.fixture
def pressing_ctrl_c(fake, monkeypatch):
    """Press Ctrl-C during the nth request of an operation. Later responses arrive only after the cancellation."""
    cancelled = threading.Event()
    cancel = loop_thread._CancellableWork.cancel
    respond = fake.respond

    def cancel_and_tell(work, portal):
        cancel(work, portal)
        cancelled.set()

    monkeypatch.setattr(loop_thread._CancellableWork, "cancel", cancel_and_tell)

    @contextmanager
    def pressing(operation, *, at):
        pressed = threading.Event()

        async def respond_late(body):
            answer = await respond(body)
            if not pressed.is_set() and fake.operations.count(operation) == at:
                pressed.set()
                os.kill(os.getpid(), signal.SIGINT)
            if pressed.is_set():
                await asyncio.to_thread(cancelled.wait, 60)
                await asyncio.sleep(0.01)
            return answer

        fake.respond = respond_late
        yield
        assert pressed.is_set()
        fake.respond = respond

    return pressing


def test_repeating_the_call_deletes_the_remaining_runs(fake, client, pressing_ctrl_c):
    fake.runs = [make_run(number) for number in reversed(range(30))]
    ids = fake.ids
    with pressing_ctrl_c("DeleteRun", at=10), pytest.raises(KeyboardInterrupt) as interrupt:
        client.delete(ids)
    outcomes = interrupt.value.outcomes
    assert isinstance(interrupt.value, dnb.ActionInterrupt)
    assert outcomes["run_id"].tolist() == ids
    assert set(outcomes["outcome"]) == {"deleted", "not_sent"}
    assert set(outcomes["run_id"][outcomes["outcome"] == "not_sent"]) == set(fake.ids)
    assert f"not sent: {len(fake.ids)} of 30." in str(interrupt.value)
    assert 17 <= len(fake.ids) <= 20
    assert set(client.delete(ids)["outcome"]) == {"deleted", "not_found"}
    assert fake.runs == []


def test_repeating_the_call_stops_the_remaining_runs(fake, client, pressing_ctrl_c):
    fake.runs = [make_run(number, status="STARTED") for number in range(90)]
    with pressing_ctrl_c("TerminateRuns", at=2), pytest.raises(dnb.ActionInterrupt) as interrupt:
        client.terminate(fake.ids)
    outcomes = interrupt.value.outcomes
    assert set(outcomes["outcome"]) == {"canceled", "not_sent"}
    # The request that was in progress is completed.
    stopped = [run["runId"] for run in fake.runs if run["status"] == "CANCELED"]
    assert len(stopped) == 40
    assert outcomes["run_id"][outcomes["outcome"] == "canceled"].tolist() == stopped
    assert client.terminate(fake.ids)["outcome"].value_counts().to_dict() == {
        "already_finished": len(stopped),
        "canceled": 90 - len(stopped),
    }


def test_repeating_the_call_launches_the_rest_of_a_batch(fake, client, pressing_ctrl_c):
    with pressing_ctrl_c("LaunchRun", at=10), pytest.raises(dnb.ActionInterrupt) as interrupt:
        client.launch_many(LAUNCHES, batch="june")
    outcomes = interrupt.value.outcomes
    assert set(outcomes["outcome"]) == {"launched", "not_sent"}
    launched = len(fake.runs)
    assert set(outcomes["run_id"].dropna()) == set(fake.ids)
    assert client.launch_many(LAUNCHES, batch="june")["outcome"].value_counts().to_dict() == {
        "already_launched": launched,
        "launched": 30 - launched,
    }
    assert len(fake.runs) == 30


def test_repeating_the_call_reexecutes_the_rest_of_a_batch(fake, client, pressing_ctrl_c):
    fake.runs = [make_run(number, status="FAILURE") for number in reversed(range(20))]
    parents = fake.ids

    def reexecute(_info, reexecutionParams, executionParams=None):  # noqa: N803 - the schema's names
        parent, tags = reexecutionParams["parentRunId"], reexecutionParams["extraTags"]
        run = make_run(len(fake.runs), parentRunId=parent, tags=tags)
        fake.runs.insert(0, run)
        return {"__typename": "LaunchRunSuccess", "run": run}

    fake.answers["launchRunReexecution"] = reexecute
    with pressing_ctrl_c("ReexecuteRun", at=5), pytest.raises(dnb.ActionInterrupt):
        client.reexecute_many(parents, batch="june")
    assert 25 <= len(fake.runs) < 40
    client.reexecute_many(parents, batch="june")
    assert sorted(run["parentRunId"] for run in fake.runs if run["parentRunId"]) == sorted(parents)


def test_repeating_the_call_starts_the_remaining_schedules(fake, client, pressing_ctrl_c):
    names = list(fake.running)
    with pressing_ctrl_c("StartSchedule", at=5), pytest.raises(dnb.ActionInterrupt) as interrupt:
        client.start(names)
    outcomes = interrupt.value.outcomes
    assert outcomes["name"].tolist() == names
    started = [name for name in names if fake.running[name] == "RUNNING"]
    assert 5 <= len(started) <= 12
    assert outcomes["name"][outcomes["outcome"] == "started"].tolist() == started
    assert outcomes["status"].tolist() == [fake.running[name] for name in names]
    assert set(outcomes["outcome"]) == {"started", "not_sent"}
    assert client.start(names)["outcome"].value_counts().to_dict() == {
        "already_started": len(started),
        "started": 20 - len(started),
    }


@pytest.mark.parametrize(
    ("operation", "count", "act", "outcome"),
    [
        ("AutomationState", 21, lambda client, fake: client.start(list(fake.running)), "started"),
        ("RunStates", 2, lambda client, fake: client.terminate(fake.ids), "canceled"),
    ],
    ids=["start", "terminate"],
)
def test_outcomes_are_kept_if_ctrl_c_is_pressed_while_they_are_read(
    fake, client, pressing_ctrl_c, operation, count, act, outcome
):
    fake.runs = [make_run(number, status="STARTED") for number in range(3)]
    with pressing_ctrl_c(operation, at=count), pytest.raises(dnb.ActionInterrupt) as interrupt:
        act(client, fake)
    assert set(interrupt.value.outcomes["outcome"]) == {outcome}


def test_outcomes_are_kept_if_ctrl_c_is_pressed_while_lost_deletions_are_looked_up(fake, client, pressing_ctrl_c):
    fake.runs = [make_run(number) for number in range(3)]
    ids = fake.ids
    fake.drop(operation="DeleteRun", after=lambda: fake.delete(ids[0]))
    with pressing_ctrl_c("RunStates", at=2), pytest.raises(dnb.ActionInterrupt) as interrupt:
        client.delete(ids)
    assert interrupt.value.outcomes["outcome"].tolist() == ["deleted"] * 3


SINGLE = {
    "launch": ("LaunchRun", "run_id", lambda client: client.launch(**LAUNCH)),
    "reexecute": ("ReexecuteRun", "run_id", lambda client: client.reexecute(make_run(500)["runId"])),
    "materialize": ("LaunchRun", "run_id", lambda client: client.materialize("daily", partition_keys="1")),
    "materialize many": (
        "LaunchBackfill", "backfill_id", lambda client: client.materialize("daily", partition_keys=["1", "2"])
    ),
    "backfill": ("LaunchBackfill", "backfill_id", lambda client: client.backfill([["daily"]], ["1", "2"])),
    "read backfill": ("BackfillDetails", "backfill_id", lambda client: client.backfill([["daily"]], ["1", "2"])),
}  # fmt: skip


@pytest.mark.parametrize("name", SINGLE)
def test_the_outcome_is_kept_if_ctrl_c_is_pressed_during_a_single_launch(fake, client, pressing_ctrl_c, name):
    operation, column, act = SINGLE[name]
    fake.runs = [make_run(500, status="FAILURE")]
    with pressing_ctrl_c(operation, at=1), pytest.raises(dnb.ActionInterrupt) as interrupt:
        act(client)
    [row] = interrupt.value.outcomes.to_dict("records")
    assert row["outcome"] == "launched"
    assert row[column] == (fake.ids[0] if column == "run_id" else "abc")


def test_nothing_is_sent_if_ctrl_c_is_pressed_before_a_launch(fake, client, pressing_ctrl_c):
    with pressing_ctrl_c("AssetsToMaterialize", at=1), pytest.raises(KeyboardInterrupt) as interrupt:
        client.backfill([["daily"]], ["1", "2"])
    assert not isinstance(interrupt.value, dnb.ActionInterrupt)
    assert "LaunchBackfill" not in fake.operations


@contextmanager
def pressing_ctrl_c_when_hanging(fake):
    """Press Ctrl-C as soon as a request hangs."""

    def press():
        fake.hanging.wait(60)
        os.kill(os.getpid(), signal.SIGINT)

    presser = threading.Thread(target=press)
    presser.start()
    yield
    presser.join()


def test_a_single_launch_without_a_response_has_an_unknown_outcome(fake, client, monkeypatch):
    monkeypatch.setattr(bulk, "SECONDS_TO_FINISH", 0.5)
    fake.hang(operation="LaunchRun")

    with pressing_ctrl_c_when_hanging(fake), pytest.raises(dnb.ActionInterrupt) as interrupt:
        client.launch(**LAUNCH)
    assert interrupt.value.outcomes["outcome"].tolist() == ["unknown"]


@pytest.mark.parametrize("act", ["terminate", "delete"])
def test_ctrl_c_before_the_first_request_returns_outcomes(fake, client, pressing_ctrl_c, act):
    fake.runs = [make_run(number, status="STARTED") for number in range(3)]
    ids = fake.ids
    with pressing_ctrl_c("RunStates", at=1), pytest.raises(dnb.ActionInterrupt) as interrupt:
        getattr(client, act)(ids)
    assert fake.operations == ["RunStates"]
    assert interrupt.value.outcomes["outcome"].tolist() == ["not_sent"] * 3


def test_a_request_without_a_response_has_an_unknown_outcome(fake, client, monkeypatch):
    monkeypatch.setattr(bulk, "SECONDS_TO_FINISH", 0.5)
    fake.runs = [make_run(number) for number in range(8)]
    fake.hang(operation="DeleteRun", requests=4)

    with pressing_ctrl_c_when_hanging(fake), pytest.raises(dnb.ActionInterrupt) as interrupt:
        client.delete(fake.ids)
    assert interrupt.value.outcomes["outcome"].value_counts().to_dict() == {"unknown": 4, "not_sent": 4}
    assert client.delete(fake.ids)["outcome"].tolist() == ["deleted"] * 8


def test_the_exception_raised_when_a_task_is_canceled_carries_the_outcomes_so_far(fake):
    fake.runs = [make_run(number) for number in range(40)]

    async def act():
        async with fake.async_client() as client:
            task = asyncio.create_task(client.delete(fake.ids))
            fake.before = lambda _: task.cancel() if fake.operations.count("DeleteRun") == 1 else None
            fake.answers["deleteRun"] = lambda _info, runId: {"__typename": "DeletePipelineRunSuccess", "runId": runId}  # noqa: N803
            with pytest.raises(asyncio.CancelledError) as cancelled:
                await task
            assert task.cancelled()
            return cancelled.value.outcomes

    outcomes = asyncio.run(act())["outcome"].value_counts().to_dict()
    assert outcomes["deleted"] + outcomes["not_sent"] == 40
    assert outcomes["not_sent"] >= 20


def test_an_interrupt_is_not_a_dagster_nb_error():
    assert not issubclass(dnb.ActionInterrupt, Exception)
