from __future__ import annotations

import numpy as np
import pytest

from bench.statistics.intervals import seed_mean
from bench.statistics.ratios import ratio_of_sums


def test_a_seed_with_many_answers_counts_for_as_many():
    found = ratio_of_sums(np.array([1.0, 0.0, 30.0]), np.array([1, 0, 99]))
    assert found.value == pytest.approx(0.31)
    assert found.n == 2
    lone = ratio_of_sums(np.array([3.0]), np.array([4]))
    assert lone.value == 0.75
    assert np.isnan([lone.low, lone.high]).all()


def test_with_as_many_answers_a_seed_the_interval_is_the_ts_over_seeds():
    right = np.array([3.0, 5.0, 4.0, 6.0])
    found, expected = ratio_of_sums(right, np.full(4, 10)), seed_mean(right / 10)
    assert (found.value, found.low, found.high) == pytest.approx((expected.value, expected.low, expected.high))
