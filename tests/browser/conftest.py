"""Fixtures: a browser, JupyterLab and Dagster."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import sync_playwright

from dagster_nb.sandbox.demo import demo as start_demo
from tests.browser.chromium import FLAGS, chromium
from tests.browser.lab import Lab, Notebook

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, BrowserContext

    from dagster_nb.sandbox.demo import Demo


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        path = chromium(playwright.chromium.executable_path)
        started = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield started
        started.close()


@pytest.fixture(scope="package")
def lab() -> Iterator[Lab]:
    started = Lab(Path(tempfile.mkdtemp(prefix="dagster_nb_lab_")))
    yield started
    started.close()


@pytest.fixture(scope="package")
def demo() -> Iterator[Demo]:
    with start_demo(runs=1500, seed=7) as started:
        yield started


@pytest.fixture(scope="package")
def context(browser: Browser) -> Iterator[BrowserContext]:
    made = browser.new_context(viewport={"width": 1440, "height": 1000})
    # A busy machine may take ten times as long as an idle one.
    made.set_default_timeout(60_000)
    yield made
    made.close()


@pytest.fixture
def notebook(lab: Lab, context: BrowserContext, request: pytest.FixtureRequest) -> Iterator[Callable[..., Notebook]]:
    """Return a function that opens a notebook. After the test, notebooks are closed and checked for errors."""
    opened: list[Notebook] = []

    def make(*cells: str) -> Notebook:
        made = Notebook(lab, context, list(cells), name=f"{request.node.name}_{len(opened)}")
        opened.append(made)
        return made.open()

    yield make
    for one in opened:
        one.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[Any]:
    """Save a screenshot of each open page when a test fails."""
    report = yield
    if report.failed:
        for page in Notebook.opened:
            if not page.page.is_closed():
                page.shot(f"failed_{item.name}_{page.name}"[:120])
    return report
