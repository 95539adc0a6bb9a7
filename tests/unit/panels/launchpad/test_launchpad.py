"""The launchpad loads jobs, checks configs and launches runs."""

import threading
import time

import ipywidgets as widgets
import pandas as pd
import pytest

from dagster_nb.errors import (
    ConfigProblem,
    ConnectionFailedError,
    OutcomeUnknownError,
    RunConfigInvalidError,
    RunNotFoundError,
)
from dagster_nb.panels.launchpad.source import Scaffold, example_selection
from tests.unit.panels.conftest import HOSTILE
from tests.unit.panels.launchpad.fake_source import OTHER_LOAD, SCAFFOLD, TRAIN, FakeSource
from tests.unit.panels.monitor.fake_client import END


def problem(path="ops.fit.config.target", message="no such column"):
    return ConfigProblem(path, "REASON", message)


class TestChoosing:
    def test_jobs_are_grouped_by_location_and_can_be_searched(self, pad):
        one = pad()
        names = [label.strip() for label, _ in one._form._picker._list.options]
        assert names == ["etl · repo", "load", "etl · other", "load", "ml · repo", "train"]
        one._form._picker._search.value = "ML tr"
        assert [label.strip() for label, _ in one._form._picker._list.options] == ["ml · repo", "train"]
        one._form._picker._search.value = HOSTILE
        assert "No job matches" in one._form._picker._message.value
        assert "<img" not in one._form._picker._message.value

    def test_a_location_heading_cannot_be_selected(self, pad):
        one = pad()
        one._form._picker._list.index = 0
        assert one.model.address is None
        one._form._picker._list.index = 5
        one.wait(10)
        assert one.model.address == TRAIN
        assert one._form._editor.value == SCAFFOLD
        assert one._form._partition.options == ("2026-01-02", "2026-01-01")

    def test_the_launchpad_starts_with_the_given_job(self, pad):
        assert pad("train").model.address == TRAIN
        assert pad("load", repository="other").model.address == OTHER_LOAD
        assert pad("train", "ml", "repo", run_config={"a": 1}).config == "a: 1\n"

    @pytest.mark.parametrize(
        ("job", "words"), [("nothing", "The server has no job"), ("load", "Several repositories have a job")]
    )
    def test_the_launchpad_explains_that_a_job_is_unknown_or_ambiguous(self, pad, job, words):
        one = pad(job)
        assert words in one._error_box._message.value
        assert one._form._launch.disabled

    def test_retry_reads_the_jobs_again(self, pad, source):
        source.error = ConnectionFailedError("nothing is listening")
        one = pad("train")
        assert "Dagster does not answer" in one._error_box._message.value
        source.error = None
        one._error_box._on_retry()
        one.wait(10)
        assert one.model.address == TRAIN
        assert one._error_box.error is None
        assert not one._form._launch.disabled

    def test_the_launchpad_explains_that_the_server_has_no_jobs(self, pad, source):
        source.listed = []
        assert "The server has no jobs" in pad()._form._picker._message.value


class TestTemplates:
    def test_the_config_of_the_last_run_or_of_any_run_can_be_loaded(self, pad):
        one = pad("train")
        one._form._last_run.click()
        one.wait(10)
        assert one.config == one._form._editor.value == "run: last\n"
        one._form._any_run.value = " 4d2f81aa "
        one.wait(10)
        assert one.config == "run: 4d2f81aa\n"
        one._form._editor.value = "mine: 1"
        one._form._of_run.click()
        one.wait(10)
        assert one.config == "run: 4d2f81aa\n"
        one._form._reset.click()
        one.wait(10)
        assert one.config == SCAFFOLD

    def test_a_partition_does_not_replace_a_loaded_config(self, pad, source):
        one = pad("train")
        one._form._last_run.click()
        one.wait(10)
        one._form._partition.value = "2026-01-01"
        one.wait(10)
        assert one.config == "run: last\n"
        assert source.partitions_read == []

    def test_the_launchpad_explains_that_a_run_does_not_exist_and_keeps_the_config(self, pad, source):
        one = pad("train")
        source.error = RunNotFoundError("there is no run 4d2f81aa")
        one._form._any_run.value = "4d2f81aa"
        one.wait(10)
        assert "there is no run 4d2f81aa" in one._error_box._message.value
        assert one._error_box._retry is None
        assert one.config == SCAFFOLD


