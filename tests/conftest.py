"""Fixtures and settings for all tests."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest
from hypothesis import settings

# `pytest --hypothesis-profile=thorough` tries ten times as many examples.
settings.register_profile("everyday", max_examples=25, deadline=None)
settings.register_profile("thorough", max_examples=250, deadline=None)
settings.load_profile("everyday")

# The tests send Ctrl-C, which this process may have inherited as ignored, for example from a shell that runs it in the
# background.
signal.signal(signal.SIGINT, signal.default_int_handler)

# The time limit in seconds for a test whose fixtures build environments or images.
_LONGER_TIMEOUTS = {"compat": 1800, "browser": 900, "browser/binder": 3600, "notebooks": 900}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    tests = Path(__file__).parent
    for item in items:
        folders = (folder.as_posix() for folder in item.path.relative_to(tests).parents)
        seconds = next((_LONGER_TIMEOUTS[folder] for folder in folders if folder in _LONGER_TIMEOUTS), None)
        if seconds is not None and item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(seconds))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log):
    from tests.xdist_groups import Scheduling

    config.option.loadscopereorder = False
    return Scheduling(config, log)


@pytest.fixture
def anyio_backend() -> str:
    """dagster_nb uses aiohttp, so coroutines are tested with asyncio only."""
    return "asyncio"
