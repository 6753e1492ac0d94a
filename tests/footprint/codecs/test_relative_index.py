from __future__ import annotations

import numpy as np
import pytest

from bench.footprint import codecs
from bench.footprint.codecs.relative_index import RelativeIndex


def test_the_example_of_deep_compression():
    # Han, Mao & Dally (2016), figure 2: weights at 1, 4 and 15, indices of 3 bits, a filler zero 8 places after 4
    symbols = np.zeros((1, 16), np.uint8)
    symbols[0, [1, 4, 15]] = 1, 2, 3
    layout = RelativeIndex((1, 16), 2, 4, index_bits=3)
    gaps, values = layout.split(symbols)
    assert gaps.tolist() == [1, 2, 7, 2]  # zeros before each: distances 2, 3, 8, 3 from the last, less one
    assert values.tolist() == [1, 2, 0, 3]
    assert layout.bits == (3 + 1) * (2 + 3)
    assert np.array_equal(layout.join((gaps, values)), symbols)


@pytest.mark.parametrize("zeros", [0, 14, 15, 16, 17, 31, 32, 33, 1000])
def test_fillers_at_the_edges_of_an_index(zeros):
    symbols = np.zeros((1, zeros + 3), np.uint8)
    symbols[0, zeros] = 9
    layout = RelativeIndex((1, zeros + 3), 4, 1 + zeros // 16, index_bits=4)
    gaps, values = layout.split(symbols)
    assert values.tolist() == [0] * (zeros // 16) + [9]
    assert np.array_equal(layout.join((gaps, values)), symbols)


def test_the_index_width_is_the_one_that_needs_the_fewest_bits():
    symbols = np.zeros((1, 4000), np.uint8)
    symbols[0, ::20] = 1
    (chosen,) = RelativeIndex.candidates(symbols, 4)
    every = [200 * (4 + r) + (199 * (19 >> r)) * (4 + r) for r in range(1, 9)]
    assert chosen.bits == min(every)
    assert chosen.index_bits == 1 + every.index(min(every)) == 5


def test_a_weight_beyond_the_end_is_refused():
    encoded = codecs.encode("relative-index", np.array([[0, 0, 0, 1]], np.uint8), 1)
    with pytest.raises(ValueError, match="outside the 3 weights"):
        codecs.decode(encoded.data, encoded.how, (1, 3), 1)


@pytest.mark.parametrize("index_bits", [0, 9, -1])
def test_an_impossible_index_width_is_refused(index_bits):
    with pytest.raises(ValueError, match="1 to 8 bits"):
        RelativeIndex((1, 4), 4, 1, index_bits=index_bits)
