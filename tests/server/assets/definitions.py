"""Assets with partitions of every kind, checks, schedules and sensors.

When run as a script, this file fills ``$DAGSTER_HOME`` with materializations, checks, ticks and backfills.
"""

import os
import sys
import warnings

import dagster as dg

DAYS = dg.DailyPartitionsDefinition(start_date="2026-01-01", end_date="2026-01-11")
REGIONS = dg.DynamicPartitionsDefinition(name="regions")
THREE_WEEKS = dg.DailyPartitionsDefinition(start_date="2026-01-01", end_date="2026-01-22")
COLORS = dg.StaticPartitionsDefinition(["red", "green"])
GRID = dg.MultiPartitionsDefinition({"day": DAYS, "color": COLORS})
LOCATION = "code"
REPOSITORY = "__repository__"
# The server is configured to return at most this many ticks per request.
TICKS_PER_PAGE = 50
# Dagster adds this tag to the runs it launches, and uses it to find the runs of a job's partitions.
IN_LOCATION = {".dagster/repository": f"{REPOSITORY}@{LOCATION}"}
NOW = 1_780_000_000.0


class Failure(dg.Config):
    fail: bool = False


@dg.asset(group_name="raw", owners=["team:data"], kinds={"python"}, description="Rows with metadata of every type.")
def plain():
    return dg.MaterializeResult(metadata={"rows": 0})


@dg.asset(partitions_def=DAYS, group_name="raw", tags={"tier": "gold"})
def daily(context, config: Failure):
    if config.fail:
        raise ValueError("simulated failure: no rows")
    return dg.MaterializeResult(metadata={"rows": int(context.partition_key[-2:])})


@dg.asset(partitions_def=REGIONS, deps=[plain])
def regional():
    pass


@dg.asset(partitions_def=GRID, deps=[daily])
def grid():
    pass


with warnings.catch_warnings():
    warnings.simplefilter("ignore", dg.BetaWarning)  # this version's backfill_policy is in beta

    @dg.asset(partitions_def=THREE_WEEKS, backfill_policy=dg.BackfillPolicy.single_run())
    def in_ranges() -> None:
        """An asset for which one run materializes all partitions of a range."""


# `test_acting.py` launches runs and backfills of these assets and jobs.
@dg.asset(partitions_def=DAYS)
def target_days():
    pass


@dg.asset(partitions_def=REGIONS)
def target_regions():
    pass


@dg.asset(partitions_def=GRID)
def target_grid():
    pass


@dg.asset
def target_plain():
    pass


@dg.multi_asset(
    outs={
        "first": dg.AssetOut(key=["a/b", "c"], is_required=False),
        "last": dg.AssetOut(key=["a", "b/c"], is_required=False),
    },
    can_subset=True,
)
def slashes(context):
    for name in context.op_execution_context.selected_output_names:
        yield dg.Output(None, name)


@dg.asset
def many():
    """An asset with many materializations. Some of them were stored later than their timestamps say."""


@dg.asset(key=["mart", "sales"], deps=[daily, "outside"])
def sales():
    pass


@dg.asset_check(asset=plain, description="It has rows.")
def has_rows():
    return dg.AssetCheckResult(passed=True, metadata={"rows": 3})


@dg.asset_check(asset=daily, blocking=True)
def is_complete():
    return dg.AssetCheckResult(
        passed=False, severity=dg.AssetCheckSeverity.WARN, description="one row is missing", metadata={"missing": 1}
    )


@dg.asset_check(asset=daily)
def passes():
    return dg.AssetCheckResult(passed=True)


@dg.op
def work():
    pass


@dg.job(partitions_def=dg.StaticPartitionsDefinition(["x", "y", "z"]), executor_def=dg.in_process_executor)
def by_letter():
    work()


@dg.job(executor_def=dg.in_process_executor)
def nothing_special():
    work()


@dg.job(partitions_def=dg.StaticPartitionsDefinition(["x", "y", "z"]), executor_def=dg.in_process_executor)
def target_job():
    work()


@dg.sensor(job=nothing_special)
def target_sensor():
    return dg.SkipReason("nothing")


ranges_job = dg.define_asset_job("ranges_job", selection=[in_ranges], executor_def=dg.in_process_executor)
regional_job = dg.define_asset_job("regional_job", selection=[regional], executor_def=dg.in_process_executor)
grid_job = dg.define_asset_job("grid_job", selection=[grid], executor_def=dg.in_process_executor)
daily_job = dg.define_asset_job("daily_job", selection=[daily], executor_def=dg.in_process_executor)


