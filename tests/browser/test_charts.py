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

from dagster_nb.words import duration_text
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
# A run with many steps. The demo's runs have only a few steps.
MANY_STEPS = """
from tests.unit.panels.monitor.fake_client import END, FakeRun, events
run = FakeRun()
starts = np.random.default_rng(5).uniform(0, 3000, 60).tolist()
run.client.step_records = [
    {"stepKey": f"step_{number}", "status": "FAILURE" if number % 7 == 0 else "SUCCESS", "startTime": start,
     "endTime": start + 10 * (number + 1), "attempts": [{"startTime": start}]}
    for number, start in enumerate(starts)
]
run.client.become("SUCCESS")
for page in (*(events(1, start=number, stepKey=f"step_{number}") for number in range(60)), END):
    run.client.pages.put(page)
many = dnb.RunMonitor(run, tz="UTC").wait(60)
many.add_class("many-steps")
many
"""
N_POINTS = 50
MARKED = ["Durations", "Trend", "Timeline"]


@pytest.fixture(scope="module")
def notebook(lab, context, demo) -> Iterator[Notebook]:
    book = Notebook(lab, context, [CELL.format(url=demo.url), MONITOR, MANY_STEPS], name="charts").open()
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
    found = ChartPage(notebook, ".dnb-monitor:not(.many-steps)", "monitor._steps._layer")
    found.settle()
    return found


@pytest.fixture
def many_steps(notebook) -> ChartPage:
    # After the page has changed, the panel reports its width a moment later, and is then drawn again.
    width = notebook.page.locator(".many-steps .dnb-viewport").first.evaluate("(one) => one.clientWidth")
    is_drawn = (
        f"abs(many.viewport.width - {width}) < 8 and "
        "many._steps._layer.chart['size'][0] == many.viewport.picture_width(1400, margin=0)"
    )
    for _ in range(300):
        if notebook.run(f"print({is_drawn})") == "True":
            break
        notebook.page.wait_for_timeout(100)
    else:
        raise AssertionError("the chart of many steps does not have the width of the page")
    found = ChartPage(notebook, ".many-steps", "many._steps._layer")
    found.settle()
    return found


def choose(notebook: Notebook, chart: str, **filters: object) -> None:
    notebook.run(f"explorer.set_filters(**{filters!r}); explorer.wait(); explorer.model.change_view(chart={chart!r})")


