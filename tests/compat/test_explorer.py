"""The explorer's model loads, filters and selects runs and acts on them with every version of Dagster."""

from __future__ import annotations

import pytest
from graphql import parse, validate

from dagster_nb.analysis.read_columns import creation_times
from dagster_nb.panels.background import Background
from dagster_nb.panels.explorer.actions import ActionsModel
from dagster_nb.panels.explorer.filters import ExplorerFilters
from dagster_nb.panels.explorer.model import ExplorerModel
from tests.compat.served.past_runs import LOCATION, PAST
from tests.compat.servers import PARKED

pytestmark = pytest.mark.capability("explorer")


@pytest.fixture
def explore(client):
    made = []
    crashes = []

    def explore(**filters):
        background = Background(crashes.append)
        made.append(background)
        return ExplorerModel(client, background, ExplorerFilters.parse(**filters))

    yield explore
    for background in made:
        background.close()
    assert crashes == []


def settle(model):
    assert model.background.wait(lambda: not model.background.busy(), 60)
    assert model.error is None
    return model


def load(model):
    model.load()
    return settle(model)


def previous_period_of(condition):
    return [run.run_id for run in reversed(PAST) if condition(run)]


def test_the_explorer_loads_and_filters_like_the_server(explore, client):
    model = load(explore(tags={"kind": "past"}))
    assert model.is_complete
    assert model.runs["run_id"].tolist() == [run.run_id for run in reversed(PAST)]
    assert model.status_counts() == {
        status: sum(run.status == status for run in PAST) for status in model.status_counts()
    }
    assert model.status_counts()["FAILURE"] == len(previous_period_of(lambda run: run.status == "FAILURE"))
    for changes, condition in [
        ({"status": ("FAILURE",)}, lambda run: run.status == "FAILURE"),
        ({"location": (LOCATION,)}, lambda run: run.status == "FAILURE" and run.placed),
        ({"job": ("fragile",)}, lambda run: run.status == "FAILURE" and run.placed and run.job == "fragile"),
    ]:
        model.change_filters(**changes)
        assert settle(model).runs["run_id"].tolist() == previous_period_of(condition)
    model.select([*previous_period_of(condition)[:1], "unknown"])
    assert list(model.selection) == previous_period_of(condition)[:1]


def test_a_time_range_shows_the_runs_that_the_server_returns(dagster, explore, client, note):
    bounds = {"created_after": "2026-01-02T05:00", "created_before": "2026-01-02T11:00"}
    model = load(explore(tags={"kind": "past"}, **bounds))
    wanted = client.runs(tags={"kind": "past"}, **bounds)
    assert len(wanted) == 18
    if not dagster.target.since(7):
        wanted = wanted[creation_times(wanted) < bounds["created_before"]]
        note("the explorer's time range uses the start time of a run or, if it has not started, its last update")
    assert model.runs["run_id"].tolist() == wanted["run_id"].tolist()


def test_a_refresh_shows_new_and_changed_runs(explore, client):
    model = load(explore(job="strict"))
    before = len(model.runs)
    run = client.launch("strict", run_config={"ops": {"needs": {"config": {"table": "t"}}}}, tags=PARKED)
    run.terminate(force=True)
    model.refresh()
    settle(model)
    assert len(model.runs) == before + 1
    assert model.runs["status"][0] == "CANCELED"
    client.delete(run)


def test_the_explorer_marks_runs_as_canceled_and_deletes_runs(explore):
    model = load(explore(job="lost"))
    assert model.runs["status"].tolist() == ["STARTED", "SUCCESS"]
    actions = ActionsModel(model)
    assert actions.reason_disabled("terminate") == "select runs first"
    model.select(model.runs["run_id"][:1])
    assert actions.reason_disabled("terminate") is None
    actions.start("force", model.selection)
    settle(model)
    assert [(one.outcome, one.status) for one in actions.outcomes] == [("canceled", "CANCELED")]
    assert model.runs["status"].tolist() == ["CANCELED", "SUCCESS"]
    actions.start("delete", model.runs["run_id"].tolist())
    settle(model)
    assert [one.outcome for one in actions.outcomes] == ["deleted", "deleted"]
    assert model.runs.empty


def test_the_explorer_reexecutes_a_run_and_follows_it(explore, client):
    tags = {"parked": "for the explorer"}
    run = client.launch("hang", tags=tags)
    run.terminate(force=True)
    model = load(explore(job="hang", tags=tags))
    actions = ActionsModel(model)
    model.select([run.run_id])
    assert actions.reason_disabled("terminate") == "these runs have finished"
    actions.start("all_steps", model.selection)
    assert model.background.wait(lambda: actions.current is None, 60)
    [outcome] = actions.outcomes
    assert (outcome.outcome, outcome.status) == ("launched", "QUEUED")
    assert model.runs["run_id"].tolist() == [outcome.new_run_id, run.run_id]
    client.terminate(outcome.new_run_id, force=True)
    settle(model)
    assert outcome.status == "CANCELED"
    assert model.runs["status"].tolist() == ["CANCELED", "CANCELED"]


def test_the_displayed_graphql_can_be_sent(client, explore):
    load(explore(job="quick"))
    schema = client.graphql_schema()
    for name in ("run_ids", "runs"):
        assert validate(schema, parse(client.graphql_document(name))) == []
