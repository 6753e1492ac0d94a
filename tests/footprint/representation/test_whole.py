from __future__ import annotations

import numpy as np
import pytest

from bench.footprint.representation import Whole


@pytest.mark.parametrize(
    ("values", "bits"),
    [([5, 5, 5], 0), ([0, 1], 1), ([-3, 4], 3), ([-(2**63), 2**63 - 1], 64), ([], 0)],
)
def test_as_few_bits_as_the_range_needs(values, bits):
    stored = Whole(np.array(values, np.int64))
    assert stored.geometry.width == bits
    assert stored.decode().tolist() == [int(value) for value in values]
    again = Whole.restored(stored.shape, stored.parameters(), {}, stored.symbols())
    assert again.decode().tolist() == stored.decode().tolist()


def test_booleans_are_whole_numbers():
    assert Whole(np.array([True, False])).decode().tolist() == [1, 0]
