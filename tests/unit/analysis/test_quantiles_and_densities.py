import numpy as np
import pytest

from dagster_nb.analysis.quantiles_and_densities import group_quantiles, log_densities


def test_quantiles_agree_with_numpy():
    random = np.random.default_rng(0)
    values, groups = random.random(200), random.integers(0, 3, 200)
    result = group_quantiles(values, groups, 4, [0.05, 0.5])
    for group in range(3):
        assert result[group] == pytest.approx(np.quantile(values[groups == group], [0.05, 0.5]))
    assert np.isnan(result[3]).all()


def test_a_density_peaks_at_the_most_frequent_values():
    values = np.exp(np.random.default_rng(0).normal(np.log(60), 0.2, 5000))
    centers, densities = log_densities(values, np.zeros(5000, dtype=int), 1, (1.0, 3600.0))
    assert densities.max() == 1
    assert centers[densities[0].argmax()] == pytest.approx(60, rel=0.15)
    assert densities[0, 0] == densities[0, -1] == 0


def test_no_density_is_computed_for_too_few_values():
    _, densities = log_densities(np.full(7, 10.0), np.zeros(7, dtype=int), 1, (1.0, 100.0))
    assert not densities.any()
