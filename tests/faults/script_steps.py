"""The steps of a fault script. Each step calls one method and checks the result or the error.

The expected results are read directly from the Dagster instance.
"""

from __future__ import annotations

from contextlib import contextmanager
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pandas as pd

import dagster_nb as dnb

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from random import Random

    from dagster import DagsterInstance, DagsterRun

JOB = {"job": "sync_crm"}
TAG = "script"
STATUS_AFTER_STOP = {
    "canceled": "CANCELED",
    "already_finished": "SUCCESS",
    "not_found": None,
    "failed": "QUEUED",
    "unauthorized": "QUEUED",
}


class Script:
    """Calls a client that is behind a faulty proxy, and checks its results.

    Attributes
    ----------
    ended
        The outcome of each step: ``"ok"`` or the name of an error class.
    """

    def __init__(self, client: dnb.DagsterClient, direct: dnb.DagsterClient, instance: DagsterInstance, random: Random):
        self.client = client
        self.direct = direct
        self.instance = instance
        self.random = random
        self.ended: list[str] = []

    def take(self, step: Callable[[Script], None]) -> None:
        """Run a step and record its outcome. An error that is not from dagster_nb fails the test."""
        try:
            step(self)
            self.ended.append("ok")
        except dnb.DagsterNbError as error:
            self.ended.append(type(error).__name__)

    def ids(self) -> list[str]:
        """Return the ids of all runs, newest first."""
        return [run.run_id for run in self.instance.get_runs()]

    def tagged(self, value: str) -> list[DagsterRun]:
        """Return the runs with this value of the tag that the scripts use."""
        from dagster import RunsFilter

        return self.instance.get_runs(RunsFilter(tags={TAG: value}))

    def queued(self, count: int) -> list[str]:
        """Launch runs that stay queued, bypassing the proxy."""
        return self.direct.launch_many([JOB] * count)["run_id"].tolist()

    def status(self, run_id: str) -> str | None:
        run = self.instance.get_run_by_id(run_id)
        return None if run is None else run.status.value

    def some(self, status: str, count: int) -> list[str]:
        ids = [run.run_id for run in self.instance.get_runs() if run.status.value == status]
        return self.random.sample(ids, min(count, len(ids)))


def read_runs(script: Script) -> None:
    limit = script.random.choice([1, 40, 250, None])
    frame = script.client.runs(limit=limit, page_size=script.random.choice([None, 30, 100]))
    assert frame["run_id"].tolist() == script.ids()[:limit]
    stored = {run.run_id: run.status.value for run in script.instance.get_runs()}
    assert dict(zip(frame["run_id"], frame["status"], strict=True)) == {one: stored[one] for one in frame["run_id"]}


def iterate_runs(script: Script) -> None:
    pages = list(script.client.iter_runs(page_size=script.random.choice([50, 150])))
    assert pd.concat(pages)["run_id"].tolist() == script.ids()


def read_past_a_deleted_run(script: Script) -> None:
    value = uuid4().hex
    script.direct.launch_many([{**JOB, "tags": {TAG: value}}] * 5)
    ids = [run.run_id for run in script.tagged(value)]
    read: list[str] = []
    for page in script.client.iter_runs(tags={TAG: value}, page_size=2):
        if not read:
            # This run is the cursor of the next page.
            script.instance.delete_run(page["run_id"].iloc[-1])
        read += page["run_id"].tolist()
    assert read == ids


def refresh_history(script: Script) -> None:
    with TemporaryDirectory() as folder:
        history = script.client.history(folder)
        try:
            history.refresh()
        except dnb.DagsterNbError:
            # After an error, the next refresh reads the remaining runs.
            history.refresh()
        stored = {run.run_id: run.status.value for run in script.instance.get_runs()}
        frame = history.runs()
        assert dict(zip(frame["run_id"], frame["status"], strict=True)) == stored


def count(script: Script) -> None:
    assert script.client.count_runs() == len(script.ids())
    assert script.client.count_runs(status="FAILURE") == len(script.some("FAILURE", 10_000))


def read_one_run(script: Script) -> None:
    (run_id,) = script.some("SUCCESS", 1)
    run = script.client.run(run_id).wait(timeout=60)
    assert (run.run_id, run.status) == (run_id, "SUCCESS")


