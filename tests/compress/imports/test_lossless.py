"""The grid behind fake-quantised weights is found again, and what is stored decodes to them bit for bit."""

import numpy as np
import pytest
import torch

from bench.compress.imports.lossless import bits, smallest
from bench.compress.quantization.integers import Grid
from bench.footprint.representation import Binary, Codebook, Float, Integer

RNG = np.random.default_rng(0)
WEIGHT = RNG.normal(scale=0.05, size=(24, 16, 3, 3)).astype(np.float32)
AXES = {"channel": (1, 2, 3), "tensor": (0, 1, 2, 3)}


def step(width, axes):
    return (np.abs(WEIGHT).max(axes, keepdims=True) / (2 ** (width - 1) - 1)).astype(np.float32)


@pytest.mark.parametrize("width", [2, 3, 4, 5, 6, 7, 8])
@pytest.mark.parametrize("of", AXES)
@pytest.mark.parametrize("divide", [False, True])
def test_symmetric_grids_take_their_width(width, of, divide):
    scale = step(width, AXES[of])
    codes = np.rint(WEIGHT / scale).astype(np.float32)
    values = codes / (1 / scale) if divide else codes * scale
    stored = smallest(values)
    assert np.array_equal(stored.decode(), values)
    assert isinstance(stored, Integer)
    assert bits(stored) <= width * values.size + 32 * scale.size


@pytest.mark.parametrize("width", [3, 4, 8])
@pytest.mark.parametrize("of", AXES)
def test_grids_with_a_zero_point_take_their_width(width, of):
    shifted = WEIGHT + np.float32(0.05)
    low, high = shifted.min(AXES[of], keepdims=True), shifted.max(AXES[of], keepdims=True)
    scale = ((high - low) / (2**width - 1)).astype(np.float32)
    zero = np.rint(-low / scale)
    codes = np.clip(np.rint(shifted / scale) + zero, 0, 2**width - 1)
    values = ((codes - zero) * scale).astype(np.float32)
    stored = smallest(values)
    assert np.array_equal(stored.decode(), values)
    assert bits(stored) <= width * values.size + 40 * scale.size


@pytest.mark.parametrize("width", [1, 2, 3, 4, 5, 6, 7, 8])
@pytest.mark.parametrize("of", AXES)
def test_grids_from_the_lowest_weight_on_take_their_width(width, of):
    low, high = WEIGHT.min(AXES[of], keepdims=True), WEIGHT.max(AXES[of], keepdims=True)
    scale = ((high - low) / (2**width - 1)).astype(np.float32)
    values = np.rint((WEIGHT - low) / scale) * scale + low
    stored = smallest(values)
    assert np.array_equal(stored.decode(), values)
    assert bits(stored) <= width * values.size + 64 * scale.size


def test_tables_of_channels_leave_zeros_out():
    values = np.stack([RNG.choice(np.r_[0, RNG.normal(size=5)], p=[0.95, *[0.01] * 5], size=600) for _ in range(9)])
    values = values.astype(np.float32)
    stored = smallest(values)
    assert np.array_equal(stored.decode(), values)
    assert bits(stored) < 0.6 * values.size + 32 * 8 * 9


def test_a_channel_of_zeros_and_one_of_a_single_size_have_any_step():
    scale = step(4, AXES["channel"])
    values = np.rint(WEIGHT / scale).astype(np.float32) * scale
    values[3] = 0
    values[5] = np.where(values[5] > 0, np.float32(0.3), np.float32(0))
    stored = smallest(values)
    assert np.array_equal(stored.decode(), values)
    assert bits(stored) <= 4 * values.size + 32 * len(values)


def test_few_values_on_no_grid_are_a_table():
    words = np.sort(RNG.normal(size=13)).astype(np.float32)
    values = words[RNG.integers(13, size=(32, 40))]
    stored = smallest(values)
    assert isinstance(stored, Codebook)
    assert np.array_equal(stored.decode(), values)
    assert bits(stored) == 4 * values.size + 16 * 32


def test_zero_is_the_word_that_sparse_layouts_leave_out():
    words = np.array([0.0, -0.31, 0.17, 0.9], np.float32)
    values = words[RNG.choice(4, p=[0.95, 0.02, 0.02, 0.01], size=(64, 90))]
    stored = smallest(values)
    assert np.array_equal(stored.decode(), values)
    assert bits(stored) < values.size


def test_signs_take_one_bit():
    values = np.where(WEIGHT > 0, np.float32(1), np.float32(-1)) * np.abs(WEIGHT).mean((1, 2, 3), keepdims=True)
    stored = smallest(values)
    assert isinstance(stored, Binary)
    assert np.array_equal(stored.decode(), values)
    assert bits(stored) == values.size + 32 * len(values)


@pytest.mark.parametrize(("kind", "factor"), [("float16", 1), ("bfloat16", 1e7)])
def test_halves_are_stored_as_halves(kind, factor):
    values = Float.rounded(WEIGHT * np.float32(factor), kind).values
    stored = smallest(values)
    assert isinstance(stored, Float)
    assert stored.type == kind
    assert np.array_equal(stored.decode(), values)


def test_pruned_floats_are_floats_whose_zeros_cost_little():
    values = np.where(RNG.random(WEIGHT.shape) < 0.9, np.float32(-0.0), WEIGHT)
    stored = smallest(values)
    assert isinstance(stored, Float)
    assert np.array_equal(stored.decode(), values)
    assert bits(stored) < 32 * np.count_nonzero(values) + values.size


@pytest.mark.parametrize("values", [WEIGHT, WEIGHT[0, 0, 0, 0], WEIGHT[:0], WEIGHT[0, 0, 0, :1]], ids=str)
def test_anything_else_stays_as_it_is(values):
    assert np.array_equal(smallest(np.asarray(values)).decode(), values)


def test_one_weight_off_the_grid_is_not_put_on_it():
    scale = step(4, AXES["channel"])
    values = np.rint(WEIGHT / scale).astype(np.float32) * scale
    values[7, 0, 0, 0] = np.nextafter(values[7, 0, 0, 0] + np.float32(0.001), np.float32(1))
    assert np.array_equal(smallest(values).decode(), values)


@pytest.mark.parametrize("extreme", [1e-42, 3e38])
def test_numbers_at_the_ends_of_float32_come_back(extreme):
    values = (RNG.integers(-1, 2, size=(8, 64)) * extreme).astype(np.float32)
    assert np.array_equal(smallest(values).decode(), values)


@pytest.mark.parametrize("symmetric", [True, False])
def test_steps_of_a_transposed_convolution_are_along_its_second_axis(symmetric):
    values = np.random.default_rng(0).standard_normal((8, 6, 3, 3)).astype(np.float32)
    grid = Grid(4, per_channel=True, symmetric=symmetric)
    rounded = grid(torch.from_numpy(values), 1).decode()
    found = smallest(rounded)
    assert isinstance(found, Integer) and found.axis == 1 and np.array_equal(found.decode(), rounded)
    assert bits(found) <= 8 * 6 * 9 * 4 + 6 * (32 + 8)
