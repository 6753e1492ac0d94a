from __future__ import annotations

import numpy as np
import pytest

from bench.footprint import codecs


def test_mask_then_values():
    encoded = codecs.encode("bitmask", np.array([[0, 5, 0], [0, 0, 2]], np.uint8), 3)
    assert encoded.data == bytes([0b01000110, 0b10100000])  # mask 010001, values 101 010
    assert encoded.bits == {"indices": 6, "weights": 6}


@pytest.mark.parametrize("width", [2, 4, 8])
def test_smaller_than_dense_just_below_a_density_of_one_less_one_bit_in_b(width):
    numel = 8 * width
    threshold = numel - numel // width  # where both are as large
    for nonzero, expected in ((threshold - 1, "bitmask"), (threshold, "dense"), (threshold + 1, "dense")):
        symbols = np.zeros((1, numel), np.uint8)
        symbols[0, -nonzero:] = 1
        sizes = {name: len(codecs.encode(name, symbols, width).data) * 8 for name in ("bitmask", "dense")}
        bits = {name: sum(codecs.encode(name, symbols, width).bits.values()) for name in sizes}
        assert min(("dense", "bitmask"), key=bits.get) == expected


def test_a_mask_that_keeps_another_number_is_refused():
    encoded = codecs.encode("bitmask", np.array([[0, 5, 0, 1]], np.uint8), 4)
    tampered = bytes([encoded.data[0] | 0b10000000, *encoded.data[1:]])
    with pytest.raises(ValueError, match="the mask keeps 3 weights, 2 are stored"):
        codecs.decode(tampered, encoded.how, (1, 4), 4)
