"""Measure the explorer in JupyterLab and Chromium: first rows, long tasks, hover and drag."""

from __future__ import annotations

import json
import random
import statistics
import tempfile
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from playwright.sync_api import expect, sync_playwright

from tests.benchmarks.table import Row
from tests.browser.chart_page import ChartPage
from tests.browser.chromium import FLAGS, chromium
from tests.browser.lab import Lab, Notebook

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from playwright.sync_api import Locator

WHERE = "explorer in JupyterLab"
CONNECT = "import json\nimport numpy as np\nimport dagster_nb as dnb\nclient = dnb.connect({url!r}, progress=False)"
OPEN = "explorer = dnb.RunExplorer(client, tz='UTC')\nexplorer"
CHARTS = ("Durations", "Timeline", "Trend")
FILTERS = [
    {"status": "FAILURE"}, {"job": "ingest_orders"}, {}, {"created_after": "30d"}, {"min_duration": "2 min"},
    {"only_unresolved": True}, {"status": "SUCCESS"}, {"job": ["ingest_orders", "send_reports"]}, {},
]  # fmt: skip
# The trace categories that contain the page's tasks
TRACED = ["toplevel", "disabled-by-default-devtools.timeline"]
N_POINTS = 50
TIMEOUT = 600_000  # milliseconds

# Run the second cell, and return the milliseconds from its start until the explorer has rows.
RUN_CELL = """
(code) => new Promise((resolve) => {
  const notebook = jupyterapp.shell.currentWidget.content;
  notebook.widgets[1].model.sharedModel.setSource(code);
  notebook.activeCellIndex = 1;
  const began = performance.now();
  const observer = new MutationObserver(() => {
    if (!document.querySelector(".dnb-explorer tr[data-run]")) return;
    observer.disconnect();
    requestAnimationFrame(() => resolve(performance.now() - began));
  });
  observer.observe(document.body, { childList: true, subtree: true });
  jupyterapp.commands.execute("notebook:run-cell");
})
"""

# Record the long tasks of the page, in milliseconds. The browser reports tasks that take 50 milliseconds or more.
RECORD_TASKS = """
() => {
  window.longTasks = [];
  const record = (list) => longTasks.push(...list.getEntries().map((task) => task.duration));
  new PerformanceObserver(record).observe({ type: "longtask" });
}
"""
# Return the longest task since the last call. The observer reports a task only after the task has ended.
LONGEST_TASK = """
() => new Promise((resolve) => setTimeout(() => resolve(Math.max(0, ...longTasks.splice(0))), 300))
"""

# Record the milliseconds from an event until an element changes for the first time, as `delays[key]`.
RECORD_DELAY = """
([key, event, selector, changes]) => {
  window.delays = window.delays || {};
  let began = null;
  window.addEventListener(event, ({ timeStamp }) => { began = timeStamp; }, true);
  new MutationObserver(() => {
    if (began === null) return;
    const from = began;
    began = null;
    requestAnimationFrame(() => { delays[key] = performance.now() - from; });
  }).observe(document.querySelector(selector), changes);
}
"""


def of_explorer(url: str, runs: int, *, rounds: int) -> Iterator[Row]:
    """Open an explorer of a server with this many runs, use it, and yield one row per chart and kind of use."""
    with _notebook(CONNECT.format(url=url)) as notebook:
        page = notebook.page
        page.evaluate(RECORD_TASKS)
        first = page.evaluate(RUN_CELL, OPEN) / 1000
        notebook.run("explorer.wait()")
        longest = page.evaluate(LONGEST_TASK)
        yield Row(runs, WHERE, "first rows", first, note=f"longest task until all runs were read: {longest:.0f} ms")
        chart = ChartPage(notebook, ".dnb-explorer .dnb-charts", "explorer._charts._layer")
        chart.settle()
        table, stage = ".dnb-explorer .dnb-runs tbody:last-child", ".dnb-charts .dnb-chart-stage"
        page.evaluate(RECORD_DELAY, ["table", "pointerup", table, {"childList": True}])
        page.evaluate(RECORD_DELAY, ["chart", "pointerup", stage, {"attributeFilter": ["data-number"]}])
        page.evaluate(RECORD_DELAY, ["zoom", "pointerup", f"{stage} .dnb-chart-zoom", {"attributeFilter": ["style"]}])
        page.evaluate(RECORD_DELAY, ["tip", "pointermove", f"{stage} .dnb-chart-tip", {"childList": True}])
        for name in CHARTS:
            notebook.run(f"explorer.model.change_view(chart={name!r})")
            chart.settle()
            changes = [partial(notebook.run, f"explorer.set_filters(**{filters!r})") for filters in FILTERS]
            yield Row(runs, WHERE, f"set a filter in Python, {name}", note=_longest_tasks(notebook, changes, rounds))
            changes = _changes_in_page(page.locator(".dnb-explorer"))
            yield Row(runs, WHERE, f"click or type a filter, {name}", note=_longest_tasks(notebook, changes, rounds))
            chart.settle()
            if chart.sent["marks"]:
                yield Row(runs, WHERE, f"hover, {name}", note=_hover(chart))
            for what, seconds in _drags(chart, rounds).items():
                note = f"{max(seconds):.2f} s at most"
                yield Row(runs, WHERE, f"drag, {name}: {what}", statistics.median(seconds), note=note)


