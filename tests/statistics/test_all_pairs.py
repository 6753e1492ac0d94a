from __future__ import annotations

import numpy as np
import pytest

from bench.statistics.all_pairs import crossed_pairs
from bench.statistics.crossed import crossed_difference
from bench.statistics.tests import t_of


def singly(tables: np.ndarray) -> np.ndarray:
    """(P, 4) of `crossed_difference` and its t test, pair by pair."""
    n = len(tables)
    found = [crossed_difference(tables[i], tables[j]) for i in range(n) for j in range(i + 1, n)]
    return np.array([(each.value, each.low, each.high, t_of(each).p) for each in found]).reshape(-1, 4)


def together(tables: np.ndarray) -> np.ndarray:
    found = crossed_pairs(tables)
    return np.stack([found.value, found.low, found.high, found.p], axis=1)


def answers(rng: np.random.Generator, networks: int = 8, seeds: int = 6, images: int = 200) -> np.ndarray:
    """Right and wrong, with images that are hard for all."""
    hard = rng.random((1, 1, images)) + 0.2 * rng.random((1, seeds, 1))
    return (rng.random((networks, seeds, images)) < 0.6 + 0.3 * hard).astype(float)


def test_a_known_pair():
    """One answer of four differs in each seed: the mean is a quarter, in the order (0, 1), (0, 2), (1, 2)."""
    first = np.array([[1, 1, 1, 1], [1, 1, 1, 1]], float)
    second = np.array([[1, 1, 1, 0], [1, 1, 0, 1]], float)
    found = crossed_pairs(np.stack([first, second, first]))
    assert found.value.tolist() == [0.25, 0.0, -0.25]
    assert np.isnan(found.low[1])


@pytest.mark.parametrize("seeds", [2, 3, 6])
def test_all_at_once_are_each_by_itself(seeds: int):
    rng = np.random.default_rng(seeds)
    tables = answers(rng, seeds=seeds)
    tables[3] = tables[2]
    tables[4] = 1.0
    tables[5] = tables[5, :1]
    tables[6] = tables[2]
    tables[6, 1, 7] = 1 - tables[6, 1, 7]
    np.testing.assert_allclose(together(tables), singly(tables), rtol=1e-9, atol=1e-14)


def test_numbers_that_are_no_answers_and_hardly_differ():
    rng = np.random.default_rng(0)
    tables = 1e3 + 1e-3 * rng.normal(size=(6, 4, 50))
    tables[1] = tables[0] + 1e-6
    np.testing.assert_allclose(together(tables), singly(tables), rtol=1e-6, atol=1e-9)


def test_a_seed_that_one_lacks_counts_for_neither():
    tables = answers(np.random.default_rng(1))
    tables[1, 2] = np.nan
    tables[2, :3] = np.nan
    tables[3] = np.nan
    tables[4, 5, 0] = np.nan
    np.testing.assert_allclose(together(tables), singly(tables), rtol=1e-9, atol=1e-14)


@pytest.mark.parametrize("shape", [(3, 1, 20), (3, 6, 1), (1, 6, 20), (0, 6, 20), (2, 1, 1)])
def test_nothing_to_cross(shape: tuple[int, ...]):
    tables = np.random.default_rng(2).integers(0, 2, shape).astype(float)
    np.testing.assert_allclose(together(tables), singly(tables))
