"""Actions affect exactly the selected runs, ask for confirmation, and follow the runs afterwards."""

import pandas as pd
import pytest

from dagster_nb.errors import OutcomeUnknownError
from dagster_nb.panels.explorer import actions as actions_module
from dagster_nb.panels.explorer.actions import ActionsModel
from dagster_nb.panels.explorer.views.action_bar import ActionBar
from tests.unit.panels.conftest import HOSTILE, make_runs


@pytest.fixture(autouse=True)
def short_intervals(monkeypatch):
    monkeypatch.setattr(actions_module, "_SECONDS_BETWEEN_READS", 0.01)


def of(*numbers):
    return [f"{number:08d}-0000-4000-8000-000000000000" for number in numbers]


@pytest.fixture
def scene(bench):
    def make(frame):
        one = bench(frame)
        model = one.load()
        actions = ActionsModel(model)
        bar = ActionBar(model, actions)
        model.changes.on("actions", bar.draw_outcomes)
        model.changes.on("selection", bar.draw)
        bar.draw()
        return one, model, actions, bar

    return make


def running(count):
    return make_runs(count, status="STARTED", endTime=None)


def test_the_confirmed_action_affects_the_runs_selected_at_the_click(scene):
    one, model, actions, bar = scene(running(5))
    model.select(of(1, 3))
    bar.ask("terminate")
    assert bar.confirm.is_open
    model.select(of(0))
    bar.confirm.agree()
    one.settle()
    assert one.source.acted == [("terminate", of(1, 3))]
    assert [outcome.outcome for outcome in actions.outcomes] == ["canceled", "canceled"]
    assert model.runs["status"].tolist() == ["STARTED", "CANCELED", "STARTED", "CANCELED", "STARTED"]


def test_the_confirmation_lists_the_runs_and_escapes_html(scene):
    frame = running(3)
    frame.loc[1, "job_name"] = HOSTILE
    _, model, _, bar = scene(frame)
    model.select(of(1))
    bar.ask("delete")
    question = bar.confirm._question.value
    assert of(1)[0] in question
    assert of(0)[0] not in question
    assert "<img src=x" not in question
    assert "&lt;img src=x" in question


def test_acting_on_more_than_ten_runs_requires_typing_their_number(scene):
    one, model, _, bar = scene(running(12))
    model.select(of(*range(11)))
    bar.ask("terminate")
    bar.confirm.agree()
    assert one.source.acted == []
    bar.confirm.type_number("10")
    bar.confirm.agree()
    assert one.source.acted == []
    bar.confirm.type_number("11")
    bar.confirm.agree()
    one.settle()
    assert one.source.acted == [("terminate", of(*range(11)))]


def test_canceling_the_confirmation_does_nothing(scene):
    one, model, _, bar = scene(running(2))
    model.select(of(0))
    bar.ask("delete")
    bar.confirm.cancel()
    bar.confirm.agree()
    one.settle()
    assert one.source.acted == []


def test_deleted_runs_disappear_from_the_table_and_the_selection(scene):
    one, model, actions, bar = scene(make_runs(4))
    model.select(of(2))
    bar.ask("delete")
    bar.confirm.agree()
    one.settle()
    assert model.runs["run_id"].tolist() == of(0, 1, 3)
    assert model.selection == ()
    assert "deleted" in bar._outcomes.value
    assert not actions.is_following


def test_a_reexecution_is_followed_to_its_end(scene):
    one, model, actions, bar = scene(make_runs(2, status="FAILURE"))
    model.select(of(1))
    bar.ask("from_failure")
    bar.confirm.agree()
    one.settle()
    assert one.source.acted == [("from_failure", of(1))]
    assert actions.outcomes[0].status == "SUCCESS"
    assert len(model.runs) == 3
    assert "launched" in bar._outcomes.value
    actions.dismiss()
    assert bar._outcome_box.layout.display == "none"


def test_a_disabled_button_shows_the_reason(scene):
    one, model, actions, bar = scene(make_runs(2))
    assert actions.reason_disabled("delete") == "select runs first"
    model.select(of(0))
    assert actions.reason_disabled("terminate") == "these runs have finished"
    assert actions.reason_disabled("from_failure") == "none of these runs failed"
    assert actions.reason_disabled("delete") is None
    one.source.read_only = True
    bar.draw()
    assert bar._buttons["delete"].disabled
    assert bar._buttons["delete"].tooltip == "this client is read-only"
    one.source.read_only = False
    one.source.forbidden_actions = {"delete": "You are a viewer"}
    bar.draw()
    assert bar._buttons["delete"].disabled
    assert bar._buttons["delete"].tooltip == "the server does not permit it: You are a viewer"
    assert actions.reason_disabled("all_steps") is None


def test_the_buttons_are_disabled_with_a_reason_if_the_source_has_no_actions(bench):
    class History:
        def __init__(self, frame):
            self.frame = frame

        def count_runs(self, **_):
            return len(self.frame)

        def iter_runs(self, **_):
            yield self.frame

    one = bench(make_runs(1))
    one.model.source = History(one.source.frame)
    assert (
        ActionsModel(one.load()).reason_disabled("delete")
        == "this source cannot change runs; open the explorer with a client"
    )


def test_a_lost_response_is_reported(scene, monkeypatch):
    one, model, actions, bar = scene(running(1))

    def lose_response(runs, *, force=False):
        raise OutcomeUnknownError("the response was lost")

    monkeypatch.setattr(one.source, "terminate", lose_response)
    model.select(of(0))
    bar.ask("terminate")
    bar.confirm.agree()
    one.settle()
    assert "The outcome is unknown" in bar._error._message.value
    assert "the response was lost" in bar._error._message.value
    assert actions.current is None


def test_a_run_that_does_not_stop_can_be_marked_as_canceled(scene, monkeypatch):
    one, model, actions, bar = scene(make_runs(1, status="STARTING", endTime=None))
    answer = pd.DataFrame({"run_id": of(0), "outcome": "not_cancelable", "status": "STARTING", "message": HOSTILE})
    terminate = one.source.terminate
    monkeypatch.setattr(one.source, "terminate", lambda runs, force=False: terminate(runs) if force else answer)
    monkeypatch.setattr(actions_module, "_MAX_SECONDS_TO_FOLLOW", 0.05)
    model.select(of(0))
    bar.ask("terminate")
    bar.confirm.agree()
    one.settle()
    assert "cannot be stopped safely" in bar._outcomes.value
    assert "<img src=x" not in bar._outcomes.value
    assert bar._force.layout.display == ""
    bar._ask_to_force()
    bar.confirm.agree()
    one.settle()
    assert one.source.acted == [("terminate", of(0))]
    assert actions.outcomes[0].status == "CANCELED"
