"""Random scripts call every method through a faulty proxy and check each result or error.

To run more scripts: ``DAGSTER_NB_FAULT_SCRIPTS=500 pytest tests/faults/test_random_scripts.py``.
``DAGSTER_NB_FAULT_RUNS=1000`` sets the number of runs in the test that terminates many runs.
"""

from __future__ import annotations

import gc
import os
import tempfile
import threading
import time
from random import Random
from typing import TYPE_CHECKING
from uuid import uuid4

import psutil
import pytest

import dagster_nb as dnb
from dagster_nb.client import request_tag
from dagster_nb.sandbox.history.write import write_history
from dagster_nb.sandbox.local_dagster import LocalDagster
from tests.faults.faults import AtRandom, OneIn, cut, drip, fail_in_part, hold_back, latency, reply, truncate
from tests.faults.proxy import Proxy
from tests.faults.script_steps import STEPS, Script

if TYPE_CHECKING:
    from tests.faults.proxy import Fault

SCRIPTS = int(os.environ.get("DAGSTER_NB_FAULT_SCRIPTS", "100"))
RUNS_TO_STOP = int(os.environ.get("DAGSTER_NB_FAULT_RUNS", "60"))
STEPS_PER_SCRIPT = 2
TIMEOUT_SECONDS = 5.0
HTML = b"<html><h1>We will be back soon</h1></html>"
FAULTS: list[Fault] = [
    latency(0.02),
    drip(0.2),
    reply(429, headers={"Retry-After": "1"}),
    *(reply(status, body=HTML) for status in (500, 502, 503, 504)),
    reply(200, body=HTML),
    reply(401),
    reply(302, headers={"Location": "http://127.0.0.1:9/graphql"}),
    reply(200, body=b'{"errors": [{"message": "not today"}]}', headers={"Content-Type": "application/json"}),
    # With these faults, the server executes the request, but part or all of the response is lost.
    cut(0),
    cut(0),
    cut(0.5),
    truncate(),
    fail_in_part(),
]
# These faults exceed the client's timeout.
SLOW: list[Fault] = [hold_back(3 * TIMEOUT_SECONDS)]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    home = tmp_path_factory.mktemp("home")
    write_history(home, runs=300, seed=4)
    with LocalDagster(home, daemon=False) as server:
        yield server


@pytest.fixture(scope="module")
def instance(server):
    from dagster import DagsterInstance

    with DagsterInstance.from_config(str(server.home)) as instance:
        yield instance


@pytest.fixture(scope="module")
def direct(server):
    with dnb.connect(server.url, progress=False) as client:
        # Create finished runs, because one of the steps deletes a finished run.
        client.terminate(client.launch_many([{"job": "sync_crm"}] * 5))
        yield client


@pytest.fixture(autouse=True)
def _look_for_lost_launches_for_a_short_time(monkeypatch):
    monkeypatch.setattr(request_tag, "_PAUSES_SECONDS", (0.0, 0.1))


def what_is_open():
    """Return this process's threads, child processes, and number of open files and sockets."""
    gc.collect()
    process = psutil.Process()
    threads = {thread.name for thread in threading.enumerate() if thread.is_alive()}
    return (
        threads,
        {child.pid for child in process.children()},
        len(process.open_files()) + len(process.net_connections()),
    )


def run_script(seed, server, instance, direct):
    random = Random(seed)
    faults = [*random.sample(FAULTS, 4), *(SLOW if seed % 25 == 0 else [])]
    chaos = AtRandom(faults, seed=seed, share=random.choice([0.1, 0.3, 0.6]), limit=random.choice([1, 3, 8]))
    with Proxy(server.url) as proxy, dnb.connect(proxy.url, progress=False, timeout=TIMEOUT_SECONDS) as client:
        proxy.faults = [chaos]
        script = Script(client, direct, instance, random)
        for step in random.sample(STEPS, STEPS_PER_SCRIPT):
            script.take(step)
    return script, chaos


@pytest.fixture
def nothing_is_left(server, instance, direct, tmp_path, monkeypatch):
    """Check that a script leaves no threads, processes, sockets, open files or temporary files behind."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    direct.close()
    threads, children, files = what_is_open()
    yield
    direct.close()

    def is_as_before():
        now = what_is_open()
        return now[0] <= threads and now[1] <= children and now[2] <= files

    deadline = time.monotonic() + 60
    while not is_as_before() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert is_as_before(), (what_is_open(), threads, children, files)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("seed", range(SCRIPTS))
@pytest.mark.usefixtures("nothing_is_left")
def test_each_step_has_the_right_outcome_and_leaves_nothing_behind(seed, server, instance, direct):
    run_script(seed, server, instance, direct)


def test_every_step_succeeds_without_faults(server, instance, direct):
    """Detect steps that always fail, because the scripts with faults would not notice them."""
    script = Script(direct, direct, instance, Random(0))
    for step in STEPS:
        script.take(step)
    assert script.ended == ["ok"] * len(STEPS)


def test_one_call_stops_many_runs_although_responses_are_lost(server, instance, direct):
    queued = instance.get_run_by_id(direct.launch("sync_crm").run_id)
    ids = [str(uuid4()) for _ in range(RUNS_TO_STOP)]
    for run_id in ids:
        # Add the runs directly, because launching a run takes four times as long as stopping it.
        instance.add_run(queued._replace(run_id=run_id))
    with Proxy(server.url) as proxy, dnb.connect(proxy.url, progress=False) as client:
        lost = OneIn(3, cut(0), among=lambda request: request.operation == "TerminateRuns")
        proxy.faults = [OneIn(20, cut(0), among=None), lost]
        outcomes = client.terminate(ids)
    assert lost.fired >= 1
    assert outcomes["run_id"].tolist() == ids
    assert outcomes["outcome"].tolist() == ["canceled"] * RUNS_TO_STOP
    assert {instance.get_run_by_id(run_id).status.value for run_id in ids} == {"CANCELED"}
