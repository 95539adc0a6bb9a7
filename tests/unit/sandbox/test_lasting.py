"""The demo whose history stays: which history it takes, what it does with runs that were cut off, and who serves it."""

from __future__ import annotations

import datetime as dt

import pytest
from dagster import DagsterInstance, DagsterRun, DagsterRunStatus

from dagster_nb.sandbox import lasting
from dagster_nb.sandbox.history.orphans import WHY, end_orphans

# Reading the instance in this process: Dagster's own business.
pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning:dagster"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning:alembic"),
]


@pytest.fixture
def asked(monkeypatch, tmp_path):
    """What is asked of the history: its end, and which kept copy would do."""
    asked = {}
    monkeypatch.setattr(lasting, "fill", lambda _, **options: asked.update(options))
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    lasting.seed()
    return asked


def test_the_history_ends_with_the_last_midnight():
    evening = dt.datetime(2026, 1, 2, 23, 59, 59, 999_999, tzinfo=dt.UTC)
    midnight = dt.datetime(2026, 1, 2, tzinfo=dt.UTC)
    assert lasting.last_midnight(evening.timestamp()) == midnight
    assert lasting.last_midnight(midnight.timestamp()) == midnight


def test_an_image_is_good_for_some_days(asked):
    day = dt.timedelta(days=1)
    today = asked["until"]
    assert asked["suits"](today)
    assert asked["suits"](today - 2 * day)
    assert not asked["suits"](today - 4 * day)
    # The copy of an ordinary demo ends at another hour: not the same history.
    assert not asked["suits"](today - day + dt.timedelta(hours=5))


def test_runs_that_were_cut_off_are_over_and_the_others_as_they_were():
    statuses = set(DagsterRunStatus) - {DagsterRunStatus.QUEUED}  # which Dagster itself would have to put there
    with DagsterInstance.ephemeral() as instance:
        for status in statuses:
            instance.add_run(DagsterRun(job_name="job", run_id=status.value, status=status))
        assert end_orphans(instance) == 4
        assert {run.run_id: run.status.value for run in instance.get_runs()} == {
            **{status.value: status.value for status in statuses},
            "NOT_STARTED": "FAILURE", "STARTING": "FAILURE", "STARTED": "FAILURE", "CANCELING": "CANCELED",
        }  # fmt: skip
        assert any(WHY in (entry.dagster_event.message or "") for entry in instance.all_logs("STARTED"))


def test_a_home_is_served_once(tmp_path, monkeypatch):
    monkeypatch.setattr(lasting, "PATIENCE_SECONDS", 0.3)
    with lasting._alone(tmp_path / "home") as first:
        assert first is not None
        with lasting._alone(tmp_path / "home") as second:
            assert second is None
    with lasting._alone(tmp_path / "home") as third:
        assert third is not None


def test_a_home_that_was_left_half_filled_is_filled_anew_and_a_full_one_stays(tmp_path, monkeypatch):
    def fill(home, **_):
        (home / "event_log.db").write_text("new")
        (home / "history").mkdir()
        (home / "history" / "runs.db").write_text("new")
        (home / lasting.TRUTH_NAME).write_text("{}")

    monkeypatch.setattr(lasting, "fill", fill)
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    home = tmp_path / "demo"
    (home / "history").mkdir(parents=True)
    (home / "history" / "half.db").write_text("old")
    lasting.prepare(home)
    assert sorted(path.name for path in home.iterdir()) == ["dagster.yaml", "event_log.db", "history", "truth.json"]
    assert [path.name for path in (home / "history").iterdir()] == ["runs.db"]
    assert "max_concurrent_runs: 2\n" in (home / "dagster.yaml").read_text()
    assert [path.name for path in tmp_path.iterdir()] == ["demo"]

    (home / "event_log.db").unlink()
    (home / "history" / "runs.db").unlink()
    lasting.prepare(home)
    assert (home / "history" / "runs.db").read_bytes()[:6] == b"SQLite", "Dagster's own, and not filled again"
