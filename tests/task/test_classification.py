import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from bench.data import Split
from bench.task import classification as predictions

STUDENT, EVEN = torch.tensor([[math.log(3.0), 0.0]]), torch.zeros(1, 2)  # probabilities 3/4 and 1/4; 1/2 and 1/2


def compare(**logits):
    """By role, on `LABELS`."""
    split = Split(np.zeros((len(LABELS), 1, 2, 2), np.uint8), LABELS)
    return predictions.CLASSIFICATION.compare({role: {"logits": each} for role, each in logits.items()}, split)


imitation_loss = predictions.Classification().imitation_loss
LABELS = np.array([0, 1, 1, 0])
RIGHT = np.array([[5.0, 0.0], [0.0, 5.0], [0.0, 5.0], [5.0, 0.0]])
some_logits = arrays(np.float64, (6, 3), elements=st.floats(-30, 30))


def test_churn_counts_changed_answers():
    changed = RIGHT.copy()
    changed[0] = [0.0, 1.0]
    assert predictions.churn(RIGHT, changed) == 0.25


def test_jensen_shannon_is_one_between_certain_opposites_and_zero_to_itself():
    assert predictions.jensen_shannon(RIGHT * 200, -RIGHT * 200 + RIGHT.max()) == pytest.approx(1.0)
    assert predictions.jensen_shannon(RIGHT, RIGHT) == pytest.approx(0.0, abs=1e-15)


def test_jensen_shannon_known_value():
    p, q = np.log([[0.5, 0.5]]), np.log([[0.9, 0.1]])
    expected = 0.5 * (0.5 * np.log2(0.5 / 0.7) + 0.5 * np.log2(0.5 / 0.3))
    expected += 0.5 * (0.9 * np.log2(0.9 / 0.7) + 0.1 * np.log2(0.1 / 0.3))
    assert predictions.jensen_shannon(p, q) == pytest.approx(expected)


def test_scores_of_a_uniform_prediction():
    uniform = np.zeros((4, 2))
    assert predictions.negative_log_likelihood(uniform, LABELS) == pytest.approx(np.log(2))
    assert predictions.brier(uniform, LABELS) == pytest.approx(0.5)
    assert predictions.expected_calibration_error(uniform, LABELS) == pytest.approx(0.0)


def test_calibration_error_of_a_network_that_is_sure_and_half_wrong():
    sure = np.array([[50.0, 0.0]] * 4)
    assert predictions.expected_calibration_error(sure, LABELS) == pytest.approx(0.5)


def test_recall_by_class_and_nan_where_a_class_has_no_image():
    logits = np.array([[1.0, 0, 0], [1.0, 0, 0], [0, 1.0, 0]])
    np.testing.assert_array_equal(predictions.recall(logits, np.array([0, 1, 1])), [1.0, 0.5, np.nan])


def test_compare_signs_are_compressed_minus_original():
    worse = RIGHT.copy()
    worse[0] = [0.0, 5.0]
    metrics = compare(compressed=worse, original=RIGHT, finetune=RIGHT)
    assert metrics["accuracy_difference"] == -0.25
    assert metrics["nll_difference"] > 0
    assert metrics["churn"] == metrics["churn_finetune"] == 0.25


@given(some_logits, some_logits)
def test_divergence_is_symmetric_and_between_zero_and_one(p, q):
    divergence = predictions.jensen_shannon(p, q)
    assert -1e-12 <= divergence <= 1 + 1e-12
    assert divergence == pytest.approx(predictions.jensen_shannon(q, p), abs=1e-12)


def test_imitation_of_equals_is_zero():
    assert imitation_loss(STUDENT, STUDENT + 5, temperature=3).item() == pytest.approx(0, abs=1e-6)


def test_imitation_by_hand():
    expected = 0.5 * math.log(0.5 / 0.75) + 0.5 * math.log(0.5 / 0.25)
    assert imitation_loss(STUDENT, EVEN, temperature=1).item() == pytest.approx(expected)
    assert imitation_loss(2 * STUDENT, EVEN, temperature=2).item() == pytest.approx(4 * expected)


def test_imitation_is_the_mean_over_images():
    two = imitation_loss(torch.cat([STUDENT, EVEN]), torch.cat([EVEN, EVEN]), temperature=1)
    assert two.item() == pytest.approx(imitation_loss(STUDENT, EVEN, temperature=1).item() / 2)


def test_single_images_are_right_or_wrong_and_chance_answers_the_commonest_class():
    labels = np.array([0, 0, 0, 1])
    stored = {"logits": np.array([[2.0, 1.0], [1.0, 2.0], [3.0, 0.0], [0.0, 1.0]]), "labels": labels}
    right = predictions.CLASSIFICATION.per_image(stored, stored)
    assert right.tolist() == [1.0, 0.0, 1.0, 1.0] and right.dtype == np.float64
    assert right.mean() == predictions.accuracy(stored["logits"], labels)
    assert predictions.CLASSIFICATION.answers(stored).tolist() == [0, 1, 0, 1]
    assert predictions.CLASSIFICATION.chance(stored) == 0.75


def test_what_other_predictions_do_not_hold_is_not_said():
    assert predictions.CLASSIFICATION.per_image({"boxes": np.zeros(3)}, {}) is None
    assert predictions.CLASSIFICATION.answers({"boxes": np.zeros(3)}) is None
    assert predictions.CLASSIFICATION.chance({}) is None
    assert predictions.CLASSIFICATION.chance({"labels": np.zeros(0)}) is None