@dg.sensor(job=by_letter, minimum_interval_seconds=45, description="Looks for letters.", tags={"team": "data"})
def letters():
    return dg.SkipReason("no letter")


@dg.sensor(target=[plain], default_status=dg.DefaultSensorStatus.RUNNING)
def assets_changed():
    return dg.SkipReason("nothing changed")


nightly = dg.ScheduleDefinition(
    name="nightly",
    job=nothing_special,
    cron_schedule="0 3 * * *",
    execution_timezone="Europe/Berlin",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Every night.",
    tags={"team": "data"},
)
target_schedule = dg.ScheduleDefinition(
    name="target_schedule",
    job=nothing_special,
    cron_schedule="0 3 * * *",
    default_status=dg.DefaultScheduleStatus.RUNNING,
)
hourly = dg.ScheduleDefinition(name="hourly", job=nothing_special, cron_schedule="0 * * * *")
of_assets = dg.ScheduleDefinition(name="of_assets", target=[plain, sales], cron_schedule="30 1 * * *")

defs = dg.Definitions(
    assets=[
        plain,
        daily,
        regional,
        grid,
        in_ranges,
        slashes,
        target_days,
        target_regions,
        target_grid,
        target_plain,
        many,
        sales,
        dg.AssetSpec("outside", group_name="source"),
    ],
    asset_checks=[has_rows, is_complete, passes],
    jobs=[by_letter, nothing_special, target_job, daily_job, regional_job, grid_job, ranges_job],
    schedules=[nightly, hourly, of_assets, target_schedule],
    sensors=[letters, assets_changed, target_sensor],
    executor=dg.in_process_executor,
)


def add_ticks(instance, kind, name, ticks):
    from dagster._core.definitions.selector import InstigatorSelector
    from dagster._core.scheduler.instigation import TickData

    selector = InstigatorSelector(location_name=LOCATION, repository_name=REPOSITORY, name=name).get_id()
    for tick in ticks:
        instance.create_tick(
            TickData(
                instigator_origin_id=name, instigator_name=name, instigator_type=kind, selector_id=selector, **tick
            )
        )


def fill_ticks(instance):
    from dagster._core.scheduler.instigation import InstigatorType, TickStatus
    from dagster._utils.error import SerializableErrorInfo

    error = SerializableErrorInfo("ValueError: no cursor\n", ["in sensor\n"], "ValueError")
    skipped = [
        {
            "status": TickStatus.SKIPPED,
            "timestamp": NOW + 30 * i,
            "end_timestamp": NOW + 30 * i + 1,
            "skip_reason": "no letter",
        }
        for i in range(120)
    ]
    # Three ticks share a timestamp, and a page ends between them.
    same = [
        {
            "status": TickStatus.SKIPPED,
            "timestamp": NOW + 30 * (120 - TICKS_PER_PAGE),
            "skip_reason": f"at the same time {i}",
        }
        for i in range(2)
    ]
    failed = {"status": TickStatus.FAILURE, "timestamp": NOW + 50_000, "end_timestamp": NOW + 50_002, "error": error}
    add_ticks(instance, InstigatorType.SENSOR, "letters", [*skipped, *same, failed])
    launched = {"status": TickStatus.SUCCESS, "timestamp": NOW, "end_timestamp": NOW + 2, "run_ids": ["one", "two"]}
    add_ticks(instance, InstigatorType.SCHEDULE, "nightly", [launched])


def fill_backfills(instance):
    from dagster._core.execution.backfill import BulkActionStatus, PartitionBackfill
    from dagster._core.remote_origin import (
        GrpcServerCodeLocationOrigin,
        RemotePartitionSetOrigin,
        RemoteRepositoryOrigin,
    )

    place = GrpcServerCodeLocationOrigin(host="localhost", port=1, location_name=LOCATION)
    origin = RemotePartitionSetOrigin(
        repository_origin=RemoteRepositoryOrigin(place, REPOSITORY), partition_set_name="by_letter_partition_set"
    )
    for number in range(120):
        instance.add_backfill(
            PartitionBackfill(
                backfill_id=f"backfill{number:03}",
                status=BulkActionStatus.COMPLETED_FAILED if number % 10 == 0 else BulkActionStatus.COMPLETED_SUCCESS,
                from_failure=False,
                tags={"number": str(number)},
                backfill_timestamp=NOW + number,
                backfill_end_timestamp=NOW + number + 10,
                partition_set_origin=origin,
                partition_names=["x", "y"],
                last_submitted_partition_name="y",
                reexecution_steps=[],
            )
        )


