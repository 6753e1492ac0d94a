from __future__ import annotations

import numpy as np
import pytest

from bench.similarity.measures.magnitude_difference import MagnitudeDifference


def test_three_four_five():
    x, y = np.tile([3.0, 4.0], (6, 1)), np.tile([0.0, 2.0, 0.0], (6, 1))
    assert MagnitudeDifference()(x, y) == pytest.approx(3.0)
    assert MagnitudeDifference()(y, x) == pytest.approx(3.0)


def test_an_interval_around_no_difference_begins_at_zero(rng):
    x = rng.normal(size=(100, 3)) + 1.0
    noise = rng.normal(size=x.shape)
    found = MagnitudeDifference().estimate(x, x + noise - noise.mean(0))
    assert found.low == 0.0 <= found.value < 1e-12 < 0.01 < found.high


def test_the_interval_does_not_depend_on_the_order(related):
    first = MagnitudeDifference().estimate(*related)
    second = MagnitudeDifference().estimate(*related[::-1])
    assert (first.low, first.high) == pytest.approx((second.low, second.high))
    assert first.low > 0.0
