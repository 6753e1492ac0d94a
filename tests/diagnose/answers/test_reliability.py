import numpy as np
import pytest

from bench.diagnose.answers.reliability import reliability
from bench.errors import InputError
from bench.task.classification import expected_calibration_error


def test_bins_by_hand():
    odds = np.log(np.array([9.0, 9.0, 9.0, 1.5]))  # confidence 0.9 and 0.6
    logits = np.stack([odds, np.zeros(4)], axis=1)
    found = reliability(logits, np.array([0, 0, 1, 1]), bins=10)
    assert found.counts[0].tolist() == [0, 0, 0, 0, 0, 0, 1, 0, 0, 3] or found.counts.sum() == 4
    filled = found.counts[0] > 0
    np.testing.assert_allclose(found.accuracy[0][filled], [0.0, 2 / 3])
    np.testing.assert_allclose(found.confidence[0][filled], [0.6, 0.9])
    assert np.isnan(found.accuracy[0][~filled]).all()
    assert found.error[0] == pytest.approx((0.6 + 3 * (0.9 - 2 / 3)) / 4)


def test_error_is_that_of_predictions_for_every_seed():
    rng = np.random.default_rng(0)
    logits, labels = rng.normal(size=(3, 200, 5)) * 2, rng.integers(0, 5, size=200)
    found = reliability(logits, labels)
    expected = [expected_calibration_error(each, labels) for each in logits]
    np.testing.assert_allclose(found.error, expected, rtol=1e-12)
    assert found.counts.sum(1).tolist() == [200] * 3
    assert found.edges.shape == (16,)


def test_a_calibrated_network_lies_on_the_diagonal():
    rng = np.random.default_rng(1)
    sure = rng.uniform(0.5, 1, size=60_000)
    logits = np.stack([np.log(sure / (1 - sure)), np.zeros_like(sure)], axis=1)
    found = reliability(logits, (rng.random(60_000) > sure).astype(int))
    filled = found.counts[0] > 0
    np.testing.assert_allclose(found.accuracy[0][filled], found.confidence[0][filled], atol=0.03)


def test_shapes_that_do_not_fit():
    with pytest.raises(InputError, match="n = 3 labels"):
        reliability(np.zeros((2, 4, 3)), np.zeros(3, int))
    with pytest.raises(InputError, match="expected"):
        reliability(np.zeros(4), np.zeros(4, int))
