"""A launchpad can start with the arguments of an existing run."""

import pytest

from dagster_nb.errors import RunNotFoundError
from dagster_nb.frames.runs import runs_frame
from dagster_nb.panels.launchpad import Launchpad
from tests.unit.panels.conftest import HOSTILE, make_run
from tests.unit.panels.launchpad.fake_source import LOAD, TRAIN
from tests.unit.panels.monitor.fake_client import FakeRun


def test_config_and_tags_and_partition_and_op_selection_are_copied_from_the_run(pad, source):
    one = pad(
        "train",
        run_config={"a": 1},
        tags={"team": "data", "why": HOSTILE},
        partition_key="2026-01-01",
        op_selection=["fit", "judge"],
    )
    assert one._form._partition.value == "2026-01-01"
    assert one._form._ops.value == "fit, judge"
    assert not one._form._launch.disabled
    one.launch()
    one.wait(10)
    assert source.sent[0][1] == {
        "run_config": "a: 1\n",
        "tags": {"team": "data", "why": HOSTILE},
        "op_selection": ["fit", "judge"],
        "partition_key": "2026-01-01",
    }


def test_the_config_of_the_partition_is_loaded_if_no_config_is_given(pad):
    assert pad("train", partition_key="2026-01-02").config == "day: 2026-01-02\n"


def test_another_job_starts_with_empty_fields(pad):
    one = pad("train", partition_key="2026-01-01", op_selection="fit", run_config="a: 1")
    one.model.choose(LOAD)
    one.wait(10)
    assert (one.config, one._form._partition.value, one._form._ops.value) == ("{}\n", "", "")


def test_the_method_from_run_reads_the_launch_arguments_of_a_run(pad, source, monkeypatch):
    tags = {"team": "data", "dagster/partition": "2026-01-01", ".dagster/repository": "r@ml"}
    run = make_run(0, jobName="train", repositoryOrigin=None, tags=[{"key": k, "value": v} for k, v in tags.items()])
    row = runs_frame(
        [{**run, "runConfig": {"a": 1}, "solidSelection": ["fit*"]}], include=("run_config", "op_selection")
    )
    source.runs = lambda **filters: row if filters["run_ids"] == [run["runId"]] else row.iloc[:0]
    made = FakeRun()
    made.client = source
    one = Launchpad.from_run(made, tz="Asia/Tokyo")
    one.wait(10)
    model = one.model
    assert str(one.viewport.zone) == "Asia/Tokyo"
    one.close()
    assert (model.address, model.config, model.tags) == (TRAIN, "a: 1\n", "team: data")
    assert (model.partition, model.ops) == ("2026-01-01", "fit*")
    row = row.iloc[:0]
    with pytest.raises(RunNotFoundError, match="has been deleted"):
        Launchpad.from_run(made)
