"""A client that reads while runs are deleted returns every remaining run once and in order."""

from __future__ import annotations

import pytest

import dagster_nb as dnb
from tests.compat.served.past_runs import DOOMED

pytestmark = pytest.mark.capability("paging")


def test_deleting_runs_that_serve_as_cursors_loses_no_other_run(dagster, client, monkeypatch):
    # Request few ids at a time, so that the test also deletes runs that serve as cursors in the list of ids.
    monkeypatch.setattr("dagster_nb.graphql.run_paging._IDS_PER_REQUEST", 6)
    before = client.runs(job="doomed")["run_id"].tolist()
    assert before == [run.run_id for run in reversed(DOOMED)]
    deleted, read = set(), []
    with dnb.connect(dagster.url, progress=False) as other:
        for page in client.iter_runs(job="doomed", page_size=3):
            read += page["run_id"].tolist()
            # Delete the last run of the page, which is the next cursor, and one run that has not been read yet.
            ahead = before[len(read) + 1 : len(read) + 2]
            gone = [read[-1], *ahead]
            assert other.delete(gone)["outcome"].eq("deleted").all()
            deleted.update(gone)
    assert len(deleted) > len(before) / 3
    assert len(read) == len(set(read))
    assert [run_id for run_id in before if run_id not in deleted or run_id in read] == read
    assert client.runs(job="doomed")["run_id"].tolist() == [run_id for run_id in before if run_id not in deleted]
