"""What all tests share."""

from __future__ import annotations

import signal

import pytest

# Whoever started the tests may ignore Ctrl-C, as a shell does for what it runs in the background; the tests press it.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def anyio_backend() -> str:
    """dagster_nb stands on aiohttp, so coroutines are tested on asyncio alone."""
    return "asyncio"
