"""The fixture ``fake``, a fake Dagster."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.unit.fake import FakeDagster

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def fake() -> Iterator[FakeDagster]:
    with FakeDagster() as server:
        yield server
