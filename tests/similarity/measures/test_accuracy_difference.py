from __future__ import annotations

import numpy as np
import pytest

from bench.errors import InputError
from bench.similarity.measures.accuracy_difference import AccuracyDifference


def test_three_quarters_and_a_half():
    labels = np.array([0, 1, 2, 0])
    first, second = np.eye(3)[[0, 1, 2, 1]], np.eye(3)[[0, 1, 0, 1]]
    assert AccuracyDifference()(first, second, labels) == 0.25
    assert AccuracyDifference()(second, first, labels) == 0.25


def test_the_interval_is_of_paired_differences(rng):
    labels = rng.integers(3, size=200)
    sure = np.eye(3)[labels]
    wrong_on_some = sure.copy()
    wrong_on_some[:30] = np.roll(wrong_on_some[:30], 1, axis=1)
    found = AccuracyDifference().estimate(sure, wrong_on_some, labels)
    assert found.value == pytest.approx(0.15)
    assert found.standard_error == pytest.approx(np.sqrt(0.15 * 0.85 / 199))


def test_labels_that_no_logit_stands_for_are_refused():
    with pytest.raises(InputError, match="labels must be 0 to 2"):
        AccuracyDifference()(np.eye(4)[:, :3], np.eye(4)[:, :3], [0, 1, 2, 3])
    with pytest.raises(InputError, match=r"one whole number an image, shape \(4,\)"):
        AccuracyDifference()(np.eye(4), np.eye(4), [0.5, 1.0, 2.0, 3.0])
