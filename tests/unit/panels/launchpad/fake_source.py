"""A fake source for a launchpad. It has jobs and records checks and launches."""

from dagster_nb.client.arguments.job_address import JobAddress
from dagster_nb.panels.launchpad.source import Scaffold
from tests.unit.panels.monitor.fake_client import FakeRun

TRAIN = JobAddress("train", "ml", "repo")
LOAD = JobAddress("load", "etl", "repo")
OTHER_LOAD = JobAddress("load", "etl", "other")
SCAFFOLD = "ops:\n  fit:\n    config:\n      target: sales\n"


class FakeSource:
    url = "http://localhost:3000"
    reason_forbidden = None

    def __init__(self):
        self.listed = [(LOAD, False), (OTHER_LOAD, False), (TRAIN, False)]
        self.scaffolds = {TRAIN: Scaffold(SCAFFOLD, ("fit", "judge"), ("2026-01-01", "2026-01-02"))}
        self.checked = []
        self.partitions_read = []
        self.sent = []
        self.wrong = lambda _config: []
        self.answer = FakeRun
        self.error = None
        self.gates = {}

    def jobs(self):
        if self.error is not None:
            raise self.error
        return self.listed

    def scaffold(self, address, *, is_asset_job):
        return self.scaffolds.get(address, Scaffold("{}\n"))

    def partition_config(self, address, partition):
        self.partitions_read.append(partition)
        if gate := self.gates.get(partition):
            gate.wait(5)
        if self.error is not None:
            raise self.error
        return f"day: {partition}\n"

    def run_config(self, address, run_id):
        if self.error is not None:
            raise self.error
        return f"run: {run_id or 'last'}\n"

    def check(self, address, config, ops):
        self.checked.append((config, list(ops)))
        if gate := self.gates.get(config):
            gate.wait(5)
        if self.error is not None:
            raise self.error
        return self.wrong(config)

    def launch(self, address, **options):
        self.sent.append((address.job, options))
        if gate := self.gates.get("launch"):
            gate.wait(5)
        answer = self.answer()
        if isinstance(answer, Exception):
            raise answer
        return answer
