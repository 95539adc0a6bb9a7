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


def test_an_ambiguous_run_id_lists_the_candidates_like_the_displayed_code():
    with FakeDagster() as fake, fake.connect() as client:
        other = make_run(7)["runId"][:-1] + "1"
        fake.runs = [make_run(8), make_run(7, status="FAILURE"), make_run(7, runId=other)]
        explorer = dnb.RunExplorer(client).wait()
        explorer.set_filters(run_ids="00000007", status="FAILURE")
        with pytest.raises(dnb.RunNotFoundError, match=f"(?s)2 runs have an id.*{other}") as caught:
            client.runs(**explorer.filters)
        assert str(explorer.wait().model.error) == str(caught.value)
        assert other in explorer._error_box._message.value
        assert explorer._error_box._retry_button.layout.display == "none", "reading again would not help"
        explorer.set_filters(run_ids=other)
        assert explorer.wait().model.error is None
        assert explorer.frame["run_id"].tolist() == client.runs(**explorer.filters)["run_id"].tolist() == [other]
        # An explorer that has not read the runs yet shows the same error.
        opened = dnb.RunExplorer(client, run_ids="00000007").wait()
        assert str(opened.model.error) == str(caught.value)
        opened.close()
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
    explorer._table.table._handle_custom_msg({"select": ["only", explorer.frame["run_id"].iloc[0]]}, [])
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
