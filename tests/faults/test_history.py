"""After any sequence of changes, crashes and refreshes, a history contains the same runs as a real Dagster."""

from __future__ import annotations

import multiprocessing
import shutil
import tempfile
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import pytest
from dagster import DagsterInstance, DagsterRun, DagsterRunStatus
from dagster._core.events import DagsterEvent, DagsterEventType
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

import dagster_nb as dnb
from dagster_nb.history.runs_table import RunsTable
from dagster_nb.sandbox.local_dagster import LocalDagster
from tests.faults.refresh_process import OVERLAP, refresh_in_child, small_steps
from tests.server.conftest import DEFINITIONS

if TYPE_CHECKING:
    from dagster._core.storage.runs import RunStorage

INCLUDE = ("run_config", "asset_selection", "op_selection")
UNFINISHED = [DagsterRunStatus.NOT_STARTED, DagsterRunStatus.STARTING, DagsterRunStatus.STARTED]
EVENTS = {
    DagsterEventType.RUN_STARTING: UNFINISHED[1],
    DagsterEventType.RUN_START: UNFINISHED[2],
    DagsterEventType.RUN_CANCELING: DagsterRunStatus.CANCELING,
    DagsterEventType.RUN_CANCELED: DagsterRunStatus.CANCELED,
    DagsterEventType.RUN_FAILURE: DagsterRunStatus.FAILURE,
    DagsterEventType.RUN_SUCCESS: DagsterRunStatus.SUCCESS,
}
TEXT = st.text(alphabet="ab\",{}:\\\n'é名", min_size=1, max_size=4)
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["tests.faults.refresh_process", "deltalake"])


@pytest.fixture(scope="module")
def server():
    with LocalDagster(python_file=DEFINITIONS, location="tests", daemon=False) as server:
        yield server


class InterruptedRefreshError(Exception):
    pass


class HistoryMachine(RuleBasedStateMachine):
    """Applies random changes to a Dagster, and compares its history with it. Each sequence starts without runs."""

    server: LocalDagster
    client: dnb.DagsterClient
    other: dnb.DagsterClient
    storage: RunStorage

    @initialize(count=st.integers(0, 12))
    def start(self, count):
        self.storage.wipe()
        self.folder = Path(tempfile.mkdtemp())
        self.history = small_steps(self.client, self.folder)
        self.ids: list[str] = []
        self.kept: set[str] = set()
        for number in range(count):
            self.launch(f"job_{number % 3}", {}, UNFINISHED[0])

    @rule(job=TEXT, tags=st.dictionaries(TEXT, TEXT, max_size=2), status=st.sampled_from(UNFINISHED))
    def launch(self, job, tags, status):
        run = DagsterRun(job_name=job, run_id=str(uuid.uuid4()), tags=tags, status=status, run_config={"ops": tags})
        self.storage.add_run(run)
        self.ids.append(run.run_id)

    @precondition(lambda self: self.ids)
    @rule(data=st.data(), kind=st.sampled_from(list(EVENTS)))
    def change_status(self, data, kind):
        self.report(data.draw(st.sampled_from(self.ids)), kind, datetime.now(UTC))

    @precondition(lambda self: self.ids)
    @rule(data=st.data(), kind=st.sampled_from(list(EVENTS)), age=st.integers(1, 10_000))
    def report_a_late_event_of_a_new_or_unfinished_run(self, data, kind, age):
        # A refresh does not read finished runs again, so store late events only for other runs.
        finished = self.finished_in_history()
        others = [run_id for run_id in self.ids if run_id not in finished]
        if others:
            self.report(data.draw(st.sampled_from(others)), kind, datetime.now(UTC) - timedelta(seconds=age))

    def finished_in_history(self):
        # Open the history again, because a killed process may have written to it.
        history = self.client.history(self.folder)
        if history._table is None:
            return set()
        return set(history.runs(deleted=True)["run_id"]) - RunsTable(history._table).unfinished_ids()

    def report(self, run_id, kind, moment):
        event = DagsterEvent(event_type_value=kind.value, job_name="job")
        self.storage.handle_run_event(run_id, event, update_timestamp=moment)

    @precondition(lambda self: self.ids)
    @rule(data=st.data(), tags=st.dictionaries(TEXT, TEXT, min_size=1, max_size=2))
    def edit_tags(self, data, tags):
        self.storage.add_run_tags(data.draw(st.sampled_from(self.ids)), tags)

    @precondition(lambda self: self.ids)
    @rule(data=st.data(), count=st.integers(1, 5))
    def delete(self, data, count):
        for _ in range(min(count, len(self.ids))):
            run_id = data.draw(st.sampled_from(self.ids))
            self.storage.delete_run(run_id)
            self.ids.remove(run_id)

    @rule()
    def refresh(self):
        self.history.refresh(overlap=OVERLAP, all_deleted=True)
        self.check()

    @rule(pages=st.integers(0, 3))
    def interrupt_a_refresh(self, pages):
        left = [pages]

        def iter_runs(**filters):
            for page in self.client.iter_runs(page_size=3, **filters):
                if not left[0]:
                    raise InterruptedRefreshError
                left[0] -= 1
                yield page

        history = self.client.history(self.folder)
        history._source.iter_runs = iter_runs
        try:
            history.refresh(overlap=OVERLAP, all_deleted=True)
        except InterruptedRefreshError:
            return
        self.check()

    @rule(seconds=st.floats(0, 0.2))
    def kill_a_refreshing_process(self, seconds):
        ours, theirs = PROCESSES.Pipe()
        process = PROCESSES.Process(target=refresh_in_child, args=(self.server.url, self.folder, theirs))
        process.start()
        assert ours.poll(120)
        # Kill the process at a random time during its refresh.
        time.sleep(seconds)
        process.kill()
        process.join(120)

    @rule()
    def refresh_twice_at_once(self):
        with ThreadPoolExecutor() as threads:
            for refreshed in [
                threads.submit(history.refresh, overlap=OVERLAP, all_deleted=True)
                for history in (self.history, small_steps(self.other, self.folder))
            ]:
                refreshed.result()
        self.check()

    @rule()
    def compact(self):
        # A refresh that was killed before its first commit leaves a folder without a table.
        if any((self.folder / "runs" / "_delta_log").glob("*.json")):
            self.history.compact()

    def check(self):
        expected = self.client.runs(include=INCLUDE)
        pd.testing.assert_frame_equal(self.history.runs(include=INCLUDE), expected)
        assert set(expected["run_id"]) == set(self.ids)
        everything = self.history.runs(deleted=True)
        assert everything["run_id"].is_unique
        self.kept |= set(expected["run_id"])
        assert self.kept <= set(everything["run_id"])
        assert set(everything.loc[everything["deleted_at"].isna(), "run_id"]) == set(self.ids)

    def teardown(self):
        if hasattr(self, "folder"):
            try:
                self.refresh()
            finally:
                shutil.rmtree(self.folder, ignore_errors=True)


@pytest.mark.timeout(3600)
def test_a_history_equals_a_full_read_after_any_sequence_of_changes(server):
    # This runs 20 sequences by default, and 200 with `--hypothesis-profile=thorough`.
    sequences = settings().max_examples * 4 // 5
    with (
        dnb.connect(server.url, progress=False) as client,
        dnb.connect(server.url, progress=False) as other,
        DagsterInstance.from_config(str(server.home)) as instance,
    ):
        shared = {"server": server, "client": client, "other": other, "storage": instance.run_storage}
        run_state_machine_as_test(
            type("HistoryMachine", (HistoryMachine,), shared),
            settings=settings(max_examples=sequences, stateful_step_count=15, deadline=None),
        )
