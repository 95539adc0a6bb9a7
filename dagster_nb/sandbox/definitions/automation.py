"""What launches runs by itself: stopped until somebody turns it on, so that a demo stays as it was."""

import dagster as dg

from .ingest import ingest_orders, sync_crm
from .publish import refresh_dashboards

ingest_orders_schedule = dg.ScheduleDefinition(
    name="ingest_orders_schedule", job=ingest_orders, cron_schedule="0 */4 * * *", execution_timezone="UTC"
)

refresh_dashboards_schedule = dg.ScheduleDefinition(
    name="refresh_dashboards_schedule",
    job=refresh_dashboards,
    cron_schedule="45 6,12 * * 1-5",
    execution_timezone="UTC",
)


@dg.sensor(job=sync_crm, minimum_interval_seconds=300, description="Looks for changes in the CRM.")
def crm_changes(context: dg.SensorEvaluationContext) -> dg.SkipReason:
    """Find nothing: this CRM is not being worked with."""
    return dg.SkipReason(f"no contact changed since {context.cursor or 'the beginning'}")
