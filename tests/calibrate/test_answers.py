from __future__ import annotations

import numpy as np
import pytest

from bench.calibrate.answers import Answers, accuracy_of


@pytest.mark.parametrize("model", [Answers(), Answers(0.5, 0.2, 1.0, 0.0), Answers(0.1, 2.0, 0.3, 1.0)])
def test_true_accuracies_are_reached(model):
    truth = (0.95, 0.6)
    (margins,) = model.margins(truth, 8, [50], np.random.default_rng(0), 3000)
    by_draw = (margins > 0).mean((2, 3))
    error = by_draw.std(0) / np.sqrt(3000)
    assert (np.abs(by_draw.mean(0) - truth) < 4 * error).all()
    assert margins.std() == pytest.approx(np.hypot(model.sd, np.std([model.margins_mean(a) for a in truth])), rel=0.02)


def test_a_mean_and_its_accuracy_are_inverse():
    model = Answers()
    assert accuracy_of(model.margins_mean(0.87), model) == pytest.approx(0.87)


def test_several_image_sets_are_answered_by_the_same_trainings():
    model = Answers(seed=5.0, image=0.1, both=0.1, of_method=0.0)
    first, second = model.margins([0.7], 6, [40, 30], np.random.default_rng(0))
    assert first.shape == (1, 1, 6, 40)
    assert second.shape == (1, 1, 6, 30)
    assert np.corrcoef(first.mean(-1)[0, 0], second.mean(-1)[0, 0])[0, 1] > 0.999


def test_without_effects_of_their_own_methods_answer_alike():
    (margins,) = Answers(of_method=0.0).margins([0.9, 0.9], 3, [20], np.random.default_rng(0))
    np.testing.assert_array_equal(margins[:, 0], margins[:, 1])


def test_the_spread_between_trainings_is_that_of_many_images():
    model = Answers(seed=0.4)
    (margins,) = model.margins([0.9], 2000, [2000], np.random.default_rng(0))
    # The images are the same for all trainings, which moves them alike and leaves their spread.
    assert (margins > 0).mean(-1).std() == pytest.approx(model.between_trainings(0.9), rel=0.1)


def test_methods_with_one_methods_images_lose_the_same_ones():
    model = Answers(seed=0.0, both=0.01, of_method=1.0)
    (margins,) = model.margins([0.8, 0.8, 0.8], 1, [400], np.random.default_rng(0), images_of=[0, 0, 2])
    right = margins[0, :, 0] > 0
    assert (right[0] == right[1]).mean() > 0.98
    assert (right[0] == right[2]).mean() < 0.9
