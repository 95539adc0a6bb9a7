"""The charts of the explorer and the monitor in a real browser: hover, click, drag and keyboard."""

from __future__ import annotations

import json
import random
import re
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.browser.chart_page import ChartPage
from tests.browser.lab import Notebook

if TYPE_CHECKING:
    from collections.abc import Iterator

expect.set_options(timeout=60_000)

CELL = """
import json
import numpy as np
import pandas as pd
import dagster_nb as dnb
client = dnb.connect({url!r})
explorer = dnb.RunExplorer(client, chart="Trend", tz="UTC").wait()
explorer
"""
MONITOR = """
failed = client.runs(status="FAILURE", limit=1)["run_id"][0]
monitor = dnb.RunMonitor(client.run(failed), tz="UTC").wait(60)
monitor
"""
N_POINTS = 50


@pytest.fixture(scope="module")
def notebook(lab, context, demo) -> Iterator[Notebook]:
    book = Notebook(lab, context, [CELL.format(url=demo.url), MONITOR], name="charts").open()
    yield book
    book.check()
    book.close()


@pytest.fixture
def chart(notebook) -> ChartPage:
    """The explorer's chart, without filters."""
    notebook.run("explorer.model.select([]); explorer.model.open_run(None)")
    choose(notebook, "Trend")
    notebook.page.mouse.move(2, 2)
    found = ChartPage(notebook, ".dnb-charts", "explorer._charts._layer")
    found.settle()
    return found


@pytest.fixture
def gantt(notebook) -> ChartPage:
    found = ChartPage(notebook, ".dnb-monitor", "monitor._steps._layer")
    found.settle()
    return found


def choose(notebook: Notebook, chart: str, **filters: object) -> None:
    notebook.run(f"explorer.set_filters(**{filters!r}); explorer.wait(); explorer.model.change_view(chart={chart!r})")


def frame(notebook: Notebook) -> pd.DataFrame:
    """Return the explorer's frame of runs from the kernel."""
    rows = json.loads(
        notebook.run(
            "explorer.wait(); columns = ['run_id', 'job_name', 'status', 'start_time', 'duration'];"
            "shown = explorer.frame[columns].assign("
            "start_time=explorer.frame['start_time'].dt.strftime('%Y-%m-%d %H:%M:%S'),"
            "duration=[dnb.words.duration_text(one) for one in explorer.frame['duration']]);"
            "print(shown.astype(object).where(shown.notna(), None).to_json(orient='records'))"
        )
    )
    return pd.DataFrame(rows, dtype=object).set_index("run_id")


def wait_for_filters(notebook: Notebook, names: set[str]) -> dict[str, Any]:
    """Wait until the explorer has exactly these filters, and return them."""
    for _ in range(300):
        filters = json.loads(notebook.run("print(json.dumps(explorer.filters, default=str))"))
        if set(filters) == names:
            return filters
        notebook.page.wait_for_timeout(100)
    raise AssertionError(f"the filters are still {filters}")


@pytest.mark.parametrize("name", ["Durations", "Trend", "Timeline", "Queue times"])
def test_hovering_over_a_mark_shows_its_run(notebook, chart, name):
    runs = frame(notebook)
    choose(notebook, name, **({"job": [runs["job_name"].value_counts().index[0]]} if name == "Timeline" else {}))
    sent = chart.settle()
    assert len(sent["marks"]) >= N_POINTS
    for mark in random.Random(4).sample(range(len(sent["marks"])), N_POINTS):
        position = chart.center(mark)
        chart.move_to(*position)
        shown = chart.tip.inner_text()
        ids = chart.ids_at(*position)
        named = [one for one in ids if one[:8] in shown]
        assert len(named) == 1, (shown, ids)
        run = runs.loc[named[0]]
        assert run["job_name"] in shown
        assert run["status"] in shown
        # A run that is waiting has no start, and a run in progress has no duration yet.
        assert f"Started {run['start_time'] or '—'}" in shown
        assert run["duration"] in shown or "so far" in shown


