"""Rounding is no signal: what is equal in exact arithmetic is equal, and a small difference is still one."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from scipy.stats import ortho_group

from bench.similarity.catalog import measures
from bench.similarity.measure import Measure
from bench.similarity.measures.concentricity_difference import ConcentricityDifference
from bench.similarity.measures.gulp import GULP
from bench.similarity.measures.hard_correlation_match import HardCorrelationMatch
from bench.similarity.measures.jensen_shannon import JensenShannon
from bench.similarity.measures.linear_probe import LinearProbe
from bench.similarity.measures.magnitude_difference import MagnitudeDifference
from bench.similarity.measures.uniformity_difference import UniformityDifference

PAIRS = {
    name: measure
    for name, measure in measures().items()
    if isinstance(measure, Measure) and measure.compares == "activations"
}
PRECISIONS = pytest.mark.parametrize("precision", [np.float32, np.float64])


@PRECISIONS
@pytest.mark.parametrize("name", PAIRS)
def test_a_representation_is_as_near_to_itself_as_can_be(name, precision, related):
    measure, x = PAIRS[name], related[0].astype(precision)
    estimate = measure.estimate(x, x, replicates=10)
    best = measure.range[1] if measure.larger_is_similar else 0.0
    if name == "eigenspace-overlap":  # of all units, dead ones too
        assert estimate.value == pytest.approx(1.0)
    else:
        assert (estimate.value, estimate.low, estimate.high) == (best, best, best)


@PRECISIONS
@pytest.mark.parametrize("name", [name for name, measure in PAIRS.items() if not measure.larger_is_similar])
def test_a_rotated_copy_is_at_distance_zero(name, precision, related, rng):
    measure, x = PAIRS[name], related[0]
    rotated = (x @ ortho_group.rvs(x.shape[1], random_state=rng)).astype(precision)
    estimate = measure.estimate(x.astype(precision), rotated, replicates=10)
    assert (estimate.value, estimate.low, estimate.high) == (0.0, 0.0, 0.0)


@pytest.mark.parametrize(("precision", "tiny"), [(np.float32, 1e-2), (np.float64, 1e-6)])
@pytest.mark.parametrize("name", [name for name, measure in PAIRS.items() if not measure.larger_is_similar])
def test_a_small_difference_is_a_difference(name, precision, tiny, related, rng):
    measure, x = PAIRS[name], 0.1 * related[0]
    y = x @ (np.eye(6) + np.diag([tiny, 0, 0, 0, 0, 0])) + tiny * np.abs(rng.normal(size=x.shape))
    assert measure(x.astype(precision), y.astype(precision)) > 0.0


@pytest.mark.parametrize("size", [1e-9, 1e-6, 1e-3])
def test_uniformity_at_tiny_scales_is_the_first_term_of_its_series(size, rng):
    """u = -t Σ ‖xᵢ - xⱼ‖²/n² to first order, in rational arithmetic."""
    x, y = (rng.integers(-3, 4, size=(12, 2)) for _ in range(2))

    def first_order(side: np.ndarray) -> Fraction:
        rows = [[Fraction(int(value)) for value in row] for row in side]
        total = sum(sum((a - b) ** 2 for a, b in zip(u, v)) for u in rows for v in rows)
        return 2 * total / len(rows) ** 2

    expected = float(abs(first_order(x) - first_order(y))) * size**2
    assert UniformityDifference()(size * x, size * y) == pytest.approx(expected, rel=1e-8 + 100 * size**2)
    assert UniformityDifference()(size * x, size * x[:, ::-1]) == 0.0


def test_uniformity_at_huge_scales_is_the_same_for_all(rng):
    x, y = 1e70 * rng.normal(size=(2, 12, 2))
    estimate = UniformityDifference().estimate(x, y, replicates=5)
    assert estimate.value == 0.0 and "so far apart" in estimate.warning


@PRECISIONS
def test_images_that_cancel_have_no_mean_direction(precision, rng):
    """Pairs of x and -x, in an order in which their sum rounds."""
    half = rng.normal(size=(40, 5))
    x = np.vstack([half, -half])[rng.permutation(80)].astype(precision)
    y = x @ ortho_group.rvs(5, random_state=rng).astype(precision)
    assert ConcentricityDifference()(x, y) == MagnitudeDifference()(x, y) == 0.0
    moved = y + (0.1 if precision == np.float32 else 1e-6)
    assert ConcentricityDifference()(x, moved) > 0.0 < MagnitudeDifference()(x, moved)


def test_logits_that_differ_by_a_constant_have_no_divergence(rng):
    x = rng.normal(size=(30, 5))
    estimate = JensenShannon().estimate(x, x + rng.normal(size=(30, 1)))
    assert (estimate.value, estimate.low, estimate.high) == (0.0, 0.0, 0.0)


def test_the_divergence_of_like_predictions_is_its_second_order(rng):
    """Half a bit of Σ p (δ - δ̄)²/4 for logits that differ by a small δ; the plain formula has no digit right."""
    x, delta = rng.normal(size=(30, 5)), 1e-9 * rng.normal(size=(30, 5))
    p = np.exp(x) / np.exp(x).sum(1, keepdims=True)
    variance = (p * (delta - (p * delta).sum(1, keepdims=True)) ** 2).sum(1)
    np.testing.assert_allclose(JensenShannon().per_image(x, x + delta), variance / 8 / np.log(2), rtol=1e-5)


@PRECISIONS
def test_gulp_resolves_what_it_can(precision, rng):
    x = rng.normal(size=(60, 3))
    assert GULP()(x.astype(precision), (2 * x).astype(precision)) == 0.0
    assert GULP()(x, x + 1e-5 * rng.normal(size=x.shape)) > 0.0


def test_a_unit_that_rounding_alone_moves_matches_none(rng):
    x, noise = rng.normal(size=(60, 3)), 0.3 * (1 + 1e-7 * rng.normal(size=(60, 1)))
    x, nearly = x.astype(np.float32), noise.astype(np.float32)
    both = np.hstack([x, nearly])
    assert HardCorrelationMatch()(both, both) == pytest.approx(0.75)  # three of four units match
    assert LinearProbe().accuracy(both, np.arange(60) % 2).value == LinearProbe().accuracy(x, np.arange(60) % 2).value
