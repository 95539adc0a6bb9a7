"""The demo's runs can be written directly to the table of a history."""

from __future__ import annotations

import dagster_nb as dnb
from dagster_nb.sandbox.history import delta_table


def test_the_table_has_the_requested_number_of_runs_with_the_newest_first(tmp_path, monkeypatch):
    monkeypatch.setattr(delta_table, "_RUNS_PER_PLAN", 200)
    delta_table.write_delta_table(tmp_path, runs=500)
    history = dnb.open_history(tmp_path)
    assert history.synced_at is not None
    runs = history.runs(include="run_config")
    assert len(runs) == 500
    assert runs["run_id"].is_unique
    assert (runs["end_time"].max() - runs["creation_time"].min()).days > 180
    assert set(runs["status"]) <= {"SUCCESS", "FAILURE", "CANCELED"}
    assert runs["run_config"].map(type).eq(dict).all()
    assert set(runs["tags"].map(lambda tags: tags["team"])) >= {"ingest", "warehouse"}
