from __future__ import annotations

import numpy as np
import pytest

from bench.similarity.layers import Grams, pairwise


def test_grams_are_used_again(networks):
    first, second = (Grams(layers) for layers in networks)
    again = pairwise(first, second)
    np.testing.assert_array_equal(again.value, pairwise(*networks).value)
    np.testing.assert_allclose(pairwise(first, first).value.diagonal(), 1.0)


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
