"""Measure how fast a history can be filled, refreshed and read."""

from __future__ import annotations

import shutil
import statistics
import time
from typing import TYPE_CHECKING

from dagster import DagsterInstance

import dagster_nb as dnb
from dagster_nb.sandbox.local_dagster import LocalDagster
from tests.benchmarks.generated_runs_server import GeneratedRunsServer
from tests.benchmarks.measure_in_rounds import run
from tests.benchmarks.reader import Job
from tests.benchmarks.table import Row

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


_NEWEST = 1_000


def of_many(runs: int, folder: Path, *, rounds: int) -> Iterator[Row]:
    """Fill a history and read it, each in its own process."""
    path = folder / "many"
    shutil.rmtree(path, ignore_errors=True)
    with GeneratedRunsServer(runs) as server:
        fill = run(Job("history_fill", server.url, server.url, document="", home=str(path)))
    yield Row(runs, "in-process fake", "history: first refresh", fill.wall, cpu=fill.cpu, peak=fill.peak)
    for how, reader in (("history.runs()", "history_runs"), ("history.runs() of a job and 7 days", "history_week")):
        samples = [run(Job(reader, "", "", document="", home=str(path))) for _ in range(rounds)]
        last = samples[-1]
        if reader == "history_runs" and last.rows != runs:
            raise RuntimeError(
                f"the history has {last.rows:,} instead of {runs:,} runs, so its refresh is incomplete. Run "
                "`pytest tests/unit/history` to find out why."
            )
        note = (
            f"{last.growth / runs:,.0f} bytes of memory per run" if reader == "history_runs" else f"{last.rows:,} runs"
        )
        wall, cpu = (statistics.median(getattr(sample, of) for sample in samples) for of in ("wall", "cpu"))
        yield Row(runs, "local disk", how, wall, cpu=cpu, peak=last.peak, note=note)


def refreshed(home: Path, folder: Path, *, rounds: int) -> Iterator[Row]:
    """In each round, change a hundred runs, refresh the history, and read all runs."""
    changing = folder / "changing"
    shutil.rmtree(changing, ignore_errors=True)
    shutil.copytree(home, changing)
    with (
        LocalDagster(changing, daemon=False) as server,
        dnb.connect(server.url, progress=False) as client,
        DagsterInstance.from_config(str(changing)) as instance,
    ):
        history = client.history(folder / "refreshed")
        history.refresh()
        for edits, deletions in ((100, 0), (80, 20)):
            refreshes, readings = [], []
            for _ in range(rounds):
                _change(instance, edits, deletions)
                refreshes.append(_seconds(history.refresh))
                readings.append(_seconds(client.runs))
            runs = client.count_runs()
            if set(history.runs()["run_id"]) != set(client.runs()["run_id"]):
                raise RuntimeError(
                    "the history differs from the server. Run `pytest tests/server/test_history.py` to find out why."
                )
            ratio = statistics.median(whole / part for whole, part in zip(readings, refreshes, strict=True))
            where = f"SQLite, {edits} edits, {deletions} deletions"
            yield Row(runs, where, "client.runs()", statistics.median(readings))
            note = f"{ratio:.0f} times as fast as client.runs()"
            yield Row(runs, where, "history.refresh()", statistics.median(refreshes), note=note)


def _change(instance: DagsterInstance, edits: int, deletions: int) -> None:
    """Change the tags of some recent runs, and delete the oldest runs, as a retention policy would."""
    runs = instance.get_run_records()
    newest = runs[:_NEWEST]
    for record in newest[:: max(1, len(newest) // edits)][:edits]:
        instance.run_storage.add_run_tags(record.dagster_run.run_id, {"edited": str(time.time_ns())})
    for record in runs[len(runs) - deletions :]:
        instance.run_storage.delete_run(record.dagster_run.run_id)


def _seconds(action: Callable[[], object]) -> float:
    began = time.perf_counter()
    action()
    return time.perf_counter() - began
