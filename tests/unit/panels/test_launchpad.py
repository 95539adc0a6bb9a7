"""A launchpad: what it checks, when, and what it sends."""

import threading
import time

import ipywidgets as widgets
import pytest

from dagster_nb.client.arguments.job_address import JobAddress
from dagster_nb.errors import (
    ConfigProblem,
    ConnectionFailedError,
    OutcomeUnknownError,
    RunConfigInvalidError,
)
from dagster_nb.panels import launchpad as launchpad_module
from dagster_nb.panels import launchpad_model
from dagster_nb.panels.config_lines import problem_of_error, problems_of
from dagster_nb.panels.launch_source import Scaffold
from dagster_nb.panels.launchpad import Launchpad
from dagster_nb.panels.launchpad_model import parse_tags
from tests.unit.panels.conftest import HOSTILE
from tests.unit.panels.test_monitor import END, FakeRun

TRAIN = JobAddress("train", "ml", "repo")
LOAD = JobAddress("load", "etl", "repo")
OTHER_LOAD = JobAddress("load", "etl", "other")
SCAFFOLD = "ops:\n  fit:\n    config:\n      target: sales\n"


class FakeSource:
    url = "http://localhost:3000"
    read_only = False

    def __init__(self):
        self.listed = [(LOAD, False), (OTHER_LOAD, False), (TRAIN, False)]
        self.scaffolds = {TRAIN: Scaffold(SCAFFOLD, ("fit", "judge"), ("2026-01-01", "2026-01-02"))}
        self.checked = []
        self.sent = []
        self.wrong = lambda _config: []
        self.answer = FakeRun
        self.error = None
        self.gates = {}

    def jobs(self):
        if self.error is not None:
            raise self.error
        return self.listed

    def scaffold(self, address, *, is_asset_job):
        return self.scaffolds.get(address, Scaffold("{}\n"))

    def partition_config(self, address, partition):
        return f"day: {partition}\n"

    def check(self, address, config, ops):
        self.checked.append((config, list(ops)))
        if gate := self.gates.get(config):
            gate.wait(5)
        if self.error is not None:
            raise self.error
        return self.wrong(config)

    def launch(self, address, **options):
        self.sent.append((address.job, options))
        if gate := self.gates.get("launch"):
            gate.wait(5)
        answer = self.answer()
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture
def source(monkeypatch):
    made = FakeSource()
    monkeypatch.setattr(launchpad_module, "LaunchSource", lambda _client: made)
    monkeypatch.setattr(launchpad_model, "_TYPING_SECONDS", 0.1)
    return made


@pytest.fixture
def pad(source):
    made = []

    def make(*args, **options):
        made.append(Launchpad(source, *args, **options).wait(10))
        return made[-1]

    yield make
    for one in made:
        if one.run is not None:
            one.run._client.pages.put(END)
        one.close()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("dagster_nb ")]


def problem(path="ops.fit.config.target", message="no such column"):
    return ConfigProblem(path, "REASON", message)


class TestChoosing:
    def test_jobs_stand_below_their_location_and_are_searched(self, pad):
        one = pad()
        names = [label.strip() for label, _ in one._picker._list.options]
        assert names == ["etl · repo", "load", "etl · other", "load", "ml · repo", "train"]
        one._picker._search.value = "ML tr"
        assert [label.strip() for label, _ in one._picker._list.options] == ["ml · repo", "train"]
        one._picker._search.value = HOSTILE
        assert "None of 3 jobs matches" in one._picker._words.value
        assert "<img" not in one._picker._words.value

    def test_a_heading_is_no_job(self, pad):
        one = pad()
        one._picker._list.index = 0
        assert one.model.address is None
        one._picker._list.index = 5
        one.wait(10)
        assert one.model.address == TRAIN
        assert one._editor.value == SCAFFOLD
        assert one._partition.options == ("2026-01-02", "2026-01-01")

    def test_a_job_may_be_named(self, pad):
        assert pad("train").model.address == TRAIN
        assert pad("load", repository="other").model.address == OTHER_LOAD
        assert pad("train", "ml", "repo", run_config={"a": 1}).config == "a: 1\n"

    @pytest.mark.parametrize(("job", "words"), [("nothing", "the server has no job"), ("load", "several repositories")])
    def test_one_that_is_not_meant_is_told(self, pad, job, words):
        one = pad(job)
        assert words in one._error._words.value
        assert one._launch.disabled

    def test_a_server_that_does_not_answer_is_asked_again(self, pad, source):
        source.error = ConnectionFailedError("nothing is listening")
        one = pad("train")
        assert "Dagster does not answer" in one._error._words.value
        source.error = None
        one._error._try_again()
        one.wait(10)
        assert one.model.address == TRAIN
        assert one._error.error is None
        assert not one._launch.disabled

    def test_a_server_without_jobs_says_so(self, pad, source):
        source.listed = []
        assert "The server has no job" in pad()._picker._words.value


