"""Build and start one image for all tests in this folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.browser.binder.binder_without_docker import Replay, Session

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="package")
def replay(tmp_path_factory: pytest.TempPathFactory) -> Replay:
    made = Replay(tmp_path_factory.mktemp("binder"))
    made.build()
    return made


@pytest.fixture(scope="package")
def started(replay: Replay) -> Iterator[Session]:
    session = Session(replay)
    try:
        session.wait()
        yield session
    finally:
        session.close()
