"""Code locations, repositories, jobs and daemons with every version of Dagster."""

from __future__ import annotations

import pandas as pd
import pytest

import dagster_nb as dnb
from tests.compat.expected_frames import texts
from tests.compat.served.past_runs import LOCATION, REPOSITORY

pytestmark = pytest.mark.capability("catalog")


def test_locations_and_repositories_are_loaded(client):
    locations = client.locations()
    assert locations[["location", "status"]].to_dict("records") == [{"location": LOCATION, "status": "loaded"}]
    assert locations["error"].isna().all()
    assert locations["update_time"].dtype == "datetime64[us, UTC]"
    assert (pd.Timestamp.now("UTC") - locations["update_time"][0]) < pd.Timedelta("1h")
    pd.testing.assert_frame_equal(
        client.repositories(), pd.DataFrame({"repository": texts([REPOSITORY]), "location": texts([LOCATION])})
    )


def test_all_jobs_are_listed_with_their_repository(client):
    jobs = client.jobs().sort_values("job_name", ignore_index=True)
    names = ["fragile", "hang", "nightly_assets", "quick", "regional", "strict"]
    assert jobs["job_name"].tolist() == names
    assert set(jobs["location"]) == {LOCATION}
    assert set(jobs["repository"]) == {REPOSITORY}
    by_name = jobs.set_index("job_name")
    assert by_name["is_asset_job"].to_dict() == {name: name == "nightly_assets" for name in names}
    assert by_name["description"].dropna().to_dict() == {"quick": "Loads and stores."}
    assert by_name["tags"]["quick"] == {"team": "data"}
    assert jobs.dtypes.astype(str).to_dict() == {
        "job_name": "string", "repository": "string", "location": "string", "is_asset_job": "bool",
        "description": "string", "tags": "object",
    }  # fmt: skip


def test_ops_have_their_dependencies_across_graphs(client):
    ops = client.ops("quick").set_index("op")
    assert ops["depends_on"].to_dict() == {
        "load": [],
        "twice.first": ["load"],
        "twice.double": ["twice.first"],
        "store": ["twice.double"],
    }
    assert ops["definition"].to_dict() == {
        "load": "load", "twice.first": "double", "twice.double": "double", "store": "store",
    }  # fmt: skip
    assert ops["graph"].dropna().to_dict() == {"twice.first": "twice", "twice.double": "twice"}
    assert ops["has_config"].to_dict() == {"load": True, "twice.first": False, "twice.double": False, "store": False}
    assert ops.loc["load", "description"] == "Read rows."
    assert ops.loc["store", "inputs"] == ["rows"]
    assert client.ops("nightly_assets").set_index("op")["depends_on"].to_dict() == {
        "orders": [], "mart__revenue": ["orders"],
    }  # fmt: skip


def test_the_error_for_a_missing_job_lists_similar_names(client):
    with pytest.raises(dnb.JobNotFoundError, match="Did you mean 'quick'"):
        client.ops("quikc")


def test_a_run_config_is_checked_with_the_schema_of_the_job(client):
    schema = client.run_config_schema("strict")
    fields = schema.fields.set_index("path")
    assert fields.loc["ops.needs.config.table", "required"]
    assert not fields.loc["ops.needs.config.limits", "required"]
    assert "String" in fields.loc["ops.needs.config.table", "type"]
    assert schema.validate({"ops": {"needs": {"config": {"table": "t"}}}}) == []
    problems = schema.validate({"ops": {"needs": {"config": {"table": 3}}}})
    assert [(one.path, one.reason) for one in problems] == [("ops.needs.config.table", "RUNTIME_TYPE_MISMATCH")]
    assert "rows: 3" in client.run_config_schema("quick").default_yaml


def test_the_daemon_is_running(client):
    daemons = client.daemons().set_index("daemon")
    assert daemons.loc["QUEUED_RUN_COORDINATOR", "required"]
    assert daemons.loc["QUEUED_RUN_COORDINATOR", "healthy"]
    last = daemons.loc["QUEUED_RUN_COORDINATOR", "last_heartbeat"]
    assert abs(pd.Timestamp.now("UTC") - last) < pd.Timedelta("5min")
    assert daemons["last_heartbeat"].dtype == "datetime64[us, UTC]"