def test_a_click_opens_the_run_and_highlights_its_row(notebook, chart):
    sent = chart.sent
    chart.move_to(*chart.center(10))
    named = chart.tip.inner_text()
    notebook.page.mouse.down()
    notebook.page.mouse.up()
    expect(notebook.page.locator(".dnb-explorer .dnb-detail").first).to_contain_text("created")
    opened = notebook.run("print(explorer.model.open_run_id)")
    assert opened in sent["ids"]
    assert opened[:8] in named
    assert notebook.run("print(explorer.selection)") == str([opened])
    row = notebook.page.locator(f'.dnb-explorer tr[data-run="{opened}"]')
    expect(row).to_have_attribute("aria-current", "true")
    # Part of the table may be outside the page, but the table itself has scrolled to the row.
    distances = """(row) => {
      const [inner, outer] = [row, row.closest(".dnb-scroll")].map((one) => one.getBoundingClientRect());
      return [inner.top - outer.top, outer.bottom - inner.bottom];
    }"""
    assert min(row.evaluate(distances)) > -5


def test_a_drag_sets_a_filter_and_escape_removes_it_again(notebook, chart):
    before = frame(notebook)
    chart.drag(0.5, 0.75)
    filters = wait_for_filters(notebook, {"created_after", "created_before"})
    chart.settle()
    after = frame(notebook)
    left = before[
        (before["start_time"] > filters["created_after"][:19]) & (before["start_time"] < filters["created_before"][:19])
    ]
    assert 0 < len(after) < len(before)
    assert set(left.index) <= set(after.index)
    notebook.page.keyboard.press("Escape")
    wait_for_filters(notebook, set())
    chart.settle()


def test_a_drag_along_a_duration_axis_filters_by_duration(notebook, chart):
    choose(notebook, "Durations")
    chart.settle()
    chart.drag(0.3, 0.6)
    wait_for_filters(notebook, {"min_duration", "max_duration"})
    chart.settle()
    notebook.page.keyboard.press("Escape")
    wait_for_filters(notebook, set())


def test_escape_cancels_a_drag(notebook, chart):
    left, top, right, _ = chart.sent["plot"]
    chart.move_to(left + 100, top + 50)
    notebook.page.mouse.down()
    chart.move_to(right - 100, top + 60)
    expect(chart.stage.locator(".dnb-chart-band")).to_be_visible()
    notebook.page.keyboard.press("Escape")
    expect(chart.stage.locator(".dnb-chart-band")).to_be_hidden()
    notebook.page.mouse.up()
    wait_for_filters(notebook, set())


def test_the_keyboard_can_open_a_run_and_filter_by_time(notebook, chart):
    keyboard = notebook.page.keyboard
    chart.stage.focus()
    keyboard.press("ArrowRight")
    expect(chart.tip).to_be_visible()
    # An outline outside the chart would be cut off at the edge of the cell's output.
    expect(chart.stage).to_have_css("outline-style", "solid")
    expect(chart.stage).to_have_css("outline-offset", "-2px")
    first = chart.tip.inner_text()
    keyboard.press("End")
    rightmost = max(range(len(chart.sent["marks"])), key=lambda mark: (chart.center(mark)[0], mark))
    expect(chart.tip).to_contain_text(chart.sent["ids"][rightmost][:8])
    keyboard.press("Home")
    expect(chart.tip).to_have_text(first, use_inner_text=True)
    keyboard.press("ArrowRight")
    expect(chart.tip).not_to_have_text(first)
    live = chart.stage.get_by_role("status")
    runs = frame(notebook)
    named = next(one for one in chart.sent["ids"] if f"Run {one[:8]}" in live.inner_text())
    assert runs.loc[named, "job_name"] in live.inner_text()
    keyboard.press("Enter")
    expect(notebook.page.locator(".dnb-explorer .dnb-detail").first).to_contain_text(named)
    assert notebook.run("print(explorer.model.open_run_id)") == named
    for _ in range(4):
        keyboard.press("Shift+ArrowRight")
    expect(chart.stage.locator(".dnb-chart-band")).to_be_visible()
    keyboard.press("Enter")
    wait_for_filters(notebook, {"created_after", "created_before"})
    chart.settle()
    keyboard.press("Escape")
    wait_for_filters(notebook, set())


