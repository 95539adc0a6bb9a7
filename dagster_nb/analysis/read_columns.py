"""Read columns of frames with exact dtypes, even if the frame was read from a file.

A frame from the client already has exact dtypes. A frame from a CSV file has strings instead of durations, and the
columns of a frame from a Parquet file may have a different time unit or backend. The analysis and the charts read every
column through this module.
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
        If a frame with rows does not have the column; the message lists its columns.
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
    """Return a column of times as ``datetime64[us, UTC]``. Times without a zone are in UTC.

    Raises
    ------
    ValueError
        If the column contains numbers, which have no known unit or origin.
    """
    values = column(frame, name)
    if values.dtype.kind in "iu" or (values.dtype.kind == "f" and values.notna().any()):
        raise ValueError(
            f"column {name!r} contains numbers, not times. Convert it first, for example with "
            "pd.to_datetime(…, unit='s')."
        )
    if values.isna().all():
        return pd.Series(pd.NaT, index=values.index, name=name, dtype="datetime64[us, UTC]")
    return pd.to_datetime(values, utc=True, format="ISO8601").astype("datetime64[us, UTC]")


def durations(frame: pd.DataFrame, name: str) -> pd.Series:
    """Return a column of durations as ``timedelta64[us]``. Numbers are seconds, as in Dagster."""
    values = column(frame, name)
    if values.isna().all():
        # If all values are missing, the column can have any dtype, even a dtype for times.
        return pd.Series(np.full(len(values), np.timedelta64("NaT", "us")), index=values.index, name=name)
    if values.dtype.kind in "iuf":
        return pd.to_timedelta(values, unit="s").astype("timedelta64[us]")
    return pd.to_timedelta(values).astype("timedelta64[us]")


def strings(frame: pd.DataFrame, name: str) -> pd.Series:
    """Return a column, which can be categorical, as `pandas.StringDtype`."""
    return column(frame, name).astype(pd.StringDtype())


def has_status(frame: pd.DataFrame, *names: str) -> NDArray[np.bool_]:
    """Return for each row whether its status is one of `names`. A missing status gives False."""
    return column(frame, "status").isin(names).fillna(False).to_numpy(dtype=bool)


def creation_times(runs: pd.DataFrame) -> pd.Series:
    """Return the creation time of each run as ``datetime64[us, UTC]``.

    Servers before Dagster 1.7.13 do not provide the creation time. A missing creation time is replaced by the start
    time or, if there is none, by the last update.
    """
    names = [name for name in ("creation_time", "start_time", "update_time") if name in runs.columns]
    found = times(runs, names[0] if names else "creation_time")
    for other in names[1:]:
        # Converting a column takes longer than finding out that no time is missing.
        if found.notna().all():
            break
        found = found.fillna(times(runs, other))
    return found


def microseconds(values: pd.Series) -> pd.Series:
    """Return durations as whole microseconds in float64, which is exact up to 285 years; NaN if missing."""
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
    """Return durations as float64 seconds, or NaN if missing."""
    return microseconds(values).to_numpy(dtype="float64") / 1e6


def status_codes(frame: pd.DataFrame) -> tuple[NDArray[np.int64], list[str]]:
    """Return the status of each row as a number, in Dagster's order.

    Returns
    -------
    codes
        The position of each row's status in `names`.
    names
        All known statuses, followed by other statuses in the frame and by ``unknown`` for a missing status.
    """
    coded = column(frame, "status").astype("category").cat
    own = [*map(str, coded.categories), "unknown"]
    names = categories(own)
    # A missing status has the code -1, which selects the last name, ``unknown``.
    positions = np.array([names.index(name) for name in own], dtype=np.int64)
    return positions[coded.codes.to_numpy()], names


def as_of_time(frame: pd.DataFrame, as_of: pd.Timestamp | None) -> pd.Timestamp:
    """Return the time, in UTC, at which the states in a frame were valid.

    The time is `as_of` if it is given, otherwise the time at which the frame was fetched
    (``attrs["dagster_nb"]["fetched_at"]``), or the current time if that is unknown.
    """
    if as_of is None:
        fetched = frame.attrs.get("dagster_nb", {}).get("fetched_at")
        as_of = pd.Timestamp.now("UTC") if fetched is None else pd.Timestamp(fetched)
    return as_of.tz_localize("UTC") if as_of.tzinfo is None else as_of.tz_convert("UTC")
