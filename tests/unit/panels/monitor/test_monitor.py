"""A monitor: what it hears, what it says, and what it leaves behind."""

import gc
import queue
import threading
import time

import ipywidgets as widgets
import pandas as pd
import pytest

from dagster_nb.client.run import RunFacts
from dagster_nb.errors import ConnectionFailedError, OutcomeUnknownError
from dagster_nb.frames.catalog import daemons_frame
from dagster_nb.frames.events import events_frame
from dagster_nb.frames.steps import steps_frame
from dagster_nb.panels import monitor_model
from dagster_nb.panels.log_window import LogFilter, LogWindow
from dagster_nb.panels.monitor import RunMonitor
from dagster_nb.panels.monitor_words import elapsed, outcome
from tests.unit.panels.conftest import HOSTILE, NOW, make_run

RUN = make_run(0)["runId"]
END = object()


def events(count, start=0, **facts):
    made = [
        {
            "timestamp": str(1_700_000_000_000 + number),
            "eventType": None,
            "level": "INFO",
            "stepKey": "load",
            "message": f"line {number}",
            **facts,
        }
        for number in range(start, start + count)
    ]
    return events_frame({RUN: made})


class FakeRun(RunFacts):
    """A run of a fake client, whose events are put in by the test."""

    url = f"http://localhost:3000/runs/{RUN}"

    def __init__(self, **facts):
        super().__init__({**make_run(0, status="STARTED", endTime=None, runConfig={}), **facts}, self.url)
        self.facts = facts
        self._client = FakeClient(self)


class FakeClient:
    url = "http://localhost:3000"
    read_only = False

    def __init__(self, run):
        self.known = run
        self.pages = queue.Queue()
        self.mode = "live"
        self.healthy = True
        self.step_records = []
        self.failed = []
        self.stopped = []
        self.outcome = {"outcome": "canceled", "status": "CANCELED", "message": pd.NA}
        self.closed = threading.Event()

    def follow(self, run, *, heartbeat):
        assert run == RUN
        try:
            while True:
                try:
                    page = self.pages.get(timeout=heartbeat)
                except queue.Empty:
                    page = events(0)
                if page is END:
                    return
                if isinstance(page, Exception):
                    raise page
                page.attrs["dagster_nb"] = {"mode": self.mode}
                yield page
        finally:
            self.closed.set()

    def become(self, status):
        end = NOW.timestamp() + 61 if status in {"SUCCESS", "FAILURE", "CANCELED"} else None
        record = {**make_run(0, status=status, endTime=end, runConfig={}), **self.known.facts}
        self.known = RunFacts(record, FakeRun.url)
        self.known.facts = {}

    def run(self, _run):
        return self.known

    def steps(self, _run):
        return steps_frame([{"runId": RUN, "stepStats": self.step_records}])

    def failures(self, _run):
        return pd.DataFrame(self.failed)

    def daemons(self):
        kind = {"daemonType": "QUEUED_RUN_COORDINATOR", "required": True, "lastHeartbeatTime": None}
        return daemons_frame([{**kind, "healthy": self.healthy}])

    def terminate(self, run, *, force=False):
        self.stopped.append(force)
        if isinstance(self.outcome, Exception):
            raise self.outcome
        self.become(self.outcome["status"])
        return pd.DataFrame([{"run_id": run, **self.outcome}])


@pytest.fixture(autouse=True)
def _hurry(monkeypatch):
    monkeypatch.setattr(monitor_model, "_TICK_SECONDS", 0.02)
    monkeypatch.setattr(monitor_model, "_SECONDS_BETWEEN_LOOKS", 0.02)
    monkeypatch.setattr(monitor_model, "_PATIENCE_SECONDS", 0.05)


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


def until(monitor, condition):
    assert monitor._background.wait(condition, 10)
    monitor._draw_all()


