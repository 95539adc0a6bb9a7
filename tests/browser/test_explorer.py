"""The explorer in Chromium and JupyterLab, with a real Dagster."""

from __future__ import annotations

import json
import re
import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pandas as pd
import pytest
from playwright.sync_api import expect

import dagster_nb as dnb
from dagster_nb import analysis
from dagster_nb.frames.stacks import traceback_text
from dagster_nb.panels.explorer.model import ROWS_PER_PAGE
from dagster_nb.sandbox.local_dagster import LocalDagster
from tests.browser.keys import CELLS, KEYS
from tests.browser.lab import Notebook
from tests.server.conftest import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


expect.set_options(timeout=60_000)
# Start code in the kernel, and do not wait until it has finished.
START = """
(code) => {
  jupyterapp.shell.currentWidget.sessionContext.session.kernel.requestExecute({ code, store_history: false });
}
"""
HOSTILE = '<img src=x onerror="window.pwned=1">$\\alpha$ &amp; <script>window.pwned=1</script> שלום \u202eevil\u202c 🎉'


class Explorer:
    """An explorer in a notebook, controlled through its visible elements."""

    def __init__(self, notebook: Notebook):
        self.notebook = notebook
        self.page = notebook.page
        self.box = notebook.page.locator(".jp-OutputArea-output .dnb-explorer")

    def button(self, name: str):
        return self.box.get_by_role("button", name=name, exact=True)

    def chip(self, status: str):
        return self.box.get_by_role("button", name=re.compile(rf" {status} [\d,]+$"))

    def row(self, run_id: str):
        return self.box.locator(f'tr[data-run="{run_id}"]')

    @property
    def table(self):
        return self.box.get_by_role("table", name="Runs", exact=True)

    @property
    def rows(self):
        """The rows of the current page."""
        return self.box.locator("tr[data-run]")

    def field(self, label: str):
        return self.box.locator("input").and_(self.box.get_by_label(label, exact=True))

    def fill(self, label: str, text: str) -> None:
        self.field(label).fill(text)
        self.field(label).press("Enter")

    @property
    def select_all(self):
        return self.box.get_by_role("checkbox", name=re.compile("^Select all"))

    def show_failures(self) -> None:
        """Filter by the status FAILURE, and wait until the table shows only failed runs."""
        self.chip("FAILURE").click()
        expect(self.rows.filter(has_not_text="FAILURE")).to_have_count(0)

    def shows_selected(self, run_ids: list[str]) -> None:
        """Check that exactly these rows of the current page are selected."""
        selected = self.box.locator("tr[aria-selected=true]")
        expect(selected).to_have_count(len(run_ids))
        assert [row.get_attribute("data-run") for row in selected.all()] == run_ids

    def ids(self) -> list[str]:
        return json.loads(self.notebook.run("import json; print(json.dumps(explorer.frame['run_id'].tolist()))"))

    def reset(self) -> None:
        self.notebook.run("explorer.set_filters(); explorer.model.go_to_page(0)")
        self.notebook.run("explorer.model.select([]); explorer.model.open_run(None)")
        expect(self.button("Clear all")).to_be_disabled()

    @contextmanager
    def busy_kernel(self, folder: Path) -> Iterator[None]:
        """Keep the kernel busy until the end of the block."""
        go_on = folder / "go_on"
        code = f"import pathlib, time\nwhile not pathlib.Path({str(go_on)!r}).exists(): time.sleep(0.01)"
        self.page.evaluate(START, code)
        yield
        go_on.touch()

    def shows(self, expected: pd.DataFrame) -> None:
        """Check that the table, the tiles and the chart show exactly these runs."""
        count = len(expected)
        if count > ROWS_PER_PAGE:
            words = f"showing runs 1 to {ROWS_PER_PAGE} of {count:,}"
        else:
            words = f"showing all {count:,} run{'' if count == 1 else 's'}"
        expect(self.box.get_by_text(words)).to_be_visible()
        assert self.ids() == expected["run_id"].tolist()
        expect(self.table).to_have_attribute("aria-rowcount", str(count + 1))
        expect(self.rows).to_have_count(min(count, ROWS_PER_PAGE))
        assert self.rows.first.get_attribute("data-run") == expected["run_id"].iloc[0]
        expect(self.box.locator(".dnb-tile-value").first).to_have_text(f"{count:,}")
        finished = expected["status"].isin(["SUCCESS", "FAILURE", "CANCELED"])
        rate = (expected["status"] == "SUCCESS").sum() / finished.sum()
        shown = float(self.box.locator(".dnb-tile-value").nth(1).inner_text().split()[0])
        assert shown == pytest.approx(100 * rate, abs=0.1)
        expect(self.box.locator(".dnb-picture img").first).to_have_attribute(
            "alt", re.compile(rf"^Chart of {count:,} run")
        )


