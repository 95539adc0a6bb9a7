"""If the response to a launch is lost, the client finds the run by the id of the request."""

from __future__ import annotations

import pytest

import dagster_nb as dnb
from dagster_nb.client import request_tag
from dagster_nb.client.request_tag import REQUEST_TAG
from tests.unit.fake import make_run

LAUNCH = {"job": "nightly", "location": "etl", "repository": "repo"}


@pytest.fixture(autouse=True)
def _look_without_pausing(monkeypatch):
    monkeypatch.setattr(request_tag, "_PAUSES_SECONDS", (0.0, 0.0, 0.0))


@pytest.fixture
def client(fake):
    """Return a client of a server that accepts launches and re-executions."""

    def add(tags, **parent):
        run = make_run(len(fake.runs), status="QUEUED", tags=tags, **parent)
        fake.runs.insert(0, run)
        return {"__typename": "LaunchRunSuccess", "run": run}

    def reexecute(_info, reexecutionParams=None, executionParams=None):  # noqa: N803 - the schema's names
        if reexecutionParams is None:
            metadata = executionParams["executionMetadata"]
            return add(metadata["tags"], parentRunId=metadata["parentRunId"])
        return add(reexecutionParams["extraTags"], parentRunId=reexecutionParams["parentRunId"])

    fake.answers["launchRun"] = lambda _info, executionParams: add(executionParams["executionMetadata"]["tags"])  # noqa: N803
    fake.answers["launchRunReexecution"] = reexecute
    with fake.connect(timeout=1) as client:
        fake.requests.clear()
        yield client


def request_ids(fake):
    """Return the request ids in the tags of the runs, newest run first."""
    return [tag["value"] for run in fake.runs for tag in run["tags"] if tag["key"] == REQUEST_TAG]


def lose_responses(fake, operation, *, requests=1):
    """Make the fake execute these mutations, but lose the responses."""

    def carry_out():
        variables = fake.requests[-1][1]
        arguments = {key: value for key, value in variables.items() if value is not None}
        fake.answers["launchRun" if operation == "LaunchRun" else "launchRunReexecution"](None, **arguments)

    return fake.drop(requests, operation=operation, after=carry_out)


def test_a_launch_with_a_lost_response_returns_its_run(fake, client):
    lost = lose_responses(fake, "LaunchRun")
    run = client.launch(**LAUNCH, tags={"why": "a test"})
    assert run.run_id == fake.ids[0]
    assert len(lost.met) == len(fake.runs) == 1


@pytest.mark.parametrize("config", [None, {"ops": {}}])
def test_a_reexecution_with_a_lost_response_returns_its_run(fake, client, config):
    fake.runs = [make_run(0, status="FAILURE")]
    lost = lose_responses(fake, "ReexecuteRun")
    run = client.reexecute(fake.ids[0], run_config=config)
    assert run.run_id == fake.ids[0]
    assert len(lost.met) == 1
    assert len(fake.runs) == 2


def test_a_reexecution_that_inherited_the_request_id_is_ignored(fake, client):
    def launch_and_retry(_info, executionParams):  # noqa: N803 - the schema's name
        tags = executionParams["executionMetadata"]["tags"]
        launched = make_run(0, status="FAILURE", tags=tags)
        fake.runs = [make_run(1, tags=tags, parentRunId=launched["runId"]), launched]

    fake.answers["launchRun"] = launch_and_retry
    lose_responses(fake, "LaunchRun")
    assert client.launch(**LAUNCH).run_id == fake.ids[1]


def test_a_run_that_appears_late_is_found(fake, client):
    looks = []

    def launch(operation):
        if operation == "RequestedRuns":
            looks.append(operation)
            if len(looks) == 3:
                (variables,) = [variables for name, variables in fake.requests if name == "LaunchRun"]
                fake.runs = [make_run(0, tags=variables["executionParams"]["executionMetadata"]["tags"])]

    fake.before = launch
    fake.drop(operation="LaunchRun")
    assert client.launch(**LAUNCH).run_id == fake.ids[0]


def test_if_no_run_appears_the_error_explains_how_to_look_for_it(fake, client):
    fake.drop(operation="LaunchRun")
    with pytest.raises(dnb.OutcomeUnknownError, match="No run has appeared") as error:
        client.launch(**LAUNCH)
    assert "client.runs(tags={'.dagster/dagster_nb_request_id': '" in str(error.value)
    assert fake.operations.count("LaunchRun") == 1


