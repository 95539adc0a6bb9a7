"""What all tests share."""

from __future__ import annotations

import pytest


@pytest.fixture
def anyio_backend() -> str:
    """dagster_nb stands on aiohttp, so coroutines are tested on asyncio alone."""
    return "asyncio"
