"""The parts of the explorer work together, here without a browser."""

import asyncio
import resource
import threading

import ipywidgets as widgets
import pytest
from matplotlib import _pylab_helpers

from dagster_nb.errors import ConnectionFailedError
from dagster_nb.panels.explorer import RunExplorer
from dagster_nb.panels.launchpad.launchpad import launch_arguments
from tests.unit.panels.conftest import HOSTILE, FakeSource, make_runs, many_runs


def texts(widget):
    """Return the HTML of all widgets in a panel."""
    own = [widget.value] if isinstance(widget, widgets.HTML) else []
    return "\n".join([*own, *(texts(child) for child in getattr(widget, "children", ()))])


@pytest.mark.parametrize("source", ["http://127.0.0.1:3000", None, make_runs(1)])
def test_a_source_must_be_a_client_or_a_history(source):
    with pytest.raises(TypeError, match=r"needs a client, for example from dnb\.connect\(url\), or a history, but got"):
        RunExplorer(source)


def test_the_explorer_opens_with_filters(explore):
    frame = make_runs(30)
    frame.loc[::3, "status"] = "FAILURE"
    explorer = explore(frame, status="FAILURE")
    assert explorer.frame["run_id"].tolist() == frame["run_id"][::3].tolist()
    assert explorer.filters == {"status": ["FAILURE"]}
    assert len(explorer._table.table.rows) == 10
    assert "showing all 10 runs" in texts(explorer)
    assert explorer._crash_box.error is None


def test_invalid_filters_raise_an_error_in_the_cell():
    with pytest.raises(TypeError, match="there is no filter 'jobs'"):
        RunExplorer(FakeSource(make_runs(1)), jobs="x")


def test_a_click_on_a_row_changes_the_model_and_the_table(explore):
    explorer = explore(make_runs(5))
    ids = explorer.frame["run_id"].tolist()
    table = explorer._table.table
    table._handle_custom_msg({"select": ["only", ids[2]]}, [])
    table.active = ids[2]
    explorer.wait()
    assert explorer.selection == [ids[2]]
    assert explorer._open_run.run_id == ids[2]
    assert ids[2] in explorer._details._top.value
    explorer.model.select([ids[4]])
    assert table.selected == [ids[4]]
    for message, selected in {
        ("toggle", ids[0]): [ids[0], ids[4]],
        ("toggle", ids[4]): ids[:1],
        ("range", ids[2], ids[1]): ids[:3],
        ("all",): ids,
        ("none",): [],
    }.items():
        table._handle_custom_msg({"select": list(message)}, [])
        assert table.selected == selected, message


def test_a_click_on_a_status_sets_a_filter(explore):
    frame = make_runs(9)
    frame.loc[:2, "status"] = "FAILURE"
    explorer = explore(frame)
    chips = explorer._filters._chips
    assert chips["FAILURE"].description == "✖ FAILURE 3"
    chips["FAILURE"].value = True
    assert len(explorer.frame) == 3
    assert chips["SUCCESS"].description == "● SUCCESS 6"
    chips["FAILURE"].value = False
    assert len(explorer.frame) == 9


def test_typed_filters_are_applied(explore):
    frame = make_runs(9)
    frame.loc[:2, "job_name"] = "weekly_report"
    frame.at[0, "tags"] = {"team": "data"}
    explorer = explore(frame)
    bar = explorer._filters
    bar._job.value = "weekly"
    assert explorer.filters == {"job": ["weekly_report"]}
    assert bar._job.value == ""
    bar._tag_key.value = "team"
    assert bar._tag_value.options == ["data"] or bar._suggestions._counted_runs
    bar._tag_value.value = "data"
    assert explorer.filters == {"job": ["weekly_report"], "tags": {"team": ["data"]}}
    assert len(explorer.frame) == 1
    [job, tag] = bar._chosen.widget.children
    assert job.description == "job: weekly_report ✕"
    job.click()
    tag.click() if not bar._chosen.widget.children else bar._chosen.widget.children[0].click()
    assert explorer.filters == {}
    bar._min_duration.value = "never"
    assert "is not a duration" in bar._problem.value
    bar._min_duration.value = "2 min"
    assert len(explorer.frame) == 0
    bar.clear()
    assert len(explorer.frame) == 9
    assert bar._min_duration.value == ""


def test_an_error_is_shown_and_a_click_on_retry_reads_the_runs_again(explore):
    explorer = explore(make_runs(3))
    explorer.model.source.error = ConnectionFailedError(f"no Dagster at {HOSTILE}")
    explorer.refresh()
    explorer.wait()
    shown = explorer._error_box._message.value
    assert "Dagster does not answer" in shown
    assert "<img src=x" not in shown
    assert explorer._error_box.widget.layout.display == ""
    assert len(explorer.frame) == 3
    explorer.model.source.error = None
    explorer._error_box._retry_button.click()
    explorer.wait()
    assert explorer._error_box.widget.layout.display == "none"


def test_the_table_says_that_no_runs_could_be_read_if_the_first_read_fails():
    source = FakeSource(make_runs(3))
    source.error = ConnectionFailedError("no Dagster")
    explorer = RunExplorer(source).wait()
    assert explorer._table.table.empty == "No runs could be read."
    assert "Loading" not in explorer._charts._picture.value
    explorer.close()


