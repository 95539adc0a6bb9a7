"""The explorer notebook works in Voilà and in Jupyter Notebook 7."""

from __future__ import annotations

import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import expect

from dagster_nb.panels.explorer.model import ROWS_PER_PAGE
from tests.browser.keys import REFUSE_CHANGES, press_keys
from tests.browser.lab import IDLE, SCREENSHOTS, free_port, record_errors, run_code
from tests.browser.saved_panels import hides_loading_message, shows_static_output

pytestmark = pytest.mark.extended
expect.set_options(timeout=60_000)
ROOT = Path(__file__).parents[2]
# Voilà loads icons and MathJax from these URLs, but the panels do not use them.
VOILAS_OWN = re.compile(
    r"https://cdn\.jsdelivr\.net/npm/@fortawesome/|https://cdnjs\.cloudflare\.com/ajax/libs/mathjax/"
)
# Notebook 7.6 logs the first error about its settings even for an empty notebook, and the second one when a kernel
# restarts.
NOTEBOOKS_OWN = re.compile(
    r"Cannot read properties of undefined \(reading 'schema'\)[^$]*/notebook_core\."
    r"|Error: Canceled future for \w+ message before replies were done"
)


@contextmanager
def serving(folder, dagster_url, *command, cwd, url):
    """Run a server with its own home folder until the end of the ``with`` block."""
    environment = {
        **os.environ,
        "HOME": str(folder),
        "JUPYTER_CONFIG_DIR": str(folder / "config"),
        "JUPYTER_DATA_DIR": str(folder / "data"),
        "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
        "DAGSTER_NB_URL": dagster_url,
        "PYTHONPATH": str(ROOT),
    }
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", *command],
            cwd=cwd, env=environment, stdout=log, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
    try:
        deadline = time.monotonic() + 60
        while not answering(f"{url}/favicon.ico"):
            assert process.poll() is None, (folder / "log").read_text()
            assert time.monotonic() < deadline, (folder / "log").read_text()
            time.sleep(0.1)
        yield
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def answering(url):
    try:
        with urllib.request.urlopen(url, timeout=2):  # noqa: S310 - this machine
            return True
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False


class Tab:
    """A browser tab that can reach only this machine."""

    def __init__(self, context):
        self.page = context.new_page()
        self.errors, self.strangers = [], []
        record_errors(self.page, self.errors)
        self.page.route("**/*", self.only_this_machine)

    def only_this_machine(self, route):
        url = route.request.url
        if url.startswith(("http://127.0.0.1:", "data:", "blob:")):
            route.continue_()
        else:
            self.strangers.append(url)
            route.abort()

    def shot(self, name):
        SCREENSHOTS.mkdir(exist_ok=True)
        self.page.screenshot(path=SCREENSHOTS / f"{name}.png")

    def dark_shot(self, name):
        """Take a screenshot of a notebook in the dark theme."""
        for theme in ("Dark", "Light"):
            change = "theme => jupyterapp.commands.execute('apputils:change-theme', { theme }).then(() => null)"
            self.page.evaluate(change, f"JupyterLab {theme}")
            dark = "true" if theme == "Light" else "false"
            self.page.wait_for_function(f"document.body.dataset.jpThemeLight === '{dark}'")
            if theme == "Dark":
                self.shot(name)


@pytest.fixture
def tab(context):
    made = Tab(context)
    yield made
    made.page.close(run_before_unload=True)
    assert [error for error in made.errors if not NOTEBOOKS_OWN.match(error)] == []


def use(page, demo):
    """Set a filter in the explorer and check that the table shows the same runs as the server."""
    explorer = page.locator(".dnb-explorer")
    chip = explorer.get_by_role("button", name=re.compile(r" FAILURE [\d,]+$"))
    chip.click(timeout=90_000)
    failed = demo.client.runs(status="FAILURE", created_after="30d")
    expect(explorer.get_by_text(f"showing all {len(failed)} runs")).to_be_visible()
    expect(explorer.get_by_role("table", name="Runs")).to_have_attribute("aria-rowcount", str(len(failed) + 1))
    rows = [row.get_attribute("data-run") for row in explorer.locator("tr[data-run]").all()]
    assert rows == failed["run_id"].tolist()[:ROWS_PER_PAGE]
    expect(explorer.get_by_role("link", name=demo.url)).to_have_attribute("href", demo.url)
    open_run_in_chart(page, explorer, failed)
    drag_in_chart(page, explorer, failed)
    enlarge_steps(page, page.locator(".dnb-monitor"))
    # The notebook also displays the other panels.
    expect(page.get_by_role("button", name="Launch", exact=True).first).to_be_visible()
    newest = demo.client.runs(status=["SUCCESS", "FAILURE"], limit=1).iloc[0]
    monitor = page.locator(".dnb-monitor")
    expect(monitor.get_by_text(newest["run_id"]).first).to_be_visible()
    expect(monitor.get_by_text(newest["status"]).first).to_be_visible()
    assert page.get_by_text("Traceback").count() == 0


