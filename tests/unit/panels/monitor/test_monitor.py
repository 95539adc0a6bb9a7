"""The monitor reads, shows, terminates and re-executes a run."""

import gc
import threading
import time

import ipywidgets as widgets
import pandas as pd
import pytest

from dagster_nb.client.run import RunFacts
from dagster_nb.errors import ConnectionFailedError, OutcomeUnknownError, UnsupportedServerError
from dagster_nb.panels.monitor import RunMonitor
from dagster_nb.panels.monitor import model as monitor_model
from dagster_nb.panels.monitor.outcome_messages import outcome_message, state_times
from dagster_nb.panels.run_view import log_view
from dagster_nb.panels.run_view.event_log import EventFilter
from tests.unit.panels.conftest import HOSTILE, NOW, make_run
from tests.unit.panels.monitor.fake_client import END, RUN, FakeClient, FakeRun, events, step


@pytest.fixture(autouse=True)
def _short_intervals(monkeypatch):
    monkeypatch.setattr(monitor_model, "_HEARTBEAT_SECONDS", 0.02)
    monkeypatch.setattr(monitor_model, "_SECONDS_BETWEEN_READS", 0.02)
    monkeypatch.setattr(monitor_model, "_MAX_SECONDS_QUEUED", 0.05)


@pytest.fixture
def watch():
    made = []

    def make(**facts):
        made.append(RunMonitor(FakeRun(**facts)))
        return made[-1], made[-1].model.client

    yield make
    for monitor in made:
        monitor.close()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("dagster_nb ")]
    assert all(monitor._crash_box.error is monitor.model.action_error for monitor in made)


def raises(error):
    def fail(*_args, **_options):
        raise error

    return fail


def until(monitor, condition):
    assert monitor.background.wait(condition, 10)
    monitor._draw_all()


def test_the_static_output_is_updated_once_when_the_run_has_ended(watch, monkeypatch):
    shown = []
    monkeypatch.setattr("dagster_nb.panels.panel.display", lambda data, *_, **options: shown.append((data, options)))
    monkeypatch.setattr("dagster_nb.panels.panel._MAX_SECONDS_BEFORE_STATIC_OUTPUT", 0.0)
    monkeypatch.setattr("dagster_nb.panels.panel._SECONDS_BEFORE_UPDATE", 0.0)
    monitor, client = watch()
    monitor._ipython_display_()
    monitor.viewport.is_rendered = True
    client.pages.put(events(3))
    until(monitor, lambda: monitor.model.log.total == 3)
    assert not any(options.get("update") for _, options in shown)
    assert "STARTED" in shown[-1][0]["text/html"]
    client.become("SUCCESS")
    client.pages.put(END)
    until(monitor, lambda: any(options.get("update") for _, options in shown))
    monitor.wait(20)
    [saved] = [data["text/html"] for data, options in shown if options.get("update")]
    assert "SUCCESS" in saved
    assert "line 2" in saved


def test_the_monitor_follows_a_run_to_its_end(watch):
    monitor, client = watch()
    client.pages.put(events(3))
    until(monitor, lambda: monitor.model.log.total == 3)
    assert "running for" in monitor._head.value
    assert "live" in monitor._head.value
    assert "No step has started." in monitor._steps.picture.value
    assert monitor._terminate.layout.display == ""
    client.mode = "polling"
    client.step_records = [
        {"stepKey": "load", "status": "SUCCESS", "startTime": 1.0, "endTime": 3.0, "attempts": [{"startTime": 1.0}]}
    ]
    client.become("SUCCESS")
    client.pages.put(events(2, start=3))
    until(monitor, lambda: len(monitor.model.state.steps) == 1)
    assert "polling" in monitor._head.value
    client.pages.put(END)
    monitor.wait(10)
    assert monitor.status == "SUCCESS"
    assert "Succeeded: 1 step in 1 min" in monitor._outcome.value
    assert 'alt="Chart of 1 step, each from its start to its end: load SUCCESS."' in monitor._steps.picture.value
    assert "polling" not in monitor._head.value, "polling must stop when the run ends"
    assert monitor._terminate.layout.display == "none"
    assert monitor.events["message"].tolist() == [f"line {number}" for number in range(5)]


