"""The dtypes of all columns, and functions that turn values from the server into columns.

The dtype of a column does not depend on its values, so even empty frames can be joined or concatenated with others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from dagster_nb.statuses import RUN_STATUSES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    ExtensionArray = pd.api.extensions.ExtensionArray

__all__ = [
    "DURATION",
    "RUN_STATUSES",
    "TIME",
    "categories",
    "durations",
    "flags",
    "frame",
    "integers",
    "nullable_flags",
    "nullable_integers",
    "objects",
    "statuses",
    "strings",
    "times",
]

TIME = pd.DatetimeTZDtype("us", "UTC")
DURATION = np.dtype("timedelta64[us]")


def strings(values: Iterable[str | None]) -> ExtensionArray:
    """Return strings as `pd.StringDtype`; None becomes NA."""
    return pd.array(list(values), dtype=pd.StringDtype())


def flags(values: Iterable[bool | None]) -> NDArray[np.bool_] | ExtensionArray:
    """Return booleans as ``bool``, or as `pd.BooleanDtype` if any value is missing (None)."""
    given = list(values)
    return pd.array(given, dtype="boolean") if None in given else np.array(given, dtype=bool)


def integers(values: Iterable[int | None]) -> NDArray[np.int64] | ExtensionArray:
    """Return integers as ``int64``, or as `pd.Int64Dtype` if any value is missing (None)."""
    given = list(values)
    return pd.array(given, dtype="Int64") if None in given else np.array(given, dtype=np.int64)


def nullable_flags(values: Iterable[bool | None]) -> ExtensionArray:
    """Return booleans as `pd.BooleanDtype`, even if no value is missing; None becomes NA."""
    return pd.array(list(values), dtype="boolean")


def nullable_integers(values: Iterable[int | None]) -> ExtensionArray:
    """Return integers as `pd.Int64Dtype`, even if no value is missing; None becomes NA."""
    return pd.array(list(values), dtype="Int64")


def objects(values: Iterable[Any]) -> NDArray[np.object_]:
    """Return lists, dicts and None as a column of objects, in which each list is a single value."""
    rows = list(values)
    column = np.empty(len(rows), dtype=object)
    for position, value in enumerate(rows):
        column[position] = value
    return column


def times(seconds: Iterable[float | None]) -> pd.DatetimeIndex:
    """Return float seconds since 1970 as ``datetime64[us, UTC]``; None becomes NaT.

    The result is exact: a float for a present-day time is accurate to a quarter of a microsecond, so rounding gives the
    microsecond that the server stored.

    Examples
    --------
    >>> times([1.5, None])
    DatetimeIndex(['1970-01-01 00:00:01.500000+00:00', 'NaT'], dtype='datetime64[us, UTC]', freq=None)
    """
    floats = np.array([np.nan if value is None else value for value in seconds], dtype=np.float64)
    missing = np.isnan(floats)
    micros = np.rint(np.where(missing, 0.0, floats) * 1_000_000).astype("datetime64[us]")
    micros[missing] = np.datetime64("NaT", "us")
    return pd.DatetimeIndex(micros, tz="UTC")


def durations(seconds: Iterable[float | None]) -> pd.TimedeltaIndex:
    """Return seconds as ``timedelta64[us]``, rounded to the nearest microsecond; None becomes NaT.

    Examples
    --------
    >>> durations([1.5, None]).dtype
    dtype('<m8[us]')
    """
    return times(seconds) - pd.Timestamp(0, tz="UTC").as_unit("us")


def statuses(values: Sequence[str | None], known: Sequence[str] = RUN_STATUSES) -> pd.Categorical[Any]:
    """Return run statuses as an ordered category, in the order in which runs go through the statuses.

    Parameters
    ----------
    values
        The ``Run.status`` of each run; None becomes NA.
    known
        The known statuses, in order. All other statuses come last.
    """
    present = [value for value in values if value is not None]
    return pd.Categorical(list(values), categories=categories(present, known))


def categories(values: Iterable[str], known: Sequence[str] = RUN_STATUSES) -> list[str]:
    """Return the known statuses, followed by all other statuses in the order in which they occur.

    Examples
    --------
    >>> categories(["NEW", "b"], known=["a", "b"])
    ['a', 'b', 'NEW']
    """
    return list(dict.fromkeys([*known, *values]))


def frame(columns: Mapping[str, Any]) -> pd.DataFrame:
    """Return a frame of the given columns, with a default index."""
    return pd.DataFrame(dict(columns))
