"""An error without a stack trace (``stack: null``) is shown like any other error."""

from __future__ import annotations

import json

import pytest

import dagster_nb as dnb
from dagster_nb import analysis
from dagster_nb.panels.run_view.log_html import events_html
from dagster_nb.panels.run_view.run_html import failures_html
from tests.unit.fake import make_run

RUN = make_run(1)["runId"]
CAUSE = {"className": "ValueError", "message": "ValueError: no rows", "stack": None}
ERROR = {
    "__typename": "PythonError",
    "className": "Outer",
    "message": "Outer: it broke",
    "stack": None,
    "causes": [CAUSE],
}
ALONE = {"__typename": "PythonError", "className": None, "message": "it broke", "stack": None, "causes": None}


@pytest.fixture
def client(fake):
    fake.runs = [make_run(1, status="FAILURE")]
    places = [{"name": "repo", "location": {"name": "etl"}, "schedules": [{"name": "nightly"}], "sensors": []}]
    fake.answers["repositoriesOrError"] = {"__typename": "RepositoryConnection", "nodes": places}
    with fake.connect() as client:
        yield client


def answer(fake, operation, **data):
    """Make the fake send this data, which its schema does not allow."""
    fake.answer(None, operation=operation, text=json.dumps({"data": data}), content_type="application/json")


READS = {
    "Runs": ("runsOrError", lambda client: client.runs()),
    "Run": ("runOrError", lambda client: client.run(RUN)),
    "Events": ("logsForRun", lambda client: client.events(RUN)),
    "Repositories": ("repositoriesOrError", lambda client: client.jobs()),
    "Locations": ("workspaceOrError", lambda client: client.locations()),
    "Ticks": ("instigationStateOrError", lambda client: client.ticks("nightly")),
    "Backfills": ("partitionBackfillsOrError", lambda client: client.backfills()),
    "LaunchRun": ("launchRun", lambda client: client.launch("nightly", location="etl", repository="repo")),
    "ReexecuteRun": ("launchRunReexecution", lambda client: client.reexecute(RUN, strategy="all_steps")),
}


@pytest.mark.parametrize("error", [ERROR, ALONE], ids=["with cause", "alone"])
@pytest.mark.parametrize("operation", READS)
def test_an_error_from_dagster_without_a_stack_trace_is_raised(fake, client, operation, error):
    root, read = READS[operation]
    answer(fake, operation, **{root: error})
    fake.answers["workspaceOrError"] = {"__typename": "Workspace", "locationEntries": []}
    with pytest.raises(dnb.DagsterNbError, match="it broke|no code location") as caught:
        read(client)
    assert getattr(caught.value, "stack", "") == ""


@pytest.mark.parametrize(("error", "message"), [(ERROR, "no rows"), (ALONE, "it broke")], ids=["with cause", "alone"])
class TestFrames:
    def test_failures_without_a_stack_trace_are_shown(self, fake, client, error, message):
        event = {
            "__typename": "RunFailureEvent", "timestamp": "1", "eventType": "RUN_FAILURE", "level": "ERROR",
            "stepKey": None, "message": "failed", "error": error,
        }  # fmt: skip
        page = {"__typename": "EventConnection", "events": [event], "cursor": "1", "hasMore": False}
        for operation in ("Events", "Captures"):
            answer(fake, operation, logsForRun=page)
        events, failures = client.events(RUN), client.run(RUN).failures()
        assert events["error_message"].tolist() == failures["error_message"].tolist() == [message]
        assert events["stack"].isna().all()
        assert failures["causes"][0][-1]["stack"] is None
        assert message in failures._repr_html_()
        assert message in repr(failures)
        assert analysis.failure_groups(failures)["count"].tolist() == [1]
        # The panels use these functions to show events and failures.
        assert message in events_html(events)
        assert message in failures_html(failures)

    def test_the_error_of_a_location_is_shown_without_a_stack_trace(self, fake, client, error, message):
        entry = {"name": "etl", "loadStatus": "LOADED", "updatedTimestamp": 1.0, "locationOrLoadError": error}
        answer(fake, "Locations", workspaceOrError={"__typename": "Workspace", "locationEntries": [entry]})
        assert client.locations()["error"].tolist() == [message if error is ALONE else "ValueError: no rows"]

    def test_the_error_of_a_tick_is_shown_without_a_stack_trace(self, fake, client, error, message):
        tick = {"tickId": "1", "status": "FAILURE", "timestamp": 1.0, "endTimestamp": None, "runIds": [],
                "skipReason": None, "error": error}  # fmt: skip
        state = {"__typename": "InstigationState", "ticks": [tick]}
        fake.answer(1, operation="Ticks", text=json.dumps({"data": {"instigationStateOrError": state}}),
                    content_type="application/json")  # fmt: skip
        fake.answers["instigationStateOrError"] = {"__typename": "InstigationState", "ticks": []}
        assert client.ticks("nightly")["error_message"].tolist() == [message]
