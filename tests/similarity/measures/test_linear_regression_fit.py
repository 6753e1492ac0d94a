from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression

from bench.similarity.measures.linear_regression_fit import LinearRegressionFit


def test_is_r_squared_of_predicting_the_first_from_the_second(related):
    x, y = related
    residual = x - LinearRegression().fit(y, x).predict(y)
    expected = 1 - (residual**2).sum() / ((x - x.mean(0)) ** 2).sum()
    assert LinearRegressionFit()(x, y) == pytest.approx(expected, rel=1e-10)


def test_any_invertible_map_of_the_second_side_changes_nothing(related, rng):
    x, y = related
    assert LinearRegressionFit()(x, y @ rng.normal(size=(9, 9))) == pytest.approx(LinearRegressionFit()(x, y))


def test_a_part_explains_its_share():
    a, b = np.array([1.0, 1.0, -1.0, -1.0]), np.array([1.0, -1.0, 1.0, -1.0])
    assert LinearRegressionFit()(np.stack([3.0 * a, b], axis=1), a[:, None]) == pytest.approx(0.9)