def fill_many(instance):
    from dagster._core.events import StepMaterializationData
    from dagster._core.events.log import EventLogEntry

    for number in range(64):
        # Every tenth event is stored late, and many events share a timestamp.
        seconds = NOW + number // 3 - (20 if number % 10 == 0 else 0)
        event = dg.DagsterEvent(
            event_type_value=dg.DagsterEventType.ASSET_MATERIALIZATION.value,
            job_name="some_job",
            event_specific_data=StepMaterializationData(dg.AssetMaterialization("many", metadata={"number": number})),
        )
        instance.event_log_storage.store_event(
            EventLogEntry(
                error_info=None,
                level=10,
                user_message="",
                run_id="0" * 36,
                timestamp=seconds,
                dagster_event=event,
            )
        )


def fill_ranges(instance):
    """Store a run and a materialization for each day of three weeks.

    Two of the days share one run, and two have no run.
    """
    for day in [*range(1, 8), *range(10, 13), *range(15, 22)]:
        key = f"2026-01-{day:02}"
        tags = {**IN_LOCATION, "dagster/partition": key}
        instance.add_run(dg.DagsterRun("ranges_job", status=dg.DagsterRunStatus.SUCCESS, tags=tags))
        instance.report_runless_asset_event(dg.AssetMaterialization("in_ranges", partition=key))
    bounds = {
        "dagster/asset_partition_range_start": "2026-01-08",
        "dagster/asset_partition_range_end": "2026-01-09",
    }
    job = defs.get_repository_def().get_job("ranges_job")
    job.execute_in_process(instance=instance, tags={**IN_LOCATION, **bounds})


def fill_assets(instance):
    def report(key, partition=None, metadata=None):
        instance.report_runless_asset_event(dg.AssetMaterialization(key, partition=partition, metadata=metadata or {}))

    # Some metadata values change their type, and some materializations lack some of the labels.
    report("plain", metadata={
        "rows": 3, "share": 0.5, "note": "first", "when": dg.MetadataValue.timestamp(1_700_000_000.25),
        "file": dg.MetadataValue.path("/data/a.parquet"), "page": dg.MetadataValue.url("https://example.com/a"),
        "ok": True, "mixed": 1, "settings": {"a": [1, 2]}, "text": dg.MetadataValue.md("**b**"), "maybe": None,
        "table": dg.TableMetadataValue([dg.TableRecord({"n": 1})], dg.TableSchema([dg.TableColumn("n", "int")])),
    })  # fmt: skip
    report("plain", metadata={"rows": 2**60, "share": 2, "mixed": "two", "ok": False})
    report("plain", metadata={"rows": None, "note": "third", "mixed": 3.5})
    defined = defs.get_repository_def()
    job = defined.get_job("daily_job")
    for day in range(1, 11):
        if day in {4, 9}:
            continue  # a gap
        failing = day == 7
        job.execute_in_process(
            partition_key=f"2026-01-{day:02}",
            instance=instance,
            raise_on_error=False,
            tags=IN_LOCATION,
            run_config={"ops": {"daily": {"config": {"fail": failing}}}},
        )
    instance.add_dynamic_partitions("regions", ["north", "south", "a|b", "east"])
    for name, key in (
        ("regional_job", "north"),
        ("grid_job", dg.MultiPartitionKey({"day": "2026-01-01", "color": "red"})),
    ):
        defined.get_job(name).execute_in_process(partition_key=key, instance=instance, tags=IN_LOCATION)
    report("regional", "north")
    report("regional", "a|b")
    for day, color in (("2026-01-01", "red"), ("2026-01-01", "green"), ("2026-01-02", "red")):
        report("grid", dg.MultiPartitionKey({"day": day, "color": color}))
    report("gone")
    fill_many(instance)
    letters_job = defined.get_job("by_letter")
    letters_job.execute_in_process(partition_key="x", instance=instance, tags=IN_LOCATION)


if __name__ == "__main__":
    # The standard output of this script is reserved for progress messages.
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    with dg.DagsterInstance.get() as filled:
        fill_ticks(filled)
        fill_backfills(filled)
        fill_assets(filled)
        fill_ranges(filled)
