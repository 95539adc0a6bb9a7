"""Fixtures and settings for all tests."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from hypothesis import settings

from tests import suite_token

# `pytest --hypothesis-profile=thorough` generates ten times as many examples.
settings.register_profile("everyday", max_examples=25, deadline=None)
settings.register_profile("thorough", max_examples=250, deadline=None)
settings.load_profile("everyday")

# Make Ctrl-C work even if a shell has started pytest in the background, because some tests send Ctrl-C to child
# processes.
signal.signal(signal.SIGINT, signal.default_int_handler)

# Time limits in seconds for folders with fixtures that build environments or images.
_LONGER_TIMEOUTS = {"compat": 1800, "browser": 900, "browser/binder": 3600, "notebooks": 900}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--extended", action="store_true", help="also run the tests with the marker 'extended'")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "extended: a slow test, for example of one more version or application; it runs only with --extended"
    )
    config.pluginmanager.register(suite_token)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    tests = Path(__file__).parent
    for item in items:
        folders = (folder.as_posix() for folder in item.path.relative_to(tests).parents)
        seconds = next((_LONGER_TIMEOUTS[folder] for folder in folders if folder in _LONGER_TIMEOUTS), None)
        if seconds is not None and item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(seconds))
    if not config.getoption("extended"):
        config.hook.pytest_deselected(items=[item for item in items if item.get_closest_marker("extended")])
        items[:] = [item for item in items if not item.get_closest_marker("extended")]
    # The slowest folders come first in testpaths. Start with them, so that all processes finish at about the same time.
    places = {folder: place for place, folder in enumerate(config.getini("testpaths"))}
    items.sort(key=lambda item: places.get("/".join(item.nodeid.split("/")[:2]), 0))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    # Tests with a server or a browser spend much of their time waiting.
    return (os.cpu_count() or 1) + 2


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log):
    from tests.xdist_groups import Scheduling

    config.option.loadscopereorder = False
    return Scheduling(config, log)


@pytest.fixture
def anyio_backend() -> str:
    """Run coroutine tests only with asyncio, because dagster_nb uses aiohttp."""
    return "asyncio"
