"""The steps of many runs are read in several requests, and a progress bar counts the runs."""

from __future__ import annotations

from dagster_nb.client.display import progress
from dagster_nb.client.display.progress import ProgressBar
from tests.unit.fake import FakeDagster


def test_the_steps_of_many_runs_need_few_requests_and_keep_the_order_of_the_runs(monkeypatch):
    bars = []

    class RecordedBar(ProgressBar):
        def __init__(self, *args):
            super().__init__(*args)
            bars.append(self)

    monkeypatch.setattr(progress, "ProgressBar", RecordedBar)
    with FakeDagster(runs=110) as fake:
        for run in fake.runs:
            step = {"startTime": 1.0, "endTime": 3.5, "status": "SUCCESS", "attempts": [{"startTime": 1.0}]}
            run["stepStats"] = [{**step, "stepKey": f"{name} of {run['runId']}"} for name in ("first", "last")]
        asked = fake.ids[::-1]
        with fake.connect() as client:
            steps = client.steps(asked)
    assert steps["run_id"].tolist() == [run_id for run_id in asked for _ in range(2)]
    assert steps["step_key"].tolist() == [f"{name} of {run_id}" for run_id in asked for name in ("first", "last")]
    sizes = [len(variables["filter"]["runIds"]) for name, variables in fake.requests if name == "Steps"]
    assert sorted(sizes) == [10, 25, 25, 25, 25]
    [bar] = [bar for bar in bars if bar.description == "reading steps"]
    assert (bar.total, bar.count, bar.finished) == (110, 110, True)
