"""Stopping and deleting."""

from __future__ import annotations

import pytest

import dagster_nb as dnb
from tests.compat.servers import PARKED
from tests.server.conftest import wait_until

pytestmark = pytest.mark.capability("terminate")

UNKNOWN_ID = "00000000-0000-4000-8000-000000000000"


def test_terminating_a_run_in_progress_stops_it(client, stage):
    run = client.run(stage["hang"])
    wait_until(lambda: run.refresh().status == "STARTED", seconds=240)
    outcomes = client.terminate([stage["quick"], run.run_id, UNKNOWN_ID])
    assert outcomes["run_id"].tolist() == [stage["quick"], run.run_id, UNKNOWN_ID]
    assert outcomes["outcome"][1] in {"canceling", "canceled"}
    assert outcomes["outcome"][2] == "not_found"
    assert run.wait(timeout=240).status == "CANCELED"
    assert client.terminate(run)["outcome"].tolist() == ["already_finished"]


def test_force_marks_a_run_as_canceled_immediately_and_finished_runs_can_be_deleted(client, stored):
    run = client.launch("hang", tags=PARKED)
    assert client.delete(run)["outcome"].tolist() == ["not_finished"]
    assert run.terminate(force=True) == "canceled"
    assert run.refresh().status == "CANCELED"
    assert client.delete([run.run_id, UNKNOWN_ID])["outcome"].tolist() == ["deleted", "not_found"]
    assert run.run_id not in {row.run_id for row in stored()}
    with pytest.raises(dnb.RunNotFoundError, match=run.run_id):
        run.refresh()


def test_force_deletes_a_run_that_has_not_finished(client, stored):
    run = client.launch("hang", tags=PARKED)
    assert client.delete(run, force=True)["outcome"].tolist() == ["deleted"]
    assert run.run_id not in {row.run_id for row in stored()}
