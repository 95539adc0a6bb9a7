"""A history with values that a query engine could easily read incorrectly."""

from __future__ import annotations

import pytest

from dagster_nb.history.opening import history_of
from tests.unit.fake import make_run
from tests.unit.history.frame_source import FrameSource

ODD = "a,\"b\\'}\n;--\t%$1 é名前 \U0001f600"


@pytest.fixture(scope="session")
def history(tmp_path_factory):
    """Store three thousand runs in several files. Some runs are deleted, and one run has unusual values."""
    source = FrameSource([_run(number) for number in reversed(range(3_000))])
    source.records[0].update(status="STARTED", endTime=None)
    source.records[1].update(jobName=ODD, solidSelection=["a", ODD], assetSelection=[{"path": ["a", "b"]}])
    source.records[1]["tags"] = [{"key": ODD, "value": ODD}, {"key": "empty", "value": ""}]
    source.records[1]["runConfig"] = {"big": 2**70, "small": 1e-05, ODD: None}
    source.records[2].update(startTime=None, endTime=None, repositoryOrigin=None, status="CANCELED")
    source.records[3].update(creationTime=1_700_002_996.000001, startTime=-1.5, endTime=4_102_444_800.999999)
    history = history_of(source, tmp_path_factory.mktemp("history"), None)
    history.refresh()
    source.records[10].update(status="FAILURE", updateTime=1_700_009_000.0)
    del source.records[20:40]
    source.records.insert(0, _run(3_000))
    history.refresh()
    return history


@pytest.fixture(scope="session")
def expected(history):
    """Return the columns that each engine must read, sorted by run id."""
    runs = history.runs(include=["run_config", "op_selection"], deleted=True)
    assert runs["deleted_at"].notna().sum() == 20
    return runs.sort_values("run_id", ignore_index=True)


def _run(number):
    return make_run(number, jobName=f"job_{number % 3}", endTime=1_700_000_001.0 + number + number % 97)
