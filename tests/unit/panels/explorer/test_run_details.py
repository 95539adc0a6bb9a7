"""The details of a run show its config, its log and its related runs, or the error that occurred while reading them."""

import pytest

from dagster_nb.client.compute_logs import ComputeLogs
from dagster_nb.errors import ConnectionFailedError
from dagster_nb.frames.steps import steps_frame
from dagster_nb.graphql import documents
from dagster_nb.panels.explorer import RunExplorer
from tests.unit.panels.conftest import HOSTILE, FakeSource, make_runs
from tests.unit.panels.monitor.fake_client import events


class ClientLike(FakeSource):
    """A source with the client methods that the run details use."""

    log_error = None
    log_reads = 0

    def iter_runs(self, **arguments):
        for page in super().iter_runs(**arguments):
            yield page.assign(run_config=[{"ops": {"load": {}}}] * len(page)) if "include" in arguments else page

    def events(self, run_id):
        self.log_reads += 1
        if self.log_error is not None:
            raise self.log_error
        return events(600)

    def compute_logs(self, run_id, step=None):
        return ComputeLogs(run_id, step, stdout=f"printed by {step or 'all'}\n{HOSTILE}\n", stderr="warned\n")

    def graphql_document(self, name):
        return documents.text(name)


@pytest.fixture
def explorer():
    explorer = RunExplorer(ClientLike(make_runs(5))).wait(20)
    explorer._table.table.active = explorer.frame["run_id"].iloc[2]
    yield explorer.wait(20)
    assert explorer._crash_box.error is None
    explorer.close()


def test_the_log_is_read_when_its_tab_is_opened(explorer):
    log = explorer._open_run.log
    assert not log.has_events
    explorer._details.tabs.value = "Log"
    explorer.wait(20)
    shown = explorer._details.log
    assert "showing the last 500 of 600 events" in shown._summary.value
    assert "line 599" in shown._body.value
    shown._text.value = "LINE 59"
    assert "showing 11 matching events, of 600" in shown._summary.value
    assert explorer._details._tab.layout.display == "none"


class WithSteps(ClientLike):
    def steps(self, run_ids):
        record = {"stepKey": "load", "status": "SUCCESS", "startTime": 0.0, "endTime": 9.0, "attempts": []}
        return steps_frame([{"runId": run_ids[0], "stepStats": [record]}])


def test_a_click_on_a_step_shows_its_log():
    explorer = RunExplorer(WithSteps(make_runs(5))).wait(20)
    explorer._table.table.active = explorer.frame["run_id"].iloc[2]
    layer = explorer.wait(20)._details._steps.layer
    assert layer.chart["ids"] == ["load"]
    layer._handle_custom_msg({"action": ["mark", "no such step"], "number": layer.chart["number"]}, [])
    assert explorer._details.tabs.value == "Steps"
    layer._handle_custom_msg({"action": ["mark", "load"], "number": layer.chart["number"]}, [])
    explorer.wait(20)
    assert explorer._details.tabs.value == "Log"
    assert explorer._details.log._step.value == "load"
    assert layer.chart == {}
    explorer._details.tabs.value = "Steps"
    explorer.wait(20)
    assert layer.chart["ids"] == ["load"]
    assert explorer._crash_box.error is None
    explorer.close()


def test_a_step_has_no_link_to_a_log_if_the_source_has_no_events():
    source = WithSteps(make_runs(5))
    source.events = None
    explorer = RunExplorer(source).wait(20)
    explorer._table.table.active = explorer.frame["run_id"].iloc[2]
    chart = explorer.wait(20)._details._steps.layer.chart
    assert chart["ids"] == ["load"]
    assert chart["hints"] == {}
    assert chart["groups"] == []
    explorer.close()


def test_the_run_config_is_shown_as_yaml(explorer):
    explorer._details.tabs.value = "Config"
    assert "ops:\n  load: {}" in explorer._details._tab.value


def test_output_of_the_run_and_of_each_step_can_be_read(explorer):
    explorer._details.tabs.value = "Log"
    explorer.wait(20)
    shown = explorer._details.log
    shown._kind.value = "stdout"
    explorer.wait(20)
    assert "printed by all" in shown._body.value
    assert "<img src=x" not in shown._body.value
    shown._step.value = "load"
    explorer.wait(20)
    assert "printed by load" in shown._body.value
    shown._kind.value = "stderr"
    explorer.wait(20)
    assert "warned" in shown._body.value


def test_opening_another_run_shows_its_log(explorer):
    explorer._details.tabs.value = "Log"
    explorer.wait(20)
    explorer._details.log._step.value = "load"
    explorer._table.table.active = explorer.frame["run_id"].iloc[0]
    assert not explorer._open_run.log.has_events
    explorer.wait(20)
    assert explorer._open_run.log.has_events
    assert explorer._open_run.log.log.filter.step is None
    assert "showing the last 500 of 600 events" in explorer._details.log._summary.value


def test_reading_the_log_can_be_retried_after_an_error(explorer):
    explorer.model.source.log_error = ConnectionFailedError("nothing there")
    explorer._details.tabs.value = "Log"
    explorer.wait(20)
    assert "nothing there" in explorer._details._error._message.value
    assert explorer.model.source.log_reads == 1
    explorer.model.source.log_error = None
    explorer._details._error._retry_button.click()
    explorer.wait(20)
    assert explorer._details._error.widget.layout.display == "none"
    assert "line 599" in explorer._details.log._body.value


def test_closing_the_details_hides_them(explorer):
    explorer._details._close.click()
    assert explorer._details.widget.layout.display == "none"
    assert explorer._table.table.active == ""


def test_graphql_code_is_shown_if_the_source_is_a_client(explorer):
    explorer._code._open.value = True
    assert "runsOrError" in explorer._code._graphql.text
    assert explorer._code._graphql in explorer._code._boxes.children