def open_run_in_chart(page, explorer, runs):
    """Move to a mark of the chart with the keyboard, then with the mouse, and click it."""
    stage = explorer.locator(".dnb-charts .dnb-chart-stage")
    tip = stage.locator(".dnb-chart-tip")
    # The chart is drawn shortly after the table.
    expect(explorer.locator(".dnb-picture img").first).to_have_attribute(
        "alt", re.compile(f"Chart of {len(runs)} runs")
    )
    expect(stage.get_by_role("button", name="show only SUCCESS", exact=True)).to_have_count(0)
    expect(stage.get_by_role("button", name="show only FAILURE", exact=True)).to_be_visible()
    stage.focus()
    stage.press("ArrowRight")
    expect(tip).to_be_visible()
    shown = tip.inner_text()
    mark = stage.locator(".dnb-chart-ring").bounding_box()
    explorer.locator(".dnb-tile-value").first.hover()
    stage.blur()
    expect(tip).to_be_hidden()
    page.mouse.move(mark["x"] + mark["width"] / 2, mark["y"] + mark["height"] / 2)
    expect(tip).to_have_text(shown, use_inner_text=True)
    run_id = next(one for one in runs["run_id"] if one[:8] in shown)
    page.mouse.down()
    page.mouse.up()
    expect(explorer.locator(f'tr[data-run="{run_id}"]')).to_have_attribute("aria-current", "true")
    expect(explorer.locator(".dnb-detail").first).to_contain_text(run_id)


def drag_in_chart(page, explorer, runs):
    """Drag along the x axis of the chart to filter, and undo this with the keyboard."""
    stage = explorer.locator(".dnb-charts .dnb-chart-stage")
    drag(page, stage, 0.4, 0.6)
    expect(explorer.get_by_text(f"showing all {len(runs)} runs")).to_have_count(0)
    expect(explorer.get_by_text(re.compile(r"^showing all \d+ runs?"))).to_be_visible()
    stage.press("Escape")
    expect(explorer.get_by_text(f"showing all {len(runs)} runs")).to_be_visible()


def enlarge_steps(page, monitor):
    """Drag along the x axis of the steps to enlarge a part, and undo this with the keyboard."""
    stage, image = monitor.locator(".dnb-chart-stage"), monitor.locator(".dnb-picture img")
    # Notebook does not lay out what is far from the visible part of the page, so first scroll to the panel.
    monitor.scroll_into_view_if_needed()
    image.scroll_into_view_if_needed()
    expect(stage).to_be_visible()
    # The picture is drawn again if the page's width changes while the page loads.
    page.wait_for_function(FITS, arg=image.element_handle())
    before = image.get_attribute("src")
    drag(page, stage, 0.4, 0.6)
    expect(image).not_to_have_attribute("src", before)
    stage.press("Escape")
    expect(image).to_have_attribute("src", before)


FITS = """
(image) => {
  const { clientWidth } = image.closest(".dnb-monitor").querySelector(".dnb-viewport");
  return Math.abs(image.width - Math.min(clientWidth, 1400)) < 10;
}
"""


def drag(page, stage, first, last):
    number, box = stage.get_attribute("data-number"), stage.bounding_box()
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + first * box["width"], y)
    page.mouse.down()
    page.mouse.move(box["x"] + (first + last) / 2 * box["width"], y)
    page.mouse.move(box["x"] + last * box["width"], y)
    page.mouse.up()
    expect(stage).not_to_have_attribute("data-number", number)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_explorer_works_in_voila(tab, demo, tmp_path, theme):
    url = f"http://127.0.0.1:{free_port()}"
    before = demo.client.count_runs()
    command = [
        "voila", "notebooks/04_explorer.ipynb", "--no-browser", f"--theme={theme}", f"--port={url.rpartition(':')[2]}",
        "--Voila.ip=127.0.0.1", "--Voila.allow_root=True",
    ]  # fmt: skip
    with serving(tmp_path, demo.url, *command, cwd=ROOT, url=url):
        tab.page.goto(url, wait_until="commit")  # the page finishes loading only when all cells have run
        use(tab.page, demo)
        assert tab.page.locator("body").get_attribute("data-jp-theme-light") == (
            "true" if theme == "light" else "false"
        )
        assert tab.page.locator(".jp-InputArea-editor").count() == 0, "the application must not show code"
        expect(tab.page.locator(".dnb-saved:visible")).to_have_count(0)
        assert [stranger for stranger in tab.strangers if not VOILAS_OWN.match(stranger)] == []
        tab.shot(f"voila_{theme}")
    assert demo.client.count_runs() == before, "opening the application must not launch runs"


