"""The steps of a fault script. Each step calls one method and checks the result or the error.

The expected results are read directly from the Dagster instance.
"""

from __future__ import annotations

from contextlib import contextmanager
from tempfile import TemporaryDirectory
from threading import Timer
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pandas as pd

import dagster_nb as dnb
from tests.faults.errors_by_fault import explained_errors, explained_outcomes

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence
    from random import Random

    from dagster import DagsterInstance, DagsterRun
    from dagster._core.execution.backfill import PartitionBackfill

    from tests.faults.faults import AtRandom

JOB = {"job": "sync_crm"}
PARTITIONED_JOB, ASSET = "export_invoices", "shop/raw_orders"
DAYS = ["2024-02-01", "2024-02-02", "2024-02-03"]
SCHEDULE, SENSOR = "ingest_orders_schedule", "crm_changes"
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

    Parameters
    ----------
    client
        The client behind the proxy.
    direct
        A client of the same server that bypasses the proxy.
    instance
        The server's instance.
    random
        The random number generator for the script's choices.
    chaos
        The proxy's faults. It is None if there are no faults.

    Attributes
    ----------
    ended
        The outcome of each step: ``"ok"`` or the name of an error class.
    """

    def __init__(
        self,
        client: dnb.DagsterClient,
        direct: dnb.DagsterClient,
        instance: DagsterInstance,
        random: Random,
        chaos: AtRandom | None = None,
    ):
        self.client = client
        self.direct = direct
        self.instance = instance
        self.random = random
        self.ended: list[str] = []
        self._chaos = chaos
        self._fired_before = 0

    def take(self, step: Callable[[Script], None]) -> None:
        """Run a step and record its outcome. Raise the step's error if the faults during the step cannot cause it."""
        self._fired_before = 0 if self._chaos is None else len(self._chaos.fired)
        try:
            step(self)
            self.ended.append("ok")
        except dnb.DagsterNbError as error:
            if type(error) not in explained_errors(self.fired):
                raise
            self.ended.append(type(error).__name__)

    @property
    def fired(self) -> list[Any]:
        """The faults during the current step."""
        return [] if self._chaos is None else self._chaos.fired[self._fired_before :]

    def check_outcomes(self, outcomes: pd.DataFrame, right: Collection[str]) -> None:
        """Check that each outcome is either the expected one or can be caused by the faults during the current step."""
        unexplained = set(outcomes["outcome"]) - set(right) - explained_outcomes(self.fired)
        assert not unexplained, (unexplained, outcomes, self.fired)

    def ids(self) -> list[str]:
        """Return the ids of all runs, newest first."""
        return [run.run_id for run in self.instance.get_runs()]

    def tagged(self, value: str) -> list[DagsterRun]:
        """Return the runs whose `TAG` has this value."""
        from dagster import RunsFilter

        return self.instance.get_runs(RunsFilter(tags={TAG: value}))

    def queued(self, count: int) -> list[str]:
        """Launch runs that stay queued, bypassing the proxy."""
        return self.direct.launch_many([JOB] * count)["run_id"].tolist()

    def cancel(self, run_id: str) -> None:
        """Store the event that Dagster stores when a queued run is canceled."""
        self.instance.report_run_canceled(self.instance.get_run_by_id(run_id))

    def backfills(self, value: str) -> list[PartitionBackfill]:
        """Return the backfills whose `TAG` has this value."""
        return [one for one in self.instance.get_backfills() if one.tags.get(TAG) == value]

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
            # This run will be the cursor of the next page.
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


def wait_for_a_live_run(script: Script) -> None:
    (run_id,) = script.queued(1)
    timer = Timer(0.2, script.cancel, [run_id])
    timer.start()
    try:
        run = script.client.run(run_id).wait(timeout=60)
    finally:
        timer.join()
    assert (run.run_id, run.status) == (run_id, "CANCELED")


def read_details(script: Script, method: str | None = None) -> None:
    method = method or script.random.choice(DETAILS)
    ids = script.some("FAILURE", 3)
    frame = getattr(script.client, method)(ids)
    pd.testing.assert_frame_equal(frame, getattr(script.direct, method)(ids))
    if method == "events":
        assert frame.groupby("run_id").size().to_dict() == {
            one: len(script.instance.all_logs(one)) for one in ids if script.instance.all_logs(one)
        }
        assert not frame.empty