class TestChecking:
    def test_the_config_is_checked_after_typing_has_stopped(self, pad, source):
        one = pad("train")
        source.checked.clear()
        for length in range(1, 20):
            one._form._editor.value = "x" * length
        assert one.model.checking
        one.wait(10)
        assert source.checked == [("x" * 19, [])]

    def test_a_late_result_for_older_text_is_ignored(self, pad, source):
        one = pad("train")
        source.gates["old"] = threading.Event()
        source.wrong = lambda config: [problem(message=f"wrong: {config}")] if config == "old" else []
        one._form._editor.value = "old"
        assert one.background.wait(lambda: ("old", []) in source.checked, 10)
        one._form._editor.value = "new"
        one.wait(10)
        source.gates["old"].set()
        one.background.wait(lambda: False, 0.2)
        assert one.model.problems == []
        assert "The config is valid." in one._form._state.value

    def test_the_line_and_path_of_a_problem_are_shown_and_nothing_is_launched(self, pad, source):
        source.scaffolds[TRAIN] = Scaffold(SCAFFOLD)
        source.wrong = lambda _config: [problem(message=HOSTILE)]
        one = pad("train")
        assert one._form._editor.problems == [{"line": 4, "start": 6, "end": 12, "message": HOSTILE}]
        assert "line 4 · ops.fit.config.target:" in one._form._problems.value
        assert "<img" not in one._form._problems.value
        assert one._form._launch.disabled
        one.launch()
        one.wait(10)
        assert source.sent == []
        assert "ops.fit.config.target" in repr(one)

    def test_a_problem_stays_visible_while_the_new_text_is_checked(self, pad, source):
        source.wrong = lambda config: [problem()] if "sales" in config else []
        one = pad("train")
        one._form._editor.value = SCAFFOLD.replace("sales", "costs")
        assert "no such column" in one._form._problems.value
        assert "Checking" in one._form._state.value
        one.wait(10)
        assert one._form._problems.value == ""

    def test_tags_and_partition_key_are_checked(self, pad, source):
        one = pad("train")
        one._form._tags.value = "team"
        one.wait(10)
        assert "Write each tag as key: value." in one._form._problems.value
        one._form._tags.value = "team: data"
        one._form._partition.value = "1999"
        one.wait(10)
        assert "The job has no partition" in one._form._problems.value
        assert source.sent == []

    def test_the_line_of_invalid_yaml_is_shown(self, pad, source):
        source.scaffolds[TRAIN] = Scaffold(SCAFFOLD)

        def refuse(_config):
            raise RunConfigInvalidError("this run config is no valid YAML: line 2, column 3: a tab\n   x\n   ^")

        source.wrong = refuse
        one = pad("train")
        assert [one["line"] for one in one._form._editor.problems] == [2]
        assert one._form._launch.disabled

    def test_the_config_is_checked_for_the_selected_ops(self, pad, source):
        one = pad("train")
        one._form._ops.value = "fit, judge"
        one.wait(10)
        assert source.checked[-1] == (SCAFFOLD, ["fit", "judge"])

    def test_retry_checks_the_config_again(self, pad, source):
        one = pad("train")
        source.error = ConnectionFailedError("gone")
        one._form._editor.value = "x: 1"
        one.wait(10)
        assert "Dagster does not answer" in one._error_box._message.value
        source.error = None
        one._error_box._on_retry()
        one.wait(10)
        assert "The config is valid." in one._form._state.value


