import numpy as np
import pytest

from dagster_nb.analysis.even_sample import even_sample


def test_the_sample_contains_rare_groups_and_extreme_values():
    groups = np.array([0] * 10_000 + [1] * 15)
    order = np.random.default_rng(0).random(10_015)
    chosen, step = even_sample(groups, order, 500)
    assert step == 21
    assert (groups[chosen] == 1).sum() == 15
    assert {order[:10_000].argmin(), order[:10_000].argmax()} <= set(chosen)
    assert (groups[chosen] == 0).sum() == pytest.approx(10_000 / 21, abs=2)
    assert even_sample(groups[:0], order[:0], 500)[0].tolist() == []