def test_the_monitor_shows_the_failed_step_first_and_escapes_all_text(watch):
    monitor, client = watch(jobName=HOSTILE)
    client.failed = [{"step_key": HOSTILE, "error_class": HOSTILE, "error_message": HOSTILE}]
    client.become("FAILURE")
    client.pages.put(events(1, stepKey=HOSTILE, message=HOSTILE, level="<b>"))
    client.pages.put(END)
    monitor.wait(10)
    assert "Failed in <strong>step" in monitor._outcome.value
    assert monitor.children.index(monitor._outcome) < monitor.children.index(monitor._steps.widget)
    assert "took 1 min" in monitor._head.value
    shown = [monitor._head.value, monitor._outcome.value, monitor._log._body.value, monitor._static_html()]
    assert all("<img src=x" not in part for part in shown)
    assert all("&lt;img src=x" in part for part in shown)
    assert "<b>" not in monitor._log._body.value


def test_the_monitor_warns_that_no_daemon_will_start_the_run(watch):
    monitor, client = watch(status="QUEUED", startTime=None)
    client.healthy = False
    until(monitor, lambda: monitor.model.state.lacks_daemon)
    assert "waiting for" in monitor._head.value
    assert "no Dagster daemon is running" in monitor._outcome.value
    assert "dagster-daemon run" in monitor._outcome.value
    client.known.facts.clear()
    client.become("STARTED")
    client.pages.put(events(1))
    until(monitor, lambda: not monitor.model.state.lacks_daemon)
    assert monitor._outcome.value == ""


def test_the_monitor_shows_no_warning_if_a_daemon_is_running(watch):
    monitor, client = watch(status="QUEUED", startTime=None)
    calls = []
    client.daemons = lambda: (calls.append(1), FakeClient.daemons(client))[1]
    until(monitor, lambda: bool(calls) and monitor.model.log.total == 0)
    assert not monitor.model.state.lacks_daemon
    assert outcome_message(monitor.model.state) is None


class TestTerminating:
    def test_terminating_asks_for_confirmation_and_is_sent_only_once(self, watch):
        monitor, client = watch()
        monitor._terminate.click()
        assert client.stopped == []
        assert monitor._confirm.is_open
        assert RUN in monitor._confirm._question.value
        monitor._confirm.cancel()
        assert client.stopped == []
        monitor._terminate.click()
        release = threading.Event()
        stop = client.terminate

        def terminate(*args, **options):
            release.wait(30)
            outcome = stop(*args, **options)
            # Add an event for the cancellation, as a server does, so that the status is read again.
            client.pages.put(events(1))
            return outcome

        client.terminate = terminate
        monitor._confirm.agree()
        monitor.model.terminate(force=False)
        monitor.model.terminate(force=True)
        release.set()
        # A status that was read before the termination may arrive later than the outcome.
        until(monitor, lambda: not monitor.model.terminating and monitor.status == "CANCELED")
        assert client.stopped == [False]
        assert monitor._action.value == ""

    def test_forced_termination_is_offered_if_the_run_could_not_be_terminated(self, watch):
        monitor, client = watch()
        assert monitor._force.layout.display == "none"
        client.outcome = {"outcome": "not_cancelable", "status": "STARTING", "message": f"{HOSTILE} is STARTING"}
        monitor.model.terminate(force=False)
        until(monitor, lambda: "The run was not terminated (not cancelable)." in monitor._action.value)
        assert "&lt;img" in monitor._action.value
        assert monitor._force.layout.display == ""
        monitor._force.click()
        assert "will not be stopped" in monitor._confirm._question.value
        client.outcome = {"outcome": "canceled", "status": "CANCELED", "message": pd.NA}
        monitor._confirm.agree()
        until(monitor, lambda: monitor._force.layout.display == "none")
        assert client.stopped == [False, True]

    def test_the_confirmation_disappears_when_the_run_ends(self, watch):
        monitor, client = watch()
        monitor._terminate.click()
        client.become("SUCCESS")
        client.pages.put(END)
        monitor.wait(10)
        assert not monitor._confirm.is_open
        assert client.stopped == []

    def test_a_dismissed_error_is_not_shown_again(self, watch):
        monitor, client = watch()
        client.outcome = ConnectionFailedError("gone")
        monitor.model.terminate(force=False)
        until(monitor, lambda: not monitor.model.terminating)
        assert monitor._crash_box.error is client.outcome
        monitor._crash_box.clear()
        client.pages.put(events(1))
        until(monitor, lambda: monitor.model.log.total == 1)
        assert monitor._crash_box.error is None
        monitor.model.action_error = None

    def test_a_lost_response_is_reported(self, watch):
        monitor, client = watch()
        client.outcome = OutcomeUnknownError("the response was lost. It is not sent again")
        monitor.model.terminate(force=False)
        until(monitor, lambda: not monitor.model.terminating)
        assert "The outcome is unknown" in monitor._crash_box._message.value
        assert client.stopped == [False]

    @pytest.mark.parametrize(
        ("attribute", "value", "reason"),
        [
            ("read_only", True, "this client is read-only"),
            ("forbidden_actions", {"terminate": "You are a viewer"}, "the server does not permit it: You are a viewer"),
        ],
    )
    def test_a_disabled_button_shows_the_reason(self, watch, monkeypatch, attribute, value, reason):
        monkeypatch.setattr(FakeClient, attribute, value)
        monitor, client = watch()
        assert monitor._terminate.disabled
        assert monitor._terminate.tooltip == reason
        monitor.confirm_terminate()
        assert not monitor._is_question_valid()
        assert client.stopped == []


