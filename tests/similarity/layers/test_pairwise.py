from __future__ import annotations

import numpy as np
import pytest

from bench.errors import InputError
from bench.similarity.layers import Grams, half_samples, pairwise
from bench.similarity.measures.debiased_cka import DebiasedCKA


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


def test_a_network_and_itself_is_one_with_no_influence(networks):
    found = pairwise(networks[0], networks[0])
    assert np.isinf(found.z).all() and not found.influence.any()
    np.testing.assert_array_equal(found.low.diagonal(), 1.0)


def test_a_dead_layer_is_undefined_and_leaves_the_others_alone(networks):
    first, second = networks
    found = pairwise([*first, np.full((150, 4), 0.7)], second)
    assert np.isnan(found.value[3]).all() and "no spread" in found.estimate(3, 0).warning
    np.testing.assert_allclose(found.value[:3], pairwise(first, second).value, rtol=1e-12)


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
