from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from bench.errors import InputError
from bench.statistics.intervals import seed_mean
from bench.statistics.simultaneous import highest_of


def test_the_highest_of_many_is_wider_by_bonferroni():
    found = highest_of(seed_mean([0.9, 0.92, 0.91, 0.93]), 22)
    half = stats.t.ppf(1 - 0.025 / 22, 3) * stats.sem([0.9, 0.92, 0.91, 0.93])
    assert (found.low, found.high) == pytest.approx((0.915 - half, 0.915 + half))
    assert "highest of 22" in found.interval


def test_the_highest_of_one_and_of_points():
    alone = seed_mean([0.9, 0.92])
    assert highest_of(alone, 1) == alone
    assert np.isnan(highest_of(seed_mean([0.9]), 5).low)
    point = highest_of(seed_mean([0.5, 0.5]), 5)
    assert (point.low, point.high) == (0.5, 0.5)
    with pytest.raises(InputError, match="highest_of"):
        highest_of(alone, 0)


def test_the_highest_of_equal_methods_is_covered():
    rng = np.random.default_rng(0)
    hits = []
    for values in rng.normal(0, 1, (400, 22, 6)):
        highest = seed_mean(values[values.mean(axis=1).argmax()])
        hits.append([covers(highest, 0), covers(highest_of(highest, 22), 0)])
    plain, together = np.mean(hits, axis=0)
    assert plain < 0.85
    assert together >= 0.93


def covers(found, truth: float) -> bool:
    return found.low <= truth <= found.high
