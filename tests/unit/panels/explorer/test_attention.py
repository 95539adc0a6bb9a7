"""The explorer lists exactly what needs attention, and a click shows the runs."""

import pandas as pd
import pytest

from dagster_nb.frames.catalog import daemons_frame
from dagster_nb.panels.explorer import RunExplorer
from dagster_nb.panels.explorer.attention import find_in_queue, find_in_runs
from dagster_nb.panels.explorer.daemons_and_queue import ServerState
from dagster_nb.panels.explorer.filters import ExplorerFilters
from tests.unit.panels.conftest import NOW, FakeSource, make_runs, many_runs

HOUR = pd.Timedelta(hours=1)


def daemons(*, queue=True, scheduler=True):
    kinds = {"QUEUED_RUN_COORDINATOR": queue, "SCHEDULER": scheduler}
    return daemons_frame(
        [
            {"daemonType": kind, "required": True, "healthy": healthy, "lastHeartbeatTime": None}
            for kind, healthy in kinds.items()
        ]
    )


def slowed_runs():
    """Return hourly runs of a job that became slower with a new version 200 hours ago."""
    runs = make_runs(600)
    is_after = runs.index < 200
    runs["duration"] = pd.to_timedelta(60 + runs.index % 7 + 60 * is_after, unit="s").astype("timedelta64[us]")
    runs["end_time"] = runs["start_time"] + runs["duration"]
    runs["tags"] = [{"shop/model_version": "2.0" if is_new else "1.4"} for is_new in is_after]
    return runs


def texts(runs, scope=None):
    return [finding.text for finding in find_in_runs(runs, scope or ExplorerFilters(), NOW).findings()]


def test_successful_runs_do_not_need_attention():
    assert texts(make_runs(600)) == []
    assert texts(make_runs(0)) == []


def test_unresolved_failures_are_shown():
    runs = make_runs(50)
    runs.loc[[3, 30, 49], "status"] = "FAILURE"
    # A later success in the same run group resolves one of the failures.
    runs.loc[20, "root_run_id"] = runs.loc[30, "run_id"]
    [finding] = find_in_runs(runs, ExplorerFilters(), NOW).findings()
    assert finding.text == "2 failures are not resolved, the oldest from 2 d ago"
    assert finding.filters == ExplorerFilters(only_unresolved=True)
    assert texts(runs, ExplorerFilters(created_after="24h")) == ["1 failure is not resolved, from 3 h ago"]


def test_a_slowdown_is_shown_with_the_changed_tag():
    [finding] = find_in_runs(slowed_runs(), ExplorerFilters(created_after="52w"), NOW).findings()
    changed = (NOW - 199 * HOUR).strftime("%Y-%m-%d %H:%M")
    assert finding.text == (
        f"nightly has taken 2 min 3 s, 2.0 times as long as before (1 min 3 s), since {changed}, when the tag "
        f"shop/model_version changed from 1.4 to 2.0"
    )
    assert finding.filters == ExplorerFilters(created_after="52w", job=("nightly",))
    assert finding.shows_trend


def test_runs_that_stay_canceling_are_shown():
    runs = make_runs(50)
    runs.loc[[3, 4, 5], "status"] = "CANCELING"
    for number, minutes in ((3, 9), (4, 95), (5, 20)):
        runs.loc[number, "update_time"] = NOW - pd.Timedelta(minutes=minutes)
    [finding] = find_in_runs(runs, ExplorerFilters(), NOW).findings()
    assert finding.text == "2 runs have been CANCELING for up to 1 h 35 min: their processes may be gone or stuck"
    assert finding.filters == ExplorerFilters(run_ids=tuple(runs["run_id"][4:6]))
    runs.loc[4, "status"] = "CANCELED"
    assert texts(runs) == ["1 run has been CANCELING for 20 min: its process may be gone or stuck"]


