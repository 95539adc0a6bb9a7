"""The explorer's table in a browser: columns, row menus and the download."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.browser.lab import Notebook

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Locator

expect.set_options(timeout=60_000)

CELL = """
import dagster_nb as dnb
explorer = dnb.RunExplorer(dnb.connect({url!r}), status="FAILURE", sort="job_name", chart="No chart").wait()
explorer
"""


@pytest.fixture(scope="module")
def notebook(lab, context, demo) -> Iterator[Notebook]:
    book = Notebook(lab, context, [CELL.format(url=demo.url)], name="table").open()
    expect(rows_of(book).first).to_contain_text("FAILURE")
    yield book
    book.check()
    book.close()


@pytest.fixture
def table(notebook) -> Locator:
    """Reset the table to its default columns and return it."""
    notebook.run("explorer._table.table.widths = {}; explorer.model.select([]); explorer._action_bar.confirm.cancel()")
    found = notebook.page.locator(".dnb-explorer .dnb-table")
    expect(found.locator("tr[data-run]").first).to_contain_text("FAILURE")
    return found


def rows_of(notebook: Notebook) -> Locator:
    return notebook.page.locator(".dnb-explorer tr[data-run]")


def width(table: Locator, column: str) -> float:
    return table.locator(f'th[data-column="{column}"]').bounding_box()["width"]


def cell_count(notebook: Notebook) -> int:
    return notebook.page.evaluate("jupyterapp.shell.currentWidget.content.widgets.length")


def test_a_column_can_be_resized_with_mouse_and_keyboard(notebook, table):
    edge = table.get_by_role("separator", name="Width of Job")
    edge.scroll_into_view_if_needed()
    box, before = edge.bounding_box(), width(table, "job_name")
    mouse = notebook.page.mouse
    mouse.move(box["x"] + 4, box["y"] + 8)
    mouse.down()
    mouse.move(box["x"] + 64, box["y"] + 8, steps=4)
    mouse.up()
    assert width(table, "job_name") == pytest.approx(before + 60, abs=3)
    edge.focus()
    edge.press("ArrowRight")
    assert width(table, "job_name") == pytest.approx(before + 76, abs=3)
    expect(edge).to_have_attribute("aria-valuenow", str(round(width(table, "job_name"))))
    notebook.run("explorer.model.sort_by('duration')")
    expect(table.locator('th[data-column="duration"]')).to_have_attribute("aria-sort", "ascending")
    assert width(table, "job_name") == pytest.approx(before + 76, abs=3), "the width must survive a redraw"
    assert width(table, "job_name") == pytest.approx(
        table.locator("tr[data-run] td:nth-child(3)").first.bounding_box()["width"]
    )
    edge = table.get_by_role("separator", name="Width of Job")
    edge.focus()
    for _ in range(20):
        edge.press("ArrowLeft")
    assert width(table, "job_name") == pytest.approx(40, abs=1)
    edge.press("Home")
    expect(edge).to_have_attribute("aria-valuetext", "default width")
    # The header is narrower now, because another column shows the sort arrow.
    assert width(table, "job_name") == pytest.approx(before, abs=20)


def test_the_tab_key_reaches_one_column_edge_and_the_arrow_keys_reach_the_others(table):
    edge = table.get_by_role("separator", name="Width of Job")
    edge.focus()
    edge.press("ArrowDown")
    expect(table.locator(".dnb-resize:focus")).to_have_count(1)
    expect(edge).not_to_be_focused()
    expect(table.locator('.dnb-resize[tabindex="0"]:focus')).to_have_count(1)
    expect(table.locator('.dnb-resize[tabindex="0"]')).to_have_count(1)
    table.locator(".dnb-resize:focus").press("ArrowUp")
    expect(edge).to_be_focused()


def test_columns_can_be_chosen_in_a_menu(notebook, table):
    page = notebook.page
    page.locator(".dnb-explorer").get_by_role("button", name="Columns", exact=True).click()
    chips = page.locator(".dnb-explorer .dnb-column-menu")
    chips.get_by_role("button", name="tag: team", exact=True).click()
    expect(table.get_by_role("columnheader", name="team")).to_be_visible()
    chips.get_by_role("button", name="Partition", exact=True).click()
    expect(table.get_by_role("columnheader", name="Partition")).to_have_count(0)
    expect(chips.get_by_role("button", name="tag: team", exact=True)).to_have_attribute("aria-pressed", "true")
    value = table.locator("tr[data-run] td[data-column='tags.team'] button").first
    team = value.inner_text()
    value.click()
    expect(page.locator(".dnb-explorer").get_by_role("button", name=f"team: {team}").first).to_be_visible()
    assert f'tags={{"team": "{team}"}}' in notebook.run("print(explorer.code)")
    assert "tags.team" in notebook.run("print(explorer.code)")
    notebook.run("explorer.set_filters(status='FAILURE')")
    chips.get_by_role("button", name="Default columns", exact=True).click()
    expect(table.get_by_role("columnheader", name="Partition")).to_be_visible()
    page.locator(".dnb-explorer").get_by_role("button", name="Columns", exact=True).click()


def test_the_menu_of_a_row_opens_with_mouse_and_keyboard(notebook, table):
    page, before = notebook.page, cell_count(notebook)
    row = table.locator("tr[data-run]").nth(1)
    run_id = row.get_attribute("data-run")
    row.locator("[data-column=status]").click(button="right")
    menu = page.get_by_role("menu", name=f"Actions for run {run_id[:8]}")
    expect(menu.get_by_role("menuitem", name="Re-execute from failure…")).not_to_have_attribute("aria-disabled", "true")
    expect(menu.get_by_role("menuitem", name="Terminate… (this run has finished)")).to_be_disabled()
    found = Axe().run(page, ".dnb-menu").response["violations"]
    assert [one["id"] for one in found if one["impact"] in ("serious", "critical")] == []
    for key in "abcdxmyz":
        page.keyboard.press(key)
    page.keyboard.press("Escape")
    expect(menu).to_be_hidden()
    expect(row).to_be_focused()
    assert cell_count(notebook) == before, "keystrokes must not reach the notebook"
    page.keyboard.press("Shift+F10")
    expect(menu).to_be_visible()
    page.keyboard.press("ArrowDown")
    expect(menu.get_by_role("menuitem", name="Select", exact=True)).to_be_focused()
    page.keyboard.press("Enter")
    expect(row).to_have_attribute("aria-selected", "true")
    row.press("ContextMenu")
    menu.get_by_role("menuitem", name="Re-execute…", exact=True).click()
    dialog = page.get_by_role("alertdialog", name="Confirm")
    expect(dialog).to_contain_text(run_id)
    page.locator(".dnb-explorer").get_by_role("button", name="Cancel", exact=True).first.click()
    row.click(button="right")
    job = row.locator("[data-column=job_name]").inner_text()
    menu.get_by_role("menuitem", name=f"Show only runs of {job}").click()
    expect(page.locator(".dnb-explorer").get_by_role("button", name=f"job: {job} ✕")).to_be_visible()
    notebook.run("explorer.set_filters(status='FAILURE')")


def test_the_download_contains_the_displayed_rows_and_columns(notebook, table, tmp_path):
    with notebook.page.expect_download() as started:
        notebook.page.locator(".dnb-explorer").get_by_role("button", name="Download CSV").click()
    assert started.value.suggested_filename == "runs.csv"
    started.value.save_as(tmp_path / "runs.csv")
    saved = pd.read_csv(tmp_path / "runs.csv")
    ids = notebook.run("print(*explorer.table['run_id'])").split()
    assert saved["run_id"].tolist() == ids
    assert list(saved)[:2] == ["status", "job_name"]


@pytest.mark.parametrize("dark", [False, True])
def test_the_table_is_readable_in_both_themes_and_on_a_narrow_page(notebook, table, dark):
    page = notebook.page
    notebook.theme(dark=dark)
    page.set_viewport_size({"width": 1440 if dark else 1100, "height": 1000})
    page.locator(".dnb-explorer").get_by_role("button", name="Columns", exact=True).click()
    row = table.locator("tr[data-run]").first
    row.click(button="right")
    menu = page.get_by_role("menu")
    expect(menu.get_by_role("menuitem", name="Delete…")).to_be_visible()
    box, size = menu.bounding_box(), page.viewport_size
    assert box["x"] >= 0
    assert box["y"] >= 0
    assert box["y"] + box["height"] <= size["height"]
    notebook.shot(f"table_{'dark' if dark else 'light'}")
    page.keyboard.press("Escape")
    page.locator(".dnb-explorer").get_by_role("button", name="Columns", exact=True).click()
    page.set_viewport_size({"width": 1440, "height": 1000})
    notebook.theme(dark=False)


def test_times_are_shown_in_the_time_zone_of_the_browser(lab, browser, demo):
    with browser.new_context(viewport={"width": 1440, "height": 1000}, timezone_id="Asia/Tokyo") as context:
        book = Notebook(lab, context, [CELL.format(url=demo.url)], name="table_zone").open()
        box = book.page.locator(".dnb-explorer")
        expect(box.get_by_text("times in Asia/Tokyo")).to_be_visible()
        started = box.locator("tr[data-run] td[data-column=start_time] > span").first
        utc = pd.Timestamp(started.get_attribute("title").removesuffix(" UTC"), tz="UTC")
        shown = started.locator(".dnb-exact").inner_text()
        assert shown == f"{utc.tz_convert('Asia/Tokyo'):%Y-%m-%d %H:%M:%S}"
        book.check()
        book.close()
