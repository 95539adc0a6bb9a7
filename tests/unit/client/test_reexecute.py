"""Runs of backfills can be re-executed, and runs of a code location that no longer exists cause a clear error."""

from __future__ import annotations

import pytest

import dagster_nb as dnb
from tests.unit.fake import make_run

BACKFILL = {"dagster/backfill": "b", "dagster/parent_backfill": "b", "dagster/root_backfill": "b"}
PYTHON_ERROR = {"__typename": "PythonError", "message": "x", "className": "SomeError", "stack": [], "causes": []}
ENTRY = {
    "name": "etl",
    "loadStatus": "LOADED",
    "updatedTimestamp": 1.0,
    "locationOrLoadError": {"__typename": "RepositoryLocation"},
}


@pytest.fixture
def client(fake):
    tags = [{"key": key, "value": value} for key, value in {**BACKFILL, "team": "data"}.items()]
    fake.runs = [make_run(1, status="FAILURE", tags=tags)]
    fake.answers["launchRunReexecution"] = {"__typename": "LaunchRunSuccess", "run": make_run(2)}
    fake.answers["workspaceOrError"] = {"__typename": "Workspace", "locationEntries": [ENTRY]}
    with fake.connect() as client:
        fake.requests.clear()
        yield client


@pytest.mark.parametrize(
    ("backfill", "is_kept"),
    [
        ({"__typename": "PartitionBackfill", "status": "REQUESTED"}, True),
        ({"__typename": "PartitionBackfill", "status": "COMPLETED_SUCCESS"}, False),
        ({"__typename": "BackfillNotFoundError", "message": "no", "backfillId": "b"}, False),
    ],
)
def test_a_reexecution_with_a_new_config_stays_in_an_unfinished_backfill(fake, client, backfill, is_kept):
    fake.answers["partitionBackfillOrError"] = backfill
    client.reexecute(fake.ids[0], run_config={})
    sent = {tag["key"]: tag["value"] for tag in fake.requests[-1][1]["executionParams"]["executionMetadata"]["tags"]}
    assert (BACKFILL.items() <= sent.items()) == is_kept
    assert bool(BACKFILL.keys() & sent.keys()) == is_kept
    assert sent["team"] == "data"


@pytest.mark.parametrize("config", [None, {}])
@pytest.mark.parametrize(
    "answer",
    [
        {**PYTHON_ERROR, "message": "no location"},
        {"__typename": "PipelineNotFoundError", "message": "no job"},
        {"__typename": "InvalidSubsetError", "message": "no selection"},
    ],
    ids=lambda answer: answer["__typename"],
)  # fmt: skip
class TestLocations:
    def test_a_missing_location_raises_one_clear_error(self, fake, client, answer, config):
        fake.answers.update(launchRunReexecution=answer, partitionBackfillOrError=PYTHON_ERROR)
        fake.answers["workspaceOrError"]["locationEntries"] = [{**ENTRY, "name": "other"}]
        with pytest.raises(dnb.LocationNotFoundError, match="cannot re-execute run .* 'etl'. Use one of: 'other'"):
            client.reexecute(fake.ids[0], run_config=config)

    def test_a_location_that_does_not_load_raises_one_clear_error(self, fake, client, answer, config):
        fake.answers.update(launchRunReexecution=answer, partitionBackfillOrError=PYTHON_ERROR)
        broken = {**ENTRY, "loadStatus": "LOADED", "locationOrLoadError": PYTHON_ERROR}
        fake.answers["workspaceOrError"]["locationEntries"] = [broken]
        with pytest.raises(dnb.LocationNotFoundError, match="failed to load"):
            client.reexecute(fake.ids[0], run_config=config)

    def test_the_error_of_the_server_is_raised_if_the_location_exists(self, fake, client, answer, config):
        fake.answers.update(launchRunReexecution=answer, partitionBackfillOrError=PYTHON_ERROR)
        with pytest.raises(dnb.DagsterNbError, match="no (location|job|selection)") as error:
            client.reexecute(fake.ids[0], run_config=config)
        assert not isinstance(error.value, dnb.LocationNotFoundError)
