"""A fake client, and a fake run whose events come from the test."""

import queue
import threading

import pandas as pd

from dagster_nb.client.compute_logs import ComputeLogs
from dagster_nb.client.run import RunFacts
from dagster_nb.frames.catalog import daemons_frame
from dagster_nb.frames.events import events_frame
from dagster_nb.frames.steps import steps_frame
from tests.unit.panels.conftest import NOW, make_run

RUN = make_run(0)["runId"]
END = object()


def events(count, start=0, **facts):
    made = [
        {
            "timestamp": str(1_700_000_000_000 + number),
            "eventType": None,
            "level": "INFO",
            "stepKey": "load",
            "message": f"line {number}",
            **facts,
        }
        for number in range(start, start + count)
    ]
    return events_frame({RUN: made})


class FakeRun(RunFacts):
    """A run of a fake client, whose events come from the test."""

    url = f"http://localhost:3000/runs/{RUN}"

    def __init__(self, **facts):
        super().__init__({**make_run(0, status="STARTED", endTime=None, runConfig={}), **facts}, self.url)
        self.facts = facts
        self.client = FakeClient(self)


class FakeClient:
    url = "http://localhost:3000"
    read_only = False
    forbidden_actions: dict = {}

    def __init__(self, run):
        self.known = run
        self.pages = queue.Queue()
        self.mode = "live"
        self.healthy = True
        self.step_records = []
        self.failed = []
        self.stopped = []
        self.outcome = {"outcome": "canceled", "status": "CANCELED", "message": pd.NA}
        self.closed = threading.Event()
        self.planned = []
        self.reexecuted = []
        self.new_run = None
        self.printed = ("", "")
        self.printed_steps = []
        self.continued = []

    def graphql_document(self, name):
        return name

    def query(self, document, variables):
        assert (document, variables) == ("run_plan", {"runId": self.known.run_id})
        return {"runOrError": {"executionPlan": {"steps": [{"key": key} for key in self.planned]}}}

    def compute_logs(self, run, step=None, *, after=None):
        self.continued.append(after)
        self.printed_steps.append(step)
        if isinstance(self.printed, Exception):
            raise self.printed
        return ComputeLogs(run, step, *self.printed)

    def reexecute(self, run, *, strategy):
        self.reexecuted.append((run, strategy))
        if isinstance(self.new_run, Exception):
            raise self.new_run
        self.known = self.new_run
        return self.new_run

    def follow(self, run, *, heartbeat):
        assert run == self.known.run_id
        try:
            while True:
                try:
                    page = self.pages.get(timeout=heartbeat)
                except queue.Empty:
                    page = events(0)
                if page is END:
                    return
                if isinstance(page, Exception):
                    raise page
                page.attrs["dagster_nb"] = {"mode": self.mode}
                yield page
        finally:
            self.closed.set()

    def become(self, status):
        end = NOW.timestamp() + 61 if status in {"SUCCESS", "FAILURE", "CANCELED"} else None
        record = {**make_run(0, status=status, endTime=end, runConfig={}), **self.known.facts}
        self.known = RunFacts(record, FakeRun.url)
        self.known.facts = {}

    def run(self, _run):
        return self.known

    def steps(self, _run):
        return steps_frame([{"runId": RUN, "stepStats": self.step_records}])

    def failures(self, _run):
        return pd.DataFrame(self.failed)

    def daemons(self):
        kind = {"daemonType": "QUEUED_RUN_COORDINATOR", "required": True, "lastHeartbeatTime": None}
        return daemons_frame([{**kind, "healthy": self.healthy}])

    def terminate(self, run, *, force=False):
        self.stopped.append(force)
        if isinstance(self.outcome, Exception):
            raise self.outcome
        self.become(self.outcome["status"])
        return pd.DataFrame([{"run_id": run, **self.outcome}])


def step(key, status):
    end = None if status == "IN_PROGRESS" else 3.0
    return {"stepKey": key, "status": status, "startTime": 1.0, "endTime": end, "attempts": [{"startTime": 1.0}]}
