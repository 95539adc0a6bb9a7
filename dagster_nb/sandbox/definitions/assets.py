"""Assets with daily partitions, and metadata for charts."""

import datetime as dt
import hashlib
from typing import Any

import dagster as dg

from .simulated_work import process

FIRST_DAY = "2024-01-01"
days = dg.DailyPartitionsDefinition(start_date=FIRST_DAY)
SATURDAY = 5


def sales_of(day: str) -> dict[str, Any]:
    """Return the sales of a day. The result is always the same for the same day.

    Parameters
    ----------
    day
        A partition key, such as ``"2024-03-31"``.

    Returns
    -------
    dict
        ``orders``, ``customers`` and ``rejected`` (int), ``revenue`` (float, euros).
    """
    date = dt.date.fromisoformat(day)
    draw = int(hashlib.sha256(day.encode()).hexdigest()[:8], 16) / 2**32
    weekend = 1.35 if date.weekday() >= SATURDAY else 1.0
    growth = 1 + (date - dt.date.fromisoformat(FIRST_DAY)).days / 900
    orders = int(4_200 * weekend * growth * (0.85 + 0.3 * draw))
    return {
        "orders": orders,
        "customers": int(orders * 0.71),
        "rejected": int(orders * (0.01 + 0.02 * draw)),
        "revenue": round(orders * (38.0 + 9.0 * draw), 2),
    }


def metadata_of(asset: str, day: str) -> dict[str, Any]:
    """Return the metadata of a materialization; ``asset`` is the last component of the asset key."""
    sales = sales_of(day)
    end_of_day = dt.datetime.fromisoformat(day).replace(tzinfo=dt.UTC) + dt.timedelta(days=1)
    data_until = dg.MetadataValue.timestamp(end_of_day)
    if asset == "raw_orders":
        return {
            "dagster/row_count": sales["orders"],
            "size_mb": round(sales["orders"] * 0.0021, 3),
            "source": dg.MetadataValue.url("https://shop.example/api/orders"),
            "data_until": data_until,
        }
    if asset == "orders":
        return {
            "dagster/row_count": sales["orders"] - sales["rejected"],
            "rejected": sales["rejected"],
            "note": f"{sales['rejected']} orders rejected",
        }
    return {"revenue_eur": sales["revenue"], "customers": sales["customers"], "data_until": data_until}


@dg.asset(
    key=["shop", "raw_orders"],
    partitions_def=days,
    group_name="sales",
    owners=["team:ingest"],
    kinds={"python"},
    description="Orders of one day from the shop's API.",
)
def raw_orders(context: dg.AssetExecutionContext) -> dg.MaterializeResult[Any]:
    """Fetch the day's orders."""
    sales = sales_of(context.partition_key)
    process(context, sales["orders"], what="raw orders")
    return dg.MaterializeResult(metadata=metadata_of("raw_orders", context.partition_key))


@dg.asset(
    key=["shop", "orders"],
    deps=[raw_orders],
    partitions_def=days,
    group_name="sales",
    owners=["team:warehouse"],
    kinds={"duckdb"},
    description="Orders of one day, validated and in euros.",
)
def orders(context: dg.AssetExecutionContext) -> dg.MaterializeResult[Any]:
    """Validate the day's orders."""
    sales = sales_of(context.partition_key)
    process(context, sales["orders"], what="orders")
    return dg.MaterializeResult(metadata=metadata_of("orders", context.partition_key))


@dg.asset(
    key=["shop", "daily_revenue"],
    deps=[orders],
    partitions_def=days,
    group_name="sales",
    owners=["team:finance"],
    kinds={"duckdb"},
    description="Revenue of one day.",
)
def daily_revenue(context: dg.AssetExecutionContext) -> dg.MaterializeResult[Any]:
    """Compute the day's revenue."""
    sales = sales_of(context.partition_key)
    process(context, sales["customers"], what="revenue")
    return dg.MaterializeResult(metadata=metadata_of("daily_revenue", context.partition_key))


sales_assets = [raw_orders, orders, daily_revenue]

daily_sales = dg.define_asset_job(
    "daily_sales",
    selection=dg.AssetSelection.assets(*sales_assets),
    tags={"team": "warehouse"},
    description="The sales assets of one day.",
)

daily_sales_schedule = dg.build_schedule_from_partitioned_job(
    daily_sales, name="daily_sales_schedule", hour_of_day=2, minute_of_hour=15
)
