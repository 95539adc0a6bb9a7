"""The incidents in the demo's ninety days of run history, and their dates."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Self

__all__ = ["DAYS", "Incidents", "midnight"]

DAYS = 90
SATURDAY = 5
SLOWER_DAYS_AGO = 31
BROKEN_DAYS_AGO = 19
MISSING_DAYS_AGO = 44


def midnight(day: dt.date) -> float:
    """Return the start of a day (UTC), in POSIX seconds."""
    return dt.datetime.combine(day, dt.time(), dt.UTC).timestamp()


def _working_day(day: dt.date) -> dt.date:
    """Return the day itself, or the next Monday if the day is on a weekend."""
    return day + dt.timedelta(days=max(0, 7 - day.weekday())) if day.weekday() >= SATURDAY else day


@dataclass(frozen=True, slots=True)
class Incidents:
    """The incidents in a history. `GroundTruth` explains the fields."""

    slower_since: dt.date
    broken_days: tuple[dt.date, dt.date]
    missing_day: dt.date
    slower_job: str = "train_forecast"
    slower_factor: float = 1.8
    slower_tag: tuple[str, str, str] = ("shop/model_version", "1.4", "2.0")
    queue_job: str = "sync_crm"
    queue_minutes: int = 12
    flaky_job: str = "fetch_exchange_rates"
    broken_job: str = "refresh_dashboards"
    long_tail_job: str = "send_reports"
    missing_job: str = "daily_sales"

    @classmethod
    def before(cls, until: dt.datetime) -> Self:
        """Choose the dates of the incidents for a history that ends at ``until``."""
        today = until.date()
        broken = _working_day(today - dt.timedelta(days=BROKEN_DAYS_AGO))
        if broken.weekday() == SATURDAY - 1:  # both days must be working days
            broken = _working_day(broken + dt.timedelta(days=1))
        return cls(
            slower_since=_working_day(today - dt.timedelta(days=SLOWER_DAYS_AGO)),
            broken_days=(broken, broken + dt.timedelta(days=1)),
            missing_day=today - dt.timedelta(days=MISSING_DAYS_AGO),
        )

    def is_slower(self, job: str, at: float) -> bool:
        """Return whether the slowdown affects runs of a job that are created at a given time."""
        return job == self.slower_job and at >= midnight(self.slower_since)

    def is_broken(self, job: str, at: float) -> bool:
        """Return whether all runs of a job that are created at a given time fail."""
        return job == self.broken_job and dt.datetime.fromtimestamp(at, dt.UTC).date() in self.broken_days

    def fixed_at(self) -> float:
        """Return the time at which the broken job was fixed: the morning of the next working day."""
        return midnight(_working_day(self.broken_days[-1] + dt.timedelta(days=1))) + 6.5 * 3600
