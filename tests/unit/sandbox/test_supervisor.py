"""The supervisor: whatever ends its owner, no process and no folder stays."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path

import psutil
import pytest

from dagster_nb.sandbox._keeper import Keeper

SLEEP = [sys.executable, "-c", "import time; time.sleep(600)"]
# A service with a child of its own, both of which do not care to be asked to end.
STUBBORN_CODE = """
import signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
if len(sys.argv) == 1:
    subprocess.Popen([sys.executable, *sys.orig_argv[1:], "child"])
time.sleep(600)
"""
STUBBORN = [sys.executable, "-c", STUBBORN_CODE]
OWNER = """
import json, sys
from dagster_nb.sandbox._keeper import Keeper
keeper = Keeper(json.loads(sys.argv[1]))
while not any("groups" in message for message in keeper.messages()):
    pass
print(keeper.pid, flush=True)
sys.stdin.readline()
"""


def order(tmp_path, **changes):
    folder = tmp_path / uuid.uuid4().hex
    return {
        "folder": str(folder),
        "files": {str(folder / "home" / "a.yaml"): "a: 1\n"},
        "prepare": None,
        "services": {"one": SLEEP, "two": STUBBORN},
        "restart": [],
        "environment": {},
        "grace_seconds": 0.0,
        **changes,
    }


def listen(keeper, wanted, seconds=15.0):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        for message in keeper.messages():
            if wanted in message:
                return message
    raise AssertionError(f"no {wanted}")


def family(pid, count):
    """The supervisor and all that it started, once they are all there."""
    supervisor = psutil.Process(pid)
    deadline = time.monotonic() + 15
    while len(processes := [supervisor, *supervisor.children(recursive=True)]) < count:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return processes


def assert_gone(processes, folder):
    _, alive = psutil.wait_procs(processes, timeout=15)
    assert not alive
    assert not Path(folder).exists()


@pytest.mark.parametrize("grace", [0.0, 0.5])
def test_close_ends_everything_even_the_stubborn(tmp_path, grace):
    given = order(tmp_path, grace_seconds=grace)
    keeper = Keeper(given)
    listen(keeper, "groups")
    processes = family(keeper.pid, 4)
    assert (Path(given["folder"]) / "prepared").exists()
    assert (Path(given["folder"]) / "home" / "a.yaml").read_text() == "a: 1\n"
    keeper.close()
    assert_gone(processes, given["folder"])
    assert not keeper.alive


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_nothing_stays_when_the_owner_ends(tmp_path, number):
    given = order(tmp_path)
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER, json.dumps(given)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    with owner:
        processes = family(int(owner.stdout.readline()), 4)
        owner.send_signal(number)
        owner.wait(15)
        assert_gone(processes, given["folder"])


def test_nothing_stays_when_the_supervisor_itself_is_killed(tmp_path):
    given = order(tmp_path)
    keeper = Keeper(given)
    listen(keeper, "groups")
    processes = family(keeper.pid, 4)
    os.kill(keeper.pid, signal.SIGKILL)
    keeper.close()
    assert_gone(processes, given["folder"])


def test_the_end_of_a_service_is_told_with_its_log(tmp_path):
    given = order(tmp_path, services={"one": SLEEP, "bad": [sys.executable, "-c", "raise SystemExit('no such thing')"]})
    keeper = Keeper(given)
    message = listen(keeper, "failed")
    assert (message["failed"], message["code"]) == ("bad", 1)
    assert message["log"] == "no such thing"
    keeper.close()
    assert not Path(given["folder"]).exists()


def test_a_service_that_ends_later_is_the_end_and_the_reason_of_it(tmp_path):
    # More than a pipe holds; the supervisor must not wait for somebody to read it.
    dying = [sys.executable, "-c", "raise SystemExit('much ' * 50_000 + 'out of memory')"]
    keeper = Keeper(order(tmp_path, services={"one": SLEEP, "webserver": dying}))
    deadline = time.monotonic() + 15
    while keeper.alive:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    # Its last words, and then its end.
    why = keeper.exit_reason() or keeper.exit_reason()
    assert why.startswith("Its webserver ended with code 1. The last lines of its log say why:\n")
    assert why.endswith("much out of memory")
    assert keeper.exit_reason() == why
    keeper.close()


def test_a_failed_preparation_ends_everything(tmp_path):
    given = order(
        tmp_path,
        services={"one": SLEEP},
        prepare=[sys.executable, "-c", "print('{\"progress\": 0.5}', flush=True); 1 / 0"],
    )
    keeper = Keeper(given)
    assert listen(keeper, "progress") == {"progress": 0.5}
    message = listen(keeper, "failed")
    assert message["failed"] == "prepare"
    assert "ZeroDivisionError" in message["log"]
    keeper.close()
    assert not Path(given["folder"]).exists()


def test_a_service_to_restart_comes_back(tmp_path):
    given = order(tmp_path, services={"one": SLEEP}, restart=["one"])
    keeper = Keeper(given)
    listen(keeper, "groups")
    _, first = family(keeper.pid, 2)
    first.kill()
    first.wait(5)
    _, second = family(keeper.pid, 2)
    assert second.pid != first.pid
    keeper.close()
    assert_gone([second], given["folder"])
