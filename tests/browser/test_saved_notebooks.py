"""Panels in a saved notebook are readable after a kernel restart and in other viewers."""

from __future__ import annotations

import json
import re
import subprocess
import sys

from playwright.sync_api import expect

from tests.browser.lab import IDLE
from tests.browser.saved_panels import hides_loading_message, shows_live_panels, shows_static_output

CELLS = (
    "import dagster_nb as dnb\nclient = dnb.connect({url!r})\nexplorer = dnb.RunExplorer(client).wait()\nexplorer",
    "dnb.RunMonitor(client.run(explorer.frame.query('status == \"FAILURE\"')['run_id'].iloc[0])).wait()",
    "dnb.Launchpad(client, job='fetch_exchange_rates').wait()",
    "dnb.SchemaBrowser(client).wait()",
)
TREND = "how the durations of each job change"


def reopen(opened):
    """Shut down the kernel and open the saved notebook again, without running its cells."""
    page = opened.page
    page.evaluate("jupyterapp.shell.currentWidget.sessionContext.shutdown()")
    page.goto("about:blank")
    page.goto(f"{opened.lab.url}/lab/tree/{opened.name}.ipynb?token={opened.lab.token}&reset")
    page.wait_for_function(IDLE, timeout=60_000)


def change_the_view(opened):
    """Choose failed runs, another chart, another order and fewer columns, and wait until the output shows this view.

    Return the shortened run ids in the table.
    """
    explorer = opened.page.locator(".dnb-explorer")
    explorer.get_by_title("Show the failed runs").click()
    explorer.get_by_role("button", name="Trend", exact=True).click()
    explorer.get_by_role("button", name="Columns", exact=True).click()
    explorer.get_by_role("button", name="Tags", exact=True).click()
    duration = explorer.locator('th[data-column="duration"]')
    duration.get_by_role("button").first.click()
    expect(duration).to_have_attribute("aria-sort", "descending")
    expect(explorer.locator('th[data-column="tags"]')).to_have_count(0)
    ids = opened.run("print(*explorer.wait().table['run_id'].str[:8].head(15))").split()
    opened.page.wait_for_function(
        """([id, chart]) => {
          const [cell] = jupyterapp.shell.currentWidget.context.model.sharedModel.toJSON().cells;
          const html = cell.outputs.map((output) => output.data["text/html"]).join("");
          return html.includes(id) && html.includes(chart) && !html.includes(">Tags<");
        }""",
        arg=[ids[0], TREND],
    )
    return ids


def shows_the_changed_view(page, ids):
    saved = page.locator(".dnb-saved").first
    expect(saved.get_by_role("img")).to_have_attribute("alt", re.compile(TREND))
    assert saved.locator("td code").all_inner_texts() == ids
    assert "Tags" not in saved.get_by_role("columnheader").all_inner_texts()
    assert all("FAILURE" in row for row in saved.get_by_role("row").all_inner_texts()[1:])


def test_panels_are_readable_after_a_kernel_restart_and_in_a_saved_notebook(notebook, demo):
    opened = notebook(*(cell.format(url=demo.url) for cell in CELLS))
    page = opened.page
    shows_live_panels(page)
    page.evaluate("jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()")
    shows_static_output(page)
    opened.command("notebook:run-all-cells")
    shows_live_panels(page)
    ids = change_the_view(opened)
    opened.command("docmanager:save")
    page.wait_for_function("!jupyterapp.shell.currentWidget.context.model.dirty")
    reopen(opened)
    shows_static_output(page)
    shows_the_changed_view(page, ids)
    opened.shot("reopened_light")
    opened.theme(dark=True)
    shows_static_output(page)
    opened.shot("reopened_dark")
    opened.theme(dark=False)
    hides_loading_message(page)

    # Change the file so that its signature becomes invalid and Jupyter no longer trusts the notebook.
    path = opened.lab.root / f"{opened.name}.ipynb"
    content = json.loads(path.read_text())
    content["cells"][0]["outputs"][-1]["data"]["text/plain"] += " "
    path.write_text(json.dumps(content))
    reopen(opened)
    expect(page.locator(".jp-mod-trusted")).to_have_count(0)
    shows_static_output(page)
    opened.check()

    for theme in ("light", "dark"):
        command = [sys.executable, "-m", "nbconvert", "--to", "html", f"--HTMLExporter.theme={theme}", path.name]
        subprocess.run([*command, "--output", theme], cwd=path.parent, check=True, capture_output=True)
        converted = page.context.new_page()
        converted.route("**/*", lambda route: route.abort())
        converted.set_content((path.parent / f"{theme}.html").read_text(), wait_until="domcontentloaded")
        shows_static_output(converted)
        shows_the_changed_view(converted, ids)
        # The static output has no interactive layer and no script.
        assert converted.locator(".dnb-saved :is(.dnb-chart, .dnb-chart-layer, script)").count() == 0
        color = converted.locator(".dnb-saved").first.evaluate("element => getComputedStyle(element).color")
        assert (color == "rgb(255, 255, 255)") == (theme == "dark"), color
        cell = converted.locator(".dnb-saved td").first
        assert cell.evaluate("element => getComputedStyle(element).textAlign") == "left"
        opened.shot(f"nbconvert_{theme}", converted.locator("body"))
        converted.close()
