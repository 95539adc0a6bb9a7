"""A digest reads only the configs of runs around a slowdown, and hides values that are probably secrets."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from dagster_nb import analysis
from tests.unit.analysis.digests.select_runs import select_runs

NOW = pd.Timestamp("2026-03-01", tz="UTC").as_unit("us")
SECRETS = ["db_password", "API_KEY", "access-token", "credentials", "client_secret"]


class Source:
    """Two jobs with hourly runs. In the last 100 hours, the first job is slower and has a different config."""

    url = "http://fake:3000"

    def __init__(self, *, factor):
        numbers = np.arange(600)
        is_after = numbers < 100
        frames = []
        for job, slower in (("slow", factor), ("steady", 1)):
            seconds = (60 + numbers % 7) * np.where(is_after, slower, 1)
            created = (NOW - pd.to_timedelta(numbers + 1, unit="h")).as_unit("us")
            duration = pd.to_timedelta(seconds, unit="s").as_unit("us")
            frames.append(
                pd.DataFrame(
                    {
                        "run_id": pd.array([f"{job}-{number}" for number in numbers], dtype="string"),
                        "job_name": pd.array([job] * 600, dtype="string"),
                        "status": "SUCCESS", "creation_time": created, "start_time": created,
                        "end_time": created + duration, "duration": duration, "queue_duration": duration * 0,
                        "root_run_id": pd.array([None] * 600, dtype="string"),
                        "partition_key": pd.array([None] * 600, dtype="string"), "tags": [{}] * 600,
                        "run_config": [
                            {"ops": {"load": {"config": {"rows": 9 if new else 3, SECRETS[0]: f"hush {new}"}}}}
                            for new in is_after
                        ],
                    }
                )
            )  # fmt: skip
        self.frame = pd.concat(frames, ignore_index=True)
        self.with_config = []

    def runs(self, *, include=(), **filters):
        found = select_runs(self.frame, **filters)
        if include:
            self.with_config += filters["run_ids"]
            return found
        return found.drop(columns="run_config")

    def count_runs(self, **_filters):
        return 0


def slower_job(source):
    findings = analysis.digest(source, as_of=NOW, since="7d").findings
    return findings[findings["kind"] == "slower job"]


def test_only_configs_of_runs_around_a_slowdown_are_read():
    source = Source(factor=2)
    assert slower_job(source)["subject"].tolist() == ["slow"]
    assert {run_id.split("-")[0] for run_id in source.with_config} == {"slow"}
    assert len(source.with_config) == 40
    steady = Source(factor=1)
    assert slower_job(steady).empty
    assert steady.with_config == []


@pytest.mark.parametrize("key", SECRETS)
def test_the_values_of_probable_secrets_are_not_shown(key):
    source = Source(factor=2)
    for config in source.frame["run_config"]:
        values = config["ops"]["load"]["config"]
        values[key] = values.pop(SECRETS[0])
    digest = analysis.digest(source, as_of=NOW, since="7d")
    [text] = slower_job(source)["what"]
    assert "the config entry ops.load.config.rows changed from 3 to 9" in text
    assert f"the config entry ops.load.config.{key} changed" in text
    for shown in (digest.to_markdown(), digest._repr_html_(), digest.findings.to_csv()):
        assert "hush" not in shown
