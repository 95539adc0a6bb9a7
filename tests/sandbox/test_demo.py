"""The demo's Dagster can read, re-execute and terminate the runs of its history, and leaves no processes behind."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd
import psutil
import pytest
from dagster import AssetKey, AssetRecordsFilter, DagsterEventType, DagsterInstance, RunsFilter
from matplotlib.axes import Axes

import dagster_nb as dnb
from dagster_nb import analysis
from dagster_nb.cli import main
from dagster_nb.errors import MissingExtraError
from dagster_nb.sandbox import local_dagster
from dagster_nb.sandbox.definitions import defs
from dagster_nb.sandbox.demo import demo
from dagster_nb.sandbox.history.ground_truth import GroundTruth
from dagster_nb.sandbox.history.plan import plan_history
from dagster_nb.sandbox.local_dagster import DEMO_LOCATION
from tests.compare_with_instance import (
    compare_asset_partitions,
    compare_assets,
    compare_backfills,
    compare_events,
    compare_job_partitions,
    compare_materializations,
    compare_schedules,
    compare_sensors,
    compare_ticks,
)
from tests.process_command_line import command_line
from tests.unit.analysis.digests.every_kind import findings_of_every_kind
from tests.unit.analysis.digests.expected_findings import check_findings, is_quiet

# Dagster raises these warnings when a test reads the instance.
pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning:dagster"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning:alembic"),
]

DAY = pd.Timedelta("24h")
SECOND = """
import json, sys
from dagster_nb.sandbox.demo import demo
demo = demo(runs=2000)
print(json.dumps([str(demo.home), demo._dagster.pid, demo.truth.to_json()]), flush=True)
sys.stdin.readline()
"""


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        with demo(runs=2000) as demo_:
            yield demo_


@pytest.fixture(scope="module")
def history(running):
    return plan_history(2000, seed=0, until=running.truth.as_of)


@pytest.fixture(scope="module")
def instance(running):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DAGSTER_HOME", str(running.home))
        with DagsterInstance.get() as instance:
            yield instance


def statuses(client, ids):
    frame = client.runs(run_ids=ids)
    return dict(zip(frame["run_id"], frame["status"], strict=True))


def wait_for(condition, seconds=120):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.2)


def is_of_a_run(process):
    """Return whether a process belongs to a run, that is, whether it was forked from a fork server."""
    try:
        parent = process.parent()
        return parent is not None and all("forkserver" in " ".join(command_line(one)) for one in (process, parent))
    except psutil.NoSuchProcess:
        return False


def test_the_instance_has_the_planned_runs_in_the_planned_order(instance, history, running):
    assert history.truth == running.truth
    records = [
        r for r in instance.get_run_records(ascending=True) if r.dagster_run.run_id not in running.unfinished_runs
    ]
    assert [record.dagster_run.run_id for record in records] == [run.run_id for run in history.runs]
    for record, run in zip(records, history.runs, strict=True):
        stored = record.dagster_run
        assert (stored.job_name, stored.status.value) == (run.job, run.status)
        assert (stored.parent_run_id, stored.root_run_id) == (run.parent_run_id, run.root_run_id)
        assert stored.run_config == run.run_config
        assert run.tags.items() <= stored.tags.items()
        assert (record.start_time, record.end_time) == (run.started, run.ended)
        assert record.create_timestamp.timestamp() == pytest.approx(run.created, abs=1e-6)


def test_steps_and_failures_agree_with_the_instance(instance, history, running):
    sample = [*history.runs[::70], *[run for run in history.runs if run.status == "FAILURE"][::4]]
    for run in sample:
        stats = {stat.step_key: stat for stat in instance.get_run_step_stats(run.run_id)}
        assert set(stats) == {step.key for step in run.steps}
        for step in run.steps:
            assert stats[step.key].attempts == step.attempts
            assert (stats[step.key].start_time, stats[step.key].end_time) == (step.start, step.end)
    steps = running.client.steps([run.run_id for run in sample])
    seen = {(row.run_id, row.step_key): row.duration.total_seconds() for row in steps.itertuples()}
    assert seen == {
        (run.run_id, step.key): pytest.approx(step.end - step.start, abs=2e-6) for run in sample for step in run.steps
    }
    failures = running.client.failures([run.run_id for run in sample])
    assert {row.run_id: (row.step_key, row.error_class) for row in failures.itertuples()} == {
        run.run_id: (running.truth.failures[run.run_id][0], running.truth.failures[run.run_id][2])
        for run in sample
        if run.status == "FAILURE"
    }


def test_events_agree_with_the_instance(instance, history, running):
    sample = [run.run_id for run in history.runs[::150]]
    events = running.client.events(sample)
    for run_id in sample:
        logged = instance.all_logs(run_id)
        assert [entry.timestamp for entry in logged] == sorted(entry.timestamp for entry in logged)
        read = events[events["run_id"] == run_id]
        # The server truncates times to milliseconds.
        assert (read["timestamp"].astype("int64") // 1_000).tolist() == [
            int(entry.timestamp * 1_000 + 1e-6) for entry in logged
        ]
        # The instance stores the old names of event types, but the server returns the new names.
        assert [None if kind is pd.NA else kind for kind in read["event_type"]] == [
            entry.dagster_event.event_type_value.replace("PIPELINE_", "RUN_") if entry.dagster_event else None
            for entry in logged
        ]
        assert [None if step is pd.NA else step for step in read["step_key"]] == [entry.step_key for entry in logged]


def test_failures_show_the_innermost_cause_of_the_stored_error(instance, history, running):
    failed = [run.run_id for run in history.runs if run.status == "FAILURE"][::9]
    failures = running.client.failures(failed).set_index("run_id")
    for run_id in failed:
        stored = instance.all_logs(run_id, of_type=DagsterEventType.STEP_FAILURE)[-1].dagster_event
        error = stored.step_failure_data.error
        while error.cause is not None:
            error = error.cause
        assert failures.loc[run_id, "error_class"] == error.cls_name
        assert failures.loc[run_id, "error_message"] in error.message
        assert failures.loc[run_id, "step_key"] == stored.step_key


def test_dagster_finds_the_runs_of_the_partitions_of_a_job(history, running):
    partitions = running.client.partitions(job="daily_sales").set_index("partition_key")
    ended = {}
    for run in history.runs:
        if run.job == "daily_sales" and run.status != "CANCELED":
            ended[run.tags["dagster/partition"]] = run
    assert partitions.loc[list(ended), "run_id"].tolist() == [run.run_id for run in ended.values()]
    others = partitions[~partitions.index.isin(ended)]
    assert set(others["status"]) == {"MISSING"}


def test_the_assets_have_the_materializations_of_all_successful_runs(instance, history, running):
    done = [run for run in history.runs if run.job == "daily_sales" and run.status == "SUCCESS"]
    for name in ("raw_orders", "orders", "daily_revenue"):
        key = AssetKey(["shop", name])
        records = instance.fetch_materializations(AssetRecordsFilter(key), limit=1000).records
        assert {record.partition_key for record in records} >= {run.tags["dagster/partition"] for run in done}
        latest = instance.get_latest_materialization_event(key)
        assert latest.run_id == max(done, key=lambda run: run.ended).run_id
    query = """{ assetOrError(assetKey: {path: ["shop", "daily_revenue"]}) { ... on Asset {
        assetMaterializations(limit: 3) { partition metadataEntries { label __typename } } } } }"""
    for made in running.client.query(query)["assetOrError"]["assetMaterializations"]:
        kinds = {entry["label"]: entry["__typename"] for entry in made["metadataEntries"]}
        assert kinds["revenue_eur"] == "FloatMetadataEntry"
        assert kinds["data_until"] == "TimestampMetadataEntry"


def test_dagster_reads_backfills_and_ticks(history, running):
    query = """{ partitionBackfillsOrError { ... on PartitionBackfills { results {
        id status numPartitions partitionStatusCounts { runStatus count } } } } }"""
    backfills = running.client.query(query)["partitionBackfillsOrError"]["results"]
    assert {backfill["id"]: backfill["numPartitions"] for backfill in backfills} == {
        backfill.backfill_id: len(backfill.partitions) for backfill in history.backfills
    }
    assert {backfill["status"] for backfill in backfills} == {"COMPLETED_SUCCESS", "COMPLETED_FAILED"}
    selector = """{repositoryLocationName: "shop", repositoryName: "__repository__", %s}"""
    query = """{
      sensorOrError(sensorSelector: %s) { ... on Sensor { sensorState { ticks(limit: 5000) { status } } } }
      scheduleOrError(scheduleSelector: %s) { ... on Schedule { scheduleState { ticks(limit: 5000) { runIds } } } }
    }""" % (selector % 'sensorName: "crm_changes"', selector % 'scheduleName: "ingest_orders_schedule"')  # noqa: UP031
    answer = running.client.query(query)
    assert {tick["status"] for tick in answer["sensorOrError"]["sensorState"]["ticks"]} == {
        "SUCCESS",
        "SKIPPED",
        "FAILURE",
    }
    launched = {run_id for tick in answer["scheduleOrError"]["scheduleState"]["ticks"] for run_id in tick["runIds"]}
    assert launched == {
        run.run_id for run in history.runs if run.job == "ingest_orders" and run.tags.get("dagster/schedule_name")
    }


SALES = ["raw_orders", "orders", "daily_revenue"]
GRAPH = defs.resolve_asset_graph()
REPOSITORY = defs.get_repository_def()


def _newest_runs_of_assets(instance):
    runs = instance.get_runs(RunsFilter(job_name="daily_sales"), limit=20)
    return [run.run_id for run in runs if run.is_finished]


COMPARISONS = {
    "assets": lambda client, instance: compare_assets(client, instance, GRAPH, DEMO_LOCATION),
    "backfills": compare_backfills,
    "schedules": lambda client, instance: compare_schedules(client, instance, REPOSITORY, DEMO_LOCATION),
    "sensors": lambda client, instance: compare_sensors(client, instance, REPOSITORY, DEMO_LOCATION),
    "events": lambda client, instance: compare_events(client, instance, _newest_runs_of_assets(instance)),
    **{f"partitions of {job}": partial(compare_job_partitions, job=defs.resolve_job_def(job))
       for job in ("daily_sales", "export_invoices")},
    **{f"partitions of {name}": partial(compare_asset_partitions, graph=GRAPH, key=AssetKey(["shop", name]))
       for name in SALES},
    **{f"materializations of {name}": partial(compare_materializations, key=AssetKey(["shop", name]))
       for name in SALES},
    **{f"ticks of {one.name}": partial(compare_ticks, name=one.name, location=DEMO_LOCATION)
       for one in [*defs.schedules, *defs.sensors]},
}  # fmt: skip


@pytest.mark.parametrize("frame", COMPARISONS)
def test_frames_match_the_instance_and_the_definitions(running, instance, frame):
    COMPARISONS[frame](running.client, instance)


def test_runs_of_the_history_have_compute_logs(history, running):
    newest = next(run for run in reversed(history.runs) if run.steps)
    logs = running.client.compute_logs(newest.run_id)
    assert logs.stdout
    assert logs.stderr


def test_the_dagster_command_lists_the_runs(history, running):
    command = [sys.executable, "-m", "dagster", "run", "list", "--limit", "20"]
    listed = subprocess.run(
        command, env={**os.environ, "DAGSTER_HOME": str(running.home)}, capture_output=True, text=True, check=True
    )
    assert history.runs[-1].run_id in listed.stdout


def sensor_failure(history):
    """Return the time one hour after the sensor failed."""
    [failed] = [tick for tick in history.ticks if tick.error and tick.name == "crm_changes"]
    return pd.Timestamp(failed.at, unit="s", tz="UTC") + pd.Timedelta("1h")


def test_a_current_digest_finds_exactly_what_the_ground_truth_contains(running, history):
    digest = analysis.digest(running.client)
    assert "Not checked" not in repr(digest)
    check_findings(digest, history)
    truth = running.truth
    what = digest.findings.set_index("kind")["what"]
    key, before, after = truth.slower_tag
    [since] = digest.findings.query("kind == 'slower job'")["since"]
    # The digest may date the slowdown two runs too early or too late, and runs can be more than a day apart.
    runs = [pd.Timestamp(run.created, unit="s", tz="UTC") for run in history.runs if run.job == truth.slower_job]
    between = [min(since, truth.slower_since) <= run < max(since, truth.slower_since) for run in runs]
    assert sum(between) <= 2
    factor = float(what["slower job"].split(", ")[1].split(" times")[0])
    assert factor == pytest.approx(truth.slower_factor, rel=0.15)
    assert f"tag {key} changed from {before} to {after}" in what["slower job"]
    assert truth.missing_partition in what["missing partition"]
    assert 'role="img"' in digest._repr_html_()


@pytest.fixture(scope="module")
def digest_of_a_broken_day(running):
    return analysis.digest(running.client, as_of=f"{running.truth.broken_days[1]}T18:00")


def test_digests_of_past_days_find_exactly_what_the_ground_truth_contains(running, history, digest_of_a_broken_day):
    truth = running.truth
    check_findings(digest_of_a_broken_day, history)
    new = digest_of_a_broken_day.findings.query("kind == 'new failure'").set_index("subject").loc[truth.broken_job]
    assert new["severity"] == "error"
    step, _, cause = truth.failures[new["run_ids"][0]]
    assert f"failed in {step} with {cause}" in new["what"]

    digest = analysis.digest(running.client, as_of=sensor_failure(history))
    check_findings(digest, history)
    ticks = digest.findings.query("kind == 'failed tick'")
    assert ticks["subject"].tolist() == ["crm_changes"]


def test_the_next_step_of_every_finding_can_be_run(running, history, digest_of_a_broken_day):
    """Run the next steps that findings of every kind suggest.

    A read-only client refuses steps that would change something.
    """
    ids = [run.run_id for run in history.runs if run.steps]
    found = findings_of_every_kind(job="daily_sales", automation="daily_sales_schedule", asset="shop/orders", ids=ids)
    codes = sorted({one.next_step for one in found} | set(digest_of_a_broken_day.findings["next_step"]))
    refused = []
    with dnb.connect(running.url, read_only=True, progress=False) as client:
        for code in codes:
            try:
                shown = eval(code, {"client": client, "dnb": dnb})  # noqa: S307 - code of this package
            except dnb.ReadOnlyError:
                refused.append(code.partition("(")[0])
            else:
                assert isinstance(shown, pd.DataFrame | Axes), code
            plt.close("all")
    assert set(refused) == {
        "client.launch", "client.launch_many", "client.reexecute_many", "client.terminate",
    }  # fmt: skip


def run_command(*arguments):
    with pytest.raises(SystemExit) as ended:
        main(list(arguments))
        raise SystemExit(0)
    return ended.value.code


def test_the_exit_code_of_the_digest_command_says_whether_something_is_wrong(running, history, tmp_path, capsys):
    page = tmp_path / "digest.html"
    command = ("digest", "--url", running.url, "--since", "24h", "--html", str(page))
    assert run_command(*command, "--as-of", f"{running.truth.broken_days[1]}T18:00") == 1
    assert f"<strong>error</strong> · new failure · <strong><bdi>{running.truth.broken_job}<" in page.read_text()
    end = pd.Timestamp(history.truth.as_of)
    ends = [end - pd.Timedelta(days=days) for days in range(28, 60)]
    quiet = next(one for one in ends if is_quiet(history, one - DAY, one))
    for options, is_right in ((("--as-of", quiet.isoformat()), True), ((), is_quiet(history, end - DAY, end))):
        capsys.readouterr()
        assert run_command(*command, *options) == (0 if is_right else 1)
        printed, shown = capsys.readouterr().out, page.read_text()
        assert ("ERROR: " in printed or "WARNING: " in printed) != is_right
        assert shown.count("<bdi>") > 3
        assert not re.findall(r"src=|href=|url\(|@import|<script|<link", shown)


def test_ten_failed_runs_of_the_history_can_be_reexecuted_from_failure(history, running):
    failed = [run for run in history.runs if run.status == "FAILURE"]
    # First choose one failed run of each kind, including re-executions.
    kinds = {(run.job, run.failure, run.parent_run_id is None): run for run in failed}
    chosen = [run.run_id for run in [*kinds.values(), *failed]][:10]
    launched = running.client.reexecute_many(chosen)
    assert launched["outcome"].tolist() == ["launched"] * 10, launched.to_string()
    ids = launched["run_id"].tolist()
    ended = {"SUCCESS", "FAILURE", "CANCELED"}
    wait_for(lambda: set(statuses(running.client, ids).values()) <= ended, seconds=240)
    assert set(statuses(running.client, ids).values()) == {"SUCCESS"}


def test_a_missing_partition_is_no_longer_reported_after_the_next_step_launches_it(running):
    def missing():
        return analysis.digest(running.client).findings.query("kind == 'missing partition'")

    [code] = missing()["next_step"]
    run = eval(code, {"client": running.client})  # noqa: S307 - code of this package
    assert run.wait(240).status == "SUCCESS"
    assert missing().empty


def test_each_unfinished_run_can_be_terminated(running):
    running.wait_for_unfinished_runs(timeout=120)
    by_status = {}
    for run_id, status in running.unfinished_runs.items():
        by_status.setdefault(status, []).append(run_id)
    supervisor = psutil.Process(running._dagster.pid)
    # Processes of runs that have just finished may also still exist.
    assert sum(is_of_a_run(process) for process in supervisor.children(recursive=True)) >= 3
    # Terminate the queued runs first, because one of them would start as soon as the started run ends.
    for status, force in (("QUEUED", False), ("STARTED", False), ("STARTING", True), ("CANCELING", True)):
        outcomes = running.client.terminate(by_status.pop(status), force=force)
        assert set(outcomes["outcome"]) <= {"canceled", "canceling"}, outcomes.to_string()
    assert not by_status
    ids = list(running.unfinished_runs)
    wait_for(lambda: set(statuses(running.client, ids).values()) == {"CANCELED"}, seconds=240)
    # Some runs were only marked as canceled. Their processes exit later, without changing the status.
    wait_for(lambda: not any(is_of_a_run(process) for process in supervisor.children(recursive=True)))
    assert set(statuses(running.client, ids).values()) == {"CANCELED"}


def test_the_command_prints_its_steps_and_ends_when_dagster_ends(running):
    command = [sys.executable, "-c", "from dagster_nb.cli import main; main(['demo', '--no-lab'])"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            lines = []
            while "Press Ctrl-C to stop Dagster." not in lines:
                line = process.stdout.readline()
                assert line, process.stderr.read()
                lines.append(line.strip())
            # The demo writes the history only if it is not in the cache.
            assert lines[-5:-3] == ["Starting Dagster ...", "Launching runs ..."]
            assert lines[:-5] in ([], ["Writing the run history (the next start is faster) ..."])
            url = lines[-3].removeprefix("Dagster is running at ")
            assert url.startswith("http://127.0.0.1:")
            assert lines[-2] == f"Connect from Python: dagster_nb.connect({url!r})"
            family = psutil.Process(process.pid).children(recursive=True)
            next(one for one in family if " ".join(command_line(one)).endswith("settings.json")).kill()
            assert process.wait(240) == 1
            assert (
                "dagster-nb: Dagster stopped unexpectedly. Dagster's process exited with code -9."
                in process.stderr.read()
            )
        finally:
            process.kill()
    assert not psutil.wait_procs(family, timeout=60)[1]


def facts(instance, run_ids):
    return {
        record.dagster_run.run_id: (
            record.dagster_run.status,
            record.dagster_run.tags,
            record.create_timestamp,
            record.start_time,
            record.end_time,
        )
        for record in instance.get_run_records(RunsFilter(run_ids=run_ids))
    }


def test_a_second_start_has_the_same_runs_and_a_killed_kernel_leaves_no_processes(instance, history, running):
    owner = subprocess.Popen(
        [sys.executable, "-c", SECOND],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    with owner:
        home, supervisor, truth = json.loads(owner.stdout.readline())
        assert GroundTruth.from_json(truth) == running.truth
        first, second = ((Path(folder) / "truth.json").stat().st_mtime_ns for folder in (running.home, home))
        assert first == second, "the history should have been copied from the cache"
        planned = [run.run_id for run in history.runs]
        with DagsterInstance.from_config(home) as again:
            assert facts(again, planned) == facts(instance, planned)
        process = psutil.Process(supervisor)
        family = [process, *process.children(recursive=True)]
        owner.send_signal(signal.SIGKILL)
        owner.wait(60)
    assert not psutil.wait_procs(family, timeout=60)[1]
    assert not Path(home).parent.exists()


def test_the_repr_of_the_demo_shows_its_address(running):
    assert running.url in repr(running)
    assert f'href="{running.url}"' in running._repr_html_()


def test_without_dagster_the_error_contains_the_pip_command(monkeypatch):
    monkeypatch.setattr(local_dagster.importlib.util, "find_spec", lambda _: None)
    with pytest.raises(MissingExtraError, match=r'pip install "dagster_nb\[demo\]"'):
        demo()