def test_the_explorer_works_in_notebook_7(tab, demo, tmp_path):
    token = secrets.token_hex(16)
    url = f"http://127.0.0.1:{free_port()}"
    # Use a copy, because Notebook saves the open file.
    shutil.copytree(ROOT / "notebooks", tmp_path / "notebooks")
    add_cell(tmp_path / "notebooks" / "04_explorer.ipynb", "browser = dnb.SchemaBrowser(client)\nbrowser")
    command = [
        "notebook", "--no-browser", "--ServerApp.ip=127.0.0.1", f"--ServerApp.port={url.rpartition(':')[2]}",
        f"--IdentityProvider.token={token}", "--ServerApp.port_retries=0", "--ServerApp.allow_root=True",
        "--JupyterNotebookApp.expose_app_in_browser=True",
    ]  # fmt: skip
    with serving(tmp_path, demo.url, *command, cwd=tmp_path / "notebooks", url=url):
        tab.page.goto(f"{url}/notebooks/04_explorer.ipynb?token={token}")
        tab.page.wait_for_function(IDLE, timeout=60_000)
        tab.page.get_by_role("menuitem", name="Run", exact=True).click()
        tab.page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
        use(tab.page, demo)
        assert tab.strangers == []
        tab.shot("notebook_7")
        run_code(tab.page, f"import dagster_nb as dnb\n{REFUSE_CHANGES}")
        for panel, least in {".dnb-explorer": 60, ".dnb-launchpad": 8, ".dnb-monitor": 8}.items():
            assert len(press_keys(tab.page, panel)) >= least
        assert len(press_keys(tab.page, ".dnb-schema", partial(choose_entry, tab.page))) >= 6
        # The keys have set filters and changed the chart, and the static output has been updated accordingly.
        run_code(tab.page, "explorer.set_filters()\nexplorer.model.change_view(chart='Durations')")
        tab.page.wait_for_function(SHOWS_ALL_RUNS)
        # The panels are readable after a restart of the kernel, and in the saved notebook.
        tab.page.evaluate("jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()")
        shows_static_output(tab.page)
        tab.shot("notebook_7_restarted")
        tab.dark_shot("notebook_7_restarted_dark")
        tab.page.evaluate("jupyterapp.commands.execute('docmanager:save').then(() => null)")
        tab.page.wait_for_function("!jupyterapp.shell.currentWidget.context.model.dirty")
        tab.page.evaluate("jupyterapp.shell.currentWidget.sessionContext.shutdown()")
        tab.page.goto("about:blank")
        tab.page.goto(f"{url}/notebooks/04_explorer.ipynb?token={token}")
        tab.page.wait_for_function(IDLE, timeout=60_000)
        shows_static_output(tab.page)
        tab.dark_shot("notebook_7_reopened_dark")
        tab.shot("notebook_7_reopened")
        hides_loading_message(tab.page)


# Whether the explorer's static output has a chart and many rows
SHOWS_ALL_RUNS = """
() => jupyterapp.shell.currentWidget.context.model.sharedModel.toJSON().cells.some((cell) =>
  (cell.outputs ?? []).some((output) => {
    const html = String(output.data?.["text/html"] ?? "");
    return html.includes("RunExplorer of") && html.includes("<img") && html.split("<tr").length > 10;
  }))
"""


def choose_entry(page):
    """Show the documentation of an entry in the schema browser."""
    run_code(page, "browser.search('what returns a Run?')")
    schema = page.locator(".dnb-schema")
    schema.get_by_role("option").filter(has_text="Query.runOrError").click()
    expect(schema.get_by_role("textbox", name="Query")).to_be_visible()


def add_cell(path, source):
    notebook = nbformat.read(path, as_version=4)
    notebook.cells.append(nbformat.v4.new_code_cell(source))
    nbformat.write(notebook, path)