@pytest.fixture(scope="module")
def explorer(lab, context, demo) -> Iterator[Explorer]:
    demo.wait_for_unfinished_runs()
    cells = [f"import dagster_nb as dnb\nexplorer = dnb.RunExplorer(dnb.connect({demo.url!r}))\nexplorer"]
    notebook = Notebook(lab, context, cells, name="explorer").open()
    yield Explorer(notebook)
    notebook.check()
    notebook.close()


@pytest.fixture
def clean(explorer: Explorer) -> Explorer:
    explorer.reset()
    return explorer


def test_the_explorer_opens_with_all_runs(explorer, demo):
    explorer.shows(demo.client.runs())
    expect(explorer.box.get_by_text("daemon running")).to_be_visible()
    expect(explorer.box.get_by_role("link", name=demo.url)).to_have_attribute("href", demo.url)
    explorer.notebook.check()


def test_filters_show_the_same_runs_as_pandas(clean, demo):
    runs = demo.client.runs()
    clean.chip("FAILURE").click()
    failed = runs[runs["status"] == "FAILURE"]
    clean.shows(failed)
    clean.fill("Job", "fetch_exchange_rates")
    failed = failed[failed["job_name"] == "fetch_exchange_rates"]
    clean.shows(failed)
    clean.button("30 d").click()
    begin = pd.Timestamp.now("UTC") - pd.Timedelta(days=30)
    clean.shows(failed[failed["creation_time"] > begin])
    before = runs[runs["creation_time"].between(begin - pd.Timedelta(days=30), begin)]
    before = before[(before["status"] == "FAILURE") & (before["job_name"] == "fetch_exchange_rates")]
    expect(clean.box.locator(".dnb-tile-change").first).to_have_attribute("title", f"previous period: {len(before)}")
    clean.box.get_by_role("button", name="job: fetch_exchange_rates").click()
    clean.chip("FAILURE").click()
    clean.fill("Tag", "team")
    clean.fill("=", "ml")
    recent = runs[runs["creation_time"] > begin]
    clean.shows(recent[[tags.get("team") == "ml" for tags in recent["tags"]]])
    clean.button("Clear all").click()
    clean.shows(runs)
    clean.fill("Duration at least", "30 min")
    clean.shows(runs[runs["duration"] >= pd.Timedelta(minutes=30)])
    clean.button("Clear all").click()
    clean.box.get_by_label("only unresolved failures").check()
    clean.shows(dnb.analysis.unresolved_failures(runs))
    clean.notebook.check()


def test_a_busy_kernel_does_not_overwrite_what_the_user_types(clean, tmp_path):
    clean.fill("Run id", "a1")
    expect(clean.button("Clear all")).to_be_enabled()
    field = clean.field("Run id")
    with clean.busy_kernel(tmp_path):
        clean.button("Clear all").click()
        field.fill("b2")
    expect(clean.button("Clear all")).to_be_disabled()
    expect(field).to_have_value("b2")
    field.press("Enter")
    expect(clean.button("Clear all")).to_be_enabled()
    expect(field).to_have_value("b2")
    assert clean.notebook.run("print(explorer.filters)") == "{'run_id_contains': 'b2'}"
    # When the user is not typing, the field shows the filter.
    clean.button("Clear all").click()
    expect(field).to_have_value("")
    clean.notebook.run("explorer.set_filters(run_id_contains='c3')")
    expect(field).to_have_value("c3")


def test_an_invalid_filter_is_reported(clean):
    clean.fill("Duration at least", "soon")
    expect(clean.box.get_by_text("'soon' is not a duration")).to_be_visible()
    clean.fill("Duration at least", "")


def test_the_table_can_be_sorted_and_used_with_the_keyboard(clean, demo):
    clean.button("Duration").click()
    slowest = demo.client.runs().sort_values("duration", ascending=False, kind="stable")["run_id"].iloc[0]
    expect(clean.rows.first).to_have_attribute("data-run", slowest)
    expect(clean.box.get_by_role("columnheader", name="Duration ▼")).to_have_attribute("aria-sort", "descending")
    clean.button("Duration ▼").click()
    clean.button("Duration ▲").click()
    expect(clean.rows.first).not_to_have_attribute("data-run", slowest)
    ids = clean.ids()
    clean.rows.first.focus()
    clean.page.keyboard.press("ArrowDown")
    clean.page.keyboard.press("Space")
    clean.page.keyboard.press("Shift+ArrowDown")
    expect(clean.box.get_by_text("2 runs selected")).to_be_visible()
    clean.shows_selected(ids[1:3])
    clean.page.keyboard.press("Home")
    expect(clean.rows.first).to_be_focused()
    expect(clean.select_all).to_have_js_property("indeterminate", True)


