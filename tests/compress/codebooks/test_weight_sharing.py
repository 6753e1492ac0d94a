import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.compress.codebooks.weight_sharing import share
from bench.compress.variant import parse
from bench.footprint.compressed import Compressed


def test_values_are_means_of_what_they_stand_for():
    weight = np.array([[0.0, 1.0, 1.2, 0.0], [5.0, 5.2, -3.0, -3.0]] * 4, np.float32)
    words = share(weight, 2)
    assert words.codebook[:, 0].tolist() == pytest.approx([0, -3, 1.1, 5.1])
    assert words.codes[:2].tolist() == [[0, 2, 2, 0], [3, 3, 1, 1]]


def test_few_weights_share_fewer_values():
    weight = np.arange(1, 33, dtype=np.float32).reshape(4, 8)
    assert len(share(weight, 8).codebook) == 8
    assert len(share(weight, 2).codebook) == 4


def test_a_layer_without_weights_stays_zero():
    words = share(np.zeros((4, 8), np.float32), 8)
    assert not words.codebook.any()
    assert not words.codes.any()


def searched(values, count):
    """The same k-means with a search for every value in each iteration."""
    means, nearest = np.linspace(values.min(), values.max(), count), np.zeros(0, np.int64)
    for _ in range(100):
        before, nearest = nearest, np.searchsorted((means[1:] + means[:-1]) / 2, values)
        if np.array_equal(before, nearest):
            break
        counts, sums = np.bincount(nearest, minlength=count), np.bincount(nearest, values, count)
        means = np.where(counts > 0, sums / np.maximum(counts, 1), means)
    return means, nearest


def same_as_searched(weight, bits):
    words = share(weight, bits)
    survivors = weight[weight != 0].astype(np.float64)
    means, nearest = searched(survivors, len(words.codebook) - 1)
    np.testing.assert_array_equal(words.codebook[1:, 0], means.astype(np.float32))
    np.testing.assert_array_equal(words.codes.reshape(-1)[weight.reshape(-1) != 0], nearest + 1)


@pytest.mark.parametrize("bits", [2, 5, 8])
@pytest.mark.parametrize("shape", ["normal", "heavy tails", "few values", "two heaps"])
def test_only_what_moves_is_looked_at_and_nothing_changes(shape, bits):
    generator = np.random.default_rng(bits)
    weight = {
        "normal": lambda: generator.standard_normal(4000),
        "heavy tails": lambda: generator.standard_cauchy(4000),
        "few values": lambda: generator.integers(-6, 7, 4000) / 10,
        "two heaps": lambda: generator.choice([-1, 1], 4000) + 1e-6 * generator.standard_normal(4000),
    }[shape]()
    same_as_searched(weight.astype(np.float32).reshape(40, 100), bits)


@given(
    st.lists(st.floats(-1, 1, width=32) | st.sampled_from([0.1, 0.3, 1 / 3, 1e-38]), min_size=8, max_size=60),
    st.integers(1, 4),
)
@settings(max_examples=200, deadline=None)
def test_no_weights_are_shared_in_another_way(numbers, bits):
    weight = np.array(numbers, np.float32)
    if weight.any():
        same_as_searched(weight.reshape(1, -1), bits)


@pytest.mark.parametrize("method", ["deep-compression", "k-means"])
def test_a_frozen_layer_shares_values_that_nobody_trains(method, tiny, workbench):
    tiny.block.conv1.weight.requires_grad = False
    result = parse(method).apply(Compressed(tiny, example=workbench.example), workbench)
    stored = result.representations["block.conv1.weight"]
    assert np.array_equal(stored.decode(), result.network.block.conv1.weight.detach().numpy())
