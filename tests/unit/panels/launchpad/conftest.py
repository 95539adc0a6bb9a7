"""Fixtures: launchpads that use a fake source."""

import threading

import pytest

from dagster_nb.panels.launchpad import Launchpad
from dagster_nb.panels.launchpad import launchpad as launchpad_module
from dagster_nb.panels.launchpad import model as launchpad_model
from tests.unit.panels.launchpad.fake_source import FakeSource
from tests.unit.panels.monitor.fake_client import END


@pytest.fixture
def source(monkeypatch):
    made = FakeSource()
    monkeypatch.setattr(launchpad_module, "LaunchSource", lambda _client: made)
    monkeypatch.setattr(launchpad_model, "_SECONDS_AFTER_TYPING", 0.1)
    return made


@pytest.fixture
def pad(source):
    made = []

    def make(*args, **options):
        made.append(Launchpad(source, *args, **options).wait(10))
        return made[-1]

    yield make
    for one in made:
        assert one._crash_box.error is None
        if one.run is not None:
            one.run.client.pages.put(END)
        one.close()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("dagster_nb ")]
