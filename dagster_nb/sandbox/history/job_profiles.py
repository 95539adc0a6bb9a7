"""The profiles of the shop's jobs: their steps, schedules, durations and failures."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["CRM_SENSOR", "JOB_PROFILES", "ON_CALL", "USERS", "JobProfile"]

USERS = {"ml": "ml-lead", "bi": "analyst", "web": "web-team", "finance": "controller"}
ON_CALL = "data-oncall"
CRM_SENSOR = "crm_changes"


@dataclass(frozen=True, slots=True)
class JobProfile:
    """The profile of a job.

    Parameters
    ----------
    name, team
        The job's name and team, as in the definitions.
    steps
        The keys of the steps in the order of execution, each with its share of the duration of the run.
    median, sigma
        The median duration in seconds, and the standard deviation of the log durations, of runs that process the usual
        number of rows.
    rows
        The usual number of rows that a run processes.
    schedule, times
        The schedule that launches the job, and the hour and minute of each launch (UTC).
    on_demand
        The number of runs per working day that users or a sensor launch.
    weekends
        Whether the job also runs on Saturdays and Sundays.
    partitioned
        Whether each run processes the partition of the previous day.
    failures
        The ways in which runs fail. Each has a key of `step_errors.FAILURES`, the step that fails, and the share of
        runs that fail in this way.
    retried
        A step that is sometimes retried, and the share of runs in which it is retried.
    """

    name: str
    team: str
    steps: dict[str, float]
    median: float
    sigma: float
    rows: int
    schedule: str | None = None
    times: tuple[tuple[int, int], ...] = ()
    on_demand: float = 0.0
    weekends: bool = True
    partitioned: bool = False
    failures: tuple[tuple[str, str, float], ...] = ()
    retried: tuple[str, float] | None = None


_PROFILES = (
    JobProfile(
        "ingest_orders", "ingest",
        {"fetch_orders": 0.5, "validate_orders": 0.2, "load_orders": 0.3},
        median=95, sigma=0.16, rows=10_000,
        schedule="ingest_orders_schedule", times=tuple((hour, 0) for hour in range(0, 24, 4)),
        failures=(("orders_schema", "validate_orders", 0.012),),
    ),
    JobProfile(
        "sync_crm", "crm",
        {"pull_contacts": 0.65, "merge_contacts": 0.35},
        median=42, sigma=0.3, rows=1_800,
        on_demand=4.5,
        failures=(("crm_unavailable", "pull_contacts", 0.015),),
        retried=("pull_contacts", 0.08),
    ),
    JobProfile(
        "daily_sales", "warehouse",
        {"shop__raw_orders": 0.45, "shop__orders": 0.35, "shop__daily_revenue": 0.2},
        median=240, sigma=0.18, rows=5_000,
        schedule="daily_sales_schedule", times=((2, 15),), partitioned=True,
        failures=(("late_data", "shop__raw_orders", 0.03),),
    ),
    JobProfile(
        "build_warehouse", "warehouse",
        {
            "extract_customers": 0.08, "extract_orders": 0.15, "clean.clean_orders.drop_test_orders": 0.1,
            "clean.dedupe_customers": 0.12, "clean.clean_orders.normalise_currency": 0.2,
            "split_customers": 0.25, "publish_marts": 0.1,
        },
        median=610, sigma=0.14, rows=22_000,
        schedule="build_warehouse_schedule", times=((5, 30), (17, 30)),
        failures=(("warehouse_deadlock", "publish_marts", 0.02),),
    ),
    JobProfile(
        "train_forecast", "ml",
        {"build_features": 0.15, "train_model": 0.75, "evaluate_model": 0.1},
        median=1_500, sigma=0.15, rows=20_000,
        on_demand=1.6, weekends=False,
        failures=(("loss_is_nan", "train_model", 0.04),),
    ),
    JobProfile(
        "fetch_exchange_rates", "finance",
        {"request_rates": 0.5, "convert_prices": 0.35, "store_rates": 0.15},
        median=21, sigma=0.35, rows=170,
        schedule="exchange_rates_schedule", times=((7, 5), (12, 5), (16, 5)),
        failures=(
            ("rates_timeout", "request_rates", 0.08),
            ("rates_limit", "request_rates", 0.06),
            ("rates_payload", "request_rates", 0.03),
        ),
    ),
    JobProfile(
        "refresh_dashboards", "bi",
        {"query_marts": 0.4, "render_dashboards": 0.5, "push_dashboards": 0.1},
        median=75, sigma=0.22, rows=6_000,
        schedule="refresh_dashboards_schedule", times=((6, 45), (9, 45), (12, 45), (15, 45)), weekends=False,
    ),
    JobProfile(
        "send_reports", "bi",
        {"write_report": 0.9, "mail_report": 0.1},
        median=55, sigma=1.25, rows=2_800,
        on_demand=1.2, weekends=False,
        failures=(("report_template", "write_report", 0.03),),
    ),
    JobProfile(
        "export_invoices", "finance",
        {"collect_invoices": 0.2, "render_invoices": 0.6, "archive_invoices": 0.2},
        median=130, sigma=0.2, rows=3_000,
        schedule="export_invoices_schedule", times=((3, 30),), partitioned=True,
        failures=(("archive_full", "archive_invoices", 0.015),),
    ),
    JobProfile(
        "watch_clickstream", "web",
        {"consume_clicks": 1.0},
        median=4_200, sigma=0.8, rows=0,
        on_demand=0.4, weekends=False,
    ),
)  # fmt: skip

JOB_PROFILES: dict[str, JobProfile] = {profile.name: profile for profile in _PROFILES}
