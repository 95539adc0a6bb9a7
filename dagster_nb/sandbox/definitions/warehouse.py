"""A job with nested graphs."""

from typing import Any

import dagster as dg

from .simulated_work import Table, process, table


@dg.op(description="Read the shop's customers.")
def extract_customers(context: dg.OpExecutionContext) -> Table:
    """Read customers."""
    process(context, 9_000, what="customers")
    return table("staging.customers", 9_000)


@dg.op(description="Read the shop's orders.")
def extract_orders(context: dg.OpExecutionContext) -> Table:
    """Read orders."""
    process(context, 22_000, what="orders")
    return table("staging.orders", 22_000)


@dg.op(description="Keep one row per customer.")
def dedupe_customers(context: dg.OpExecutionContext, customers: Table) -> Table:
    """Drop duplicate customers."""
    rows = int(customers["rows"] * 0.97)
    process(context, rows, what="dedupe customers")
    return table("core.customers", rows)


@dg.op(description="Drop test orders of the shop's employees.")
def drop_test_orders(context: dg.OpExecutionContext, orders: Table) -> Table:
    """Drop test orders."""
    rows = int(orders["rows"] * 0.99)
    process(context, rows, what="drop test orders")
    return table("core.orders_raw", rows)


@dg.op(description="Convert all amounts to euros.")
def normalise_currency(context: dg.OpExecutionContext, orders: Table) -> Table:
    """Convert amounts."""
    process(context, orders["rows"], what="normalise currency")
    return table("core.orders", orders["rows"])


@dg.op(
    out={
        "repeat": dg.Out(description="Customers with several orders."),
        "single": dg.Out(description="Customers with one order."),
    },
    description="Split the customers by their number of orders.",
)
def split_customers(context: dg.OpExecutionContext, customers: Table, orders: Table) -> tuple[Table, Table]:
    """Split the customers into two tables."""
    process(context, orders["rows"], what="split customers")
    repeat = customers["rows"] // 3
    return table("marts.repeat_customers", repeat), table("marts.single_customers", customers["rows"] - repeat)


class PublishConfig(dg.Config):
    """The destination of the marts."""

    schema_name: str = "marts"
    vacuum: bool = False


@dg.op(description="Make the marts visible to the analysts.")
def publish_marts(context: dg.OpExecutionContext, config: PublishConfig, repeat: Table, single: Table) -> None:
    """Replace the old marts."""
    process(context, repeat["rows"] + single["rows"], what=f"publish to {config.schema_name}")


@dg.graph(description="Orders without test orders, in one currency.")
def clean_orders(orders: Table) -> Table:
    """Clean the orders."""
    cleaned: Table = normalise_currency(drop_test_orders(orders))
    return cleaned


@dg.graph(
    out={"customers": dg.GraphOut(), "orders": dg.GraphOut()},
    description="Clean customers and orders.",
)
def clean(customers: Table, orders: Table) -> dict[str, Table]:
    """Clean both."""
    return {"customers": dedupe_customers(customers), "orders": clean_orders(orders)}


@dg.job(tags={"team": "warehouse"}, description="The whole warehouse: extract, clean, split, publish.")
def build_warehouse() -> None:
    """Build the marts from the ingested tables."""
    # Inside a job, a call to a graph returns handles to its outputs instead of the annotated type.
    cleaned: Any = clean(extract_customers(), extract_orders())
    repeat, single = split_customers(cleaned.customers, cleaned.orders)
    publish_marts(repeat, single)


build_warehouse_schedule = dg.ScheduleDefinition(
    name="build_warehouse_schedule", job=build_warehouse, cron_schedule="30 5,17 * * *", execution_timezone="UTC"
)
