from __future__ import annotations

import numpy as np
import pytest

from bench.similarity.measures.hard_correlation_match import HardCorrelationMatch


def test_is_the_best_of_all_matchings(rng):
    from itertools import permutations

    x, y = rng.normal(size=(20, 3)), rng.normal(size=(20, 4))
    correlation = np.corrcoef(x.T, y.T)[:3, 3:]
    best = max(np.mean([correlation[i, j] for i, j in enumerate(order)]) for order in permutations(range(4), 3))
    assert HardCorrelationMatch()(x, y) == pytest.approx(best)


def test_a_unit_of_the_other_sign_does_not_match(rng):
    x = rng.normal(size=(30, 1))
    assert HardCorrelationMatch()(x, -x) == pytest.approx(-1.0)


def test_rotations_count(rng):
    x = rng.normal(size=(200, 6))
    rotation = np.linalg.qr(rng.normal(size=(6, 6)))[0]
    assert HardCorrelationMatch()(x, x @ rotation) < 0.95
