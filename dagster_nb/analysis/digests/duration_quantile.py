"""Compute quantiles of durations."""

from __future__ import annotations

import numpy as np
import pandas as pd

from dagster_nb.analysis.read_columns import microseconds

__all__ = ["quantile"]


def quantile(values: pd.Series, share: float) -> pd.Timedelta:
    """Return a quantile of durations, with linear interpolation.

    Parameters
    ----------
    values
        One or more durations, without missing values.
    share
        The share of the values below the quantile, from 0 to 1.

    Examples
    --------
    >>> quantile(pd.Series(pd.to_timedelta([1, 3], unit="s")), 0.5)
    Timedelta('0 days 00:00:02')
    """
    return pd.Timedelta(float(np.quantile(microseconds(values).to_numpy(), share)), unit="us")