def test_retry_follows_the_run_again_after_an_error(watch):
    monitor, client = watch()
    client.pages.put(events(3))
    client.pages.put(ConnectionFailedError("nothing is listening at http://localhost:3000"))
    monitor.wait(10)
    assert "Dagster does not answer" in monitor._error_box._message.value
    assert "nothing is listening" in repr(monitor)
    client.pages.put(events(4))
    monitor._error_box._on_retry()
    until(monitor, lambda: monitor.model.log.total == 4)
    assert monitor._error_box.error is None


def test_the_monitor_shows_the_last_events_of_a_long_log(watch):
    monitor, client = watch()
    for start in range(0, 12_345, 1_000):
        client.pages.put(events(min(1_000, 12_345 - start), start=start))
    until(monitor, lambda: monitor.model.log.total == 12_345)
    assert "showing the last 500 of 12,345 events" in monitor._log._summary.value
    assert monitor._log._body.value.count("<tr>") == 501
    assert "line 12344<" in monitor._log._body.value
    monitor._log._text.value = "LINE 1234"
    until(monitor, lambda: monitor.model.log.matching == 6)
    assert "showing 6 matching events, of 12,345" in monitor._log._summary.value
    monitor._log._step.value = "load"
    monitor._log._level.value = "ERROR"
    until(monitor, lambda: monitor.model.log.matching == 0)
    assert monitor.model.log.filter == EventFilter("ERROR", "load", "LINE 1234")


def test_closing_the_monitor_leaves_no_widgets_or_threads_behind(watch):
    gc.collect()
    before = set(widgets.widget._instances)
    monitor, client = watch()
    client.pages.put(events(3))
    until(monitor, lambda: monitor.model.log.total == 3)
    began = time.monotonic()
    monitor.close()
    monitor.close()
    assert time.monotonic() - began < 2
    assert client.closed.is_set()
    assert set(widgets.widget._instances) <= before


def test_a_monitor_accepts_only_a_run():
    for wrong in ("an id", None, object()):
        with pytest.raises(TypeError, match="needs a Run"):
            RunMonitor(wrong)


