"""The failures tab groups failures and re-executes unresolved ones. The comparison shows how two runs differ."""

import html
import json
import re

import pandas as pd
import pytest

from dagster_nb import analysis
from dagster_nb.frames.runs import runs_frame
from dagster_nb.panels.explorer import RunExplorer
from dagster_nb.panels.explorer.views import reports
from dagster_nb.words import duration_text
from tests.unit.panels.conftest import HOSTILE, NOW, FakeSource, make_run


class Source(FakeSource):
    """A source with failures, steps and run configs."""

    requested = ()

    def failures(self, runs):
        self.requested = tuple(runs)
        messages = {0: "no answer after 30 s", 1: "no answer after 41 s", 2: HOSTILE}
        rows = [
            (run_id, "load", NOW - pd.Timedelta(hours=int(run_id[:8])), "TimeoutError", messages[int(run_id[:8])])
            for run_id in runs
        ]
        return pd.DataFrame(rows, columns=["run_id", "step_key", "timestamp", "error_class", "error_message"])

    def steps(self, runs):
        durations = [pd.Timedelta(seconds=10 * (1 + int(run_id[:8]))) for run_id in runs]
        facts = {"status": "SUCCESS", "start_time": NOW, "end_time": NOW + pd.to_timedelta(durations)}
        return pd.DataFrame({"run_id": runs, "step_key": "load", "duration": durations, **facts})

    def iter_runs(self, **question):
        for page in super().iter_runs(**question):
            if "run_config" in question.get("include", ()):
                page["run_config"] = [{"rows": int(run_id[:8]), "same": 1} for run_id in page["run_id"]]
            yield page


@pytest.fixture
def explorer():
    runs = [make_run(number, status="FAILURE", jobName=f"job_{number}") for number in range(3)]
    runs[0]["tags"] = [{"key": "version", "value": "2"}, {"key": "team", "value": "data"}]
    runs[1]["tags"] = [{"key": "version", "value": "1"}]
    root = runs[2]["runId"]
    late = dict.fromkeys(("creationTime", "startTime", "endTime", "updateTime"), NOW.timestamp())
    retried = make_run(3, jobName="job_2", parentRunId=root, rootRunId=root, **late)
    explorer = RunExplorer(Source(runs_frame([retried, *runs]))).wait(20)
    explorer.model.clock = lambda: NOW
    yield explorer
    assert explorer._crash_box.error is None
    explorer.close()


def show(explorer, tab):
    explorer._charts.choice.value = tab
    return explorer.wait(20)._charts._picture.value


def click(explorer, action):
    """Send the message that the browser sends for a click on the button with this action."""
    shown = explorer._charts._picture.value
    actions = [json.loads(html.unescape(data)) for data in re.findall(r'data-dnb-action="([^"]*)"', shown)]
    [found, *_] = [one for one in actions if one[0] == action]
    explorer.viewport._handle_custom_msg({"action": found}, [])
    explorer.wait(20)


def test_similar_failures_share_a_row_with_the_first_and_last_time(explorer):
    shown = show(explorer, "Failures")
    assert shown.count("<tr>") == 1 + 2
    assert "2 runs" in shown
    assert "no answer after &lt;n&gt; s" in shown
    assert "<img" not in shown


def test_failures_with_the_same_message_are_told_apart_by_where_they_were_raised(explorer, monkeypatch):
    failures = explorer.model.source.failures

    def with_stacks(runs):
        functions = [("read_rates", "read_prices", f"read_{HOSTILE}")[int(run_id[:8])] for run_id in runs]
        return failures(runs).assign(stack=[f'  File "/opt/shop/in.py", line 9, in {name}\n' for name in functions])

    monkeypatch.setattr(explorer.model.source, "failures", with_stacks)
    shown = show(explorer, "Failures")
    assert shown.count("<tr>") == 1 + 3
    assert "raised in <bdi>read_rates in shop/in.py</bdi>" in shown
    assert "raised in <bdi>read_prices in shop/in.py</bdi>" in shown
    assert "<img" not in shown


def test_the_runs_of_a_failure_group_can_be_selected(explorer):
    show(explorer, "Failures")
    click(explorer, "select_runs")
    assert sorted(run_id[:8] for run_id in explorer.selection) == ["00000000", "00000001"]


def test_all_unresolved_failures_are_reexecuted_after_a_confirmation(explorer):
    shown = show(explorer, "Failures")
    assert "2 failed runs in view are not resolved" in shown
    click(explorer, "reexecute_unresolved")
    assert explorer.model.source.acted == []
    assert explorer.filters["only_unresolved"]
    explorer._action_bar.confirm._yes.click()
    explorer.wait(20)
    [(strategy, runs)] = explorer.model.source.acted
    assert strategy == "from_failure"
    assert sorted(run_id[:8] for run_id in runs) == ["00000000", "00000001"]


