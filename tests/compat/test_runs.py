"""All versions return the same frames of runs, except for columns that a version does not provide."""

from __future__ import annotations

import asyncio

import pandas as pd
import pytest

import dagster_nb as dnb
from tests.compat.expected_frames import objects, runs_frame
from tests.compat.served.past_runs import PAST, run_id_of

pytestmark = pytest.mark.capability("runs")

NEWEST_FIRST = PAST[::-1]
NO_CREATION_TIME = "`creation_time` and `queue_duration` are NA: the server does not provide the creation time of a run"


@pytest.fixture
def expected(dagster):
    return runs_frame(NEWEST_FIRST, creation=dagster.target.since(7))


def test_all_columns_match_the_stored_history(dagster, client, expected, note):
    read = client.runs(tags={"kind": "past"}, include="run_config")
    expected["run_config"] = objects([run.run_config for run in NEWEST_FIRST])
    pd.testing.assert_frame_equal(read, expected)
    if read["creation_time"].isna().all():
        note(NO_CREATION_TIME)


def test_without_filters_all_runs_are_in_the_order_of_the_database(client, stored, expected, stage):
    read = client.runs()
    assert read["run_id"].tolist() == [row.run_id for row in stored()]
    past = read[read["run_id"].isin(set(expected["run_id"]))].reset_index(drop=True)
    pd.testing.assert_frame_equal(past, expected)
    assert {stage["quick"], stage["fragile"]} <= set(read["run_id"])


def test_the_concatenated_pages_equal_the_whole_frame(client, expected):
    pages = list(client.iter_runs(tags={"kind": "past"}, page_size=7))
    assert [len(page) for page in pages] == [7] * 6 + [3]
    pd.testing.assert_frame_equal(pd.concat(pages, ignore_index=True), expected)
    for limit in (1, 7, 44):
        read = client.runs(tags={"kind": "past"}, page_size=7, limit=limit)
        pd.testing.assert_frame_equal(read, expected.head(limit))


def test_the_asynchronous_client_returns_the_same_frame(dagster, expected):
    async def read():
        async with dnb.AsyncDagsterClient(dagster.url) as client:
            return await client.runs(tags={"kind": "past"}), await client.count_runs(tags={"kind": "past"})

    frame, count = asyncio.run(read())
    pd.testing.assert_frame_equal(frame, expected)
    assert count == len(expected)


def test_a_single_run_has_the_stored_values(dagster, client):
    run = client.run(run_id_of("past 44"))
    past = PAST[44]
    assert (run.job_name, run.status, run.tags, run.run_config) == (past.job, past.status, past.tags, past.run_config)
    [created] = runs_frame([past], creation=dagster.target.since(7))["creation_time"]
    assert run.creation_time is created or run.creation_time == created
    with pytest.raises(dnb.RunNotFoundError, match="5a0e0000"):
        client.run("5a0e0000-0000-4000-8000-000000000000")


def test_a_frame_without_runs_has_the_same_columns(client, expected):
    none = client.runs(job="no such job")
    assert none.empty
    assert none.dtypes.to_dict() == expected.dtypes.to_dict()


def test_the_client_reads_the_version_of_the_server(dagster, client):
    version = tuple(int(part) for part in client.version.split(".")[:2])
    assert version == dagster.target.release