def test_it_says_how_a_run_goes(watch):
    monitor, client = watch()
    client.pages.put(events(3))
    until(monitor, lambda: monitor.model.log.total == 3)
    assert "running for" in monitor._head.value
    assert "live" in monitor._head.value
    assert "No step has started yet." in monitor._steps.value
    assert monitor._stop.layout.display == ""
    client.mode = "polling"
    client.step_records = [
        {"stepKey": "load", "status": "SUCCESS", "startTime": 1.0, "endTime": 3.0, "attempts": [{"startTime": 1.0}]}
    ]
    client.become("SUCCESS")
    client.pages.put(events(2, start=3))
    until(monitor, lambda: len(monitor.model.look.steps) == 1)
    assert "polling" in monitor._head.value
    client.pages.put(END)
    monitor.wait(10)
    assert monitor.status == "SUCCESS"
    assert "Succeeded: 1 step in 1 min" in monitor._outcome.value
    assert 'alt="Chart of 1 step, each from its start to its end: load SUCCESS."' in monitor._steps.value
    assert "polling" not in monitor._head.value, "there is nothing more to ask for"
    assert monitor._stop.layout.display == "none"
    assert monitor.events["message"].tolist() == [f"line {number}" for number in range(5)]


def test_a_failure_says_where_and_why_first_and_all_of_it_is_text(watch):
    monitor, client = watch(jobName=HOSTILE)
    client.failed = [{"step_key": HOSTILE, "error_class": HOSTILE, "error_message": HOSTILE}]
    client.become("FAILURE")
    client.pages.put(events(1, stepKey=HOSTILE, message=HOSTILE, level="<b>"))
    client.pages.put(END)
    monitor.wait(10)
    assert monitor._outcome.value.index("Failed in <strong>step") < monitor._outcome.value.index("Failed after")
    shown = [monitor._head.value, monitor._outcome.value, monitor._log.value, monitor._static_html()]
    assert all("<img src=x" not in part for part in shown)
    assert all("&lt;img src=x" in part for part in shown)
    assert "<b>" not in monitor._log.value


def test_a_run_that_nothing_will_take_says_so(watch):
    monitor, client = watch(status="QUEUED", startTime=None)
    client.healthy = False
    until(monitor, lambda: monitor.model.look.stranded)
    assert "waiting for" in monitor._head.value
    assert "no daemon is alive" in monitor._outcome.value
    assert "dagster-daemon run" in monitor._outcome.value
    client.known.facts.clear()
    client.become("STARTED")
    client.pages.put(events(1))
    until(monitor, lambda: not monitor.model.look.stranded)
    assert monitor._outcome.value == ""


def test_a_queue_that_is_served_is_no_news(watch):
    monitor, client = watch(status="QUEUED", startTime=None)
    looks = []
    client.daemons = lambda: (looks.append(1), FakeClient.daemons(client))[1]
    until(monitor, lambda: bool(looks) and monitor.model.log.total == 0)
    assert not monitor.model.look.stranded
    assert outcome(monitor.model.look) is None


class TestTerminating:
    def test_it_asks_first_and_sends_once(self, watch):
        monitor, client = watch()
        monitor._stop.click()
        assert client.stopped == []
        assert monitor._confirm.is_open
        assert RUN in monitor._confirm._question.value
        monitor._confirm.cancel()
        assert client.stopped == []
        monitor._stop.click()
        release = threading.Event()
        stop = client.terminate
        client.terminate = lambda *args, **options: (release.wait(5), stop(*args, **options))[1]
        monitor._confirm.agree()
        monitor.model.terminate(force=False)
        monitor.model.terminate(force=True)
        release.set()
        # A look from just before may still come home after the answer.
        until(monitor, lambda: not monitor.model.stopping and monitor.status == "CANCELED")
        assert client.stopped == [False]
        assert monitor._stop_words.value == ""

    def test_what_cannot_be_stopped_says_why_and_offers_force(self, watch):
        monitor, client = watch()
        assert monitor._force.layout.display == "none"
        client.outcome = {"outcome": "not_cancelable", "status": "STARTING", "message": f"{HOSTILE} is STARTING"}
        monitor.model.terminate(force=False)
        until(monitor, lambda: not monitor.model.stopping)
        assert "It was not stopped (not cancelable)." in monitor._stop_words.value
        assert "&lt;img" in monitor._stop_words.value
        assert monitor._force.layout.display == ""
        monitor._force.click()
        assert "left to itself" in monitor._confirm._question.value
        client.outcome = {"outcome": "canceled", "status": "CANCELED", "message": pd.NA}
        monitor._confirm.agree()
        until(monitor, lambda: not monitor.model.stopping)
        assert client.stopped == [False, True]
        assert monitor._force.layout.display == "none"

    def test_a_lost_answer_is_told_in_words(self, watch):
        monitor, client = watch()
        client.outcome = OutcomeUnknownError("the answer was lost. It is not sent again")
        monitor.model.terminate(force=False)
        until(monitor, lambda: not monitor.model.stopping)
        assert "It is not known whether this happened" in monitor._crash._words.value
        assert client.stopped == [False]

    def test_a_read_only_client_has_no_such_button(self, watch, monkeypatch):
        monkeypatch.setattr(FakeClient, "read_only", True)
        monitor, _ = watch()
        assert monitor._stop.layout.display == "none"


