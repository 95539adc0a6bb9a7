"""The command ``dagster-nb history`` and exports from a history work."""

from __future__ import annotations

import csv
import json

import pandas as pd
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
def fake():
    with FakeDagster() as server:
        server.runs = [make_run(number) for number in reversed(range(300))]
        server.runs[0]["jobName"] = "=HYPERLINK(A1)"
        server.runs[1].update(status="FAILURE", tags=[{"key": "team", "value": "data"}])
        yield server


def test_the_commands_to_refresh_and_describe_and_compact_a_history_work(fake, tmp_path, capsys):
    assert run("history", "refresh", tmp_path, "--url", fake.url) == 0
    assert capsys.readouterr().out == f"{tmp_path}: 300 new runs, 0 changed, 0 deleted\n"
    assert run("history", "info", tmp_path) == 0
    lines = dict(line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines())
    assert lines["runs"] == "300 runs"
    assert lines["deployment"] == fake.url
    assert run("history", "compact", tmp_path) == 0
    assert dnb.open_history(tmp_path).count_runs() == 300


def test_by_default_the_command_uses_the_history_of_the_server(fake, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("dagster_nb.history.opening.default_path", lambda _url: str(tmp_path))
    assert run("history", "info", "--url", fake.url) == 0
    assert "call refresh()" in capsys.readouterr().out
    assert run("history", "refresh", "--url", fake.url) == 0
    assert dnb.open_history(tmp_path).count_runs() == 300


def test_errors_are_printed_in_one_line(tmp_path, capsys):
    assert run("history", "info", tmp_path) == 1
    assert capsys.readouterr().err.startswith(f"dagster-nb: there is no history at {tmp_path}")
    assert run("export", "--deleted", tmp_path / "runs.csv") == 2
    assert run("export", "--history", tmp_path, "--url", "http://a", tmp_path / "runs.csv") == 2


@pytest.mark.parametrize("kind", ["parquet", "csv", "jsonl"])
def test_an_export_from_a_history_equals_an_export_from_the_server(fake, tmp_path, kind, monkeypatch):
    monkeypatch.setattr("dagster_nb.history.stored_runs._RUNS_PER_PAGE", 70)
    assert run("history", "refresh", tmp_path / "history", "--url", fake.url) == 0
    ours, theirs = tmp_path / f"history.{kind}", tmp_path / f"server.{kind}"
    assert run("export", "--history", tmp_path / "history", "--include", "run_config", ours) == 0
    assert run("export", "--url", fake.url, "--include", "run_config", theirs) == 0
    assert ours.read_bytes() == theirs.read_bytes() or pd.read_parquet(ours).equals(pd.read_parquet(theirs))


def test_an_export_accepts_filters_and_can_include_deleted_runs(fake, tmp_path):
    history = tmp_path / "history"
    assert run("history", "refresh", history, "--url", fake.url) == 0
    failed = fake.ids[1]
    fake.delete(failed)
    assert run("history", "refresh", history, "--url", fake.url) == 0
    path = tmp_path / "runs.csv"
    assert run("export", "--history", history, "--status", "FAILURE", "--tag", "team=data", path) == 0
    assert pd.read_csv(path).empty
    assert run("export", "--history", history, "--status", "FAILURE", "--deleted", path) == 0
    with path.open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert row["run_id"] == failed
    assert row["deleted_at"]
    assert json.loads(row["tags"]) == {"team": "data"}
    assert run("export", "--history", history, "--limit", "1", path) == 0
    assert pd.read_csv(path)["job_name"].tolist() == ["'=HYPERLINK(A1)"]
