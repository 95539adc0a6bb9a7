"""Schedules and a sensor, all stopped, so that the demo does not launch runs by itself."""

import dagster as dg

from .ingest import fetch_exchange_rates, ingest_orders, sync_crm
from .publish import export_invoices, refresh_dashboards

ingest_orders_schedule = dg.ScheduleDefinition(
    name="ingest_orders_schedule", job=ingest_orders, cron_schedule="0 */4 * * *", execution_timezone="UTC"
)

refresh_dashboards_schedule = dg.ScheduleDefinition(
    name="refresh_dashboards_schedule",
    job=refresh_dashboards,
    cron_schedule="45 6,9,12,15 * * 1-5",
    execution_timezone="UTC",
)


exchange_rates_schedule = dg.ScheduleDefinition(
    name="exchange_rates_schedule",
    job=fetch_exchange_rates,
    cron_schedule="5 7,12,16 * * *",
    execution_timezone="UTC",
)

export_invoices_schedule = dg.build_schedule_from_partitioned_job(
    export_invoices, name="export_invoices_schedule", hour_of_day=3, minute_of_hour=30
)


@dg.sensor(job=sync_crm, minimum_interval_seconds=300, description="Looks for changes in the CRM.")
def crm_changes(context: dg.SensorEvaluationContext) -> dg.SkipReason:
    """Skip every tick, because this CRM never changes."""
    return dg.SkipReason(f"no contact changed since {context.cursor or 'the beginning'}")