class TestChecking:
    def test_the_newest_text_is_checked_once_nobody_types(self, pad, source):
        one = pad("train")
        source.checked.clear()
        for length in range(1, 20):
            one._editor.value = "x" * length
        assert one.model.checking
        one.wait(10)
        assert source.checked == [("x" * 19, [])]

    def test_a_late_answer_about_an_older_text_is_not_heard(self, pad, source):
        one = pad("train")
        source.gates["old"] = threading.Event()
        source.wrong = lambda config: [problem(message=f"wrong: {config}")] if config == "old" else []
        one._editor.value = "old"
        assert one._background.wait(lambda: ("old", []) in source.checked, 10)
        one._editor.value = "new"
        one.wait(10)
        source.gates["old"].set()
        one._background.wait(lambda: False, 0.2)
        assert one.model.problems == []
        assert "The config fits." in one._state.value

    def test_a_problem_is_shown_at_its_line_and_path_and_nothing_can_be_launched(self, pad, source):
        source.wrong = lambda _config: [problem(message=HOSTILE)]
        one = pad("train")
        assert one._editor.marks == {"4": HOSTILE}
        assert one._editor.invalid
        assert "line 4 · ops.fit.config.target:" in one._problems.value
        assert "<img" not in one._problems.value
        assert one._launch.disabled
        one.launch()
        one.wait(10)
        assert source.sent == []
        assert "ops.fit.config.target" in repr(one)

    def test_what_was_wrong_stays_in_sight_while_the_next_text_is_checked(self, pad, source):
        source.wrong = lambda config: [problem()] if "sales" in config else []
        one = pad("train")
        one._editor.value = SCAFFOLD.replace("sales", "costs")
        assert "no such column" in one._problems.value
        assert "Checking" in one._state.value
        one.wait(10)
        assert one._problems.value == ""

    def test_tags_and_partitions_are_checked_too(self, pad, source):
        one = pad("train")
        one._tags.value = "team"
        one.wait(10)
        assert "a tag is written as key: value" in one._problems.value
        one._tags.value = "team: data"
        one._partition.value = "1999"
        one.wait(10)
        assert "no partition" in one._problems.value or one._error.error is not None
        assert source.sent == []

    def test_no_yaml_at_all_is_told_with_its_line(self, pad, source):
        def refuse(_config):
            raise RunConfigInvalidError("this run config is no valid YAML: line 2, column 3: a tab\n   x\n   ^")

        source.wrong = refuse
        one = pad("train")
        assert list(one._editor.marks) == ["2"]
        assert one._launch.disabled

    def test_ops_are_checked_with_the_config(self, pad, source):
        one = pad("train")
        one._ops.value = "fit, judge"
        one.wait(10)
        assert source.checked[-1] == (SCAFFOLD, ["fit", "judge"])

    def test_a_check_that_fails_is_told_and_tried_again(self, pad, source):
        one = pad("train")
        source.error = ConnectionFailedError("gone")
        one._editor.value = "x: 1"
        one.wait(10)
        assert "Dagster does not answer" in one._error._words.value
        source.error = None
        one._error._try_again()
        one.wait(10)
        assert "The config fits." in one._state.value


class TestPartitions:
    def test_its_config_is_loaded_unless_another_was_written(self, pad):
        one = pad("train")
        one._partition.value = "2026-01-01"
        one.wait(10)
        assert one.config == one._editor.value == "day: 2026-01-01\n"
        one._editor.value = "mine: 1\n"
        one._partition.value = "2026-01-02"
        one.wait(10)
        assert one.config == "mine: 1\n"
        one._reset.click()
        one.wait(10)
        assert one.config == "day: 2026-01-02\n"
        assert one._reset.disabled