def test_the_keyboard_can_filter_by_time_in_a_chart_without_marks(notebook, chart):
    choose(notebook, "Timeline")
    assert chart.settle()["marks"] == []
    band = chart.stage.locator(".dnb-chart-band")
    chart.stage.focus()
    notebook.page.keyboard.press("ArrowRight")
    expect(band).to_be_visible()
    notebook.page.keyboard.press("Escape")
    expect(band).to_be_hidden()
    notebook.page.keyboard.press("ArrowRight")
    expect(band).to_be_visible()
    chart.stage.blur()
    expect(band).to_be_hidden()
    chart.stage.focus()
    for key in ["PageDown", "ArrowRight", "Shift+PageDown", "Shift+PageDown", "Shift+ArrowRight"]:
        notebook.page.keyboard.press(key)
    # The band covers two tenths and a fortieth of the x axis.
    left, _, right, _ = chart.sent["plot"]
    width = (right - left) * chart.box["width"] / chart.sent["size"][0]
    assert band.bounding_box()["width"] == pytest.approx(width * 0.225, abs=2)
    notebook.page.keyboard.press("Enter")
    wait_for_filters(notebook, {"created_after", "created_before"})
    chart.settle()
    notebook.page.keyboard.press("Escape")
    wait_for_filters(notebook, set())


def test_page_keys_move_by_a_tenth_of_the_axis(notebook, chart):
    keyboard = notebook.page.keyboard
    ring = chart.stage.locator(".dnb-chart-ring")
    left, _, right, _ = chart.sent["plot"]
    tenth = (right - left) / 10 * chart.box["width"] / chart.sent["size"][0]
    chart.stage.focus()
    keyboard.press("ArrowRight")
    first = ring.bounding_box()
    keyboard.press("PageDown")
    second = ring.bounding_box()
    assert second["x"] - first["x"] >= tenth - 1
    keyboard.press("Shift+PageDown")
    band = chart.stage.locator(".dnb-chart-band").bounding_box()
    assert band["x"] == pytest.approx(second["x"] + second["width"] / 2, abs=2)
    assert band["width"] >= tenth - 1
    keyboard.press("PageUp")
    keyboard.press("PageUp")
    expect(chart.stage.locator(".dnb-chart-band")).to_be_hidden()
    assert ring.bounding_box()["x"] <= second["x"]
    keyboard.press("Escape")
    wait_for_filters(notebook, set())


PERIODS = """
import json
periods = explorer._charts._layer._pixels.periods
frame = explorer.frame
finished = frame["status"].isin(["SUCCESS", "FAILURE", "CANCELED"])
found = []
for one in periods.itertuples():
    inside = (frame["creation_time"] >= one.start) & (frame["creation_time"] < one.end)
    chosen = frame["status"] == one.status if one.status else finished
    count = int((inside & chosen).sum())
    succeeded = int((inside & (frame["status"] == "SUCCESS")).sum())
    text = f"Runs {count:,}" if one.status else f"Succeeded {succeeded:,} of {count:,} finished run"
    found.append({"period": dnb.words.interval_text(one.start, one.end), "status": one.status, "text": text})
print(json.dumps(found))
"""


