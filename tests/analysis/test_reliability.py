from __future__ import annotations

import numpy as np
import pytest

from bench.analysis.reliability import Diagram, diagrams
from bench.analysis.study import Study
from bench.diagnose.answers.reliability import Reliability, reliability
from bench.statistics.intervals import seed_mean


def test_the_original_the_control_and_methods_by_their_error(study: Study):
    errors = {v.label: study.mean("ece_difference", "resnet8", v.label).value for v in study.plan.methods}
    ordered = sorted((label for label in errors if np.isfinite(errors[label])), key=errors.__getitem__)
    labels = [found.variant.label for found in diagrams(study, "resnet8")]
    assert labels[:2] == ["original", "finetune"]
    assert labels[2] == ordered[0]
    assert labels[-1] == ordered[-1]
    assert len(labels) <= 5


def test_bins_are_those_of_the_answers(study: Study):
    found = next(iter(diagrams(study, "resnet8")))
    own = study.results.logits("resnet8", "original")
    expected = reliability(np.stack([logits for logits, _ in own.values()]), own[0][1])
    np.testing.assert_array_equal(found.answers, expected.counts.mean(0))
    assert found.error.value == pytest.approx(expected.error.mean())
    full = int(found.answers.argmax())
    right = np.nan_to_num(expected.accuracy[:, full]) * expected.counts[:, full]
    assert found.accuracy[full].value == pytest.approx(right.sum() / expected.counts[:, full].sum())
    right = [(logits.argmax(1) == labels).mean() for logits, labels in own.values()]
    weights = np.nansum(expected.accuracy * expected.counts) / expected.counts.sum()
    assert weights == pytest.approx(np.mean(right))


def test_confidence_is_the_mean_over_answers_and_bins_with_few_are_not_drawn(study: Study):
    counts = np.array([[0, 2, 9], [0, 4, 3]])
    confidence = np.array([[np.nan, 0.5, 0.9], [np.nan, 0.6, 0.7]])
    made = Reliability(np.linspace(0, 1, 4), counts, confidence, confidence, np.zeros(2))
    diagram = Diagram(study.plan.variants[0], made, (), seed_mean(np.zeros(2)))
    np.testing.assert_allclose(diagram.confidence, [np.nan, 3.4 / 6, 10.2 / 12])
    assert diagram.drawn.tolist() == [2]
