from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from bench.similarity.intervals.estimates import clipped, folded, of_mean


def test_a_mean_has_students_interval(rng):
    values = rng.normal(size=25)
    estimate = of_mean(values, "a mean", 0.9)
    low, high = stats.t.interval(0.9, 24, values.mean(), values.std(ddof=1) / 5)
    assert (estimate.low, estimate.high) == pytest.approx((low, high))
    assert (estimate.n, estimate.df, estimate.unit, estimate.estimand) == (25, 24.0, "image", "a mean")


def test_its_standard_error_is_the_delete_one_jackknifes(rng):
    values = rng.normal(size=12)
    without = np.array([np.delete(values, i).mean() for i in range(12)])
    assert of_mean(values, "", 0.95).standard_error ** 2 == pytest.approx(
        11 / 12 * ((without - without.mean()) ** 2).sum()
    )


@pytest.mark.parametrize(
    ("ends", "expected"), [((0.1, 0.3), (0.1, 0.3)), ((-0.3, -0.1), (0.1, 0.3)), ((-0.1, 0.3), (0.0, 0.3))]
)
def test_an_interval_is_folded_at_0(ends, expected):
    signed = replace(of_mean(np.array([0.0, 1.0]), "", 0.95), value=sum(ends) / 2, low=ends[0], high=ends[1])
    estimate = folded(signed)
    assert (estimate.low, estimate.high) == expected
    assert estimate.low <= estimate.value <= estimate.high


def test_a_missing_interval_stays_missing():
    nan = float("nan")
    signed = replace(of_mean(np.array([0.0, 1.0]), "", 0.95), value=-0.5, low=nan, high=nan)
    assert folded(signed).value == 0.5 and np.isnan([folded(signed).low, folded(signed).high]).all()


def test_ends_are_cut_off_at_the_range():
    estimate = of_mean(np.array([0.0, 1.0, 1.0]), "", 0.95)
    assert (clipped(estimate, 0.0, 1.0).low, clipped(estimate, 0.0, 1.0).high) == (0.0, 1.0)
    assert clipped(estimate, -9.0, 9.0) == estimate
