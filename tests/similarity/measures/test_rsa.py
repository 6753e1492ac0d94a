from __future__ import annotations

from fractions import Fraction
from itertools import combinations

import numpy as np
import pytest
from scipy.spatial.distance import pdist
from scipy.stats import spearmanr

from bench.errors import InputError
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


def exact_correlation_distances(x: np.ndarray) -> list[Fraction]:
    """(1 - r)² with the sign of 1 - r, in rational arithmetic: its order is that of 1 - r for r of one sign."""
    rows = [[Fraction(float(value)) for value in row] for row in x]
    deviations = [[value - sum(row) / len(row) for value in row] for row in rows]
    products = [[sum(a * b for a, b in zip(u, v)) for v in deviations] for u in deviations]
    pairs = combinations(range(len(x)), 2)
    return [
        products[i][j] * abs(products[i][j]) / (products[i][i] * products[j][j])
        if products[i][i] and products[j][j]
        else Fraction(0)
        for i, j in pairs
    ]


def exact_spearman(x: np.ndarray, y: np.ndarray) -> float:
    """Spearman's correlation of exact r |r|, whose order and ties are those of r."""
    sides = [np.unique(exact_correlation_distances(side), return_inverse=True)[1] for side in (x, y)]
    return float(spearmanr(*sides).statistic)


@pytest.mark.parametrize("precision", [np.float32, np.float64])
def test_one_live_channel_leaves_equal_distances(precision, rng):
    """Its images are multiples of one pattern: all correlations are 1 in exact arithmetic."""
    x, y = np.zeros((24, 7)), rng.normal(size=(24, 5))
    x[:, 2] = rng.uniform(0.1, 9.0, size=24)
    assert set(exact_correlation_distances(x)) == {1}
    for pair in ((x, y), (y, x), (x, x)):
        with pytest.raises(InputError, match="equal up to rounding"):
            RSA()(*(side.astype(precision) for side in pair))


@pytest.mark.parametrize("precision", [np.float32, np.float64])
def test_one_live_relu_ranks_dead_images_and_live_ones_alone(precision, rng):
    x, y = np.zeros((24, 7)), rng.normal(size=(24, 5)).astype(precision)
    x[:, 2] = np.maximum(rng.normal(size=24), 0.0)
    x = x.astype(precision)
    assert RSA()(x, y) == pytest.approx(exact_spearman(x, y), abs=1e-12)


@pytest.mark.parametrize(("precision", "signal"), [(np.float32, 1e-3), (np.float64, 1e-8)])
def test_nearly_collinear_images_are_ranked(precision, signal, rng):
    """Distances of 1 - r = signal², which 1 - r itself would lose at 1e-8."""
    x = rng.uniform(0.5, 2.0, size=(24, 1)) * (np.arange(8.0) ** 2 + signal * rng.normal(size=(24, 8)))
    x, y = x.astype(precision), rng.normal(size=(24, 5)).astype(precision)
    assert RSA()(x, y) == pytest.approx(exact_spearman(x, y), abs=0.01 if precision == np.float32 else 1e-6)


def test_classes_that_collapse_in_float32_are_ties(rng):
    """Four classes of equal activations but for the last digits, which are different for every image."""
    centres, classes = rng.normal(size=(4, 6)), np.arange(40) % 4
    exact, noise = centres[classes], 1 + 1e-7 * rng.normal(size=(2, 40, 6))
    first, second = ((exact * factor).astype(np.float32) for factor in noise)
    assert RSA()(first, second) == pytest.approx(1.0, abs=1e-12) == RSA()(exact, exact)
    assert RSA()(first.astype(float), second.astype(float)) < 0.999  # in float64 they are differences
