"""Look up time zones by their IANA names."""

from __future__ import annotations

from datetime import tzinfo
from zoneinfo import ZoneInfo

__all__ = ["time_zone", "zone_name"]


def time_zone(tz: str | tzinfo) -> tzinfo:
    """Return the time zone with an IANA name. A `tzinfo` object is returned unchanged.

    Raises
    ------
    TypeError
        If `tz` is neither a string nor a `tzinfo` object.
    ValueError
        If there is no time zone with that name.

    Examples
    --------
    >>> time_zone("Europe/Paris")
    zoneinfo.ZoneInfo(key='Europe/Paris')
    """
    if isinstance(tz, tzinfo):
        return tz
    if not isinstance(tz, str):
        raise TypeError(f"tz must be an IANA name such as 'Europe/Paris' or a tzinfo object, not {tz!r}.")
    try:
        return ZoneInfo(tz)
    except (KeyError, ValueError, OSError):
        raise ValueError(f"there is no time zone {tz!r}. Use an IANA name such as 'Europe/Paris'.") from None


def zone_name(zone: tzinfo) -> str:
    """Return the name of a time zone.

    Examples
    --------
    >>> zone_name(time_zone("Europe/Paris"))
    'Europe/Paris'
    """
    return str(getattr(zone, "key", zone))