class TestSteps:
    def test_the_monitor_shows_the_steps_that_have_not_started(self, watch):
        monitor, client = watch()
        client.planned = ["load", "square[?]", "store", HOSTILE]
        monitor.model.follow()
        until(monitor, lambda: len(monitor.model.state.steps) == 4)
        assert "Planned: " in monitor._steps.picture.value
        assert "<img src=x" not in monitor._steps.picture.value
        client.step_records = [step("load", "SUCCESS"), step("square[1]", "IN_PROGRESS")]
        client.pages.put(events(1))
        until(monitor, lambda: monitor.model.log.total == 1 and "Chart of" in monitor._steps.picture.value)
        assert "load SUCCESS, square[1] IN_PROGRESS, store NOT_STARTED" in monitor._steps.picture.value

    def test_the_monitor_counts_only_steps_that_ran(self, watch):
        monitor, client = watch()
        client.planned = ["load", "store"]
        client.step_records = [step("load", "SUCCESS")]
        monitor.model.follow()
        client.become("SUCCESS")
        # The thread that followed the run before may take one of them.
        client.pages.put(END)
        client.pages.put(END)
        monitor.wait(10)
        assert "Succeeded: 1 step in" in monitor._outcome.value

    def test_steps_are_shown_even_without_a_plan(self, watch):
        monitor, client = watch()
        client.query = raises(UnsupportedServerError("too old"))
        monitor.model.follow()
        client.step_records = [step("load", "SUCCESS")]
        client.pages.put(events(1))
        until(monitor, lambda: len(monitor.model.state.steps) == 1)


class TestOutput:
    def test_stdout_and_stderr_are_shown_and_searchable(self, watch):
        monitor, client = watch()
        client.printed = (f"one\n\x1b[31mTwo\x1b[0m\n{HOSTILE}\n", "".join(f"line {n}\n" for n in range(1_200)))
        monitor._log._kind.value = "stdout"
        until(monitor, lambda: monitor.model.output is not None)
        assert "one\nTwo\n&lt;img" in monitor._log._body.value
        assert "<img src=x" not in monitor._log._body.value
        assert "showing 3 lines" in monitor._log._summary.value
        monitor._log._text.value = "TWO"
        until(monitor, lambda: "showing 1 matching line, of 3" in monitor._log._summary.value)
        monitor._log._text.value = ""
        monitor._log._kind.value = "stderr"
        until(monitor, lambda: "showing the last 500 of 1,200 lines" in monitor._log._summary.value)
        assert "line 1199" in monitor._log._body.value
        monitor._log._kind.value = "Events"
        assert "no events yet" in monitor._log._summary.value

    def test_the_output_is_searched_again_only_if_it_has_changed(self, watch, monkeypatch):
        searched = []
        search = log_view.last_lines
        monkeypatch.setattr(log_view, "last_lines", lambda *args: searched.append(args) or search(*args))
        monitor, client = watch()
        client.printed = ("one\ntwo\n", "three\n")
        monitor._log._kind.value = "stdout"
        until(monitor, lambda: "one" in monitor._log._body.value)
        assert len(searched) == 1
        client.pages.put(events(3))
        until(monitor, lambda: monitor.model.log.total == 3)
        monitor._draw_all()
        assert len(searched) == 1
        monitor._log._text.value = "two"
        until(monitor, lambda: "showing 1 matching line" in monitor._log._summary.value)
        assert len(searched) == 2
        monitor._log._kind.value = "Events"
        monitor._log._kind.value = "stdout"
        until(monitor, lambda: "showing 1 matching line" in monitor._log._summary.value)

    def test_the_output_is_read_again_when_the_run_has_ended(self, watch):
        monitor, client = watch()
        client.printed = ("so far\n", "")
        monitor._log._kind.value = "stdout"
        until(monitor, lambda: "so far" in monitor._log._body.value)
        first = monitor.model.output
        client.printed = ("so far\nall\n", "")
        client.become("SUCCESS")
        client.pages.put(END)
        until(monitor, lambda: "so far\nall" in monitor._log._body.value)
        # The second read requests only the output that was printed after the first read.
        assert client.continued[0] is None
        assert client.continued[1] is first

    def test_the_output_of_the_chosen_step_is_read(self, watch):
        monitor, client = watch()
        client.pages.put(events(1))
        until(monitor, lambda: monitor.model.log.total == 1)
        monitor._log._kind.value = "stdout"
        monitor._log._step.value = "load"
        until(monitor, lambda: client.printed_steps[-1:] == ["load"])
        assert client.continued[-1] is None

    def test_the_error_is_shown_if_the_output_cannot_be_read(self, watch):
        monitor, client = watch()
        client.printed = ConnectionFailedError("gone")
        monitor._log._kind.value = "stderr"
        until(monitor, lambda: monitor.model.output_error is not None)
        assert "Dagster does not answer" in monitor._log._body.value


