"""A source of runs for tests."""

from __future__ import annotations

from dagster_nb.client.display.progress import progress_bar
from dagster_nb.errors import RunNotFoundError
from dagster_nb.frames.runs import runs_frame
from dagster_nb.frames.steps import steps_frame


class FrameSource:
    """Returns runs from a list of records, which a test may change at any time."""

    url = "http://frames:3000"

    def __init__(self, records):
        self.records = records
        self.step_requests = []
        self.counts = 0
        self.listed = []

    def iter_runs(self, *, include=(), run_ids=None, updated_after=None, created_after=None, created_before=None):
        found = [one for one in self.records if run_ids is None or one["runId"] in run_ids]
        if updated_after is not None:
            found = [one for one in found if one["updateTime"] > updated_after.timestamp()]
        if created_after is not None:
            found = [one for one in found if one["creationTime"] > created_after.timestamp()]
        if created_before is not None:
            found = [one for one in found if one["creationTime"] < created_before.timestamp()]
        if found:
            yield runs_frame(found, include=include)

    def count_runs(self, **filters):
        self.counts += 1
        return sum(map(len, self.iter_runs(**filters)))

    def iter_run_ids(self, *, page_size=10_000, **bounds):
        ids = [run_id for page in self.iter_runs(**bounds) for run_id in page["run_id"]]
        for start in range(0, len(ids), page_size):
            self.listed += ids[start : start + page_size]
            yield ids[start : start + page_size]

    def steps(self, runs):
        self.step_requests.append(list(runs))
        by_id = {one["runId"]: one for one in self.records}
        if missing := [run_id for run_id in runs if run_id not in by_id]:
            raise RunNotFoundError(missing[0])
        return steps_frame([{"runId": run_id, "stepStats": by_id[run_id].get("steps", [])} for run_id in runs])

    def progress_bar(self, description, *, unit, total):
        return progress_bar(description, unit=unit, total=total(), visible=False)