def test_an_empty_table_says_that_runs_are_being_read():
    source = FakeSource(make_runs(3))
    source.gate.clear()
    explorer = RunExplorer(source, status="CANCELED")
    table, foot, chart = explorer._table.table, explorer._table._shown, explorer._charts._picture
    assert table.empty == "Loading runs…"
    assert "Loading runs…" in chart.value
    assert "<img" not in chart.value
    assert "no runs yet" in foot.value
    source.gate.set()
    explorer.wait()
    assert table.empty == "No run matches these filters."
    assert "<img" in chart.value
    source.gate.clear()
    explorer.set_filters(job="no_such_job")
    assert table.empty == "Loading runs…"
    source.gate.set()
    explorer.wait()
    assert table.empty == "No run matches these filters."
    explorer.close()


def test_html_in_text_is_escaped_everywhere(explore):
    frame = make_runs(3)
    for name in ("job_name", "location", "repository", "partition_key", "launched_by"):
        frame.loc[0, name] = HOSTILE
    frame.at[0, "tags"] = {HOSTILE: HOSTILE}
    explorer = explore(frame)
    explorer.set_filters(job=HOSTILE, tags={HOSTILE: HOSTILE})
    explorer.model.open_run(explorer.frame["run_id"].iloc[0])
    explorer.wait()
    everything = texts(explorer)
    assert "&lt;img src=x" in everything
    assert "<img src=x" not in everything


def test_the_mime_bundle_contains_a_widget_and_a_static_output(explore):
    data, _ = explore(make_runs(3))._repr_mimebundle_()
    assert set(data) >= {"text/html", "text/plain", "application/vnd.jupyter.widget-view+json"}
    assert "3 runs" in data["text/plain"]


def test_auto_refresh_continues_until_the_explorer_is_closed(explore, monkeypatch):
    explorer = explore(make_runs(3))
    monkeypatch.setattr(type(explorer.background), "later", lambda _self, _seconds, call: calls.append(call) or print)
    calls = []
    explorer._header._interval.value = 5
    counted = explorer.model.source.counted
    calls[0]()
    explorer.wait()
    assert explorer.model.source.counted > counted
    assert len(calls) == 2


def test_closing_the_explorer_leaves_no_widgets_or_threads_behind(explore):
    before, threads = len(widgets.widget._instances), threading.active_count()
    explorer = explore(make_runs(2000))
    explorer.set_filters(created_after="2000d")
    explorer.model.open_run(explorer.frame["run_id"].iloc[0])
    explorer.set_filters(job="x", tags={"a": "b"})
    explorer.set_filters()
    explorer.wait()
    explorer.close()
    explorer.close()
    assert len(widgets.widget._instances) == before
    assert threading.active_count() == threads
    assert _pylab_helpers.Gcf.get_num_fig_managers() == 0


def test_the_explorer_does_not_block_an_event_loop():
    async def cell():
        source = FakeSource(make_runs(500), page=50)
        source.gate.clear()
        explorer = RunExplorer(source)
        await asyncio.sleep(0.2)
        assert explorer.model.reading is not None
        source.gate.set()
        for _ in range(500):
            await asyncio.sleep(0.01)
            if not explorer.background.busy():
                break
        count = len(explorer.frame)
        explorer.close()
        return count

    assert asyncio.run(cell()) == 500


def test_filter_changes_do_not_leak_memory(explore):
    explorer = explore(many_runs(2000))
    choices = [{"status": "FAILURE"}, {"job": "job_3"}, {"tags": {"team": "t1"}}, {}]
    for number in range(8):
        explorer.set_filters(**choices[number % 4])
    before = _resident()
    # A leaked frame would take more than 1 MB. Draw a chart for only some of the changes, because drawing is slow.
    for number in range(60):
        explorer._charts.choice.value = "Durations" if number % 12 == 0 else "No chart"
        explorer.set_filters(**choices[(number + number // 4) % 4])
    assert _resident() - before < 40e6


def _resident():
    with open("/proc/self/statm") as stat:  # noqa: PTH123
        return int(stat.read().split()[1]) * resource.getpagesize()


def test_opening_a_run_in_the_launchpad_passes_its_config_and_tags_and_partition_and_op_selection(explore):
    frame = make_runs(2, tags=[{"key": "team", "value": HOSTILE}, {"key": "dagster/partition", "value": "2026-01-01"}])
    frame["run_config"] = [{"a": 1}] * 2
    frame["op_selection"] = [["fit*"]] * 2
    explorer = explore(frame)
    opened = []
    explorer.on_open_launchpad(lambda run, config: opened.append({**launch_arguments(run), "run_config": config}))
    explorer.model.open_run(explorer.frame["run_id"].iloc[0])
    explorer.wait()
    explorer._details._launch.click()
    assert opened == [
        {
            "job": "nightly",
            "location": "etl",
            "repository": "repo",
            "partition_key": "2026-01-01",
            "run_config": "a: 1\n",
            "op_selection": ["fit*"],
            "tags": {"team": HOSTILE},
        }
    ]
