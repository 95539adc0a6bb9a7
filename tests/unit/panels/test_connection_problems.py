"""Panels and progress bars say that the server does not answer while the client retries its requests."""

import re

import pytest

import dagster_nb as dnb
from dagster_nb.client.display import progress
from tests.unit.fake import FakeDagster, make_run

LINE = r"The server at http://\S+ does not answer; trying again for (\d+) s"


@pytest.fixture
def fake():
    with FakeDagster() as fake:
        fake.runs = [make_run(0, status="STARTED", endTime=None, stepStats=[])]
        fake.answers["logsForRun"] = {"__typename": "EventConnection", "events": [], "cursor": "1", "hasMore": False}
        yield fake


@pytest.fixture
def client(fake):
    with dnb.connect(fake.url, progress=False, timeout=60) as client:
        yield client


def wait_for_line(panel):
    assert panel.background.wait(lambda: panel._connection.layout.display == "", 30)
    [seconds] = re.findall(LINE, panel._connection.value)
    assert 0 < int(seconds) <= 60
    assert panel._connection.value.count("dnb-box") >= 1


def wait_until_gone(panel):
    assert panel.background.wait(lambda: panel._connection.layout.display == "none", 60)
    assert "does not answer" not in panel._connection.value


def test_the_explorer_says_that_the_server_does_not_answer(fake, client):
    explorer = dnb.RunExplorer(client).wait(30)
    assert explorer._connection.layout.display == "none"
    with fake.restarting() as start:
        explorer.refresh()
        wait_for_line(explorer)
        start()
        wait_until_gone(explorer)
    explorer.wait(60)
    assert explorer._error_box.error is None
    explorer.close()


def test_the_monitor_says_that_the_server_does_not_answer(fake, client):
    monitor = dnb.RunMonitor(client.run(fake.ids[0]))
    assert monitor.background.wait(lambda: monitor.model.mode is not None, 30)
    with fake.restarting() as start:
        wait_for_line(monitor)
        start()
        wait_until_gone(monitor)
    fake.runs[0].update(status="SUCCESS", endTime=fake.runs[0]["startTime"] + 1)
    monitor.wait(60)
    assert monitor.status == "SUCCESS"
    monitor.close()


def test_a_closed_panel_no_longer_listens_for_connection_problems(client):
    problems = client._asynchronous._session.problems
    explorer = dnb.RunExplorer(client).wait(30)
    assert len(problems._listeners) == 1
    explorer.close()
    assert problems._listeners == {}


def test_the_message_disappears_when_the_client_gives_up(fake):
    with dnb.connect(fake.url, progress=False, timeout=2) as client:
        explorer = dnb.RunExplorer(client).wait(30)
        with fake.restarting():
            explorer.refresh()
            wait_for_line(explorer)
            wait_until_gone(explorer)
            explorer.wait(30)
        assert "nothing is listening" in str(explorer._error_box.error)
        explorer.close()


def test_a_client_that_was_closed_and_reopened_keeps_its_listeners(fake, client):
    explorer = dnb.RunExplorer(client).wait(30)
    client.close()
    explorer.refresh()
    explorer.wait(30)
    with fake.restarting() as start:
        explorer.refresh()
        wait_for_line(explorer)
        start()
        wait_until_gone(explorer)
    explorer.wait(60)
    explorer.close()


def test_the_progress_bar_says_that_the_server_does_not_answer(fake, monkeypatch, capsys):
    monkeypatch.setattr(progress, "_DELAY_SECONDS", 0)
    with dnb.connect(fake.url, progress=True, timeout=3) as client:
        client.runs()
        capsys.readouterr()
        with fake.restarting(), pytest.raises(dnb.ConnectionFailedError):
            client.runs()
    shown = capsys.readouterr().err
    assert re.search(LINE, shown)
    assert "reading runs" in shown


def test_no_message_is_shown_for_a_failure_that_the_first_retry_resolves(fake, client):
    messages = []
    client._asynchronous._session.problems.subscribe(messages.append)
    fake.answer(requests=1, status=502)
    client.count_runs()
    assert messages == []