def test_no_reexecution_is_offered_if_the_source_is_read_only(explorer):
    explorer.model.source.read_only = True
    shown = show(explorer, "Failures")
    assert "not resolved" in shown
    assert "reexecute_unresolved" not in shown


def test_only_the_newest_failures_are_read_and_the_table_mentions_the_limit(explorer, monkeypatch):
    monkeypatch.setattr(reports, "_MAX_FAILED_RUNS", 1)
    shown = show(explorer, "Failures")
    assert len(explorer.model.source.requested) == 1
    assert "the newest 1 of 3 failed runs" in html.unescape(shown)


def test_no_errors_are_read_if_no_run_failed(explorer):
    explorer.set_filters(status="SUCCESS")
    assert "None of the runs in view failed" in show(explorer, "Failures")
    assert explorer.model.source.requested == ()


def test_an_error_from_the_source_is_shown(explorer, monkeypatch):
    monkeypatch.setattr(explorer.model.source, "failures", lambda _runs: 1 / 0)
    assert "Could not read" in show(explorer, "Failures")


def test_two_selected_runs_are_compared(explorer):
    assert "Select two runs" in show(explorer, "Compare two runs")
    explorer.model.select(run_id for run_id in explorer.frame["run_id"] if run_id[:8] in ("00000000", "00000001"))
    shown = explorer.wait(20)._charts._picture.value
    cells = [re.sub("<[^>]*>", "", cell) for cell in re.findall(r"<t[hd].*?</t[hd]>", shown)]
    assert cells[2:4] == ["Run 00000001", "Run 00000000"]
    rows = [cells[start : start + 5] for start in range(5, len(cells), 5)]
    assert ["config", "rows", "1", "0", ""] in rows
    assert ["tags", "version", "1", "2", ""] in rows
    assert ["tags", "team", "none", "data", ""] in rows
    assert ["steps", "load", "20 s", "10 s", "0.5 times"] in rows
    assert not [row for row in rows if row[1] == "same"]
    assert "equal in both runs" in shown
    explorer.model.select([])
    assert "Select two runs" in explorer.wait(20)._charts._picture.value


def static_output(explorer, tab):
    show(explorer, tab)
    shown = explorer._static_html()
    assert shown.count('<table class="dnb-grid">') >= 1, "the rows of the runs"
    assert "<button" not in shown
    return shown


def test_the_static_output_shows_the_open_tab(explorer):
    assert "No chart" not in static_output(explorer, "No chart")
    assert "<img" not in explorer._static_html()
    shown = static_output(explorer, "Failures")
    assert "no answer after &lt;n&gt; s" in shown
    assert "<img" not in shown
    assert "Select two runs in the table" in static_output(explorer, "Compare two runs")
    explorer.model.select(run_id for run_id in explorer.frame["run_id"] if run_id[:8] in ("00000000", "00000001"))
    assert "Run 00000001" in static_output(explorer, "Compare two runs")
    shown = static_output(explorer, "Slow steps")
    assert "which steps take the most time" in shown
    assert shown.count("<img") == 1
    assert "how long the runs of each job take" in static_output(explorer, "Durations")


def test_the_bars_of_slow_steps_show_their_step(explorer):
    show(explorer, "Slow steps")
    chart = explorer._charts._layer.chart
    ids = explorer.frame.loc[explorer.frame["end_time"].notna(), "run_id"].tolist()
    expected = analysis.slow_steps(explorer.model.source.steps(ids))
    assert chart["ids"] == expected["step_key"].tolist()
    assert dict(chart["fields"])["Median"] == [duration_text(median) for median in expected["p50"]]
    assert chart["hints"] == {}
    show(explorer, "Failures")
    assert explorer._charts._layer.chart == {}


def test_displaying_the_explorer_waits_for_the_open_tab():
    source = Source(runs_frame([make_run(0, status="FAILURE")]))
    explorer = RunExplorer(source, chart="Failures")
    data, _ = explorer._repr_mimebundle_()
    assert "no answer after &lt;n&gt; s" in data["text/html"]
    explorer.close()


def test_the_open_tab_is_not_read_again_when_only_its_width_changes(explorer):
    read = []
    steps = explorer.model.source.steps
    explorer.model.source.steps = lambda runs: read.append(1) or steps(runs)
    first = show(explorer, "Slow steps")
    explorer.viewport.width = 500
    explorer.wait(20)
    assert explorer._charts._picture.value != first
    assert len(read) == 1
