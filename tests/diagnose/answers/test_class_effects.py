import numpy as np
import pytest

from bench.diagnose.answers.class_effects import class_effects
from bench.errors import InputError
from bench.statistics.tests import paired_t

LABELS = np.repeat([0, 1, 2], 20)


def logits_of(answers, classes=3):
    return np.eye(classes)[answers]


@pytest.fixture
def answers():
    """Six seeds; class 1 loses 6 images or so in each, the others none."""
    rng = np.random.default_rng(0)
    original = np.where(rng.random((6, 60)) < 0.05, (LABELS + 1) % 3, LABELS)
    compressed = original.copy()
    for seed in range(6):
        compressed[seed, rng.choice(np.arange(20, 40), 8 + seed % 2, replace=False)] = 2
    return original, compressed


def test_the_class_that_loses_is_found_and_no_other(answers):
    original, compressed = (logits_of(each) for each in answers)
    found = class_effects(compressed, original, LABELS)
    recalls = [(each == LABELS).reshape(6, 3, 20).mean(2) for each in answers]
    for label, estimate in enumerate(found.estimates):
        assert estimate.value == pytest.approx((recalls[1] - recalls[0])[:, label].mean())
    assert found.corrected.rejected == (False, True, False)
    assert found.sign_flips[1].p == 2**-5
    assert found.estimates[1].low < found.estimates[1].value < found.estimates[1].high < 0
    assert found.estimates[1].n == 6 and found.estimates[1].unit == "seed"
    assert found.corrected.size == 3 and found.corrected.correction == "Benjamini-Hochberg"


def test_the_interval_has_the_variance_of_images_too(answers):
    original, compressed = (logits_of(each) for each in answers)
    found = class_effects(compressed, original, LABELS)
    recalls = [(each == LABELS).reshape(6, 3, 20).mean(2)[:, 1] for each in answers]
    seeds_only = paired_t(recalls[1] - recalls[0])
    assert found.estimates[1].standard_error > abs(found.estimates[1].value / seeds_only.statistic)


def test_identical_networks_change_nothing(answers):
    original = logits_of(answers[0])
    found = class_effects(original, original, LABELS)
    assert [estimate.value for estimate in found.estimates] == [0, 0, 0]
    assert not any(found.corrected.rejected)


def test_a_class_without_images_has_no_value_and_one_image_is_enough():
    labels = np.array([0, 0, 1])
    answers = logits_of(np.array([[0, 0, 1]] * 3))
    found = class_effects(answers, answers, labels)
    assert np.isnan(found.estimates[2].value) and found.estimates[2].warning
    assert found.estimates[1].value == 0
    assert found.corrected.left_out >= 1


def test_shapes_that_do_not_fit():
    with pytest.raises(InputError, match="one shape"):
        class_effects(np.zeros((2, 4, 3)), np.zeros((3, 4, 3)), np.zeros(4, int))
    with pytest.raises(InputError, match="compressed: expected"):
        class_effects(np.zeros((2, 5, 3)), np.zeros((2, 4, 3)), np.zeros(4, int))


def test_all_classes_that_lose_as_much_are_the_worst(answers):
    original = logits_of(answers[0])
    broken = logits_of(np.broadcast_to(np.where(LABELS == 0, 0, (LABELS + 1) % 3), (6, 60)))
    found = class_effects(broken, logits_of(np.broadcast_to(LABELS, (6, 60))), LABELS)
    assert found.worst == (1, 2)
    assert class_effects(original, original, LABELS).worst == ()
    for estimate in found.estimates:  # equal in every seed and image: no spread is known
        assert np.isnan([estimate.low, estimate.high]).all()


def test_no_interval_of_a_recall_ends_beyond_100_points(answers):
    original = answers[0]
    few = original.copy()
    few[:5, 20:40], few[5, 20:24] = 2, 2  # nearly all is lost, by all seeds but one
    estimate = class_effects(logits_of(few), logits_of(original), LABELS).estimates[1]
    assert estimate.low == -1.0 < estimate.value < estimate.high <= 1.0
