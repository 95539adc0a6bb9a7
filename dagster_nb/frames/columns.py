"""The dtypes of every frame: how a list of values from the server becomes a column.

A column has its dtype at no rows as at a million, so that frames of any size compare, join and concatenate alike.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from dagster_nb.statuses import FINISHED, RUN_STATUSES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    ExtensionArray = pd.api.extensions.ExtensionArray

__all__ = [
    "DURATION",
    "FINISHED",
    "RUN_STATUSES",
    "TIME",
    "categories",
    "flags",
    "frame",
    "integers",
    "objects",
    "statuses",
    "strings",
    "times",
]

TIME = pd.DatetimeTZDtype("us", "UTC")
DURATION = np.dtype("timedelta64[us]")


def strings(values: Iterable[str | None]) -> ExtensionArray:
    """Return texts as `pd.StringDtype`, None as NA."""
    return pd.array(list(values), dtype=pd.StringDtype())


def flags(values: Iterable[bool | None]) -> NDArray[np.bool_] | ExtensionArray:
    """Return truth values as numpy's ``bool``; as `pd.BooleanDtype` only where a server does not tell some (None)."""
    known = list(values)
    return pd.array(known, dtype="boolean") if None in known else np.array(known, dtype=bool)


def integers(values: Iterable[int | None]) -> NDArray[np.int64] | ExtensionArray:
    """Return whole numbers as ``int64``; as `pd.Int64Dtype` only where a server does not tell some (None)."""
    known = list(values)
    return pd.array(known, dtype="Int64") if None in known else np.array(known, dtype=np.int64)


def objects(values: Iterable[Any]) -> NDArray[np.object_]:
    """Return lists, dicts or None as an object column; a list stays one value."""
    rows = list(values)
    column = np.empty(len(rows), dtype=object)
    for place, value in enumerate(rows):
        column[place] = value
    return column


def times(seconds: Iterable[float | None]) -> pd.DatetimeIndex:
    """Return the server's float seconds since 1970 as ``datetime64[us, UTC]``, None as NaT.

    The nearest microsecond is the one that was stored: a float of this size is exact to a quarter of one.

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


def statuses(values: Sequence[str | None], known: Sequence[str] = RUN_STATUSES) -> pd.Categorical[Any]:
    """Return run statuses as a category in the order of a run's life.

    Parameters
    ----------
    values
        ``Run.status`` of each run; None becomes NA.
    known
        The statuses in order. One that is not among them is kept as itself and comes last.
    """
    told = [value for value in values if value is not None]
    return pd.Categorical(list(values), categories=categories(told, known))


def categories(values: Iterable[str], known: Sequence[str] = RUN_STATUSES) -> list[str]:
    """Return the known statuses and after them, in order of appearance, those that nobody knows.

    Examples
    --------
    >>> categories(["NEW", "b"], known=["a", "b"])
    ['a', 'b', 'NEW']
    """
    return list(dict.fromkeys([*known, *values]))


def frame(columns: Mapping[str, Any]) -> pd.DataFrame:
    """Return columns as a frame numbered from 0."""
    return pd.DataFrame(dict(columns))
