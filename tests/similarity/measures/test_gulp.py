from __future__ import annotations

import numpy as np
import pytest

from bench.similarity.measures.gulp import GULP
from bench.similarity.measures.mean_cca import MeanCCA


def textbook(x: np.ndarray, y: np.ndarray, penalty: float) -> float:
    x, y = (np.sqrt(80) * (side - side.mean(0)) / np.linalg.norm(side - side.mean(0)) for side in (x, y))
    xx, yy, xy = x.T @ x / 80, y.T @ y / 80, x.T @ y / 80
    a, b = (np.linalg.inv(side + penalty * np.eye(len(side))) for side in (xx, yy))
    return float(np.trace(a @ xx @ a @ xx) + np.trace(b @ yy @ b @ yy) - 2 * np.trace(a @ xy @ b @ xy.T))


@pytest.mark.parametrize("penalty", [0.0, 1e-3, 0.3])
def test_is_the_papers_formula(related, penalty):
    assert GULP(penalty)(*related) == pytest.approx(textbook(*related, penalty), rel=1e-9)


def test_one_unit_by_hand(rng):
    x = rng.normal(size=(50, 1))
    y = x + rng.normal(size=(50, 1))
    assert GULP()(x, y) == pytest.approx(2 - 2 * MeanCCA()(x, y) ** 2)


def test_a_penalty_allows_more_units_than_images(rng):
    wide = rng.normal(size=(20, 30))
    found = GULP(0.1).estimate(wide, rng.normal(size=(20, 40)), replicates=5)
    assert 0.0 < found.low < found.value and not found.warning
