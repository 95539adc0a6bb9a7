"""Random scripts call every method through a faulty proxy and check each result or error.

To run more scripts: ``DAGSTER_NB_FAULT_SCRIPTS=500 pytest tests/faults/test_random_scripts.py``.
``DAGSTER_NB_FAULT_RUNS=1000`` sets the number of runs in the test that terminates many runs.
"""

from __future__ import annotations

import gc
import operator
import os
import tempfile
import threading
import time
from functools import partial
from random import Random
from uuid import uuid4

import psutil
import pytest

import dagster_nb as dnb
from dagster_nb.client import request_tag
from dagster_nb.graphql import limited_response
from dagster_nb.sandbox.demo import dagster_yaml
from dagster_nb.sandbox.history.write import write_history
from dagster_nb.sandbox.local_dagster import LocalDagster
from tests.faults.errors_by_fault import KINDS, MEGABYTES, SLOW, TIMEOUT_SECONDS
from tests.faults.faults import AtRandom, OneIn, cut, flood
from tests.faults.proxy import Proxy
from tests.faults.script_steps import (
    CATALOG,
    DETAILS,
    SLOW_STEPS,
    STEPS,
    Script,
    follow_a_live_run,
    read_catalog,
    read_details,
)

SCRIPTS = int(os.environ.get("DAGSTER_NB_FAULT_SCRIPTS", "100"))
RUNS_TO_STOP = int(os.environ.get("DAGSTER_NB_FAULT_RUNS", "60"))
STEPS_PER_SCRIPT = 2
# Requests must not exceed this timeout even on a busy machine, unless a fault delays them.
LONG_TIMEOUT_SECONDS = 60.0
SLOW_SCRIPTS = 25
# The steps call all client methods except these.
NOT_CALLED = {
    "close", "forbidden_actions", "graphql_document", "read_only", "url", "version",  # These methods send no requests.
    "shutdown_location",  # The other scripts need the code server.
}  # fmt: skip


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    home = tmp_path_factory.mktemp("home")
    (home / "dagster.yaml").write_text(dagster_yaml())
    with pytest.MonkeyPatch.context() as patch:
        # The dagster.yaml refers to this variable.
        patch.setenv("DAGSTER_HOME", str(home))
        write_history(home, runs=150, seed=4, events=True)
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
        # Imported packages have hundreds of thousands of objects. Exclude them from garbage collection, which would
        # otherwise take most of the time.
        gc.collect()
        gc.freeze()
        yield client
        gc.unfreeze()


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
    is_slow = seed % SLOW_SCRIPTS == 0
    kinds = [*random.sample(KINDS, 4), *([SLOW] if is_slow else [])]
    chaos = AtRandom(kinds, seed=seed, share=random.choice([0.1, 0.3, 0.6]), limit=random.choice([1, 3, 8]))
    timeout = TIMEOUT_SECONDS if is_slow else LONG_TIMEOUT_SECONDS
    with Proxy(server.url) as proxy, dnb.connect(proxy.url, progress=False, timeout=timeout) as client:
        proxy.faults = [chaos]
        script = Script(client, direct, instance, random, chaos)
        for step in random.sample(STEPS, STEPS_PER_SCRIPT):
            script.take(step)
        if seed % SLOW_SCRIPTS == 1:
            script.take(random.choice(SLOW_STEPS))


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
def test_each_step_has_the_right_outcome_and_leaves_nothing_behind(seed, server, instance, direct, monkeypatch):
    # Lower the limit, because reading a body up to the real limit takes a second and another test does this already.
    monkeypatch.setattr(limited_response, "MAX_RESPONSE_BYTES", 4 * 2**20)
    run_script(seed, server, instance, direct)


class Recorder:
    """Forwards method calls to a client and records the names of the methods."""

    def __init__(self, client):
        self.client = client
        self.called = set()

    def __getattr__(self, name):
        self.called.add(name)
        return getattr(self.client, name)


def test_every_method_succeeds_without_faults(server, instance, direct):
    """Detect steps that always fail. The scripts with faults would not notice this."""
    client = Recorder(direct)
    script = Script(client, direct, instance, Random(0))
    steps = [*STEPS, *SLOW_STEPS]
    steps += [partial(read_catalog, method=method) for method in CATALOG]
    steps += [partial(read_details, method=method) for method in DETAILS]
    for step in steps:
        script.take(step)
    assert script.ended == ["ok"] * len(steps)
    # The step chooses one of these methods at random.
    called = client.called | {"start", "stop"}
    assert called == {name for name in dir(dnb.DagsterClient) if not name.startswith("_")} - NOT_CALLED


def test_a_response_of_200_megabytes_is_rejected(server):
    with Proxy(server.url) as proxy, dnb.connect(proxy.url, progress=False) as client:
        proxy.faults = [flood(MEGABYTES * 2**20)]
        with pytest.raises(dnb.ConnectionFailedError, match="reads at most 128 MB"):
            client.query("query Q { version }")
        (_, exchange) = proxy.exchanges
        assert 128 * 2**20 < exchange.sent < 150 * 2**20
        assert not exchange.is_whole


@pytest.mark.parametrize("keep", [None, 0.5, 0.0], ids=["complete", "cut", "refused"])
def test_a_run_in_progress_is_followed_through_a_websocket(server, instance, direct, keep):
    with Proxy(server.url) as proxy, dnb.connect(proxy.url, progress=False) as client:
        among = operator.attrgetter("is_websocket")
        proxy.faults = [] if keep is None else [OneIn(1, cut(keep), among=among)]
        follow_a_live_run(Script(client, direct, instance, Random(0)))
        sockets = [exchange for exchange in proxy.exchanges if exchange.request.is_websocket]
        assert [bool(exchange.sent) for exchange in sockets] == [keep != 0] * len(sockets)
        assert sockets


def test_one_call_stops_many_runs_although_responses_are_lost(server, instance, direct):
    queued = instance.get_run_by_id(direct.launch("sync_crm").run_id)
    ids = [str(uuid4()) for _ in range(RUNS_TO_STOP)]
    for run_id in ids:
        # Add the runs to the storage directly, because launching a run takes four times as long as stopping it.
        instance.add_run(queued._replace(run_id=run_id))
    with Proxy(server.url) as proxy, dnb.connect(proxy.url, progress=False) as client:
        lost = OneIn(3, cut(0), among=lambda request: request.operation == "TerminateRuns")
        proxy.faults = [OneIn(20, cut(0), among=None), lost]
        outcomes = client.terminate(ids)
    assert lost.fired >= 1
    assert outcomes["run_id"].tolist() == ids
    assert outcomes["outcome"].tolist() == ["canceled"] * RUNS_TO_STOP
    assert {instance.get_run_by_id(run_id).status.value for run_id in ids} == {"CANCELED"}
