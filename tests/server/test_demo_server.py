"""The sandbox's server: comes up where and how it is told to, and says why when it does not."""

from __future__ import annotations

import socket
import urllib.request

import psutil
import pytest
from dagster import DagsterInstance, DagsterRunStatus, RunsFilter

import dagster_nb as dnb
from dagster_nb.errors import ConnectionFailedError, ServerError
from dagster_nb.sandbox.history.write import write_history
from dagster_nb.sandbox.server import Server, graphql


def test_stops_and_starts_again_on_the_same_port_and_home(tmp_path):
    (tmp_path / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    with Server(tmp_path, daemon=False, path_prefix="/user/x%40y.org", extra_args=["--read-only"]) as first:
        assert first.url.endswith("/user/x%2540y.org"), "what the webserver finds decoded is its prefix"
        with dnb.connect(first.url, progress=False) as client:
            assert client.version
        with urllib.request.urlopen(f"{first.url}/") as page:  # noqa: S310
            assert "/user/x%40y.org/" in page.read().decode(), "and its links lead there by way of a proxy"
        answer = graphql(first.url, "{ version permissions { permission value } }")
        assert not {p["permission"]: p["value"] for p in answer["permissions"]}["launch_pipeline_execution"]
        family = psutil.Process(first._keeper.pid).children(recursive=True)
    assert not psutil.wait_procs(family, timeout=60)[1]
    broken = tmp_path / "broken.py"
    broken.write_text("import no_such_module_here\n")
    with Server(tmp_path, daemon=False, port=first.port, python_file=broken, location="broken") as second:
        query = (
            "{ workspaceOrError { ... on Workspace { locationEntries { name locationOrLoadError { __typename } } } } }"
        )
        entries = graphql(second.url, query)["workspaceOrError"]["locationEntries"]
        assert entries == [{"name": "broken", "locationOrLoadError": {"__typename": "PythonError"}}]
        with pytest.raises(ConnectionFailedError, match=f"{first.port} is taken"):
            Server(port=first.port)
    assert (tmp_path / "dagster.yaml").exists()


def test_a_failed_start_shows_the_log_and_leaves_nothing():
    server = Server(daemon=False, extra_args=["--no-such-option"])
    with pytest.raises(ServerError, match=r"(?s)webserver ended with code 2.*no-such-option"):
        server.start()
    assert not server.home.parent.exists()
    assert not server.running


def test_a_taken_port_is_said_before_anything_starts():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ConnectionFailedError, match=f"Port {port} is taken"):
            Server(port=port)


def test_a_history_is_written_into_any_home(tmp_path):
    (tmp_path / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    truth = write_history(tmp_path, runs=1500, seed=7)
    with DagsterInstance.from_config(str(tmp_path)) as instance:
        assert instance.get_runs_count() == 1500
        failed = instance.get_runs(RunsFilter(statuses=[DagsterRunStatus.FAILURE]))
        assert {run.run_id for run in failed} == set(truth.failures)
        assert instance.get_run_tags(["team"])[0][1] >= {"bi", "finance", "ingest"}
    with pytest.raises(TypeError, match="ConsolidatedSqliteEventLogStorage"):
        write_history(tmp_path, runs=3, seed=8, events=True)
