"""What all tests share."""

from __future__ import annotations

import signal

import pytest

# Whoever started the tests may ignore Ctrl-C, as a shell does for what it runs in the background; the tests press it.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log):
    from tests.side_by_side import Scheduling

    config.option.loadscopereorder = False
    return Scheduling(config, log)


@pytest.fixture
def anyio_backend() -> str:
    """dagster_nb stands on aiohttp, so coroutines are tested on asyncio alone."""
    return "asyncio"
