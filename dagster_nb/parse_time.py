"""Parse points in time as users write them."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import TypeAlias

__all__ = ["Moment", "to_seconds", "with_zone"]

Moment: TypeAlias = str | date | datetime | timedelta
"""A point in time: a datetime, a date or an ISO 8601 string; or how long ago: a timedelta or a string such as
``"24h"``."""

_UNITS = {"s": "seconds", "min": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_AGO = re.compile(rf"\s*(\d+(?:\.\d+)?)\s*({'|'.join(_UNITS)})\s*")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def to_seconds(moment: Moment | None, name: str, *, now: datetime | None = None) -> float | None:
    """Convert a point in time to seconds since 1970, the unit of Dagster's filters.

    Parameters
    ----------
    moment
        A ``datetime`` or ``pandas.Timestamp`` (UTC if it has no time zone), a ``date`` (midnight UTC), or an ISO 8601
        string; or how long ago: a ``timedelta`` or ``pandas.Timedelta``, or a string of a number and one of the units
        ``s``, ``min``, ``h``, ``d``, ``w``. None stays None.
    name
        The name of the argument, for the error message.
    now
        The time to which "ago" is relative. Default: the current time.

    Raises
    ------
    ValueError
        If the value is not a point in time. The parser of pandas is not used, because it would read ``"1h"`` as a day
        in the year 1.

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
            return _since_epoch(_before(now, moment))
        if isinstance(moment, datetime):
            return _since_epoch(moment)
        if isinstance(moment, date):
            return _since_epoch(datetime(moment.year, moment.month, moment.day, tzinfo=UTC))
        if isinstance(moment, str):
            if match := _AGO.fullmatch(moment):
                number, unit = match.groups()
                return _since_epoch(_before(now, timedelta(**{_UNITS[unit]: float(number)})))
            return _since_epoch(datetime.fromisoformat(moment.strip()))
    except (ValueError, OverflowError, TypeError):
        pass
    raise ValueError(
        f"{name} is not a point in time: {moment!r}. Give a datetime, a date, an ISO 8601 string such as "
        f"'2026-01-31T12:00', or how long ago with one of the units {', '.join(_UNITS)}, such as '24h' or '7d'."
    )


def with_zone(moment: str, zone: tzinfo) -> str:
    """Add the offset from UTC to an ISO 8601 string. Any other string, such as ``"7d"``, is returned unchanged.

    Parameters
    ----------
    moment
        A string that `to_seconds` would accept.
    zone
        The time zone of a string without an offset.

    Examples
    --------
    >>> from zoneinfo import ZoneInfo
    >>> with_zone("2026-01-31", ZoneInfo("Europe/Paris")), with_zone("7d", ZoneInfo("Europe/Paris"))
    ('2026-01-31 00:00:00+01:00', '7d')
    """
    try:
        parsed = datetime.fromisoformat(moment.strip())
    except ValueError:
        return moment
    if parsed.tzinfo is not None or zone.utcoffset(parsed) == timedelta(0):
        # A time without an offset means UTC.
        return moment
    return parsed.replace(tzinfo=zone).isoformat(sep=" ")


def _before(now: datetime, length: timedelta) -> datetime:
    if length < timedelta(0):
        raise ValueError
    return now - length


def _since_epoch(moment: datetime) -> float:
    # NaT in pandas is a datetime that does not equal itself.
    if moment != moment:  # noqa: PLR0124
        raise ValueError
    aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    # Dividing whole microseconds gives the nearest float, even for times that are far from 1970.
    return (aware - _EPOCH) / timedelta(seconds=1)
