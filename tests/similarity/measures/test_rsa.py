from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import pdist
from scipy.stats import spearmanr

from bench.similarity.measures.rsa import RSA


@pytest.mark.parametrize("distance", ["correlation", "euclidean"])
def test_is_spearman_of_scipys_distances(related, distance):
    expected = spearmanr(*(pdist(side, distance) for side in related)).statistic
    assert RSA(distance=distance)(*related) == pytest.approx(expected, rel=1e-10)


def test_depends_on_the_order_of_distances_alone():
    points = np.array([0.0, 1.0, 3.0, 7.0, 20.0])[:, None]
    assert RSA(distance="euclidean")(points, 3.0 * points) == pytest.approx(1.0)
    assert RSA(distance="euclidean")(points, np.log1p(points)) < 1.0


def test_the_euclidean_distance_forgets_rotations(related, rng):
    x, y = related
    rotation = np.linalg.qr(rng.normal(size=(6, 6)))[0]
    assert RSA(distance="euclidean")(x @ rotation + 4.0, y) == pytest.approx(RSA(distance="euclidean")(x, y))
    assert RSA()(x @ rotation, y) != pytest.approx(RSA()(x, y), rel=1e-3)


def test_an_image_without_activation_is_no_hindrance(related):
    x = related[0].copy()
    x[3] = 0.0
    assert np.isfinite(RSA()(x, related[1]))


@pytest.mark.parametrize("distance", ["correlation", "euclidean"])
def test_ties_are_ties_whatever_the_last_digits(distance, rng):
    """Of binary units there are few distances; multiplied, they end in other digits."""
    x, y = (rng.integers(0, 2, size=(60, 6)).astype(float) for _ in range(2))
    x[:, 0], y[:, 0] = 1 - x[:, 1], 1 - y[:, 1]  # no image without spread over its units
    measure = RSA(distance)
    assert measure(x, y) == pytest.approx(measure(np.pi * x, y[:, ::-1] / 3), abs=1e-12)
