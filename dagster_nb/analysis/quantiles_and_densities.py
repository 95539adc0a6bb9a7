"""Compute quantiles and smoothed histograms of durations for each group."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Integers = NDArray[np.int64]

__all__ = ["group_medians", "group_quantiles", "log_densities"]

_KERNEL = np.array([1, 2, 3, 2, 1]) / 9
_MIN_RUNS = 8


def group_quantiles(values: Floats, groups: Integers, n_groups: int, quantiles: Sequence[float]) -> Floats:
    """Return the quantiles of each group, with linear interpolation.

    Parameters
    ----------
    values
        The value of each row. No value may be NaN.
    groups
        The group of each row, from 0 to ``n_groups - 1``.
    n_groups
        The number of groups.
    quantiles
        The quantiles to compute, from 0 to 1.

    Returns
    -------
    numpy.ndarray
        The quantiles, of shape (n_groups, len(quantiles)), or NaN for a group without rows.

    Examples
    --------
    >>> group_quantiles(np.array([1.0, 3.0]), np.array([0, 0]), 2, [0.5]).tolist()
    [[2.0], [nan]]
    """
    result = np.full((n_groups, len(quantiles)), np.nan)
    for group in range(n_groups):
        own = values[groups == group]
        if len(own):
            result[group] = np.quantile(own, quantiles)
    return result


def group_medians(values: Floats, groups: Integers, n_groups: int) -> tuple[Floats, Integers]:
    """Return the median of each group, also if there are thousands of small groups.

    Parameters
    ----------
    values, groups, n_groups
        As in `group_quantiles`.

    Returns
    -------
    medians : numpy.ndarray
        The median of each group, or NaN for a group without rows.
    counts : numpy.ndarray
        The number of rows of each group.

    Examples
    --------
    >>> group_medians(np.array([1.0, 3.0]), np.array([0, 0]), 2)
    (array([ 2., nan]), array([2, 0]))
    """
    ordered = values[np.lexsort((values, groups))]
    counts = np.bincount(groups, minlength=n_groups)
    first = np.cumsum(counts) - counts
    medians = np.full(n_groups, np.nan)
    known = counts > 0
    low, high = (first + (counts - 1) // 2)[known], (first + counts // 2)[known]
    medians[known] = (ordered[low] + ordered[high]) / 2
    return medians, counts


def log_densities(
    values: Floats, groups: Integers, n_groups: int, limits: tuple[float, float], n_bins: int = 120
) -> tuple[Floats, Floats]:
    """Return a smoothed histogram of each group on a logarithmic scale.

    Parameters
    ----------
    values
        The values, which must be positive.
    groups
        The group of each value, from 0 to ``n_groups - 1``.
    n_groups
        The number of groups.
    limits
        The ends of the scale. Values outside the scale are counted in the first or the last bin.
    n_bins
        The number of bins. All bins have the same width on the logarithmic scale.

    Returns
    -------
    centers
        The center of each bin.
    densities
        The densities, of shape (n_groups, n_bins). Each group is scaled to a maximum of 1; the densities of a group
        with fewer than 8 values are 0.

    Examples
    --------
    >>> centers, densities = log_densities(np.full(8, 10.0), np.zeros(8, dtype=int), 1, (1.0, 100.0), n_bins=5)
    >>> densities.round(2).tolist()
    [[0.33, 0.67, 1.0, 0.67, 0.33]]
    """
    low, high = np.log(limits)
    width = (high - low) / n_bins
    bins = ((np.log(values) - low) / width).astype(np.int64).clip(0, n_bins - 1)
    counts = np.bincount(groups * n_bins + bins, minlength=n_groups * n_bins).reshape(n_groups, n_bins)
    densities = np.zeros((n_groups, n_bins))
    for group in np.flatnonzero(counts.sum(axis=1) >= _MIN_RUNS):
        smooth = np.convolve(counts[group], _KERNEL, mode="same")
        densities[group] = smooth / smooth.max()
    return np.exp(low + width * (np.arange(n_bins) + 0.5)), densities
