"""Jobs that every Dagster since 1.5 can load.

Dagster evaluates the annotations of config classes, so this file must not use ``from __future__ import annotations``.
"""

import sys
import time

import dagster as dg


class Rows(dg.Config):
    rows: int = 3


class Failing(dg.Config):
    fail: bool = True


class Publishing(dg.Config):
    fail: bool = False


class Needed(dg.Config):
    table: str
    limits: list[int] = []


class SourceError(Exception):
    """A data source failed."""


@dg.op(description="Read rows.")
def load(context, config: Rows) -> int:
    print(f"read {config.rows} rows")  # noqa: T201
    print("slowly", file=sys.stderr)  # noqa: T201
    context.log.warning("so many: %s", config.rows)
    return config.rows


@dg.op
def double(rows: int) -> int:
    return 2 * rows


@dg.op
def store(rows: int) -> None:
    assert rows >= 0


@dg.graph
def twice(rows: int) -> int:
    return double(double.alias("first")(rows))


@dg.job(description="Loads and stores.", tags={"team": "data"}, executor_def=dg.in_process_executor)
def quick() -> None:
    store(twice(load()))


@dg.op
def needs(config: Needed) -> None:
    pass


@dg.job(executor_def=dg.in_process_executor)
def strict() -> None:
    needs()


@dg.op
def first() -> int:
    return 1


@dg.op
def maybe(config: Failing, value: int) -> int:
    if config.fail:
        try:
            raise TimeoutError("simulated failure: no answer in 30 s")  # noqa: TRY301
        except TimeoutError as error:
            raise SourceError("simulated failure: no rows today") from error
    return value


@dg.job(tags={"team": "data"}, executor_def=dg.in_process_executor)
def fragile() -> None:
    store(maybe(first()))


@dg.op
def sleep_until_stopped() -> None:
    while True:
        time.sleep(0.05)


@dg.job(executor_def=dg.in_process_executor)
def hang() -> None:
    sleep_until_stopped()


@dg.static_partitioned_config(partition_keys=["north", "south"])
def by_region(region: str):
    return {"ops": {"load": {"config": {"rows": len(region)}}}}


@dg.job(config=by_region, executor_def=dg.in_process_executor)
def regional() -> None:
    store(load())


@dg.asset
def orders() -> None:
    pass


@dg.asset(deps=[orders], key_prefix="mart")
def revenue(config: Publishing) -> None:
    if config.fail:
        raise SourceError("simulated failure: nothing to publish")


@dg.asset(partitions_def=dg.StaticPartitionsDefinition(["north", "south", "west"]), group_name="by_region")
def stock(context):
    if context.partition_key == "south":
        raise SourceError("simulated failure: no stock in the south")
    context.add_output_metadata({"rows": 3, "share": 0.5, "note": "counted"})


@dg.asset_check(asset=stock)
def is_counted():
    return dg.AssetCheckResult(passed=True)


nightly_assets = dg.define_asset_job(
    "nightly_assets",
    selection=dg.AssetSelection.assets(orders, revenue),
    executor_def=dg.in_process_executor,
)

nightly = dg.ScheduleDefinition(
    name="nightly", job=quick, cron_schedule="0 3 * * *", execution_timezone="Europe/Berlin", description="Every night."
)


@dg.sensor(job=quick, minimum_interval_seconds=45)
def new_rows():
    return dg.SkipReason("no new rows")


defs = dg.Definitions(
    assets=[orders, revenue, stock],
    asset_checks=[is_counted],
    jobs=[quick, strict, fragile, hang, regional, nightly_assets],
    schedules=[nightly],
    sensors=[new_rows],
    executor=dg.in_process_executor,
)
