"""Jobs that tests can control.

Dagster evaluates the annotations of config classes, so this file must not use ``from __future__ import annotations``.
"""

import time

import dagster as dg


class Rows(dg.Config):
    rows: int = 3


class Failing(dg.Config):
    fail: bool = True


class Needed(dg.Config):
    table: str
    limits: list[int] = []


class SourceError(Exception):
    """A data source failed."""


@dg.op
def load(config: Rows) -> int:
    return config.rows


@dg.op
def store(rows: int) -> None:
    assert rows >= 0


@dg.job(tags={"team": "data"}, executor_def=dg.in_process_executor)
def quick() -> None:
    store(load())


@dg.op
def needs(config: Needed) -> None: ...


@dg.job(executor_def=dg.in_process_executor)
def strict() -> None:
    needs()


@dg.op
def first() -> int:
    return 1


@dg.op
def maybe(config: Failing, value: int) -> None:
    if config.fail:
        raise SourceError("simulated failure: no rows today")


@dg.job(executor_def=dg.in_process_executor)
def fragile() -> None:
    maybe(first())


@dg.op
def sleep_until_stopped() -> None:
    while True:
        time.sleep(0.05)


@dg.job(executor_def=dg.in_process_executor)
def hang() -> None:
    sleep_until_stopped()


@dg.static_partitioned_config(partition_keys=["north", "south"])
def by_region(region: str) -> dict[str, object]:
    return {"ops": {"load": {"config": {"rows": len(region)}}}}


@dg.job(config=by_region, executor_def=dg.in_process_executor)
def regional() -> None:
    store(load())


@dg.asset
def orders() -> dg.MaterializeResult[None]:
    return dg.MaterializeResult(metadata={"rows": 5})


@dg.asset(deps=[orders], key_prefix="mart")
def revenue() -> None: ...


nightly_assets = dg.define_asset_job("nightly_assets", executor_def=dg.in_process_executor)

defs = dg.Definitions(assets=[orders, revenue], jobs=[quick, strict, fragile, hang, regional, nightly_assets])
