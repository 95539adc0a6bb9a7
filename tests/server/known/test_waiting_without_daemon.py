"""`Run.wait` warns if no daemon is running."""

from __future__ import annotations

import pytest

import dagster_nb as dnb
from tests.server.known.conftest import wait_until_loaded


def test_waiting_warns_once_if_no_daemon_is_running(client, monkeypatch):
    wait_until_loaded(client)
    monkeypatch.setattr("dagster_nb.client.run._SECONDS_BEFORE_DAEMON_CHECK", 0.0)
    run = client.launch("shouting")
    try:
        with (
            pytest.warns(dnb.DagsterNbWarning, match="no daemon is running.*dagster-daemon run") as warned,
            pytest.raises(dnb.WaitTimeoutError),
        ):
            run.wait(timeout=4)
    finally:
        client.delete(run, force=True)
    assert len(warned) == 1