def test_if_the_server_is_down_the_outcome_is_unknown(fake, client):
    fake.drop(operation="LaunchRun", after=lambda: fake.answer(requests=50, status=503))
    with pytest.raises(dnb.OutcomeUnknownError, match="may or may not"):
        client.launch(**LAUNCH)


def test_the_client_does_not_look_for_the_run_after_a_response(fake, client):
    client.launch(**LAUNCH)
    fake.answers["launchRun"] = {"__typename": "UnauthorizedError", "message": "no"}
    with pytest.raises(dnb.UnauthorizedError):
        client.launch(**LAUNCH)
    assert set(fake.operations) == {"LaunchRun"}


def test_each_launch_has_its_own_request_id(fake, client):
    client.launch_many([LAUNCH] * 10)
    client.reexecute_many(fake.ids, strategy="all_steps")
    assert len(set(request_ids(fake))) == len(fake.runs) == 20


def test_every_lost_launch_is_found_among_many_launches(fake, client):
    lose_responses(fake, "LaunchRun", requests=5)
    outcomes = client.launch_many([{**LAUNCH, "tags": {"n": n}} for n in range(20)])
    assert outcomes["outcome"].tolist() == ["launched"] * 20
    assert set(outcomes["run_id"]) == set(fake.ids)
    assert len(fake.runs) == 20
    numbers = [next(tag["value"] for tag in run["tags"] if tag["key"] == "n") for run in fake.runs]
    by_id = dict(zip(fake.ids, numbers, strict=True))
    assert [by_id[run_id] for run_id in outcomes["run_id"]] == [str(n) for n in range(20)]


class TestBatches:
    """If a call is repeated with the same batch, it launches only the missing runs."""

    def test_a_launched_run_is_not_launched_again(self, fake, client):
        launches = [{**LAUNCH, "tags": {"n": n}} for n in range(4)]
        first = client.launch_many(launches[:3], batch="june")
        second = client.launch_many(launches, batch="june")
        assert second["outcome"].tolist() == ["already_launched"] * 3 + ["launched"]
        assert second["run_id"].tolist()[:3] == first["run_id"].tolist()
        assert len(fake.runs) == 4

    def test_identical_launches_in_one_call_are_all_launched(self, fake, client):
        client.launch_many([LAUNCH] * 3, batch="june")
        assert client.launch_many([LAUNCH] * 4, batch="june")["outcome"].tolist() == [
            *["already_launched"] * 3,
            "launched",
        ]
        assert len(fake.runs) == 4

    def test_a_launch_in_another_batch_or_without_a_batch_is_sent(self, fake, client):
        client.launch_many([LAUNCH], batch="june")
        assert client.launch_many([LAUNCH], batch="july")["outcome"].tolist() == ["launched"]
        assert client.launch_many([LAUNCH])["outcome"].tolist() == ["launched"]
        assert len(fake.runs) == 3

    def test_a_failed_launch_is_tried_again(self, fake, client):
        launch = fake.answers["launchRun"]
        fake.answers["launchRun"] = {"__typename": "UnauthorizedError", "message": "no"}
        assert client.launch_many([LAUNCH], batch="june")["outcome"].tolist() == ["unauthorized"]
        fake.answers["launchRun"] = launch
        assert client.launch_many([LAUNCH], batch="june")["outcome"].tolist() == ["launched"]

    def test_a_run_is_not_reexecuted_twice_in_a_batch(self, fake, client):
        fake.runs = [make_run(1, status="FAILURE"), make_run(0, status="FAILURE")]
        parents = fake.ids
        first = client.reexecute_many(parents[:1], batch="june")
        second = client.reexecute_many(parents, batch="june")
        assert second["outcome"].tolist() == ["already_launched", "launched"]
        assert second["run_id"][0] == first["run_id"][0]
        assert len(fake.runs) == 4

    @pytest.mark.parametrize("wrong", ["", 5])
    def test_an_invalid_batch_name_sends_no_request(self, fake, client, wrong):
        with pytest.raises(ValueError, match="batch must be a name"):
            client.launch_many([LAUNCH], batch=wrong)
        with pytest.raises(ValueError, match="batch must be a name"):
            client.reexecute_many(["a"], batch=wrong)
        assert fake.requests == []