@contextmanager
def _notebook(setup: str) -> Iterator[Notebook]:
    lab = Lab(Path(tempfile.mkdtemp(prefix="dagster_nb_lab_")))
    try:
        with sync_playwright() as playwright:
            path = chromium(playwright.chromium.executable_path)
            browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
            context = browser.new_context(viewport={"width": 1440, "height": 1000})
            context.set_default_timeout(TIMEOUT)
            expect.set_options(timeout=TIMEOUT)
            with Notebook(lab, context, [setup, "None"], name="explorer") as notebook:
                yield notebook
            browser.close()
    finally:
        lab.close()


def _longest_tasks(notebook: Notebook, changes: Sequence[Callable[[], object]], rounds: int) -> str:
    """Change the filters and describe the page's longest tasks."""
    page, browser = notebook.page, notebook.context.browser
    page.evaluate(LONGEST_TASK)
    longest = []
    browser.start_tracing(page=page, categories=TRACED)
    for change in [*changes] * rounds:
        change()
        # The message with the change arrives before this request, because the kernel handles messages in order.
        notebook.run("explorer.wait()")
        longest.append(page.evaluate(LONGEST_TASK))
    cpu = _most_cpu_of_a_task(json.loads(browser.stop_tracing()))
    above = sum(task > 100 for task in longest)
    return f"longest task {max(longest):.0f} ms ({cpu:.0f} ms CPU); above 100 ms in {above} of {len(longest)} changes"


def _most_cpu_of_a_task(trace: dict[str, list[dict[str, Any]]]) -> float:
    """Return the highest CPU time of a task in milliseconds. CPU time does not depend on other processes."""
    events = trace["traceEvents"]
    main = {
        (one["pid"], one["tid"])
        for one in events
        if one["name"] == "thread_name" and one["args"]["name"] == "CrRendererMain"
    }
    tasks = [one["tdur"] for one in events if "tdur" in one and (one["pid"], one["tid"]) in main]
    return max(tasks) / 1000


def _changes_in_page(explorer: Locator) -> list[Callable[[], None]]:
    """Return functions that set and clear filters with the mouse and the keyboard.

    They find elements by CSS selectors. Playwright would search for roles and labels in the page's main thread, which
    takes longer than the explorer's own tasks.
    """

    def click(selector: str) -> Callable[[], None]:
        return explorer.locator(selector).first.click

    def write(label: str, text: str) -> Callable[[], None]:
        field = explorer.locator(f".dnb-text-field:has(span:text-is('{label}')) input")

        def change() -> None:
            field.press_sequentially(text)
            field.press("Enter")

        return change

    clear = click(".jupyter-button:text-is('Clear all')")
    return [
        click(".dnb-chip:has-text(' FAILURE ')"),
        write("Job", "ingest_orders"),
        clear,
        click(".widget-toggle-button:text-is('30 d')"),
        write("Run id", "a1"),
        clear,
        write("Duration at least", "2 min"),
        click(".dnb-chip:has-text(' SUCCESS ')"),
        clear,
        explorer.locator(".widget-checkbox input").check,
        clear,
        click("[title='Show the failed runs']"),
        clear,
    ]


def _hover(chart: ChartPage) -> str:
    """Move the pointer to random marks, and say how long the tooltip took to appear."""
    marks = random.Random(4).sample(range(len(chart.sent["marks"])), min(N_POINTS, len(chart.sent["marks"])))
    delays = []
    for mark in marks:
        chart.page.mouse.move(2, 2)
        delays.append(_delays(chart, ["tip"], lambda mark=mark: chart.move_to(*chart.center(mark)))["tip"])
    return f"median {statistics.median(delays):.0f} ms, at most {max(delays):.0f} ms"


def _drags(chart: ChartPage, rounds: int) -> dict[str, list[float]]:
    """Choose a range of the x axis and undo it. Return the seconds until the picture, table and chart have changed.

    The browser first enlarges the old picture ("zoom"), and then shows the new one ("chart").
    """
    seconds: dict[str, list[float]] = {"zoom": [], "table": [], "chart": []}
    for number in range(rounds):
        delays = _delays(chart, list(seconds), lambda number=number: chart.drag(0.3 + number / 100, 0.6))
        for what, values in seconds.items():
            values.append(delays[what] / 1000)
        chart.settle()
        chart.page.keyboard.press("Escape")
        chart.notebook.run("explorer.wait()")
        chart.settle()
    return seconds


def _delays(chart: ChartPage, keys: list[str], act: Callable[[], None]) -> dict[str, float]:
    """Do something in the page, and return how many milliseconds it took."""
    chart.page.evaluate("keys => keys.forEach((key) => { delays[key] = null; })", keys)
    act()
    chart.page.wait_for_function("keys => keys.every((key) => delays[key] !== null)", arg=keys)
    return dict(chart.page.evaluate("delays"))
