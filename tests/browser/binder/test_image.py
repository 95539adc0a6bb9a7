"""The image: repo2docker uses the files in `binder/`, and all builds on one day create the same history."""

from __future__ import annotations

import sqlite3
import subprocess
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from tests.browser.binder.binder_without_docker import Plan, dockerfile

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.extended

# Row ids, snapshot ids and insertion times differ between builds, so these queries omit them.
RUNS = (
    "SELECT run_id, status, pipeline_name, run_body, create_timestamp, start_time, end_time FROM runs ORDER BY run_id"
)
EVENTS = "SELECT run_id, timestamp, step_key, dagster_event_type, event FROM event_logs ORDER BY id"


def history(home: Path):
    """Return the rows of the only cached history, and its name, which contains the last day of the history."""
    (kept,) = (home / ".cache" / "dagster_nb" / "demo").iterdir()
    rows = []
    for database, query in ((kept / "history" / "runs.db", RUNS), (kept / "event_log.db", EVENTS)):
        with closing(sqlite3.connect(database)) as connection:
            rows.append(connection.execute(query).fetchall())
    return kept.name, rows


def test_repo2docker_uses_the_files_in_the_binder_folder(replay):
    plan = Plan.of(dockerfile(replay.home))
    assert f"python-{plan.python}" == (replay.home / "binder" / "runtime.txt").read_text().strip()
    # Installing the package needs the whole repository, so every step must run after the repository is copied.
    assert plan.early == []
    assert plan.steps == [
        '${KERNEL_PYTHON_PREFIX}/bin/pip install --no-cache-dir -r "binder/requirements.txt"',
        "chmod +x binder/postBuild",
        "./binder/postBuild",
        'chmod +x "${REPO_DIR}/binder/start"',
    ]
    assert plan.entrypoint == "${REPO_DIR}/binder/start"


def test_the_packages_of_the_image_do_not_conflict(replay):
    check = [f"{replay.prefix}/bin/python", "-m", "pip", "check"]
    done = subprocess.run(check, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert replay.step("python -P -c 'import dagster_nb; print(dagster_nb.__file__)'").startswith(str(replay.prefix))


def test_requests_to_another_machine_are_detected(replay):
    program = "import socket\ntry: socket.create_connection(('example.com', 80))\nexcept OSError as error: print(error)"
    assert replay.step(f'python -c "{program}"') == "no network here: example.com\n"
    assert replay.strangers.read_text().startswith("example.com ")
    replay.strangers.unlink()


def test_two_builds_on_one_day_have_the_same_history(replay, tmp_path):
    name, rows = history(replay.home)
    replay.step("./binder/postBuild", environment={"HOME": str(tmp_path)})
    again, rows_again = history(tmp_path)
    if again != name:  # it was midnight
        replay.step("rm -r ~/.cache/dagster_nb && ./binder/postBuild")
        name, rows = history(replay.home)
    assert (again, len(rows_again[0])) == (name, 2000)
    assert rows_again == rows
    # A second postBuild leaves the history unchanged.
    replay.step("./binder/postBuild", environment={"HOME": str(tmp_path)})
    assert history(tmp_path) == (name, rows)
