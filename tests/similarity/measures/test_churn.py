from __future__ import annotations

import numpy as np
import pytest
from statsmodels.stats.proportion import proportion_confint

from bench.errors import InputError
from bench.similarity.measures.churn import Churn


def test_counts_the_images_whose_answer_changed():
    first, second = np.eye(3)[[0, 1, 2, 0]], np.eye(3)[[0, 1, 0, 1]] * 5.0
    assert Churn()(first, second) == 0.5
    np.testing.assert_array_equal(Churn().per_image(first, second), [0, 0, 1, 1])


def test_interval_is_wilsons(rng):
    first, second = rng.normal(size=(2, 60, 4))
    found = Churn().estimate(first, second)
    expected = proportion_confint(round(60 * found.value), 60, method="wilson")
    assert (found.low, found.high) == pytest.approx(expected)


def test_no_churn_is_not_certainty():
    found = Churn().estimate(np.eye(5), np.eye(5))
    assert found.value == found.low == 0.0 < found.high


def test_different_classes_are_refused():
    with pytest.raises(InputError, match="logits are for 3 and 4 classes"):
        Churn()(np.zeros((5, 3)), np.zeros((5, 4)))
