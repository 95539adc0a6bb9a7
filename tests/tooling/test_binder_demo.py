"""The script that runs the demo on Binder: history, interrupted runs and server process."""

from __future__ import annotations

import datetime as dt
import importlib.util
import json
from pathlib import Path

import pytest
from dagster import DagsterInstance, DagsterRun, DagsterRunStatus

# Dagster raises these warnings when a test reads the instance.
pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning:dagster"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning:alembic"),
]
SCRIPT = Path(__file__).parents[2] / "binder" / "demo.py"
MIDNIGHT = dt.datetime(2026, 1, 2, tzinfo=dt.UTC)


@pytest.fixture(scope="module")
def script():
    """Load the script as a module."""
    spec = importlib.util.spec_from_file_location("binder_demo", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_history_ends_at_the_last_midnight(script):
    assert script.last_midnight(MIDNIGHT + dt.timedelta(days=1, microseconds=-1)) == MIDNIGHT
    assert script.last_midnight(MIDNIGHT) == MIDNIGHT


def test_the_history_of_an_image_stays_usable_for_several_days(script):
    now = MIDNIGHT + dt.timedelta(hours=9)
    day = dt.timedelta(days=1)
    assert script.fits(MIDNIGHT, now)
    assert script.fits(MIDNIGHT - 2 * day, now)
    assert not script.fits(MIDNIGHT - 4 * day, now)
    # The history of an ordinary demo does not end at midnight.
    assert not script.fits(MIDNIGHT - day + dt.timedelta(hours=5), now)


def test_only_interrupted_runs_are_marked_as_finished(script):
    statuses = set(DagsterRunStatus) - {DagsterRunStatus.QUEUED}  # `add_run` does not accept queued runs
    with DagsterInstance.ephemeral() as instance:
        for status in statuses:
            instance.add_run(DagsterRun(job_name="job", run_id=status.value, status=status))
        assert script.finish_interrupted_runs(instance) == 4
        assert {run.run_id: run.status.value for run in instance.get_runs()} == {
            **{status.value: status.value for status in statuses},
            "NOT_STARTED": "FAILURE", "STARTING": "FAILURE", "STARTED": "FAILURE", "CANCELING": "CANCELED",
        }  # fmt: skip
        assert any(script.INTERRUPTED in (entry.dagster_event.message or "") for entry in instance.all_logs("STARTED"))


def test_only_one_process_serves_a_home(script, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    home = script.home_path()
    home.parent.mkdir()
    with script.lock(home) as first:
        assert first
        with script.lock(home) as second:
            assert not second
        script.serve(port=None)  # returns at once
        assert capsys.readouterr().out == f"Another process is already serving {home}, so this process exits.\n"
    with script.lock(home) as third:
        assert third


def test_an_incomplete_home_is_rebuilt_and_a_complete_home_is_kept(script, tmp_path, monkeypatch):
    def fill(home):
        (home / "event_log.db").write_text("new")
        (home / "history").mkdir()
        (home / "history" / "runs.db").write_text("new")
        (home / script.FILE_NAME).write_text("{}")

    monkeypatch.setattr(script, "fill", fill)
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    home = tmp_path / "demo"
    (home / "history").mkdir(parents=True)
    (home / "history" / "half.db").write_text("old")
    script.prepare(home)
    assert sorted(path.name for path in home.iterdir()) == ["dagster.yaml", "event_log.db", "history", "truth.json"]
    assert [path.name for path in (home / "history").iterdir()] == ["runs.db"]
    assert "max_concurrent_runs: 2\n" in (home / "dagster.yaml").read_text()

    (home / "event_log.db").unlink()
    (home / "history" / "runs.db").unlink()
    script.prepare(home)
    assert (home / "history" / "runs.db").read_bytes()[:6] == b"SQLite", "a complete home must not be filled again"


def test_the_ground_truth_is_copied_last(script, tmp_path, monkeypatch):
    cached, home = tmp_path / "cached", tmp_path / "home"
    (cached / "history").mkdir(parents=True)
    (cached / "history" / "runs.db").write_text("runs")
    (cached / script.FILE_NAME).write_text(json.dumps({}))
    home.mkdir()
    monkeypatch.setattr(script.HistoryCache, "find", lambda *_: cached)
    copytree = script.shutil.copytree

    def copytree_and_check(*arguments, **options):
        copytree(*arguments, **options)
        assert (home / "history" / "runs.db").exists()
        assert not (home / script.FILE_NAME).exists()

    monkeypatch.setattr(script.shutil, "copytree", copytree_and_check)
    script.fill(home)
    assert (home / script.FILE_NAME).exists()
