"""An explorer of a history works without a server."""

from __future__ import annotations

import pytest

import dagster_nb as dnb
from tests.unit.fake import FakeDagster, make_run


@pytest.fixture
def history(tmp_path):
    with FakeDagster() as fake, fake.connect() as client:
        fake.runs = [make_run(number, status=("SUCCESS", "FAILURE")[number % 2]) for number in reversed(range(300))]
        client.history(tmp_path).refresh()
    return dnb.open_history(tmp_path)


@pytest.fixture
def explorer(history):
    explorer = dnb.RunExplorer(history).wait()
    yield explorer
    explorer.close()


def test_an_explorer_shows_and_filters_and_refreshes_the_runs_of_a_history(history, explorer):
    assert explorer.frame["run_id"].tolist() == history.runs()["run_id"].tolist()
    explorer.set_filters(status="FAILURE", created_after="2023-11-14T22:15:00")
    explorer.wait()
    expected = history.runs(status="FAILURE", created_after="2023-11-14T22:15:00")
    assert explorer.frame["run_id"].tolist() == expected["run_id"].tolist()
    explorer.refresh()
    explorer.wait()
    assert explorer.frame["run_id"].tolist() == expected["run_id"].tolist()
    assert explorer._crash_box.error is None


def test_a_filter_by_run_ids_accepts_shortened_ids(history):
    ids = history.runs()["run_id"].tolist()
    explorer = dnb.RunExplorer(history, run_ids=[ids[5][:8], ids[9]]).wait()
    assert explorer.frame["run_id"].tolist() == [ids[5], ids[9]]
    explorer.close()


def test_the_displayed_code_opens_the_history(history, explorer):
    explorer.set_filters(status="FAILURE")
    explorer._code._open.value = True
    explorer.wait()
    names = {"dnb": dnb}
    exec(explorer._code._python.text, names)  # noqa: S102
    assert names["runs"]["run_id"].tolist() == explorer.frame["run_id"].tolist()
    assert "connect" not in explorer._code._python.text


def test_disabled_actions_explain_that_they_need_a_client(history, explorer):
    explorer._table.table.selected = [explorer.frame["run_id"].iloc[0]]
    explorer.wait()
    for name in ("terminate", "from_failure", "all_steps", "delete", "force"):
        assert (
            explorer._actions.reason_disabled(name) == "this source cannot change runs; open the explorer with a client"
        )


def test_run_details_open_without_a_server(history, explorer):
    run_id = explorer.frame["run_id"].iloc[3]
    explorer._table.table.active = run_id
    explorer.wait()
    assert run_id in explorer._details._top.value
    assert explorer._crash_box.error is None