def read_output(script: Script) -> None:
    (run_id,) = script.some("FAILURE", 1)
    logs = script.client.compute_logs(run_id)
    assert logs == script.direct.compute_logs(run_id)
    assert logs.stderr


def read_catalog(script: Script, method: str | None = None) -> None:
    method = method or script.random.choice(list(CATALOG))
    found, expected = (CATALOG[method](client) for client in (script.client, script.direct))
    if isinstance(expected, pd.DataFrame):
        pd.testing.assert_frame_equal(found, expected)
    else:
        assert found == expected


def follow(script: Script) -> None:
    (run_id,) = script.some("FAILURE", 1)
    frames = list(script.client.follow(run_id))
    expected = script.direct.events(run_id)
    followed = pd.concat(frames, ignore_index=True) if frames else expected.head(0)
    pd.testing.assert_frame_equal(followed, expected, check_dtype=False)


def follow_a_live_run(script: Script) -> None:
    (run_id,) = script.queued(1)
    frames = []
    for frame in script.client.follow(run_id):
        if not frames:
            # Use a timer, so that the client has time to open its websocket first.
            timer = Timer(0.3, script.cancel, [run_id])
            timer.start()
        frames.append(frame)
    timer.join()
    assert len(frames) > 1
    followed = pd.concat(frames, ignore_index=True)
    pd.testing.assert_frame_equal(followed, script.direct.events(run_id), check_dtype=False)


@contextmanager
def at_most_one(find: Callable[[str], Sequence[Any]], id_name: str) -> Iterator[dict[str, Any]]:
    """Check that a successful launch creates one run or backfill, a failed one none, and an uncertain one at most one.

    ``find`` returns what was launched with a tag, and ``id_name`` is the attribute with its id.
    """
    launch: dict[str, Any] = {"tags": {TAG: uuid4().hex}}
    most, least = 0, 0
    try:
        yield launch
        most = least = 1
    except dnb.OutcomeUnknownError:
        most = 1
        raise
    finally:
        found = find(launch["tags"][TAG])
        assert least <= len(found) <= most, (least, len(found), most)
        if least:
            assert getattr(launch["made"], id_name) == getattr(found[0], id_name)


def launch(script: Script) -> None:
    with at_most_one(script.tagged, "run_id") as launched:
        launched["made"] = script.client.launch(**JOB, tags=launched["tags"])


def reexecute(script: Script) -> None:
    (run_id,) = script.some("FAILURE", 1)
    with at_most_one(script.tagged, "run_id") as launched:
        config = script.random.choice([None, None, {}])
        launched["made"] = script.client.reexecute(
            run_id, tags=launched["tags"], run_config=config, strategy="all_steps"
        )
        assert script.instance.get_run_by_id(launched["made"].run_id).parent_run_id == run_id


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
    first = script.client.launch_many(launches, batch=batch)
    script.check_outcomes(first, {"launched"})
    check_launches(script, values, first)
    # Repeat the call without the proxy to launch the runs that are still missing.
    outcomes = script.direct.launch_many(launches, batch=batch)
    assert set(outcomes["outcome"]) <= {"launched", "already_launched"}
    check_launches(script, values, outcomes)


def reexecute_many(script: Script) -> None:
    value = uuid4().hex
    parents = script.some("FAILURE", 3)
    options = {"strategy": "all_steps", "tags": {TAG: value}, "batch": value}
    outcomes = script.client.reexecute_many(parents, **options)
    script.check_outcomes(outcomes, {"launched"})
    for again in (False, True):
        if again:
            # Repeat the call without the proxy to re-execute the remaining runs.
            outcomes = script.direct.reexecute_many(parents, **options)
            assert set(outcomes["outcome"]) <= {"launched", "already_launched"}
        assert outcomes["parent_run_id"].tolist() == parents
        runs = script.tagged(value)
        for row in outcomes.itertuples():
            made = [run.run_id for run in runs if run.parent_run_id == row.parent_run_id]
            if row.outcome in {"launched", "already_launched"}:
                assert made == [row.run_id]
            else:
                assert len(made) <= (row.outcome == "unknown"), (row, made)


