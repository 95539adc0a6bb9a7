"""Set up axes that show dates in a time zone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import matplotlib.dates as mdates

from dagster_nb.time_zones import zone_name

if TYPE_CHECKING:
    from datetime import tzinfo

    import numpy as np
    import pandas as pd
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

__all__ = ["date_numbers", "period_text", "set_time_axis"]


def set_time_axis(ax: Axes, zone: tzinfo) -> None:
    """Make the x axis show dates in a time zone."""
    ax.xaxis_date(zone)
    locator = mdates.AutoDateLocator(tz=zone, minticks=4, maxticks=9)  # type: ignore[no-untyped-call]
    ax.xaxis.set_major_locator(locator)
    ax.xaxis.set_major_formatter(mdates.ConciseDateFormatter(locator, tz=zone))  # type: ignore[no-untyped-call]


def period_text(times: pd.Series, zone: tzinfo) -> str:
    """Return the first and the last day of a series of times in a time zone, as text.

    Return an empty string if there are no times.

    Examples
    --------
    >>> import pandas as pd
    >>> from zoneinfo import ZoneInfo
    >>> times = pd.Series(pd.to_datetime(["2026-01-01 23:30", "2026-01-03 12:00"], utc=True))
    >>> period_text(times, ZoneInfo("Europe/Paris"))
    '2026-01-02 to 2026-01-03 (Europe/Paris)'
    """
    if not times.notna().any():
        return ""
    first, last = (f"{time.tz_convert(zone):%Y-%m-%d}" for time in (times.min(), times.max()))
    return f"{first if first == last else f'{first} to {last}'} ({zone_name(zone)})"


def date_numbers(times: pd.Series) -> NDArray[np.float64]:
    """Convert times to matplotlib's dates, which are days since 1970. Missing times become NaN."""
    numbers: NDArray[np.float64] = mdates.date2num(times.to_numpy(dtype="datetime64[us]"))  # type: ignore[no-untyped-call]
    return numbers
