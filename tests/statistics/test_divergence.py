"""The Jensen-Shannon divergence of predictions."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from bench.statistics.divergence import jensen_shannon


def test_equal_predictions_and_shifted_logits_have_none():
    logits = np.random.default_rng(0).normal(size=(50, 10)) * 10.0
    np.testing.assert_array_equal(jensen_shannon(logits, logits), np.zeros(50))
    np.testing.assert_array_equal(jensen_shannon(logits, logits + 100.0), np.zeros(50))


@pytest.mark.parametrize("gap", [1e-3, 1e-6, 1e-9])
def test_hardly_different_predictions_have_the_square_of_their_difference(gap):
    # Probabilities 1/2 ± gap/4 or so: the divergence is r²/(2 log 2) with r = tanh-small, by exact fractions.
    found = jensen_shannon([[gap, 0.0]], [[0.0, 0.0]])[0]
    r = Fraction(gap) / 4  # to first order, of (p - q)/(p + q) for either class
    assert found == pytest.approx(float(r**2) / (2.0 * np.log(2.0)), rel=1e-3)


def test_opposite_certainties_are_one_bit():
    assert jensen_shannon([[1e4, 0.0]], [[0.0, 1e4]])[0] == pytest.approx(1.0)