def backfill(script: Script) -> None:
    target = script.random.choice([PARTITIONED_JOB, ASSET])
    with at_most_one(script.backfills, "backfill_id") as launched:
        launched["made"] = script.client.backfill(target, DAYS, tags=launched["tags"])


def materialize(script: Script) -> None:
    with at_most_one(script.tagged, "run_id") as launched:
        launched["made"] = script.client.materialize(ASSET, partition_keys=DAYS[:1], tags=launched["tags"])
        assert script.instance.get_run_by_id(launched["made"].run_id).tags["dagster/partition"] == DAYS[0]


def cancel_backfill(script: Script) -> None:
    value = uuid4().hex
    made = script.direct.backfill(ASSET, DAYS, tags={TAG: value})
    outcome = script.client.cancel_backfill(made.backfill_id)
    (stored,) = script.backfills(value)
    assert (outcome, stored.status.value) in {("canceled", "CANCELED"), ("canceling", "CANCELING")}


def start_or_stop(script: Script) -> None:
    act, status = script.random.choice([("start", "RUNNING"), ("stop", "STOPPED")])
    outcomes = getattr(script.client, act)([SCHEDULE, SENSOR])
    done = {"start": "started", "stop": "stopped"}[act]
    script.check_outcomes(outcomes, {done, f"already_{done}"})
    schedules, sensors = script.direct.schedules().set_index("schedule"), script.direct.sensors().set_index("sensor")
    statuses = [schedules["status"][SCHEDULE], sensors["status"][SENSOR]]
    assert outcomes["name"].tolist() == [SCHEDULE, SENSOR]
    for row, now in zip(outcomes.itertuples(), statuses, strict=True):
        if row.outcome in {done, f"already_{done}"}:
            assert now == status, row
        assert pd.isna(row.status) or row.status == now, row


def terminate(script: Script) -> None:
    ids = [*script.queued(3), *script.some("SUCCESS", 1), str(uuid4())]
    force = script.random.random() < 0.5
    outcomes = script.client.terminate(ids, force=force)
    script.check_outcomes(outcomes, {"canceled", "already_finished", "not_found"})
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
    script.check_outcomes(outcomes, {"deleted", "not_finished", "not_found"})
    assert outcomes["run_id"].tolist() == ids
    for row in outcomes.itertuples():
        exists = script.status(row.run_id) is not None
        if row.outcome != "unknown":
            assert exists == (row.outcome in {"not_finished", "failed", "unauthorized"}), row
            assert exists or row.outcome in {"deleted", "not_found"}, row


def reload_location(script: Script) -> None:
    script.client.reload_location("shop")
    assert script.direct.locations()["status"].tolist() == ["loaded"]


DETAILS = ["events", "steps", "failures"]
CATALOG: dict[str, Callable[[dnb.DagsterClient], Any]] = {
    "jobs": lambda client: client.jobs(),
    "locations": lambda client: client.locations(),
    "repositories": lambda client: client.repositories(),
    "daemons": lambda client: client.daemons(),
    "ops": lambda client: client.ops("sync_crm"),
    "run_config_schema": lambda client: client.run_config_schema("sync_crm").default_yaml,
    "assets": lambda client: client.assets(),
    "materializations": lambda client: client.materializations(ASSET),
    "asset_checks": lambda client: client.asset_checks(),
    "partitions": lambda client: client.partitions(asset=ASSET),
    "partitions of a job": lambda client: client.partitions(job=PARTITIONED_JOB),
    "schedules": lambda client: client.schedules(),
    "sensors": lambda client: client.sensors(),
    "ticks": lambda client: client.ticks(SENSOR),
    "backfills": lambda client: client.backfills(),
    "query": lambda client: client.query("query Q { version }"),
    "graphql_schema": lambda client: sorted(client.graphql_schema().type_map),
}
STEPS: list[Callable[[Script], None]] = [
    read_runs, iterate_runs, read_past_a_deleted_run, refresh_history, count, read_one_run, wait_for_a_live_run,
    read_details, read_output, read_catalog, read_catalog, follow, follow_a_live_run, launch, reexecute, launch_many,
    reexecute_many, materialize, backfill, cancel_backfill, start_or_stop, terminate, delete,
]  # fmt: skip
# These steps take several seconds of processor time, so only a few scripts contain them.
SLOW_STEPS: list[Callable[[Script], None]] = [reload_location]