def test_selected_runs_stay_selected_after_a_refresh(clean, demo):
    ids = clean.ids()
    chosen = [ids[8], ids[11]]
    for run_id in chosen:
        clean.row(run_id).get_by_role("checkbox").check()
    expect(clean.box.get_by_text("2 runs selected")).to_be_visible()
    new = demo.client.launch("send_reports")
    clean.button("Refresh").click()
    expect(clean.rows.first).to_have_attribute("data-run", new.run_id)
    clean.shows_selected(chosen)
    assert json.loads(clean.notebook.run("print(json.dumps(explorer.selection))")) == chosen
    clean.button("Delete").click()
    question = clean.box.get_by_role("alertdialog")
    expect(question).to_contain_text("Delete 2 runs")
    assert re.findall(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", question.inner_text()) == chosen
    clean.button("Cancel").click()
    expect(question).to_be_hidden()
    assert set(chosen) <= set(demo.client.runs()["run_id"])
    new.wait(60)


def test_acting_on_many_runs_requires_typing_their_number(clean, tmp_path):
    # A busy kernel handles the clicks late, but in order.
    with clean.busy_kernel(tmp_path):
        clean.rows.first.get_by_role("checkbox").click()
        clean.rows.nth(10).get_by_role("checkbox").click(modifiers=["Shift"])
        clean.rows.nth(11).get_by_role("checkbox").click()
    expect(clean.box.get_by_text("12 runs selected")).to_be_visible()
    clean.button("Re-execute").click()
    agree = clean.button("Re-execute: 12 runs")
    expect(agree).to_be_disabled()
    clean.box.get_by_placeholder("12", exact=True).fill("12")
    expect(agree).to_be_enabled()
    clean.button("Cancel").click()


def test_the_explorer_terminates_a_hanging_run(clean, demo):
    hanging = next(run_id for run_id, status in demo.unfinished_runs.items() if status == "STARTED")
    expect(clean.row(hanging)).to_contain_text("STARTED")
    clean.row(hanging).get_by_text("STARTED").click()
    clean.button("Terminate").click()
    expect(clean.box.get_by_role("alertdialog")).to_contain_text(hanging)
    clean.button("Terminate: 1 run").click()
    expect(clean.row(hanging)).to_contain_text("CANCELED")
    outcomes = clean.box.locator(".dnb-box table")
    expect(outcomes).to_contain_text(hanging[:8])
    expect(outcomes).to_contain_text("CANCELED")
    assert demo.client.run(hanging).status == "CANCELED"
    clean.button("Dismiss").click()
    clean.notebook.check()


def test_a_failed_run_is_reexecuted(clean, demo):
    failed = demo.client.runs(status="FAILURE", job="fetch_exchange_rates", limit=1)["run_id"].iloc[0]
    clean.fill("Run id", failed[:13])
    clean.row(failed).get_by_text("FAILURE").click()
    detail = clean.box.locator(".dnb-detail")
    expect(detail).to_contain_text("Failed in step request_rates")
    expect(detail.get_by_role("img")).to_have_attribute("alt", re.compile("request_rates FAILURE"))
    detail.get_by_role("button", name="Config").click()
    detail.get_by_role("button", name="Log", exact=True).click()
    expect(detail.locator(".dnb-log")).to_contain_text("STEP_FAILURE")
    clean.button("Open in Launchpad").click()
    expect(clean.button("Close the launchpad")).to_be_visible()
    clean.button("Close the launchpad").click()
    clean.button("Re-execute from failure").click()
    clean.button("Re-execute from failure: 1 run").click()
    outcomes = clean.box.locator(".dnb-box table")
    expect(outcomes).to_contain_text("launched")
    expect(outcomes.locator("td").nth(3)).to_have_text("SUCCESS", timeout=60_000)
    again = demo.client.runs(job="fetch_exchange_rates", limit=1).iloc[0]
    assert again["parent_run_id"] == failed
    clean.button("Dismiss").click()
    clean.button("Clear all").click()
    expect(clean.rows.first).to_have_attribute("data-run", again["run_id"])
    clean.notebook.check()


def test_all_unresolved_failures_in_view_are_reexecuted_from_failure(clean, demo):
    def unresolved(**filters):
        return analysis.unresolved_failures(demo.client.runs(**filters))

    counts = unresolved(created_before="3h").value_counts("job_name")
    job = counts[counts.between(2, 9)].index[-1]
    failed = unresolved(job=job)["run_id"].tolist()
    count = len(failed)
    clean.notebook.run(f"explorer.set_filters(job={job!r})")
    clean.button("Failures").click()
    expect(clean.box.get_by_text(f"{count} failed runs in view are not resolved.")).to_be_visible()
    clean.button(f"Re-execute all {count} from failure…").click()
    question = clean.box.get_by_role("alertdialog")
    expect(question).to_contain_text(failed[0])
    assert unresolved(job=job)["run_id"].tolist() == failed, "nothing is launched without a confirmation"
    clean.button(f"Re-execute from failure: {count} runs").click()
    outcomes = clean.box.locator(".dnb-box table")
    expect(outcomes.get_by_text("launched", exact=True)).to_have_count(count)
    expect(outcomes.get_by_text("SUCCESS")).to_have_count(count, timeout=240_000)
    again = demo.client.runs(job=job, limit=count)
    assert sorted(again["parent_run_id"]) == sorted(failed)
    assert all(tags["dagster/is_resume_retry"] == "true" for tags in again["tags"])
    assert unresolved(job=job).empty
    clean.button("Dismiss").click()
    clean.reset()
    clean.button("Durations").click()
    clean.notebook.check()


def test_the_configs_and_tags_and_steps_of_two_selected_runs_are_compared(clean, demo):
    key, before, after = demo.truth.slower_tag
    runs = demo.client.runs(job=demo.truth.slower_job, status="SUCCESS", include="run_config")
    runs = runs[runs["parent_run_id"].isna()]
    older, newer = (runs[[tags.get(key) == value for tags in runs["tags"]]].iloc[0] for value in (before, after))
    clean.notebook.run(f"explorer.set_filters(run_ids={[older['run_id'], newer['run_id']]})")
    expect(clean.rows).to_have_count(2)
    clean.button("Compare two runs").click()
    for run in (older, newer):
        clean.row(run["run_id"]).get_by_role("checkbox").click()
    table = clean.box.locator("table.dnb-grid").filter(has_text=f"Run {older['run_id'][:8]}")
    expect(table.get_by_role("columnheader").nth(3)).to_have_text(f"Run {newer['run_id'][:8]}")
    rows = [row.locator("td").all_inner_texts() for row in table.locator("tr").all()[1:]]
    assert ["tags", key, before, after, ""] in rows
    expected = analysis.compare_runs(
        pd.DataFrame([older, newer]), demo.client.steps([older["run_id"], newer["run_id"]])
    ).query("differs and section in ('config', 'tags', 'steps')")
    assert set(expected["section"]) == {"config", "tags", "steps"}
    found = [(row[0], row[1]) for row in rows if row[0] in {"config", "tags", "steps"}]
    assert found == list(expected[["section", "key"]].itertuples(index=False, name=None))
    assert all(re.fullmatch(r"[\d.]+ times", row[4]) for row in rows if row[0] == "steps")
    clean.notebook.shot("comparison", table)
    clean.reset()
    clean.button("Durations").click()
    clean.notebook.check()


def test_the_displayed_code_returns_the_displayed_runs(clean):
    clean.chip("FAILURE").click()
    clean.fill("Job", "sync_crm")
    expect(clean.box.get_by_role("button", name="job: sync_crm")).to_be_visible()
    # The new chart is shorter, so wait until everything below it has moved up.
    clean.notebook.run("explorer.wait()")
    clean.button("Code").click()
    code = clean.box.get_by_label("Python", exact=True)
    expect(code).to_contain_text('client.runs(status="FAILURE", job="sync_crm")')
    clean.notebook.run(f"exec({code.inner_text()!r})")
    assert clean.notebook.run("print(runs['run_id'].tolist() == explorer.frame['run_id'].tolist())") == "True"
    expect(clean.box.get_by_label("GraphQL", exact=True)).to_contain_text('"pipelineName": "sync_crm"')
    clean.button("Copy Python").click()
    clean.button("Code").click()


def test_every_chart_draws(clean):
    for name in ("Trend", "Timeline", "Status over time", "Success rate", "Queue times", "Slow steps", "Durations"):
        clean.button(name).click()
        expect(clean.button(name)).to_have_class(re.compile("mod-active"))
        picture = clean.box.locator(".dnb-picture img").first
        expect(picture).to_be_visible()
        assert picture.evaluate("image => image.naturalWidth > 300")
    clean.notebook.check()


def test_shortcuts_with_ctrl_save_the_notebook_but_do_not_run_its_cells(clean):
    page = clean.page
    before = page.evaluate(CELLS)
    clean.button("Code").focus()
    page.keyboard.press("Control+Enter")
    assert page.evaluate(CELLS) == before
    page.keyboard.press("Control+s")
    page.wait_for_function("!jupyterapp.shell.currentWidget.context.model.dirty")


# Returns the text whose contrast with the background is too low, with the contrast ratios.
LOW_CONTRAST = """
() => {
  const numbers = (color) => {
    const [r, g, b, alpha = 1] = color.match(/[\\d.]+/g).map(Number);
    const scale = color.startsWith("color(") ? 255 : 1;
    return [r * scale, g * scale, b * scale, alpha];
  };
  const over = ([r, g, b, alpha], below) => [r, g, b].map((value, i) => value * alpha + below[i] * (1 - alpha));
  const luminance = (color) => {
    const linear = (value) => (value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
    const [r, g, b] = color.map((value) => linear(value / 255));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const background = (element) => {
    if (!element) return [255, 255, 255];
    const color = numbers(getComputedStyle(element).backgroundColor);
    return color[3] === 1 ? color.slice(0, 3) : over(color, background(element.parentElement));
  };
  const low = [];
  for (const element of document.querySelectorAll(".dnb-explorer *")) {
    const hasText = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
    if (!hasText || !element.offsetParent || element.disabled) continue;
    if (element.matches(".dnb-skip, option, [aria-hidden] *")) continue;
    const below = background(element);
    const [dark, light] = [luminance(below), luminance(over(numbers(getComputedStyle(element).color), below))].sort();
    const contrast = (light + 0.05) / (dark + 0.05);
    if (contrast < 4.5) low.push(`${element.className} ${element.textContent.slice(0, 40)}: ${contrast.toFixed(2)}`);
  }
  return low;
}
"""


def test_text_has_enough_contrast(clean):
    clean.show_failures()
    clean.rows.first.locator("td").nth(1).click()
    expect(clean.box.locator(".dnb-detail")).to_contain_text("Failed in step")
    for dark in (False, True):
        clean.notebook.theme(dark=dark)
        assert clean.page.evaluate(LOW_CONTRAST) == []
    clean.notebook.theme(dark=False)


def test_the_explorer_supports_screen_readers_and_the_keyboard(clean):
    page = clean.page
    clean.chip("FAILURE").click()
    expect(clean.box.get_by_role("button", name=re.compile(r" FAILURE [\d,]+$"), pressed=True)).to_have_count(1)
    clean.chip("FAILURE").click()
    expect(clean.box.get_by_role("button", name=re.compile(r" FAILURE [\d,]+$"), pressed=False)).to_have_count(1)
    expect(clean.box.get_by_role("button", name="Durations", pressed=True)).to_have_count(1)
    expect(clean.box.get_by_text(f"showing runs 1 to {ROWS_PER_PAGE} of")).to_be_visible()
    # Keyboard users can skip the filters.
    skip = clean.box.get_by_role("button", name="Skip to the runs")
    skip.focus()
    page.keyboard.press("Enter")
    expect(clean.rows.first).to_be_focused()
    # Escape first closes the dialog and then the details, and the focus stays in the panel.
    failed = clean.box.locator("tr[data-run]", has_text="FAILURE").first
    failed.locator("td").nth(1).click()
    detail, question = clean.box.locator(".dnb-detail"), clean.box.get_by_role("alertdialog")
    expect(detail).to_contain_text("Failed in step")
    clean.button("Delete").click()
    expect(question).to_be_visible()
    clean.button("Cancel").focus()
    page.keyboard.press("Escape")
    expect(question).to_be_hidden()
    detail.get_by_role("button", name="Config").focus()
    page.keyboard.press("Escape")
    expect(detail).to_be_hidden()
    # Escape also closes the code view and the column menu, whether the focus is on their button or below it.
    for name, inside in {"Code": "Copy Python", "Columns": "Repository"}.items():
        for focused in (name, inside):
            clean.button(name).click()
            expect(clean.button(inside)).to_be_visible()
            clean.button(focused).focus()
            page.keyboard.press("Escape")
            expect(clean.button(inside)).to_be_hidden()
    assert page.evaluate("document.activeElement.closest('.dnb') !== null")


def test_a_stack_trace_in_the_log_stays_open_when_the_log_changes(clean):
    clean.show_failures()
    clean.rows.first.locator("td").nth(1).click()
    detail = clean.box.locator(".dnb-detail")
    expect(detail).to_contain_text("Failed in step")
    detail.get_by_role("button", name="Log", exact=True).click()
    log = detail.get_by_role("log")
    trace = log.locator("details").first
    trace.locator("summary").first.click()
    expect(trace.locator("pre").first).to_be_visible()
    before = log.get_by_role("row").count()
    detail.get_by_label("Level").select_option("ERROR and above")
    expect(log.get_by_role("row")).not_to_have_count(before)
    expect(log.locator("details").first.locator("pre").first).to_be_visible()
    detail.get_by_label("Level").select_option("all levels")
    detail.get_by_role("button", name="Steps").click()


def test_a_run_opens_in_the_launchpad_with_its_partition_and_ops_and_tags(clean, demo):
    partition = demo.client.partitions(job="export_invoices")["partition_key"].iloc[-1]
    options = {"partition_key": partition, "op_selection": "collect_invoices", "tags": {"ticket": "<b>42</b>"}}
    run = demo.client.launch("export_invoices", **options).wait(120)
    clean.button("Refresh").click()
    clean.fill("Run id", run.run_id[:13])
    clean.row(run.run_id).locator("td").nth(1).click()
    expect(clean.box.locator(".dnb-detail")).to_contain_text(run.run_id)
    clean.button("Open in Launchpad").click()
    launchpad = clean.box.locator(".dnb-launchpad")
    launch = launchpad.get_by_role("button", name="Launch", exact=True)
    expect(launch).to_be_in_viewport()
    expect(launchpad.get_by_label("Partition")).to_have_value(partition)
    expect(launchpad.get_by_label("Ops to run")).to_have_value("collect_invoices")
    expect(launchpad.get_by_label("Tags")).to_have_value(re.compile("^ticket: .*<b>42</b>", re.MULTILINE))
    expect(launchpad.get_by_role("textbox", name="Run config, as YAML")).to_contain_text(f"day: '{partition}'")
    expect(launchpad.get_by_text("The config is valid.")).to_be_visible()
    launch.focus()
    clean.page.keyboard.press("Escape")
    expect(launchpad).to_have_count(0)


def test_a_keystroke_after_a_button_has_disappeared_is_harmless(clean):
    before = clean.page.evaluate(CELLS)
    clean.fill("Job", "sync_crm")
    remove = clean.box.get_by_role("button", name="job: sync_crm")
    remove.focus()
    clean.page.keyboard.press("Enter")
    expect(remove).to_have_count(0)
    for key in KEYS:
        clean.page.keyboard.press(key)
    assert clean.page.evaluate(CELLS) == before


def test_a_new_page_starts_at_the_top(clean):
    ids = clean.ids()
    scroll = clean.box.locator(".dnb-table .dnb-scroll")
    top = "box => box.scrollTop"
    scroll.evaluate("box => box.scrollTo(0, 900)")
    clean.button("Next ▶").click()
    expect(clean.row(ids[ROWS_PER_PAGE])).to_be_visible()
    assert scroll.evaluate(top) == 0
    clean.button("Last").click()
    expect(clean.row(ids[-1])).to_be_attached()
    expect(clean.button("Next ▶")).to_be_disabled()
    clean.button("First").click()
    expect(clean.row(ids[0])).to_be_visible()
    scroll.evaluate("box => box.scrollTo(0, 900)")
    clean.notebook.run("explorer.refresh(); explorer.wait()")
    expect(clean.row(ids[35])).to_be_in_viewport()
    assert scroll.evaluate(top) > 500
    clean.chip("FAILURE").click()
    expect(clean.rows.filter(has_not_text="FAILURE")).to_have_count(0)
    assert scroll.evaluate(top) == 0


def test_find_in_page_finds_all_runs_of_the_page(clean):
    ids = clean.ids()
    clean.button("Next ▶").click()
    expect(clean.row(ids[ROWS_PER_PAGE])).to_be_visible()
    last = ids[2 * ROWS_PER_PAGE - 1]
    row = clean.row(last)
    expect(row).not_to_be_in_viewport()
    # This searches the displayed text from the start, like the browser's own dialog.
    clean.page.evaluate("getSelection().removeAllRanges()")
    assert clean.page.evaluate("text => window.find(text)", last[:8])
    assert row.evaluate("row => row.contains(getSelection().anchorNode)")
    clean.page.evaluate("getSelection().removeAllRanges()")


def test_runs_on_other_pages_can_be_selected_and_found(clean, demo):
    ids = clean.ids()
    clean.select_all.click()
    expect(clean.box.get_by_text(f"{len(ids):,} runs selected")).to_be_visible()
    clean.select_all.click()
    expect(clean.box.get_by_text("runs selected")).to_be_hidden()
    begin, end = ROWS_PER_PAGE - 2, ROWS_PER_PAGE + 2
    clean.row(ids[begin]).get_by_role("checkbox").click()
    clean.button("Next ▶").click()
    clean.row(ids[end - 1]).get_by_role("checkbox").click(modifiers=["Shift"])
    expect(clean.box.get_by_text("4 runs selected")).to_be_visible()
    clean.shows_selected(ids[ROWS_PER_PAGE:end])
    assert json.loads(clean.notebook.run("import json; print(json.dumps(explorer.selection))")) == ids[begin:end]
    # A click in a chart, or on a related run, shows the run's row, even if the run is already open.
    for _ in range(2):
        clean.notebook.run(f"explorer._charts._actions.open_run({ids[1_080]!r})")
        expect(clean.row(ids[1_080])).to_be_in_viewport()
        clean.button("First").click()
        expect(clean.row(ids[0])).to_be_visible()


def test_the_keyboard_reaches_every_row(clean):
    ids, press, last = clean.ids(), clean.page.keyboard.press, ROWS_PER_PAGE - 1
    clean.rows.first.focus()
    press("End")
    expect(clean.row(ids[last])).to_be_focused()
    expect(clean.row(ids[last])).to_be_in_viewport()
    press("ArrowUp")
    expect(clean.row(ids[last - 1])).to_be_focused()
    press("Space")
    expect(clean.box.get_by_text("1 run selected")).to_be_visible()
    press("ArrowDown")
    # A key that repeats before the next page has arrived turns only one page.
    clean.page.evaluate(
        """() => {
          for (const _ of [1, 2]) {
            const down = new KeyboardEvent("keydown", { key: "ArrowDown", bubbles: true });
            document.activeElement.dispatchEvent(down);
          }
        }"""
    )
    expect(clean.row(ids[last + 1])).to_be_focused()
    expect(clean.row(ids[last + 1])).to_have_attribute("aria-rowindex", str(last + 3))
    press("ArrowUp")
    expect(clean.row(ids[last])).to_be_focused()
    press("Home")
    expect(clean.row(ids[0])).to_be_focused()
    expect(clean.row(ids[0])).to_be_in_viewport()
    press("PageDown")
    expect(clean.row(ids[0])).not_to_be_in_viewport()
    assert json.loads(clean.notebook.run("import json; print(json.dumps(explorer.selection))")) == [ids[last - 1]]


def test_only_sortable_columns_have_a_header_button(clean):
    expect(clean.box.get_by_role("columnheader", name="Tags", exact=True)).to_be_visible()
    expect(clean.button("Tags")).to_have_count(0)
    expect(clean.button("Job")).to_have_count(1)


def test_a_stack_trace_can_be_unfolded_and_copied(clean, demo):
    clean.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    unresolved = dnb.analysis.unresolved_failures(demo.client.runs())
    clean.box.get_by_role("button", name="not resolved").click()
    clean.shows(unresolved)
    clean.row(unresolved["run_id"].iloc[0]).locator("td").nth(1).click()
    box = clean.box.locator(".dnb-detail .dnb-box-error").first
    expect(box.locator(".dnb-stack > pre").first).to_be_visible()
    box.get_by_role("button", name="Copy the stack trace").click()
    expect(box.get_by_role("button", name="Copied")).to_be_visible()
    copied = clean.page.evaluate("navigator.clipboard.readText()")
    assert copied == traceback_text(demo.client.failures(unresolved["run_id"].iloc[0])["causes"][0])
    clean.notebook.shot("stack_trace")
    clean.notebook.check()


def test_a_click_on_a_value_sets_a_filter_and_related_runs_open_in_the_panel(clean, demo):
    runs = demo.client.runs()
    newest = runs[runs["tags"].map(lambda tags: "team" in tags)].iloc[0]
    row = clean.row(newest["run_id"])
    row.get_by_role("button", name=newest["job_name"]).click()
    clean.shows(runs[runs["job_name"] == newest["job_name"]])
    clean.reset()
    row.get_by_role("button", name=f"team: {newest['tags']['team']}").click()
    clean.shows(runs[[tags.get("team") == newest["tags"]["team"] for tags in runs["tags"]]])
    clean.box.get_by_title("Show the failed runs").click()
    expect(clean.box.get_by_role("button", name=re.compile(r" FAILURE [\d,]+$"), pressed=True)).to_have_count(1)
    clean.reset()
    expect(clean.box.locator(".dnb-detail")).to_be_hidden()

    # The Tab key moves the focus to the buttons of the row.
    clean.rows.first.focus()
    clean.page.keyboard.press("Tab")
    expect(clean.rows.first.get_by_role("button").first).to_be_focused()
    clean.page.keyboard.press("Enter")
    expect(clean.box.get_by_role("button", name=f"job: {runs['job_name'].iloc[0]}")).to_be_visible()
    clean.reset()

    child = runs[runs["parent_run_id"].notna()].iloc[0]
    clean.fill("Run id", child["run_id"][:13])
    clean.row(child["run_id"]).locator("td").nth(1).click()
    detail = clean.box.locator(".dnb-detail")
    expect(detail.locator(".dnb-chain [aria-current]")).to_contain_text(child["status"])
    detail.get_by_title(f"Open run {child['parent_run_id']}").click()
    expect(detail.get_by_role("heading")).to_contain_text(child["parent_run_id"])
    clean.notebook.shot("related_runs")
    detail.get_by_role("button", name=f"Back to run {child['run_id'][:8]}").click()
    expect(detail.get_by_role("heading")).to_contain_text(child["run_id"])
    clean.notebook.check()


def test_the_explorer_fits_on_a_narrow_page_and_follows_the_theme(clean):
    clean.notebook.run("explorer.set_filters(created_after='30d')")
    clean.button("Durations").click()
    failed = clean.box.locator("tr[data-run]", has_text="FAILURE").first
    failed.get_by_text("FAILURE").first.click()
    expect(clean.box.locator(".dnb-detail")).to_contain_text("Failed in step")
    clean.button("Steps").click()
    expect(clean.box.locator(".dnb-detail img")).to_be_visible()
    notebook, page = clean.notebook, clean.page
    page.set_viewport_size({"width": 1440, "height": 1560})
    page.wait_for_timeout(1000)
    notebook.to_the_top()
    notebook.shot("explorer_light")
    notebook.theme(dark=True)
    expect(clean.box).to_be_visible()
    wait_until(lambda: notebook.run("print(explorer.viewport.dark)") == "True")
    notebook.shot("explorer_dark")
    page.set_viewport_size({"width": 800, "height": 1800})
    wait_until(lambda: clean.box.evaluate("box => box.scrollWidth - box.clientWidth") <= 0)
    page.wait_for_timeout(1500)
    notebook.to_the_top()
    notebook.shot("explorer_800")
    overflow = clean.box.evaluate("box => box.scrollWidth - box.clientWidth")
    page.set_viewport_size({"width": 1440, "height": 1000})
    notebook.theme(dark=False)
    assert overflow <= 0


def test_the_explorer_recovers_when_its_server_restarts(notebook, tmp_path):
    (tmp_path / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    with LocalDagster(tmp_path, daemon=False) as server:
        port = server.port
        with dnb.connect(server.url) as client:
            # Without a daemon, these runs stay queued.
            launched = [client.launch("refresh_dashboards").run_id for _ in range(3)]
        opened = notebook(
            f"import dagster_nb as dnb\nexplorer = dnb.RunExplorer(dnb.connect({server.url!r}, timeout=10))\nexplorer"
        )
        there = Explorer(opened)
        expect(there.rows).to_have_count(3)
        expect(there.box.get_by_text("daemon not running: runs will stay queued")).to_be_visible()
    there.button("Refresh").click()
    error = there.box.get_by_role("alert").filter(has_text="Dagster does not answer")
    # The client retries for ten seconds before it reports the error, in case the server is restarting.
    expect(error).to_be_visible(timeout=60_000)
    expect(there.box.get_by_text("trying again for")).to_be_hidden()
    expect(there.rows).to_have_count(3)
    opened.shot("explorer_error")
    with socket.create_server(("127.0.0.1", port)) as somebody:
        somebody.settimeout(30)
        there.button("Retry").click()
        somebody.accept()[0].close()
    expect(error).to_be_visible()
    with LocalDagster(tmp_path, daemon=False, port=port):
        there.button("Retry").click()
        expect(error).to_be_hidden()
        assert there.ids() == launched[::-1]
        opened.check()
        opened.close()


def test_html_in_text_is_escaped_and_closing_removes_the_panel(notebook):
    opened = notebook(
        f"""
import threading
import ipywidgets as widgets
import dagster_nb as dnb
from tests.unit.panels.conftest import FakeSource, make_runs
frame = make_runs(30)
hostile = {HOSTILE!r} + "w" * 300
for name in ("job_name", "location", "partition_key", "launched_by"):
    frame.loc[0, name] = hostile
frame.at[0, "tags"] = {{hostile: hostile}}
before = len(widgets.widget._instances)
explorer = dnb.RunExplorer(FakeSource(frame))
explorer
"""
    )
    there = Explorer(opened)
    expect(there.rows.first).to_contain_text('<img src=x onerror="window.pwned=1">')
    there.rows.first.locator("td").nth(1).click()
    expect(there.box.locator(".dnb-detail")).to_contain_text("<script>window.pwned=1</script>")
    there.button("Delete").click()
    expect(there.box.get_by_role("alertdialog")).to_contain_text('<img src=x onerror="window.pwned=1">')
    there.button("Cancel").click()
    assert opened.page.evaluate("window.pwned === undefined")
    opened.shot("explorer_hostile")
    opened.run("explorer.close()")
    expect(there.box).to_have_count(0)
    left = opened.run(
        "print(len(widgets.widget._instances) - before, "
        "sum(thread.name.startswith('dagster_nb') for thread in threading.enumerate()), "
        "__import__('matplotlib._pylab_helpers')._pylab_helpers.Gcf.get_num_fig_managers())"
    )
    assert left == "0 0 0"
    opened.check()
