from __future__ import annotations

import numpy as np
import pytest

from bench.footprint import codecs
from bench.footprint.representation import Binary

SIGNS = np.array([[True, False, True], [False, False, True]])


def test_by_hand():
    assert Binary(SIGNS).decode().tolist() == [[1, -1, 1], [-1, -1, 1]]
    alpha = np.array([0.5, 2.0], np.float16)
    assert Binary(SIGNS, alpha).decode().tolist() == [[0.5, -0.5, 0.5], [-2, -2, 2]]


def test_a_bit_a_weight():
    encoded = codecs.smallest(Binary(SIGNS).symbols(), 1, sparse=Binary(SIGNS).sparse)
    assert encoded.data == bytes([0b10100100])


def test_minus_is_a_value_and_never_left_out():
    assert not Binary(np.zeros((3, 100), bool)).sparse


def test_signs_must_be_booleans():
    with pytest.raises(ValueError, match="booleans"):
        Binary(np.array([1, -1]))
