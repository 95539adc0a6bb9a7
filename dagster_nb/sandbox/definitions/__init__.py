"""The code location of the demo: the data platform of a small web shop.

Each run uses only one process, because notebook servers often have little memory.
"""

import dagster as dg

from .assets import daily_sales, daily_sales_schedule, sales_assets
from .clickstream import watch_clickstream
from .forecast import train_forecast
from .ingest import fetch_exchange_rates, ingest_orders, sync_crm
from .publish import export_invoices, refresh_dashboards, send_reports
from .schedules_and_sensors import (
    crm_changes,
    exchange_rates_schedule,
    export_invoices_schedule,
    ingest_orders_schedule,
    refresh_dashboards_schedule,
)
from .warehouse import build_warehouse, build_warehouse_schedule

defs = dg.Definitions(
    assets=sales_assets,
    jobs=[
        build_warehouse,
        daily_sales,
        export_invoices,
        fetch_exchange_rates,
        ingest_orders,
        refresh_dashboards,
        send_reports,
        sync_crm,
        train_forecast,
        watch_clickstream,
    ],
    schedules=[
        build_warehouse_schedule,
        daily_sales_schedule,
        exchange_rates_schedule,
        export_invoices_schedule,
        ingest_orders_schedule,
        refresh_dashboards_schedule,
    ],
    sensors=[crm_changes],
    executor=dg.in_process_executor,
)
