"""Jobs that publish results."""

import datetime as dt

import dagster as dg

from .assets import days
from .simulated_work import Table, process, table


class InvoicesConfig(dg.Config):
    """Which invoices to export."""

    day: str


@dg.op(description="Collect the day's invoices.")
def collect_invoices(context: dg.OpExecutionContext, config: InvoicesConfig) -> Table:
    """Collect."""
    process(context, 3_000, what=f"invoices of {config.day}")
    return table("finance.invoices", 3_000)


@dg.op(description="Write the invoices as PDF files.")
def render_invoices(context: dg.OpExecutionContext, invoices: Table) -> Table:
    """Render."""
    process(context, invoices["rows"], what="render invoices")
    return invoices


@dg.op(description="Send the invoices to the archive.")
def archive_invoices(context: dg.OpExecutionContext, invoices: Table) -> None:
    """Archive."""
    process(context, invoices["rows"], what="archive invoices")


@dg.daily_partitioned_config(start_date=days.start.date().isoformat())
def invoices_of_day(start: dt.datetime, _end: dt.datetime) -> dict[str, object]:
    """Return the run config of a partition."""
    return {"ops": {"collect_invoices": {"config": {"day": start.date().isoformat()}}}}


@dg.job(config=invoices_of_day, tags={"team": "finance"}, description="Export the invoices of one day as PDF files.")
def export_invoices() -> None:
    """Collect, render, archive."""
    archive_invoices(render_invoices(collect_invoices()))


class DashboardsConfig(dg.Config):
    """Which dashboards to refresh."""

    workspace: str = "company"


@dg.op(description="Read the marts that the dashboards show.")
def query_marts(context: dg.OpExecutionContext, config: DashboardsConfig) -> Table:
    """Query."""
    process(context, 6_000, what=f"marts of {config.workspace}")
    return table("marts.overview", 6_000)


@dg.op(description="Render the dashboards.")
def render_dashboards(context: dg.OpExecutionContext, marts: Table) -> Table:
    """Render."""
    process(context, marts["rows"], what="render dashboards")
    return table("bi.dashboards", 14)


@dg.op(description="Push the new dashboards to the screens in the office.")
def push_dashboards(context: dg.OpExecutionContext, dashboards: Table) -> None:
    """Push."""
    process(context, dashboards["rows"], what="push dashboards")


@dg.job(tags={"team": "bi"}, description="The office's dashboards.")
def refresh_dashboards() -> None:
    """Query, render, push."""
    push_dashboards(render_dashboards(query_marts()))


class ReportConfig(dg.Config):
    """The recipients of the report, and the number of days that it covers."""

    recipient: str = "board"
    days: int = 7


@dg.op(description="Write the report.")
def write_report(context: dg.OpExecutionContext, config: ReportConfig) -> Table:
    """Write."""
    process(context, config.days * 400, what=f"report for {config.recipient}")
    return table("bi.report", config.days)


@dg.op(description="Send the report.")
def mail_report(context: dg.OpExecutionContext, report: Table) -> None:
    """Mail."""
    process(context, report["rows"], what="mail report")


@dg.job(tags={"team": "bi"}, description="A report that somebody requested.")
def send_reports() -> None:
    """Write, mail."""
    mail_report(write_report())