class TestPartitions:
    def test_the_config_of_a_partition_is_loaded_unless_the_text_was_edited(self, pad):
        one = pad("train")
        one._form._partition.value = "2026-01-01"
        one.wait(10)
        assert one.config == one._form._editor.value == "day: 2026-01-01\n"
        one._form._editor.value = "mine: 1\n"
        one._form._partition.value = "2026-01-02"
        one.wait(10)
        assert one.config == "mine: 1\n"
        one._form._reset.click()
        one.wait(10)
        assert one.config == "day: 2026-01-02\n"
        assert one._form._reset.disabled

    def test_an_unknown_partition_is_reported_once_and_disables_launch(self, pad, source):
        one = pad("train")
        one._form._partition.value = "1999"
        one.wait(10)
        assert "The job has no partition" in one._form._problems.value
        assert "2026-01-01" in one._form._problems.value
        assert one._error_box.error is None
        assert one._form._launch.disabled
        assert source.partitions_read == []
        one._form._partition.value = "2026-01-01"
        one.wait(10)
        assert one._form._problems.value == ""
        assert not one._form._launch.disabled
        assert one.config == "day: 2026-01-01\n"

    def test_a_partition_is_required_before_problems_of_the_default_config_are_shown(self, pad, source):
        source.wrong = lambda config: [] if config.startswith("day") else [problem(message="missing: day")]
        one = pad("train")
        assert "Choose a partition" in one._form._state.value
        assert "Choose a partition" in repr(one)
        assert one._form._problems.value == ""
        assert one._form._editor.problems == []
        assert one._form._launch.disabled
        one._form._editor.value = "mine: 1\n"
        one.wait(10)
        assert "missing: day" in one._form._problems.value
        one._form._reset.click()
        one._form._partition.value = "2026-01-02"
        one.wait(10)
        assert one._form._problems.value == ""
        assert not one._form._launch.disabled

    def test_a_partition_cannot_be_launched_with_the_config_of_another_partition(self, pad, source):
        one = pad("train")
        source.gates["2026-01-02"] = threading.Event()
        one._form._partition.value = "2026-01-02"
        assert one._form._launch.disabled
        one.launch()
        source.error = ConnectionFailedError("gone")
        source.gates["2026-01-02"].set()
        one.wait(10)
        assert "Dagster does not answer" in one._error_box._message.value
        assert one._form._launch.disabled
        source.error = None
        one._error_box._on_retry()
        one.wait(10)
        assert one.config == "day: 2026-01-02\n"
        assert not one._form._launch.disabled
        assert source.sent == []


class TestOpsHelp:
    def test_the_launchpad_shows_the_ops_and_an_example_for_this_job(self, pad, source):
        source.scaffolds[TRAIN] = Scaffold(SCAFFOLD, ("fit", "judge"), example="fit*")
        assert "fit*" in pad("train")._form._ops_help.value
        source.scaffolds[TRAIN] = Scaffold(SCAFFOLD, ("fit",))
        assert "*" not in pad("train")._form._ops_help.value

    def test_the_example_selects_the_ops_downstream_of_an_op(self):
        ops = pd.DataFrame({"op": ["judge", "fit", "load"], "depends_on": [["fit"], ["load"], []]})
        assert example_selection(ops) == "fit*"
        assert example_selection(ops.iloc[2:]) == ""


