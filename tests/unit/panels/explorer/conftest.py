"""The fixture that opens explorers."""

import pytest

from dagster_nb.panels.explorer import RunExplorer
from tests.unit.panels.conftest import FakeSource


@pytest.fixture
def explore():
    """Return a function that opens an explorer of a frame of runs.

    At the end, check that no explorer shows an unexpected error.
    """
    made = []

    def make(frame, **options):
        made.append(RunExplorer(FakeSource(frame), **options))
        return made[-1].wait(20)

    yield make
    for one in made:
        assert one._crash_box.error is None
        one.close()