class TestReexecuting:
    @pytest.fixture
    def failed(self, watch):
        monitor, client = watch()
        client.failed = [{"step_key": "load", "error_class": "KeyError", "error_message": "x"}]
        client.become("FAILURE")
        client.pages.put(END)
        monitor.wait(10)
        client.new_run = RunFacts({**make_run(7, status="STARTED", endTime=None), "runConfig": {}}, FakeRun.url)
        return monitor, client

    def test_the_new_run_is_followed_and_the_old_run_can_be_reopened(self, failed):
        monitor, client = failed
        first, old = monitor.run_id, client.known
        monitor._from_failure.click()
        assert client.reexecuted == []
        assert first in monitor._confirm._question.value
        monitor._confirm.agree()
        until(monitor, lambda: monitor.run_id != first)
        assert client.reexecuted == [(first, "from_failure")]
        assert monitor.run_id == client.new_run.run_id
        assert "re-execution of" in monitor._head.value
        assert first in monitor._head.value
        assert "Failed in" not in monitor._outcome.value
        assert monitor._previous.description == f"Back to run {first[:8]}"
        assert monitor._from_failure.layout.display == "none"
        client.pages.put(events(2))
        until(monitor, lambda: monitor.model.log.total == 2)
        monitor._terminate.click()
        client.known = old
        client.pages.put(END)
        monitor._previous.click()
        until(monitor, lambda: monitor.run_id == first and monitor.status == "FAILURE")
        assert monitor._previous.layout.display == "none"
        assert not monitor._confirm.is_open

    def test_the_buttons_depend_on_the_status(self, watch):
        monitor, client = watch()
        assert monitor._all_steps.layout.display == monitor._from_failure.layout.display == "none"
        client.become("SUCCESS")
        client.pages.put(END)
        monitor.wait(10)
        assert monitor._all_steps.layout.display == ""
        assert monitor._from_failure.layout.display == "none"

    def test_a_reexecution_is_sent_only_once_and_an_error_is_shown(self, failed):
        monitor, client = failed
        client.new_run = OutcomeUnknownError("the response was lost")
        monitor.model.reexecute("all_steps")
        monitor.model.reexecute("all_steps")
        until(monitor, lambda: not monitor.model.reexecuting)
        assert client.reexecuted == [(RUN, "all_steps")]
        assert "The outcome is unknown" in monitor._crash_box._message.value
        assert monitor.run_id == RUN


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"status": "CANCELED", "startTime": 5.0, "endTime": 5.0}, "created"),
        ({"status": "SUCCESS", "startTime": 5.0, "endTime": 65.0}, "took 1 min"),
        (
            {"status": "QUEUED", "startTime": None, "endTime": None, "creationTime": NOW.timestamp() - 5},
            "waiting for 5 s",
        ),
        ({"status": "STARTED", "endTime": None, "startTime": NOW.timestamp() + 9}, "running for 0"),
    ],
)
def test_the_heading_shows_how_long_the_run_waited_and_ran(facts, words):
    run = RunFacts(make_run(0, **facts), "http://x")
    assert words in " · ".join(state_times(monitor_model.RunState.of(run), NOW))


def test_the_monitor_explains_that_a_run_was_canceled_before_it_started():
    run = RunFacts(make_run(0, status="CANCELED", startTime=5.0, endTime=5.0), "http://x")
    state = monitor_model.RunState.of(run)
    assert outcome_message(state) == ("warning", "Canceled before it started.", "")
    assert "took" not in " · ".join(state_times(state, NOW))
    assert "waiting" not in " · ".join(state_times(state, NOW))
