"""Run Dagster, with its webserver and daemon in this process and its code server in another process.

`LocalDagster` runs ``_run_dagster.py SETTINGS`` with any Python interpreter that has Dagster. SETTINGS is a JSON file.

Importing Dagster is the slowest part of the start, so both processes import it at the same time, while the DAGSTER_HOME
is being filled. The code server starts first, but waits until the tables of the instance exist, because the tables
would be corrupted if two processes created them at the same time.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import traceback
from pathlib import Path
from types import SimpleNamespace

CODE_SERVER = "code-server"
RESTART_SECONDS = 1.0
CHECK_SECONDS = 0.05
# The process of every run needs these modules. Leave out the modules that the installed version of Dagster does not
# have.
MODULES_OF_RUNS = [
    "dagster._grpc.impl",
    "dagster._core.execution.plan.active",
    "dagster._core.remote_representation.grpc_server_state_subscriber",
    "dagster._core.storage.event_log",
    "dagster._core.storage.local_compute_log_manager",
    "dagster._core.storage.root",
    "dagster._core.storage.runs",
    "dagster._core.storage.schedules",
]


def main() -> None:
    """Prepare the DAGSTER_HOME, then serve until the process is killed."""
    threading.Thread(target=end_with_supervisor, daemon=True).start()
    settings = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    # Only the command that fills the home may write to standard output. Dagster's output goes to the log.
    messages = os.dup(sys.stdout.fileno())
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    code_server = start_code_server(settings["code_server"])
    fill = None
    if settings["fill"]:
        fill = subprocess.Popen(settings["fill"], stdin=subprocess.DEVNULL, stdout=messages)  # noqa: S603
    os.close(messages)
    if settings["copy"]:
        shutil.copytree(settings["copy"], os.environ["DAGSTER_HOME"], dirs_exist_ok=True)
    import dagster_webserver.cli  # noqa: PLC0415 - while the home is being filled

    if fill and fill.wait():
        sys.exit(f"The command that fills the DAGSTER_HOME exited with code {fill.returncode}. Its output is above.")
    create_tables()
    let_it_serve(code_server)
    while not Path(settings["socket"]).exists():
        if code_server.poll() is not None:
            sys.exit(f"The code server exited with code {code_server.returncode}. Its output is above.")
        time.sleep(CHECK_SECONDS)
    threading.Thread(target=keep_serving, args=(code_server, settings["code_server"]), daemon=True).start()
    if settings["daemon"]:
        threading.Thread(target=run_daemon, args=(settings["daemon"],), daemon=True).start()
    sys.argv = ["dagster-webserver", *settings["webserver"]]
    dagster_webserver.cli.main()  # type: ignore[no-untyped-call]


def end_with_supervisor() -> None:
    """Wait until the supervisor exits, then kill this process and all processes that it started."""
    os.read(sys.stdin.fileno(), 1)
    os.killpg(os.getpgrp(), signal.SIGKILL)


def create_tables() -> None:
    """Create the instance's tables if they do not exist yet."""
    from dagster import DagsterInstance  # noqa: PLC0415 - slow; see above

    with DagsterInstance.from_config(os.environ["DAGSTER_HOME"]) as instance:
        instance.get_runs_count()


def run_daemon(arguments: list[str]) -> None:
    """Run ``dagster-daemon`` in this thread, and exit the process when the daemon exits."""
    from dagster._daemon import cli  # noqa: PLC0415 - slow; see above

    # The command wants to set signal handlers, which only the main thread can do.
    cli.setup_interrupt_handlers = lambda: None  # type: ignore[attr-defined]
    try:
        cli.cli.main(arguments, standalone_mode=False)
    except BaseException:  # noqa: BLE001 - any exception belongs in the log
        traceback.print_exc()
    os._exit(1)


def start_code_server(arguments: list[str]) -> subprocess.Popen[bytes]:
    """Start a process that imports Dagster and then waits for `let_it_serve`."""
    command = [sys.executable, "-P", __file__, CODE_SERVER, *arguments]
    return subprocess.Popen(command, stdin=subprocess.PIPE)  # noqa: S603 - this script


def let_it_serve(code_server: subprocess.Popen[bytes]) -> None:
    """Tell a code server that the tables exist."""
    if code_server.stdin:
        code_server.stdin.write(b"\n")
        code_server.stdin.flush()


def keep_serving(code_server: subprocess.Popen[bytes], arguments: list[str]) -> None:
    """Restart the code server whenever it exits, for example when Dagster has asked it to shut down."""
    while True:
        code_server.wait()
        time.sleep(RESTART_SECONDS)
        code_server = start_code_server(arguments)
        let_it_serve(code_server)


def run_code_server(arguments: list[str]) -> None:
    """Run a code server as soon as the tables exist."""
    import dagster._cli  # noqa: PLC0415 - while the home is being filled

    fork_runs()
    if sys.stdin.readline():
        sys.argv = ["dagster", *arguments]
        dagster._cli.main()  # type: ignore[no-untyped-call]  # noqa: SLF001 - what the command `dagster` calls


def fork_runs() -> None:
    """Fork the process of each run from a process that has imported Dagster, so that short runs take less time."""
    from dagster._grpc import server  # noqa: PLC0415 - takes long; see above

    multiprocessing.set_forkserver_preload(MODULES_OF_RUNS)
    # Dagster asks for the context "spawn". Its processes would behave in the same way, but each of them would import
    # Dagster again.
    forkserver = multiprocessing.get_context("forkserver")
    server.multiprocessing = SimpleNamespace(  # type: ignore[assignment, attr-defined]
        get_context=lambda _method: forkserver,
        Process=multiprocessing.Process,  # old versions of Dagster use this name
    )


if __name__ == "__main__":
    if sys.argv[1] == CODE_SERVER:
        run_code_server(sys.argv[2:])
    else:
        main()
