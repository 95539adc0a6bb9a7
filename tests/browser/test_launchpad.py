"""The launchpad in a browser: edit a config, fix its problems, launch a run and wait until it succeeds."""

import re

import pytest
from playwright.sync_api import expect

# JupyterLab, Chromium and Dagster may have to share two cores.
expect.set_options(timeout=60_000)

CONNECT = """
import dagster_nb as dnb
client = dnb.connect({url!r}, progress=False)
"""
CLOSE = """
import threading
pad.close()
print([thread.name for thread in threading.enumerate() if thread.name.startswith("dagster_nb ")])
"""
SHOW = "pad = dnb.Launchpad(client)\npad"


@pytest.fixture
def launchpad(notebook, demo):
    return notebook(CONNECT.format(url=demo.url), SHOW)


def count(book):
    return int(book.run("print(client.count_runs(job='train_forecast'))"))


def choose(book, job):
    """Search for a job and choose it with the keyboard."""
    panel = book.output.locator(".dnb-launchpad")
    panel.get_by_role("textbox", name="Search jobs").fill(job)
    jobs = panel.get_by_role("listbox", name="Job")
    expect(jobs.get_by_role("option")).to_have_count(2)
    jobs.select_option(label="\N{NO-BREAK SPACE}" * 3 + job)
    expect(panel.get_by_role("heading", name=job)).to_be_visible()
    return panel


def shoot(book, name, panel):
    book.shot(f"{name}_light", panel)
    book.page.set_viewport_size({"width": 800, "height": 1000})
    book.page.wait_for_timeout(600)
    book.shot(f"{name}_800", panel)
    book.page.set_viewport_size({"width": 1440, "height": 1000})
    book.theme(dark=True)
    book.shot(f"{name}_dark", panel)
    book.theme(dark=False)


def keys_are_colored_and_explained(book, panel):
    line = panel.locator(".cm-line").filter(has_text="target:")
    key = line.get_by_text("target", exact=True)
    colors = [part.evaluate("part => getComputedStyle(part).color") for part in (key, line)]
    assert colors[0] != colors[1]
    key.hover()
    expect(panel.locator(".dnb-hover")).to_contain_text(
        "ops.train_model.config.target: (String | {env: String}), required"
    )
    book.shot("launchpad_hover", panel)


def test_the_launchpad_launches_an_edited_config_and_follows_the_run(launchpad):
    book = launchpad
    before = count(book)
    panel = choose(book, "train_forecast")
    editor = panel.get_by_role("textbox", name="Run config, as YAML")
    launch = panel.get_by_role("button", name="Launch", exact=True)
    # The default config lacks a required field, so the panel shows the field's path.
    alert = panel.get_by_role("alert")
    expect(alert).to_contain_text("line 9 · ops.train_model.config:")
    expect(alert).to_contain_text('"target"')
    expect(launch).to_be_disabled()

    # Enter keeps the indentation, and the editor completes fields from the job's schema.
    editor.press("ControlOrMeta+End")
    editor.press("ArrowUp")
    editor.press("End")
    editor.press("Enter")
    editor.press_sequentially("targ")
    option = panel.get_by_role("option", name="target")
    expect(option).to_contain_text("required")
    book.shot("launchpad_completion", panel)
    option.click()
    editor.press_sequentially("12")
    expect(alert).to_contain_text("ops.train_model.config.target:")
    expect(panel.locator(".cm-lintRange-error")).to_have_text("target")
    expect(launch).to_be_disabled()
    editor.press("ControlOrMeta+Enter")
    shoot(book, "launchpad_invalid", panel)
    assert count(book) == before, "an invalid config must not be launched"

    editor.press("Backspace")
    editor.press("Backspace")
    editor.press_sequentially("<b>sales</b>")
    expect(panel.get_by_text("The config is valid.")).to_be_visible()
    expect(alert).to_have_count(0)
    keys_are_colored_and_explained(book, panel)
    panel.get_by_role("textbox", name="Tags").fill("why: <img src=x onerror=alert(1)>")
    expect(panel.get_by_text("The config is valid.")).to_be_visible()
    book.set_time_zone("Asia/Tokyo")
    editor.press("ControlOrMeta+Enter")

    monitor = panel.locator(".dnb-monitor")
    expect(monitor.get_by_role("heading")).to_contain_text("SUCCESS", timeout=60_000)
    expect(monitor.get_by_text("Succeeded: 3 steps in")).to_be_visible()
    expect(monitor.get_by_text(re.compile("^created .* Asia/Tokyo"))).to_be_visible()
    expect(monitor.locator(".dnb-log")).to_contain_text("train gradient_boosting on <b>sales</b>")
    expect(monitor.get_by_role("img", name="Chart of 3 steps")).to_be_visible()
    shoot(book, "launchpad_monitor", panel)
    assert count(book) == before + 1
    launched = book.run(
        "print(pad.run.refresh().status, pad.run.run_config['ops']['train_model'], pad.run.tags['why'])"
    )
    assert all(part in launched for part in ("SUCCESS", "<b>sales</b>", "<img src=x onerror=alert(1)>")), launched

    panel.get_by_role("button", name="Launch another").click()
    expect(editor).to_contain_text("target: <b>sales</b>")
    expect(launch).to_be_enabled()
    book.check()
    assert book.run(CLOSE) == "[]"


