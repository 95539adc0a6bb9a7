"""Text from the server cannot control the terminal."""

from __future__ import annotations

import pandas as pd
import pytest

import dagster_nb as dnb
from dagster_nb.client.backfill import Backfill
from dagster_nb.client.display import progress
from tests.unit.fake import make_run

# This text clears the screen, sets the window title, moves the cursor back, and uses a one-byte escape code.
EVIL = "\x1b[2J\x1b]0;owned\x07\r\b\x9b31mred"
COMMANDS = set("\x1b\x07\r\b\x9b\x00\x7f")


def assert_harmless(text):
    assert "red" in text
    assert not COMMANDS & set(text)


def test_errors_from_the_server_are_safe_to_print(fake):
    fake.answers["launchRun"] = {"__typename": "UnauthorizedError", "message": EVIL}
    with fake.connect() as client:
        with pytest.raises(dnb.UnauthorizedError) as caught:
            client.launch("nightly", location="etl", repository="repo")
        assert_harmless(str(caught.value))
        fake.answer(status=400, text='{"errors": [{"message": "\\u001b[2Jred"}]}', content_type="application/json")
        with pytest.raises(dnb.QueryError) as caught:
            client.query("{ version }")
        assert_harmless(str(caught.value))


@pytest.mark.parametrize(
    "error", [dnb.ConnectionFailedError, dnb.JobNotFoundError, dnb.RunConfigInvalidError, dnb.OutcomeUnknownError]
)
def test_errors_that_are_also_builtin_errors_are_safe_to_print(error):
    assert_harmless(str(error(f"a\nb {EVIL}")))
    assert str(error("a\nb\tc")) == "a\nb\tc"


def test_runs_and_tables_are_safe_to_print(fake):
    fake.runs = [make_run(1, jobName=EVIL, tags=[{"key": EVIL, "value": EVIL}])]
    with fake.connect() as client:
        assert_harmless(repr(client.run(fake.ids[0])))
        assert_harmless(repr(dnb.style(client.runs())))
    assert_harmless(repr(dnb.style(pd.DataFrame({EVIL: [EVIL]}))))


def test_warnings_and_progress_bars_are_safe_to_print(capsys, monkeypatch):
    assert_harmless(str(dnb.DagsterNbWarning(EVIL)))
    monkeypatch.setattr(progress, "_DELAY_SECONDS", 0)
    with progress.progress_bar(EVIL, total=None, unit=None, visible=True) as bar:
        bar.draw()
    printed = capsys.readouterr().err
    assert "red" in printed
    # tqdm itself moves the cursor with a carriage return.
    assert not (COMMANDS - {"\r"}) & set(printed)


def test_backfills_are_safe_to_print():
    record = {"id": EVIL, "status": EVIL, "jobName": EVIL, "tags": [], "timestamp": 1.0}
    assert_harmless(repr(Backfill(record, "http://localhost:3000")))


@pytest.mark.parametrize("text_of", [repr, lambda panel: panel._repr_mimebundle_()[0]["text/plain"]])
def test_the_text_of_panels_is_safe_to_print(fake, text_of):
    fake.runs = [make_run(1, jobName=EVIL, tags=[{"key": EVIL, "value": EVIL}])]
    with fake.connect() as client:
        for panel in (dnb.RunExplorer(client, created_after="2020-01-01"), dnb.RunMonitor(client.run(fake.ids[0]))):
            assert_harmless(text_of(panel.wait()))
            panel.close()
