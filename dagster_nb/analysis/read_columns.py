"""Read columns of a frame of runs, steps or failures with exact dtypes, whatever the origin of the frame.

A frame from the client already has exact dtypes. A frame read back from CSV has strings instead of durations, and a
frame from Parquet may have another time unit or backend. The analysis and the charts read every column through this
module.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from dagster_nb.frames.columns import categories

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "as_of_time",
    "column",
    "creation_times",
    "durations",
    "from_microseconds",
    "has_status",
    "microseconds",
    "seconds",
    "status_codes",
    "strings",
    "times",
]


def column(frame: pd.DataFrame, name: str) -> pd.Series:
    """Return a column unchanged. If the frame has no rows and lacks the column, return an empty column.

    Raises
    ------
    ValueError
        If a frame with rows has no such column; the message lists the columns that it has.
    """
    if name in frame.columns:
        return frame[name]
    if frame.empty:
        return pd.Series([], dtype="object", name=name, index=frame.index[:0])
    raise ValueError(
        f"the frame has no column {name!r}; its columns are {', '.join(map(str, frame.columns))}. Pass a frame that "
        "has this column."
    )


def times(frame: pd.DataFrame, name: str) -> pd.Series:
    """Return a column of times as ``datetime64[us, UTC]``; times without a zone are in UTC.

    Raises
    ------
    ValueError
        If the column contains numbers, because their unit and origin are unknown.
    """
    values = column(frame, name)
    if values.dtype.kind in "iu" or (values.dtype.kind == "f" and values.notna().any()):
        raise ValueError(
            f"column {name!r} holds numbers, not times; convert it first, for example with pd.to_datetime(…, unit='s')"
        )
    if values.isna().all():
        return pd.Series(pd.NaT, index=values.index, name=name, dtype="datetime64[us, UTC]")
    return pd.to_datetime(values, utc=True, format="ISO8601").astype("datetime64[us, UTC]")


def durations(frame: pd.DataFrame, name: str) -> pd.Series:
    """Return a column of durations as ``timedelta64[us]``; plain numbers are seconds, as in Dagster."""
    values = column(frame, name)
    if values.isna().all():
        # A column with only missing values can have any dtype, even that of times.
        return pd.Series(np.full(len(values), np.timedelta64("NaT", "us")), index=values.index, name=name)
    if values.dtype.kind in "iuf":
        return pd.to_timedelta(values, unit="s").astype("timedelta64[us]")
    return pd.to_timedelta(values).astype("timedelta64[us]")


def strings(frame: pd.DataFrame, name: str) -> pd.Series:
    """Return a column as `pandas.StringDtype`; categories become their names."""
    return column(frame, name).astype(pd.StringDtype())


def has_status(frame: pd.DataFrame, *names: str) -> NDArray[np.bool_]:
    """Return for each row whether its status is one of `names`; False where the status is missing."""
    return column(frame, "status").isin(names).fillna(False).to_numpy(dtype=bool)


def creation_times(runs: pd.DataFrame) -> pd.Series:
    """Return when each run was created, as ``datetime64[us, UTC]``.

    Servers older than 1.7.13 do not provide the creation time, so the start time or else the last update is returned.
    """
    known = [times(runs, name) for name in ("creation_time", "start_time", "update_time") if name in runs.columns]
    if not known:
        return times(runs, "creation_time")
    first, *others = known
    for other in others:
        first = first.fillna(other)
    return first


def microseconds(values: pd.Series) -> pd.Series:
    """Return durations as whole microseconds in float64, NaN where missing; exact up to 285 years."""
    counts = values.to_numpy(dtype="timedelta64[us]").astype("float64")
    counts[values.isna().to_numpy()] = np.nan
    return pd.Series(counts, index=values.index, name=values.name)


def from_microseconds(counts: pd.Series) -> pd.Series:
    """Return float microseconds as ``timedelta64[us]``, rounded to whole microseconds."""
    missing = counts.isna().to_numpy()
    whole = np.where(missing, 0, counts.to_numpy(dtype="float64")).round().astype("int64").astype("timedelta64[us]")
    whole[missing] = np.timedelta64("NaT", "us")
    return pd.Series(whole, index=counts.index, name=counts.name)


def seconds(values: pd.Series) -> NDArray[np.float64]:
    """Return durations as float64 seconds, NaN where missing."""
    return microseconds(values).to_numpy(dtype="float64") / 1e6


def status_codes(frame: pd.DataFrame) -> tuple[NDArray[np.int64], list[str]]:
    """Return the status of each row as a number, in Dagster's order.

    Returns
    -------
    codes
        The position of each row's status in `names`.
    names
        All known statuses, then any others in the frame; a missing status is called ``unknown``.
    """
    coded = column(frame, "status").astype("category").cat
    own = [*map(str, coded.categories), "unknown"]
    names = categories(own)
    # A missing status has the code -1, which selects the last name, ``unknown``.
    positions = np.array([names.index(name) for name in own], dtype=np.int64)
    return positions[coded.codes.to_numpy()], names


def as_of_time(frame: pd.DataFrame, as_of: pd.Timestamp | None) -> pd.Timestamp:
    """Return the time, in UTC, to which the states in a frame refer.

    This is `as_of` if given, or else the time when the frame was fetched (``attrs["dagster_nb"]["fetched_at"]``), or
    else now.
    """
    if as_of is None:
        fetched = frame.attrs.get("dagster_nb", {}).get("fetched_at")
        as_of = pd.Timestamp.now("UTC") if fetched is None else pd.Timestamp(fetched)
    return as_of.tz_localize("UTC") if as_of.tzinfo is None else as_of.tz_convert("UTC")