@pytest.mark.parametrize("name", ["Status over time", "Success rate"])
def test_bars_name_their_period_and_a_click_shows_its_runs(notebook, chart, name):
    choose(notebook, name)
    sent = chart.settle()
    periods = json.loads(notebook.run(PERIODS))
    assert len(periods) == len(sent["marks"])
    for mark in random.Random(5).sample(range(len(periods)), min(N_POINTS, len(periods))):
        left, top, right, bottom = sent["marks"][mark]
        if name == "Status over time" and bottom - top < 1:
            continue  # A pointer cannot touch this bar, only the keyboard can.
        chart.move_to((left + right) / 2, (top + bottom) / 2)
        for part in ("period", "status", "text"):
            expect(chart.tip).to_contain_text(periods[mark][part])
    clicked = max(range(len(periods)), key=lambda mark: sent["marks"][mark][3] - sent["marks"][mark][1])
    notebook.page.mouse.click(*chart.point(*chart.center(clicked)))
    status = {"status"} if periods[clicked]["status"] else set()
    wait_for_filters(notebook, {"created_after", "created_before"} | status)
    chart.settle()
    count = int(notebook.run("explorer.wait(); print(len(explorer.frame))"))
    if status:
        assert periods[clicked]["text"] == f"Runs {count:,}"
    notebook.page.keyboard.press("Escape")
    wait_for_filters(notebook, set())


def test_arrow_keys_move_between_the_bars_of_a_period_and_the_periods(notebook, chart):
    choose(notebook, "Status over time")
    chart.settle()
    periods = json.loads(notebook.run(PERIODS))
    several = [one["period"] for one in periods]
    first = next(one for one in dict.fromkeys(several) if several.count(one) > 1)
    keyboard = notebook.page.keyboard
    chart.stage.focus()
    keyboard.press("ArrowRight")
    for _ in several:
        if first in chart.tip.inner_text():
            break
        keyboard.press("ArrowRight")
    expect(chart.tip).to_contain_text(first)
    shown = chart.tip.inner_text()
    keyboard.press("ArrowUp")
    expect(chart.tip).to_contain_text(first)
    if chart.tip.inner_text() == shown:
        keyboard.press("ArrowDown")
    expect(chart.tip).to_contain_text(first)
    expect(chart.tip).not_to_have_text(shown, use_inner_text=True)
    live = chart.stage.get_by_role("status")
    assert first in live.inner_text()
    bar = next(one for one in periods if one["period"] == first and one["status"] in live.inner_text())
    assert bar["text"] in live.inner_text()
    keyboard.press("Enter")
    assert wait_for_filters(notebook, {"created_after", "created_before", "status"})["status"] == [bar["status"]]
    chart.settle()
    keyboard.press("Escape")
    wait_for_filters(notebook, set())
    chart.settle()
    keyboard.press("Home")
    keyboard.press("ArrowRight")
    keyboard.press("Shift+ArrowRight")
    # The band covers two whole periods.
    left, _, right, _ = chart.sent["marks"][0]
    width = chart.stage.locator(".dnb-chart-band").bounding_box()["width"]
    assert width == pytest.approx(2 * (right - left) * chart.box["width"] / chart.sent["size"][0], abs=3)
    keyboard.press("Escape")


def test_names_and_legend_entries_are_buttons(notebook, chart):
    choose(notebook, "Durations")
    chart.settle()
    job = frame(notebook)["job_name"].value_counts().index[0]
    chart.stage.get_by_role("button", name=f"show only {job}", exact=True).click()
    assert wait_for_filters(notebook, {"job"})["job"] == [job]
    chart.settle()
    button = chart.stage.get_by_role("button", name="show only FAILURE", exact=True)
    button.focus()
    button.press("Enter")
    assert wait_for_filters(notebook, {"job", "status"})["status"] == ["FAILURE"]
    chart.settle()
    for names in ({"job"}, set()):
        notebook.page.keyboard.press("Escape")
        wait_for_filters(notebook, names)
        chart.settle()


def test_an_interactive_chart_is_accessible(notebook, chart):
    chart.stage.focus()
    found = Axe().run(notebook.page, ".dnb-charts").response["violations"]
    assert [one["id"] for one in found if one["impact"] in ("serious", "critical")] == []


