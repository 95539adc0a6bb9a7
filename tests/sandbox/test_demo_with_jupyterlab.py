"""``dagster-nb demo`` starts JupyterLab and Dagster, and stops all their processes at the end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading

import psutil
import pytest

from tests.process_command_line import command_line

DEMO = [sys.executable, "-c", "from dagster_nb.cli import main; main(['demo', '--runs', '20'])"]


@pytest.fixture
def beside(tmp_path):
    """Start the command, wait until JupyterLab responds, and return the command, JupyterLab and all processes."""
    environment = {**os.environ, "BROWSER": "true", "HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path)}
    with subprocess.Popen(DEMO, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment) as command:
        timer = threading.Timer(120, command.terminate)
        timer.start()
        try:
            for line in command.stdout:
                if line.startswith("Press Ctrl-C to stop Dagster and JupyterLab."):
                    break
            for line in command.stderr:
                if "http://localhost:" in line:
                    break
            family = psutil.Process(command.pid).children(recursive=True)
            lab = next(one for one in family if "jupyterlab" in command_line(one))
            yield command, lab, family
        finally:
            timer.cancel()
            command.kill()
    assert not psutil.wait_procs(family, timeout=60)[1]


# Starting JupyterLab is slow, so only the tests of `SupervisedProcess` cover SIGTERM and SIGHUP.
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGKILL, -signal.SIGKILL)])
def test_stopping_the_command_stops_jupyterlab_and_dagster(beside, number, code):
    command, _, family = beside
    command.send_signal(number)
    assert command.wait(240) == code
    assert not psutil.wait_procs(family, timeout=60)[1]


def test_the_command_ends_when_jupyterlab_ends(beside):
    command, lab, family = beside
    lab.kill()
    assert command.wait(240) == 1
    assert "dagster-nb: JupyterLab exited with code -9" in command.stderr.read()
    assert not psutil.wait_procs(family, timeout=60)[1]


def test_jupyterlab_stays_open_if_dagster_ends(beside):
    command, lab, family = beside
    next(one for one in family if " ".join(command_line(one)).endswith("settings.json")).kill()
    for line in command.stderr:
        if "Save them, press Ctrl-C, then run: dagster-nb demo" in line:
            break
    assert lab.is_running()
    command.send_signal(signal.SIGINT)
    assert command.wait(240) == 130
