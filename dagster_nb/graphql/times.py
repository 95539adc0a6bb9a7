"""Points in time as people write them."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import TypeAlias

__all__ = ["Moment", "to_seconds"]

Moment: TypeAlias = str | date | datetime | timedelta
"""A point in time: a datetime, date, ISO 8601 text; or that long ago: a timedelta or a text such as ``"24h"``."""

_UNITS = {"s": "seconds", "min": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_AGO = re.compile(rf"\s*(\d+(?:\.\d+)?)\s*({'|'.join(_UNITS)})\s*")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def to_seconds(moment: Moment | None, name: str, *, now: datetime | None = None) -> float | None:
    """Return a point in time as seconds since 1970, which is how Dagster's filters take it.

    Parameters
    ----------
    moment
        A ``datetime`` or ``pandas.Timestamp`` (without a zone: UTC), a ``date`` (its midnight in UTC), an ISO 8601
        text; or that long ago: a ``timedelta`` or ``pandas.Timedelta``, or a number and one of the units ``s``,
        ``min``, ``h``, ``d``, ``w``. None stays None.
    name
        The argument, for the error.
    now
        From when "ago" counts; the present by default.

    Raises
    ------
    ValueError
        If it is anything else. pandas' own parser is not asked: it reads ``"1h"`` as a day of the year 1.

    Examples
    --------
    >>> to_seconds("1970-01-02", "created_after")
    86400.0
    >>> to_seconds("90min", "created_after", now=datetime(1970, 1, 1, 3, tzinfo=UTC))
    5400.0
    """
    if moment is None:
        return None
    now = now or datetime.now(UTC)
    try:
        if isinstance(moment, timedelta):
            return _seconds(_ago(moment, now))
        if isinstance(moment, datetime):
            return _seconds(moment)
        if isinstance(moment, date):
            return _seconds(datetime(moment.year, moment.month, moment.day, tzinfo=UTC))
        if isinstance(moment, str):
            if match := _AGO.fullmatch(moment):
                number, unit = match.groups()
                return _seconds(_ago(timedelta(**{_UNITS[unit]: float(number)}), now))
            return _seconds(datetime.fromisoformat(moment.strip()))
    except (ValueError, OverflowError, TypeError):
        pass
    raise ValueError(
        f"{name} does not say when: {moment!r}. Give a datetime, a date, an ISO 8601 text such as '2026-01-31T12:00', "
        f"or how long ago with one of the units {', '.join(_UNITS)}, such as '24h' or '7d'."
    )


def _ago(length: timedelta, now: datetime) -> datetime:
    if length < timedelta(0):
        raise ValueError
    return now - length


def _seconds(moment: datetime) -> float:
    # pandas' NaT is a datetime, and not equal to itself.
    if moment != moment:  # noqa: PLR0124
        raise ValueError
    aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    # Dividing whole microseconds gives the float nearest to the time meant, however far it is from 1970.
    return (aware - _EPOCH) / timedelta(seconds=1)