def frame(notebook: Notebook) -> pd.DataFrame:
    """Return the explorer's frame of runs from the kernel."""
    rows = json.loads(
        notebook.run(
            "explorer.wait(); columns = ['run_id', 'job_name', 'status', 'start_time', 'duration'];"
            "epoch = pd.Timestamp(0, tz='UTC');"
            "shown = explorer.frame[columns].assign("
            "start_time=explorer.frame['start_time'].dt.strftime('%Y-%m-%d %H:%M:%S'),"
            "started=(explorer.frame['start_time'] - epoch) / pd.Timedelta('1D'),"
            "ended=(explorer.frame['end_time'] - epoch) / pd.Timedelta('1D'),"
            "seconds=explorer.frame['duration'].dt.total_seconds(),"
            "duration=[dnb.words.duration_text(one) for one in explorer.frame['duration']]);"
            "print(shown.astype(object).where(shown.notna(), None).to_json(orient='records', double_precision=15))"
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


def choose_with_marks(notebook: Notebook, chart: ChartPage, name: str) -> pd.DataFrame:
    """Choose a chart that has a mark for each run, and return the frame of its runs."""
    # A timeline of many runs has no marks.
    busiest = frame(notebook)["job_name"].value_counts().index[0]
    choose(notebook, name, **({"job": [busiest]} if name == "Timeline" else {}))
    assert len(chart.settle()["marks"]) >= N_POINTS
    return frame(notebook)


def seeded_marks(chart: ChartPage) -> list[int]:
    return random.Random(4).sample(range(len(chart.sent["marks"])), N_POINTS)


@pytest.mark.parametrize("name", ["Durations", "Trend", "Timeline", "Queue times"])
def test_hovering_over_a_mark_shows_its_run(notebook, chart, name):
    runs = choose_with_marks(notebook, chart, name)
    for mark in seeded_marks(chart):
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


@pytest.mark.parametrize("name", MARKED)
def test_a_click_on_a_mark_opens_its_run(notebook, chart, name):
    choose_with_marks(notebook, chart, name)
    positions = [chart.center(mark) for mark in seeded_marks(chart)]
    with chart.recorded("mark") as opened:
        for position in positions:
            notebook.page.mouse.click(*chart.point(*position))
        clicked = opened(N_POINTS)
    for [run_id], position in zip(clicked, positions, strict=True):
        assert run_id in chart.ids_at(*position)


@pytest.mark.parametrize("name", MARKED)
def test_arrow_keys_visit_all_runs_in_order_and_enter_opens_them(notebook, chart, name):
    runs = choose_with_marks(notebook, chart, name)
    per_lane = 10 if name == "Durations" else N_POINTS
    keyboard, words = notebook.page.keyboard, []
    chart.stage.focus()
    # The keyboard cursor can still be on the run of an earlier test. Move it to the first run of the first lane.
    for key in ["ArrowRight", *["ArrowUp"] * len(runs["job_name"].unique()), "Home"]:
        keyboard.press(key)
    with chart.recorded("mark") as opened:
        for number in range(1, N_POINTS + 1):
            keyboard.press("Enter")
            words.append(chart.stage.get_by_role("status").inner_text())
            for key in ["ArrowDown", "Home"] if number % per_lane == 0 else ["ArrowRight"]:
                keyboard.press(key)
        visited = [run_id for [run_id] in opened(N_POINTS)]
    assert len(set(visited)) == N_POINTS
    for run_id, said in zip(visited, words, strict=True):
        assert f"Run {run_id[:8]}" in said
        assert runs.loc[run_id, "job_name"] in said
    drawn = runs.loc[chart.sent["ids"]].dropna(subset="seconds")
    middles = {"Trend": drawn["started"], "Timeline": drawn[["started", "ended"]].mean(axis=1)}
    positions = middles.get(name, drawn["seconds"]).astype(float).map(chart.x_of)
    for first in range(0, N_POINTS, per_lane):
        lane = positions if name == "Trend" else positions[drawn["job_name"] == runs.loc[visited[first], "job_name"]]
        reached = lane.reindex(visited[first : first + per_lane]).dropna()
        # The positions in the browser are less precise.
        assert (reached.diff().dropna() > -0.01).all()
        assert set(lane[lane < reached.max() - 0.01].index) <= set(reached.index)


@pytest.mark.parametrize("name", MARKED)
def test_a_drag_chooses_the_runs_between_two_marks(notebook, chart, name):
    runs = choose_with_marks(notebook, chart, name)
    values = runs.loc[chart.sent["ids"], "seconds" if name == "Durations" else "started"].dropna().astype(float)
    positions = values.map(chart.x_of)
    marks = random.Random(6)
    dragged = []
    with chart.recorded("range") as ranges:
        while len(dragged) < N_POINTS:
            ends = [positions[marks.choice(positions.index)] for _ in range(2)]
            if abs(ends[0] - ends[1]) < 10:
                continue  # A shorter drag would be a click.
            chart.drag_between(*ends)
            expect(chart.stage.locator(".dnb-chart-zoom")).to_be_hidden()
            dragged.append(sorted(ends))
        chosen = ranges(N_POINTS)
    for (first, last), (left, right) in zip(chosen, dragged, strict=True):
        found = set(values[(values >= first) & (values <= last)].index)
        # The pointer may be up to one pixel away from the mark.
        assert set(positions[(positions > left + 1) & (positions < right - 1)].index) <= found
        assert found <= set(positions[(positions > left - 1) & (positions < right + 1)].index)


@pytest.mark.parametrize("name", ["Durations", "Timeline"])
def test_a_lane_shows_its_job_and_a_click_filters_by_the_job(notebook, chart, name):
    choose(notebook, name)
    sent = chart.settle()
    runs = frame(notebook)
    medians = runs["seconds"].astype(float).groupby(runs["job_name"]).median()
    jobs = list(medians.sort_values(ascending=False).index) if name == "Durations" else sorted(medians.index)
    left, top, right, bottom = sent["plot"]
    points, positions = random.Random(7), []
    while len(positions) < N_POINTS:
        x, y = points.uniform(left + 2, right - 2), points.uniform(top + 2, bottom - 2)
        height = (bottom - top) / len(jobs)
        if (y - top) % height > 2 and all(chart.distance(mark, x, y) > 10 for mark in range(len(sent["marks"]))):
            positions.append((x, y, jobs[int((y - top) / height)]))
    with chart.recorded("group") as groups:
        for x, y, job in positions:
            chart.move_to(x, y)
            expect(chart.tip).to_contain_text(job)
            notebook.page.mouse.click(*chart.point(x, y))
        assert groups(N_POINTS) == [[job] for _, _, job in positions]


def test_a_line_shows_its_job_and_a_click_filters_by_the_job(notebook, chart):
    sent = chart.sent
    points = list(sent["points"])
    random.Random(8).shuffle(points)
    positions = []
    while len(positions) < N_POINTS:
        x, y, line = points.pop()
        # All marks and all other lines are far enough away from this point.
        if all(chart.distance(mark, x, y) > 5 for mark in range(len(sent["marks"]))) and all(
            other == line or abs(x - near) + abs(y - high) > 12 for near, high, other in points
        ):
            positions.append((x, y, sent["lines"][int(line)]))
    assert len({job for *_, job in positions}) > 2
    with chart.recorded("group") as groups:
        for x, y, job in positions:
            chart.move_to(x, y)
            expect(chart.tip).to_contain_text(job)
            notebook.page.mouse.click(*chart.point(x, y))
        assert groups(N_POINTS) == [[job] for *_, job in positions]


def test_the_bars_of_a_run_with_many_steps_respond_to_the_pointer_and_the_keyboard(notebook, many_steps):
    sent = many_steps.sent
    steps = pd.DataFrame(json.loads(notebook.run("print(json.dumps(run.client.step_records))"))).set_index("stepKey")
    keyboard = notebook.page.keyboard
    marks = random.Random(9).sample(range(len(sent["ids"])), N_POINTS)
    with many_steps.recorded("mark") as chosen:
        for mark in marks:
            many_steps.move_to(*many_steps.center(mark))
            step = steps.loc[sent["ids"][mark]]
            shown = many_steps.tip.inner_text().splitlines()
            assert shown[0].split()[:2] == [step.name, step["status"]]
            assert f"Started {pd.Timestamp(step['startTime'], unit='s'):%Y-%m-%d %H:%M:%S}" in shown
            assert f"Duration {duration_text(step['endTime'] - step['startTime'])}" in shown
            notebook.page.mouse.click(*many_steps.point(*many_steps.center(mark)))
        assert chosen(N_POINTS) == [[sent["ids"][mark]] for mark in marks]
    # From top to bottom, the steps are sorted by their start times.
    in_order = list(steps.sort_values("startTime").index[:N_POINTS])
    notebook.page.mouse.move(2, 2)
    keyboard.press("Escape")
    with many_steps.recorded("mark") as chosen:
        for _ in sent["ids"]:
            keyboard.press("ArrowUp")
        for step in in_order:
            expect(many_steps.stage.get_by_role("status")).to_contain_text(step)
            keyboard.press("Enter")
            keyboard.press("ArrowDown")
        assert chosen(N_POINTS) == [[step] for step in in_order]


def shown_seconds(notebook: Notebook) -> list[float]:
    """Return the ends of the part of the time axis that the chart of many steps shows."""
    return json.loads(notebook.run("print(json.dumps(many._steps._layer._pixels.x_limits))"))


def wait_for_seconds(notebook: Notebook, chart: ChartPage, wanted: Any) -> None:
    """Wait until the chart of many steps shows this part of the time axis. Messages from the page can arrive late."""
    for _ in range(300):
        if shown_seconds(notebook) == wanted:
            break
        notebook.page.wait_for_timeout(100)
    assert shown_seconds(notebook) == wanted
    chart.settle()


def test_a_drag_and_the_keyboard_enlarge_a_part_of_the_steps_and_escape_takes_it_back(notebook, many_steps):
    steps = pd.DataFrame(json.loads(notebook.run("print(json.dumps(run.client.step_records))"))).set_index("stepKey")
    starts, ends = (steps[name] - steps["startTime"].min() for name in ("startTime", "endTime"))
    whole, pixel = shown_seconds(notebook), 1.0 / (many_steps.x_of(1.0) - many_steps.x_of(0.0))
    points, dragged = random.Random(12), []
    with many_steps.recorded("range") as ranges:
        while len(dragged) < N_POINTS:
            edges = starts[points.choice(starts.index)], ends[points.choice(ends.index)]
            if abs(edges[0] - edges[1]) < 10 * pixel:
                continue  # A shorter drag would be a click.
            many_steps.drag_between(*map(many_steps.x_of, edges))
            expect(many_steps.stage.locator(".dnb-chart-zoom")).to_be_hidden()
            dragged.append(sorted(edges))
        chosen = ranges(N_POINTS)
    for got, wanted in zip(chosen, dragged, strict=True):
        assert got == pytest.approx(wanted, abs=2 * pixel)

    keyboard = notebook.page.keyboard
    width = whole[1] - whole[0]
    for ends_of_drag, part in (((0.3, 0.4), (0.3, 0.4)), ((0.2, 0.9), (0.32, 0.39))):
        many_steps.drag(*ends_of_drag)
        expected = [whole[0] + width * share for share in part]
        wait_for_seconds(notebook, many_steps, pytest.approx(expected, abs=2 * pixel))
    shown = many_steps.sent["ids"]
    first, last = shown_seconds(notebook)
    assert set(shown) == set(steps.index[(ends >= first) & (starts <= last)])
    assert 0 < len(shown) < len(steps)
    for mark in (0, len(shown) - 1):
        many_steps.move_to(*many_steps.center(mark))
        expect(many_steps.tip).to_contain_text(shown[mark])
    notebook.shot("chart_steps_enlarged")
    for _ in range(2):
        keyboard.press("Escape")
    wait_for_seconds(notebook, many_steps, whole)
    assert len(many_steps.sent["ids"]) == len(steps)

    in_order = list(steps.sort_values("startTime").index)
    many_steps.stage.focus()
    for key in [*["ArrowLeft"] * len(steps), "ArrowRight", *["Shift+ArrowRight"] * 3]:
        keyboard.press(key)
    expect(many_steps.stage.get_by_role("status")).to_contain_text(in_order[4])
    expect(many_steps.stage.locator(".dnb-chart-band")).to_be_visible()
    keyboard.press("Enter")
    both = [in_order[1], in_order[4]]
    wait_for_seconds(notebook, many_steps, pytest.approx([starts[both].min(), ends[both].max()], abs=pixel))
    keyboard.press("Escape")
    wait_for_seconds(notebook, many_steps, whole)


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


# End a drag, and compare the colors of the zoomed picture with those of the image, before the kernel can respond.
ZOOM = """
([x, y, first, last, samples]) => {
  const box = document.querySelector(".dnb-charts .dnb-chart");
  const image = box.querySelector("img");
  box.dispatchEvent(new PointerEvent("pointerup", { clientX: x, clientY: y, button: 0, bubbles: true }));
  const zoom = box.querySelector(".dnb-chart-zoom");
  const scale = image.naturalWidth / Number(image.getAttribute("width"));
  const copy = Object.assign(document.createElement("canvas"), { width: zoom.width, height: zoom.height });
  copy.getContext("2d").drawImage(image, 0, 0);
  const color = (canvas, at, height) =>
    canvas.getContext("2d").getImageData(Math.floor(at * scale), Math.floor(height * scale), 1, 1).data.join();
  return {
    shown: [getComputedStyle(zoom).display, getComputedStyle(image).visibility],
    colors: samples.map(([share, left, width, height]) => [
      color(zoom, left + share * width, height), color(copy, first + share * (last - first), height),
    ]),
  };
}
"""


def test_a_drag_shows_the_range_at_once(notebook, chart):
    left, top, right, bottom = chart.sent["plot"]
    ends = [left + (right - left) * share for share in (0.4, 0.7)]
    y = (top + bottom) / 2
    chart.move_to(ends[0], y)
    notebook.page.mouse.down()
    chart.move_to(ends[1], y)
    points = random.Random(10)
    samples = [[points.random(), left, right - left, points.uniform(top, bottom)] for _ in range(400)]
    seen = notebook.page.evaluate(ZOOM, [*chart.point(ends[1], y), *ends, samples])
    notebook.page.mouse.up()
    assert seen["shown"] == ["block", "hidden"]
    # The browser mixes the colors of neighboring pixels.
    assert sum(one == other for one, other in seen["colors"]) > 300
    assert len({other for _, other in seen["colors"]}) > 5
    wait_for_filters(notebook, {"created_after", "created_before"})
    chart.settle()
    expect(chart.stage.locator(".dnb-chart-zoom")).to_be_hidden()
    expect(notebook.page.locator(".dnb-charts img")).to_be_visible()
    notebook.page.keyboard.press("Escape")
    wait_for_filters(notebook, set())


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


def test_the_page_keys_move_by_a_tenth_of_the_axis(notebook, chart):
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
def test_bars_show_their_period_and_a_click_shows_the_runs_of_the_period(notebook, chart, name):
    choose(notebook, name)
    sent = chart.settle()
    periods = json.loads(notebook.run(PERIODS))
    assert len(periods) == len(sent["marks"])
    for mark in random.Random(5).sample(range(len(periods)), min(N_POINTS, len(periods))):
        left, top, right, bottom = sent["marks"][mark]
        if name == "Status over time" and bottom - top < 1:
            continue  # This bar can be reached only with the keyboard, not with the pointer.
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


def test_axe_finds_no_violations_in_an_interactive_chart(notebook, chart):
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


def test_the_bars_of_slow_steps_respond_to_the_pointer_and_the_keyboard(notebook, chart):
    notebook.run("explorer.model.change_view(chart='Slow steps'); explorer.wait()")
    sent = chart.settle()
    assert len(sent["ids"]) > 3
    for mark, step in enumerate(sent["ids"]):
        chart.move_to(*chart.center(mark))
        expect(chart.tip).to_contain_text(step)
        expect(chart.tip).to_contain_text("Median")
    notebook.shot("chart_slow_steps")


def test_the_steps_of_an_open_run_respond_to_the_pointer_and_the_keyboard(notebook, chart):
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
    # The picture has disappeared, so the focus has moved to the open tab.
    expect(log).to_be_focused()
    step = notebook.run("print(explorer._details.log._step.value)")
    assert step in sent["ids"]
    expect(details).to_contain_text("matching event")
    assert notebook.run("print(explorer.model.open_run_id)") == failed
    notebook.run("explorer._details.tabs.value = 'Steps'; explorer.model.open_run(None)")


def names_the_right_runs(chart: ChartPage) -> None:
    """Hover over some marks of a chart of runs, and check the tooltip, which must be inside the page."""
    for mark in seeded_marks(chart)[:10]:
        position = chart.center(mark)
        chart.move_to(*position)
        shown = chart.tip.inner_text()
        assert any(f"Run {one[:8]}" in shown for one in chart.ids_at(*position)), shown
        tip, page = chart.tip.bounding_box(), chart.page.viewport_size
        assert tip["x"] >= 0
        assert tip["x"] + tip["width"] <= page["width"]
        # The ring surrounds the mark.
        ring = chart.stage.locator(".dnb-chart-ring").bounding_box()
        x, y = chart.point(*position)
        assert abs(ring["x"] + ring["width"] / 2 - x) < 3
        assert abs(ring["y"] + ring["height"] / 2 - y) < 3


def test_charts_respond_in_both_themes_and_on_a_narrow_page(notebook, chart):
    size = notebook.page.viewport_size
    for width, dark in ((1440, True), (800, True), (800, False)):
        notebook.page.set_viewport_size({"width": width, "height": 1200})
        notebook.theme(dark=dark)
        notebook.run("explorer.wait()")
        look = f"{width}_{'dark' if dark else 'light'}"
        for name in ("Trend", "Durations") if look == "800_dark" else ("Trend",):
            choose(notebook, name)
            chart.settle()
            names_the_right_runs(chart)
            notebook.shot(f"chart_{name.lower()}_{look}")
        choose(notebook, "Success rate")
        chart.settle()
        periods = json.loads(notebook.run(PERIODS))
        for mark in random.Random(11).sample(range(len(periods)), 5):
            chart.move_to(*chart.center(mark))
            expect(chart.tip).to_contain_text(periods[mark]["period"])
        notebook.shot(f"chart_rates_{look}")
        choose(notebook, "Trend")
        chart.settle()
        with chart.recorded("mark") as opened:
            position = chart.center(3)
            notebook.page.mouse.click(*chart.point(*position))
            assert opened(1)[0][0] in chart.ids_at(*position)
        chart.drag(0.4, 0.8)
        wait_for_filters(notebook, {"created_after", "created_before"})
        chart.settle()
        notebook.page.keyboard.press("Escape")
        wait_for_filters(notebook, set())
    notebook.page.set_viewport_size(size)
    notebook.theme(dark=False)