class TestLaunching:
    def test_what_is_filled_in_is_sent_once_however_often_it_is_pressed(self, pad, source):
        one = pad("train")
        one._editor.value = "a: 1\n"
        one._tags.value = f"why: {HOSTILE}\nteam: data"
        one._ops.value = "fit"
        one.wait(10)
        source.gates["launch"] = threading.Event()
        for _ in range(5):
            one._launch.click()
            one._editor._handle_custom_msg({"type": "submit", "value": "a: 1\n"}, [])
        assert one._launch.disabled
        assert "Launching" in one._state.value
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
        assert one._form.layout.display == "none"
        one.launch()
        one.wait(10)
        assert len(source.sent) == 1

    def test_ctrl_enter_launches_what_was_just_typed(self, pad, source):
        one = pad("train")
        one._editor._handle_custom_msg({"type": "submit", "value": "b: 2\n"}, [])
        one.wait(10)
        assert source.sent[0][1]["run_config"] == "b: 2\n"

    def test_a_text_that_was_not_checked_yet_is_checked_before(self, pad, source):
        one = pad("train")
        source.wrong = lambda config: [problem("", "no")] if config == "bad" else []
        one._editor._handle_custom_msg({"type": "submit", "value": "bad"}, [])
        one.wait(10)
        assert source.sent == []
        assert "no" in one._problems.value

    def test_what_the_server_refuses_is_shown_at_its_path(self, pad, source):
        source.answer = lambda: RunConfigInvalidError("nothing was launched:", errors=[problem()])
        one = pad("train")
        one.launch()
        one.wait(10)
        assert list(one._editor.marks) == ["4"]
        assert one.run is None
        assert one._form.layout.display != "none"

    def test_a_lost_answer_is_told_in_words_and_not_sent_again(self, pad, source):
        source.answer = lambda: OutcomeUnknownError("the answer was lost. It is not sent again; look at the runs")
        one = pad("train")
        one.launch()
        one.wait(10)
        assert "It is not known whether this happened" in one._error._words.value
        assert "look at the runs" in one._error._words.value
        assert one._error._retry.layout.display == "none"
        assert len(source.sent) == 1

    def test_another_launch_starts_from_what_was_filled_in(self, pad, source):
        one = pad("train")
        one._editor.value = "a: 1\n"
        one.launch()
        one.wait(10)
        one.run._client.pages.put(END)
        one._again.click()
        one.wait(10)
        assert one._form.layout.display == ""
        assert one.monitor is None
        assert one._editor.value == "a: 1\n"
        one.launch()
        one.wait(10)
        assert len(source.sent) == 2

    def test_a_read_only_client_launches_nothing(self, pad, source, monkeypatch):
        monkeypatch.setattr(FakeSource, "read_only", True)
        one = pad("train")
        assert one._launch.disabled
        assert "read-only" in one._state.value
        one.launch()
        one.wait(10)
        assert source.sent == []


def test_without_widgets_it_shows_what_is_filled_in(pad, source):
    source.wrong = lambda _config: [problem(message=HOSTILE)]
    one = pad("train", run_config=f"# {HOSTILE}\n{SCAFFOLD}")
    bundle = one._repr_mimebundle_()[0]
    assert "<img src" not in bundle["text/html"]
    assert "target: sales" in bundle["text/html"]
    assert "target: sales" in bundle["text/plain"]
    assert "application/vnd.jupyter.widget-view+json" in bundle
    assert "<li>" in pad()._repr_mimebundle_()[0]["text/html"]


def test_closing_leaves_nothing(pad):
    before = set(widgets.widget._instances)
    one = pad("train")
    one.launch()
    one.wait(10)
    began = time.monotonic()
    one.close()
    one.close()
    assert time.monotonic() - began < 2
    assert set(widgets.widget._instances) <= before


@pytest.mark.parametrize(
    ("path", "message", "line"),
    [
        ("", "", None),
        ("ops", "", 2),
        ("ops.fit.config", "", 4),
        ("ops.fit.config", 'Received unexpected config entry "nope" at path', 7),
        ("ops.fit.config.days[1]", "", 6),
        ("ops.fit.config.days[1].x", "", 6),
        ("ops.fit.config.a.b", "", 8),
        ("ops.fit.config.a.b.c", "", 9),
        ("ops.gone.config", "", 2),
        ("ops.fit.config.days[7]", "", 5),
    ],
)
def test_lines(path, message, line):
    config = (
        "# a comment\nops:\n  fit:\n    config:\n      days: [1,\n        2]\n      nope: 1\n      a.b:\n        c: 1\n"
    )
    assert problems_of([ConfigProblem(path, "", message)], config)[0].line == line


def test_lines_of_what_is_no_yaml():
    assert problems_of([problem()], "a: [")[0].line is None
    assert problem_of_error(RunConfigInvalidError("this text is not a mapping")).line is None


@pytest.mark.parametrize(
    ("words", "tags", "wrong"),
    [
        ("", {}, 0),
        ("a: b\n\n c:d:e ", {"a": "b", "c": "d:e"}, 0),
        ("a:", {"a": ""}, 0),
        ("a", {}, 1),
        (": b", {}, 1),
        ("a: 1\na: 2", {"a": "1"}, 1),
    ],
)
def test_tags(words, tags, wrong):
    parsed, told = parse_tags(words)
    assert parsed == tags
    assert len(told) == wrong
