"""Launched runs have the given config, tags and selections, and invalid launches are rejected, with every version."""

from __future__ import annotations

import pytest

import dagster_nb as dnb
from dagster_nb.client.request_tag import REQUEST_TAG
from tests.compat.servers import PARKED, ROWS

pytestmark = pytest.mark.capability("launch")


@pytest.fixture
def launch(client):
    """Return a function that launches runs that stay queued. The runs are deleted after the test."""
    launched = []

    def launch(job, *, tags=None, **options):
        launched.append(client.launch(job, tags={**PARKED, **(tags or {})}, **options))
        return launched[-1]

    yield launch
    client.delete(launched, force=True)


def test_a_launched_run_has_the_given_config_and_tags(client, stage):
    run = client.run(stage["quick"]).wait(timeout=240)
    assert run.status == "SUCCESS"
    assert run.run_config == ROWS
    assert run.tags["why"] == "a test"
    assert run.tags["empty"] == ""
    assert run.tags["team"] == "data"
    found = client.runs(status="SUCCESS", tags={"why": "a test", "empty": ""})
    assert found["run_id"].tolist() == [run.run_id]


def test_a_run_is_found_by_the_hidden_id_of_its_request(client, launch):
    run = launch("quick")
    assert REQUEST_TAG not in run.tags
    outcomes = [client.launch_many([{"job": "quick", "tags": PARKED}], batch=run.run_id) for _ in range(2)]
    assert [one["outcome"].tolist() for one in outcomes] == [["launched"], ["already_launched"]]
    (first,), (second,) = (one["run_id"].tolist() for one in outcomes)
    assert first == second
    assert REQUEST_TAG not in client.run(first).tags
    client.delete(first, force=True)


def test_a_run_of_a_partition_has_the_config_and_tags_of_the_partition(client, launch):
    run = launch("regional", partition_key="south", tags={"extra": "yes"})
    assert run.run_config == {"ops": {"load": {"config": {"rows": 5}}}}
    assert run.tags["dagster/partition"] == "south"
    assert run.tags["extra"] == "yes"
    assert client.runs(run_ids=run)["partition_key"].tolist() == ["south"]
    assert launch("regional", partition_key="north", run_config=ROWS).run_config == ROWS


def test_an_unknown_partition_is_rejected(client):
    with pytest.raises(ValueError, match="no partition 'west'.*'north' to 'south'"):
        client.launch("regional", partition_key="west")
    with pytest.raises(ValueError, match="no partitions"):
        client.launch("quick", partition_key="north")


def test_a_run_materializes_only_the_selected_assets(client, stage):
    run = client.run(stage["unpublished"]).wait(timeout=240)
    assert run.steps()["step_key"].tolist() == ["mart__revenue"]
    read = client.runs(run_ids=run, include=["asset_selection", "op_selection"])
    assert read["asset_selection"].tolist() == [["mart/revenue"]]
    assert read["op_selection"].tolist() == [None]


def test_a_launched_run_has_the_given_selection_of_ops(client, launch):
    run = launch("quick", op_selection=["load"])
    read = client.runs(run_ids=run, include=["asset_selection", "op_selection"])
    assert read["op_selection"].tolist() == [["load"]]
    assert read["asset_selection"].tolist() == [None]
    with pytest.raises(dnb.RunConfigInvalidError, match="nonsense"):
        client.launch("quick", op_selection=["nonsense"])


def test_an_invalid_config_is_rejected_with_all_its_problems(client, stored):
    before = len(stored())
    with pytest.raises(dnb.RunConfigInvalidError, match="Nothing was launched") as caught:
        client.launch("strict", run_config={"ops": {"needs": {"config": {"limits": [1, "x"], "typo": 1}}}})
    problems = {problem.reason: problem for problem in caught.value.errors}
    assert problems["RUNTIME_TYPE_MISMATCH"].path == "ops.needs.config.limits[1]"
    assert problems["MISSING_REQUIRED_FIELD"].path == "ops.needs.config"
    assert "table" in problems["MISSING_REQUIRED_FIELD"].message
    assert "typo" in problems["FIELD_NOT_DEFINED"].message
    assert len(stored()) == before


def test_a_failed_launch_does_not_stop_the_others(client):
    outcomes = client.launch_many(
        [{"job": "strict"}, {"job": "no such job"}, {"job": "hang", "tags": {"n": "2", **PARKED}}]
    )
    assert outcomes["outcome"].tolist() == ["invalid", "not_found", "launched"]
    assert client.run(outcomes["run_id"][2]).tags["n"] == "2"
    client.terminate(outcomes["run_id"][2], force=True)
