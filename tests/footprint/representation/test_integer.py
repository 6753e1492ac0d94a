from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from bench.footprint.representation import Integer


def test_two_channels_by_hand():
    stored = Integer(np.array([[3, -4], [0, 1]]), np.array([0.5, 2.0]), 3)
    assert stored.decode().tolist() == [[1.5, -2.0], [0.0, 2.0]]
    assert stored.symbols().tolist() == [[3, 4], [0, 1]]  # two's complement


def test_a_zero_point_by_hand():
    stored = Integer(np.array([[0, 5], [7, 2]]), np.array([0.5]), 3, np.array([5]))
    assert stored.decode().tolist() == [[-2.5, 0.0], [1.0, -1.5]]
    assert stored.symbols().tolist() == [[3, 0], [2, 5]]  # code 5 is the value 0, symbol 0


@given(
    hnp.arrays(np.int8, (4, 6)),
    hnp.arrays(np.float32, 4, elements=st.floats(2**-20, 2**20, width=32)),
)
def test_values_are_pytorchs_to_the_last_bit(codes, scale):
    as_torch, divisor = torch.from_numpy(codes).float(), torch.from_numpy(scale)[:, None]
    assert Integer(codes, scale, 8).decode().tobytes() == (as_torch * divisor).numpy().tobytes()
    assert Integer(codes, scale, 8, divide=True).decode().tobytes() == (as_torch / divisor).numpy().tobytes()


def test_scales_of_any_shape_are_one_a_channel():
    codes = np.ones((3, 2, 1, 1))
    stored = Integer(codes, np.array([1, 2, 3]).reshape(3, 1, 1, 1), 4)
    assert stored.decode()[:, 0, 0, 0].tolist() == [1, 2, 3]


@pytest.mark.parametrize("bits", [0, 9, -1])
def test_other_widths_are_refused(bits):
    with pytest.raises(ValueError, match="1 to 8 bits"):
        Integer(np.zeros((1, 1)), np.ones(1), bits)


@pytest.mark.parametrize(("code", "zero_point"), [(4, None), (-5, None), (-1, 0), (8, 0)])
def test_codes_that_do_not_fit_are_refused(code, zero_point):
    with pytest.raises(ValueError, match="do not fit 3 bits"):
        Integer(np.array([[code]]), np.ones(1), 3, None if zero_point is None else np.array([zero_point]))


def test_a_zero_point_that_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="zero point"):
        Integer(np.zeros((1, 1)), np.ones(1), 3, np.array([8]))


def test_another_number_of_scales_is_refused():
    with pytest.raises(ValueError, match="2 scales do not fit a tensor of 3"):
        Integer(np.zeros((3, 2)), np.ones(2), 4)
