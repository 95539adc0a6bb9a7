"""Fixtures: a fake source of runs, and an explorer's model that reads from it."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from dagster_nb.frames.runs import runs_frame
from dagster_nb.panels.background import Background
from dagster_nb.panels.explorer.filters import ExplorerFilters, matching_runs
from dagster_nb.panels.explorer.model import ExplorerModel

if TYPE_CHECKING:
    from collections.abc import Iterator

NOW = pd.Timestamp("2026-03-01 12:00", tz="UTC")
HOSTILE = '<img src=x onerror="window.pwned=1">$\\alpha$ &amp; \u202eevil\u202c שלום 🎉'


def make_run(number: int, **facts: Any) -> dict[str, Any]:
    """Return a run that started `number` hours ago."""
    began = NOW.timestamp() - 3600.0 * number
    return {
        "runId": f"{number:08d}-0000-4000-8000-000000000000",
        "jobName": "nightly",
        "status": "SUCCESS",
        "creationTime": began,
        "startTime": began + 1,
        "endTime": began + 61,
        "updateTime": began + 62,
        "repositoryOrigin": {"repositoryLocationName": "etl", "repositoryName": "repo"},
        "rootRunId": None,
        "parentRunId": None,
        "tags": [],
        **facts,
    }


def make_runs(count: int, **facts: Any) -> pd.DataFrame:
    return runs_frame([make_run(number, **facts) for number in range(count)])


def many_runs(count: int, seed: int = 0) -> pd.DataFrame:
    """Return many runs, without building a record for each."""
    random = np.random.default_rng(seed)
    frame = make_runs(1)
    created = NOW - pd.to_timedelta(np.arange(count) * 60, unit="s")
    start = created + pd.to_timedelta(random.exponential(5, count), unit="s").as_unit("us")
    end = start + pd.to_timedelta(random.lognormal(4, 1, count), unit="s").as_unit("us")
    tags = np.empty(count, dtype=object)
    tags[:] = [{"team": f"t{value}"} for value in random.integers(5, size=count)]
    built = pd.DataFrame(
        {
            "run_id": pd.array(
                [f"{number:08x}-0000-4000-8000-000000000000" for number in range(count)], dtype="string"
            ),
            "job_name": pd.array([f"job_{value}" for value in random.integers(12, size=count)], dtype="string"),
            "status": pd.Categorical(
                random.choice(["SUCCESS", "FAILURE", "CANCELED"], p=[0.85, 0.1, 0.05], size=count),
                categories=frame["status"].cat.categories,
            ),
            "creation_time": created,
            "start_time": start,
            "end_time": end,
            "update_time": end,
            "queue_duration": start - created,
            "duration": end - start,
        }
    )
    for name in ("location", "repository", "partition_key", "launched_by", "root_run_id", "parent_run_id"):
        built[name] = pd.array([None] * count, dtype="string")
    built["tags"] = tags
    return built.astype({name: kind for name, kind in frame.dtypes.items() if name != "tags"})[list(frame.columns)]


class FakeSource:
    """A source of runs that behaves like a server: it can be slow, it can fail, and its runs can change.

    Attributes
    ----------
    frame
        The current runs.
    readings
        The filters of each read.
    gate
        While this event is not set, reads wait before each page.
    error
        The error to raise for each read, or None.
    """

    url = "http://localhost:3000"
    version = "1.13.0"

    def __init__(self, frame: pd.DataFrame, *, page: int = 500):
        self.frame = frame
        self.page = page
        self.readings: list[dict[str, Any]] = []
        self.counted = 0
        self.gate = threading.Event()
        self.gate.set()
        self.waiting = threading.Event()
        self.error: Exception | None = None
        self.acted: list[tuple[str, list[str]]] = []

    def _matching(self, question: dict[str, Any]) -> pd.DataFrame:
        if self.error is not None:
            raise self.error
        for name in ("limit", "page_size", "include"):
            question.pop(name, None)
        return self.frame[matching_runs(self.frame, ExplorerFilters.parse(**question), NOW)]

    def count_runs(self, **question: Any) -> int:
        self.counted += 1
        return len(self._matching(question))

    def iter_runs(self, **question: Any) -> Iterator[pd.DataFrame]:
        self.readings.append(dict(question))
        limit = question.get("limit")
        frame = self._matching(question).head(limit)
        for start in range(0, len(frame), self.page):
            if not self.gate.is_set():
                self.waiting.set()
                self.gate.wait(10)
            yield frame.iloc[start : start + self.page].reset_index(drop=True)

    def change(self, number: int, **values: Any) -> None:
        """Change a run and its update time, as a server does."""
        self.frame = self.frame.copy()
        for name, value in {"update_time": NOW, **values}.items():
            self.frame.loc[number, name] = value

    def terminate(self, runs: list[str], *, force: bool = False) -> pd.DataFrame:
        self.acted.append(("terminate", list(runs)))
        which = self.frame["run_id"].isin(runs)
        self.frame = self.frame.copy()
        self.frame.loc[which, "status"] = "CANCELED"
        return pd.DataFrame({"run_id": runs, "outcome": "canceled", "status": "CANCELED", "message": None})

    def delete(self, runs: list[str], *, force: bool = False) -> pd.DataFrame:
        self.acted.append(("delete", list(runs)))
        self.frame = self.frame[~self.frame["run_id"].isin(runs)].reset_index(drop=True)
        return pd.DataFrame({"run_id": runs, "outcome": "deleted", "message": None})

    def reexecute_many(self, runs: list[str], *, strategy: str = "from_failure") -> pd.DataFrame:
        self.acted.append((strategy, list(runs)))
        new = runs_frame([make_run(-1, status="SUCCESS", parentRunId=runs[0], rootRunId=runs[0])])
        self.frame = pd.concat([new, self.frame], ignore_index=True)
        return pd.DataFrame({"parent_run_id": runs, "run_id": new["run_id"], "outcome": "launched", "message": None})


class Bench:
    """A model with its source, and a list of the errors that nothing handled."""

    def __init__(self, source: FakeSource, **options: Any):
        self.source = source
        self.crashes: list[Exception] = []
        self.background = Background(self.crashes.append)
        filters = ExplorerFilters.parse(**options.pop("filters", {}))
        self.model = ExplorerModel(source, self.background, filters, clock=lambda: NOW, **options)

    def settle(self) -> ExplorerModel:
        assert self.background.wait(lambda: not self.background.busy(), 20)
        assert self.crashes == []
        return self.model

    def load(self) -> ExplorerModel:
        self.model.load()
        return self.settle()


@pytest.fixture
def bench() -> Iterator[Any]:
    made: list[Bench] = []

    def make(frame: pd.DataFrame, **options: Any) -> Bench:
        page = options.pop("page", 500)
        made.append(Bench(FakeSource(frame, page=page), **options))
        return made[-1]

    yield make
    for one in made:
        one.source.gate.set()
        one.background.close()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("dagster_nb ")]
