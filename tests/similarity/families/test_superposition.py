"""What Procrustes and angular shape have in common: a distance of 0 is 0, and a small one is not."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import ortho_group

from bench.similarity.layers import subspaces
from bench.similarity.measures.angular_shape import AngularShape
from bench.similarity.measures.procrustes import Procrustes

MEASURES = pytest.mark.parametrize("measure", [Procrustes(), AngularShape()], ids=lambda measure: measure.title)
PRECISIONS = pytest.mark.parametrize("precision", [np.float32, np.float64])


def graded(rng: np.random.Generator, n: int, d: int, smallest: float) -> np.ndarray:
    """Activations (n, d) whose units differ in size, not centred."""
    return rng.normal(size=(n, d)) * np.geomspace(1.0, smallest, d) + 2.0


@MEASURES
@PRECISIONS
@pytest.mark.parametrize(("n", "d", "smallest"), [(64, 5, 1.0), (64, 30, 1e-9), (40, 90, 1.0)])
def test_a_rotation_is_exactly_zero_and_its_interval_says_so(measure, precision, n, d, smallest, rng):
    x = graded(rng, n, d, smallest)
    rotated = 3.0 * x @ ortho_group.rvs(d, random_state=rng) - 1.0
    for y in (x, rotated):
        estimate = measure.estimate(x.astype(precision), y.astype(precision), replicates=10)
        assert (estimate.value, estimate.low, estimate.high) == (0.0, 0.0, 0.0)
        assert not subspaces([x.astype(precision)], [y.astype(precision)]).procrustes.any()


def test_four_images_by_hand_are_at_the_distance_of_their_exact_cosine():
    """One unit, 0 1 2 3 and 0 1 2 4: centred, their product is 13/2 and their squares 5 and 35/4."""
    x, y = np.arange(4.0)[:, None], np.array([0.0, 1.0, 2.0, 4.0])[:, None]
    cosine = 13 / 2 / np.sqrt(5 * 35 / 4)
    assert Procrustes()(x, y) == pytest.approx(np.sqrt(2 - 2 * cosine), rel=1e-12)
    assert AngularShape()(x, y) == pytest.approx(np.arccos(cosine), rel=1e-12)


@MEASURES
@pytest.mark.parametrize(("precision", "tiny"), [(np.float32, 1e-4), (np.float64, 1e-10)])
def test_a_tiny_difference_is_measured(measure, precision, tiny, rng):
    """One unit turns away from another by an angle of `tiny`: orthogonal, of equal size, and so known exactly."""
    a, b, c = np.linalg.qr(np.hstack([np.ones((64, 1)), rng.normal(size=(64, 3))]))[0][:, 1:].T
    x, y = np.stack([a, b], axis=1), np.stack([a, b + tiny * c], axis=1)
    turned = y @ ortho_group.rvs(2, random_state=rng)
    estimate = measure.estimate(x.astype(precision), turned.astype(precision), replicates=20)
    assert estimate.value == pytest.approx(tiny / np.sqrt(2), rel=1e-2)
    assert 0.0 < estimate.low < estimate.value < estimate.high
    of_layers = subspaces([x.astype(precision)], [turned.astype(precision)]).procrustes[0, 0]
    assert of_layers == pytest.approx(tiny / np.sqrt(2), rel=1e-2)
