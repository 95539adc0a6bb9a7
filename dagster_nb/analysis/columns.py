"""The columns of a frame of runs, steps or failures, whatever road the frame has come by.

A frame straight from the client has exact dtypes. One that has been to CSV and back has text where the durations were,
one from Parquet may have another unit or backend. Everything in this package reads its columns through these functions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from dagster_nb.frames.columns import categories

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["began", "column", "durations", "from_micros", "micros", "statuses_of", "text", "times"]


def column(frame: pd.DataFrame, name: str) -> pd.Series:
    """Return a column as it is; an empty one where a frame without rows lacks it.

    Raises
    ------
    ValueError
        If a frame with rows has no such column; the message lists those it has.
    """
    if name in frame.columns:
        return frame[name]
    if frame.empty:
        return pd.Series([], dtype="object", name=name, index=frame.index[:0])
    raise ValueError(f"the frame has no column {name!r}; its columns are {', '.join(map(str, frame.columns))}")


def times(frame: pd.DataFrame, name: str) -> pd.Series:
    """Return a column of points in time as ``datetime64[us, UTC]``; without a zone they are in UTC."""
    values = column(frame, name)
    if values.dtype.kind in "iu" or (values.dtype.kind == "f" and values.notna().any()):
        raise ValueError(f"column {name!r} holds numbers, which do not say since when or in what unit; give it times")
    if values.isna().all():
        return pd.Series(pd.NaT, index=values.index, name=name, dtype="datetime64[us, UTC]")
    return pd.to_datetime(values, utc=True, format="ISO8601").astype("datetime64[us, UTC]")


def durations(frame: pd.DataFrame, name: str) -> pd.Series:
    """Return a column of durations as ``timedelta64[us]``; plain numbers are seconds, Dagster's own unit."""
    values = column(frame, name)
    if values.isna().all():
        # Nothing but missing values comes in any dtype, that of a point in time included.
        return pd.Series(np.full(len(values), np.timedelta64("NaT", "us")), index=values.index, name=name)
    if values.dtype.kind in "iuf":
        return pd.to_timedelta(values, unit="s").astype("timedelta64[us]")
    return pd.to_timedelta(values).astype("timedelta64[us]")


def text(frame: pd.DataFrame, name: str) -> pd.Series:
    """Return a column as `pandas.StringDtype`; a category becomes the text of its values."""
    return column(frame, name).astype(pd.StringDtype())


def began(runs: pd.DataFrame) -> pd.Series:
    """Return when each run came into being, as ``datetime64[us, UTC]``.

    That is the creation time. A server older than 1.7.13 does not tell it; then the start, or else the last update,
    stands in.
    """
    known = [times(runs, name) for name in ("creation_time", "start_time", "update_time") if name in runs.columns]
    if not known:
        return times(runs, "creation_time")
    first, *others = known
    for other in others:
        first = first.fillna(other)
    return first


def micros(values: pd.Series) -> pd.Series:
    """Return durations as whole microseconds in float64, NaN where there is none: exact up to 285 years."""
    counts = values.to_numpy(dtype="timedelta64[us]").astype("float64")
    counts[values.isna().to_numpy()] = np.nan
    return pd.Series(counts, index=values.index, name=values.name)


def from_micros(counts: pd.Series) -> pd.Series:
    """Return float microseconds as ``timedelta64[us]``, to the nearest microsecond."""
    missing = counts.isna().to_numpy()
    whole = np.where(missing, 0, counts.to_numpy(dtype="float64")).round().astype("int64").astype("timedelta64[us]")
    whole[missing] = np.timedelta64("NaT", "us")
    return pd.Series(whole, index=counts.index, name=counts.name)


def statuses_of(frame: pd.DataFrame) -> tuple[NDArray[np.int64], list[str]]:
    """Give each status a number, in the order of a run's life.

    Returns
    -------
    codes
        The number of the status of each row.
    names
        The statuses that occur and those known; a missing one is called ``unknown``.
    """
    coded = column(frame, "status").astype("category").cat
    own = [*map(str, coded.categories), "unknown"]
    names = categories(own)
    # A missing status has the code -1, and with that the last of the names.
    number = np.array([names.index(name) for name in own], dtype=np.int64)
    return number[coded.codes.to_numpy()], names
