"""Save the README's picture of the explorer.

python -m tests.browser.readme_picture            # on a demo of its own
python -m tests.browser.readme_picture --url URL  # on a server that runs already
"""

from __future__ import annotations

import argparse
import tempfile
from contextlib import ExitStack, closing
from pathlib import Path

from playwright.sync_api import expect, sync_playwright

import dagster_nb as dnb
from tests.browser.chromium import FLAGS, chromium
from tests.browser.lab import Lab, Notebook

PICTURE = Path(__file__).parents[2] / "notebooks" / "pictures" / "explorer.png"
SIZE = {"width": 1440, "height": 1440}
TIMEOUT_MILLISECONDS = 120_000
CODE = """\
import dagster_nb as dnb

client = dnb.connect({url!r})
dnb.RunExplorer(client, created_after='30d')"""


def main() -> None:
    """Open the explorer in JupyterLab and save what the browser shows."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", help="the URL of a running server, which is used instead of a new demo")
    options = parser.parse_args()
    with ExitStack() as stack:
        # Readers expect Dagster's default port in the picture.
        url = options.url or stack.enter_context(dnb.demo(port=3000)).url
        lab = stack.enter_context(closing(Lab(Path(tempfile.mkdtemp(prefix="dagster_nb_lab_")))))
        playwright = stack.enter_context(sync_playwright())
        browser = playwright.chromium.launch(executable_path=chromium(playwright.chromium.executable_path), args=FLAGS)
        stack.callback(browser.close)
        context = browser.new_context(viewport=SIZE)
        context.set_default_timeout(TIMEOUT_MILLISECONDS)
        expect.set_options(timeout=TIMEOUT_MILLISECONDS)
        notebook = stack.enter_context(closing(Notebook(lab, context, [CODE.format(url=url)], name="explorer")))
        notebook.open(timeout=TIMEOUT_MILLISECONDS)
        expect(notebook.output.get_by_text("as of").first).to_be_visible()
        expect(notebook.output.get_by_text("loading…")).to_have_count(0)
        expect(notebook.output.locator("tr[data-run]").first).to_be_visible()
        # Before the runs have been read, the chart is a short picture without runs.
        notebook.page.wait_for_function(
            "[...document.querySelectorAll('.dnb-picture img')].some((image) => image.clientHeight > 250)"
        )
        notebook.to_the_top()
        notebook.page.screenshot(path=PICTURE)


if __name__ == "__main__":
    main()
