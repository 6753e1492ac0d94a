from __future__ import annotations

import numpy as np

from bench.similarity.intervals import half_samples as subsampling
from bench.similarity.layers import Grams, half_samples, pairwise
from bench.similarity.layers import _half_samples as stacked


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
