"""Grids that count from a lowest weight are found again, however their numbers were computed."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.compress.imports.lossless import bits, smallest
from bench.compress.imports.lowest import from_lowest
from bench.footprint.representation import OffsetInteger

RNG = np.random.default_rng(4)
FORMULAS = {
    "product, then sum": lambda codes, scale, low: (codes * scale) + low,
    "quotient, then sum": lambda codes, scale, low: codes / (1 / scale) + low,
    "rounded once": lambda codes, scale, low: (codes.astype(np.float64) * scale + low.astype(np.float64)).astype(
        np.float32
    ),
    "torch": lambda *parts: torch.add(
        *reversed([torch.mul(*map(torch.from_numpy, parts[:2])), torch.from_numpy(parts[2])])
    ).numpy(),
}


def of_channels(values):
    return from_lowest(values, [np.unique(row) for row in values], values.shape)


def test_by_hand():
    values = np.array([[0.1, 0.35, 0.85, 0.6], [-1.0, -1.0, 3.0, 1.0]], np.float32)
    stored = of_channels(values)
    assert stored.codes.tolist() == [[0, 1, 3, 2], [0, 0, 2, 1]]
    assert stored.scale.tolist() == [0.25, 2]
    assert stored.lowest.tolist() == [np.float32(0.1), -1]
    assert stored.bits == 2
    assert np.array_equal(stored.decode(), values)


@pytest.mark.parametrize("formula", FORMULAS)
@pytest.mark.parametrize("width", [1, 2, 4, 7, 8])
@pytest.mark.parametrize("offset", [0.0, 1.0, -30.0])
def test_every_way_to_compute_them_takes_its_width(formula, width, offset):
    scale = RNG.uniform(0.001, 0.1, size=(16, 1)).astype(np.float32)
    low = (offset * scale * 2**width + RNG.normal(size=(16, 1))).astype(np.float32)
    codes = RNG.integers(2**width, size=(16, 300)).astype(np.float32)
    codes[:, 0] = 0
    values = FORMULAS[formula](codes, scale, low)
    stored = smallest(values)
    assert np.array_equal(stored.decode(), values)
    assert bits(stored) <= width * values.size + 64 * 16


def test_codes_that_no_weight_has_are_skipped():
    codes = np.array([[0, 3, 12, 250], [0, 5, 10, 15], [0, 0, 0, 0]], np.float32)
    values = codes * np.float32(0.013) + np.float32(-0.7)
    stored = of_channels(values)
    assert stored.codes.tolist() == [[0, 3, 12, 250], [0, 1, 2, 3], [0, 0, 0, 0]]
    assert np.array_equal(stored.decode(), values)


def test_one_value_off_the_grid_is_no_grid():
    codes = RNG.integers(16, size=(8, 200)).astype(np.float32)
    codes[:, :16] = np.arange(16)
    values = codes * np.float32(0.0137) + np.float32(-0.11)
    assert of_channels(values) is not None
    for nudged in (np.nextafter(values[5, 7], np.float32(9)), values[5, 7] + np.float32(0.005)):
        spoilt = values.copy()
        spoilt[5, 7] = nudged
        assert of_channels(spoilt) is None
        stored = smallest(spoilt)
        assert not isinstance(stored, OffsetInteger)
        assert np.array_equal(stored.decode(), spoilt)


def test_a_grid_of_more_than_8_bits_is_no_grid():
    codes = np.r_[0, 1, 256].astype(np.float32)[None]
    assert of_channels(codes * np.float32(0.3) + np.float32(0.7)) is None
    assert of_channels(np.minimum(codes, 255) * np.float32(0.3) + np.float32(0.7)).bits == 8
    assert from_lowest(codes, [np.arange(257, dtype=np.float32)], (1, 3)) is None


def test_a_grid_that_meets_zero_stays_an_integer_with_a_zero_point():
    codes = RNG.integers(16, size=(8, 200)).astype(np.float32)
    stored = smallest((codes - 5) * np.float32(0.0137))
    assert stored.kind == "integer"
    assert stored.zero_point is not None


def test_random_values_are_on_no_grid():
    values = RNG.normal(size=(4, 1, 3, 3)).astype(np.float32)  # depthwise: few values per channel
    assert smallest(values).kind == "float"


@given(st.integers(1, 8), st.floats(2**-20, 2**10, width=32), st.floats(-(2**12), 2**12, width=32), st.data())
@settings(max_examples=60, deadline=None)
def test_any_grid_comes_back_bit_for_bit(width, scale, low, data):
    codes = data.draw(st.lists(st.integers(0, 2**width - 1), min_size=1, max_size=60))
    values = (np.float32([codes]) * np.float32(scale) + np.float32(low)).astype(np.float32)
    stored = of_channels(values)
    assert stored is None or np.array_equal(stored.decode(), values)
    assert np.array_equal(smallest(values).decode(), values)
    # the lowest code is there, and float32 tells steps apart: then the grid is found
    if 0 in codes and abs(low) < 2**10 * scale:
        assert stored is not None
        assert stored.bits <= width


@given(st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), min_size=1, max_size=30))
@settings(max_examples=60, deadline=None)
def test_whatever_is_found_decodes_to_the_same(numbers):
    values = np.where(np.float32([numbers]) == 0, np.float32(0), np.float32([numbers]))
    stored = of_channels(values)
    assert stored is None or np.array_equal(stored.decode(), values)
