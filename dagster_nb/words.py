"""Format durations, counts and times as short English text, for charts, panels and error messages."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pandas as pd

from dagster_nb.time_zones import zone_name

if TYPE_CHECKING:
    from datetime import tzinfo

__all__ = [
    "MISSING",
    "count_text",
    "duration_so_far_text",
    "duration_text",
    "interval_text",
    "ordinal_text",
    "percent_text",
    "plural",
    "relative_time_text",
    "short_id",
    "time_text",
    "zoned_time_text",
]

MISSING = "—"
"""The placeholder for a missing time or duration."""

_MINUTE, _HOUR, _DAY = 60.0, 3600.0, 86400.0
# Units for durations of a minute or more. Each row has the unit, the next smaller unit, the number of seconds in the
# smaller unit, the number of smaller units in the unit, and the number of units in the next larger unit.
_UNIT_PAIRS = (("min", "s", 1.0, 60, 60), ("h", "min", _MINUTE, 60, 24), ("d", "h", _HOUR, 24, math.inf))
_AGO_UNITS = ((7 * _DAY, "w"), (_DAY, "d"), (_HOUR, "h"), (_MINUTE, "min"))
_SHORT_ID_LENGTH = 8


def duration_text(duration: float | pd.Timedelta, digits: int = 3) -> str:
    """Return a duration as text with at most two units, or a dash if it is missing.

    Parameters
    ----------
    duration
        Seconds or a `pandas.Timedelta`. NaN and NaT count as missing.
    digits
        The number of significant digits for a duration of less than a minute.

    Examples
    --------
    >>> [duration_text(seconds) for seconds in (0.25, 10, 90, 3600, 5025, 200_000)]
    ['250 ms', '10 s', '1 min 30 s', '1 h', '1 h 24 min', '2 d 8 h']
    >>> duration_text(pd.Timedelta(minutes=2)), duration_text(pd.NaT)
    ('2 min', '—')
    """
    if pd.isna(duration):
        return MISSING
    seconds = duration.total_seconds() if isinstance(duration, pd.Timedelta) else float(duration)
    if seconds < 0:
        return f"-{duration_text(-seconds, digits)}"
    value = float(f"{seconds:.{digits}g}")
    if value == 0:
        return "0 s"
    if value < 1:
        return f"{float(f'{seconds * 1000:.{digits}g}'):.10g} ms"
    if value < _MINUTE:
        return f"{value:.10g} s"
    fitting = (pair for pair in _UNIT_PAIRS if round(seconds / pair[2]) // pair[3] < pair[4])
    unit, smaller, size, per_unit, _ = next(fitting)
    whole, rest = divmod(round(seconds / size), per_unit)
    return f"{whole} {unit}" + (f" {rest} {smaller}" if rest else "")


def duration_so_far_text(duration: float | pd.Timedelta) -> str:
    """Return the duration of something in progress as text, in whole seconds.

    Parameters
    ----------
    duration
        Seconds or a `pandas.Timedelta`, not missing.

    Examples
    --------
    >>> duration_so_far_text(75.8), duration_so_far_text(pd.Timedelta(minutes=2))
    ('1 min 15 s so far', '2 min so far')
    """
    seconds = duration.total_seconds() if isinstance(duration, pd.Timedelta) else float(duration)
    return f"{duration_text(math.floor(seconds))} so far"


def count_text(count: int) -> str:
    """Return a count as text, with commas between the thousands.

    Examples
    --------
    >>> count_text(48213)
    '48,213'
    """
    return f"{count:,}"


def plural(count: int, singular: str, several: str | None = None) -> str:
    """Return a count and its noun as text, in the singular or the plural.

    Parameters
    ----------
    count
        The count.
    singular
        The singular noun.
    several
        The plural noun; by default the singular with an "s".

    Examples
    --------
    >>> plural(1, "run"), plural(2_000, "run"), plural(0, "match", "matches")
    ('1 run', '2,000 runs', '0 matches')
    """
    return f"{count_text(count)} {singular if count == 1 else several or f'{singular}s'}"


def ordinal_text(number: int) -> str:
    """Return a positive number as an ordinal, such as "1st".

    Examples
    --------
    >>> [ordinal_text(number) for number in (1, 2, 3, 11, 34, 1_122)]
    ['1st', '2nd', '3rd', '11th', '34th', '1,122nd']
    """
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{count_text(number)}{ending}"


def percent_text(share: float) -> str:
    """Return a share from 0 to 1 as a percentage, with one decimal place unless the share is exactly 0 or 1.

    Examples
    --------
    >>> [percent_text(share) for share in (0, 0.5, 0.9999, 1)]
    ['0 %', '50.0 %', '99.9 %', '100 %']
    """
    digits = 1 if 0 < share < 1 else 0
    # Do not round the share to 100 % if a run failed.
    shown = min(share, 0.999) if share < 1 else share
    return f"{shown * 100:.{digits}f} %"


def time_text(time: pd.Timestamp) -> str:
    """Return a point in time as text, to the second and without the name of its time zone, or a dash if it is missing.

    Examples
    --------
    >>> time_text(pd.Timestamp("2026-01-01 10:00:00.25", tz="UTC")), time_text(pd.NaT)
    ('2026-01-01 10:00:00', '—')
    """
    return MISSING if pd.isna(time) else f"{time:%Y-%m-%d %H:%M:%S}"


def zoned_time_text(time: pd.Timestamp, zone: tzinfo) -> str:
    """Return a point in time as text, to the second and with the name of its time zone, or a dash if it is missing.

    Examples
    --------
    >>> from zoneinfo import ZoneInfo
    >>> zoned_time_text(pd.Timestamp("2026-01-01 10:00", tz="UTC"), ZoneInfo("Europe/Paris"))
    '2026-01-01 11:00:00 Europe/Paris'
    """
    return MISSING if pd.isna(time) else f"{time_text(time.tz_convert(zone))} {zone_name(zone)}"


def interval_text(start: pd.Timestamp, end: pd.Timestamp) -> str:
    """Return a period as text, in the time zone of its limits, but without the name of the zone.

    Parameters
    ----------
    start, end
        The start of the period, and the time directly after it.

    Examples
    --------
    >>> interval_text(pd.Timestamp("2026-01-01 10:00"), pd.Timestamp("2026-01-01 11:00"))
    '2026-01-01 10:00 to 11:00'
    >>> interval_text(pd.Timestamp("2026-01-01"), pd.Timestamp("2026-01-02"))
    '2026-01-01'
    >>> interval_text(pd.Timestamp("2026-01-05"), pd.Timestamp("2026-01-12"))
    '2026-01-05 to 2026-01-11'
    """
    if start == start.normalize() and end == end.normalize():
        last = end - pd.Timedelta(hours=1)
        return f"{start:%Y-%m-%d}" if last.date() == start.date() else f"{start:%Y-%m-%d} to {last:%Y-%m-%d}"
    last_text = f"{end:%H:%M}" if end.date() == start.date() else f"{end:%Y-%m-%d %H:%M}"
    return f"{start:%Y-%m-%d %H:%M} to {last_text}"


def relative_time_text(time: pd.Timestamp, now: pd.Timestamp) -> str:
    """Return how long ago a point in time was, as text with one unit, or a dash if it is missing.

    Examples
    --------
    >>> relative_time_text(pd.Timestamp("2026-01-01 10:00"), pd.Timestamp("2026-01-01 13:20"))
    '3 h ago'
    """
    if pd.isna(time):
        return MISSING
    seconds = (now - time).total_seconds()
    for size, unit in _AGO_UNITS:
        if seconds >= size:
            return f"{int(seconds // size)} {unit} ago"
    return "just now"


def short_id(run_id: str) -> str:
    """Return the first eight characters of a run id, as Dagster's pages show it.

    Examples
    --------
    >>> short_id("4ba746c7-9b3f-4f0a-8d1c-1a2b3c4d5e6f")
    '4ba746c7'
    """
    return run_id[:_SHORT_ID_LENGTH]
