"""A supervised process leaves no processes or folders behind, however its owner ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import psutil
import pytest

from dagster_nb.sandbox.supervised_process import ProcessExit, SupervisedProcess

# A parent and a child process that ignore SIGTERM.
STUBBORN_CODE = """
import signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
if len(sys.argv) == 1:
    subprocess.Popen([sys.executable, *sys.orig_argv[1:], "child"])
time.sleep(600)
"""
STUBBORN = [sys.executable, "-c", STUBBORN_CODE]
OWNER = """
import signal, sys
from pathlib import Path
signal.signal(signal.SIGHUP, signal.SIG_DFL)  # nohup ignores this signal in all child processes
from dagster_nb.sandbox.supervised_process import SupervisedProcess
process = SupervisedProcess([sys.executable, "-c", sys.argv[1]], folder=Path(sys.argv[2]))
print(process.pid, flush=True)
sys.stdin.readline()
"""
# The forked child keeps running, and keeps the owner's end of the pipe open.
FORKING_OWNER = OWNER.replace(
    "print(", "import os\nif os.fork() == 0:\n    import time\n    time.sleep(60)\n    os._exit(0)\nprint("
)


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "supervised"


@pytest.fixture
def run(folder):
    """Return a function that starts a command. The command is stopped after the test."""
    processes = []

    def start(*command, **options):
        processes.append(SupervisedProcess(command, folder=folder, **options))
        return processes[-1]

    yield start
    for process in processes:
        process.close()


def wait_for(condition, seconds=120):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def family(pid, count):
    """Wait until there are this many processes, and return the supervisor and its descendants."""
    supervisor = psutil.Process(pid)
    wait_for(lambda: len(supervisor.children(recursive=True)) >= count - 1)
    return [supervisor, *supervisor.children(recursive=True)]


def assert_gone(processes, folder):
    _, alive = psutil.wait_procs(processes, timeout=120)
    assert not alive
    wait_for(lambda: not folder.exists())


@pytest.mark.parametrize("grace_seconds", [0.0, 0.5])
def test_close_ends_all_processes_even_if_they_ignore_sigterm(run, folder, grace_seconds):
    process = run(*STUBBORN, files={folder / "home" / "a.yaml": "a: 1\n"}, grace_seconds=grace_seconds)
    processes = family(process.pid, 3)
    assert (folder / "home" / "a.yaml").read_text() == "a: 1\n"
    process.close()
    assert_gone(processes, folder)
    assert not process.running


def test_a_process_can_clean_up_during_the_grace_period(run, folder, tmp_path):
    done = tmp_path / "done"
    code = f"""
import pathlib, signal, sys, time
def end(*_):
    pathlib.Path({str(done)!r}).write_text("cleaned up")
    sys.exit()
signal.signal(signal.SIGTERM, end)
print("{{}}", flush=True)
time.sleep(600)
"""
    process = run(sys.executable, "-c", code, grace_seconds=15.0)
    assert process.read_messages(120) == [{}]
    process.close()
    assert done.read_text() == "cleaned up"


@pytest.mark.parametrize("owner_code", [OWNER, FORKING_OWNER], ids=["owner", "owner that has forked"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_no_process_is_left_when_the_owner_ends(folder, number, owner_code):
    owner = subprocess.Popen(
        [sys.executable, "-c", owner_code, STUBBORN_CODE, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    with owner:
        processes = family(int(owner.stdout.readline()), 3)
        forked = [one for one in psutil.Process(owner.pid).children() if one.pid != processes[0].pid]
        assert len(forked) == (owner_code is FORKING_OWNER)
        owner.send_signal(number)
        owner.wait(120)
        assert_gone(processes, folder)
        for one in forked:
            one.kill()


def test_no_process_is_left_when_the_supervisor_is_killed(run, folder):
    process = run(*STUBBORN)
    processes = family(process.pid, 3)
    os.kill(process.pid, signal.SIGKILL)
    wait_for(lambda: process.wait(0.1))
    assert process.exit == ProcessExit(None, "")
    process.close()
    assert_gone(processes, folder)


def test_the_command_can_notice_that_the_supervisor_was_killed(run):
    process = run(sys.executable, "-c", "import os; os.read(0, 1)")
    processes = family(process.pid, 2)
    os.kill(process.pid, signal.SIGKILL)
    assert not psutil.wait_procs(processes[1:], timeout=120)[1]


def test_the_exit_of_the_command_is_reported_with_the_end_of_its_log(run, folder):
    # The output is larger than the buffer of a pipe. Even so, the supervisor must not block.
    process = run(sys.executable, "-c", "raise SystemExit('much ' * 50_000 + 'out of memory')")
    wait_for(lambda: not process.running)
    ended = process.wait(120)
    assert ended.code == 1
    assert ended.log.endswith("much out of memory")
    assert process.wait(0) == ended
    assert process.log() == ended.log
    assert not folder.exists()


def test_child_processes_left_by_the_command_are_stopped(run, folder):
    code = """
import json, subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print(json.dumps({"child": child.pid}), flush=True)
raise SystemExit(3)
"""
    process = run(sys.executable, "-c", code)
    [message] = process.read_messages(120)
    assert process.wait(120).code == 3
    wait_for(lambda: not psutil.pid_exists(message["child"]))
    wait_for(lambda: not folder.exists())


def test_a_missing_command_is_reported(run, folder):
    process = run(str(folder / "no-such-program"))
    assert "no-such-program" in process.wait(120).log
    wait_for(lambda: not folder.exists())


def test_messages_arrive_in_order_and_other_output_is_logged(run):
    code = "import sys; print('{\"progress\": 0.5}'); print('{\"progress\": 1.0}', flush=True); sys.exit('the end')"
    process = run(sys.executable, "-c", code)
    messages = []
    while process.exit is None:
        messages += process.read_messages(120)
    assert messages == [{"progress": 0.5}, {"progress": 1.0}]
    assert process.exit == ProcessExit(1, "the end")


def test_output_can_go_to_standard_error(tmp_path):
    program = f"""
import sys
from pathlib import Path
from dagster_nb.sandbox.supervised_process import SupervisedProcess
command = [sys.executable, "-c", "import sys; print('out'); sys.exit('err')"]
process = SupervisedProcess(command, folder=Path({str(tmp_path / "supervised")!r}), show_output=True)
assert process.wait(120) is not None
process.close()
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert (done.stdout, sorted(done.stderr.split())) == ("", ["err", "out"])


def test_a_forked_child_does_not_stop_the_process(tmp_path):
    program = f"""
import os, sys
from pathlib import Path
from dagster_nb.sandbox.supervised_process import SupervisedProcess
command = [sys.executable, "-c", "import time; time.sleep(600)"]
process = SupervisedProcess(command, folder=Path({str(tmp_path / "supervised")!r}))
if (child := os.fork()) == 0:
    process.close()
    os._exit(0)
os.waitpid(child, 0)
print(process.running)
process.close()
print(process.running)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "False"]
