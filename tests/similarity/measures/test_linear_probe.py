from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from bench.errors import InputError
from bench.similarity.measures.linear_probe import LinearProbe, _ridge_scores


@pytest.fixture
def classes(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    labels = rng.integers(3, size=200)
    return np.eye(3)[labels] + 0.1 * rng.normal(size=(200, 3)), labels


def test_separable_classes_are_found_and_noise_is_not(classes, rng):
    x, labels = classes
    assert LinearProbe().accuracy(x, labels).value == 1.0
    assert LinearProbe().accuracy(rng.normal(size=(200, 3)), labels).value < 0.6
    assert LinearProbe().accuracy(x, labels).n == 100


def test_the_measure_is_the_difference_of_accuracies(classes, rng):
    x, labels = classes
    noisy = x + rng.normal(size=x.shape)
    expected = LinearProbe().accuracy(x, labels).value - LinearProbe().accuracy(noisy, labels).value
    found = LinearProbe().estimate(noisy, x, labels)
    assert found.value == LinearProbe()(noisy, x, labels) == pytest.approx(expected)
    assert 0.0 <= found.low < found.value < found.high


@pytest.mark.parametrize("d", [4, 60])
def test_scores_are_sklearns_ridge(rng, d):
    train, held_out = rng.normal(size=(40, d)), rng.normal(size=(10, d))
    targets = rng.normal(size=(40, 2))
    mean, spread = train.mean(0), train.std(0)
    ridge = Ridge(alpha=0.2 * 40).fit((train - mean) / spread, targets)
    found = _ridge_scores(train, targets, held_out, 0.2)
    np.testing.assert_allclose(found, ridge.predict((held_out - mean) / spread), rtol=1e-8, atol=1e-10)


def test_dead_units_change_nothing(classes):
    x, labels = classes
    dead = np.hstack([x, np.full((200, 2), 0.3)])
    assert LinearProbe().accuracy(dead, labels) == LinearProbe().accuracy(x, labels)


def test_one_class_is_refused(classes):
    with pytest.raises(InputError, match="one class only, 1"):
        LinearProbe().accuracy(classes[0], np.ones(200, dtype=int))