def test_canceled_runs_that_succeed_later_are_shown(monkeypatch):
    monkeypatch.setattr("dagster_nb.panels.explorer.attention._SECONDS_BETWEEN_SEARCHES", 0)
    runs = make_runs(50)
    runs.loc[[3, 4, 5], "status"] = "CANCELED"
    source = FakeSource(runs)
    explorer = RunExplorer(source).wait(20)
    assert lines(explorer) == []

    def change(number, status):
        source.change(number, status=status, update_time=pd.Timestamp.now("UTC").as_unit("us"))
        explorer.refresh()
        explorer.wait(20)

    change(3, "SUCCESS")
    [line] = lines(explorer)
    assert line.description == "▲ 1 run was marked as canceled, but its process continued and succeeded"
    change(4, "SUCCESS")
    change(5, "FAILURE")
    found = [line.description for line in lines(explorer) if "marked as canceled" in line.description]
    assert found == ["▲ 2 runs were marked as canceled, but their processes continued and succeeded"]
    next(line for line in lines(explorer) if "marked as canceled" in line.description).click()
    explorer.wait(20)
    assert explorer.frame["run_id"].tolist() == runs["run_id"][3:5].tolist()
    assert explorer._crash_box.error is None
    explorer.close()


@pytest.mark.parametrize(
    ("queued", "state", "count"),
    [(6, {"queue": False}, 1), (0, {"queue": False}, 0), (6, {}, 0), (6, {"scheduler": False}, 0)],
)
def test_queued_runs_are_shown_when_no_daemon_is_running(queued, state, count):
    found = find_in_queue(ServerState(daemons(**state), queued, 0))
    assert len(found) == count
    assert all("6 runs are queued" in finding.text for finding in found)
    assert find_in_queue(ServerState(None, 6, 0)) == []


class WithDaemons(FakeSource):
    """A source without running daemons."""

    def daemons(self):
        return daemons(queue=False)


@pytest.fixture
def explorer():
    runs = slowed_runs()
    runs.loc[[3, 30], "status"] = "FAILURE"
    runs.loc[0, "status"] = "QUEUED"
    explorer = RunExplorer(WithDaemons(runs)).wait(20)
    yield explorer
    assert explorer._crash_box.error is None
    explorer.close()


def lines(explorer):
    return list(explorer._attention_view.widget.children)


def test_a_click_on_a_finding_shows_its_runs(explorer):
    queue, failures, slowdown = lines(explorer)
    assert "queued" in queue.description
    failures.click()
    explorer.wait(20)
    assert sorted(explorer.frame["status"]) == ["FAILURE", "FAILURE"]
    lines(explorer)[2].click()
    explorer.wait(20)
    assert explorer.filters == {"job": ["nightly"]}
    assert explorer._charts.choice.value == "Trend"
    lines(explorer)[0].click()
    explorer.wait(20)
    assert explorer.frame["status"].tolist() == ["QUEUED"]
    assert slowdown.description.startswith("▲ nightly has taken")


def test_filters_do_not_hide_findings(explorer):
    shown = [line.description for line in lines(explorer)]
    explorer.set_filters(status="CANCELED", created_after="1h")
    explorer.refresh()
    explorer.wait(20)
    assert [line.description for line in lines(explorer)] == shown


def test_a_finding_disappears_when_its_problem_is_solved(explorer, monkeypatch):
    monkeypatch.setattr("dagster_nb.panels.explorer.attention._SECONDS_BETWEEN_SEARCHES", 0)
    source = explorer.model.source
    for number in (3, 30):
        source.change(number, status="SUCCESS", update_time=pd.Timestamp.now("UTC").as_unit("us"))
    source.daemons = daemons
    explorer.refresh()
    explorer.wait(20)
    [slowdown] = lines(explorer)
    assert "2.0 times as long" in slowdown.description


def test_the_view_is_hidden_if_there_are_no_findings():
    explorer = RunExplorer(FakeSource(many_runs(2000).assign(status="SUCCESS").astype({"status": "category"}))).wait(20)
    assert explorer._attention_view.widget.layout.display == "none"
    explorer.close()
