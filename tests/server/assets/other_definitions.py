"""A second code location. It reuses names from the first, and one of its assets depends on the first."""

import dagster as dg


@dg.op
def work():
    pass


@dg.job
def nothing_special():
    work()


@dg.asset(deps=["daily"], group_name="elsewhere")
def report():
    pass


defs = dg.Definitions(
    assets=[report],
    jobs=[nothing_special],
    schedules=[dg.ScheduleDefinition(name="hourly", job=nothing_special, cron_schedule="0 * * * *")],
)
