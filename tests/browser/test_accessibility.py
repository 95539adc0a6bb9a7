"""The panels work with a keyboard, a screen reader and the dark theme."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.browser.keys import REFUSE_CHANGES, press_keys
from tests.browser.lab import Notebook
from tests.browser.scenes import ExplorerScenes, other_scenes

expect.set_options(timeout=60_000)

SETUP = """
import dagster_nb as dnb
client = dnb.connect({url!r}, progress=False)
failed = client.run(client.runs(status="FAILURE", limit=1)["run_id"].iloc[0])
"""
PANELS = {
    "explorer": "explorer = dnb.RunExplorer(client)\nexplorer",
    "launchpad": "pad = dnb.Launchpad(client, 'train_forecast')\npad",
    "monitor": "monitor = dnb.RunMonitor(failed)\nmonitor",
    "schema": "browser = dnb.SchemaBrowser(client)\nbrowser",
}
OPEN = """
explorer.set_filters(status="FAILURE")
explorer.wait(); pad.wait(); monitor.wait(); browser.wait()
explorer.model.select([failed.run_id])
explorer.model.open_run(failed.run_id)
browser.search("what returns a Run?")
"""


@pytest.fixture(scope="module")
def panels(lab, context, demo):
    """Open all panels in one notebook, with details, a config problem, a log and a query visible."""
    book = Notebook(lab, context, [SETUP.format(url=demo.url), *PANELS.values()], name="accessibility").open()
    page = book.page
    # Axe measures the contrast of visible text only, so enlarge the window, and give the page's body a height.
    page.set_viewport_size({"width": 1440, "height": 5000})
    page.add_style_tag(content="body { height: 100vh; }")
    book.run(OPEN)
    detail = page.locator(".dnb-explorer .dnb-detail")
    expect(detail).to_contain_text("Failed in step")
    expect(page.locator(".dnb-launchpad").get_by_role("alert")).to_contain_text("target")
    expect(page.locator(".dnb-monitor").get_by_role("log")).to_contain_text("RUN_FAILURE")
    schema = page.locator(".dnb-schema")
    schema.get_by_role("option").filter(has_text="Query.runOrError").click()
    expect(schema.get_by_role("textbox", name="Query")).to_contain_text("runOrError(runId: $runId)")
    yield book
    book.check()
    book.close()


def violations(page, within=".dnb", *, texts=200):
    """Return the serious and critical violations that Axe finds, and the ARIA rules that it could not check."""
    # The default options would report only one node for each rule that passes.
    found = Axe().run(page, within, {}).response
    checked = {rule["id"]: len(rule["nodes"]) for rule in found["passes"]}
    assert checked["color-contrast"] > texts, "Axe should measure the contrast of many texts"
    doubts = [rule for rule in found["incomplete"] if rule["id"].startswith("aria-")]
    return [
        f"{rule['id']}: {node['target']} {node['html'][:200]}"
        for rule in found["violations"] + doubts
        if rule["impact"] in {"serious", "critical"}
        for node in rule["nodes"]
    ]


def test_axe_finds_no_serious_violations(panels):
    page = panels.page
    explorer = page.locator(".dnb-explorer")
    explorer.get_by_role("button", name="Code", exact=True).click()
    expect(explorer.get_by_text("runs = client.runs(").first).to_be_visible()
    explorer.get_by_role("button", name="Delete", exact=True).click()
    expect(explorer.get_by_role("alertdialog")).to_be_visible()
    assert violations(page) == []
    panels.shot("accessibility_light")
    panels.theme(dark=True)
    assert violations(page) == []
    panels.shot("accessibility_dark")
    panels.theme(dark=False)
    explorer.get_by_role("button", name="Cancel", exact=True).click()


@pytest.fixture(scope="module")
def harmless(panels):
    """Refuse all requests that would change something, so that the test can press Enter on every button."""
    panels.run(REFUSE_CHANGES)
    panels.run("two = client.runs(status='FAILURE', limit=2)['run_id'].tolist(); failed = client.run(two[0])")
    panels.run(
        "partitioned, simple = (next(one for one, _ in pad.model.jobs if one.job == job)"
        " for job in ('export_invoices', 'sync_crm'))"
    )
    return panels


@pytest.mark.extended
def test_axe_finds_no_serious_violation_in_any_part_of_the_explorer(harmless):
    found = []
    for number, scenes in enumerate(ExplorerScenes(harmless).visible_together()):
        # Change the theme only once for these scenes.
        for dark in (number % 2 == 1, number % 2 == 0):
            harmless.theme(dark=dark)
            for scene in scenes:
                scene()
            found += [
                f"scenes {number}, dark={dark}: {one}" for one in violations(harmless.page, ".dnb-explorer", texts=30)
            ]
        harmless.shot(f"accessibility_{number}")
    harmless.theme(dark=False)
    assert found == []


def test_keystrokes_in_the_explorer_do_not_reach_the_notebook(harmless):
    pressed = press_keys(harmless.page, ".dnb-explorer", *ExplorerScenes(harmless).all())
    tags = {one.split()[1] for one in pressed}
    assert tags == {"A", "BUTTON", "DIV", "INPUT", "PRE", "SELECT", "SPAN", "SUMMARY", "TEXTAREA", "TR", "UL"}
    parts = [
        "Show the column Repository",
        "Copy GraphQL",
        "Asks for confirmation before anything is launched",
        "Delete: 0 runs",
        "Copy run id",
        "Level",
        "Launch",
        "Run config, as YAML",
        "Show the next page",
        "Filter by sync_crm",
    ]
    assert [part for part in parts if not any(one.endswith(part) for one in pressed)] == []
    # Pressing Enter has also confirmed the dialogs.
    harmless.run("assert refused")


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("launchpad", ["Job", "Ops to run", "Tags", "Partition", "Run config, as YAML", "Launch"]),
        ("monitor", ["Re-execute now", "Copy the stack trace", "Level", "Find", "dnb-log"]),
        ("schema", ["Search", "Matches", "Query", "Copy as a cell"]),
    ],
)
def test_keystrokes_do_not_reach_the_notebook(harmless, name, parts):
    # An earlier test may have opened a launchpad in the explorer.
    panel = f".dnb-{name}:not(.dnb-explorer *)"
    pressed = press_keys(harmless.page, panel, *other_scenes(harmless, name))
    assert [part for part in parts if not any(one.strip().endswith(part) for one in pressed)] == []
