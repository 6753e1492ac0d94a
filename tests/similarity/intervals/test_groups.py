"""The delete-a-group jackknife, against what is known of means."""

from __future__ import annotations

import numpy as np
import pytest

from bench.similarity.intervals import groups


def of_mean(values, fewest=2):
    return groups.influence(lambda rows: float(values[rows].mean()), float(values.mean()), len(values), fewest)


def variance(influence):
    n = len(influence)
    return float((influence**2).sum() / (n * (n - 1)))


def test_one_image_a_group_gives_the_influence_on_a_mean_exactly(rng):
    values = rng.normal(size=17)
    np.testing.assert_allclose(of_mean(values), values - values.mean(), atol=1e-12)


@pytest.mark.parametrize("n", [40, 57, 200, 233])
def test_the_variance_of_a_mean_is_right_on_average(n, rng):
    found = [variance(of_mean(rng.normal(size=n))) for _ in range(400)]
    assert np.mean(found) == pytest.approx(1.0 / n, rel=0.06)


def test_influences_of_differences_are_differences_of_influences(rng):
    x, y = rng.normal(size=(2, 133))
    np.testing.assert_allclose(of_mean(x) - of_mean(y), of_mean(x - y), atol=1e-12)


def test_groups_are_dealt_by_n_alone_and_finer_ones_nest(rng):
    coarse, fine = groups.dealt(200, 20), groups.dealt(200, 40)
    assert np.bincount(coarse).tolist() == [10] * 20
    np.testing.assert_array_equal(fine % 20, coarse)


def test_a_measure_that_needs_nearly_all_images_gets_small_groups():
    assert groups.number_of_groups(200, 100) == 20
    assert groups.number_of_groups(200, 195) == 40
    assert groups.number_of_groups(200, 199) == 200
    assert groups.number_of_groups(200, 200) == 0
    assert np.isnan(of_mean(np.arange(200.0), fewest=200)).all()


def test_the_effective_number_is_of_groups(rng):
    assert groups.effective(of_mean(rng.normal(size=4000)), 2) == pytest.approx(9.0, abs=6.0)