def test_the_launchpad_lists_every_job_and_requires_a_partition(launchpad):
    book = launchpad
    panel = book.output.locator(".dnb-launchpad")
    jobs = panel.get_by_role("listbox", name="Job")
    count = int(book.run("print(len(client.jobs()) + 1)"))
    expect(jobs.get_by_role("option")).to_have_count(count)
    assert jobs.evaluate("list => list.scrollHeight <= list.clientHeight"), (
        "the list must show every job without scrolling"
    )

    jobs.select_option(label="\N{NO-BREAK SPACE}" * 3 + "export_invoices")
    launch = panel.get_by_role("button", name="Launch", exact=True)
    expect(panel.get_by_text("Choose a partition to load its config")).to_be_visible()
    expect(panel.get_by_role("alert")).to_have_count(0)
    expect(launch).to_be_disabled()
    book.shot("launchpad_partition", panel)

    partition = panel.get_by_label("Partition")
    partition.fill("1999-01-01")
    partition.press("Enter")
    expect(panel.get_by_role("alert")).to_contain_text("The job has no partition '1999-01-01'")
    expect(panel.get_by_role("alert")).to_have_count(1)
    expect(panel.get_by_role("button", name="Retry")).to_be_hidden()
    expect(launch).to_be_disabled()
    partition.fill(book.run("print(pad.model.scaffold.partitions[-1])"))
    partition.press("Enter")
    expect(panel.get_by_text("The config is valid.")).to_be_visible()
    expect(launch).to_be_enabled()
    book.check()
    assert book.run(CLOSE) == "[]"
    a_text_area_replaces_the_editor_if_the_page_blocks_its_script(book)


# Make the import of the editor's script fail. No other script is as large.
BLOCK_EDITOR = """
() => {
  const create = URL.createObjectURL;
  window.blocked = 0;
  URL.createObjectURL = (blob) => {
    if (blob.size < 200_000) return create(blob);
    window.blocked += 1;
    return "blob:blocked";
  };
}
"""


def a_text_area_replaces_the_editor_if_the_page_blocks_its_script(book):
    book.page.evaluate(BLOCK_EDITOR)
    book.command("notebook:run-all-cells")
    panel = book.output.locator(".dnb-launchpad")
    jobs = panel.get_by_role("listbox", name="Job")
    jobs.select_option(label="\N{NO-BREAK SPACE}" * 3 + "train_forecast")
    area = panel.get_by_role("textbox", name="Run config, as YAML")
    expect(area).to_have_value(re.compile("train_model"))
    assert area.evaluate("area => area.tagName") == "TEXTAREA"
    assert book.page.evaluate("blocked") > 0
    area.fill("ops: {train_model: {config: {target: sales}}}")
    expect(panel.get_by_text("The config is valid.")).to_be_visible()
    assert book.run("print(pad.model.config)") == "ops: {train_model: {config: {target: sales}}}"
    book.shot("launchpad_without_script", panel)
    assert book.run(CLOSE) == "[]"


def test_the_launchpad_can_share_a_tab_with_a_monitor(notebook, demo):
    book = notebook(
        CONNECT.format(url=demo.url),
        """
import ipywidgets as widgets
newest = client.runs(job="train_forecast", limit=1)
pad = dnb.Launchpad(client, "train_forecast")
monitor = dnb.RunMonitor(client.run(newest["run_id"].iloc[0]))
widgets.Tab([pad, monitor], titles=["Launch", "Newest run"])
""",
    )
    field = book.output.locator(".dnb-launchpad .dnb-field").first
    expect(field).to_be_visible()
    # Labels stay above their fields although the styles of the monitor are on the same page.
    assert field.evaluate("field => getComputedStyle(field).flexDirection") == "column"
    book.output.get_by_role("tab", name="Newest run").click()
    log = book.output.locator(".dnb-monitor .dnb-log")
    expect(log).to_contain_text("RUN_START")
    assert log.evaluate("log => getComputedStyle(log).maxHeight") == "340px"
    expect(book.output.locator(".dnb-monitor").get_by_role("img", name="Chart of")).to_be_visible()
    book.check()
    assert book.run("monitor.close()" + CLOSE) == "[]"
