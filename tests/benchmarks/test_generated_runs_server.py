"""The template server responds like Dagster, and the client can read all its runs."""

from __future__ import annotations

import pytest

import dagster_nb as dnb
from tests.benchmarks.generated_runs_server import GeneratedRunsServer, run_id

RUNS = 3_000
NEWEST_FIRST = [run_id(number) for number in reversed(range(RUNS))]
QUERY = """
query Page($filter: RunsFilter, $cursor: String, $limit: Int) {
  ids: runIdsOrError(filter: $filter, cursor: $cursor, limit: $limit) { ... on RunIds { results } }
  runsOrError(filter: $filter, cursor: $cursor, limit: $limit) { ... on Runs { results { runId } } }
}
"""


@pytest.fixture(scope="module")
def client():
    with GeneratedRunsServer(RUNS) as server, dnb.connect(server.url, progress=False) as client:
        yield client


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({}, NEWEST_FIRST),
        ({"limit": 10}, NEWEST_FIRST[:10]),
        ({"limit": 0}, NEWEST_FIRST),
        ({"limit": -1}, NEWEST_FIRST),
        ({"limit": 10, "cursor": NEWEST_FIRST[99]}, NEWEST_FIRST[100:110]),
        ({"cursor": NEWEST_FIRST[-1]}, []),
        ({"cursor": run_id(RUNS)}, []),
        ({"cursor": "no such run"}, []),
        ({"filter": {"runIds": []}, "limit": 1}, NEWEST_FIRST[:1]),
        ({"filter": {"runIds": [run_id(5), run_id(9), "no such run", run_id(RUNS)]}}, [run_id(9), run_id(5)]),
        ({"filter": {"runIds": [run_id(5), run_id(9), run_id(7)]}, "cursor": run_id(8)}, [run_id(7), run_id(5)]),
    ],
)
def test_pages_match_those_of_dagster(client, variables, expected):
    answer = client.query(QUERY, variables)
    assert [run["runId"] for run in answer["runsOrError"]["results"]] == expected
    assert answer["ids"]["results"] == expected


def test_an_unsupported_filter_raises_an_error(client):
    with pytest.raises(dnb.QueryError, match="statuses"):
        client.query(QUERY, {"filter": {"statuses": ["FAILURE"]}})


def test_the_client_reads_all_runs_with_their_tags(client):
    frame = client.runs()
    assert frame["run_id"].tolist() == NEWEST_FIRST
    assert client.count_runs() == RUNS
    newest = frame.iloc[0]
    assert newest["job_name"] == "job_39"
    assert newest["tags"]["shop/rows"] == "1002999"
    assert (frame["tags"].map(len) == 5).all()
    assert frame["duration"].notna().all()