def read_details(script: Script) -> None:
    method = script.random.choice(["events", "steps", "failures"])
    ids = script.some("FAILURE", 3)
    frame = getattr(script.client, method)(ids)
    pd.testing.assert_frame_equal(frame, getattr(script.direct, method)(ids))
    if method == "events":
        assert frame.groupby("run_id").size().to_dict() == {
            one: len(script.instance.all_logs(one)) for one in ids if script.instance.all_logs(one)
        }


def read_catalog(script: Script) -> None:
    method = script.random.choice(["jobs", "locations", "repositories", "daemons"])
    pd.testing.assert_frame_equal(getattr(script.client, method)(), getattr(script.direct, method)())


def follow(script: Script) -> None:
    (run_id,) = script.some("FAILURE", 1)
    frames = list(script.client.follow(run_id))
    expected = script.direct.events(run_id)
    followed = pd.concat(frames, ignore_index=True) if frames else expected.head(0)
    pd.testing.assert_frame_equal(followed, expected, check_dtype=False)


@contextmanager
def at_most_one_run(script: Script) -> Iterator[dict[str, Any]]:
    """Check that a launch creates one run on success, at most one if its outcome is unknown, and none on failure."""
    launch: dict[str, Any] = {"tags": {TAG: uuid4().hex}}
    most, least = 0, 0
    try:
        yield launch
        most = least = 1
    except dnb.OutcomeUnknownError:
        most = 1
        raise
    finally:
        runs = script.tagged(launch["tags"][TAG])
        assert least <= len(runs) <= most, (least, len(runs), most)
        if least:
            assert launch["run"].run_id == runs[0].run_id


def launch(script: Script) -> None:
    with at_most_one_run(script) as launched:
        launched["run"] = script.client.launch(**JOB, tags=launched["tags"])


def reexecute(script: Script) -> None:
    (run_id,) = script.some("FAILURE", 1)
    with at_most_one_run(script) as launched:
        config = script.random.choice([None, None, {}])
        launched["run"] = script.client.reexecute(
            run_id, tags=launched["tags"], run_config=config, strategy="all_steps"
        )
        assert script.instance.get_run_by_id(launched["run"].run_id).parent_run_id == run_id


def check_launches(script: Script, values: list[str], outcomes: pd.DataFrame) -> None:
    for value, row in zip(values, outcomes.itertuples(), strict=True):
        runs = script.tagged(value)
        if row.outcome in {"launched", "already_launched"}:
            assert [run.run_id for run in runs] == [row.run_id]
        else:
            assert len(runs) <= (row.outcome == "unknown"), (row, runs)


def launch_many(script: Script) -> None:
    values = [uuid4().hex for _ in range(4)]
    launches = [{**JOB, "tags": {TAG: value}} for value in values]
    batch = values[0]
    check_launches(script, values, script.client.launch_many(launches, batch=batch))
    # Repeat the call without the proxy to launch the runs that are still missing.
    outcomes = script.direct.launch_many(launches, batch=batch)
    assert set(outcomes["outcome"]) <= {"launched", "already_launched"}
    check_launches(script, values, outcomes)


def terminate(script: Script) -> None:
    ids = [*script.queued(3), *script.some("SUCCESS", 1), str(uuid4())]
    force = script.random.random() < 0.5
    outcomes = script.client.terminate(ids, force=force)
    assert outcomes["run_id"].tolist() == ids
    for row in outcomes.itertuples():
        status = script.status(row.run_id)
        if row.outcome != "unknown":
            assert STATUS_AFTER_STOP[row.outcome] == status, row
            assert status is None or row.status == status, row


def delete(script: Script) -> None:
    ids = [*script.queued(2), *script.some("CANCELED", 1), str(uuid4())]
    force = script.random.random() < 0.5
    outcomes = script.client.delete(ids, force=force)
    assert outcomes["run_id"].tolist() == ids
    for row in outcomes.itertuples():
        exists = script.status(row.run_id) is not None
        if row.outcome != "unknown":
            assert exists == (row.outcome in {"not_finished", "failed", "unauthorized"}), row
            assert exists or row.outcome in {"deleted", "not_found"}, row


STEPS: list[Callable[[Script], None]] = [
    read_runs, iterate_runs, read_past_a_deleted_run, refresh_history, count, read_one_run, read_details, read_catalog,
    follow, launch, reexecute, launch_many, terminate, delete,
]  # fmt: skip
