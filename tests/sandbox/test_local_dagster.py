"""`LocalDagster` starts with the given arguments, or raises an error that explains the problem."""

from __future__ import annotations

import contextlib
import socket
import sys
import urllib.request

import psutil
import pytest
from dagster import DagsterInstance, DagsterRunStatus, RunsFilter

import dagster_nb as dnb
from dagster_nb.errors import ConnectionFailedError, ServerError
from dagster_nb.sandbox.history.write import write_history
from dagster_nb.sandbox.local_dagster import LocalDagster


def test_dagster_can_be_restarted_with_the_same_port_and_home(tmp_path):
    (tmp_path / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    with LocalDagster(tmp_path, daemon=False, path_prefix="/user/x%40y.org", extra_args=["--read-only"]) as first:
        assert first.url.endswith("/user/x%2540y.org"), "the URL must encode the prefix once more"
        with dnb.connect(first.url, progress=False) as client:
            assert client.version
            answer = client.query("{ permissions { permission value } }")
        with urllib.request.urlopen(f"{first.url}/") as page:  # noqa: S310
            assert "/user/x%40y.org/" in page.read().decode(), "links in the page must start with the prefix"
        assert not {p["permission"]: p["value"] for p in answer["permissions"]}["launch_pipeline_execution"]
        family = psutil.Process(first.pid).children(recursive=True)
    assert not psutil.wait_procs(family, timeout=60)[1]
    broken = tmp_path / "broken.py"
    broken.write_text("import no_such_module_here\n")
    with LocalDagster(tmp_path, daemon=False, port=first.port, python_file=broken, location="broken") as second:
        query = (
            "{ workspaceOrError { ... on Workspace { locationEntries { name locationOrLoadError { __typename } } } } }"
        )
        with dnb.connect(second.url, progress=False) as client:
            entries = client.query(query)["workspaceOrError"]["locationEntries"]
        assert entries == [{"name": "broken", "locationOrLoadError": {"__typename": "PythonError"}}]
        with pytest.raises(ConnectionFailedError, match=f"{first.port} is in use"):
            LocalDagster(port=first.port)
    assert (tmp_path / "dagster.yaml").exists()


def test_a_failed_start_shows_the_log_and_leaves_nothing_behind():
    server = LocalDagster(daemon=False, extra_args=["--no-such-option"])
    with pytest.raises(
        ServerError,
        match=r"(?s)stopped before it responded to a request. Fix the cause, then start Dagster again. "
        r"Dagster's process exited with code 2.*no-such-option",
    ):
        server.start()
    assert not server.home.parent.exists()
    assert not server.running


def test_an_error_is_raised_if_the_home_cannot_be_filled():
    with pytest.raises(ServerError, match=r"(?s)ZeroDivisionError.*fills the DAGSTER_HOME exited with code 1"):
        LocalDagster(daemon=False, fill=[sys.executable, "-c", "1 / 0"]).start()


def test_a_killed_code_server_is_restarted_and_a_killed_webserver_ends_dagster():
    with LocalDagster() as dagster, dnb.connect(dagster.url, progress=False) as client:
        webserver, code_server = psutil.Process(dagster.pid).children(recursive=True)
        code_server.kill()
        run = None
        while run is None:
            with contextlib.suppress(dnb.DagsterNbError):
                run = client.launch("ingest_orders")
        assert run.wait(timeout=60).status == "SUCCESS"
        assert dagster.exit_reason() is None
        family = psutil.Process(dagster.pid).children(recursive=True)
        webserver.kill()
        assert dagster.exit_reason(timeout=30).startswith(
            "Dagster's process exited with code -9. The last lines of its log:\n"
        )
        assert dagster.exit_reason() == dagster.exit_reason(timeout=30)
        assert not psutil.wait_procs(family, timeout=10)[1]
        assert not dagster.running
    assert dagster.exit_reason() == "Dagster is not running."


def test_an_occupied_port_raises_an_error_before_any_process_starts():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ConnectionFailedError, match=f"Port {port} is in use"):
            LocalDagster(port=port)


def test_a_history_can_be_written_into_an_existing_home(tmp_path):
    (tmp_path / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    truth = write_history(tmp_path, runs=1500, seed=7)
    with DagsterInstance.from_config(str(tmp_path)) as instance:
        assert instance.get_runs_count() == 1500
        failed = instance.get_runs(RunsFilter(statuses=[DagsterRunStatus.FAILURE]))
        assert {run.run_id for run in failed} == set(truth.failures)
        assert instance.get_run_tags(["team"])[0][1] >= {"bi", "finance", "ingest"}
    with pytest.raises(TypeError, match="ConsolidatedSqliteEventLogStorage"):
        write_history(tmp_path, runs=3, seed=8, events=True)