def test_a_server_that_goes_away_is_told_and_followed_again(watch):
    monitor, client = watch()
    client.pages.put(events(3))
    client.pages.put(ConnectionFailedError("nothing is listening at http://localhost:3000"))
    monitor.wait(10)
    assert "Dagster does not answer" in monitor._error._words.value
    assert "nothing is listening" in repr(monitor)
    client.pages.put(events(4))
    monitor._error._try_again()
    until(monitor, lambda: monitor.model.log.total == 4)
    assert monitor._error.error is None


def test_the_log_of_a_huge_run_is_shown_in_part(watch):
    monitor, client = watch()
    for start in range(0, 12_345, 1_000):
        client.pages.put(events(min(1_000, 12_345 - start), start=start))
    until(monitor, lambda: monitor.model.log.total == 12_345)
    assert "showing the last 500 of 12,345 events" in monitor._shown.value
    assert monitor._log.value.count("<tr>") == 501
    assert "line 12344<" in monitor._log.value
    monitor._text.value = "LINE 1234"
    until(monitor, lambda: monitor.model.log.matching == 6)
    assert "showing 6 matching events, of 12,345" in monitor._shown.value
    monitor._step.value = "load"
    monitor._level.value = "ERROR"
    until(monitor, lambda: monitor.model.log.matching == 0)
    assert monitor.model.log.filter == LogFilter("ERROR", "load", "LINE 1234")


def test_closing_leaves_nothing(watch):
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


def test_what_is_no_run_is_refused():
    for wrong in ("an id", None, object()):
        with pytest.raises(TypeError, match="takes a Run"):
            RunMonitor(wrong)


class TestWindow:
    def test_pages_and_a_choice_give_the_same(self):
        pages = [
            events(30, level="INFO"),
            events(30, start=30, level="ERROR", stepKey=None, message=None),
            events(30, start=60, level="NEW", stepKey="other", eventType="STEP_START"),
        ]
        for chosen in (
            LogFilter(),
            LogFilter(level="WARNING"),
            LogFilter(step="load"),
            LogFilter(text="line 1"),
            LogFilter(text="STEP_st"),
            LogFilter(text="("),
        ):
            one, other = LogWindow(most=20), LogWindow(most=20)
            one.choose(chosen)
            for page in pages:
                one.add(page)
                other.add(page)
            other.choose(chosen)
            pd.testing.assert_frame_equal(one.shown.reset_index(drop=True), other.shown.reset_index(drop=True))
            assert one.matching == other.matching == len(chosen.of(one.events))
        assert one.steps == ["load", "other"]

    def test_an_unknown_level_is_rather_shown(self):
        window = LogWindow()
        window.add(events(1, level="NEW"))
        window.choose(LogFilter(level="CRITICAL"))
        assert window.matching == 1

    def test_a_page_costs_what_it_holds_whatever_the_log_holds(self):
        window = LogWindow()
        window.choose(LogFilter(text="line"))
        window.add(events(50_000))
        page = events(100)
        began = time.perf_counter()
        for _ in range(10):
            window.add(page)
        assert (time.perf_counter() - began) / 10 < 0.05


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"status": "CANCELED", "startTime": 5.0, "endTime": 5.0}, "before it began"),
        ({"status": "SUCCESS", "startTime": 5.0, "endTime": 65.0}, "took 1 min"),
        (
            {"status": "QUEUED", "startTime": None, "endTime": None, "creationTime": NOW.timestamp() - 5},
            "waiting for 5 s",
        ),
        ({"status": "STARTED", "endTime": None, "startTime": NOW.timestamp() + 9}, "running for 0"),
    ],
)
def test_elapsed(facts, words):
    run = RunFacts(make_run(0, **facts), "http://x")
    assert words in elapsed(monitor_model._seen(run, pd.DataFrame()), NOW)
