"""Shortened run ids are accepted for reading but not for actions."""

from __future__ import annotations

import pytest

import dagster_nb as dnb
from tests.unit.fake import make_run


@pytest.fixture
def client(fake):
    fake.runs = [make_run(number) for number in (12, 11, 10, 1)]
    fake.answers["logsForRun"] = logs
    with fake.connect() as client:
        fake.requests.clear()
        yield client


def logs(_info, runId, afterCursor=None, limit=None):  # noqa: N803 - the schema's names
    if len(runId) < 36:
        return {"__typename": "RunNotFoundError", "runId": runId, "message": "not found"}
    return {"__typename": "EventConnection", "cursor": "1", "hasMore": False, "events": []}


def give_steps(fake):
    for run in fake.runs:
        run["stepStats"] = [{"stepKey": "load", "status": "SUCCESS", "startTime": 1.0, "endTime": 2.0, "attempts": []}]


class TestReading:
    def test_a_run_is_found_by_the_first_eight_characters_of_its_id(self, fake, client):
        assert client.run("00000011").run_id == fake.ids[1]
        assert fake.operations.count("RunIds") == 2

    def test_a_full_id_needs_no_further_request(self, fake, client):
        client.run(fake.ids[0])
        assert fake.operations == ["Run"]

    def test_the_error_for_an_ambiguous_id_lists_the_candidates(self, fake, client):
        fake.runs = [make_run(7), make_run(7, runId=make_run(7)["runId"][:-1] + "1"), make_run(8)]
        with pytest.raises(dnb.RunNotFoundError, match="2 runs have an id that begins with '00000007'") as caught:
            client.run("00000007")
        assert all(run_id in str(caught.value) for run_id in fake.ids[:2])
        assert fake.ids[2] not in str(caught.value)

    def test_no_more_than_ten_candidates_are_listed(self, fake, client):
        fake.runs = [make_run(7, runId=f"00000007-0000-4000-8000-{number:012d}") for number in range(15)]
        with pytest.raises(dnb.RunNotFoundError, match="and 5 more") as caught:
            client.run("00000007")
        assert str(caught.value).count("00000007-") == 10

    def test_a_short_id_needs_at_least_eight_characters(self, fake, client):
        with pytest.raises(dnb.RunNotFoundError, match="at least 8 characters"):
            client.run("0000001")

    def test_an_unknown_id_raises_an_error(self, client):
        with pytest.raises(dnb.RunNotFoundError, match="no run id begins with it"):
            client.run("abcdef12")

    def test_a_short_id_that_is_the_complete_id_of_a_run_is_used(self, fake, client):
        fake.runs.append(make_run(5, runId="00000011"))
        assert client.run("00000011").run_id == "00000011"

    def test_steps_are_in_the_order_of_short_and_full_ids(self, fake, client):
        give_steps(fake)
        steps = client.steps(["00000001", fake.ids[0], "00000010", "00000012"])
        assert steps["run_id"].tolist() == [fake.ids[3], fake.ids[0], fake.ids[2]]
        assert fake.operations.count("RunIds") == 2

    @pytest.mark.parametrize("method", ["events", "failures", "compute_logs"])
    def test_events_and_logs_accept_short_ids(self, fake, client, method):
        getattr(client, method)("00000011")
        assert {variables["runId"] for name, variables in fake.requests if "runId" in variables} == {fake.ids[1]}

    def test_a_run_can_be_followed_by_its_short_id(self, fake, client):
        assert list(client.follow("00000011")) == []
        assert {variables["runId"] for name, variables in fake.requests if "runId" in variables} == {fake.ids[1]}


class TestFilters:
    def test_runs_are_found_by_short_and_full_ids(self, fake, client):
        found = client.runs(run_ids=["00000011", fake.ids[3], "00000011", fake.ids[1]])
        assert found["run_id"].tolist() == [fake.ids[1], fake.ids[3]]
        pages = client.iter_runs(run_ids="00000011")
        assert [one for page in pages for one in page["run_id"]] == [fake.ids[1]]
        assert client.count_runs(run_ids="00000011") == 1

    def test_full_ids_need_no_further_request(self, fake, client):
        client.runs(run_ids=fake.ids)
        assert "RunIds" not in fake.operations

    def test_a_short_id_can_be_combined_with_other_filters(self, fake, client):
        fake.runs[1]["status"] = "FAILURE"
        assert client.runs(run_ids=["00000011", "00000010"], status="FAILURE")["run_id"].tolist() == [fake.ids[1]]

    @pytest.mark.parametrize("read", ["runs", "count_runs"])
    def test_the_error_for_an_ambiguous_id_lists_the_candidates(self, fake, client, read):
        fake.runs = [make_run(7), make_run(7, runId=make_run(7)["runId"][:-1] + "1"), make_run(8)]
        with pytest.raises(dnb.RunNotFoundError, match="2 runs have an id that begins with '00000007'") as caught:
            getattr(client, read)(run_ids=["00000007", "00000008"])
        assert all(run_id in str(caught.value) for run_id in fake.ids[:2])

    def test_an_id_that_no_run_has_matches_nothing(self, fake, client):
        assert client.runs(run_ids=["abcdef12", "0000"]).empty
        fake.runs.append(make_run(5, runId="00000011"))
        assert client.runs(run_ids="00000011")["run_id"].tolist() == ["00000011"]


class TestActing:
    @pytest.mark.parametrize("act", ["terminate", "delete", "reexecute_many"])
    def test_actions_on_many_runs_need_full_ids(self, fake, client, act):
        fake.runs[1]["status"] = "STARTED"
        outcomes = getattr(client, act)("00000011")
        assert outcomes["outcome"].tolist() == ["not_found"]
        assert "full id of 36 characters" in outcomes["message"][0]
        assert not {"TerminateRuns", "DeleteRun", "ReexecuteRun", "RunIds"} & set(fake.operations)

    def test_reexecuting_a_run_needs_the_full_id(self, client):
        with pytest.raises(dnb.RunNotFoundError, match="full id of 36 characters"):
            client.reexecute("00000011")

    def test_the_error_for_an_unknown_full_id_does_not_mention_its_length(self, client):
        outcomes = client.terminate(make_run(99)["runId"])
        assert outcomes["message"].tolist() == ["the server has no run with this id. client.runs() lists all runs."]
