"""GraphQL cells and the schema browser in JupyterLab."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.suite_token import HEADER

expect.set_options(timeout=60_000)

CELL = "%%dagster\n{\n  runsOrError {\n    ... on Runs {\n      results {\n        stepSt"


def the_keyboard_reaches_a_mistake(panel, query):
    query.press_sequentially("x")
    expect(panel.locator(".cm-lintRange-error")).to_have_text("versionx")
    query.press("F8")
    expect(panel.locator(".cm-tooltip-lint")).to_contain_text("versionx")
    query.press_sequentially("version")
    expect(panel.locator(".cm-lintRange-error")).to_have_count(0)


def test_a_cell_has_completion_and_the_schema_browser_writes_a_query(notebook, demo):
    book = notebook(
        f"%load_ext dagster_nb\n%dagster {demo.url}",
        f"import dagster_nb as dnb\nclient = dnb.connect({demo.url!r})\nbrowser = dnb.SchemaBrowser(client)\nbrowser",
        "# This cell is replaced.",
    )
    # The suite searches the page and the notebook for the token that all of the kernel's connections send.
    assert book.run("print(list(client._async_client._session._transport.headers))") == f"['{HEADER}']"
    panel = book.output.locator(".dnb-schema")
    search = panel.get_by_role("textbox", name="Search")
    expect(panel.get_by_role("option")).to_have_count(7)
    search.fill("what returns a Run?")
    entries = panel.get_by_role("listbox", name="Matches")
    expect(entries.get_by_role("option").first).to_contain_text("Query.runOrError")
    # The list works with the keyboard, and the keys do not trigger JupyterLab shortcuts.
    entries.focus()
    entries.press("ArrowDown")
    entries.press("Enter")
    expect(panel.get_by_role("heading", name="Query.runOrError")).to_be_visible()
    query = panel.get_by_role("textbox", name="Query")
    expect(query).to_contain_text("runOrError(runId: $runId)")
    # The query can be edited, and mistakes are underlined.
    query.press("ControlOrMeta+Home")
    query.press("End")
    query.press("Enter")
    query.press_sequentially("versio")
    expect(panel.locator(".cm-lintRange-error")).to_have_text("versio")
    panel.get_by_role("option", name="version").click()
    expect(panel.locator(".cm-lintRange-error")).to_have_count(0)
    the_keyboard_reaches_a_mistake(panel, query)
    book.shot("schema_browser_light", panel)
    book.page.set_viewport_size({"width": 800, "height": 1000})
    book.page.wait_for_timeout(600)
    book.shot("schema_browser_800", panel)
    book.page.set_viewport_size({"width": 1440, "height": 1000})
    book.theme(dark=True)
    book.shot("schema_browser_dark", panel)
    book.theme(dark=False)

    cell = book.page.locator(".jp-CodeCell .cm-content").last
    cell.scroll_into_view_if_needed()
    cell.click()
    book.page.keyboard.press("ControlOrMeta+a")
    book.page.keyboard.insert_text(CELL)
    book.page.keyboard.press("Tab")
    completer = book.page.locator(".jp-Completer")
    expect(completer.get_by_role("listitem")).to_have_count(1)
    expect(completer).to_contain_text("stepStats")
    book.page.keyboard.press("Enter")
    expect(cell).to_contain_text("stepStats")
    book.page.keyboard.insert_text(" { sta")
    book.page.keyboard.press("Tab")
    expect(completer).to_contain_text("startTime")
    expect(completer).to_contain_text("status")
    expect(completer).not_to_contain_text("staticmethod")
    book.check()
    assert book.run("browser.close()") == ""
