"""Re-execute runs.

Re-executing needs different requests in different versions of Dagster, but the new runs are the same.
"""

from __future__ import annotations

from dataclasses import dataclass

import pytest

import dagster_nb as dnb
from tests.compat.servers import PARKED

pytestmark = pytest.mark.capability("reexecute")

MENDED = {"ops": {"maybe": {"config": {"fail": False}}}}
# Prefixes of the tags that Dagster adds, which differ between versions.
OWN = ("dagster/", ".dagster/")


@dataclass(frozen=True)
class Again:
    failed: dnb.Run
    tagged: dnb.Run
    mended: dnb.Run


@pytest.fixture(scope="module")
def again(client, stage):
    """Re-execute a failed run once with its own config and once with a new config."""
    failed = client.run(stage["fragile"]).wait(timeout=240)
    assert failed.status == "FAILURE"
    tagged = client.reexecute(failed, tags={"why": "again", "who": "me"})
    mended = client.reexecute(failed.run_id, run_config=MENDED, tags={"why": "mended"})
    return Again(failed, tagged.wait(timeout=240), mended.wait(timeout=120))


def relation(client, run):
    row = client.runs(run_ids=run).iloc[0]
    return row["parent_run_id"], row["root_run_id"]


def own_tags(run):
    return {key: value for key, value in run.tags.items() if not key.startswith(OWN)}


def test_reexecuting_from_failure_executes_the_steps_that_failed_or_never_ran(client, again):
    assert again.tagged.status == "FAILURE"
    assert again.tagged.steps()["step_key"].tolist() == ["maybe"]
    assert relation(client, again.tagged) == (again.failed.run_id, again.failed.run_id)


def test_the_new_run_has_the_tags_of_its_parent_and_the_given_tags(client, again):
    assert own_tags(again.failed) == {"team": "data", "why": "a test"}
    assert own_tags(again.tagged) == {"team": "data", "why": "again", "who": "me"}
    for run in (again.tagged, again.mended):
        assert run.tags["dagster/is_resume_retry"] == "true"
        assert run.tags["dagster/parent_run_id"] == run.tags["dagster/root_run_id"] == again.failed.run_id
    found = client.runs(tags={"who": "me", "dagster/parent_run_id": again.failed.run_id})
    assert found["run_id"].tolist() == [again.tagged.run_id]


def test_reexecuting_from_failure_accepts_a_new_config(client, again):
    assert again.mended.status == "SUCCESS"
    assert again.mended.run_config == MENDED
    assert sorted(again.mended.steps()["step_key"]) == ["maybe", "store"]
    assert own_tags(again.mended) == {"team": "data", "why": "mended"}
    assert relation(client, again.mended) == (again.failed.run_id, again.failed.run_id)


def test_reexecuting_a_reexecution_keeps_the_root_run(client, again):
    third = client.reexecute(again.tagged, tags={"why": "third", **PARKED})
    assert relation(client, third) == (again.tagged.run_id, again.failed.run_id)
    assert own_tags(third) == {"team": "data", "why": "third", "who": "me", **PARKED}
    third.terminate(force=True)


@pytest.mark.parametrize("tags", [{}, {"why": "all of it", **PARKED}])
def test_reexecuting_all_steps_keeps_the_config_and_tags(client, again, tags):
    run = client.reexecute(again.failed, strategy="all_steps", tags=tags)
    assert relation(client, run) == (again.failed.run_id, again.failed.run_id)
    assert own_tags(run) == {"team": "data", "why": "a test", **tags}
    assert "dagster/is_resume_retry" not in run.tags
    assert run.run_config == again.failed.run_config
    run.terminate(force=True)


def test_a_run_that_cannot_be_reexecuted_is_rejected(client, stage, stored):
    client.run(stage["quick"]).wait(timeout=240)
    before = len(stored())
    with pytest.raises(dnb.RunNotFoundError):
        client.reexecute("00000000-0000-4000-8000-000000000000")
    with pytest.raises(dnb.RunStateError, match="did not fail.*all_steps"):
        client.reexecute(stage["quick"])
    assert len(stored()) == before


@pytest.mark.capability("asset failure")
def test_the_strategy_from_asset_failure_works_or_the_error_names_the_required_version(
    dagster, client, stage, stored, note
):
    failed = client.run(stage["unpublished"]).wait(timeout=240)
    assert failed.status == "FAILURE"
    before = len(stored())
    if not dagster.target.since(10):
        with pytest.raises(dnb.UnsupportedServerError, match=r"1\.10\.15"):
            client.reexecute(failed, strategy="from_asset_failure", tags={"why": "again"})
        assert len(stored()) == before
        note("`UnsupportedServerError`: needs Dagster 1.10.15", lacks=True)
        return
    run = client.reexecute(failed, strategy="from_asset_failure", tags=PARKED)
    assert relation(client, run) == (failed.run_id, failed.run_id)
    assert client.runs(run_ids=run, include="asset_selection")["asset_selection"].tolist() == [["mart/revenue"]]
    assert run.tags["parked"] == "yes"
    assert run.run_config == failed.run_config
    run.terminate(force=True)
