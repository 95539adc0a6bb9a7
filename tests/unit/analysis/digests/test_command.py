"""The command ``dagster-nb digest``."""

from __future__ import annotations

import datetime as dt

import pytest

import dagster_nb as dnb
from dagster_nb.cli import main
from tests.unit.fake import FakeDagster, make_run


def run(*arguments):
    with pytest.raises(SystemExit) as ended:
        main([str(argument) for argument in arguments])
        raise SystemExit(0)
    return ended.value.code


@pytest.fixture
def fake(tmp_path):
    with FakeDagster() as server:
        server.runs = [make_run(number) for number in reversed(range(30))]
        yield server


@pytest.fixture
def history(fake, tmp_path):
    with fake.connect() as client:
        client.history(tmp_path / "history").refresh()
    return tmp_path / "history"


def period(history):
    """Return the command-line options for a period that contains all runs."""
    runs = dnb.open_history(history).runs()
    first, last = runs["creation_time"].min(), runs["creation_time"].max()
    since, as_of = first - dt.timedelta(hours=1), last + dt.timedelta(days=1)
    return "--history", history, "--since", since.isoformat(), "--as-of", as_of.isoformat()


def test_exit_code_0_means_that_there_is_no_problem(history, tmp_path, capsys):
    page, text = tmp_path / "out.html", tmp_path / "out.md"
    assert run("digest", *period(history), "--html", page, "--markdown", text) == 0
    assert "Nothing to report; 30 runs checked." in capsys.readouterr().out
    assert "Nothing to report" in page.read_text(encoding="utf-8")
    assert "Nothing to report" in text.read_text(encoding="utf-8")


def test_exit_code_1_means_that_there_is_a_problem(fake, tmp_path, capsys):
    fake.runs[0].update(status="FAILURE")
    with fake.connect() as client:
        client.history(tmp_path / "history").refresh()
    assert run("digest", *period(tmp_path / "history")) == 1
    assert "ERROR: 1 run of" in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [("--since", "soon"), ("--history", "/nowhere/at/all")])
def test_exit_code_2_means_that_there_is_no_digest(fake, arguments, capsys):
    options = arguments if "--history" in arguments else ("--url", fake.url, *arguments)
    assert run("digest", *options) == 2
    assert capsys.readouterr().err.startswith("dagster-nb: ")


def test_the_options_for_server_and_history_are_mutually_exclusive(history, fake):
    assert run("digest", "--history", history, "--url", fake.url) == 2