def test_the_bars_of_a_monitor_show_their_steps_and_a_click_filters_by_step(notebook, gantt):
    for mark, step in enumerate(gantt.sent["ids"]):
        gantt.move_to(*gantt.center(mark))
        expect(gantt.tip).to_contain_text(step)
    gantt.move_to(*gantt.center(0))
    notebook.page.mouse.down()
    notebook.page.mouse.up()
    chosen = notebook.page.locator(".dnb-monitor select").nth(1)
    expect(chosen).to_have_value(gantt.sent["ids"][0])
    notebook.page.keyboard.press("Escape")
    expect(chosen).not_to_have_value(gantt.sent["ids"][0])


def test_the_bars_of_slow_steps_answer(notebook, chart):
    notebook.run("explorer.model.change_view(chart='Slow steps'); explorer.wait()")
    sent = chart.settle()
    assert len(sent["ids"]) > 3
    for mark, step in enumerate(sent["ids"]):
        chart.move_to(*chart.center(mark))
        expect(chart.tip).to_contain_text(step)
        expect(chart.tip).to_contain_text("Median")
    notebook.shot("chart_slow_steps")


def test_the_steps_of_an_open_run_answer(notebook, chart):
    failed = notebook.run("run_id = client.runs(status='FAILURE', limit=1)['run_id'][0]; print(run_id)")
    notebook.run("explorer.model.open_run(run_id); explorer.wait(); explorer._details.tabs.value = 'Steps'")
    steps = ChartPage(notebook, ".dnb-explorer .dnb-detail", "explorer._details._steps.layer")
    sent = steps.settle()
    assert sent["ids"]
    for mark, step in enumerate(sent["ids"]):
        steps.move_to(*steps.center(mark))
        expect(steps.tip).to_contain_text(step)
        expect(steps.tip).to_contain_text("Started")
        expect(steps.tip).to_contain_text("Duration")
    notebook.shot("chart_details")
    found = Axe().run(notebook.page, ".dnb-explorer .dnb-detail").response["violations"]
    assert [one["id"] for one in found if one["impact"] in ("serious", "critical")] == []
    steps.stage.focus()
    for key in ("ArrowRight", "Enter"):
        notebook.page.keyboard.press(key)
    details = notebook.page.locator(".dnb-explorer .dnb-detail").first
    log = details.get_by_role("button", name="Log", exact=True)
    expect(log).to_have_class(re.compile("mod-active"))
    # The picture has disappeared, so the focus is on the open tab.
    expect(log).to_be_focused()
    step = notebook.run("print(explorer._details.log._step.value)")
    assert step in sent["ids"]
    expect(details).to_contain_text("matching event")
    assert notebook.run("print(explorer.model.open_run_id)") == failed
    notebook.run("explorer._details.tabs.value = 'Steps'; explorer.model.open_run(None)")


def test_marks_can_be_hovered_over_in_both_themes_and_on_a_narrow_page(notebook, chart):
    for dark in (False, True):
        notebook.theme(dark=dark)
        chart.settle()
        chart.move_to(*chart.center(len(chart.sent["marks"]) // 2))
        expect(chart.tip).to_be_visible()
        notebook.shot(f"chart_{'dark' if dark else 'light'}")
        choose(notebook, "Status over time")
        sent = chart.settle()
        tallest = max(range(len(sent["marks"])), key=lambda mark: sent["marks"][mark][3] - sent["marks"][mark][1])
        chart.move_to(*chart.center(tallest))
        expect(chart.tip).to_be_visible()
        notebook.shot(f"chart_bars_{'dark' if dark else 'light'}")
        choose(notebook, "Trend")
    size = notebook.page.viewport_size
    notebook.page.set_viewport_size({"width": 800, "height": 1200})
    notebook.page.wait_for_timeout(2_000)
    choose(notebook, "Durations")
    chart.settle()
    chart.move_to(*chart.center(len(chart.sent["marks"]) // 2))
    expect(chart.tip).to_be_visible()
    notebook.shot("chart_800")
    choose(notebook, "Success rate")
    chart.settle()
    chart.move_to(*chart.center(len(chart.sent["marks"]) // 2))
    expect(chart.tip).to_be_visible()
    notebook.shot("chart_rates_800")
    notebook.page.set_viewport_size(size)
    notebook.theme(dark=False)
