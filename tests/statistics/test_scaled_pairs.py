from __future__ import annotations

import numpy as np
import pytest

from bench.statistics.arrays import difference
from bench.statistics.scaled import scaled
from bench.statistics.scaled_pairs import scaled_pairs

MARGIN = 0.1
Inside = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def singly(distances: np.ndarray, influence: np.ndarray, other: np.ndarray, of_other: np.ndarray) -> np.ndarray:
    """(P, 3) of `scaled`, pair by pair."""
    found, n = [], len(distances)
    for i in range(n):
        for j in range(i + 1, n):
            apart = scaled(difference(distances[i], distances[j]), influence[i] - influence[j], other, of_other)
            ratio = apart.ratio(MARGIN)
            found.append((ratio.value, ratio.low, ratio.high))
    return np.array(found).reshape(-1, 3)


def together(*inside: np.ndarray) -> np.ndarray:
    found = scaled_pairs(*inside, margin=MARGIN)
    return np.stack([found.value, found.low, found.high], axis=1)


def networks(seed: int, *, count: int = 7, seeds: int = 6, images: int = 64, unit: float = 0.3) -> Inside:
    """The first is the original, at no distance from itself."""
    rng = np.random.default_rng(seed)
    distances, influence = np.abs(rng.normal(0.1, 0.05, (count, seeds))), rng.normal(0, 0.1, (count, seeds, images))
    distances[0], influence[0] = 0.0, 0.0
    return distances, influence, unit + 0.02 * rng.normal(size=seeds), rng.normal(0, 0.2, (seeds, images))


def test_a_known_pair():
    """0.06 and 0.03 away, where another training is 0.3 away: a tenth of it apart."""
    seeds = np.ones(3)
    found = scaled_pairs(
        np.stack([0.06 * seeds, 0.03 * seeds]), np.zeros((2, 3, 5)), 0.3 * seeds, np.zeros((3, 5)), margin=MARGIN
    )
    assert found.value == pytest.approx([0.1])


@pytest.mark.parametrize("seeds", [1, 2, 3, 6])
def test_all_at_once_are_each_by_itself(seeds: int):
    inside = networks(seeds, seeds=seeds)
    inside[0][4], inside[1][4] = inside[0][5], inside[1][5]
    np.testing.assert_allclose(together(*inside), singly(*inside), rtol=1e-9, atol=1e-12)


def test_a_seed_that_one_lacks_counts_for_neither():
    distances, influence, other, of_other = networks(0)
    for network, seed in ((1, 3), (2, 0), (3, slice(None))):
        distances[network, seed], influence[network, seed] = np.nan, np.nan
    other[4], of_other[4] = np.nan, np.nan
    inside = (distances, influence, other, of_other)
    np.testing.assert_allclose(together(*inside), singly(*inside), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("unit", [0.0, np.nan])
def test_without_another_training_there_is_no_scale(unit: float):
    distances, influence, other, of_other = networks(1)
    assert np.isnan(together(distances, influence, np.full_like(other, unit), of_other)).all()
