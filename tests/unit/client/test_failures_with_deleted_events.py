"""Failures can be read even after the server has deleted the events of the runs."""

from __future__ import annotations

import pandas as pd

from tests.unit.fake import make_run


def test_a_failed_run_without_events_has_a_row_with_an_explanation(fake):
    statuses = ["FAILURE", "SUCCESS", "STARTED", "FAILURE"]
    fake.runs = [make_run(number, status=status) for number, status in enumerate(statuses)]
    empty = {"__typename": "EventConnection", "events": [], "cursor": "1", "hasMore": False}
    fake.answers["logsForRun"] = empty
    with fake.connect() as client:
        failures = client.failures(fake.ids)
    assert failures["run_id"].tolist() == [fake.ids[0], fake.ids[3]]
    assert failures["error_message"].str.contains("no longer has the events of this run").all()
    assert failures["timestamp"].isna().all()
    assert failures["timestamp"].dtype == pd.DatetimeTZDtype("us", "UTC")
