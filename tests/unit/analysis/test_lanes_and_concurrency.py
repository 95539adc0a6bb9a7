import itertools

import numpy as np
import pytest

from dagster_nb.analysis.lanes_and_concurrency import counts_in_progress, peak_counts, separate_rows


@pytest.fixture
def intervals():
    random = np.random.default_rng(0)
    start = np.round(random.random(300) * 100, 1)
    return start, start + np.round(random.random(300) * 10, 1), random.integers(0, 3, 300)


def test_runs_in_the_same_row_never_overlap(intervals):
    start, end, groups = intervals
    rows = separate_rows(start, end, groups)
    for group in range(3):
        for row in range(rows.max() + 1):
            own = np.flatnonzero((groups == group) & (rows == row))
            own = own[np.argsort(start[own], kind="stable")]
            assert (start[own][1:] >= end[own][:-1]).all()
    assert rows.max() + 1 <= max(((start <= at) & (end >= at)).sum() for at in start)


def test_the_peak_is_the_largest_number_of_concurrent_runs(intervals):
    start, end, _ = intervals
    edges = np.linspace(0, 111, 38)
    moments = np.concatenate([start, edges])
    expected = [
        max(((start <= at) & (end > at)).sum() for at in moments[(moments >= low) & (moments < high)])
        for low, high in itertools.pairwise(edges)
    ]
    assert peak_counts(start, np.maximum(end, start + 1e-6), edges).tolist() == expected


def test_a_run_that_ends_when_the_next_run_starts_does_not_overlap():
    assert peak_counts(np.array([0.0, 1.0]), np.array([1.0, 2.0]), np.array([0.0, 1.0, 2.0])).tolist() == [1, 1]


def test_a_run_with_a_duration_of_zero_is_counted():
    assert peak_counts(np.array([0.5]), np.array([0.5]), np.array([0.0, 1.0])).tolist() == [1]


def test_a_run_is_counted_in_every_bucket_that_it_overlaps(intervals):
    start, end, codes = intervals
    edges = np.linspace(0, 111, 38)
    counts = counts_in_progress(start, end, codes, 3, edges)
    for bucket, (low, high) in enumerate(itertools.pairwise(edges)):
        for code in range(3):
            expected = ((start < high) & ((end > low) | (start >= low)) & (codes == code)).sum()
            assert counts[bucket, code] == expected