class TestLaunching:
    def test_repeated_clicks_launch_only_one_run(self, pad, source):
        one = pad("train")
        one._form._editor.value = "a: 1\n"
        one._form._tags.value = f"why: {HOSTILE}\nteam: data"
        one._form._ops.value = "fit"
        one.wait(10)
        source.gates["launch"] = threading.Event()
        for _ in range(5):
            one._form._launch.click()
            one._form._editor._handle_custom_msg({"type": "submit", "value": "a: 1\n"}, [])
        assert one._form._launch.disabled
        assert "Launching" in one._form._state.value
        source.gates["launch"].set()
        one.wait(10)
        assert source.sent == [
            (
                "train",
                {
                    "run_config": "a: 1\n",
                    "tags": {"why": HOSTILE, "team": "data"},
                    "op_selection": ["fit"],
                    "partition_key": None,
                },
            )
        ]
        assert one.monitor is not None
        assert one._form.widget.layout.display == "none"
        one.launch()
        one.wait(10)
        assert len(source.sent) == 1

    def test_ctrl_enter_launches_the_latest_text(self, pad, source):
        one = pad("train")
        one._form._editor._handle_custom_msg({"type": "submit", "value": "b: 2\n"}, [])
        one.wait(10)
        assert source.sent[0][1]["run_config"] == "b: 2\n"

    def test_the_config_is_checked_before_the_launch(self, pad, source):
        one = pad("train")
        source.wrong = lambda config: [problem("", "no")] if config == "bad" else []
        one._form._editor._handle_custom_msg({"type": "submit", "value": "bad"}, [])
        one.wait(10)
        assert source.sent == []
        assert "no" in one._form._problems.value

    def test_the_path_of_a_problem_reported_by_the_server_is_shown(self, pad, source):
        source.answer = lambda: RunConfigInvalidError("nothing was launched:", errors=[problem()])
        one = pad("train")
        one.launch()
        one.wait(10)
        assert [one["line"] for one in one._form._editor.problems] == [4]
        assert one.run is None
        assert one._form.widget.layout.display != "none"

    def test_no_retry_is_offered_if_the_response_to_the_launch_was_lost(self, pad, source):
        source.answer = lambda: OutcomeUnknownError("the response was lost. It is not sent again; look at the runs")
        one = pad("train")
        one.launch()
        one.wait(10)
        assert "The outcome is unknown" in one._error_box._message.value
        assert "look at the runs" in one._error_box._message.value
        assert one._error_box._retry_button.layout.display == "none"
        assert len(source.sent) == 1

    def test_launching_another_run_keeps_the_fields_filled_in(self, pad, source):
        one = pad("train")
        one._form._editor.value = "a: 1\n"
        one.launch()
        one.wait(10)
        one.run.client.pages.put(END)
        one._back.click()
        one.wait(10)
        assert one._form.widget.layout.display == ""
        assert one.monitor is None
        assert one._form._editor.value == "a: 1\n"
        one.launch()
        one.wait(10)
        assert len(source.sent) == 2

    def test_the_launched_run_is_shown_in_the_time_zone_of_the_launchpad(self, pad):
        one = pad("train", tz="Asia/Tokyo")
        one.launch()
        one.wait(10)
        assert "Asia/Tokyo" in one.monitor._head.value
        with pytest.raises(ValueError, match="there is no time zone 'Nowhere'"):
            pad("train", tz="Nowhere")

    def test_the_launchpad_explains_why_a_client_may_not_launch(self, pad, source, monkeypatch):
        monkeypatch.setattr(FakeSource, "reason_forbidden", "this client is <read-only>")
        one = pad("train")
        assert one._form._launch.disabled
        assert one._form._launch.tooltip == "this client is <read-only>"
        assert "this client is &lt;read-only&gt;" in one._form._state.value
        one.launch()
        one.wait(10)
        assert source.sent == []


def test_the_static_output_shows_the_filled_in_fields(pad, source):
    source.wrong = lambda _config: [problem(message=HOSTILE)]
    one = pad("train", run_config=f"# {HOSTILE}\n{SCAFFOLD}")
    bundle = one._repr_mimebundle_()[0]
    assert "<img src" not in bundle["text/html"]
    assert "target: sales" in bundle["text/html"]
    assert "target: sales" in bundle["text/plain"]
    assert "application/vnd.jupyter.widget-view+json" in bundle


def test_the_static_output_shows_the_ops_of_the_job(pad, source):
    ops = [{"op": f"load_{place}", "depends_on": [], "description": None} for place in range(17)]
    ops[1] = {"op": HOSTILE, "depends_on": ["load_0"], "description": HOSTILE}
    source.scaffolds[TRAIN] = Scaffold(SCAFFOLD, graph=pd.DataFrame(ops).assign(graph=pd.NA))
    html = pad("train")._repr_mimebundle_()[0]["text/html"]
    assert 'alt="Chart of 17 ops' in html
    assert html.count("<tr>") == 1 + 15
    assert "and 2 more ops" in html
    assert "<img src" not in html


def test_the_static_output_lists_the_jobs_if_none_is_chosen(pad):
    html = pad()._repr_mimebundle_()[0]["text/html"]
    assert html.count("<tr>") == 1 + 3
    assert "<bdi>etl</bdi>" in html


def test_closing_the_launchpad_leaves_no_widgets_or_threads_behind(pad):
    before = set(widgets.widget._instances)
    one = pad("train")
    one.launch()
    one.wait(10)
    began = time.monotonic()
    one.close()
    one.close()
    assert time.monotonic() - began < 2
    assert set(widgets.widget._instances) <= before
