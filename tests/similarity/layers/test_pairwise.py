from __future__ import annotations

import numpy as np
import pytest

from bench.errors import InputError
from bench.similarity.intervals import half_samples as subsampling
from bench.similarity.layers import Grams, half_samples, pairwise
from bench.similarity.layers import _half_samples as stacked
from bench.similarity.measures.debiased_cka import DebiasedCKA


@pytest.fixture
def networks(rng: np.random.Generator) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Three and two layers of 150 images (more than one strip), of unequal widths."""
    image = rng.normal(size=(150, 6))
    first = [image @ rng.normal(size=(6, d)) + rng.normal(size=(150, d)) for d in (4, 9, 5)]
    second = [image @ rng.normal(size=(6, d)) + 0.3 * rng.normal(size=(150, d)) + 7.0 for d in (8, 3)]
    return first, second


def test_every_pair_is_the_measure(networks):
    first, second = networks
    found = pairwise(first, second)
    assert found.value.shape == (3, 2)
    for row, x in enumerate(first):
        for column, y in enumerate(second):
            alone = DebiasedCKA().estimate(x, y)
            assert found.estimate(row, column).value == pytest.approx(alone.value, rel=1e-10)
            assert found.estimate(row, column).low == pytest.approx(alone.low, rel=1e-10)
            assert found.estimate(row, column).df == pytest.approx(alone.df, rel=1e-9)


def test_influence_is_brute_force_leave_one_out(networks):
    first, second = networks
    found = pairwise(first[:2], second)
    assert found.influence is not None and found.influence.shape == (2, 150)
    for layer, (x, y) in enumerate(zip(first, second)):
        left_out = [np.arctanh(DebiasedCKA()(np.delete(x, i, 0), np.delete(y, i, 0))) for i in range(150)]
        psi = 149 * (np.mean(left_out) - np.array(left_out))
        np.testing.assert_allclose(found.influence[layer], psi, atol=1e-10 * 149, rtol=0)
        assert found.z[layer] == pytest.approx(np.arctanh(found.value[layer, layer]))


def test_networks_of_unequal_depth_have_no_diagonal(networks):
    assert pairwise(*networks).z is None and pairwise(*networks).influence is None


def test_grams_are_used_again(networks):
    first, second = (Grams(layers) for layers in networks)
    again = pairwise(first, second)
    np.testing.assert_array_equal(again.value, pairwise(*networks).value)
    np.testing.assert_allclose(pairwise(first, first).value.diagonal(), 1.0)


def test_a_network_and_itself_is_one_with_no_influence(networks):
    found = pairwise(networks[0], networks[0])
    assert np.isinf(found.z).all() and not found.influence.any()
    np.testing.assert_array_equal(found.low.diagonal(), 1.0)


def test_float32_is_close(networks):
    single = [[layer.astype(np.float32) for layer in layers] for layers in networks]
    assert Grams(single[0]).dtype == np.float32
    np.testing.assert_allclose(pairwise(*single).value, pairwise(*networks).value, atol=1e-6)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("scale", [1e36, 1e-30])
def test_float32_whose_squares_it_cannot_hold(networks, scale):
    single = [[layer.astype(np.float32) for layer in side] for side in networks]
    far = [layer * np.float32(scale) for layer in single[0]]
    np.testing.assert_allclose(pairwise(far, single[1]).value, pairwise(*single).value, atol=1e-5)


def test_half_precision_is_computed_in_single(networks):
    half = [[layer.astype(np.float16) for layer in side] for side in networks]
    assert Grams(half[0]).dtype == np.float32
    np.testing.assert_allclose(pairwise(*half).value, pairwise(*networks).value, atol=1e-2)


def test_a_dead_layer_is_undefined_and_leaves_the_others_alone(networks):
    first, second = networks
    found = pairwise([*first, np.full((150, 4), 0.7)], second)
    assert np.isnan(found.value[3]).all() and "no spread" in found.estimate(3, 0).warning
    np.testing.assert_allclose(found.value[:3], pairwise(first, second).value, rtol=1e-12)


def test_half_samples_are_the_measure_on_each_half(networks):
    first, second = networks
    subsets = subsampling.draw(150, 75, 7, seed=3)
    values = stacked._values(Grams(first), Grams(second), subsets, 1e-14)
    for replicate, subset in enumerate(subsets):
        halves = pairwise([x[subset] for x in first], [y[subset] for y in second])
        np.testing.assert_allclose(values[replicate], halves.value, rtol=1e-9)


def test_half_samples_agree_with_the_jackknife(networks):
    by_halves, by_jackknife = half_samples(*networks, replicates=400), pairwise(*networks)
    np.testing.assert_allclose(by_halves.value, by_jackknife.value, rtol=1e-12)
    np.testing.assert_allclose(by_halves.standard_error, by_jackknife.standard_error, rtol=0.3)


def test_half_samples_are_distinct_and_repeatable():
    subsets = subsampling.draw(9, 4, 120, seed=0)
    assert len({tuple(subset) for subset in subsets.tolist()}) == 120
    np.testing.assert_array_equal(subsets, subsampling.draw(9, 4, 120, seed=0))
    assert len(subsampling.draw(8, 4, 1000, seed=0)) == 70


def test_different_images_are_refused(networks):
    first, second = networks
    with pytest.raises(InputError, match=r"150 images and the second 149"):
        pairwise(first, [layer[:-1] for layer in second])
    with pytest.raises(InputError, match=r"layers\[0\] has 150"):
        Grams([first[0], first[1][:-1]])
    with pytest.raises(InputError, match="no layer"):
        Grams([])
    with pytest.raises(InputError, match="n >= 8"):
        half_samples([x[:7] for x in first], [y[:7] for y in second])
