from __future__ import annotations

import numpy as np
import pytest

from bench.analysis.lost import SHOWN, lost
from bench.analysis.recalls import recalls
from bench.analysis.results import Results
from bench.analysis.study import Study

LABELS = np.repeat(np.arange(10), 6)
PRUNED, TUNED = "magnitude:sparsity=0.9", "magnitude-finetune:sparsity=0.9"


@pytest.fixture
def answering(study_of, variants, monkeypatch: pytest.MonkeyPatch):
    """A study whose networks answer what a function of (variant, seed) says; None for a cell without answers."""

    study = study_of(variants=tuple(variants[label] for label in ("original", "finetune", PRUNED, TUNED)))

    def make(answers, labels=LABELS) -> Study:
        def logits(self, model, variant):
            said = {seed: answers(variant, seed) for seed in self.plan.seeds}
            return {seed: (np.eye(10)[one], labels) for seed, one in said.items() if one is not None}

        monkeypatch.setattr(Results, "logits", logits)
        return Study(study.results)

    return make


def pruned_answers_zero_for_seven(variant, seed):
    """But for the first such image, where one seed is right and two say 1."""
    answers = np.where((LABELS == 7) & (variant == PRUNED), 0, LABELS)
    if variant == PRUNED:
        answers[42] = {0: 7, 1: 1, 2: 1}.get(seed, 0)
    return answers


def test_images_on_which_most_seeds_agree_come_first_with_answer_and_votes(answering):
    pruned = lost(answering(pruned_answers_zero_for_seven))["resnet8", PRUNED]
    assert (pruned.seeds, pruned.count) == (6, 6)
    assert [image.index for image in pruned.images] == [43, 44, 45, 46, 47, 42]
    assert {(image.label, image.answer, image.original_right) for image in pruned.images} == {(7, 0, 6)}
    assert [image.votes for image in pruned.images] == [6] * 5 + [3]


def test_controls_are_told_too_and_no_more_than_eight_images_are_kept(answering):
    study = answering(lambda variant, seed: (LABELS + (variant == "finetune")) % 10)
    control = lost(study)["resnet8", "finetune"]
    assert control.count == 60
    assert len(control.images) == SHOWN
    assert lost(study)["resnet8", PRUNED].images == ()


def test_a_method_needs_no_control_to_lose_images(answering):
    def answers(variant, seed):
        return None if variant == "finetune" else pruned_answers_zero_for_seven(variant, seed)

    assert lost(answering(answers))["resnet8", PRUNED].count == 6


def test_without_answers_nothing_is_lost(answering):
    study = answering(lambda variant, seed: None)
    assert lost(study) == recalls(study) == {}


def test_recall_of_a_class_is_less_the_references(answering):
    pruned = recalls(answering(pruned_answers_zero_for_seven))["resnet8", PRUNED]
    assert pruned.reference == "original"
    assert pruned.worst == (7,)
    np.testing.assert_allclose(pruned.values, np.where(np.arange(10) == 7, -35 / 36, 0))


def test_no_class_is_worst_where_none_loses(answering):
    assert recalls(answering(lambda variant, seed: LABELS))["resnet8", PRUNED].worst == ()


def test_a_class_without_images_has_no_recall(answering):
    labels = np.where(LABELS == 9, 0, LABELS)
    pruned = recalls(answering(lambda variant, seed: labels, labels))["resnet8", PRUNED]
    assert np.isnan(pruned.values[9])
    assert pruned.worst == ()


def test_what_is_fine_tuned_is_compared_with_its_control(answering):
    found = recalls(answering(lambda variant, seed: (LABELS + (variant == "finetune")) % 10))
    assert found["resnet8", TUNED].reference == "finetune"
    np.testing.assert_array_equal(found["resnet8", TUNED].values, 1)
    np.testing.assert_array_equal(found["resnet8", PRUNED].values, 0)
