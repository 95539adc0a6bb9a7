"""The sandbox's server: comes up, tells why when it does not, leaves nothing behind."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from dagster_nb.errors import ConnectionFailedError, ServerError
from dagster_nb.sandbox.server import Server, graphql

OWNER = """
import sys
from dagster_nb.sandbox.server import Server
server = Server(daemon=False).start()
print(server.home.parent, server._keeper.pid, flush=True)
sys.stdin.readline()
"""


def gone(folder: Path, processes: list[psutil.Process]) -> bool:
    _, alive = psutil.wait_procs(processes, timeout=15)
    deadline = time.monotonic() + 5
    while folder.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    return not alive and not folder.exists()


def test_stops_and_starts_again_on_the_same_port_and_home(tmp_path):
    (tmp_path / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    with Server(tmp_path, daemon=False, path_prefix="/x", extra_args=["--read-only"]) as first:
        assert first.url.endswith("/x")
        answer = graphql(first.url, "{ version permissions { permission value } }")
        assert not {p["permission"]: p["value"] for p in answer["permissions"]}["launch_pipeline_execution"]
        family = psutil.Process(first._keeper.pid).children(recursive=True)
        folder = first._folder
    assert gone(folder, family)
    with Server(tmp_path, daemon=False, port=first.port) as second:
        assert graphql(second.url, "{ version }")["version"] == answer["version"]
        with pytest.raises(ConnectionFailedError, match=f"{first.port} is taken"):
            Server(port=first.port)
    assert (tmp_path / "dagster.yaml").exists()


def test_code_that_does_not_load_is_the_servers_to_tell(tmp_path):
    broken = tmp_path / "broken.py"
    broken.write_text("import no_such_module_here\n")
    with Server(python_file=broken, location="broken", daemon=False) as server:
        query = (
            "{ workspaceOrError { ... on Workspace { locationEntries { name locationOrLoadError { __typename } } } } }"
        )
        entries = graphql(server.url, query)["workspaceOrError"]["locationEntries"]
        assert entries == [{"name": "broken", "locationOrLoadError": {"__typename": "PythonError"}}]


def test_a_failed_start_shows_the_log_and_leaves_nothing():
    server = Server(daemon=False, extra_args=["--no-such-option"])
    with pytest.raises(ServerError, match=r"(?s)webserver ended with code 2.*no-such-option"):
        server.start()
    assert not server.home.parent.exists()
    assert not server.running


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_nothing_is_left_when_the_owner_ends(number):
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    with owner:
        folder, supervisor = owner.stdout.readline().split()
        process = psutil.Process(int(supervisor))
        family = [process, *process.children(recursive=True)]
        assert len(family) == 3
        owner.send_signal(number)
        owner.wait(10)
        assert gone(Path(folder), family)


def test_nothing_is_left_when_the_supervisor_is_killed():
    server = Server(daemon=False).start()
    process = psutil.Process(server._keeper.pid)
    family = [process, *process.children(recursive=True)]
    os.kill(process.pid, signal.SIGKILL)
    server.stop()
    assert gone(server.home.parent, family)


def test_a_taken_port_is_said_before_anything_starts():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ConnectionFailedError, match=f"Port {port} is taken"):
            Server(port=port)
